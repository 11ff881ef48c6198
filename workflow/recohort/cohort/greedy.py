"""Greedy nearest neighbours on one number, in rounds, without a distance matrix."""

from bisect import bisect_left

import numpy as np


class Pool:
    """Untreated units sorted by distance, taken one by one.

    Units of one value wait in the order of the table; emptied values are skipped by path halving, so that n requests
    cost O(n log n).

    Parameters
    ----------
    values : ndarray, shape (n,)
        Their distances.
    """

    def __init__(self, values: np.ndarray):
        order = np.argsort(values, kind="stable")
        unique, starts = np.unique(values[order], return_index=True)
        self.order, self.values = order.tolist(), unique.tolist()
        self.next, self.end = starts.tolist(), [*starts[1:].tolist(), len(values)]
        size = len(self.values)
        # Place 0 and size + 1 are the outsides; value v stands at place v + 1.
        self.left, self.right = list(range(size + 2)), list(range(size + 2))

    def take(self, value: float, caliper: float) -> int | None:
        """Return and remove the nearest unit within `caliper` of `value`; of two as near, the lower value's.

        Among units of one value, the first of the table. None where none is near enough.
        """
        place = bisect_left(self.values, value)
        low, high = _root(self.left, place), _root(self.right, place + 1)
        below = value - self.values[low - 1] if low else np.inf
        above = self.values[high - 1] - value if high <= len(self.values) else np.inf
        chosen, distance = (low, below) if below <= above else (high, above)
        if distance > caliper or distance == np.inf:
            return None
        chosen -= 1
        unit = self.order[self.next[chosen]]
        self.next[chosen] += 1
        if self.next[chosen] == self.end[chosen]:
            self.left[chosen + 1], self.right[chosen + 1] = chosen, chosen + 2
        return unit


def in_rounds(treated: np.ndarray, controls: np.ndarray, *, ratio: int, caliper: float) -> list[list[int]]:
    """Return for each treated unit its controls, each control used once.

    Everyone takes a first control in turn, then everyone a second, as MatchIt.

    Parameters
    ----------
    treated, controls : ndarray, shapes (m,) and (n,)
        Distances; `treated` in the order in which they choose.
    ratio : int
        Most controls for one.
    caliper : float
        Greatest distance of a match, inclusive; inf for none.
    """
    pool, sets = Pool(controls), [[] for _ in treated]
    values = treated.tolist()
    waiting = list(range(len(values)))
    for _ in range(ratio):
        served = []
        for unit in waiting:
            if (control := pool.take(values[unit], caliper)) is not None:
                sets[unit].append(control)
                served.append(unit)
        waiting = served  # whoever found none in this round finds none in the next
    return sets


def with_replacement(treated: np.ndarray, controls: np.ndarray, *, ratio: int, caliper: float) -> list[list[int]]:
    """Return for each treated unit its nearest different controls, which others may have as well; ties as in `Pool`."""
    order = np.argsort(controls, kind="stable")
    unique, starts = np.unique(controls[order], return_index=True)
    ends, values = np.r_[starts[1:], len(order)], unique.tolist()
    sets = []
    for value in treated.tolist():
        high = bisect_left(values, value)
        low, chosen = high - 1, []
        while len(chosen) < ratio and (low >= 0 or high < len(values)):
            below = value - values[low] if low >= 0 else np.inf
            above = values[high] - value if high < len(values) else np.inf
            if min(below, above) > caliper:
                break
            place = low if below <= above else high
            low, high = (low - 1, high) if below <= above else (low, high + 1)
            chosen += order[starts[place] : min(ends[place], starts[place] + ratio)].tolist()
        sets.append(chosen[:ratio])
    return sets


def _root(parents: list[int], place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return place
