"""Maximum weighted partial likelihood of a subdistribution hazard.

Fine JP, Gray RJ, J Am Stat Assoc 1999;94:496-509 (doi 10.1080/01621459.1999.10474144). Who had the competing event at
t_i stays at risk with weight G(t-) / G(t_i-), G the product-limit estimate of being uncensored with events before
censorings at the same time: as `finegray` and `coxph` of R's survival, without their expanded table.
"""

from typing import NamedTuple

import numpy as np

from recohort.core.errors import InputError


class Subdistribution(NamedTuple):
    """A fitted model of the subdistribution hazard.

    Attributes
    ----------
    beta : ndarray, shape (p,)
        Log subdistribution hazard ratios; plus or minus infinity where the likelihood has no maximum.
    covariance : ndarray, shape (p, p)
        Robust (sandwich, by subject); nan where `diverged`.
    loglik : float
        Log partial pseudo-likelihood at the estimate.
    diverged : ndarray of bool, shape (p,)
        Coefficients that grow without bound.
    """

    beta: np.ndarray
    covariance: np.ndarray
    loglik: float
    diverged: np.ndarray


class _State(NamedTuple):
    loglik: float
    score: np.ndarray
    mean: np.ndarray
    total: np.ndarray
    risk: np.ndarray


class _RiskSets:
    """Who is at risk of the event when, arranged once: subjects in order of time, deaths (D of them) likewise."""

    def __init__(self, time: np.ndarray, cause: np.ndarray, x: np.ndarray, ties: str):
        order = np.argsort(time, kind="stable")
        self.x, when, self.cause = x[order], time[order], cause[order]
        self.deaths = np.flatnonzero(self.cause == 1)
        self.moments, self.run = np.unique(when[self.deaths], return_inverse=True)
        count = np.bincount(self.run)
        position = np.arange(self.deaths.size) - np.searchsorted(self.run, self.run)
        self.fraction = position / count[self.run] if ties == "efron" else np.zeros(self.deaths.size)
        self.count = count
        self.from_row = np.searchsorted(when, self.moments, side="left")
        self.until = np.searchsorted(self.moments, when, side="right")
        own, self.later = uncensored(when, self.cause, when), uncensored(when, self.cause, self.moments)
        self.share = np.where(self.cause == 2, 1 / np.where(self.cause == 2, own, 1.0), 0.0)

    def at(self, beta: np.ndarray) -> _State:
        """Return what the risk sets give at `beta`, shape (p,)."""
        eta = self.x @ beta
        eta -= eta.max()
        risk = np.exp(eta)
        total = self._at_risk(risk[:, None])[:, 0]
        mean = self._at_risk(risk[:, None] * self.x)
        total = total[self.run] - self.fraction * self._tied(risk[self.deaths])[self.run]
        tied = self._tied(risk[self.deaths, None] * self.x[self.deaths])
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = (mean[self.run] - self.fraction[:, None] * tied[self.run]) / total[:, None]
            loglik = float(np.sum(eta[self.deaths] - np.log(total)))
        return _State(loglik, (self.x[self.deaths] - mean).sum(axis=0), mean, total, risk)

    def information(self, state: _State) -> np.ndarray:
        """Return the negative second derivative, shape (p, p)."""
        exposed = state.risk * self._exposure(1 / state.total)
        return self.x.T @ (exposed[:, None] * self.x) - state.mean.T @ state.mean

    def residuals(self, state: _State) -> np.ndarray:
        """Return each subject's share of the score, shape (n, p)."""
        hazard = 1 / state.total
        gathered = self._exposure(hazard)[:, None] * self.x - self._exposure(hazard[:, None] * state.mean)
        shares = -state.risk[:, None] * gathered
        average = self._tied(state.mean) / self.count[:, None]
        shares[self.deaths] += self.x[self.deaths] - average[self.run]
        return shares

    def _at_risk(self, values: np.ndarray) -> np.ndarray:
        """Return weighted sums of (n, q) values over the risk set of each moment."""
        ahead = np.cumsum(values[::-1], axis=0)[::-1][self.from_row]
        kept = np.vstack([np.zeros(values.shape[1]), np.cumsum(self.share[:, None] * values, axis=0)])
        return ahead + self.later[:, None] * kept[self.from_row]

    def _tied(self, values: np.ndarray) -> np.ndarray:
        sums = np.zeros((len(self.moments), *values.shape[1:]))
        np.add.at(sums, self.run, values)
        return sums

    def _exposure(self, values: np.ndarray) -> np.ndarray:
        """Return, for each subject, the sum of what (D,) or (D, q) values amount to while at risk."""
        per_moment, less = self._tied(values), self._tied((self.fraction * values.T).T)
        start = np.zeros((1, *values.shape[1:]))
        summed = np.concatenate([start, np.cumsum(per_moment, axis=0)])[self.until]
        kept = np.concatenate([start, np.cumsum((self.later * per_moment.T).T, axis=0)])
        summed = summed + (self.share * (kept[-1] - kept[self.until]).T).T
        summed[self.deaths] -= less[self.run]
        return summed


def uncensored(time: np.ndarray, cause: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Return the product-limit estimate of being uncensored just before each moment, shape (m,).

    Events come before censorings at the same time: who has one is not at risk of censoring then.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Follow-up.
    cause : ndarray of int, shape (n,)
        0 censored, else an event.
    moments : ndarray, shape (m,)
        Times, in any order.
    """
    times, index = np.unique(time, return_inverse=True)
    leaving = np.bincount(index, minlength=len(times))
    censored = np.bincount(index, cause == 0, minlength=len(times))
    at_risk = np.cumsum(leaving[::-1])[::-1] - (leaving - censored)
    curve = np.cumprod(1 - censored / np.maximum(at_risk, 1))
    return np.r_[1.0, curve][np.searchsorted(times, moments, side="left")]


def fit_subdistribution(
    time: np.ndarray, cause: np.ndarray, x: np.ndarray, *, ties: str, names: list[str]
) -> Subdistribution:
    """Fit by Newton's method on standardised covariates, to the last digits.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Follow-up.
    cause : ndarray of int, shape (n,)
        0 censored, 1 event, 2 competing event.
    x : ndarray, shape (n, p)
        Covariates.
    ties : {"efron", "breslow"}
        Handling of tied events.
    names : list of str, length p
        The columns of `x`, for messages.

    Raises
    ------
    InputError
        There is no event, or a column does not vary among those at risk, or columns are collinear there.
    """
    if not (cause == 1).any():
        raise InputError(f"found no event among {len(cause)} rows, expected at least one")
    scale = x.std(axis=0)
    scale[scale <= 1e-12 * np.abs(x).max(axis=0, initial=0)] = 1.0
    sets = _RiskSets(time, cause, (x - x.mean(axis=0)) / scale, ties)
    state = sets.at(np.zeros(x.shape[1]))
    _check_rank(sets.information(state), names)
    beta, state, diverged = _newton(sets, state, names)
    covariance = np.full((len(beta), len(beta)), np.nan)
    kept = ~diverged
    if kept.any():
        bread = np.linalg.inv(sets.information(state)[np.ix_(kept, kept)])
        influence = sets.residuals(state)[:, kept] @ bread
        covariance[np.ix_(kept, kept)] = influence.T @ influence
    beta = np.where(diverged, np.copysign(np.inf, beta), beta / scale)
    return Subdistribution(beta, covariance / np.outer(scale, scale), state.loglik, diverged)


def _newton(sets: _RiskSets, state: _State, names: list[str]) -> tuple[np.ndarray, _State, np.ndarray]:
    beta, step = np.zeros(len(names)), np.full(len(names), np.inf)
    for _ in range(100):
        before, step = step, np.linalg.solve(sets.information(state), state.score)
        step *= min(1.0, 5.0 / max(np.abs(step).max(), 1e-300))  # at most 5 SD at a time
        proposed = sets.at(beta + step)
        while not proposed.loglik >= state.loglik - 1e-9 * abs(state.loglik) and np.abs(step).max() > 1e-12:
            step = step / 2
            proposed = sets.at(beta + step)
        gain, beta, state = proposed.loglik - state.loglik, beta + step, proposed
        if np.abs(step).max() < 1e-10:
            return beta, state, np.zeros(len(names), dtype=bool)
        # At a maximum steps shrink quadratically; on a monotone likelihood they stay alike while nothing is gained.
        diverged = (np.abs(step) > 0.3 * np.abs(before)) & (np.abs(step) > 1e-4) & (gain < 1e-9)
        if diverged.any():
            return beta, state, diverged
    raise InputError(
        f"the likelihood of {', '.join(names)} was not maximised in 100 steps, expected fewer or other covariates"
    )


def _check_rank(information: np.ndarray, names: list[str]) -> None:
    values, vectors = np.linalg.eigh(information)
    null = vectors[:, values < 1e-9 * max(1.0, values.max())]
    weights = np.abs(null).max(axis=1, initial=0)
    concerned = [name for name, weight in zip(names, weights, strict=True) if weight > 1e-4]
    if not concerned:
        return
    if len(concerned) == null.shape[1]:
        raise InputError(f"{', '.join(concerned)}: does not vary among those at risk, expected at least two values")
    raise InputError(f"{', '.join(concerned)}: are collinear among those at risk, expected one of them to be left out")
