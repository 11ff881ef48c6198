"""Quantiles, tail probabilities and ranks, from scipy.special alone (scipy.stats takes half a second to import)."""

import numpy as np
from scipy.special import betaincinv, chdtrc, ndtr, ndtri


def two_sided_z(level: float) -> float:
    """Return the normal quantile of a two-sided interval, 1.96 for a level of 0.95."""
    return float(ndtri((1 + level) / 2))


def normal_p(z: float | np.ndarray) -> float | np.ndarray:
    """Return the two-sided p-value of a normal statistic."""
    return 2 * ndtr(-np.abs(z))


def chi2_p(statistic: float, df: int) -> float:
    """Return the upper tail of chi-squared."""
    return float(chdtrc(df, statistic))


def beta_quantile(share: float, a: float, b: float) -> float:
    """Return a quantile of the beta distribution."""
    return float(betaincinv(a, b, share))


def midranks(values: np.ndarray) -> np.ndarray:
    """Return ranks from 1, tied values sharing the mean of theirs, shape (n,)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]
