"""Maximum likelihood of the logistic model, plain or with Firth's penalty, to the last digits.

Firth D, Biometrika 1993;80:27-38 (doi 10.1093/biomet/80.1.27); Heinze G, Schemper M, Stat Med 2002;21:2409-2419
(doi 10.1002/sim.1047).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import chdtri, expit

from recohort.core.errors import InputError
from recohort.models.regression.separation import direction_of_separation, independent_columns, is_separated_by


class SeparatedError(Exception):
    """The likelihood has no maximum."""


class LogitFit(NamedTuple):
    """A fitted logistic model; the intercept is the first of k = p + 1 coefficients.

    Attributes
    ----------
    beta : ndarray, shape (k,)
        Log odds ratios per unit; infinite where the likelihood has no maximum, nan where nothing is known then.
    covariance : ndarray, shape (k, k)
        Inverse information; nan where `diverged`.
    loglik : float
        Log-likelihood at the estimate (its supremum where it has no maximum); with Firth's penalty if so fitted.
    probability : ndarray, shape (n,)
        Fitted probabilities.
    diverged : ndarray of bool, shape (k,)
        Coefficients without a finite estimate (separation).
    y, x, weights : ndarray
        The data, `x` of shape (n, k) with the intercept.
    names : tuple of str
        The columns of `x`.
    firth : bool
        Whether the likelihood is penalised.
    """

    beta: np.ndarray
    covariance: np.ndarray
    loglik: float
    probability: np.ndarray
    diverged: np.ndarray
    y: np.ndarray
    x: np.ndarray
    weights: np.ndarray
    names: tuple[str, ...]
    firth: bool


class Standard(NamedTuple):
    """Columns centred and scaled, the first left as it is, and the way there and back.

    Attributes
    ----------
    z : ndarray, shape (n, k)
        Standardised columns.
    scale : ndarray, shape (k,)
        Their standard deviations.
    back, forth : ndarray, shape (k, k)
        Coefficients of x are ``back @ gamma`` for those of z, and ``gamma = forth @ beta``.
    """

    z: np.ndarray
    scale: np.ndarray
    back: np.ndarray
    forth: np.ndarray


def standardised(x: np.ndarray) -> Standard:
    """Return columns fit for Newton's method; `x` has shape (n, k), its first column 1."""
    mean, scale = x.mean(axis=0), x.std(axis=0)
    mean[0], scale[0] = 0.0, 1.0
    scale[scale == 0] = 1.0
    back, forth = np.diag(1 / scale), np.diag(scale)
    back[0, 1:], forth[0, 1:] = -mean[1:] / scale[1:], mean[1:]
    return Standard((x - mean) / scale, scale, back, forth)


class Likelihood:
    """The logistic likelihood.

    Parameters
    ----------
    y : ndarray, shape (n,)
        0 or 1.
    z : ndarray, shape (n, k)
        Columns of about size 1, intercept among them.
    weights : ndarray, shape (n,)
        Not negative; a weight counts as so many patients.
    firth : bool
        Add half the log determinant of the information.
    """

    def __init__(self, y: np.ndarray, z: np.ndarray, weights: np.ndarray, *, firth: bool):
        self.y, self.z, self.weights, self.firth = y, z, weights, firth

    def value(self, gamma: np.ndarray) -> float:
        """Return the log-likelihood, penalised if so wanted."""
        eta = self.z @ gamma
        loglik = float(self.weights @ (self.y * eta - np.logaddexp(0.0, eta)))
        if not self.firth:
            return loglik
        sign, log_determinant = np.linalg.slogdet(self.information(expit(eta)))
        return loglik + 0.5 * log_determinant if sign > 0 else -np.inf

    def information(self, probability: np.ndarray) -> np.ndarray:
        """Return Fisher's information of the coefficients, shape (k, k)."""
        return self.z.T @ ((self.weights * probability * (1 - probability))[:, None] * self.z)

    def score(self, probability: np.ndarray, information: np.ndarray) -> np.ndarray:
        """Return the gradient, shape (k,)."""
        residual = self.weights * (self.y - probability)
        if self.firth:
            leverage = np.einsum("ij,ij->i", self.z, np.linalg.solve(information, self.z.T).T)
            leverage *= self.weights * probability * (1 - probability)
            residual = residual + leverage * (0.5 - probability)
        return self.z.T @ residual

    def maximise(self, gamma: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the maximiser over the `free` coefficients, the others held, and the value there.

        Raises
        ------
        SeparatedError
            There is no maximum.
        InputError
            It was not reached.
        """
        value, doubtful = self.value(gamma), True
        for turn in range(500):
            if not free.any():
                return gamma, value
            probability = expit(self.z @ gamma)
            information = self.information(probability)
            try:
                wanted = np.linalg.solve(information[np.ix_(free, free)], self.score(probability, information)[free])
            except np.linalg.LinAlgError:
                wanted = np.full(free.sum(), np.inf)
            if doubtful and not self.firth and (turn > 25 or not np.abs(wanted).max() * len(wanted) < 1e6):
                if direction_of_separation((2 * self.y - 1)[:, None] * self.z[:, free]) is not None:
                    raise SeparatedError
                doubtful = False
            if not np.isfinite(wanted).all():
                break
            step = np.zeros_like(gamma)
            step[free] = wanted
            moved = np.abs(self.z @ step).max()  # of the linear predictor: columns may be nearly collinear
            shrink = min(1.0, 5.0 / max(moved, 1e-300))
            proposed = self.value(gamma + shrink * step)
            while not proposed >= value - 1e-10 * (1 + abs(value)) and shrink * moved > 1e-13:
                shrink /= 2
                proposed = self.value(gamma + shrink * step)
            gamma, value = gamma + shrink * step, proposed
            if shrink * moved < (1e-12 if self.firth else 1e-10):
                return gamma, value
        raise InputError("the logistic model's likelihood was not maximised in 500 steps, expected other covariates")


def fit_logit(
    y: np.ndarray, x: np.ndarray, *, weights: np.ndarray | None = None, names: Sequence[str], firth: bool = False
) -> LogitFit:
    """Fit a logistic model by Newton's method.

    Parameters
    ----------
    y : ndarray, shape (n,)
        0 or 1.
    x : ndarray, shape (n, p)
        Covariates, no intercept.
    weights : ndarray, shape (n,), or None
        None for 1 each.
    names : sequence of str, length p
        The columns of `x`, for messages.
    firth : bool
        Maximise the penalised likelihood, which always has a maximum.

    Raises
    ------
    InputError
        No event or no non-event, fewer rows than coefficients, a column that does not vary, or collinear columns.
    """
    weights = np.ones(len(y)) if weights is None else weights
    x = np.column_stack([np.ones(len(y)), x])
    names = ("intercept", *names)
    counted = weights > 0
    _check(y[counted], x[counted], names)
    standard = standardised(x)
    likelihood = Likelihood(y, standard.z, weights, firth=firth)
    start = np.zeros(x.shape[1])
    share = np.average(y, weights=weights)
    start[0] = np.log(share / (1 - share))
    try:
        gamma, value = likelihood.maximise(start, np.ones(len(start), dtype=bool))
    except SeparatedError:
        return _at_infinity(y, x, weights, names)
    probability = expit(likelihood.z @ gamma)
    inverse = np.linalg.inv(likelihood.information(probability))
    covariance = standard.back @ inverse @ standard.back.T
    none = np.zeros(len(gamma), dtype=bool)
    return LogitFit(standard.back @ gamma, covariance, value, probability, none, y, x, weights, names, firth)


def loglik_without(fit: LogitFit, columns: np.ndarray) -> float:
    """Return the greatest log-likelihood with some coefficients at zero; with the whole model's penalty if penalised.

    Parameters
    ----------
    fit : LogitFit
        The model.
    columns : ndarray of bool, shape (k,)
        Coefficients held at zero.
    """
    if fit.diverged.any():
        kept = [index for index in range(1, len(columns)) if not columns[index]]
        names = [fit.names[index] for index in kept]
        return fit_logit(fit.y, fit.x[:, kept], weights=fit.weights, names=names).loglik
    standard = standardised(fit.x)
    likelihood = Likelihood(fit.y, standard.z, fit.weights, firth=fit.firth)
    start = np.where(columns, 0.0, standard.forth @ fit.beta)
    return likelihood.maximise(start, ~columns)[1]


def profile_limits(fit: LogitFit, index: int, *, level: float) -> tuple[float, float]:
    """Return the limits between which the profile likelihood does not reject, infinite where it never does.

    The exact roots of the profile, where R's ``MASS::confint.glm`` interpolates between computed points.

    Parameters
    ----------
    fit : LogitFit
        The model.
    index : int
        Which coefficient, not the intercept.
    level : float
        0.95 for 95 %.
    """
    if fit.diverged.any():
        return np.nan, np.nan
    from scipy.optimize import brentq

    standard = standardised(fit.x)
    likelihood = Likelihood(fit.y, standard.z, fit.weights, firth=fit.firth)
    best, error = standard.forth @ fit.beta, np.sqrt(fit.covariance[index, index]) * standard.scale[index]
    free = np.arange(len(best)) != index
    lowest = fit.loglik - chdtri(1, 1 - level) / 2
    warm = [best]

    def excess(value: float) -> float:
        start = warm[0].copy()
        start[index] = value
        warm[0], reached = likelihood.maximise(start, free)
        return reached - lowest

    limits = []
    for side in (-1, 1):
        warm[0] = best
        inside, away = best[index], 2 * error
        while excess(best[index] + side * away) > 0 and away < 64 * error:
            inside, away = best[index] + side * away, 2 * away
        if away >= 64 * error:
            limits.append(side * np.inf)
            continue
        ends = sorted((inside, best[index] + side * away))
        limits.append(brentq(excess, *ends, xtol=1e-13, rtol=1e-13) / standard.scale[index])
    return limits[0], limits[1]


def robust_covariance(fit: LogitFit, *, kind: str, clusters: np.ndarray | None = None) -> np.ndarray:
    """Return a sandwich covariance, shape (k, k), as R's ``sandwich::vcovHC`` and ``vcovCL`` of a ``glm``.

    White H, Econometrica 1980;48:817-838 (doi 10.2307/1912934); MacKinnon JG, White H, J Econom 1985;29:305-325
    (doi 10.1016/0304-4076(85)90158-7).

    Parameters
    ----------
    fit : LogitFit
        The model.
    kind : {"hc0", "hc1", "hc3", "cluster"}
        ``hc1`` times n / (n - k); ``hc3`` divides residuals by 1 - leverage; ``cluster`` sums the scores of a cluster
        and multiplies by g / (g - 1).
    clusters : ndarray of int, shape (n,), or None
        Codes of the clusters.

    Raises
    ------
    InputError
        There is one cluster, or a row has the leverage 1.
    """
    if fit.diverged.any():
        return np.full_like(fit.covariance, np.nan)
    residual = fit.weights * (fit.y - fit.probability)
    n, k = fit.x.shape
    if kind == "hc3":
        leverage = np.einsum("ij,jk,ik->i", fit.x, fit.covariance, fit.x)
        leverage *= fit.weights * fit.probability * (1 - fit.probability)
        if leverage.max() > 1 - 1e-9:
            raise InputError("robust hc3: one row alone determines a coefficient, expected hc0, hc1 or fewer terms")
        residual = residual / (1 - leverage)
    scores = residual[:, None] * fit.x
    factor = n / (n - k) if kind == "hc1" else 1.0
    if kind == "cluster":
        if clusters.max() == 0:
            raise InputError("robust cluster: found one cluster, expected at least two")
        summed = np.zeros((clusters.max() + 1, k))
        np.add.at(summed, clusters, scores)
        scores, factor = summed, len(summed) / (len(summed) - 1)
    return factor * fit.covariance @ (scores.T @ scores) @ fit.covariance


def _at_infinity(y: np.ndarray, x: np.ndarray, weights: np.ndarray, names: tuple[str, ...]) -> LogitFit:
    """Return the limit that the likelihood rises to: finite coefficients from the rows that nothing separates."""
    rows, columns, away = weights > 0, np.ones(x.shape[1], dtype=bool), np.zeros(x.shape[1])
    while True:
        signed = (2 * y[rows] - 1)[:, None] * x[np.ix_(rows, columns)]
        direction = direction_of_separation(signed) if rows.any() else None
        if direction is None:
            break
        away[columns] = np.where((away[columns] == 0) & (direction != 0), direction, away[columns])
        rows[np.flatnonzero(rows)] = ~is_separated_by(signed, direction)
        columns[:] = False
        if rows.any():
            columns = independent_columns(x[rows], away == 0)
    beta, probability, loglik = np.where(away == 0, np.nan, np.copysign(np.inf, away)), y.astype(float), 0.0
    covariance = np.full((len(beta), len(beta)), np.nan)
    if rows.any():
        scale = np.sqrt((x[np.ix_(rows, columns)] ** 2).mean(axis=0))
        likelihood = Likelihood(y[rows], x[np.ix_(rows, columns)] / scale, weights[rows], firth=False)
        gamma, loglik = likelihood.maximise(np.zeros(len(scale)), np.ones(len(scale), dtype=bool))
        probability[rows] = expit(likelihood.z @ gamma)
        finite = columns & (away == 0)
        beta[finite] = (gamma / scale)[finite[columns]]
        inverse = np.linalg.inv(likelihood.information(probability[rows])) / np.outer(scale, scale)
        covariance[np.ix_(finite, finite)] = inverse[np.ix_(finite[columns], finite[columns])]
    return LogitFit(beta, covariance, loglik, probability, ~np.isfinite(beta), y, x, weights, names, False)


def check_design(x: np.ndarray, names: Sequence[str]) -> None:
    """Refuse a design, shape (n, k), first column 1, in which a column does not vary or columns are collinear."""
    slopes = x[:, 1:] - x[:, 1:].mean(axis=0)
    size = np.sqrt((slopes**2).mean(axis=0))
    largest = np.abs(x[:, 1:]).max(axis=0, initial=0)
    if constant := [name for name, s, m in zip(names[1:], size, largest, strict=True) if s <= 1e-12 * m]:
        raise InputError(f"{constant[0]}: has one value among the analysed rows, expected at least two")
    if not size.size:
        return
    values, vectors = np.linalg.eigh((slopes / size).T @ (slopes / size) / len(x))
    if values[0] < 1e-10:
        weights = np.abs(vectors[:, values < 1e-10]).max(axis=1)
        concerned = [name for name, weight in zip(names[1:], weights, strict=True) if weight > 1e-4]
        raise InputError(f"{', '.join(dict.fromkeys(concerned))}: are collinear, expected one of them to be left out")


def _check(y: np.ndarray, x: np.ndarray, names: tuple[str, ...]) -> None:
    if not y.size or y.min() == y.max():
        found = "no event" if not y.any() else "no row without the event"
        raise InputError(f"found {found} among {len(y)} rows, expected both outcomes")
    if len(y) < x.shape[1]:
        raise InputError(f"found {len(y)} rows for {x.shape[1]} coefficients, expected more rows or fewer terms")
    check_design(x, names)
