"""Pearson's, Spearman's and Kendall's correlation of two columns, and Pearson's and Spearman's given others."""

from itertools import permutations
from typing import NamedTuple

import numpy as np

from recohort.models.comparison.tails import t_p
from recohort.models.distributions import midranks, normal_p, two_sided_z

_ROWS = 500


class Correlation(NamedTuple):
    """A coefficient, its limits by Fisher's z, its test (nan where there is none), and how it was made."""

    estimate: float
    low: float
    high: float
    statistic: float
    df: float
    p_value: float
    how: str


def moment(x: np.ndarray, y: np.ndarray, given: np.ndarray, *, ranks: bool, level: float) -> Correlation:
    """Return Pearson's correlation, or Spearman's (`ranks`), of what `given` leaves of x and y.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
    given : ndarray, shape (n, k)
        Held constant: x and y are replaced by the residuals of their regression on it (for Spearman all are ranked).
    ranks : bool
        Spearman. Without `given` and ties and with n at most 9 its p-value is exact, else of t.
    level : float
        Fisher's z has the standard error 1 / sqrt(n - 3 - k), for ranks times sqrt(1 + r^2 / 2)
        (Bonett DG, Wright TA, Psychometrika 2000;65:23-28, doi 10.1007/BF02294183).
    """
    n, how = len(x), "Spearman" if ranks else "Pearson"
    tied = ranks and (len(np.unique(x)) < n or len(np.unique(y)) < n)
    if ranks:
        x, y = midranks(x), midranks(y)
    k = int(np.linalg.matrix_rank(np.column_stack([np.ones(n), given]))) - 1
    left_x, left_y = _residuals(x, given), _residuals(y, given)
    df = n - 2 - k
    size = np.sqrt((left_x @ left_x) * (left_y @ left_y))
    flat = [left @ left <= 1e-24 * (raw @ raw) for left, raw in ((left_x, x), (left_y, y))]
    if any(flat) or df < 1:
        return Correlation(*[float("nan")] * 6, how)
    r = float(np.clip(left_x @ left_y / size, -1, 1))
    if 1 - abs(r) < 1e-14:
        r = float(np.sign(r))
    with np.errstate(divide="ignore"):
        t = float(r * np.sqrt(df / np.float64(1 - r**2)))
    p, statistic, words = float(t_p(t, df)), t, f"{how}, t"
    if ranks and not given.size and not tied and n <= 9:
        p, statistic, df, words = _exact_spearman(x, y), float(((x - y) ** 2).sum()), float("nan"), f"{how}, exact"
    widening = np.sqrt(1 + r**2 / 2) if ranks else 1.0
    low, high = _limits(r, widening / np.sqrt(n - 3 - k) if n - 3 - k > 0 else np.nan, level)
    return Correlation(r, low, high, statistic, df, p, words)


def kendall(x: np.ndarray, y: np.ndarray, *, level: float) -> Correlation:
    """Return Kendall's tau-b; its p-value is exact with fewer than 50 rows and no tie, else normal (R's ``cor.test``).

    Fisher's z has the standard error sqrt(0.437 / (n - 4)) (Fieller EC, Hartley HO, Pearson ES, Biometrika
    1957;44:470-481, doi 10.1093/biomet/44.3-4.470).
    """
    n = len(x)
    ties_x, ties_y = (np.unique(values, return_counts=True)[1].astype(float) for values in (x, y))
    pairs = n * (n - 1) / 2
    free = [pairs - (ties * (ties - 1) / 2).sum() for ties in (ties_x, ties_y)]
    if min(free) <= 0:
        return Correlation(*[float("nan")] * 6, "Kendall")
    s = sum(
        float((np.sign(x[at : at + _ROWS, None] - x) * np.sign(y[at : at + _ROWS, None] - y)).sum())
        for at in range(0, n, _ROWS)
    )
    s /= 2
    tau = float(s / np.sqrt(free[0] * free[1]))
    low, high = _limits(tau, np.sqrt(0.437 / (n - 4)) if n > 4 else np.nan, level)
    if n < 50 and min(free) == pairs:
        concordant = round((pairs + s) / 2)
        return Correlation(
            tau, low, high, float(concordant), float("nan"), _exact_kendall(concordant, n), "Kendall, exact"
        )
    whole = n * (n - 1) * (2 * n + 5)
    both = [(ties * (ties - 1) * (2 * ties + 5)).sum() for ties in (ties_x, ties_y)]
    two = [(ties * (ties - 1)).sum() for ties in (ties_x, ties_y)]
    three = [(ties * (ties - 1) * (ties - 2)).sum() for ties in (ties_x, ties_y)]
    variance = (whole - sum(both)) / 18 + two[0] * two[1] / (2 * n * (n - 1))
    variance += three[0] * three[1] / (9 * n * (n - 1) * (n - 2)) if n > 2 else 0.0
    z = float(s / np.sqrt(variance))
    return Correlation(tau, low, high, z, float("nan"), float(normal_p(z)), "Kendall, normal")


def _limits(r: float, error: float, level: float) -> tuple[float, float]:
    with np.errstate(divide="ignore"):
        z, half = np.arctanh(r), two_sided_z(level) * error
    return float(np.tanh(z - half)), float(np.tanh(z + half))


def _residuals(values: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Return what a regression with intercept leaves, centred first for the last digits."""
    centred = values - values.mean()
    if not given.size:
        return centred
    others = given - given.mean(axis=0)
    others = others[:, np.ptp(given, axis=0) > 0]
    for _ in range(2):
        centred = centred - others @ np.linalg.lstsq(others, centred, rcond=None)[0]
    return centred


def _exact_spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Return R's exact two-sided p-value: twice the tail of the sum of squared differences of ranks."""
    n = len(x)
    every = np.array(list(permutations(range(n))))
    distances = ((every - np.arange(n)) ** 2).sum(axis=1)
    found = round(float(((x - y) ** 2).sum()))
    tail = (distances >= found).mean() if found > (n**3 - n) / 6 else (distances <= found).mean()
    return float(min(2 * tail, 1.0))


def _exact_kendall(concordant: int, n: int) -> float:
    """Return twice the smaller tail of the number of concordant pairs (that of inversions of a permutation)."""
    mass = np.ones(1)
    for size in range(2, n + 1):
        mass = np.convolve(mass, np.full(size, 1 / size))
    return float(min(2 * min(mass[: concordant + 1].sum(), mass[concordant:].sum()), 1.0))
