"""What every table is: a title, columns, rows of text, and what must be said beneath them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from recohort.core.errors import InputError
from recohort.tables.words import titled, warnings_of


@dataclass(frozen=True)
class Column:
    """A column's heading, and the heading that spans it and its neighbours."""

    label: str
    spanner: str = ""


@dataclass(frozen=True)
class Row:
    """One row of finished text; its first cell is its heading. `level` 1 is indented; a `section` spans the table."""

    cells: tuple[str, ...]
    level: int = 0
    section: bool = False


@dataclass(frozen=True)
class Table:
    """A finished table: nothing in it is a number any more. `caveats` are words of `CAVEATS`."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    footnotes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    codes: tuple[str, ...] = field(default=(), repr=False)

    @property
    def heading(self) -> str:
        """The title, with what the table rests on."""
        return titled(self.title, caveats=self.caveats)

    def __post_init__(self):
        """Refuse a row that does not fill the columns."""
        for row in self.rows:
            if not row.section and len(row.cells) != len(self.columns):
                raise InputError(
                    f"table '{self.title}': row '{row.cells[0]}' has {len(row.cells)} cells, "
                    f"expected {len(self.columns)}"
                )


def finished(
    frames: Mapping[str, object],
    *,
    title: str,
    columns: list[Column],
    rows: list[Row],
    footnotes: list[str],
    synthetic: bool,
) -> Table:
    """Return the table with what its frames' warnings and the kind of cohort oblige it to say."""
    warnings = warnings_of(frames)
    return Table(
        title=title,
        columns=tuple(columns),
        rows=tuple(rows),
        footnotes=tuple(dict.fromkeys(note for note in footnotes if note)),
        warnings=tuple(warnings),
        caveats=("synthetic",) if synthetic else (),
        codes=tuple(dict.fromkeys(warnings.values())),
    )
