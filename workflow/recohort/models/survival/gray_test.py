"""Gray's test of the equality of cumulative incidence functions.

Gray RJ, Ann Stat 1988;16:1141-1154 (doi 10.1214/aos/1176350951), with rho = 0 and its factor for tied events.
"""

import numpy as np

from recohort.models.survival.logrank import quadratic


def gray_test(time: np.ndarray, cause: np.ndarray, group: np.ndarray) -> tuple[float, int, float]:
    """Return chi-squared, degrees of freedom and p of the hypothesis that the incidence of cause 1 is alike.

    A group's score is its events less those expected if all had one subdistribution hazard; the number at risk of that
    hazard is R_j(t) = Y_j(t) (1 - F_j(t-)) / S_j(t-). With h_j = Y_j / S_j(t-) and F the common incidence, the
    covariance sums over groups r and over both kinds of event the products of d_jr + b_jr, where d_jr =
    h_j (I(j = r) - h_r / h) and b_jr = (1 - (1 - F) / S_r) (c_jr(end) - c_jr(t)), c_jr the integral of d_jr over
    dF / (1 - F); of the competing event only b counts.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Follow-up.
    cause : ndarray of int, shape (n,)
        0 censored, 1 the event tested, 2 the competing event.
    group : ndarray of int, shape (n,)
        Codes 0..k-1, each occurring.
    """
    times, index = np.unique(time, return_inverse=True)
    k, size = int(group.max()) + 1, len(times)
    leaving, first, second = (
        np.bincount((index * k + group)[mask], minlength=size * k).reshape(size, k).astype(float)
        for mask in (cause >= 0, cause == 1, cause == 2)
    )
    risk = np.cumsum(leaving[::-1], axis=0)[::-1]
    survival = np.cumprod(_share(risk - first - second, risk), axis=0)
    before = np.vstack([np.ones(k), survival[:-1]])
    incidence = np.cumsum(before * _share(first, risk), axis=0)
    earlier = np.vstack([np.zeros(k), incidence[:-1]])
    h = _share(risk, before)
    events, total = first.sum(axis=1), h.sum(axis=1)
    weighed = h * (1 - earlier)
    score = first.sum(axis=0) - events @ _share(weighed, weighed.sum(axis=1, keepdims=True))

    rises = events / total
    common = np.cumsum(rises)
    d = h[:, :, None] * (np.eye(k) - (h / total[:, None])[:, None, :])
    c = np.cumsum(d * _share(rises, 1 - np.r_[0.0, common[:-1]])[:, None, None], axis=0)
    ratio = _share(1 - common[:, None], survival)[:, None, :]
    rest = c[-1] - c
    of_event = _tied(events[:, None], total[:, None] * before) * before * rises[:, None] * _share(1.0, risk)
    of_competing = _tied(second, risk) * _share(before, risk) ** 2 * second
    parts = ((d + (1 - ratio) * rest, of_event), (ratio * rest, of_competing))
    variance = sum(np.einsum("tir,tjr,tr->ij", part, part, per_time) for part, per_time in parts)
    return quadratic(score, variance)


def _share(part: np.ndarray | float, whole: np.ndarray) -> np.ndarray:
    """Return part / whole, 0 where the whole is 0."""
    part, whole = np.broadcast_arrays(np.asarray(part, dtype=float), whole)
    return np.divide(part, whole, out=np.zeros(whole.shape), where=whole > 1e-14)


def _tied(events: np.ndarray, at_risk: np.ndarray) -> np.ndarray:
    """Return 1 less (events - 1) / (at risk - 1): how much less tied events vary."""
    return 1 - np.where(events > 1, _share(events - 1, at_risk - 1), 0.0)
