"""Two yes-or-no tests of the same patients: McNemar's tests, the difference and ratio of their shares, kappa."""

from collections.abc import Callable

import numpy as np
from scipy.special import bdtr

from recohort.models.distributions import chi2_p, two_sided_z


def mcnemar(only_first: int, only_second: int) -> list[tuple[str, float, float]]:
    """Return tests of equal shares, from the patients positive by one test alone: method, statistic, p.

    McNemar Q, Psychometrika 1947;12:153-157 (doi 10.1007/BF02295996); the exact test is the binomial test of one half.
    The chi-squared tests are missing where no pair is discordant, as nothing can be told apart then.
    """
    total, gap = only_first + only_second, abs(only_first - only_second)
    exact = min(1.0, 2 * float(bdtr(min(only_first, only_second), total, 0.5))) if total else 1.0
    plain = gap**2 / total if total else np.nan
    corrected = max(gap - 1, 0) ** 2 / total if total else np.nan
    return [
        ("exact McNemar", np.nan, exact),
        ("McNemar", plain, chi2_p(plain, 1)),
        ("McNemar, continuity corrected", corrected, chi2_p(corrected, 1)),
    ]


def tango(only_first: int, only_second: int, total: int, *, level: float) -> tuple[float, float]:
    """Return score limits of a difference of paired proportions, ``(only_first - only_second) / total``.

    Tango T, Stat Med 1998;17:891-908 (doi 10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B). Limits
    exist with no discordant pair too.
    """
    z, observed = two_sided_z(level), (only_first - only_second) / total

    def statistic(delta: float) -> float:
        # Probability of "only second" that is most likely given the difference: the larger root of a quadratic.
        b = -only_first - only_second + (2 * total - only_first + only_second) * delta
        c = -only_second * delta * (1 - delta)
        share = (np.sqrt(max(b * b - 8 * total * c, 0.0)) - b) / (4 * total)
        variance = total * (2 * share + delta * (1 - delta))
        gap = only_first - only_second - total * delta
        return gap / np.sqrt(variance) if variance > 0 else np.copysign(np.inf, gap) if gap else 0.0

    low = -1.0 if observed == -1 else _bisect(lambda delta: statistic(delta) - z, -1.0, observed)
    high = 1.0 if observed == 1 else _bisect(lambda delta: statistic(delta) + z, observed, 1.0)
    return low, high


def _bisect(falling: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(100):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2


def paired_ratio(both: int, only_first: int, only_second: int, *, level: float) -> tuple[float, float, float, float]:
    """Return the ratio of two paired shares, the standard error of its logarithm, and limits on the log scale.

    Cheng H, Macaluso M, Epidemiology 1997;8:104-106 (doi 10.1097/00001648-199701000-00017). Without a positive of
    either test there is no interval; without one of the second no ratio.
    """
    first, second = both + only_first, both + only_second
    ratio = first / second if second else np.nan
    if not (first and second):
        return ratio, np.nan, np.nan, np.nan
    error = float(np.sqrt((only_first + only_second) / (first * second)))
    half = two_sided_z(level) * error
    if error == 0:
        return ratio, np.nan, np.nan, np.nan
    return ratio, error, ratio * np.exp(-half), ratio * np.exp(half)


def kappa(table: np.ndarray) -> tuple[float, float]:
    """Return Cohen's kappa of a k x k table of counts and its standard error.

    Cohen J, Educ Psychol Meas 1960;20:37-46 (doi 10.1177/001316446002000104); large-sample error by Fleiss JL, Cohen J,
    Everitt BS, Psychol Bull 1969;72:323-327 (doi 10.1037/h0028106). nan where both raters use one category alone.
    """
    n = table.sum()
    p = table / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, expected = np.trace(p), float(rows @ columns)
    if expected == 1:
        return float("nan"), float("nan")
    value = (observed - expected) / (1 - expected)
    leaving = (columns[:, None] + rows[None, :]) * (1 - value)  # cell (i, j): p_.i + p_j.
    same = np.diag(p) @ (1 - np.diag(leaving)) ** 2
    other = (p * leaving**2).sum() - np.diag(p) @ np.diag(leaving) ** 2
    variance = (same + other - (value - expected * (1 - value)) ** 2) / (n * (1 - expected) ** 2)
    return float(value), float(np.sqrt(max(variance, 0.0)))
