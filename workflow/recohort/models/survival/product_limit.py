"""The product-limit estimator and its intervals.

Kaplan EL, Meier P, J Am Stat Assoc 1958;53:457-481 (doi 10.1080/01621459.1958.10501452); variance: Greenwood M 1926,
in the infinitesimal jackknife form that holds for weights as well (the two are equal where every weight is 1).
"""

from typing import NamedTuple

import numpy as np

from recohort.models.distributions import two_sided_z


class Steps(NamedTuple):
    """A survival curve at each distinct time, arrays of shape (m,).

    Attributes
    ----------
    time : ndarray
        Distinct times, rising.
    n_risk, n_event, n_censor : ndarray
        Weight at risk just before, of events at, of censorings at the time.
    survival : ndarray
        Just after the time.
    std_error : ndarray
        Of the logarithm of survival; nan where survival is 0.
    """

    time: np.ndarray
    n_risk: np.ndarray
    n_event: np.ndarray
    n_censor: np.ndarray
    survival: np.ndarray
    std_error: np.ndarray


def product_limit(time: np.ndarray, event: np.ndarray, weight: np.ndarray) -> Steps:
    """Return the product-limit curve.

    With h = d/n at each time, log S = sum log(1 - h). The influence of subject i on log S(t) is A(t) for those still
    under observation and A(t_i) - e_i / (n (1 - h)) for the others, A(t) = sum h / (n (1 - h)); its weighted sum of
    squares is the variance.

    Parameters
    ----------
    time, event, weight : ndarray, shape (n,)
        Follow-up, 0/1, weight (1 for an unweighted curve).
    """
    times, index = np.unique(time, return_inverse=True)
    size = len(times)
    leaving = np.bincount(index, weight, minlength=size)
    n_event = np.bincount(index, weight * event, minlength=size)
    n_risk = np.cumsum(leaving[::-1])[::-1]
    survival = np.cumprod((n_risk - n_event) / n_risk)
    survival[np.flatnonzero(n_risk - n_event <= 1e-12 * n_risk[0])] = 0.0
    survival = np.minimum.accumulate(survival)
    alive = np.where(n_risk - n_event > 1e-12 * n_risk, n_risk - n_event, np.nan)
    explained = np.cumsum(n_event / (n_risk * alive))
    square = np.bincount(index, weight**2 * (explained[index] - event / alive[index]) ** 2, minlength=size)
    staying = np.cumsum(np.bincount(index, weight**2, minlength=size)[::-1])[::-1]
    staying = np.r_[staying[1:], 0.0]
    variance = explained**2 * staying + np.cumsum(square)
    return Steps(times, n_risk, n_event, leaving - n_event, survival, np.sqrt(variance))


def interval(
    survival: np.ndarray, std_error: np.ndarray, *, confidence: str, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return pointwise limits of survival; nan where it is 0 or 1, where no interval of these kinds exists.

    Parameters
    ----------
    survival, std_error : ndarray, shape (m,)
        And the standard error of its logarithm.
    confidence : {"log_log", "log", "plain"}
        Scale on which the interval is symmetric: log(-log S), log S, S. Limits stay within 0 and 1.
    level : float
        0.95 for 95 %.
    """
    z = two_sided_z(level)
    s = np.where((survival > 0) & (survival < 1), survival, np.nan)
    if confidence == "plain":
        low, high = s * (1 - z * std_error), s * (1 + z * std_error)
    elif confidence == "log":
        low, high = s * np.exp(-z * std_error), s * np.exp(z * std_error)
    else:
        width = z * std_error / np.log(s)
        low, high = s ** np.exp(-width), s ** np.exp(width)
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def crossing(time: np.ndarray, survival: np.ndarray, share: float) -> float:
    """Return when a falling curve reaches `share`: the middle of the flat piece where it rests there; nan if never."""
    tolerance = 1e-8
    with np.errstate(invalid="ignore"):
        below = np.flatnonzero(survival < share + tolerance)
    if not below.size:
        return float("nan")
    first = below[0]
    if abs(survival[first] - share) > tolerance:
        return float(time[first])
    lower = np.flatnonzero(survival < share - tolerance)
    last = lower[0] if lower.size else len(time) - 1
    return float((time[first] + time[last]) / 2)
