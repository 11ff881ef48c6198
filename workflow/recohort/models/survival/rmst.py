"""Restricted mean survival time: the area under a survival curve up to a time.

Royston P, Parmar MKB, BMC Med Res Methodol 2013;13:152 (doi 10.1186/1471-2288-13-152).
"""

import numpy as np

from recohort.models.survival.product_limit import product_limit


def restricted_mean(time: np.ndarray, event: np.ndarray, weight: np.ndarray, tau: float) -> tuple[float, float]:
    """Return the area under the product-limit curve from 0 to `tau` and its standard error.

    The influence of subject i on the area is the integral of S(u) times its influence on log S(u); the weighted sum of
    squares is Greenwood's variance where every weight is 1.

    Parameters
    ----------
    time, event, weight : ndarray, shape (n,)
        Follow-up, 0/1, weight (1 for an unweighted curve).
    tau : float
        Above 0, in the unit of `time`.

    Returns
    -------
    mean, std_error : float
        Both nan where follow-up ends before `tau` and the curve is not 0 there.
    """
    steps = product_limit(time, event, weight)
    if steps.time[-1] < tau and steps.survival[-1] > 0:
        return float("nan"), float("nan")
    edges = np.minimum(np.r_[0.0, steps.time, np.inf], tau)
    widths = np.diff(edges)
    heights = np.r_[1.0, steps.survival]
    area = np.cumsum(widths * heights)
    mean = float(area[-1])
    alive = steps.n_risk - steps.n_event
    alive = np.where(alive > 1e-12 * steps.n_risk[0], alive, np.nan)
    explained = np.nancumsum(steps.n_event / (steps.n_risk * alive))
    gathered = np.r_[0.0, np.cumsum(widths[1:] * steps.survival * explained)]
    index = np.searchsorted(steps.time, time)
    ahead = mean - area[:-1]
    own = np.nan_to_num(event / alive[index])
    influence = gathered[index] + (explained[index] - own) * ahead[index]
    return mean, float(np.sqrt(np.sum((weight * influence) ** 2)))
