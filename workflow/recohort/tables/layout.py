"""How a finished table fits a page: which headings span columns, and what share of the width each column needs."""

from collections.abc import Iterator
from itertools import groupby
from math import ceil

from recohort.tables.table import Column, Row, Table

LINES = 3
"""Lines that a column's heading may take."""
LONGEST = 40
"""Characters of a row's heading beyond which it wraps."""
PORTRAIT = 100
"""Characters in a line of an A4 page of 9-point serifs, upright, margins of 25 mm."""


def heads(columns: tuple[Column, ...]) -> Iterator[tuple[str, int, int]]:
    """Yield heading, first column and number of columns of what stands above the columns' own headings.

    Examples
    --------
    >>> list(heads((Column("Term"), Column("n", "Before"), Column("%", "Before"))))
    [('', 0, 1), ('Before', 1, 2)]
    """
    place = 0
    for spanner, spanned in groupby(columns, key=lambda column: column.spanner):
        width = len(list(spanned))
        yield spanner, place, width
        place += width


def needs(table: Table) -> list[int]:
    """Return the characters that each column needs for its cells on one line and its heading on `LINES`."""
    rows = [row for row in table.rows if not row.section]
    found = []
    for place, column in enumerate(table.columns):
        longest = max((_length(row, place) for row in rows), default=0)
        word = max((len(word) for word in column.label.split()), default=0)
        body = min(longest, LONGEST) if place == 0 else longest
        found.append(max(body, word, ceil(len(column.label) / LINES)) + 2)
    for spanner, first, width in heads(table.columns):
        short = ceil(len(spanner) / 2) - sum(found[first : first + width])
        for place in range(first, first + width):
            found[place] += max(0, ceil(short / width))
    return found


def shares(table: Table) -> list[float]:
    """Return each column's share of the table's width; they sum to 1."""
    found = needs(table)
    return [need / sum(found) for need in found]


def wide(table: Table) -> bool:
    """Return whether a table needs a page on its side."""
    return sum(needs(table)) > PORTRAIT


def _length(row: Row, place: int) -> int:
    return len(row.cells[place]) + (2 * row.level if place == 0 else 0)
