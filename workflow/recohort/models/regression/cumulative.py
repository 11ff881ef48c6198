"""Maximum likelihood of the proportional odds model, and Brant's test of its premise.

McCullagh P, J R Stat Soc B 1980;42:109-142 (doi 10.1111/j.2517-6161.1980.tb01109.x); Brant R, Biometrics
1990;46:1171-1178 (doi 10.2307/2532457).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from recohort.core.errors import InputError
from recohort.models.regression.logit import check_design, fit_logit, standardised
from recohort.models.regression.separation import direction_of_separation


class CumulativeFit(NamedTuple):
    """A fitted model logit P(Y <= k) = threshold_k - x beta, of m levels and p columns.

    Attributes
    ----------
    thresholds : ndarray, shape (m - 1,)
        Rising.
    beta : ndarray, shape (p,)
        Log odds ratios of a higher level.
    covariance : ndarray, shape (m - 1 + p, m - 1 + p)
        Inverse observed information, thresholds first.
    loglik : float
        At the maximum.
    """

    thresholds: np.ndarray
    beta: np.ndarray
    covariance: np.ndarray
    loglik: float


class _Likelihood:
    """The likelihood on standardised columns; parameters are thresholds, then coefficients."""

    def __init__(self, y: np.ndarray, z: np.ndarray, weights: np.ndarray, count: int):
        self.weights = weights
        self.below, self.above = y > 0, y < count - 1
        steps = np.eye(count - 1)
        self.upper = np.hstack([np.where(self.above[:, None], steps[np.minimum(y, count - 2)], 0.0), -z])
        self.lower = np.hstack([np.where(self.below[:, None], steps[np.maximum(y - 1, 0)], 0.0), -z])

    def _ends(self, gamma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.where(self.above, self.upper @ gamma, np.inf), np.where(self.below, self.lower @ gamma, -np.inf)

    def value(self, gamma: np.ndarray) -> float:
        return float(self.weights @ _log_share(*self._ends(gamma)))

    def derivatives(self, gamma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradient and the observed information."""
        high, low = self._ends(gamma)
        share = np.exp(_log_share(high, low))
        f, g = expit(high) * expit(-high), expit(low) * expit(-low)
        by_high, by_low = f / share, -g / share
        w = self.weights
        gradient = self.upper.T @ (w * by_high) + self.lower.T @ (w * by_low)
        high_high = f * (1 - 2 * expit(high)) / share - by_high**2
        low_low = -g * (1 - 2 * expit(low)) / share - by_low**2
        cross = self.upper.T @ ((w * -by_high * by_low)[:, None] * self.lower)
        second = self.upper.T @ ((w * high_high)[:, None] * self.upper)
        second += self.lower.T @ ((w * low_low)[:, None] * self.lower) + cross + cross.T
        return gradient, -second

    def signed(self) -> np.ndarray:
        """Return the rows that a direction without end must not lower."""
        return np.vstack([self.upper[self.above], -self.lower[self.below]])


def fit_cumulative(y: np.ndarray, x: np.ndarray, *, weights: np.ndarray, names: Sequence[str]) -> CumulativeFit:
    """Fit by Newton's method, to the last digits.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        Levels from 0 to m - 1, of which each occurs.
    x : ndarray, shape (n, p)
        Covariates, no intercept; p may be 0.
    weights : ndarray, shape (n,)
        Counts of patients.
    names : sequence of str, length p
        The columns, for messages.

    Raises
    ------
    InputError
        There are fewer than two levels, a level without a row of positive weight, fewer rows than parameters, a
        constant column, collinear columns, or no maximum (separation).
    """
    counted = weights > 0
    levels = np.unique(y[counted])
    if len(levels) < 2 or levels[-1] != len(levels) - 1:
        raise InputError(f"found {len(levels)} levels among {counted.sum()} rows, expected two or more, each with rows")
    y, x, weights, count = y[counted], x[counted], weights[counted], len(levels)
    if len(y) < count - 1 + x.shape[1]:
        said = f"found {len(y)} rows for {count - 1 + x.shape[1]} parameters"
        raise InputError(f"{said}, expected more rows or fewer terms")
    with_one = np.column_stack([np.ones(len(y)), x])
    check_design(with_one, ("intercept", *names))
    standard = standardised(with_one)
    likelihood = _Likelihood(y, standard.z[:, 1:], weights, count)
    shares = np.cumsum(np.bincount(y, weights))[:-1] / weights.sum()
    gamma = np.r_[np.log(shares / (1 - shares)), np.zeros(x.shape[1])]
    gamma = _maximised(likelihood, gamma, names)
    inverse = np.linalg.inv(likelihood.derivatives(gamma)[1])
    back = np.eye(len(gamma))
    back[count - 1 :, count - 1 :] = np.diag(1 / standard.scale[1:])
    back[: count - 1, count - 1 :] = with_one[:, 1:].mean(axis=0) / standard.scale[1:]
    whole = back @ gamma
    return CumulativeFit(whole[: count - 1], whole[count - 1 :], back @ inverse @ back.T, likelihood.value(gamma))


def brant_test(
    y: np.ndarray, x: np.ndarray, *, weights: np.ndarray, blocks: dict[str, slice], names: Sequence[str]
) -> list[tuple[str, float, int]] | None:
    """Test that each column's log odds ratio is the same at every cut of the outcome.

    One logistic model for each cut; Wald's test that their slopes are equal, with the covariance between the models.
    It is estimated part by part and may be no covariance at all where the premise fails badly: there is no statistic
    then (nan).

    Parameters
    ----------
    y, x, weights, names
        As in `fit_cumulative`.
    blocks : dict
        Term -> its columns.

    Returns
    -------
    list of (term, chi-squared, df), first ``model`` for all together; None where a cut's model has no finite estimate
    or there is but one cut.
    """
    cuts, p = int(y.max()), x.shape[1]
    if cuts < 2:
        return None
    fits = [fit_logit((y > cut).astype(float), x, weights=weights, names=names) for cut in range(cuts)]
    if any(fit.diverged.any() for fit in fits):
        return None
    beta = np.concatenate([fit.beta[1:] for fit in fits])
    covariance = np.empty((cuts * p, cuts * p))
    for first in range(cuts):
        for second in range(first, cuts):
            one, two = fits[first], fits[second]
            both = weights * (two.probability - one.probability * two.probability)
            middle = one.x.T @ (both[:, None] * one.x)
            part = (one.covariance @ middle @ two.covariance)[1:, 1:]
            covariance[first * p : (first + 1) * p, second * p : (second + 1) * p] = part
            covariance[second * p : (second + 1) * p, first * p : (first + 1) * p] = part.T
    contrast = np.kron(np.hstack([-np.ones((cuts - 1, 1)), np.eye(cuts - 1)]), np.eye(p))
    found = []
    for term, where in {"model": slice(0, p), **blocks}.items():
        kept = np.isin(np.arange((cuts - 1) * p) % p, np.arange(where.start, where.stop))
        rows = contrast[kept]
        apart, spread = rows @ beta, rows @ covariance @ rows.T
        correlation = spread / np.sqrt(np.abs(np.outer(np.diag(spread), np.diag(spread))))
        proper = np.diag(spread).min() > 0 and np.linalg.eigvalsh(correlation)[0] > 1e-10
        found.append((term, float(apart @ np.linalg.solve(spread, apart)) if proper else np.nan, len(rows)))
    return found


def _maximised(likelihood: _Likelihood, gamma: np.ndarray, names: Sequence[str]) -> np.ndarray:
    value, doubtful = likelihood.value(gamma), True
    for turn in range(500):
        gradient, information = likelihood.derivatives(gamma)
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            step = np.full_like(gradient, np.inf)
        if doubtful and (turn > 25 or not np.abs(step).max() < 1e6):
            direction = direction_of_separation(likelihood.signed())
            if direction is not None:
                away = direction[len(gamma) - len(names) :]
                concerned = [name for name, part in zip(names, away, strict=True) if part] or list(names)
                said = f"{', '.join(concerned)}: separates levels of the outcome, so its odds ratio grows without bound"
                raise InputError(f"{said}, expected levels that overlap")
            doubtful = False
        if not np.isfinite(step).all():
            break
        step *= min(1.0, 5.0 / max(np.abs(step).max(), 1e-300))
        proposed = likelihood.value(gamma + step)
        while not proposed >= value - 1e-10 * (1 + abs(value)) and np.abs(step).max() > 1e-13:
            step = step / 2
            proposed = likelihood.value(gamma + step)
        gamma, value = gamma + step, proposed
        if np.abs(step).max() < 1e-10:
            return gamma
    raise InputError("the ordinal model's likelihood was not maximised in 500 steps, expected other covariates")


def _log_share(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Return log(F(high) - F(low)) of the logistic distribution without cancellation; -inf where they cross."""
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = np.where(high > low, -np.expm1(low - high), 0.0)
        return -np.logaddexp(0.0, -high) - np.logaddexp(0.0, low) + np.log(gap)
