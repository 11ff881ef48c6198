"""How well a score tells who has the event by a time from who has not: the cumulative/dynamic AUC under censoring.

Hung H, Chiang CT, Can J Stat 2010;38:8-26 (doi 10.1002/cjs.10046); Blanche P, Dartigues JF, Jacqmin-Gadda H, Stat Med
2013;32:5381-5397 (doi 10.1002/sim.5958).
"""

from typing import NamedTuple

import numpy as np

from recohort.models.survival.ipcw import Censoring


class TimeAUC(NamedTuple):
    """Areas at one time for k scores.

    Attributes
    ----------
    area : ndarray, shape (k,)
        nan where there is no case or no control.
    influence : ndarray, shape (k, n)
        Of each subject on each area; the mean of squares over n is the variance.
    n_cases, n_controls : int
        Observed events by the time, and subjects known not to have had it.
    """

    area: np.ndarray
    influence: np.ndarray
    n_cases: int
    n_controls: int


def time_auc(
    scores: np.ndarray, time: np.ndarray, event: np.ndarray, moment: float, *, competing: np.ndarray | None = None
) -> TimeAUC:
    """Return AUC(t): the weighted share of (case, control) pairs of which the case has the higher score, ties one half.

    A case has the event by `moment`, weight 1/G(T-); a control is still followed after it, weight 1/G(t), or has had a
    competing event by then, weight 1/G(T-). Who is censored before counts through the weights. O(n log n).

    Parameters
    ----------
    scores : ndarray, shape (k, n)
        High where the event comes early.
    time, event : ndarray, shape (n,)
        Follow-up and 0/1.
    moment : float
        Time t, in the unit of follow-up.
    competing : ndarray of bool, shape (n,), optional
        Whether a competing event ended the follow-up.
    """
    n, other = len(time), np.zeros(len(time), bool) if competing is None else competing
    censoring = Censoring(time, (event == 0) & ~other)
    case, free = (event == 1) & (time <= moment), time > moment
    spared = other & (time <= moment)
    counts = int(case.sum()), int(free.sum() + spared.sum())
    if not all(counts):
        return TimeAUC(np.full(len(scores), np.nan), np.full(scores.shape, np.nan), *counts)
    before, at = censoring.before(), censoring.at(moment)
    inverse = np.divide(1.0, before, out=np.zeros(n), where=case | spared)
    w, v = np.where(case, inverse, 0.0), np.where(spared, inverse, 0.0)
    v[free] = 1 / at
    position = np.where(free, censoring.position(moment), censoring.index)
    areas, influences = [], []
    for score in scores:
        rank = np.unique(score, return_inverse=True)[1]
        below = _share_below(rank, v)  # of the controls, for each case
        above = w.mean() - _share_below(rank, w)  # of the cases, for each control
        whole = w.mean() * v.mean()
        area = np.mean(w * below) / whole
        mass = w * (below - area * v.mean()) + v * (above - area * w.mean())
        areas.append(area)
        influences.append((mass + censoring.influence(mass, position)) / whole)
    return TimeAUC(np.array(areas), np.array(influences), *counts)


def _share_below(rank: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return, for each subject, the mean weight of those of lower rank and half of those of its own."""
    mass = np.bincount(rank, weight)
    return ((np.cumsum(mass) - mass / 2) / len(rank))[rank]
