"""Intervals of a proportion.

Brown LD, Cai TT, DasGupta A, Stat Sci 2001;16:101-133 (doi 10.1214/ss/1009213286) compare them.
"""

import numpy as np

from recohort.models.distributions import beta_quantile, two_sided_z

INTERVALS = {
    "wilson": "Wilson",
    "clopper_pearson": "Clopper-Pearson",
    "wald": "Wald",
    "agresti_coull": "Agresti-Coull",
    "jeffreys": "Jeffreys",
}
"""How each interval is called."""


def proportion_interval(successes: float, trials: float, *, interval: str, level: float) -> tuple[float, float]:
    """Return confidence limits of a proportion, within 0 and 1.

    Parameters
    ----------
    successes, trials : float
        Counts.
    interval : {"wilson", "clopper_pearson", "wald", "agresti_coull", "jeffreys"}
        Wilson EB, J Am Stat Assoc 1927;22:209-212 (doi 10.1080/01621459.1927.10502953); Clopper CJ, Pearson ES,
        Biometrika 1934;26:404-413 (doi 10.1093/biomet/26.4.404); Agresti A, Coull BA, Am Stat 1998;52:119-126
        (doi 10.1080/00031305.1998.10480550). Jeffreys's starts at 0 where nothing succeeds and ends at 1 where all do.
        Wald's has no width there, and so is missing.
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
    if interval in ("clopper_pearson", "jeffreys"):
        more, less = (1, 0) if interval == "clopper_pearson" else (0.5, 0.5)
        low = beta_quantile(tail, successes + less, trials - successes + more) if successes > 0 else 0.0
        high = beta_quantile(1 - tail, successes + more, trials - successes + less) if successes < trials else 1.0
        return float(low), float(high)
    z = two_sided_z(level)
    share = successes / trials
    if interval == "wald":
        half = z * np.sqrt(share * (1 - share) / trials)
        return (float(max(0.0, share - half)), float(min(1.0, share + half))) if half else (float("nan"), float("nan"))
    centre = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    if interval == "agresti_coull":
        half = z * np.sqrt(centre * (1 - centre) / (trials + z**2))
    else:
        half = z / (1 + z**2 / trials) * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))
