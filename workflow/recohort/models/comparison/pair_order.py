"""Order statistics of all pairwise sums without forming them all: what Hodges and Lehmann's estimates need."""

import numpy as np

_ENUMERATED = 2_000_000


def pairwise_order(first: np.ndarray, second: np.ndarray, positions: list[int]) -> np.ndarray:
    """Return order statistics of the m n sums first[i] + second[j].

    Parameters
    ----------
    first : ndarray, shape (m,)
    second : ndarray, shape (n,)
    positions : list of int
        From 1 to m n, smallest first.

    Returns
    -------
    ndarray, shape (len(positions),)
        In time O((m + n) log n) by halving the range in which the wanted sum lies.
    """
    a, times_a = np.unique(first, return_counts=True)
    b, times_b = np.unique(second, return_counts=True)
    return np.array([_kth(a, times_a, b, times_b, position, diagonal=None) for position in positions])


def walsh_order(values: np.ndarray, positions: list[int]) -> np.ndarray:
    """Return order statistics of the n (n + 1) / 2 Walsh averages (x[i] + x[j]) / 2, i at most j.

    Parameters
    ----------
    values : ndarray, shape (n,)
    positions : list of int
        From 1, smallest first.
    """
    a, times = np.unique(values, return_counts=True)
    return np.array([_kth(a, times, a, times, 2 * position, diagonal=times) / 2 for position in positions])


def _kth(
    a: np.ndarray, times_a: np.ndarray, b: np.ndarray, times_b: np.ndarray, k: int, diagonal: np.ndarray | None
) -> float:
    """Return the k-th smallest a[i] + b[j], each counted times_a[i] times_b[j] times, i = j so many times more."""
    before = np.r_[0, np.cumsum(times_b)]
    own = np.arange(len(a))

    def count(reach: np.ndarray) -> int:
        total = int((times_a * before[reach]).sum())
        return total if diagonal is None else total + int(diagonal[reach > own].sum())

    def reach(limit: float, side: str) -> np.ndarray:
        return np.searchsorted(b, limit - a, side=side)

    low, high = a[0] + b[0], a[-1] + b[-1]
    slack = 8 * np.finfo(float).eps * max(abs(a).max() + abs(b).max(), np.finfo(float).tiny)
    while True:
        start, stop = reach(low - slack, "left"), reach(high + slack, "right")
        middle = low + (high - low) / 2
        if (stop - start).sum() <= max(_ENUMERATED, 8 * len(a)) or high - low <= slack:
            break
        if count(reach(middle, "right")) >= k:
            high = middle
        else:
            low = middle
    sizes = stop - start
    i = np.repeat(own, sizes)
    j = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(start, sizes)
    sums, weights = a[i] + b[j], times_a[i] * times_b[j]
    if diagonal is not None:
        weights = weights + np.where(i == j, diagonal[i], 0)
    order = np.argsort(sums, kind="stable")
    reached = count(start) + np.cumsum(weights[order])
    return float(sums[order][np.searchsorted(reached, k)])
