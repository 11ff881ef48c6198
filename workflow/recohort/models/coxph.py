"""Maximum partial likelihood of the proportional hazards model.

Cox DR, J R Stat Soc B 1972;34:187-220 (doi 10.1111/j.2517-6161.1972.tb00899.x); ties: Efron B, J Am Stat Assoc
1977;72:557-565 (doi 10.1080/01621459.1977.10480613), Breslow N, Biometrics 1974;30:89-99 (doi 10.2307/2529620).
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from recohort.core.errors import InputError


class Moments(NamedTuple):
    """What the risk sets give at one coefficient vector.

    Attributes
    ----------
    loglik : float
        Log partial likelihood.
    score : ndarray, shape (p,)
        Its gradient.
    mean : ndarray, shape (deaths, p)
        Mean covariate of each death's risk set.
    """

    loglik: float
    score: np.ndarray
    mean: np.ndarray
    weight: np.ndarray
    total: np.ndarray


class RiskSets:
    """Who is at risk at each death, arranged once for all evaluations of the likelihood.

    Parameters
    ----------
    time, event : ndarray, shape (n,)
        Follow-up and 1 for an event, 0 for censored.
    x : ndarray, shape (n, p)
        Covariates.
    strata : ndarray of int, shape (n,)
        Stratum codes; risk sets stay within a stratum.
    ties : {"efron", "breslow"}
        With Efron, the l-th of d tied deaths counts the tied ones with weight 1 - l/d.
    """

    def __init__(self, time: np.ndarray, event: np.ndarray, x: np.ndarray, strata: np.ndarray, ties: str):
        order = np.lexsort((time, strata))
        stratum, when = strata[order], time[order]
        self.x, self.time = x[order], when
        first = np.r_[True, (np.diff(stratum) != 0) | (np.diff(when) != 0)]
        run = np.cumsum(first) - 1
        self.deaths = np.flatnonzero(event[order] == 1)
        self.run = run[self.deaths]
        self.start = np.flatnonzero(first)[self.run]
        position = np.arange(self.deaths.size) - np.searchsorted(self.run, self.run)
        self.fraction = position / np.bincount(self.run)[self.run] if ties == "efron" else np.zeros(self.deaths.size)
        edges = np.r_[np.flatnonzero(np.r_[True, np.diff(stratum) != 0]), len(stratum)]
        self.strata = [slice(low, high) for low, high in pairwise(edges)]

    def at(self, beta: np.ndarray) -> Moments:
        """Return log-likelihood, score and risk-set means at `beta`, shape (p,)."""
        eta = self.x @ beta
        eta -= eta.max(initial=-np.inf)
        weight = np.exp(eta)
        weighted = weight[:, None] * self.x
        total = self._at_risk(weight) - self.fraction * self._tied(weight)
        with np.errstate(divide="ignore", invalid="ignore"):  # far too long a step; it is halved for its likelihood
            mean = (self._at_risk(weighted) - self.fraction[:, None] * self._tied(weighted)) / total[:, None]
            loglik = float(np.sum(eta[self.deaths] - np.log(total)))
        return Moments(loglik, (self.x[self.deaths] - mean).sum(axis=0), mean, weight, total)

    def information(self, moments: Moments, factor: np.ndarray | float = 1.0) -> np.ndarray:
        """Return the sum over deaths of `factor` times the covariance of x in the risk set, shape (p, p)."""
        factor = np.broadcast_to(factor, self.deaths.shape)
        share = factor / moments.total
        exposed = np.bincount(self.start, share, minlength=len(self.time))
        for part in self.strata:
            exposed[part] = np.cumsum(exposed[part])
        exposed[self.deaths] -= np.bincount(self.run, self.fraction * share)[self.run]
        second = self.x.T @ ((moments.weight * exposed)[:, None] * self.x)
        return second - moments.mean.T @ (factor[:, None] * moments.mean)

    def _at_risk(self, values: np.ndarray) -> np.ndarray:
        sums = np.empty_like(values)
        for part in self.strata:
            sums[part] = np.cumsum(values[part][::-1], axis=0)[::-1]
        return sums[self.start]

    def _tied(self, values: np.ndarray) -> np.ndarray:
        sums = np.zeros((self.run.max() + 1, *values.shape[1:]))
        np.add.at(sums, self.run, values[self.deaths])
        return sums[self.run]


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
    moments : Moments
        At the estimate, on the standardised scale.
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


def fit_cox(
    time: np.ndarray, event: np.ndarray, x: np.ndarray, *, strata: np.ndarray, ties: str, names: list[str]
) -> CoxFit:
    """Fit by Newton's method on standardised covariates, to the last digits.

    Parameters
    ----------
    time, event, x, strata, ties
        As in `RiskSets`.
    names : list of str, length p
        The columns of `x`, for messages.

    Raises
    ------
    InputError
        There is no event, or a column does not vary among those at risk, or columns are collinear there.
    """
    if not event.any():
        raise InputError(f"found no event among {len(event)} rows, expected at least one")
    scale = x.std(axis=0)
    scale[scale < 1e-12 * np.abs(x).max(axis=0, initial=0)] = 1.0
    scale[scale == 0] = 1.0
    standardised = (x - x.mean(axis=0)) / scale
    sets = RiskSets(time, event, standardised, strata, ties)
    beta = np.zeros(x.shape[1])
    moments = null = sets.at(beta)
    information = sets.information(moments)
    _check_rank(information, names)
    score_test = float(null.score @ np.linalg.solve(information, null.score)) if beta.size else 0.0
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
        standardised @ beta,
        sets,
        moments,
    )


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
        if np.ptp(sets.x @ beta) > 300:
            largest = names[int(np.abs(beta).argmax())]
            raise InputError(f"{largest}: its hazard ratio grows without bound, expected one that separates less")
        information = sets.information(moments)
        if np.abs(step).max() < 1e-10:
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
    concerned = [name for name, weight in zip(names, weights, strict=True) if weight > 1e-4]
    if np.count_nonzero(weights > 1e-4) == null.shape[1]:
        raise InputError(f"{', '.join(concerned)}: does not vary among those at risk, expected at least two values")
    raise InputError(f"{', '.join(concerned)}: are collinear among those at risk, expected one of them to be left out")
