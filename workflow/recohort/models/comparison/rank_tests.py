"""Tests on ranks of two independent samples or of one of differences, exact or normal, with the shift they leave.

Exact distributions are permutation distributions of the observed (mid)ranks by the shift algorithm: Streitberg B,
Roehmel J, Stat Softw Newsl 1986;12:10-17. Shifts: Hodges JL, Lehmann EL, Ann Math Stat 1963;34:598-611
(doi 10.1214/aoms/1177704172).
"""

from typing import NamedTuple

import numpy as np

from recohort.core.errors import InputError
from recohort.models.comparison.pair_order import pairwise_order, walsh_order
from recohort.models.distributions import midranks, normal_p, two_sided_z

_WORK = 3_000_000_000
_EXACT_BELOW = 50


class RankTest(NamedTuple):
    """A rank test and the shift that undoes the difference.

    Attributes
    ----------
    statistic : float
        R's W (of the second sample) or V.
    p_value : float
        Two-sided.
    shift, low, high : float
        Hodges and Lehmann's estimate and its limits; limits are nan where the level cannot be reached.
    how : str
        ``exact``, ``exact given ties``, ``normal with continuity correction``, ``normal``.
    """

    statistic: float
    p_value: float
    shift: float
    low: float
    high: float
    how: str


def mann_whitney(first: np.ndarray, second: np.ndarray, *, exact: str | bool, correct: bool, level: float) -> RankTest:
    """Compare two samples by ranks.

    Parameters
    ----------
    first : ndarray, shape (m,)
    second : ndarray, shape (n,)
    exact : "auto" or bool
        ``auto`` as R's ``wilcox.test``: where both have fewer than 50 values and none are tied.
    correct : bool
        Continuity correction of the normal approximation.
    level : float
        Of the interval of the shift, second less first.

    Raises
    ------
    InputError
        The samples are too large for an exact test.
    """
    m, n = len(first), len(second)
    ranks = midranks(np.r_[first, second])
    statistic = float(ranks[m:].sum() - n * (n + 1) / 2)
    tied = len(np.unique(ranks)) < m + n
    if _is_exact(exact, tied, max(m, n)):
        scores = np.rint(2 * ranks).astype(int)
        support, mass = _subset_sums(scores, n)
        observed = int(scores[m:].sum())
        w = (support - n * (n + 1)) / 2
        offset = abs(support * (m + n) - n * int(scores.sum()))
        p = float(mass[offset >= abs(observed * (m + n) - n * int(scores.sum()))].sum())
        shift, low, high = _exact_shift(np.subtract.outer(second, first).ravel(), w, mass, level)
        return RankTest(statistic, min(p, 1.0), shift, low, high, "exact given ties" if tied else "exact")
    spread = np.sqrt(m * n / 12 * ((m + n + 1) - _tie_term(ranks) / ((m + n) * (m + n - 1))))
    within = _tie_term(first) + _tie_term(second)
    apart = np.sqrt(m * n / 12 * ((m + n + 1) - within / ((m + n) * (m + n - 1))))
    p = _normal_p(statistic - m * n / 2, spread, correct)
    k = _normal_position(m * n, apart, correct, level)
    places = _middle(m * n) + ([k, m * n + 1 - k] if k else [])
    found = pairwise_order(second, -first, places)
    limits = found[2:] if k else (np.nan, np.nan)
    return RankTest(statistic, p, float(found[:2].mean()), float(limits[0]), float(limits[1]), _normal_words(correct))


def signed_rank(differences: np.ndarray, *, zeros: str, exact: str | bool, correct: bool, level: float) -> RankTest:
    """Test whether differences are symmetric about 0.

    Parameters
    ----------
    differences : ndarray, shape (n,)
    zeros : {"wilcoxon", "pratt"}
        Zeros leave before ranking (and leave the shift too, as in R's ``wilcox.test``), or are ranked and their ranks
        left out (Pratt JW, J Am Stat Assoc 1959;54:655-667); then the shift counts them but has no interval.
    exact : "auto" or bool
        ``auto``: fewer than 50 differences, no zero, no tie.
    correct : bool
        Continuity correction of the normal approximation.
    level : float
        Of the interval of the pseudomedian.

    Raises
    ------
    InputError
        There are too many differences for an exact test.
    """
    nonzero = differences != 0
    some_zero = not nonzero.all()
    if not nonzero.any():
        return RankTest(0.0, np.nan, 0.0, np.nan, np.nan, "no difference")
    kept = differences[nonzero]
    ranks = midranks(abs(differences))[nonzero] if zeros == "pratt" else midranks(abs(kept))
    shifted = differences if zeros == "pratt" else kept
    n, statistic = len(kept), float(ranks[kept > 0].sum())
    pairs = len(shifted) * (len(shifted) + 1) // 2
    tied = len(np.unique(ranks)) < n
    if _is_exact(exact, tied or some_zero, n):
        scores = np.rint(2 * ranks).astype(int)
        mass = _signed_sums(scores)
        offset = abs(2 * np.arange(len(mass)) - int(scores.sum()))
        p = float(mass[offset >= abs(4 * statistic - scores.sum()) - 1e-9].sum())
        tail = (1 - level) / 2
        shift, low, high = float(walsh_order(shifted, _middle(pairs)).mean()), np.nan, np.nan
        lowest = _least(np.flatnonzero(mass) / 2, mass[mass > 0], tail)
        if not (np.isnan(lowest) or (zeros == "pratt" and some_zero)):
            k = int(np.ceil(lowest))
            low, high = walsh_order(shifted, [k, pairs + 1 - k])
        how = "exact given ties" if tied or some_zero else "exact"
        return RankTest(statistic, min(p, 1.0), shift, float(low), float(high), how)
    p = _normal_p(statistic - ranks.sum() / 2, np.sqrt((ranks**2).sum() / 4), correct)
    shift, low, high = float(walsh_order(shifted, _middle(pairs)).mean()), np.nan, np.nan
    if not (zeros == "pratt" and some_zero):
        spread = np.sqrt((midranks(kept) ** 2).sum() / 4)
        if k := _normal_position(pairs, spread, correct, level):
            low, high = walsh_order(shifted, [k, pairs + 1 - k])
    return RankTest(statistic, p, shift, float(low), float(high), _normal_words(correct))


def kruskal_wallis(parts: list[np.ndarray]) -> tuple[float, int]:
    """Return Kruskal and Wallis's H with tie correction and its degrees of freedom; H is nan where all are tied.

    Kruskal WH, Wallis WA, J Am Stat Assoc 1952;47:583-621 (doi 10.1080/01621459.1952.10483441).
    """
    pooled = np.concatenate(parts)
    n, ranks = len(pooled), midranks(pooled)
    sums = [part.sum() ** 2 / len(part) for part in np.split(ranks, np.cumsum([len(part) for part in parts])[:-1])]
    correction = 1 - _tie_term(pooled) / (n**3 - n)
    h = 12 * sum(sums) / (n * (n + 1)) - 3 * (n + 1)
    return (float(h / correction) if correction > 0 else float("nan")), len(parts) - 1


def _is_exact(exact: str | bool, tied: bool, largest: int) -> bool:
    return (largest < _EXACT_BELOW and not tied) if exact == "auto" else bool(exact)


def _tie_term(values: np.ndarray) -> float:
    counts = np.unique(values, return_counts=True)[1].astype(float)
    return float((counts**3 - counts).sum())


def _subset_sums(scores: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of scores that subsets of a size have, and the probability of each."""
    smaller = min(size, len(scores) - size)
    floor = int(scores.min())
    steps = scores - floor
    unit = max(int(np.gcd.reduce(steps)), 1)
    steps = steps // unit
    top = int(np.sort(steps)[len(steps) - smaller :].sum())
    if len(scores) * smaller * (top + 1) > _WORK or len(scores) > 1000:
        raise InputError(
            f"exact rank test: {len(scores) - size} and {size} values are too many, expected 'exact: auto' or false"
        )
    ways = np.zeros((smaller + 1, top + 1))
    ways[0, 0] = 1.0
    for step in np.sort(steps):
        ways[1:, step:] += ways[:-1, : top + 1 - step]
    mass, sums = ways[smaller] / ways[smaller].sum(), unit * np.arange(top + 1) + smaller * floor
    if smaller != size:
        mass, sums = mass[::-1], (int(scores.sum()) - sums)[::-1]
    kept = mass > 0
    return sums[kept], mass[kept]


def _signed_sums(scores: np.ndarray) -> np.ndarray:
    """Return the probability of every sum of the scores whose signs are positive, shape (sum + 1,)."""
    total = int(scores.sum())
    if len(scores) * (total + 1) > _WORK:
        raise InputError(
            f"exact signed rank test: {len(scores)} differences are too many, expected 'exact: auto' or false"
        )
    mass = np.zeros(total + 1)
    mass[0] = 1.0
    for step in scores:
        moved = np.zeros(total + 1)
        moved[step:] = mass[: total + 1 - step]
        mass = (mass + moved) / 2
    return mass


def _exact_shift(
    differences: np.ndarray, support: np.ndarray, mass: np.ndarray, level: float
) -> tuple[float, float, float]:
    """Return the median difference, and the shifts that the test given the observed ranks does not reject."""
    values, times = np.unique(differences, return_counts=True)
    pairs, tail = len(differences), (1 - level) / 2
    above = pairs - np.cumsum(times)
    below = pairs - above - times
    lowest, highest = _least(support, mass, tail), pairs - _least(pairs - support[::-1], mass[::-1], tail)
    shift = float(np.median(differences))
    if np.isnan(lowest) or np.isnan(highest):
        return shift, np.nan, np.nan
    return shift, float(values[below < pairs - highest].max()), float(values[above < lowest].min())


def _least(support: np.ndarray, mass: np.ndarray, tail: float) -> float:
    """Return the lowest statistic that is not rejected at this tail; nan where none is ever rejected."""
    reached = np.cumsum(mass)
    index = int(np.searchsorted(reached, tail * (1 - 1e-12)))
    if index == 0 and reached[0] > tail * (1 + 1e-12):
        return float("nan")
    return float(support[max(index, 1)])


def _middle(count: int) -> list[int]:
    return [(count + 1) // 2, count // 2 + 1]


def _normal_position(count: int, spread: float, correct: bool, level: float) -> int:
    """Return which order statistic is the lower limit of the shift; 0 where the level cannot be reached."""
    reach = count / 2 + (0.5 if correct else 0.0) + two_sided_z(level) * spread
    return max(int(np.ceil(count - reach)), 0)


def _normal_p(distance: float, spread: float, correct: bool) -> float:
    if spread == 0:
        return float("nan")
    return float(normal_p((distance - (0.5 * np.sign(distance) if correct else 0.0)) / spread))


def _normal_words(correct: bool) -> str:
    return "normal with continuity correction" if correct else "normal"
