"""Tests of the equality of survival curves: log-rank and its weighted, stratified, trend and pairwise forms."""

from typing import NamedTuple

import numpy as np

from recohort.models.distributions import chi2_p


class Tally(NamedTuple):
    """Events less their expectation by group, and the covariance of these differences.

    Attributes
    ----------
    difference : ndarray, shape (k,)
        Weighted sum over time of observed less expected events.
    variance : ndarray, shape (k, k)
        Hypergeometric, of rank k - 1 at most.
    """

    difference: np.ndarray
    variance: np.ndarray


def tally(
    time: np.ndarray, event: np.ndarray, group: np.ndarray, *, strata: np.ndarray | None = None, rho: float = 0.0
) -> Tally:
    """Return observed less expected events of each group, summed over strata.

    Mantel N, Cancer Chemother Rep 1966;50:163-170; weights S(t-)^rho of the pooled curve of the stratum: Harrington DP,
    Fleming TR, Biometrika 1982;69:553-566 (doi 10.1093/biomet/69.3.553).

    Parameters
    ----------
    time, event : ndarray, shape (n,)
        Follow-up and 0/1.
    group : ndarray of int, shape (n,)
        Codes 0..k-1.
    strata : ndarray of int, shape (n,), or None
        Codes; events are expected within a stratum.
    rho : float
        0 for the log-rank test, 1 for Peto and Peto's modification of the Wilcoxon test.
    """
    k = int(group.max()) + 1
    difference, variance = np.zeros(k), np.zeros((k, k))
    for stratum in [slice(None)] if strata is None else [strata == code for code in np.unique(strata)]:
        times, index = np.unique(time[stratum], return_inverse=True)
        cells, size = index * k + group[stratum], len(times)
        leaving = np.bincount(cells, minlength=size * k).reshape(size, k)
        dead = np.bincount(cells, event[stratum], minlength=size * k).reshape(size, k)
        risk = np.cumsum(leaving[::-1], axis=0)[::-1]
        n, d = risk.sum(axis=1), dead.sum(axis=1)
        weight = np.r_[1.0, np.cumprod((n - d) / n)[:-1]] ** rho
        share = risk / n[:, None]
        difference += weight @ (dead - d[:, None] * share)
        factor = np.where(n > 1, weight**2 * d * (n - d) / np.maximum(n - 1, 1), 0.0)
        variance += np.diag(factor @ share) - share.T @ (factor[:, None] * share)
    return Tally(difference, variance)


def overall(tallied: Tally) -> tuple[float, int, float]:
    """Return chi-squared, degrees of freedom and p of the hypothesis that all curves are equal.

    The degrees of freedom are the rank of the covariance: a group that is never at risk when somebody has the event
    does not count. Without any variance statistic and p are nan.
    """
    return quadratic(tallied.difference, tallied.variance)


def quadratic(difference: np.ndarray, variance: np.ndarray) -> tuple[float, int, float]:
    """Return chi-squared, degrees of freedom and p of differences, shape (k,), with a singular covariance."""
    values, vectors = np.linalg.eigh(variance)
    kept = values > 1e-10 * max(values.max(), 1e-300)
    if values.max() <= 1e-12:
        return float("nan"), len(difference) - 1, float("nan")
    statistic = float(np.sum((vectors[:, kept].T @ difference) ** 2 / values[kept]))
    df = int(kept.sum())
    return statistic, df, chi2_p(statistic, df)


def trend(tallied: Tally) -> tuple[float, int, float]:
    """Return chi-squared, 1 and p of a trend over the groups in their order, scores 0, 1, 2 ...

    Tarone RE, Biometrika 1975;62:679-682 (doi 10.1093/biomet/62.3.679).
    """
    scores = np.arange(len(tallied.difference))
    spread = float(scores @ tallied.variance @ scores)
    if spread <= 1e-12:
        return float("nan"), 1, float("nan")
    statistic = float(scores @ tallied.difference) ** 2 / spread
    return statistic, 1, chi2_p(statistic, 1)
