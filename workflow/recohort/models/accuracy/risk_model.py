"""Models that turn covariates into a risk, for the validation of predictions: logistic, or Cox at a time.

Kept to what refitting in hundreds of samples needs: a maximum of the likelihood, or the statement that there is none.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from recohort.core.errors import InputError
from recohort.models.survival.coxph import fit_cox


class NoMaximumError(InputError):
    """A model has no finite estimate."""


class Outcome(NamedTuple):
    """What is predicted: `event` alone, or the event by `moment` where follow-up is censored.

    Attributes
    ----------
    event : ndarray, shape (n,)
        0/1.
    time : ndarray, shape (n,), or None
        Follow-up; None for an outcome that everybody's row knows.
    moment : float
        Time by which the event is predicted, in the unit of follow-up.
    ties : str
        Handling of tied times by Cox models.
    """

    event: np.ndarray
    time: np.ndarray | None = None
    moment: float = np.nan
    ties: str = "efron"

    def take(self, rows: np.ndarray) -> "Outcome":
        """Return the outcome of some rows, in that order."""
        return self._replace(event=self.event[rows], time=None if self.time is None else self.time[rows])


class RiskModel(NamedTuple):
    """A fitted model.

    Attributes
    ----------
    beta : ndarray, shape (p,)
        Coefficients per unit.
    origin : float
        Intercept of a logistic model; logarithm of the cumulative hazard at the moment where the predictor is 0.
    censored : bool
        Whether it is a Cox model.
    """

    beta: np.ndarray
    origin: float
    censored: bool

    def linear(self, x: np.ndarray) -> np.ndarray:
        """Return the logit of the risk (logistic), or the logarithm of its cumulative hazard (Cox), shape (n,)."""
        return self.origin + x @ self.beta

    def risk(self, x: np.ndarray) -> np.ndarray:
        """Return the risk of each row, within 0 and 1."""
        linear = self.linear(x)
        return -np.expm1(-np.exp(linear)) if self.censored else expit(linear)


class LogisticFit(NamedTuple):
    """Coefficients, the intercept first where there is one, and the inverse information."""

    beta: np.ndarray
    covariance: np.ndarray


def fit_risk(x: np.ndarray, outcome: Outcome, names: list[str]) -> RiskModel:
    """Fit the risk of an outcome by maximum (partial) likelihood.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Covariates, no intercept.
    outcome : Outcome
        What is predicted.
    names : list of str
        The columns of `x`, for messages.

    Raises
    ------
    NoMaximumError
        The likelihood has no finite maximum.
    InputError
        Columns are constant or collinear, there is no event, or no non-event.
    """
    if outcome.time is None:
        found = fit_logistic(np.column_stack([np.ones(len(x)), x]), outcome.event, ["intercept", *names])
        return RiskModel(found.beta[1:], float(found.beta[0]), False)
    strata = np.zeros(len(x), dtype=int)
    found = fit_cox(outcome.time, outcome.event, x, strata=strata, ties=outcome.ties, names=names)
    if found.diverged.any():
        away = names[int(found.diverged.argmax())]
        raise NoMaximumError(f"the hazard ratio of {away} has no finite estimate, expected other covariates")
    linear = x @ found.beta
    middle = linear.mean()
    hazard = cumulative_hazard(outcome, linear - middle)
    if hazard == 0:
        raise InputError(f"found no event by {outcome.moment:g}, expected a later time")
    return RiskModel(found.beta, float(np.log(hazard) - middle), True)


def fit_logistic(x: np.ndarray, y: np.ndarray, names: list[str], *, offset: np.ndarray | float = 0.0) -> LogisticFit:
    """Return maximum likelihood coefficients of a logistic model by Newton's method on scaled columns.

    Parameters
    ----------
    x : ndarray, shape (n, k)
        All columns, an intercept among them if one is wanted.
    y : ndarray, shape (n,)
        0/1.
    names : list of str, length k
        The columns of `x`.
    offset : ndarray, shape (n,), or float
        Added to the predictor.

    Raises
    ------
    NoMaximumError
        Outcomes are separated.
    InputError
        Columns are collinear.
    """
    scale = np.sqrt((x**2).mean(axis=0))
    if (scale == 0).any() or np.linalg.cond(x / np.where(scale == 0, 1, scale)) > 1e10:
        raise InputError(f"{', '.join(names)}: are constant or collinear, expected columns that vary on their own")
    z = x / scale
    beta, loglik = np.zeros(z.shape[1]), -np.inf
    for _ in range(60):
        eta = z @ beta + offset
        loglik = _loglik(eta, y)
        p = expit(eta)
        information = (z * (p * (1 - p))[:, None]).T @ z
        if np.linalg.cond(information) > 1e13:
            break
        step = np.linalg.solve(information, z.T @ (y - p))
        while _loglik(z @ (beta + step) + offset, y) < loglik - 1e-9 * abs(loglik) and np.abs(step).max() > 1e-14:
            step = step / 2
        beta = beta + step
        if np.abs(step).max() < 1e-9 * max(1.0, np.abs(beta).max()):
            p = expit(z @ beta + offset)
            covariance = np.linalg.inv((z * (p * (1 - p))[:, None]).T @ z)
            return LogisticFit(beta / scale, covariance / np.outer(scale, scale))
    raise NoMaximumError(
        f"{', '.join(name for name in names if name != 'intercept') or 'intercept'}: tell events from non-events "
        "completely, so that the logistic model has no finite estimate; expected predictors that overlap"
    )


def _loglik(eta: np.ndarray, y: np.ndarray) -> float:
    return float(np.sum(y * eta - np.logaddexp(0, eta)))


def cumulative_hazard(outcome: Outcome, linear: np.ndarray) -> float:
    """Return the cumulative hazard at the moment of a subject whose predictor is 0 (Breslow's or Efron's estimate).

    Parameters
    ----------
    outcome : Outcome
        With follow-up.
    linear : ndarray, shape (n,)
        Logarithm of each subject's relative hazard.
    """
    times, index = np.unique(outcome.time, return_inverse=True)
    size, weight = len(times), np.exp(linear)
    at_risk = np.cumsum(np.bincount(index, weight, minlength=size)[::-1])[::-1]
    deaths = np.bincount(index, outcome.event, minlength=size)
    kept = (times <= outcome.moment) & (deaths > 0)
    at_risk, deaths = at_risk[kept], deaths[kept].astype(int)
    if outcome.ties == "breslow":
        return float(np.sum(deaths / at_risk))
    dying = np.bincount(index, weight * outcome.event, minlength=size)[kept]
    place = np.repeat(np.arange(len(deaths)), deaths)
    share = (np.arange(len(place)) - np.repeat(np.cumsum(deaths) - deaths, deaths)) / deaths[place]
    return float(np.sum(1 / (at_risk[place] - share * dying[place])))
