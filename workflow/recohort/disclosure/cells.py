"""Counts of patients as a system: each count once, under a name that says whom it counts, and which sums tie them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array


class Cells(NamedTuple):
    """Counts and the sums between them.

    Attributes
    ----------
    names : tuple of str
        Whom each counts; the same patients have the same name wherever they are counted.
    counts : ndarray of int, shape (n,)
        True counts.
    printed : ndarray of bool, shape (n,)
        Stands in a table or a figure; the others can be computed from what does, such as those without a property.
    sums : csr_array, shape (k, n)
        A row per sum: 1 at the whole, -1 at its parts; ``sums @ counts`` is 0.
    """

    names: tuple[str, ...]
    counts: np.ndarray
    printed: np.ndarray
    sums: csr_array


class Ledger:
    """Collects counts and sums from the tables and figures of a study, each count once.

    Examples
    --------
    >>> ledger = Ledger()
    >>> ledger.count("all", 10)
    'all'
    >>> ledger.split("all", [("all|sex=F", 7), ("all|sex=M", 3)])
    >>> ledger.cells().sums.toarray().tolist()
    [[1, -1, -1]]
    """

    def __init__(self):
        self._counts: dict[str, int] = {}
        self._printed: dict[str, bool] = {}
        self._sums: dict[tuple[str, tuple[str, ...]], None] = {}

    def __contains__(self, name: str) -> bool:
        """Whether somebody is counted under this name."""
        return name in self._counts

    def __getitem__(self, name: str) -> int:
        """The count of this name."""
        return self._counts[name]

    def names(self) -> list[str]:
        """Return every name in the order of entry."""
        return list(self._counts)

    def count(self, name: str, count: float, *, printed: bool = True) -> str:
        """Enter a count; entered again it must be the same, and it is printed if it is anywhere.

        Raises
        ------
        ValueError
            The same patients were counted otherwise before, or a count is no whole number.
        """
        whole = int(count)
        if whole != count or self._counts.setdefault(name, whole) != whole:
            raise ValueError(f"'{name}': found {count}, expected the whole number {self._counts.get(name, '')}")
        self._printed[name] = printed or self._printed.get(name, False)
        return name

    def split(self, whole: str, parts: Iterable[tuple[str, float]], *, printed: bool = True) -> None:
        """Enter the parts of a count that is entered, and their sum."""
        names = tuple(self.count(name, count, printed=printed) for name, count in parts)
        self.tie(whole, names)

    def tie(self, whole: str, parts: Sequence[str]) -> None:
        """Say that counts which are entered sum to another."""
        if sum(self._counts[name] for name in parts) != self._counts[whole]:
            raise ValueError(f"'{whole}' is {self._counts[whole]}, its parts {', '.join(parts)} sum to another number")
        if tuple(parts) != (whole,):
            self._sums[whole, tuple(parts)] = None

    def rest(self, whole: str, part: str, name: str) -> None:
        """Enter what is left of a count without a part of it: nobody prints it, everybody can subtract."""
        self.split(whole, [(part, self[part]), (name, self[whole] - self[part])], printed=False)

    def cells(self) -> Cells:
        """Return the system."""
        place = {name: index for index, name in enumerate(self._counts)}
        rows, columns, signs = [], [], []
        for row, (whole, parts) in enumerate(self._sums):
            for name, sign in [(whole, 1), *((part, -1) for part in parts)]:
                rows.append(row)
                columns.append(place[name])
                signs.append(sign)
        shape = (len(self._sums), len(place))
        return Cells(
            tuple(place),
            np.array(list(self._counts.values()), dtype=int),
            np.array(list(self._printed.values()), dtype=bool),
            csr_array((signs, (rows, columns)), shape=shape, dtype=int),
        )


def crossed(counts: ArrayLike) -> Cells:
    """Return a table of two factors with both margins and its total, all printed.

    Parameters
    ----------
    counts : array_like of int, shape (r, c)
        The inner cells.
    """
    inner = np.asarray(counts, dtype=int)
    ledger = Ledger()
    whole = ledger.count("all", inner.sum())
    ledger.split(whole, [(f"row {i}", n) for i, n in enumerate(inner.sum(axis=1))])
    ledger.split(whole, [(f"column {j}", n) for j, n in enumerate(inner.sum(axis=0))])
    for i, row in enumerate(inner):
        ledger.split(f"row {i}", [(f"{i},{j}", n) for j, n in enumerate(row)])
    for j, column in enumerate(inner.T):
        ledger.tie(f"column {j}", [f"{i},{j}" for i in range(len(column))])
    return ledger.cells()
