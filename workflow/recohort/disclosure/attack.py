"""What a reader can work out: every printed number is a linear statement about unknown counts.

Nothing here knows how counts were withheld: statements go in, and out comes what each count can still be.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

FAR = 1e6


class Statement(NamedTuple):
    """``low <= sum of weight * count <= high``, the counts by name."""

    weights: Mapping[str, float]
    low: float
    high: float


def sum_of(whole: str, parts: Iterable[str]) -> Statement:
    """Return the statement that parts sum to a whole."""
    weights: dict[str, float] = {whole: 1.0}
    for part in parts:
        weights[part] = weights.get(part, 0.0) - 1.0
    return Statement(weights, 0.0, 0.0)


def said(name: str, text: str, *, minimum_count: int, zeros: str, round_to: int | None) -> Statement:
    """Return what a printed count says.

    Parameters
    ----------
    name : str
        Whom it counts.
    text : str
        ``12``, ``<5``, or ``[c]``, which the rules let a reader know to be at least the minimum.
    minimum_count, zeros, round_to
        The rules, which are printed.

    Examples
    --------
    >>> said("F", "<5", minimum_count=5, zeros="shown", round_to=None)[1:]
    (1.0, 4.0)
    """
    if text.startswith("<"):
        return Statement({name: 1.0}, 0.0 if zeros == "hidden" else 1.0, float(text[1:]) - 1)
    if text == "[c]":
        return Statement({name: 1.0}, float(minimum_count), np.inf)
    number = float(text)
    if round_to is None or number == 0:
        return Statement({name: 1.0}, number, number)
    return Statement({name: 1.0}, max(number - round_to // 2, minimum_count), number + (round_to - 1) // 2)


def percentage(part: str, whole: str, text: str) -> list[Statement]:
    """Return the two statements of a printed percentage, ``p - h <= 100 part / whole <= p + h``; none of ``–``."""
    if not _is_number(text):
        return []
    half = 0.5 * 10.0 ** -len(text.partition(".")[2]) + 1e-9
    value = float(text)
    return [
        Statement({part: 100.0, whole: -(value - half)}, 0.0, np.inf),
        Statement({part: 100.0, whole: -(value + half)}, -np.inf, 0.0),
    ]


def _is_number(text: str) -> bool:
    try:
        return np.isfinite(float(text))
    except ValueError:
        return False


class Reader:
    """Somebody who has the statements of everything that left, and a solver.

    Parameters
    ----------
    statements : iterable of Statement
        All of them; counts are whole and not negative.
    """

    def __init__(self, statements: Iterable[Statement]):
        statements = list(statements)
        self.names = list(dict.fromkeys(name for one in statements for name in one.weights))
        place = {name: index for index, name in enumerate(self.names)}
        entries = [
            (row, place[name], weight) for row, one in enumerate(statements) for name, weight in one.weights.items()
        ]
        rows, columns, weights = zip(*entries, strict=True)
        shape = (len(statements), len(self.names))
        self._system = csr_array((weights, (rows, columns)), shape=shape)
        self._low = np.array([one.low for one in statements])
        self._high = np.array([one.high for one in statements])
        self._place = place

    def could_be(self, name: str, value: int) -> bool:
        """Return whether some whole counts fit every statement with this count at `value`."""
        fixed = np.full(len(self.names), 0.0), np.full(len(self.names), FAR)
        fixed[0][self._place[name]] = fixed[1][self._place[name]] = value
        return self._solve(np.zeros(len(self.names)), fixed) is not None

    def interval(self, name: str) -> tuple[int, int]:
        """Return the least and the greatest that a count can be; ``FAR`` where nothing bounds it.

        Raises
        ------
        ValueError
            No whole counts fit the statements: what left contradicts itself.
        """
        goal = np.zeros(len(self.names))
        goal[self._place[name]] = 1.0
        ends = [self._solve(sign * goal, None) for sign in (1, -1)]
        if None in ends:
            raise ValueError(f"'{name}': the statements contradict each other")
        return round(ends[0]), round(-ends[1])

    def values(self, name: str, candidates: Iterable[int]) -> list[int]:
        """Return which of some values a count can have."""
        return [value for value in candidates if self.could_be(name, value)]

    def _solve(self, goal: np.ndarray, bounds: tuple[np.ndarray, np.ndarray] | None) -> float | None:
        low, high = bounds or (np.zeros(len(goal)), np.full(len(goal), FAR))
        found = milp(
            goal,
            integrality=np.ones(len(goal)),
            bounds=Bounds(low, high),
            constraints=LinearConstraint(self._system, self._low, self._high),
        )
        return None if found.x is None else float(found.fun)
