"""Firth's penalised partial likelihood: finite estimates under separation and with few events.

Firth D, Biometrika 1993;80:27-38 (doi 10.1093/biomet/80.1.27); Heinze G, Schemper M, Biometrics 2001;57:114-119 (doi
10.1111/j.0006-341X.2001.00114.x). The log partial likelihood gains one half of the logarithm of the information's
determinant; intervals are where twice its profile has fallen by the chi-squared quantile.
"""

from typing import NamedTuple

import numpy as np

from recohort.core.errors import InputError
from recohort.models.survival.coxph import CoxFit, linear_predictor, start
from recohort.models.survival.risk_sets import Moments, RiskSets


class Penalised(NamedTuple):
    """The penalised likelihood at one coefficient vector: value, gradient (p,), information (p, p), moments."""

    value: float
    gradient: np.ndarray
    information: np.ndarray
    moments: Moments


def penalised(sets: RiskSets, beta: np.ndarray) -> Penalised:
    """Return the penalised log-likelihood and its gradient at `beta`, shape (p,).

    The gradient's penalty is one half of the trace of the inverse information V times the information's derivative,
    which is the sum over terms of E[(x - m) (x - m)' V (x - m)] in the risk set. It is expanded so that no product of
    covariates is summed by risk set: O(n p^2).
    """
    moments = sets.at(beta)
    information = sets.information(moments)
    sign, logdet = np.linalg.slogdet(information) if np.isfinite(information).all() else (0, 0)
    if sign <= 0:
        return Penalised(-np.inf, np.zeros(len(beta)), information, moments)
    x, risk, mean, share = sets.x, moments.risk, moments.mean, sets.share
    inverse = np.linalg.inv(information)
    square = np.sum((inverse @ x) * x, axis=0)
    around = inverse @ mean
    hazard = share / moments.total
    of_rows = sets.exposed(hazard) * square - 2 * np.sum(x * sets.exposed(hazard * around), axis=0)
    of_terms = sets.sums(risk * square) / moments.total - 2 * np.sum(mean * around, axis=0)
    trace = x @ (risk * of_rows) - mean @ (share * of_terms)
    return Penalised(moments.loglik + logdet / 2, moments.score + trace / 2, information, moments)


def maximum(sets: RiskSets, beta: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, Penalised]:
    """Return the coefficients that maximise the penalised likelihood over the `free` ones, and its value there.

    Quasi-Newton steps (Broyden, Fletcher, Goldfarb, Shanno) that begin with the inverse information.

    Parameters
    ----------
    sets : RiskSets
        With standardised covariates.
    beta : ndarray, shape (p,)
        Where to begin; coefficients that are not free stay.
    free : ndarray of int
        Their places.

    Raises
    ------
    InputError
        200 steps do not suffice.
    """
    beta, here = beta.copy(), penalised(sets, beta)
    if not len(free):
        return beta, here
    inverse = np.linalg.inv(here.information[np.ix_(free, free)])
    fresh = True
    for _ in range(200):
        step = inverse @ here.gradient[free]
        if not fresh and step @ here.gradient[free] <= 0:
            inverse, fresh = np.linalg.inv(here.information[np.ix_(free, free)]), True
            step = inverse @ here.gradient[free]
        step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))  # at most 2 SD at a time
        there = _after(sets, beta, free, step)
        while not there.value >= here.value - 1e-11 * abs(here.value) and np.abs(step).max() > 1e-11:
            step = step / 2
            there = _after(sets, beta, free, step)
        fallen = here.gradient[free] - there.gradient[free]
        beta[free] += step
        here = there
        if np.abs(step).max() < 1e-9:
            return beta, here
        curvature = float(step @ fallen)
        if curvature <= 0:
            inverse, fresh = np.linalg.inv(here.information[np.ix_(free, free)]), True
            continue
        part = np.eye(len(free)) - np.outer(step, fallen) / curvature
        inverse, fresh = part @ inverse @ part.T + np.outer(step, step) / curvature, False
    raise InputError("the penalised likelihood was not maximised in 200 steps, expected fewer or other covariates")


def _after(sets: RiskSets, beta: np.ndarray, free: np.ndarray, step: np.ndarray) -> Penalised:
    moved = beta.copy()
    moved[free] += step
    return penalised(sets, moved)


def fit_firth(
    time: np.ndarray, event: np.ndarray, x: np.ndarray, *, strata: np.ndarray, ties: str, names: list[str]
) -> CoxFit:
    """Fit by maximising Firth's penalised likelihood on standardised covariates.

    Parameters
    ----------
    time, event, x, strata, ties, names
        As in `coxph.fit_cox`.

    Returns
    -------
    CoxFit
        Its log-likelihoods are penalised; it has no score test.

    Raises
    ------
    InputError
        As `coxph.fit_cox`, or the likelihood is not maximised.
    """
    sets, null, information, scale = start(time, event, x, strata=strata, ties=ties, names=names)
    beta, best = maximum(sets, np.zeros(len(names)), np.arange(len(names)))
    return CoxFit(
        beta / scale,
        np.linalg.inv(best.information) / np.outer(scale, scale),
        best.value + _of_units(scale),
        null.loglik + np.linalg.slogdet(information)[1] / 2 + _of_units(scale),
        np.nan,
        np.zeros(len(names), dtype=bool),
        linear_predictor(sets, beta),
        sets,
        best.moments,
        null,
        scale,
    )


def _of_units(scale: np.ndarray) -> float:
    """Return what the penalty gains when covariates are in their own units again."""
    return float(np.log(scale).sum())


def penalised_without(fit: CoxFit, fixed: np.ndarray) -> float:
    """Return the penalised log-likelihood maximised with the `fixed` coefficients at zero, under the full penalty."""
    beta = fit.beta * fit.scale
    beta[fixed] = 0.0
    free = np.setdiff1d(np.arange(len(beta)), fixed)
    return maximum(fit.risk_sets, beta, free)[1].value + _of_units(fit.scale)


def profile_limits(fit: CoxFit, index: int, z_limit: float) -> tuple[float, float]:
    """Return the limits of a coefficient's profile likelihood interval, nan where it does not fall far enough.

    Parameters
    ----------
    fit : CoxFit
        Of `fit_firth`.
    index : int
        Which coefficient.
    z_limit : float
        Square root of the chi-squared quantile, 1.96 for a level of 0.95.
    """
    return tuple(_limit(fit, index, z_limit, side) / fit.scale[index] for side in (-1.0, 1.0))


def _limit(fit: CoxFit, index: int, z_limit: float, side: float) -> float:
    """Return one limit on the standardised scale: where the signed root of the fallen likelihood is `z_limit`."""
    best = fit.beta * fit.scale
    others = np.setdiff1d(np.arange(len(best)), index)
    beta, near, far = best.copy(), 0.0, np.inf
    distance = z_limit * np.sqrt(fit.covariance[index, index]) * fit.scale[index]
    furthest, top = 200 * distance, fit.loglik - _of_units(fit.scale)
    for _ in range(100):
        beta[index] = best[index] + side * distance
        beta, there = maximum(fit.risk_sets, beta, others)
        root = np.sqrt(max(2 * (top - there.value), 0.0))
        near, far = (distance, far) if root < z_limit else (near, distance)
        slope = -side * there.gradient[index] / root if root > 0 else 0.0
        step = (z_limit - root) / slope if slope > 0 else np.inf
        if abs(step) < 1e-11 * max(1.0, distance):
            return best[index] + side * (distance + step)
        proposed = min(distance + step, 3 * distance)
        inside = near < proposed < far
        distance = proposed if inside else (near + far) / 2 if np.isfinite(far) else 3 * distance
        if distance > furthest or far - near < 1e-13 * distance:
            break
    return np.nan if not np.isfinite(far) else best[index] + side * (near + far) / 2
