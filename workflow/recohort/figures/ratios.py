"""Which ratio a model is drawn by, and where the ticks of its axis are."""

import math

import pandas as pd

RATIOS = (
    "hazard_ratio",
    "subdistribution_hazard_ratio",
    "odds_ratio",
    "common_odds_ratio",
    "risk_ratio",
    "rate_ratio",
    "incidence_rate_ratio",
    "mean_ratio",
    "rmst_ratio",
)
TICKS = tuple(step * 10.0**power for power in range(-5, 6) for step in (1, 2, 5))
BETWEEN = ((), (0.7, 1.5, 3.0), (0.6, 0.8, 0.9, 0.95, 1.05, 1.1, 1.2, 1.3))
"""Ticks that are added, group after group, where an axis has few."""
MOST = 14
"""An added tick is at least this part of the axis away from every other."""


def main_ratio(estimates: pd.DataFrame) -> str | None:
    """Return the first of `RATIOS` that a model's estimates have, or None."""
    held = set(estimates["quantity"])
    return next((one for one in RATIOS if one in held), None)


def ratio_ticks(low: float, high: float, *, least: int) -> list[float]:
    """Return ticks of a logarithmic axis from `low` to `high`: 1, 2, 5 and their tenfolds, others where they are few.

    Parameters
    ----------
    low, high : float
        Ends of the axis.
    least : int
        Fewer ticks than these are added to, as far as there is room.
    """
    ticks = [tick for tick in TICKS if low <= tick <= high]
    if len(ticks) > 8:
        return [tick for tick in ticks if f"{tick:e}".startswith("1.")]
    room = math.log(high / low) / MOST
    for more in BETWEEN:
        for tick in more:
            if low <= tick <= high and all(abs(math.log(tick / other)) >= room for other in ticks):
                ticks.append(tick)
        if len(ticks) >= least:
            break
    return sorted(ticks)
