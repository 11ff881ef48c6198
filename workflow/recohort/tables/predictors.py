"""Coefficients of predictors in linear models of several outcomes, models of one adjustment beside those of another."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pandas as pd

from recohort.core.errors import InputError
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.adjusted import adjusted_p, families_of, family_heading
from recohort.tables.table import Column, Row, Table, finished
from recohort.tables.words import label_of, method_of, with_interval


class _Line(NamedTuple):
    """A coefficient: the model's name and its row of the estimates."""

    model: str
    row: pd.Series


def build(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    level: float | None,
    title: str,
    models: Mapping[str, Mapping[str, list[str]]],
    terms: list[str],
    family: str | list[str] | None,
    digits: int,
    p_digits: int,
) -> Table:
    """Build the table of predictors.

    Parameters
    ----------
    frames : mapping
        ``models/linear/<name>`` of every model; ``models/family/<family>``.
    columns : mapping
        Declared columns: name -> unit, label.
    synthetic : bool
        The cohort is synthetic.
    level : float or None
        Level of the intervals.
    title : str
        Title of the table.
    models : mapping
        Heading over columns -> heading of a section -> its models.
    terms : list of str
        Terms that are printed, in this order; each model's first where none is named.
    family : str, list of str or None
        Families whose adjusted p-values are printed.
    digits, p_digits : int
        Decimals of coefficients and of p-values.

    Returns
    -------
    Table
        A row is the same term on the same scale in the same section; where a block of columns has no such model its
        cells are dashes. Numbers of patients are a note where they are all the same, else columns.

    Raises
    ------
    InputError
        Two models of a block print the same row, or a model has no such term.
    """
    families = families_of(frames, family)
    blocks = {
        spanner: {section: _lines(frames, names, terms) for section, names in sections.items()}
        for spanner, sections in models.items()
    }
    sections: dict[str, list[tuple[str, str]]] = {}
    for block in blocks.values():
        for section, lines in block.items():
            known = sections.setdefault(section, [])
            known += [key for key in lines if key not in known]
    for known in sections.values():
        known.sort(key=lambda key: terms.index(key[0]) if terms else 0)
    every = [line for block in blocks.values() for lines in block.values() for line in lines.values()]
    counts = dict.fromkeys(fmt.count(pick.value(line.row, "n")) for line in every)
    headings = [with_interval("Coefficient", level), "p", *map(family_heading, families)]
    headings += ["n"] if len(counts) > 1 else []
    rows = []
    for section, keys in sections.items():
        rows += [Row((section,), section=True)] if len(sections) > 1 else []
        for key in keys:
            cells = [_spoken(*key, columns)]
            for block in blocks.values():
                line = block.get(section, {}).get(key)
                cells += _cells(line, families, digits, p_digits, len(counts) > 1)
            rows.append(Row(tuple(cells), level=int(len(sections) > 1)))
    spanners = list(blocks) if len(blocks) > 1 else [""]
    notes = [f"n={next(iter(counts))} in every model."] if len(counts) == 1 else []
    notes.append(f"Coefficients: {'; '.join(dict.fromkeys(method_of(line.row['method']) for line in every))}.")
    return finished(
        frames,
        title=title,
        columns=[Column("Predictor"), *(Column(heading, over) for over in spanners for heading in headings)],
        rows=rows,
        footnotes=notes,
        synthetic=synthetic,
    )


def _lines(frames: Mapping[str, object], names: list[str], terms: list[str]) -> dict[tuple[str, str], _Line]:
    """Return the printed coefficients of some models by term and scale."""
    found: dict[tuple[str, str], _Line] = {}
    for name in names:
        for row in _chosen(pick.frame_of(frames, f"models/linear/{name}"), name, terms):
            key = (row["term"], "" if pd.isna(row["scale"]) else str(row["scale"]))
            if key in found:
                both = f"{found[key].model} and {name}"
                raise InputError(f"table of kind 'predictors': {both} both print '{key[0]}', expected one in a section")
            found[key] = _Line(name, row)
    return found


def _chosen(estimates: pd.DataFrame, name: str, terms: list[str]) -> Iterator[pd.Series]:
    rows = pick.rows(estimates, quantity="coefficient")
    wanted = terms or [rows["term"].iloc[0]]
    rows = rows[rows["term"].isin(wanted)]
    if rows.empty:
        raise InputError(f"models.linear.{name}: found no coefficient of {', '.join(terms)}")
    yield from (row for _, row in rows.iterrows())


def _cells(line: _Line | None, families: list[pd.DataFrame], digits: int, p_digits: int, counted: bool) -> list[str]:
    if line is None:
        return [fmt.MISSING] * (2 + len(families) + counted)
    cells = [fmt.estimate(*pick.interval(line.row), digits=digits)]
    cells.append(fmt.p_value(pick.value(line.row, "p_value"), digits=p_digits))
    cells += [fmt.p_value(adjusted_p(one, line.model, line.row["term"]), digits=p_digits) for one in families]
    return [*cells, fmt.count(pick.value(line.row, "n"))] if counted else cells


def _spoken(term: str, scale: str, columns: Mapping[str, dict]) -> str:
    return f"{label_of(term, columns)}, {scale}" if scale else label_of(term, columns)
