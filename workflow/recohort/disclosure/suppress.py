"""Which counts are withheld: the small ones, and as few others as keep them from being computed back.

Complementary cell suppression: for each small count and each end of what ``<5`` may mean, the cheapest set of further
counts whose concealment leaves that end possible (an integer program). Fischetti M, Salazar JJ, Math Program
1999;84:283-312 (doi 10.1007/s101070050024) state the model; solving it count by count, then dropping what proves
needless, is the sequential method of Kelly JP, Golden BL, Assad AA, Networks 1992;22:397-417
(doi 10.1002/net.3230220407).
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, vstack
from scipy.sparse.csgraph import connected_components

from recohort.disclosure.cells import Cells

OTHER = "[c]"
"""What stands for a count that would give a small one away: confidential, as UK government statistics mark it."""


class Withheld(NamedTuple):
    """What is not printed.

    Attributes
    ----------
    small : ndarray of bool, shape (n,)
        Counts below the minimum; the reader is told that they are.
    others : ndarray of bool, shape (n,)
        Printed counts of at least the minimum that would give a small one away.
    """

    small: np.ndarray
    others: np.ndarray


class _Problem(NamedTuple):
    """One connected part of the system: what is known of each count if it is shown, and if it is withheld."""

    counts: np.ndarray
    sums: csr_array
    shown_low: np.ndarray
    shown_high: np.ndarray
    small: np.ndarray
    free: np.ndarray
    cost: np.ndarray
    minimum: int
    top: int


def is_small(counts: np.ndarray, *, minimum: int, zeros: str) -> np.ndarray:
    """Return which counts must not be seen: 1 to ``minimum - 1``, and 0 where `zeros` is ``hidden``."""
    return (counts < minimum) & (counts >= (0 if zeros == "hidden" else 1))


def suppress(cells: Cells, *, minimum_count: int, zeros: str, round_to: int | None) -> Withheld:
    """Choose what is withheld.

    The reader is taken to know the sums, the rules, and of each count whether it is shown, small, or withheld beside a
    small one, hence at least the minimum. Every small count keeps every value from 1 (0 where zeros are hidden) to the
    minimum less 1 that it would have if no count but the small ones' labels were shown.

    Parameters
    ----------
    cells : Cells
        Counts and sums.
    minimum_count : int
        Smaller counts are withheld.
    zeros : {"shown", "hidden"}
        Whether 0 is a small count.
    round_to : int or None
        Shown counts are multiples of this number; None for exact ones.

    Returns
    -------
    Withheld
    """
    small = is_small(cells.counts, minimum=minimum_count, zeros=zeros)
    others = np.zeros(len(small), bool)
    part_of = _parts(cells.sums)
    for part in np.unique(part_of[small]):
        here = np.flatnonzero(part_of == part)
        problem = _problem(cells, here, small[here], minimum_count, zeros, round_to)
        others[here] = _chosen(problem, 0 if zeros == "hidden" else 1)
    return Withheld(small, others)


def _parts(sums: csr_array) -> np.ndarray:
    tied = abs(sums).T @ abs(sums)
    return connected_components(tied, directed=False)[1]


def _problem(
    cells: Cells, here: np.ndarray, small: np.ndarray, minimum: int, zeros: str, round_to: int | None
) -> _Problem:
    counts, printed = cells.counts[here], cells.printed[here]
    low, high = shown_bounds(counts, minimum_count=minimum, round_to=round_to)
    top = int(2 * counts.max(initial=0) + 10 * minimum)
    unknown = ~printed & ~small
    low, high = np.where(unknown, 0, low), np.where(unknown, top, high)
    least = 0 if zeros == "hidden" else 1
    low, high = np.where(small, least, low), np.where(small, minimum - 1, high)
    sums = cells.sums[:, here]
    sums = sums[np.flatnonzero(abs(sums).sum(axis=1)), :]
    free = printed & ~small & (counts >= minimum)
    cost = np.where(free, 1 + counts / (1 + counts.sum()), 0.0)
    return _Problem(counts, sums, low, high, small, free, cost, minimum, top)


def shown_bounds(counts: np.ndarray, *, minimum_count: int, round_to: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return what a shown count says: itself, or all that are rounded to the same number."""
    if round_to is None:
        return counts, counts
    shown = rounded(counts, round_to=round_to)
    low = np.maximum(shown - round_to // 2, np.minimum(minimum_count, counts))
    high = shown + (round_to - 1) // 2
    return np.where(counts == 0, 0, low), np.where(counts == 0, 0, high)


def rounded(counts: np.ndarray, *, round_to: int) -> np.ndarray:
    """Return counts to the nearest multiple, a tie upwards.

    Examples
    --------
    >>> rounded(np.array([7, 8, 12]), round_to=5).tolist(), rounded(np.array([9]), round_to=6).tolist()
    ([5, 10, 10], [12])
    """
    return (np.asarray(counts) + round_to // 2) // round_to * round_to


def _chosen(problem: _Problem, least: int) -> np.ndarray:
    """Return the counts that are withheld beside the small ones."""
    hidden = np.zeros(len(problem.counts), bool)
    witnesses: dict[tuple[int, int], np.ndarray] = {}
    targets = [(place, value) for place in np.flatnonzero(problem.small) for value in range(least, problem.minimum)]
    targets.sort(key=lambda one: one[1] not in (least, problem.minimum - 1))
    for place, value in targets:
        found = next((x for x in witnesses.values() if x[place] == value), None)
        if found is None:
            found = _cheapest(problem, hidden, place, value)
        if found is None:  # the labels alone exclude it: those below 5 within others below 5
            continue
        witnesses[place, value] = found
        hidden |= _moved(problem, found)
    for candidate in sorted(np.flatnonzero(hidden), key=lambda place: -problem.cost[place]):
        fewer = hidden.copy()
        fewer[candidate] = False
        if (renewed := _without(problem, fewer, candidate, witnesses)) is not None:
            hidden, witnesses = fewer, renewed
    return hidden


def _moved(problem: _Problem, x: np.ndarray) -> np.ndarray:
    return problem.free & ((x < problem.shown_low) | (x > problem.shown_high))


def _without(
    problem: _Problem, hidden: np.ndarray, candidate: int, witnesses: dict[tuple[int, int], np.ndarray]
) -> dict[tuple[int, int], np.ndarray] | None:
    """Return what still shows that each value is possible if one count is shown again, None if one is not."""
    renewed = dict(witnesses)
    closed = problem._replace(free=hidden)
    for (place, value), x in witnesses.items():
        if _moved(problem, x)[candidate]:
            found = next((y for y in renewed.values() if y[place] == value and not _moved(problem, y)[candidate]), None)
            found = _cheapest(closed, hidden, place, value) if found is None else found
            if found is None:
                return None
            renewed[place, value] = found
    return renewed


def _cheapest(problem: _Problem, hidden: np.ndarray, place: int, value: int) -> np.ndarray | None:
    """Return counts that fit the sums, with `value` at `place`, at the least cost of further concealment."""
    n = len(problem.counts)
    at = np.flatnonzero(problem.free & ~hidden)
    low = np.where(problem.free, problem.minimum, problem.shown_low)
    high = np.where(problem.free, problem.top, problem.shown_high)
    low, high = low.astype(float), high.astype(float)
    low[place] = high[place] = value
    pick = csr_array((np.ones(len(at)), (np.arange(len(at)), at)), shape=(len(at), n))
    down = _diagonal(problem.shown_low[at] - problem.minimum)
    up = _diagonal(problem.shown_high[at] - problem.top)
    system = vstack(
        [
            hstack([problem.sums, csr_array((problem.sums.shape[0], len(at)))]),
            hstack([pick, down]),  # x >= shown_low unless withheld
            hstack([pick, up]),  # x <= shown_high unless withheld
        ]
    )
    none, infinite = np.zeros(problem.sums.shape[0]), np.full(len(at), np.inf)
    found = milp(
        np.r_[np.zeros(n), problem.cost[at]],
        integrality=np.ones(n + len(at)),
        bounds=Bounds(np.r_[low, np.zeros(len(at))], np.r_[high, np.ones(len(at))]),
        constraints=LinearConstraint(
            system.tocsr(),
            np.r_[none, problem.shown_low[at], -infinite],
            np.r_[none, infinite, problem.shown_high[at]],
        ),
    )
    return None if found.x is None else np.round(found.x[:n]).astype(int)


def _diagonal(values: np.ndarray) -> csr_array:
    return (eye_array(len(values)) * values[np.newaxis, :]).tocsr() if len(values) else csr_array((0, 0))
