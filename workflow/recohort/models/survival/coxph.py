"""Maximum partial likelihood of the proportional hazards model.

Cox DR, J R Stat Soc B 1972;34:187-220 (doi 10.1111/j.2517-6161.1972.tb00899.x).
"""

from typing import NamedTuple

import numpy as np

from recohort.core.errors import InputError
from recohort.models.survival.risk_sets import Moments, RiskSets


class CoxFit(NamedTuple):
    """A fitted proportional hazards model.

    Attributes
    ----------
    beta : ndarray, shape (p,)
        Log hazard ratios per unit; plus or minus infinity where the likelihood has no maximum.
    covariance : ndarray, shape (p, p)
        Inverse information; nan where `diverged`.
    loglik, loglik_null : float
        Log partial likelihood at the estimate and at zero.
    score_test : float
        Rao's chi-squared at zero, p degrees of freedom.
    diverged : ndarray of bool, shape (p,)
        Coefficients that grow without bound (monotone likelihood).
    linear_predictor : ndarray, shape (n,)
        x beta of each row, centred; from the last finite coefficients.
    risk_sets : RiskSets
        With standardised covariates.
    moments, null : Moments
        At the estimate and at zero, on the standardised scale.
    scale : ndarray, shape (p,)
        What a covariate was divided by.
    """

    beta: np.ndarray
    covariance: np.ndarray
    loglik: float
    loglik_null: float
    score_test: float
    diverged: np.ndarray
    linear_predictor: np.ndarray
    risk_sets: RiskSets
    moments: Moments
    null: Moments
    scale: np.ndarray


def fit_cox(
    time: np.ndarray,
    event: np.ndarray,
    x: np.ndarray,
    *,
    strata: np.ndarray,
    ties: str,
    names: list[str],
    weights: np.ndarray | None = None,
) -> CoxFit:
    """Fit by Newton's method on standardised covariates, to the last digits.

    Parameters
    ----------
    time, event, x, strata, ties, weights
        As in `RiskSets`.
    names : list of str, length p
        The columns of `x`, for messages.

    Raises
    ------
    InputError
        There is no event, or fewer rows than coefficients, or a column does not vary among those at risk, or columns
        are collinear there.
    """
    sets, null, information, scale = start(time, event, x, strata=strata, ties=ties, names=names, weights=weights)
    score_test = float(null.score @ np.linalg.solve(information, null.score)) if len(names) else 0.0
    beta, moments, information, diverged = _newton(sets, null, information, names)
    covariance = np.full_like(information, np.nan)
    kept = np.ix_(~diverged, ~diverged)
    covariance[kept] = np.linalg.inv(information[kept])
    return CoxFit(
        np.where(diverged, np.copysign(np.inf, beta), beta / scale),
        covariance / np.outer(scale, scale),
        moments.loglik,
        null.loglik,
        score_test,
        diverged,
        linear_predictor(sets, beta),
        sets,
        moments,
        null,
        scale,
    )


def start(
    time: np.ndarray,
    event: np.ndarray,
    x: np.ndarray,
    *,
    strata: np.ndarray,
    ties: str,
    names: list[str],
    weights: np.ndarray | None = None,
) -> tuple[RiskSets, Moments, np.ndarray, np.ndarray]:
    """Return risk sets of standardised covariates, moments and information at zero, and the covariates' scale.

    Raises
    ------
    InputError
        As `fit_cox`.
    """
    if not event.any():
        raise InputError(f"found no event among {len(event)} rows, expected at least one")
    if len(event) <= len(names):
        raise InputError(f"found {len(event)} rows for {len(names)} coefficients, expected more rows")
    scale = x.std(axis=0)
    scale[scale < 1e-12 * np.abs(x).max(axis=0, initial=0)] = 1.0
    scale[scale == 0] = 1.0
    sets = RiskSets(time, event, (x - x.mean(axis=0)) / scale, strata, ties, weights)
    null = sets.at(np.zeros(x.shape[1]))
    information = sets.information(null)
    _check_rank(information, names)
    return sets, null, information, scale


def linear_predictor(sets: RiskSets, beta: np.ndarray) -> np.ndarray:
    """Return x beta of each row in the given order, shape (n,)."""
    found = np.empty(sets.x.shape[1])
    found[sets.order] = beta @ sets.x
    return found


def without(fit: CoxFit, places: np.ndarray) -> float:
    """Return the log partial likelihood maximised with some coefficients at zero."""
    kept = np.setdiff1d(np.arange(len(fit.beta)), places)
    if not len(kept):
        return fit.loglik_null
    sets = fit.risk_sets.narrowed(kept)
    null = sets.at(np.zeros(len(kept)))
    return _newton(sets, null, sets.information(null), [str(place) for place in kept])[1].loglik


def robust_covariance(fit: CoxFit, cluster: np.ndarray | None = None) -> np.ndarray:
    """Return the sandwich covariance of the coefficients, shape (p, p).

    Lin DY, Wei LJ, J Am Stat Assoc 1989;84:1074-1078 (doi 10.1080/01621459.1989.10478874): the sum over clusters of
    squared influences, without a small-sample factor, as ``coxph(robust = TRUE)``.

    Parameters
    ----------
    fit : CoxFit
        Weighted or not.
    cluster : ndarray of int, shape (n,), optional
        Codes from 0; each row is its own cluster where they are not given.
    """
    kept = ~fit.diverged
    influence = _by_cluster(fit, fit.moments, cluster)[:, kept] * fit.scale[kept]
    naive = fit.covariance[np.ix_(kept, kept)]
    covariance = np.full_like(fit.covariance, np.nan)
    covariance[np.ix_(kept, kept)] = naive @ (influence.T @ influence) @ naive
    return covariance


def robust_score_test(fit: CoxFit, cluster: np.ndarray | None = None) -> float:
    """Return the robust score test at zero, chi-squared; nan where there are fewer clusters than coefficients."""
    influence = _by_cluster(fit, fit.null, cluster)
    total, middle = influence.sum(axis=0), influence.T @ influence
    if np.linalg.matrix_rank(middle) < len(middle):
        return np.nan
    return float(total @ np.linalg.solve(middle, total))


def _by_cluster(fit: CoxFit, moments: Moments, cluster: np.ndarray | None) -> np.ndarray:
    """Return weighted score residuals summed by cluster, shape (clusters, p)."""
    sets = fit.risk_sets
    residuals = sets.score_residuals(moments)
    if sets.weight is not None:
        weight = np.empty(len(residuals))
        weight[sets.order] = sets.weight
        residuals *= weight[:, None]
    if cluster is None:
        return residuals
    return np.column_stack([np.bincount(cluster, column) for column in residuals.T])


def _newton(sets: RiskSets, moments: Moments, information: np.ndarray, names: list[str]) -> tuple:
    """Return coefficients, moments, information at the maximum, and which coefficients run away from it."""
    beta, step = np.zeros(len(information)), np.full(len(information), np.inf)
    diverged = np.zeros(len(information), dtype=bool)
    for _ in range(100):
        if not beta.size:
            break
        before, step = step, np.linalg.solve(information, moments.score)
        step *= min(1.0, 5.0 / max(np.abs(step).max(), 1e-300))  # at most 5 SD at a time
        proposed = sets.at(beta + step)
        while not proposed.loglik >= moments.loglik - 1e-9 * abs(moments.loglik) and np.abs(step).max() > 1e-12:
            step = step / 2
            proposed = sets.at(beta + step)
        gain, beta, moments = proposed.loglik - moments.loglik, beta + step, proposed
        if np.ptp(beta @ sets.x) > 300:
            largest = names[int(np.abs(beta).argmax())]
            raise InputError(f"{largest}: its hazard ratio grows without bound, expected one that separates less")
        information = sets.information(moments)
        size, earlier = np.abs(step).max(), np.abs(before).max()
        if size < 1e-10 or (size < 1e-5 and size * (size / earlier) ** 2 < 1e-14):  # what a further step would be
            break
        # At a maximum steps shrink quadratically; on a monotone likelihood they stay alike while nothing is gained.
        diverged = (np.abs(step) > 0.3 * np.abs(before)) & (np.abs(step) > 1e-4) & (gain < 1e-9)
        if diverged.any():
            break
    else:
        raise InputError(
            "the Cox model's likelihood was not maximised in 100 steps, expected fewer or other covariates"
        )
    return beta, moments, information, diverged


def _check_rank(information: np.ndarray, names: list[str]) -> None:
    values, vectors = np.linalg.eigh(information) if len(names) else (np.empty(0), np.empty((0, 0)))
    null = vectors[:, values < 1e-9 * max(1.0, values.max(initial=0))]
    if not null.size:
        return
    weights = np.abs(null).max(axis=1)
    concerned = dict.fromkeys(name for name, weight in zip(names, weights, strict=True) if weight > 1e-4)
    if np.count_nonzero(weights > 1e-4) == null.shape[1]:
        raise InputError(f"{', '.join(concerned)}: does not vary among those at risk, expected at least two values")
    raise InputError(f"{', '.join(concerned)}: are collinear among those at risk, expected one of them to be left out")
