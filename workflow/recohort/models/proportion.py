"""Intervals of a proportion."""

import numpy as np

from recohort.models.distributions import beta_quantile, two_sided_z


def proportion_interval(successes: float, trials: float, *, interval: str, level: float) -> tuple[float, float]:
    """Return confidence limits of a proportion.

    Parameters
    ----------
    successes, trials : float
        Counts.
    interval : {"wilson", "clopper_pearson"}
        Wilson EB, J Am Stat Assoc 1927;22:209-212 (doi 10.1080/01621459.1927.10502953); Clopper CJ, Pearson ES,
        Biometrika 1934;26:404-413 (doi 10.1093/biomet/26.4.404).
    level : float
        0.95 for 95 %.

    Returns
    -------
    low, high : float
        nan where there is no trial.
    """
    if trials == 0:
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    if interval == "clopper_pearson":
        low = beta_quantile(tail, successes, trials - successes + 1) if successes > 0 else 0.0
        high = beta_quantile(1 - tail, successes + 1, trials - successes) if successes < trials else 1.0
        return float(low), float(high)
    z = two_sided_z(level)
    share = successes / trials
    centre = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))
