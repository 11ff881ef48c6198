"""Empirical ROC points and the area under them.

DeLong ER, DeLong DM, Clarke-Pearson DL, Biometrics 1988;44:837-845 (doi 10.2307/2531595), by midranks: Sun X, Xu W,
IEEE Signal Process Lett 2014;21:1389-1393 (doi 10.1109/LSP.2014.2337313).
"""

from typing import NamedTuple

import numpy as np

from recohort.models.distributions import midranks


class Points(NamedTuple):
    """ROC points from the strictest to the laxest threshold, arrays of shape (m + 1,) for m distinct scores.

    Attributes
    ----------
    threshold : ndarray
        Midpoints between neighbouring distinct scores, falling, from inf to -inf; positive means at or above.
    sensitivity, specificity : ndarray
        Shares in 0..1.
    """

    threshold: np.ndarray
    sensitivity: np.ndarray
    specificity: np.ndarray


class Placements(NamedTuple):
    """What each patient adds to the areas of k scores.

    Attributes
    ----------
    area : ndarray, shape (k,)
        Areas under the ROC curves.
    by_case : ndarray, shape (k, m)
        Share of the controls below each case, ties one half.
    by_control : ndarray, shape (k, n)
        Share of the cases above each control.
    """

    area: np.ndarray
    by_case: np.ndarray
    by_control: np.ndarray


def placements(scores: np.ndarray, case: np.ndarray) -> Placements:
    """Return the areas under the ROC curves of several scores and their parts.

    Parameters
    ----------
    scores : ndarray, shape (k, n)
        High in cases.
    case : ndarray, shape (n,)
        1 for a case, 0 for a control; each occurs.
    """
    by_case, by_control = [], []
    for score in scores:
        cases, controls = score[case == 1], score[case == 0]
        ranks = midranks(np.r_[cases, controls])
        by_case.append((ranks[: len(cases)] - midranks(cases)) / len(controls))
        by_control.append(1 - (ranks[len(cases) :] - midranks(controls)) / len(cases))
    return Placements(np.mean(by_case, axis=1), np.array(by_case), np.array(by_control))


def covariance(parts: Placements) -> np.ndarray:
    """Return DeLong's covariance of the areas, shape (k, k); nan with fewer than two cases or controls."""
    m, n = parts.by_case.shape[1], parts.by_control.shape[1]
    if min(m, n) < 2:
        return np.full((len(parts.area),) * 2, np.nan)
    return np.atleast_2d(np.cov(parts.by_case)) / m + np.atleast_2d(np.cov(parts.by_control)) / n


def auc(score: np.ndarray, case: np.ndarray) -> tuple[float, float]:
    """Return the area under the ROC curve (ties one half) and DeLong's standard error.

    Parameters
    ----------
    score : ndarray, shape (n,)
        High in cases.
    case : ndarray, shape (n,)
        1 for a case, 0 for a control; each occurs.

    Returns
    -------
    area, std_error : float
        The error is nan with fewer than two cases or controls.
    """
    parts = placements(score[None], case)
    return float(parts.area[0]), float(np.sqrt(covariance(parts)[0, 0]))


def points(score: np.ndarray, case: np.ndarray) -> Points:
    """Return every ROC point of a score that is high in cases, arguments as in `auc`."""
    values, index = np.unique(score, return_inverse=True)
    cases = np.bincount(index, case, minlength=len(values))[::-1]
    controls = np.bincount(index, 1 - case, minlength=len(values))[::-1]
    falling = values[::-1]
    return Points(
        np.r_[np.inf, (falling[:-1] + falling[1:]) / 2, -np.inf],
        np.r_[0.0, np.cumsum(cases)] / cases.sum(),
        1 - np.r_[0.0, np.cumsum(controls)] / controls.sum(),
    )


def youden(curve: Points) -> np.ndarray:
    """Return the positions of all points with the greatest sensitivity + specificity - 1, strictest first."""
    index = curve.sensitivity + curve.specificity
    return np.flatnonzero(index >= index.max() - 1e-12)


def reaching(curve: Points, rule: str, target: float) -> int:
    """Return the position of the best point whose sensitivity (or specificity) reaches a target.

    Of the points that reach it the one with the highest other share counts; of several such, the one with most of the
    targeted share.

    Parameters
    ----------
    curve : Points
        Of any score: the first point has specificity 1, the last sensitivity 1, so that some point always reaches.
    rule : {"sensitivity", "specificity"}
        What the target is of.
    target : float
        0..1.
    """
    wanted, other = curve.sensitivity, curve.specificity
    if rule == "specificity":
        wanted, other = other, wanted
    reached = wanted >= target - 1e-12
    best = np.flatnonzero(reached & (other >= other[reached].max() - 1e-12))
    return int(best[-1] if rule == "sensitivity" else best[0])


def partial_area(curve: Points, focus: str, low: float, high: float) -> tuple[float, float]:
    """Return the area under the part of a curve where specificity or sensitivity is within `low..high`.

    The curve is straight between its points.

    Returns
    -------
    area, standardised : float
        The second is 1/2 for the diagonal and 1 for a perfect score (McClish DK, Med Decis Making 1989;9:190-195, doi
        10.1177/0272989X8900900307); nan for a curve below the diagonal there.
    """
    x, y = 1 - curve.specificity, curve.sensitivity
    if focus == "sensitivity":
        x, y = 1 - y[::-1], curve.specificity[::-1]
    start, end = 1 - high, 1 - low
    inside = (x > start + 1e-12) & (x < end - 1e-12)
    xs = np.r_[start, x[inside], end]
    ys = np.r_[_height(x, y, np.array([start])), y[inside], 1 - _height(1 - x[::-1], 1 - y[::-1], np.array([1 - end]))]
    area = float(np.sum(np.diff(xs) * (ys[1:] + ys[:-1]) / 2))
    least, most = (end**2 - start**2) / 2, end - start
    return area, (1 + (area - least) / (most - least)) / 2 if area >= least else float("nan")


def sensitivity_at(curve: Points, false_positive_rate: np.ndarray) -> np.ndarray:
    """Return sensitivity at given 1 - specificity: the highest there, straight between points."""
    return _height(1 - curve.specificity, curve.sensitivity, false_positive_rate)


def _height(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return a rising curve's height, the upper end of a vertical piece."""
    left = np.clip(np.searchsorted(x, at + 1e-12, side="right") - 1, 0, len(x) - 1)
    right = np.minimum(left + 1, len(x) - 1)
    gap = x[right] - x[left]
    share = np.divide(np.maximum(at - x[left], 0.0), gap, out=np.zeros(len(at)), where=gap > 0)
    return y[left] + share * (y[right] - y[left])
