"""The propensity score: probability of treatment given covariates, by logistic regression.

Rosenbaum PR, Rubin DB, Biometrika 1983;70:41-55 (doi 10.1093/biomet/70.1.41).
"""

import numpy as np
from scipy.linalg import qr
from scipy.special import expit

from recohort.core.errors import InputError


def linear_propensity(x: np.ndarray, treated: np.ndarray, names: list[str]) -> np.ndarray:
    """Return the fitted logit of each row, by maximum likelihood to the last digits.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Covariates without intercept.
    treated : ndarray of bool, shape (n,)
        Treatment.
    names : list of str, length p
        Covariate behind each column, for messages.

    Returns
    -------
    ndarray, shape (n,)
        Equal rows of `x` have equal values to the last bit.

    Raises
    ------
    InputError
        A covariate is constant, covariates are collinear, or they separate treated from untreated.
    """
    if not names:
        raise InputError("propensity score: found no covariates, expected at least one for the propensity model")
    if constant := [name for name, spread in zip(names, np.ptp(x, axis=0), strict=True) if spread == 0]:
        raise InputError(f"column '{constant[0]}': is constant in this cohort, expected a covariate that varies")
    standardised = (x - x.mean(axis=0)) / x.std(axis=0)
    _check_rank(standardised, names)
    beta = _newton(np.column_stack([np.ones(len(x)), standardised]), treated.astype(float))
    logit = np.full(len(x), beta[0])
    for column, slope in zip(standardised.T, beta[1:], strict=True):
        logit += column * slope  # column by column: a matrix product may round equal rows differently
    return logit


def _newton(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    beta, step = np.zeros(x.shape[1]), np.full(x.shape[1], np.inf)
    beta[0] = np.log(y.mean() / (1 - y.mean()))
    likelihood = _loglik(x @ beta, y)
    for _ in range(100):
        p = expit(x @ beta)
        information = x.T @ ((p * (1 - p))[:, None] * x)
        before, step = step, np.linalg.solve(information, x.T @ (y - p))
        step *= min(1.0, 5.0 / max(np.abs(step).max(), 1e-300))  # at most 5 SD at a time
        while (now := _loglik(x @ (beta + step), y)) < likelihood - 1e-9 * abs(likelihood):
            step = step / 2
        beta, gain, likelihood = beta + step, now - likelihood, now
        if np.abs(step).max() < 1e-10:
            return beta
        # At a maximum steps shrink quadratically; where groups are separated they stay alike and gain nothing.
        away = (np.abs(step) > 0.3 * np.abs(before)) & (np.abs(step) > 1e-4)
        if likelihood > -1e-6 or np.ptp(x @ beta) > 300 or (gain < 1e-9 and away.any()):
            break
    raise InputError(
        "propensity score: the covariates separate treated from untreated, so the propensity model has no finite fit, "
        "expected groups that overlap; leave out the covariate that separates them"
    )


def _loglik(eta: np.ndarray, y: np.ndarray) -> float:
    return float(np.sum(y * eta - np.logaddexp(0, eta)))


def _check_rank(x: np.ndarray, names: list[str]) -> None:
    _, r, pivots = qr(x, mode="economic", pivoting=True)
    rank = int((np.abs(np.diag(r)) > 1e-9 * abs(r[0, 0])).sum())
    if rank == x.shape[1]:
        return
    dependent = pivots[rank]
    weights = np.linalg.lstsq(x[:, pivots[:rank]], x[:, dependent], rcond=None)[0]
    partners = [names[pivot] for pivot, weight in zip(pivots[:rank], weights, strict=True) if abs(weight) > 1e-6]
    listed = ", ".join(dict.fromkeys([names[dependent], *partners]))
    raise InputError(f"propensity score: the covariates {listed} are collinear, expected one of them to be left out")
