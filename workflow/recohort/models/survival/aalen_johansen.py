"""Cumulative incidence with a competing event: the Aalen-Johansen estimator and its standard error.

Aalen OO, Johansen S, Scand J Stat 1978;5:141-150. The variance is the infinitesimal jackknife, as in `survfit` of R's
survival: the weighted sum of squared influences, which holds for weights as well.
"""

from typing import NamedTuple

import numpy as np


class Incidences(NamedTuple):
    """Cumulative incidence at each distinct time, arrays of shape (m,), or (2, m): the event, then the competing one.

    Attributes
    ----------
    time : ndarray, shape (m,)
        Distinct times, rising.
    n_risk, n_censor : ndarray, shape (m,)
        Weight at risk just before, of censorings at the time.
    n_event : ndarray, shape (2, m)
        Weight of events at the time.
    incidence : ndarray, shape (2, m)
        Just after the time.
    std_error : ndarray, shape (2, m)
        Of the incidence.
    """

    time: np.ndarray
    n_risk: np.ndarray
    n_censor: np.ndarray
    n_event: np.ndarray
    incidence: np.ndarray
    std_error: np.ndarray


def cumulative_incidence(time: np.ndarray, cause: np.ndarray, weight: np.ndarray) -> Incidences:
    """Return the cumulative incidence of the event and of the competing event.

    F_k(t) = sum over s <= t of S(s-) d_k(s) / n(s), tied events of both kinds together. With h = d/n of either event
    and A(t) = sum h / (n (1 - h)), the influence of subject i on F_k(t) is B_k(t), the sum over s <= t of
    S(s-) (d_k/n) (A(s-) - 1/n), while under observation. From t_i on it is
    B_k(t_i) + e_ik S(t_i-) / n(t_i) + (A(t_i) - e_i / (n (1 - h))) (F_k(t) - F_k(t_i)).

    Parameters
    ----------
    time : ndarray, shape (n,)
        Follow-up.
    cause : ndarray of int, shape (n,)
        0 censored, 1 event, 2 competing event.
    weight : ndarray, shape (n,)
        1 for an unweighted estimate.
    """
    times, index = np.unique(time, return_inverse=True)
    size = len(times)
    leaving = np.bincount(index, weight, minlength=size)
    n_event = np.stack([np.bincount(index, weight * (cause == kind), minlength=size) for kind in (1, 2)])
    dead = n_event.sum(axis=0)
    n_risk = np.cumsum(leaving[::-1])[::-1]
    alive = n_risk - dead
    some = alive > 1e-12 * n_risk[0]
    survival = np.cumprod(np.where(some, alive / n_risk, 0.0))
    before = np.r_[1.0, survival[:-1]]
    steps = before * n_event / n_risk
    incidence = np.cumsum(steps, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        explained = np.cumsum(np.where(some, dead / (n_risk * alive), 0.0))
        lost = np.where(some, 1 / alive, 0.0)
    earlier = np.r_[0.0, explained[:-1]]
    staying = np.cumsum(np.bincount(index, weight**2, minlength=size)[::-1])[::-1]
    staying = np.r_[staying[1:], 0.0]
    slope = explained[index] - (cause > 0) * lost[index]
    errors = []
    for kind in (0, 1):
        observed = np.cumsum(steps[kind] * (earlier - 1 / n_risk))
        own = (cause == kind + 1) * (before / n_risk)[index]
        level = observed[index] + own - slope * incidence[kind][index]
        squares = [
            np.cumsum(np.bincount(index, weight**2 * part, minlength=size))
            for part in (level**2, level * slope, slope**2)
        ]
        gone = squares[0] + 2 * incidence[kind] * squares[1] + incidence[kind] ** 2 * squares[2]
        errors.append(np.sqrt(np.maximum(observed**2 * staying + gone, 0.0)))
    return Incidences(times, n_risk, leaving - dead, n_event, incidence, np.stack(errors))
