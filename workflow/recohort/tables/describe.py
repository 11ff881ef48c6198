"""Location and spread of known values, weighted where the sample is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def mean_sd(values: ArrayLike, weights: ArrayLike | None = None) -> tuple[float, float]:
    """Return mean and standard deviation.

    Parameters
    ----------
    values : array_like, shape (n,)
        Without missing values; none gives nan.
    weights : array_like, shape (n,), optional
        The variance is that of reliability weights, sum w (x - m)^2 / (1 - sum w^2) with w of sum 1: as R's ``cov.wt``,
        and as the balance table divides by. With equal weights it is the usual one (n - 1).
    """
    x, w = _positive(values, weights)
    if not x.size:
        return float("nan"), float("nan")
    if not np.ptp(w):
        return float(x.mean()), float(x.std(ddof=1)) if x.size > 1 else float("nan")
    w = w / w.sum()
    mean = float(w @ x)
    freedom = 1 - float(w @ w)
    return mean, float(np.sqrt(w @ (x - mean) ** 2 / freedom))


def quantiles(values: ArrayLike, shares: Sequence[float], weights: ArrayLike | None = None) -> list[float]:
    """Return quantiles by linear interpolation.

    Parameters
    ----------
    values : array_like, shape (n,)
        Without missing values; none gives nan.
    shares : sequence of float
        Between 0 and 1.
    weights : array_like, shape (n,), optional
        The k-th smallest value stands at the share C(k-1) / C(n-1), where C are cumulative weights: type 7 of Hyndman
        RJ, Fan Y, Am Stat 1996;50:361-365 (doi 10.2307/2684934) for weights, as rule ``hf7`` of R's survey. With equal
        weights it is type 7 itself. Equal values stand in the order of their weights, so that the rows' order does not
        matter; a weight of 0 does not count.
    """
    x, w = _positive(values, weights)
    if not x.size:
        return [float("nan")] * len(shares)
    if not np.ptp(w):
        return [float(value) for value in np.quantile(x, shares)]
    order = np.lexsort((w, x))
    x, before = x[order], np.cumsum(w[order])[:-1]
    return [float(value) for value in np.interp(shares, np.r_[0.0, before] / before[-1], x)]


def _positive(values: ArrayLike, weights: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    x = np.asarray(values, dtype=float)
    w = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=float)
    return x[w > 0], w[w > 0]
