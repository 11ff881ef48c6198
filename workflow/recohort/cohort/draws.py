"""One column's missing values drawn given complete predictors: matching, normal and multinomial logistic models.

Each first draws the model's coefficients, so that imputations differ by as much as the data leave open (Rubin DB,
Multiple Imputation for Nonresponse in Surveys, 1987, ch. 5). Methods and their constants are those of R's mice (van
Buuren S, Groothuis-Oudshoorn K, J Stat Softw 2011;45(3), doi 10.18637/jss.v045.i03).
"""

import numpy as np
from scipy.linalg import cholesky, qr, solve_triangular

from recohort.core.errors import InputError


def independent(x: np.ndarray, tolerance: float = 1e-7) -> np.ndarray:
    """Return which columns vary and do not depend linearly on others, boolean of shape (p,); one of a set stays.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Predictors without intercept.
    tolerance : float
        A column whose remainder is a smaller share of its spread counts as dependent.
    """
    keep = np.zeros(x.shape[1], dtype=bool)
    centred = x - x.mean(axis=0)
    spread = np.sqrt((centred**2).sum(axis=0))
    varying = np.flatnonzero(spread > 1e-12 * np.maximum(np.abs(x).max(axis=0, initial=0), 1e-300) * np.sqrt(len(x)))
    if varying.size:
        _, r, pivots = qr(centred[:, varying] / spread[varying], mode="economic", pivoting=True)
        size = np.abs(np.diag(r))
        keep[varying[pivots[: int((size > tolerance * size[0]).sum())]]] = True
    return keep


def draw_normal(y: np.ndarray, x: np.ndarray, new: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return values from a normal linear model with drawn coefficients and drawn residual SD, shape (k,).

    Parameters
    ----------
    y : ndarray, shape (n,)
        Observed values.
    x, new : ndarray, shapes (n, p) and (k, p)
        Predictors of full rank where `y` is observed, and where it is missing; without intercept.
    """
    _, drawn, sigma = _linear(y, x, rng)
    return _with_ones(new) @ drawn + sigma * rng.standard_normal(len(new))


def draw_matched(y: np.ndarray, x: np.ndarray, new: np.ndarray, rng: np.random.Generator, *, donors: int) -> np.ndarray:
    """Return observed values of donors whose prediction is near: predictive mean matching of type 1, shape (k,).

    Donors are predicted with the estimated coefficients, the missing with drawn ones; one of the nearest `donors` is
    taken at random, ties in random order. Parameters as in `draw_normal`.
    """
    fitted, drawn, _ = _linear(y, x, rng)
    order = rng.permutation(len(y))
    theirs = (_with_ones(x) @ fitted)[order]
    order = order[np.argsort(theirs, kind="stable")]
    theirs, wanted = np.sort(theirs, kind="stable"), _with_ones(new) @ drawn
    donors = min(donors, len(y))
    # The nearest are among as many on either side.
    start = np.clip(np.searchsorted(theirs, wanted) - donors, 0, max(len(y) - 2 * donors, 0))
    window = start[:, None] + np.arange(min(2 * donors, len(y)))
    distance = np.abs(theirs[window] - wanted[:, None])
    nearest = np.take_along_axis(window, np.argsort(distance, axis=1, kind="stable"), axis=1)
    return y[order[nearest[np.arange(len(new)), rng.integers(0, donors, len(new))]]]


def draw_level(
    codes: np.ndarray, x: np.ndarray, new: np.ndarray, rng: np.random.Generator, *, n_levels: int
) -> np.ndarray:
    """Return levels from a (multinomial) logistic model with drawn coefficients, integers of shape (k,).

    Rows of little weight that speak for every level at every predictor keep estimates finite where the data separate
    levels (White IR, Daniel R, Royston P, Comput Stat Data Anal 2010;54:2267-2275).

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        Observed levels, 0 to n_levels - 1.
    x, new : ndarray, shapes (n, p) and (k, p)
        As in `draw_normal`.
    n_levels : int
        Number of levels; one has no chance where there is but one.
    """
    if n_levels < 2:
        return np.zeros(len(new), dtype=int)
    centre, scale = x.mean(axis=0), x.std(axis=0)
    x, new = (x - centre) / scale, (new - centre) / scale
    more, levels, weight = _augmented(np.vstack([x, new]), n_levels)
    design = _with_ones(np.vstack([x, more]))
    beta, information = multinomial(
        design, np.r_[codes, levels], np.r_[np.ones(len(x)), np.full(len(more), weight)], n_levels=n_levels
    )
    lower = cholesky(information, lower=True)
    noise = solve_triangular(lower.T, rng.standard_normal(len(lower)))
    chances = _chances(_with_ones(new) @ (beta + noise.reshape(n_levels - 1, -1).T))
    return (rng.random(len(new))[:, None] > chances.cumsum(axis=1)[:, :-1]).sum(axis=1)


def multinomial(
    x: np.ndarray, codes: np.ndarray, weight: np.ndarray, *, n_levels: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return maximum likelihood coefficients against level 0 and their information.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Predictors with intercept.
    codes : ndarray of int, shape (n,)
        Levels.
    weight : ndarray, shape (n,)
        Case weights.
    n_levels : int
        Number of levels, k.

    Returns
    -------
    beta : ndarray, shape (p, k - 1)
    information : ndarray, shape (p (k - 1), p (k - 1))
        Blocks by level.

    Raises
    ------
    InputError
        There is no finite fit.
    """
    p, others = x.shape[1], n_levels - 1
    indicator = (codes[:, None] == np.arange(1, n_levels)).astype(float)
    beta, likelihood = np.zeros((p, others)), -np.inf
    step = np.zeros_like(beta)
    for _ in range(100):
        eta = x @ (beta + step)
        now = float(
            weight @ ((indicator * eta).sum(axis=1) - np.logaddexp.reduce(np.c_[np.zeros(len(x)), eta], axis=1))
        )
        if now < likelihood - 1e-9 * abs(likelihood):
            step = step / 2
            continue
        beta, likelihood = beta + step, now
        chance = _chances(eta)[:, 1:]
        gradient = x.T @ (weight[:, None] * (indicator - chance))
        information = np.empty((others, p, others, p))
        for a in range(others):
            for b in range(others):
                curvature = weight * chance[:, a] * ((a == b) - chance[:, b])
                information[a, :, b, :] = x.T @ (curvature[:, None] * x)
        information = information.reshape(others * p, others * p)
        step = np.linalg.solve(information, gradient.T.ravel()).reshape(others, p).T
        if np.abs(step).max() < 1e-9:
            return beta, information
    raise InputError("imputation: a logistic model has no finite fit, expected levels that predictors do not separate")


def _linear(y: np.ndarray, x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """Return least squares coefficients, drawn coefficients and drawn residual SD of a normal linear model."""
    design = _with_ones(x)
    q, r = np.linalg.qr(design)
    fitted = solve_triangular(r, q.T @ y)
    residual = y - design @ fitted
    sigma = float(np.sqrt(residual @ residual / rng.chisquare(max(len(y) - design.shape[1], 1))))
    return fitted, fitted + sigma * solve_triangular(r, rng.standard_normal(len(r))), sigma


def _augmented(x: np.ndarray, n_levels: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Return rows half an SD to either side of the mean of each predictor, for each level, and the weight of one."""
    p = x.shape[1]
    if not p:
        return np.empty((0, 0)), np.empty(0, dtype=int), 0.0
    mean, spread = x.mean(axis=0), x.std(axis=0, ddof=1)
    block = np.tile(mean, (p, n_levels, 2, 1))
    for column in range(p):
        block[column, :, 0, column] += spread[column] / 2
        block[column, :, 1, column] -= spread[column] / 2
    rows = np.clip(block.reshape(-1, p), x.min(axis=0), x.max(axis=0))
    levels = np.tile(np.repeat(np.arange(n_levels), 2), p)
    return rows, levels, (p + 1) / len(rows)


def _chances(eta: np.ndarray) -> np.ndarray:
    full = np.c_[np.zeros(len(eta)), eta]
    return np.exp(full - np.logaddexp.reduce(full, axis=1)[:, None])


def _with_ones(x: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(x)), x])
