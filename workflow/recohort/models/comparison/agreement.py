"""How two measurements of the same patients agree: limits of agreement, intraclass correlation, concordance, kappa."""

from typing import NamedTuple

import numpy as np

from recohort.models.comparison.tails import f_quantile, noncentral_t_quantile, t_quantile
from recohort.models.distributions import two_sided_z


class Estimate(NamedTuple):
    """A number with its limits."""

    estimate: float
    low: float
    high: float


_NONE = Estimate(float("nan"), float("nan"), float("nan"))


def limits_of_agreement(
    differences: np.ndarray, *, coverage: float, interval: str, level: float
) -> tuple[Estimate, Estimate]:
    """Return the lower and upper limit between which a share of the differences is expected to lie, mean -+ z s.

    Parameters
    ----------
    differences : ndarray, shape (n,)
        Two or more that are not all equal.
    coverage : float
        0.95 for 1.96 standard deviations.
    interval : {"exact", "approximate"}
        By the noncentral t (Carkeet A, Optom Vis Sci 2015;92:e71-e80, doi 10.1097/OPX.0000000000000513), or with the
        variance s^2 (1 / n + z^2 / (2 (n - 1))) (Bland JM, Altman DG, Stat Methods Med Res 1999;8:135-160,
        doi 10.1177/096228029900800204).
    level : float
        Confidence level.
    """
    n, centre, spread, z = len(differences), differences.mean(), differences.std(ddof=1), two_sided_z(coverage)
    if interval == "approximate":
        half = t_quantile(level, n - 1) * np.sqrt(1 / n + z**2 / (2 * (n - 1)))
        inner, outer = z - half, z + half
    else:
        tail, root = (1 - level) / 2, np.sqrt(n)
        inner, outer = (noncentral_t_quantile(share, n - 1, z * root) / root for share in (tail, 1 - tail))
    low, high = (Estimate(*(float(centre + sign * k * spread) for k in (z, inner, outer))) for sign in (-1, 1))
    return Estimate(low.estimate, low.high, low.low), high


def intraclass(first: np.ndarray, second: np.ndarray, *, level: float) -> tuple[Estimate, Estimate]:
    """Return ICC(2,1), absolute agreement, and ICC(3,1), consistency, of two measurements.

    Shrout PE, Fleiss JL, Psychol Bull 1979;86:420-428 (doi 10.1037/0033-2909.86.2.420).
    """
    table = np.column_stack([first, second])
    n, k = table.shape
    grand, by_row, by_column = table.mean(), table.mean(axis=1), table.mean(axis=0)
    patients = k * ((by_row - grand) ** 2).sum() / (n - 1)
    methods = n * ((by_column - grand) ** 2).sum() / (k - 1)
    left = table - by_row[:, None] - by_column + grand
    error = (left**2).sum() / ((n - 1) * (k - 1))
    share, v3 = (1 + level) / 2, (n - 1) * (k - 1)
    if not patients > 0 or not error > 0:
        return _NONE, _NONE
    ratio = patients / error
    low, high = ratio / f_quantile(share, n - 1, v3), ratio * f_quantile(share, v3, n - 1)
    consistency = Estimate(*(float((f - 1) / (f + k - 1)) for f in (ratio, low, high)))
    icc = (patients - error) / (patients + (k - 1) * error + k * (methods - error) / n)
    f = methods / error
    part = n * (1 + (k - 1) * icc) - k * icc
    v = v3 * (k * icc * f + part) ** 2 / ((n - 1) * (k * icc * f) ** 2 + part**2)
    up, down = f_quantile(share, n - 1, v), f_quantile(share, v, n - 1)
    rest = k * methods + (k * n - k - n) * error
    return Estimate(
        float(icc),
        float(n * (patients - up * error) / (up * rest + n * patients)),
        float(n * (down * patients - error) / (rest + n * down * patients)),
    ), consistency


def concordance(first: np.ndarray, second: np.ndarray, *, level: float) -> Estimate:
    """Return Lin's concordance correlation with limits by Fisher's z.

    Lin LI, Biometrics 1989;45:255-268 (doi 10.2307/2532051), variance as corrected in 2000;56:324-325.
    """
    n, z_limit = len(first), two_sided_z(level)
    variances, shift = (first.var(), second.var()), second.mean() - first.mean()
    if not min(variances) > 0 or n < 3:
        return _NONE
    shared = ((first - first.mean()) * (second - second.mean())).mean()
    c = 2 * shared / (sum(variances) + shift**2)
    r = shared / np.sqrt(variances[0] * variances[1])
    if abs(c) >= 1 or r == 0:
        return Estimate(float(c), float("nan"), float("nan"))
    u2 = shift**2 / np.sqrt(variances[0] * variances[1])
    variance = (1 - r**2) * c**2 * (1 - c**2) / r**2 + 2 * c**3 * (1 - c) * u2 / r - 0.5 * c**4 * u2**2 / r**2
    error = np.sqrt(max(variance, 0.0) / (n - 2)) / (1 - c**2)
    return Estimate(float(c), *(float(np.tanh(np.arctanh(c) + sign * z_limit * error)) for sign in (-1, 1)))


def kappa(table: np.ndarray, *, level: float) -> tuple[Estimate, float]:
    """Return Cohen's kappa of a square table of counts with its large-sample limits, and its standard error.

    Fleiss JL, Cohen J, Everitt BS, Psychol Bull 1969;72:323-327 (doi 10.1037/h0028106).
    """
    n = table.sum()
    p = table / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    chance = float(rows @ columns)
    if chance >= 1:
        return _NONE, float("nan")
    agreed = np.diag(p)
    value = float((agreed.sum() - chance) / (1 - chance))
    met = (agreed * (1 - (rows + columns) * (1 - value)) ** 2).sum()
    apart = p * (columns[:, None] + rows[None, :]) ** 2
    missed = (1 - value) ** 2 * (apart.sum() - np.diag(apart).sum())
    variance = (met + missed - (value - chance * (1 - value)) ** 2) / (n * (1 - chance) ** 2)
    error = float(np.sqrt(max(variance, 0.0)))
    half = two_sided_z(level) * error
    return Estimate(value, max(value - half, -1.0), min(value + half, 1.0)), error
