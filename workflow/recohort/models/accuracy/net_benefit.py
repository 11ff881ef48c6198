"""Net benefit of treating those whose predicted risk reaches a threshold.

Vickers AJ, Elkin EB, Med Decis Making 2006;26:565-574 (doi 10.1177/0272989X06295361); under censoring Vickers AJ,
Cronin AM, Elkin EB, Gonen M, BMC Med Inform Decis Mak 2008;8:53 (doi 10.1186/1472-6947-8-53).
"""

import numpy as np

from recohort.models.accuracy.risk_model import Outcome


def net_benefit(outcome: Outcome, risk: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Return true positives less false positives times the odds of the threshold, per patient, shape (T,).

    Under censoring they are the share at or above the threshold times the product-limit risk among them, and the rest.

    Parameters
    ----------
    outcome : Outcome
        Of n patients.
    risk : ndarray, shape (n,)
        Predicted; infinite treats everybody.
    thresholds : ndarray, shape (T,)
        Rising, within 0 and 1.

    Returns
    -------
    ndarray
        0 where nobody reaches the threshold; nan where nobody who does is followed until the moment.
    """
    n = len(risk)
    reached = np.searchsorted(thresholds, risk + 1e-12, side="right")
    share = _at_least(np.bincount(reached, minlength=len(thresholds) + 1)) / n
    if outcome.time is None:
        rate = _at_least(np.bincount(reached, outcome.event, minlength=len(thresholds) + 1)) / n
    else:
        rate = share * _risk_among(outcome, reached, len(thresholds))
    odds = thresholds / (1 - thresholds)
    return np.where(share > 0, rate - (share - rate) * odds, 0.0)


def _at_least(count: np.ndarray) -> np.ndarray:
    """Return, from counts by the number of thresholds reached, how many reach each."""
    return np.cumsum(count[::-1])[::-1][1:]


def _risk_among(outcome: Outcome, reached: np.ndarray, size: int) -> np.ndarray:
    """Return the product-limit risk among those who reach each threshold, shape (size,)."""
    times, index = np.unique(outcome.time, return_inverse=True)
    # Leaving and dying at each time by thresholds reached: one grid of counts instead of a curve at a time.
    cell, shape = index * (size + 1) + reached, (len(times), size + 1)
    leaving = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    dying = np.bincount(cell, outcome.event, minlength=shape[0] * shape[1]).reshape(shape)
    leaving, dying = (np.cumsum(part[:, ::-1], axis=1)[:, ::-1][:, 1:] for part in (leaving, dying))
    at_risk = np.cumsum(leaving[::-1], axis=0)[::-1]
    early = times <= outcome.moment
    share = np.divide(dying[early], at_risk[early], out=np.zeros((early.sum(), size)), where=at_risk[early] > 0)
    survival = np.prod(1 - share, axis=0)
    followed = at_risk[np.flatnonzero(~early)[0]] > 0 if (~early).any() else np.zeros(size, bool)
    at_end = leaving[times == outcome.moment].sum(axis=0) > 0
    return np.where(followed | at_end | (survival < 1e-12), 1 - survival, np.nan)
