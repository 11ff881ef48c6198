"""Means of two or more groups compared, and the size of the difference in standard deviations or shares of variance."""

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from recohort.models.comparison.tails import f_p, noncentral_f, noncentral_t, t_p, t_quantile


class Difference(NamedTuple):
    """A difference of means, second less first, with its t test."""

    estimate: float
    std_error: float
    df: float
    statistic: float
    p_value: float
    low: float
    high: float


class FTest(NamedTuple):
    """A test of equal means."""

    statistic: float
    df: float
    residual_df: float
    p_value: float


def difference(first: np.ndarray, second: np.ndarray, *, pooled: bool, level: float) -> Difference:
    """Compare two means by Student's (`pooled`) or Welch's t; nothing is tested where neither group varies."""
    m, n = len(first), len(second)
    variances = first.var(ddof=1), second.var(ddof=1)
    if pooled:
        df = m + n - 2
        error = np.sqrt(((m - 1) * variances[0] + (n - 1) * variances[1]) / df * (1 / m + 1 / n))
    else:
        parts = variances[0] / m, variances[1] / n
        error = np.sqrt(sum(parts))
        df = sum(parts) ** 2 / (parts[0] ** 2 / (m - 1) + parts[1] ** 2 / (n - 1)) if error else np.nan
    return of_error(second.mean() - first.mean(), error, df, level)


def of_error(estimate: float, error: float, df: float, level: float) -> Difference:
    """Return an estimate with its t test and interval; all but the estimate are nan where the error is 0."""
    if not error > 0:
        return Difference(float(estimate), *[float("nan")] * 6)
    half = t_quantile(level, df) * error
    t = estimate / error
    numbers = (estimate, error, df, t, t_p(t, df), estimate - half, estimate + half)
    return Difference(*map(float, numbers))


def cohen_d(first: np.ndarray, second: np.ndarray, *, pooled: bool, level: float) -> dict[str, tuple]:
    """Return Cohen's d and Hedges' g of second less first, each with limits from the noncentral t.

    ``pooled``: d divides by the pooled SD. Otherwise by the root of the mean of both variances, with Welch's degrees of
    freedom (Delacre M et al., doi 10.31234/osf.io/tu6mp). g is gamma(df / 2) / (sqrt(df / 2) gamma((df - 1) / 2)) times
    d (Hedges LV, J Educ Stat 1981;6:107-128).

    Returns
    -------
    dict
        ``cohen_d`` and ``hedges_g``: estimate, low, high.
    """
    m, n = len(first), len(second)
    found = difference(first, second, pooled=pooled, level=level)
    variances = first.var(ddof=1), second.var(ddof=1)
    if pooled:
        per_error = np.sqrt(1 / m + 1 / n)
    else:
        per_error = (
            np.sqrt(2 * (n * variances[0] + m * variances[1]) / (m * n * sum(variances))) if any(variances) else 0
        )
    limits = noncentral_t(found.statistic, found.df, level)
    return standardised(found.statistic * per_error, tuple(per_error * limit for limit in limits), found.df)


def standardised(d: float, limits: tuple[float, float], df: float) -> dict[str, tuple]:
    """Return d and g with their limits."""
    shrunk = float(np.exp(gammaln(df / 2) - np.log(np.sqrt(df / 2)) - gammaln((df - 1) / 2))) if df > 1 else np.nan
    values = (float(d), float(limits[0]), float(limits[1]))
    return {"cohen_d": values, "hedges_g": tuple(shrunk * value for value in values)}


def anova(parts: list[np.ndarray]) -> FTest:
    """Return the one-way analysis of variance; nan where no group varies."""
    pooled = np.concatenate(parts)
    df, rest = len(parts) - 1, len(pooled) - len(parts)
    within = sum(((part - part.mean()) ** 2).sum() for part in parts)
    if not within > 0:
        return FTest(float("nan"), df, rest, float("nan"))
    between = sum(len(part) * (part.mean() - pooled.mean()) ** 2 for part in parts)
    f = float(between / df / (within / rest))
    return FTest(f, df, rest, f_p(f, df, rest))


def welch_anova(parts: list[np.ndarray]) -> FTest:
    """Return the one-way analysis without equal variances; nan where some group does not vary.

    Welch BL, Biometrika 1951;38:330-336 (doi 10.1093/biomet/38.3-4.330).
    """
    k = len(parts)
    sizes, means = np.array([len(part) for part in parts]), np.array([part.mean() for part in parts])
    variances = np.array([part.var(ddof=1) for part in parts])
    if not (variances > 0).all():
        return FTest(float("nan"), k - 1, float("nan"), float("nan"))
    weights = sizes / variances
    lost = ((1 - weights / weights.sum()) ** 2 / (sizes - 1)).sum() / (k**2 - 1)
    centre = (weights * means).sum() / weights.sum()
    f = float((weights * (means - centre) ** 2).sum() / ((k - 1) * (1 + 2 * (k - 2) * lost)))
    rest = float(1 / (3 * lost))
    return FTest(f, k - 1, rest, f_p(f, k - 1, rest))


def eta_squared(test: FTest, level: float) -> tuple[float, float, float]:
    """Return the share of variance between groups with limits ncp / (ncp + n) from the noncentral F.

    Steiger JH, Psychol Methods 2004;9:164-182 (doi 10.1037/1082-989X.9.2.164).
    """
    f, df, rest, _ = test
    limits = noncentral_f(f, df, rest, level)
    low, high = (limit / (limit + df + rest + 1) for limit in limits)
    return float(f * df / (f * df + rest)), float(low), float(high)
