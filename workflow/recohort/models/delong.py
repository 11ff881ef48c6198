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
    cases, controls = score[case == 1], score[case == 0]
    m, n = len(cases), len(controls)
    ranks = midranks(np.r_[cases, controls])
    by_case = (ranks[:m] - midranks(cases)) / n
    by_control = 1 - (ranks[m:] - midranks(controls)) / m
    area = float(by_case.mean())
    if min(m, n) < 2:
        return area, float("nan")
    return area, float(np.sqrt(by_case.var(ddof=1) / m + by_control.var(ddof=1) / n))


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
