"""Rows of estimates for the tests of survival curves."""

from itertools import combinations

import numpy as np
import pandas as pd

from recohort.core.columns import as_text
from recohort.core.errors import InputError
from recohort.models.family import adjust
from recohort.models.result import row
from recohort.models.survival import logrank
from recohort.models.survival.followed import Followed

_ADJUSTED = {"bonferroni": "Bonferroni", "holm": "Holm", "bh": "Benjamini-Hochberg"}


def tests_of(
    data: Followed,
    *,
    group: str | None,
    stratify: list[str],
    rho: float,
    trend: bool,
    pairwise: bool,
    pairwise_adjust: str,
) -> tuple[list[dict], list[tuple[str, str]]]:
    """Return the log-rank test of all groups, of a trend and of every pair, and what must be said.

    Parameters
    ----------
    data : Followed
        Rows with their groups; its weights are not used.
    group : str or None
        The column, which names the rows; without one there is no test.
    stratify, rho, trend, pairwise, pairwise_adjust
        As in `kaplan_meier.fit`.

    Raises
    ------
    InputError
        A test is asked for without a group, or the group is among its own strata.
    """
    if group is None:
        asked = {"stratify": bool(stratify), "rho": rho != 0, "trend": trend, "pairwise": pairwise}
        if wrong := [key for key, value in asked.items() if value]:
            raise InputError(f"{wrong[0]}: the analysis has no group, expected one whose curves are compared")
        return [], []
    if group in stratify:
        raise InputError(f"stratify: names the group '{group}' itself, expected other columns")
    codes = np.array([data.levels.index(label) for label in data.labels])
    strata = _strata(data.rows, stratify)
    found = logrank.tally(data.time, data.event, codes, strata=strata, rho=rho)
    method = _method(stratify, rho)
    counts = {"n": len(data.time), "n_events": data.event.sum()}
    rows = [_row(group, "log_rank", "", method, logrank.overall(found), counts)]
    warnings = _empty(data, codes) if data.event.any() else []
    if trend:
        words = f"{method}, trend over {', '.join(data.levels)}"
        rows.append(_row(group, "log_rank_trend", "", words, logrank.trend(found), counts))
    if pairwise:
        rows += _pairs(data, group, codes, strata, rho, method, pairwise_adjust)
    return rows, warnings


def _row(group: str, quantity: str, scale: str, method: str, test: tuple[float, int, float], counts: dict) -> dict:
    statistic, df, p = test
    return row(group, quantity, scale, method, statistic=statistic, df=df, p_value=p, **counts)


def _method(stratify: list[str], rho: float) -> str:
    name = "log-rank test" if rho == 0 else f"Fleming-Harrington test, rho {rho:g}"
    return f"{name}, stratified by {', '.join(stratify)}" if stratify else name


def _strata(rows: pd.DataFrame, stratify: list[str]) -> np.ndarray | None:
    if not stratify:
        return None
    return pd.DataFrame({name: as_text(rows[name]) for name in stratify}).groupby(stratify).ngroup().to_numpy()


def _pairs(
    data: Followed,
    group: str,
    codes: np.ndarray,
    strata: np.ndarray | None,
    rho: float,
    method: str,
    adjustment: str,
) -> list[dict]:
    """Return the test of every pair of groups on its own rows, then its adjusted p-values."""
    tested = []
    for first, second in combinations(range(len(data.levels)), 2):
        here = np.flatnonzero((codes == first) | (codes == second))
        own = None if strata is None else strata[here]
        found = logrank.tally(
            data.time[here], data.event[here], (codes[here] == second).astype(int), strata=own, rho=rho
        )
        test = logrank.overall(found)
        counts = {"n": len(here), "n_events": data.event[here].sum()}
        scale = f"{data.levels[second]} against {data.levels[first]}"
        tested.append(_row(group, "log_rank_pair", scale, method, test, counts))
    p_values = np.array([test["p_value"] for test in tested])
    known = np.isfinite(p_values)
    adjusted = np.full(len(p_values), np.nan)
    if known.any():
        adjusted[known] = adjust(pd.DataFrame({"p_value": p_values[known]}), method=adjustment)["p_adjusted"]
    words = f"{method}, {_ADJUSTED[adjustment]} over {int(known.sum())} pairs"
    return tested + [
        row(group, "log_rank_pair_adjusted", test["scale"], words, p_value=p, n=test["n"], n_events=test["n_events"])
        for test, p in zip(tested, adjusted, strict=True)
    ]


def _empty(data: Followed, codes: np.ndarray) -> list[tuple[str, str]]:
    events = np.bincount(codes, data.event, minlength=len(data.levels))
    none = [level for level, number in zip(data.levels, events, strict=True) if number == 0]
    if not none:
        return []
    message = f"No event in stratum {', '.join(none)}: its curve stays at 1; it and its contrasts have no interval."
    return [("stratum_without_event", message)]
