"""Ordinary and weighted least squares by QR, with classical, heteroscedasticity-consistent or clustered covariance."""

from typing import NamedTuple

import numpy as np

from recohort.core.errors import InputError

_COLLINEAR = 1e-9
_PERFECT = 1e-24
_ROUNDING = 1e-29


class LeastSquares(NamedTuple):
    """A fitted linear model.

    Attributes
    ----------
    beta : ndarray, shape (p,)
    covariance : ndarray, shape (p, p)
        nan where the fit is perfect, since nothing is left to judge by.
    df : float
        Degrees of freedom of its t tests: n - p, or clusters - 1.
    residual_df : int
        n - p.
    sigma : float
        Residual SD (of weight 1).
    r_squared : float
        Share of the outcome's weighted variance; nan where the outcome does not vary.
    """

    beta: np.ndarray
    covariance: np.ndarray
    df: float
    residual_df: int
    sigma: float
    r_squared: float


def least_squares(
    x: np.ndarray,
    y: np.ndarray,
    *,
    weights: np.ndarray | None,
    robust: str | None,
    clusters: np.ndarray | None,
    names: list[str],
) -> LeastSquares:
    """Fit y = x beta.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Its first column is the intercept.
    y : ndarray, shape (n,)
    weights : ndarray or None
        Positive; inverse to the variance of each row.
    robust : {"hc0", "hc1", "hc2", "hc3", "cluster"} or None
        White H, Econometrica 1980;48:817-838 (doi 10.2307/1912934); MacKinnon JG, White H, J Econom 1985;29:305-325
        (doi 10.1016/0304-4076(85)90158-7); clusters with the factor G / (G - 1) (n - 1) / (n - p) and G - 1 degrees of
        freedom.
    clusters : ndarray or None
        Code of each row's cluster.
    names : list of str
        Of the columns.

    Raises
    ------
    InputError
        There are no more rows than columns, a column is a linear combination of those before it, or hc2 or hc3 meets a
        row that the model fits exactly.
    """
    n, p = x.shape
    if n <= p:
        raise InputError(
            f"the linear model has {n} complete rows for {p} coefficients, expected more rows than coefficients"
        )
    root = np.ones(n) if weights is None else np.sqrt(weights)
    scaled, target = x * root[:, None], y * root
    lengths = np.sqrt((scaled**2).sum(axis=0))
    lengths[lengths == 0] = 1.0
    q, r = np.linalg.qr(scaled / lengths)
    if (bad := np.flatnonzero(abs(np.diag(r)) < _COLLINEAR)).size:
        raise InputError(
            f"'{names[bad[0]]}' is constant or a linear combination of the terms before it, expected terms that differ"
        )
    inverse = np.linalg.solve(r, np.eye(p)) / lengths[:, None]
    beta = inverse @ (q.T @ target)
    left = target - scaled @ beta
    beta = beta + inverse @ (q.T @ left)
    left = target - scaled @ beta
    rss, residual_df = float(left @ left), n - p
    centre = (root**2 @ y) / (root**2).sum()
    tss = float((root**2 * (y - centre) ** 2).sum())
    varies = tss > _PERFECT * float((root**2 * y**2).sum())
    if not varies or rss < _PERFECT * tss or rss < _ROUNDING * float((target**2).sum()):
        r_squared = 1 - rss / tss if varies else float("nan")
        return LeastSquares(
            beta, np.full((p, p), np.nan), residual_df, residual_df, float(np.sqrt(rss / residual_df)), r_squared
        )
    covariance, df = rss / residual_df * inverse @ inverse.T, float(residual_df)
    if robust == "cluster":
        sums = np.zeros((int(clusters.max()) + 1, p))
        np.add.at(sums, clusters, q * left[:, None])
        g = len(np.unique(clusters))
        covariance = g / (g - 1) * (n - 1) / (n - p) * inverse @ (sums.T @ sums) @ inverse.T
        df = float(g - 1)
    elif robust is not None:
        covariance = inverse @ ((q.T * _weighting(robust, left, q)) @ q) @ inverse.T
    return LeastSquares(beta, covariance, df, residual_df, float(np.sqrt(rss / residual_df)), 1 - rss / tss)


def _weighting(robust: str, left: np.ndarray, q: np.ndarray) -> np.ndarray:
    n, p = q.shape
    squares = left**2
    if robust == "hc0":
        return squares
    if robust == "hc1":
        return squares * n / (n - p)
    free = 1 - (q**2).sum(axis=1)
    if (free < 1e-10).any():
        raise InputError(f"{robust}: the model fits a row exactly, so its leverage is 1, expected robust hc0 or hc1")
    return squares / free if robust == "hc2" else squares / free**2


def wald_f(beta: np.ndarray, covariance: np.ndarray, where: np.ndarray) -> float:
    """Return the F statistic of several coefficients together; nan where the covariance is."""
    part = covariance[np.ix_(where, where)]
    if not np.isfinite(part).all() or np.linalg.matrix_rank(part) < len(where):
        return float("nan")
    return float(beta[where] @ np.linalg.solve(part, beta[where]) / len(where))
