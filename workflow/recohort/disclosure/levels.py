"""Whom a coefficient is about: the patients and events of the levels that it compares, and cells that it gives away."""

import re
from collections.abc import Iterable, Mapping
from itertools import chain, combinations, product

import pandas as pd

from recohort.core.columns import as_text
from recohort.disclosure.cells import Ledger
from recohort.disclosure.people import whom

REGRESSIONS = ("cox", "fine_gray", "linear", "logistic", "measurement_error", "ordinal")
"""Kinds whose terms are columns of the cohort."""

COUNTING = ("linear", "logistic")
"""Kinds whose estimates, with as many coefficients as there are cells, give the cells."""

PREDICTORS = ("exposure", "covariates", "modifier", "mismeasured", "splines", "interactions")
OTHERS = ("outcome", "duration", "event", "competing", "strata", "weights", "cluster")
"""Settings that name columns, those of a model's terms and all else that a patient must have known."""

BETWEEN = re.compile(r", | where | and ")


class Levels:
    """The levels of an analysis's columns.

    Parameters
    ----------
    ledger : Ledger
        What is entered into.
    kind : str
        Kind of the analysis.
    entry : mapping
        Its settings, complete.
    estimates : DataFrame
        Its result.
    rows : DataFrame or None
        The cohort that it was fitted to.
    cohort, base : str
        The cohort's name, and the beginning of names of the analysis's own.

    Attributes
    ----------
    cells : tuple of str
        Where the model is a table in disguise (as many coefficients as its columns have combinations of values), that
        table's counts; all numbers of the model derive from them. They are entered as not printed: where one is small
        the model says nothing.
    margins : tuple of str
        That table's patients and events.
    """

    def __init__(
        self,
        ledger: Ledger,
        kind: str,
        entry: Mapping[str, object],
        estimates: pd.DataFrame,
        rows: pd.DataFrame | None,
        cohort: str,
        base: str,
    ):
        self._ledger, self._base, self._cohort = ledger, base, cohort
        self.cells: tuple[str, ...] = ()
        self.margins: tuple[str, ...] = ()
        self._outcome: pd.Series | None = None
        self._text: dict[str, pd.Series] = {}
        self._surplus = 0
        if kind not in REGRESSIONS or rows is None or estimates["n"].isna().all():
            return
        known, self._surplus = _fitted_to(rows, entry, int(estimates["n"].max()))
        predictors = {name: as_text(known[name]) for name in _columns(entry, PREDICTORS) if name in known}
        outcome = entry.get("outcome") or entry.get("event")
        self._sides = ("1", "0") if kind in COUNTING else ("1",)
        if outcome in known and set(values := as_text(known[outcome]).dropna()) <= {"0", "1"}:
            self._outcome = values
        if kind in COUNTING and self._outcome is not None and not self._surplus and not entry.get("weights"):
            coefficients = int(estimates["quantity"].eq("coefficient").sum())
            self._enter_cells(predictors, outcome, coefficients, whole=len(known) == len(rows))
        scales = estimates["scale"].fillna("").astype(str).groupby(estimates["term"].astype(str)).agg(list)
        for name, text in predictors.items():
            if any(set(scale.split(" against ")) <= set(text) for scale in scales.get(name, [])):
                self._text[name] = text

    def of(self, row: pd.Series) -> tuple[str, ...]:
        """Return the names of the patients and events of the levels that a row of estimates compares."""
        found, names = self._compared(row), []
        if not found:
            return ()
        for chosen in product(*([(column, level) for level in levels] for column, levels in found.items())):
            fits = pd.concat([self._text[column] == level for column, level in chosen], axis=1).all(axis=1)
            said = "|".join([self._base, "levels", *(f"{column}={level}" for column, level in chosen)])
            counts = {said: fits.sum()}
            if self._outcome is not None:
                counts |= {f"{said}|outcome={side}": (fits & (self._outcome == side)).sum() for side in self._sides}
            for name, count in counts.items():
                names.append(self._ledger.count(name, self._at_least(int(count)), printed=False))
        return tuple(names)

    def _at_least(self, count: int) -> int:
        """Return the least that a count may be where not all rows are known to have entered the model; not 0."""
        return min(count, max(count - self._surplus, 1))

    def _compared(self, row: pd.Series) -> dict[str, list[str]]:
        """Return the levels that a row is about: those that its scale names, both of a term of two."""
        parts = [part for part in str(row["term"]).split(":") if part in self._text]
        scale = "" if pd.isna(row["scale"]) else str(row["scale"]).partition(" (n=")[0]
        found: dict[str, list[str]] = {}
        for piece in BETWEEN.split(scale):
            sides = piece.split(" against ")
            for column in parts:
                if column not in found and set(sides) <= set(self._text[column]):
                    found[column] = sides
                    break
            else:
                for column, values in self._text.items():
                    for word in (f"{column} is ", f"{column} "):
                        if piece.startswith(word) and piece.removeprefix(word) in set(values):
                            found.setdefault(column, [piece.removeprefix(word)])
        for column in parts:  # a test of a term with two levels, or its ratio at a value of another column
            levels = sorted(set(self._text[column].dropna()))
            if column not in found and len(levels) == 2:
                found[column] = levels
        return found

    def _enter_cells(self, predictors: dict[str, pd.Series], outcome: str, coefficients: int, *, whole: bool) -> None:
        """Enter every combination of values with and without the event, if as many coefficients tell them apart."""
        columns = [*predictors, outcome]
        frame = pd.DataFrame(predictors | {outcome: self._outcome})
        if not predictors or len(frame[list(predictors)].drop_duplicates()) != coefficients:
            return
        cells = frame.groupby(columns, sort=True).size()
        names = {key: self._named(zip(columns, key, strict=True), whole) for key in cells.index}
        for key, count in cells.items():
            self._ledger.count(names[key], count, printed=False)
        self.cells = tuple(names.values())
        for chosen in chain.from_iterable(combinations(range(len(columns)), k) for k in range(len(columns))):
            sums: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
            for key in cells.index:
                sums.setdefault(tuple(key[place] for place in chosen), []).append(key)
            for values, keys in sums.items():
                margin = self._named(zip([columns[place] for place in chosen], values, strict=True), whole)
                self._ledger.count(margin, sum(cells[key] for key in keys), printed=False)
                self._ledger.tie(margin, [names[key] for key in keys])
        self.margins = tuple(self._named(said, whole) for said in ([], [(outcome, "1")]))

    def _named(self, conditions: Iterable[tuple[str, str]], whole: bool) -> str:
        """Return the name of patients who fulfil conditions: the cohort's where all of it was analysed."""
        said = [f"{column}={level}" for column, level in conditions]
        return whom(self._cohort, *said) if whole else "|".join([self._base, "table", *sorted(said)])


def _columns(entry: Mapping[str, object], keys: Iterable[str]) -> list[str]:
    """Return the columns that settings name, once each in their order."""
    return list(dict.fromkeys(word for key in keys for word in _words(entry.get(key))))


def _words(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [word for part in value for word in _words(part)] if isinstance(value, Mapping | list) else []


def _fitted_to(rows: pd.DataFrame, entry: Mapping[str, object], n: int) -> tuple[pd.DataFrame, int]:
    """Return the rows that a model of n patients was fitted to, and how many of them it was not if that is unclear."""
    known = rows.dropna(subset=[name for name in _columns(entry, (*OTHERS, *PREDICTORS)) if name in rows])
    if (landmark := entry.get("landmark")) is not None and entry["duration"] in known:
        followed = pd.to_numeric(known[entry["duration"]])
        later = (known[followed > landmark], known[followed >= landmark])
        known = next((part for part in later if len(part) == n), known)
    known = known if len(known) >= n else rows
    return known, max(len(known) - n, 0)
