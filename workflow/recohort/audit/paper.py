"""Reading the numbers of a paper: the CSV of `published.schema.yaml`, typed, its relations resolved."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from recohort.audit.box import Box, Number, number, p_value
from recohort.audit.relations import Relation, parse
from recohort.core.errors import Findings
from recohort.core.schema import sentences, with_defaults

EXACT = ("count", "threshold")
RATIOS = ("hazard_ratio", "odds_ratio", "risk_ratio", "ratio_of_odds_ratios")
DIFFERENCES = ("coefficient", "difference")
SHARES = ("percentage", "proportion", "sensitivity", "specificity", "predictive_value")
NUMERIC = ("value", "conf_low", "conf_high", "sd")


class Row(NamedTuple):
    """One printed number with what is printed beside it; an empty cell is None, `level` a share."""

    item: str
    line: int
    quantity: str
    measure: str
    unit: str
    interval: str
    level: float
    value: Number | None
    low: Number | None
    high: Number | None
    sd: Number | None
    p: Number | None
    count: int | None
    n: int | None
    relations: tuple[Relation, ...]

    @property
    def scale(self) -> int:
        """100 where a share is printed in percent, else 1."""
        return 100 if self.unit == "%" or self.measure == "percentage" else 1

    @property
    def share(self) -> Box:
        """The printed share as a box within 0 and 1."""
        return Box(max(0.0, self.value.box.low / self.scale), min(1.0, self.value.box.high / self.scale))

    @property
    def events(self) -> int | None:
        """The count that the row states: its numerator, or the row's value where that is a count."""
        if self.count is None and self.measure == "count" and self.value:
            return int(self.value.value)
        return self.count

    @property
    def printed(self) -> str:
        """The number with its interval, as printed."""
        interval = f" ({self.low.text} to {self.high.text})" if self.low and self.high else ""
        return (self.value.text if self.value else "") + interval


def count_of(value: float | Row) -> int | None:
    """Return a count that stands in a phrase: a number, or the count of a row; None where that is not printed."""
    return value.events if isinstance(value, Row) else int(value)


@dataclass(frozen=True)
class Paper:
    """The rows of one file, in its order."""

    rows: tuple[Row, ...]

    @cached_property
    def by_item(self) -> dict[str, Row]:
        """The rows by their items."""
        return {row.item: row for row in self.rows}

    def resolved(self, relation: Relation) -> dict[str, Row | list[Row] | float]:
        """Return what stands in the places of a phrase: rows, lists of rows, numbers."""
        found = {}
        for place, text in relation.words.items():
            names = text.split()
            if place in relation.several:
                found[place] = [self.by_item[name] for name in names]
            else:
                found[place] = float(text) if text[0].isdigit() else self.by_item.get(text, text)
        return found


def read_paper(path: str, schema: Mapping[str, object]) -> Paper:
    """Read a CSV of printed numbers.

    Raises
    ------
    InputError
        The file is no such table; every finding with its line and column, together.
    """
    findings = Findings(str(path))
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            lines = list(csv.reader(stream, strict=True))
    except FileNotFoundError:
        findings.add("there is no such file")
    except IsADirectoryError:
        findings.add("is a folder, expected a CSV")
    except (UnicodeDecodeError, csv.Error) as error:
        findings.add(f"not readable as CSV in UTF-8: {error}")
    findings.raise_if_any()
    if len(lines) < 2:
        findings.add("holds no numbers, expected a header and a line for each number")
    findings.raise_if_any()
    header = lines[0]
    findings.extend(f"column '{name}' stands twice" for name in sorted({n for n in header if header.count(n) > 1}))
    findings.extend(f"there is no column '{name}'" for name in schema["required"] if name not in header)
    rows = []
    for line, cells in enumerate(lines[1:], start=2):
        if len(cells) == len(header):
            rows.append((line, dict(zip(header, cells, strict=True))))
        elif cells:
            findings.add(f"line {line} has {len(cells)} cells, the header has {len(header)}")
    findings.raise_if_any()
    return paper(rows, schema, where=str(path))


def paper(cells: Iterable[tuple[int, Mapping[str, str]]], schema: Mapping[str, object], *, where: str) -> Paper:
    """Return the numbers of a paper from lines of text.

    Parameters
    ----------
    cells : iterable of (int, mapping)
        Number of the line, and its cells by column.
    schema : mapping
        ``published.schema.yaml``; gives the optional columns their defaults.
    where : str
        What a finding names as its place.

    Raises
    ------
    InputError
        A cell departs from the schema, an item stands twice or is referred to and not there.
    """
    findings = Findings(where)
    typed = []
    for line, row in cells:
        wrong = sentences(row, schema)
        findings.extend(f"line {line}, column {sentence}" for sentence in wrong)
        if not wrong:
            given = {column: cell for column, cell in row.items() if cell or column in schema["required"]}
            typed.append(_row(line, with_defaults(given, schema), findings))
    findings.raise_if_any()
    found = Paper(tuple(typed))
    seen: dict[str, int] = {}
    for row in found.rows:
        if row.item in seen:
            findings.add(f"line {row.line}, column item: '{row.item}' stands in line {seen[row.item]} already")
        seen.setdefault(row.item, row.line)
        findings.extend(_dangling(row, found))
    findings.raise_if_any()
    return found


def _row(line: int, row: Mapping[str, str], findings: Findings) -> Row:
    numbers = {}
    for column in NUMERIC:
        try:
            numbers[column] = number(row[column], exact=column == "value" and row["measure"] in EXACT)
        except ValueError:
            numbers[column] = None
            if row["measure"] or column != "value":
                findings.add(f"line {line}, column {column}: found '{row[column]}', expected a number")
    value, low, high = numbers["value"], numbers["conf_low"], numbers["conf_high"]
    count, n = (int(row[column]) if row[column] else None for column in ("count", "n"))
    if count is not None and n is not None and count > n:
        findings.add(f"line {line}, column count: found {count}, expected at most n, which is {n}")
    if bool(row["conf_low"]) != bool(row["conf_high"]):
        findings.add(f"line {line}, column conf_high: an interval needs both limits, found one")
    elif low and high and low.value > high.value:
        findings.add(f"line {line}, column conf_low: found {low.text}, expected less than conf_high, {high.text}")
    if row["p_value"] and not row["p_operator"]:
        findings.add(f"line {line}, column p_operator: is empty beside a p-value, expected = or <")
    try:
        p = p_value(row["p_value"], row["p_operator"])
        if p and p.value > 1:
            findings.add(f"line {line}, column p_value: found {row['p_value']}, expected 0 to 1")
    except ValueError:
        p = None
        findings.add(f"line {line}, column p_value: found '{row['p_value']}', expected a number")
    if value and row["measure"] == "count" and value.value % 1:
        findings.add(f"line {line}, column value: found {value.text}, expected a whole number for a count")
    try:
        relations = tuple(parse(row["relation"]))
    except ValueError as error:
        relations = ()
        findings.add(f"line {line}, column relation: {error}")
    words = {column: row[column] for column in ("item", "quantity", "measure", "unit", "interval")}
    more = {"sd": numbers["sd"], "p": p, "count": count, "n": n, "relations": relations}
    return Row(line=line, level=float(row["level"]) / 100, value=value, low=low, high=high, **words, **more)


def _dangling(row: Row, paper: Paper) -> Iterable[str]:
    for relation in row.relations:
        for place, text in relation.words.items():
            for name in text.split():
                if place == "word" or name[0].isdigit() or name in paper.by_item:
                    continue
                yield f"line {row.line}, column relation: '{name}' in '{relation.text}' is no item of this file"
