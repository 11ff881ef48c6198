"""One regression fitted to many versions of its design at once: logistic, linear, proportional hazards."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from scipy.special import expit

from recohort.core.errors import InputError
from recohort.models.regression.least_squares import least_squares
from recohort.models.regression.logit import fit_logit, standardised

_BLOCK = 2_000_000
"""Numbers of the designs that are held at once."""


class Fitted(NamedTuple):
    """One fit; k coefficients, the intercept first where the regression has one.

    Attributes
    ----------
    beta : ndarray, shape (k,)
    covariance : ndarray, shape (k, k)
        That of the model.
    inverse : ndarray, shape (k, k)
        Inverse of minus the derivative of the score.
    """

    beta: np.ndarray
    covariance: np.ndarray
    inverse: np.ndarray


class Many(NamedTuple):
    """Fits to B designs; rows of `failed` hold nan.

    Attributes
    ----------
    beta : ndarray, shape (B, k)
    covariance : ndarray, shape (B, k, k)
    failed : ndarray of bool, shape (B,)
        There is no finite estimate (separation).
    """

    beta: np.ndarray
    covariance: np.ndarray
    failed: np.ndarray


class Regression(Protocol):
    """What the corrections ask of a regression; designs `x` have shape (n, p), no intercept.

    Attributes
    ----------
    intercept : int
        How many coefficients stand before those of the design.
    df : float or None
        Degrees of freedom of t tests; None for normal ones.
    """

    intercept: int
    df: float | None

    def one(self, x: np.ndarray) -> Fitted:
        """Return the fit, or say in an `InputError` why there is none."""

    def many(self, x: np.ndarray, start: np.ndarray) -> Many:
        """Return the fits to designs of shape (B, n, p), sought from the coefficients `start`, shape (k,)."""

    def scores(self, x: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """Return each row's part of the score, shape (n, k)."""

    def slope(self, x: np.ndarray, change: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """Return the derivative of the score, shape (k,), as the design moves along `change`, shape (n, p)."""


class Logistic:
    """Logistic regression of `y`, 0 or 1, by maximum likelihood or with Firth's penalty; see `Regression`."""

    intercept, df = 1, None

    def __init__(self, y: np.ndarray, names: list[str], *, firth: bool = False):
        self.y, self.names, self.firth = y, names, firth

    def one(self, x: np.ndarray) -> Fitted:
        """See `Regression`."""
        fit = fit_logit(self.y, x, names=self.names, firth=self.firth)
        if fit.diverged.any():
            away = ", ".join(name for name, far in zip(fit.names, fit.diverged, strict=True) if far)
            raise InputError(f"the logistic model has no finite estimate of {away} (separation), expected fewer terms")
        return Fitted(fit.beta, fit.covariance, fit.covariance)

    def many(self, x: np.ndarray, start: np.ndarray) -> Many:
        """See `Regression`."""
        return _in_blocks(self._block, x, start)

    def _block(self, x: np.ndarray, start: np.ndarray) -> Many:
        standard = _standard(x)
        z, turned = standard.z, standard.z.transpose(0, 2, 1)
        gamma = np.tile(standard.forth @ start, (len(x), 1))
        last = np.zeros(len(x))
        information = np.empty((len(x), len(start), len(start)))
        with np.errstate(all="ignore"):
            for _ in range(100 if self.firth else 30):
                probability = expit((z @ gamma[:, :, None])[:, :, 0])
                information = turned @ (z * (probability * (1 - probability))[:, :, None])
                residual = self._residual(z, probability, information)
                # A trace on the diagonal lets separated replicates be solved; it does not move the root of the score.
                step = np.linalg.solve(information + 1e-12 * np.eye(len(start)), turned @ residual[:, :, None])[:, :, 0]
                last = np.abs(step).max(axis=1)
                gamma += step * np.minimum(1.0, 5.0 / np.maximum(last, 1e-300))[:, None]
                if not (last > 1e-8).any():
                    break
        failed = ~(last <= 1e-8)
        information[failed] = np.eye(len(start))
        probability = expit((z @ gamma[:, :, None])[:, :, 0])
        information[~failed] = (turned @ (z * (probability * (1 - probability))[:, :, None]))[~failed]
        covariance = standard.back @ np.linalg.inv(information) @ standard.back.T
        beta = gamma @ standard.back.T
        for index in np.flatnonzero(failed):
            beta[index], covariance[index] = np.nan, np.nan
            try:
                beta[index], covariance[index], _ = self.one(x[index])
                failed[index] = False
            except InputError:
                continue
        return Many(beta, covariance, failed)

    def scores(self, x: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """See `Regression`."""
        x = _with_one(x)
        probability = expit(x @ beta)
        information = x.T @ ((probability * (1 - probability))[:, None] * x)
        return self._residual(x[None], probability[None], information[None])[0][:, None] * x

    def _residual(self, x: np.ndarray, probability: np.ndarray, information: np.ndarray) -> np.ndarray:
        """Return what the score sums, shape (B, n), for designs of shape (B, n, k); Firth's adds the leverages."""
        residual = self.y - probability
        if not self.firth:
            return residual
        towards = np.linalg.solve(information + 1e-12 * np.eye(x.shape[2]), x.transpose(0, 2, 1)).transpose(0, 2, 1)
        leverage = probability * (1 - probability) * (x * towards).sum(axis=2)
        return residual + leverage * (0.5 - probability)

    def slope(self, x: np.ndarray, change: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """See `Regression`."""
        if self.firth:
            return _derivative(lambda moved: self.scores(moved, beta).sum(axis=0), x, change)
        x, change = _with_one(x), np.column_stack([np.zeros(len(x)), change])
        probability = expit(x @ beta)
        return change.T @ (self.y - probability) - x.T @ (probability * (1 - probability) * (change @ beta))


class Linear:
    """Least squares of `y`; see `Regression`."""

    intercept = 1

    def __init__(self, y: np.ndarray, names: list[str]):
        self.y, self.names = y, ["intercept", *names]
        self.df = float(len(y) - len(self.names))

    def one(self, x: np.ndarray) -> Fitted:
        """See `Regression`."""
        fit = least_squares(_with_one(x), self.y, weights=None, robust=None, clusters=None, names=self.names)
        if np.isnan(fit.covariance).any():
            raise InputError("the linear model fits the outcome perfectly, expected an outcome that varies about it")
        return Fitted(fit.beta, fit.covariance, fit.covariance / fit.sigma**2)

    def many(self, x: np.ndarray, start: np.ndarray) -> Many:
        """See `Regression`."""
        return _in_blocks(self._block, x, start)

    def _block(self, x: np.ndarray, _start: np.ndarray) -> Many:
        standard = _standard(x)
        turned = standard.z.transpose(0, 2, 1)
        inverse = np.linalg.inv(turned @ standard.z)
        gamma = (inverse @ (turned @ self.y)[:, :, None])[:, :, 0]
        left = self.y - (standard.z @ gamma[:, :, None])[:, :, 0]
        variance = (left**2).sum(axis=1) / self.df
        covariance = variance[:, None, None] * (standard.back @ inverse @ standard.back.T)
        return Many(gamma @ standard.back.T, covariance, np.zeros(len(x), dtype=bool))

    def scores(self, x: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """See `Regression`."""
        x = _with_one(x)
        return (self.y - x @ beta)[:, None] * x

    def slope(self, x: np.ndarray, change: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """See `Regression`."""
        x, change = _with_one(x), np.column_stack([np.zeros(len(x)), change])
        return change.T @ (self.y - x @ beta) - x.T @ (change @ beta)


class Hazards:
    """Proportional hazards; see `Regression`."""

    intercept, df = 0, None

    def __init__(self, time: np.ndarray, event: np.ndarray, ties: str, names: list[str]):
        self.time, self.event, self.ties, self.names = time, event, ties, names
        self.strata = np.zeros(len(time), dtype=int)

    def _fit(self, x: np.ndarray) -> object:
        from recohort.models.survival.coxph import fit_cox

        return fit_cox(self.time, self.event, x, strata=self.strata, ties=self.ties, names=self.names)

    def one(self, x: np.ndarray) -> Fitted:
        """See `Regression`."""
        fit = self._fit(x)
        if fit.diverged.any():
            away = ", ".join(name for name, far in zip(self.names, fit.diverged, strict=True) if far)
            raise InputError(f"the Cox model has no finite estimate of {away} (separation), expected fewer terms")
        return Fitted(fit.beta, fit.covariance, fit.covariance)

    def many(self, x: np.ndarray, start: np.ndarray) -> Many:
        """See `Regression`."""
        count = len(start)
        beta, covariance = np.full((len(x), count), np.nan), np.full((len(x), count, count), np.nan)
        for index, design in enumerate(x):
            try:
                beta[index], covariance[index], _ = self.one(design)
            except InputError:
                continue
        return Many(beta, covariance, np.isnan(beta).any(axis=1))

    def scores(self, x: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """See `Regression`."""
        sets = self._sets(x)
        return sets.score_residuals(sets.at(beta))

    def slope(self, x: np.ndarray, change: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """See `Regression`."""
        return _derivative(lambda moved: self._sets(moved).at(beta).score, x, change)

    def _sets(self, x: np.ndarray) -> object:
        from recohort.models.survival.risk_sets import RiskSets

        return RiskSets(self.time, self.event, x - x.mean(axis=0), self.strata, self.ties)


def _derivative(score: Callable[[np.ndarray], np.ndarray], x: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Return the derivative of a score by the design along `change`, by central differences of fourth order."""
    step = 1e-5 * np.abs(x).max() / max(np.abs(change).max(), 1e-300)
    ends = [score(x + side * change) for side in (-step, step, -2 * step, 2 * step)]
    return (8 * (ends[1] - ends[0]) - (ends[3] - ends[2])) / (12 * step)


def _with_one(x: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(x)), x])


class _Standard(NamedTuple):
    z: np.ndarray
    back: np.ndarray
    forth: np.ndarray


def _standard(x: np.ndarray) -> _Standard:
    """Return designs with an intercept, all centred and scaled alike, and the way back and forth."""
    size, n, p = x.shape
    flat = standardised(_with_one(x.reshape(size * n, p)))
    return _Standard(flat.z.reshape(size, n, p + 1), flat.back, flat.forth)


def _in_blocks(fit: object, x: np.ndarray, start: np.ndarray) -> Many:
    step = max(1, _BLOCK // max(x[0].size, 1))
    parts = [fit(x[low : low + step], start) for low in range(0, len(x), step)]
    return Many(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
