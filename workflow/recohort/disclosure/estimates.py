"""Counts beside models' estimates: whom ``n`` and ``n_events`` of each row count."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.core.columns import as_text
from recohort.core.conditions import rows_where
from recohort.disclosure.cells import Ledger
from recohort.disclosure.levels import Levels
from recohort.disclosure.people import some_of, whom

CELLS = {
    "true_positives": ("{test}: test=1|reference=1", "{test}: test=1", "reference=1"),
    "false_positives": ("{test}: test=1|reference=0", "{test}: test=1", "reference=0"),
    "false_negatives": ("{test}: test=0|reference=1", "{test}: test=0", "reference=1"),
    "true_negatives": ("{test}: test=0|reference=0", "{test}: test=0", "reference=0"),
}
"""Quantity of a test's accuracy that is a count itself -> whom it counts, and the two margins that it is part of."""

SHARES = {
    "sensitivity": ("reference=1", "true_positives"),
    "specificity": ("reference=0", "true_negatives"),
    "ppv": ("{test}: test=1", "true_positives"),
    "npv": ("{test}: test=0", "true_negatives"),
}
"""Share of a test -> whom its n counts, and which cell is its numerator."""

OWN = (
    "proportion",
    "subgroup_risk",
    "subgroup_odds_ratio",
    "subgroup_hazard_ratio",
    "event_share",
    "n",
    "observed_risk",
)
"""Quantities whose row counts patients of its own, told by term and scale."""


ONE_BY_ONE = re.compile(r"dfbeta|without_\d+_largest")
"""Quantities of a model without single patients: nothing of them leaves."""

OF_WHOM = "johnson_neyman_share"
"""Share of a row's patients that is given without their number."""

FOURFOLD = ("diagnostic", "roc")
OF_RANKS = ("auc", "partial_auc", "prevalence")
"""Quantities of the two that no threshold enters."""

FOLLOWED = ("kaplan_meier", "competing_risks")


class Named(NamedTuple):
    """Names of the counts of each row of an analysis, None where a row has no such number.

    `behind` are further counts that its numbers derive from, `few` those that its numbers are about; `cells` are the
    counts that the whole model gives away, `patients` the rows of the cohort that it was fitted to.
    """

    n: list[str | None]
    n_events: list[str | None]
    behind: list[tuple[str, ...]]
    few: list[tuple[str, ...]]
    cells: tuple[str, ...]
    patients: pd.DataFrame | None


class _Sample(NamedTuple):
    """Whom an analysis was fitted to: the cohort's name, its rows, and the beginning of the analysis's own names."""

    cohort: str
    rows: pd.DataFrame | None
    base: str

    def total(self) -> int | None:
        """Return how many patients the cohort has."""
        return None if self.rows is None else len(self.rows)

    def count(self, *conditions: str) -> int | None:
        """Return how many of the cohort fulfil ``column=level`` conditions; None where a column is not its own."""
        pairs = [condition.partition("=")[::2] for condition in conditions]
        if self.rows is None or any(column not in self.rows for column, _ in pairs):
            return None
        fits = [as_text(self.rows[column]) == level for column, level in pairs]
        return int(pd.concat(fits, axis=1).all(axis=1).sum()) if fits else len(self.rows)


def enter_model(
    ledger: Ledger,
    kind: str,
    name: str,
    entry: Mapping[str, object],
    estimates: pd.DataFrame,
    cohort: pd.DataFrame | None,
) -> Named:
    """Enter what an analysis counts, and return whom each of its rows counts.

    Parameters
    ----------
    ledger : Ledger
        What is entered into.
    kind, name : str
        The analysis.
    entry : mapping
        Its settings, complete.
    estimates : DataFrame
        Its result.
    cohort : DataFrame or None
        The patients that it was fitted to; None of an analysis of other analyses.
    """
    sample = _sample(kind, name, entry, estimates, cohort)
    if sample.rows is not None:
        ledger.count(whom(sample.cohort), sample.total())
    if entry.get("among") and cohort is not None:
        ledger.count(whom(entry["cohort"]), len(_once(cohort)))
    if kind in FOURFOLD:
        _enter_fourfold(ledger, sample, estimates)
    levels = Levels(ledger, kind, entry, estimates, sample.rows, sample.cohort, sample.base)
    named = Named([], [], [], [], levels.cells, sample.rows)
    for _, row in estimates.iterrows():
        n, events = _count(row["n"]), _count(row["n_events"])
        of, what = _names(ledger, kind, entry, row, n, events, sample)
        if of is not None and of not in ledger:
            _enter_n(ledger, of, n, sample)
        if what is not None and what not in ledger:
            ledger.count(what, events)
            ledger.rest(of, what, f"{what} not")
        named.n.append(of)
        named.n_events.append(what)
        named.behind.append(_behind(ledger, kind, row, sample) + levels.cells + _shared(ledger, row, of, sample))
        named.few.append(levels.of(row))
    for margin, names in zip(levels.margins, (named.n, named.n_events), strict=False):
        for name in dict.fromkeys(filter(None, names)):
            if name != margin and ledger[name] == ledger[margin]:
                ledger.tie(margin, [name])
    _arms(ledger, named, estimates)
    if kind == "roc":
        _tie_margins(ledger, named, sample)
    if kind in FOLLOWED and entry["group"] is not None:
        _tie_strata(ledger, kind, entry["group"], estimates.assign(whom=named.n, events=named.n_events), sample)
    return named


def _sample(
    kind: str, name: str, entry: Mapping[str, object], estimates: pd.DataFrame, cohort: pd.DataFrame | None
) -> _Sample:
    """Return the sample; analyses of the same follow-up of the same patients share their names."""
    rows, of = _once(cohort), entry.get("cohort", "")
    if rows is not None and (among := entry.get("among")):
        rows = rows_where(rows, among, where=f"models: '{name}': among")
        of = some_of(of, among)
    base = f"models/{kind}/{name}"
    if kind in FOLLOWED:
        strata = estimates[estimates["quantity"] == "at_risk"].drop_duplicates("term")
        keys = ("duration", "event", "competing", "landmark")
        base = "|".join(["followed", of, *(f"{entry.get(key)}" for key in keys), f"{strata['n'].sum():g}"])
    return _Sample(of, rows, base)


def _once(cohort: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return a cohort with each patient in one row."""
    return cohort[cohort["imputation"] == 1] if cohort is not None and "imputation" in cohort else cohort


def _count(cell: object) -> int | None:
    return int(cell) if pd.notna(cell) and float(cell).is_integer() else None


def _names(
    ledger: Ledger,
    kind: str,
    entry: Mapping[str, object],
    row: pd.Series,
    n: int | None,
    events: int | None,
    sample: _Sample,
) -> tuple[str | None, str | None]:
    """Return the names of the patients of a row and of those with the event; None where it has no such count."""
    if n is None or ONE_BY_ONE.fullmatch(str(row["quantity"])):
        return None, None
    if kind == "diagnostic" and (found := _of_test(ledger, sample.base, row, n, events)):
        return found
    conditions = _conditions(kind, entry, row)
    own = sample.base if conditions is None else "|".join([sample.base, *conditions])
    known = () if conditions is None else conditions
    of = whom(sample.cohort, *known) if sample.count(*known) == n else own if conditions else f"{own}|n={n}"
    if events is None or events > n:
        return of, None
    event = entry.get("event") or entry.get("outcome")
    if str(row["quantity"]).startswith(("competing_", "gray_test_competing")):
        event = entry["competing"]
    if event and of.startswith("cohort/") and sample.count(*known, f"{event}=1") == events:
        return of, whom(sample.cohort, *known, f"{event}=1")
    what = f"{of}|{event}=1" if event and conditions else f"{sample.base}|{of}|{event}=1: {events}"
    return of, what


def _conditions(kind: str, entry: Mapping[str, object], row: pd.Series) -> tuple[str, ...] | None:
    """Return what divides the patients of a row from the others of its analysis, None where nothing does."""
    term, scale = str(row["term"]), "" if pd.isna(row["scale"]) else str(row["scale"])
    if kind in FOLLOWED and entry["group"] is not None:
        return (f"{entry['group']}={term}",) if term != entry["group"] else None
    if row["quantity"] in OWN or kind == "strata":
        return (term, scale.partition(" (n=")[0])
    return None


def _enter_n(ledger: Ledger, name: str, n: int, sample: _Sample) -> None:
    ledger.count(name, n)
    whole = whom(sample.cohort)
    if sample.rows is not None and name != whole and n <= sample.total():
        ledger.rest(whole, name, f"{name} not")


def _tie_strata(ledger: Ledger, kind: str, group: str, rows: pd.DataFrame, sample: _Sample) -> None:
    """Say that strata sum to all of an analysis, in number and in events, and pairs to their two."""
    strata, across = rows[rows["term"] != group], rows[rows["term"] == group]
    causes = strata["quantity"].str.startswith("competing_")
    whole = whom(sample.cohort) if len(across) and across["n"].max() == sample.total() else f"{sample.base}|all"
    for column, part, other in [
        ("whom", strata, across),
        ("events", strata[~causes], across[~across["quantity"].str.contains("competing")]),
        ("events", strata[causes], across[across["quantity"].str.contains("competing")]),
    ]:
        of = part.dropna(subset=[column]).drop_duplicates("term").set_index("term")[column]
        if of.empty:
            continue
        total = sum(ledger[name] for name in of)
        name = whole if column == "whom" else f"{sample.base}|all|{' or '.join(of)}"
        if name not in ledger:
            ledger.count(name, total)
        if ledger[name] == total:
            ledger.tie(name, list(of))
        if column == "events" and whole in ledger and name != whole:
            ledger.rest(whole, name, f"{name} not")
        for scale, pair in other.dropna(subset=[column]).groupby(other["scale"].fillna("").astype(str))[column]:
            both = [of.get(level) for level in scale.rpartition(", ")[2].split(" against ")]
            parts = both if len(both) == 2 and None not in both else list(of)
            for found in pair.unique():
                if found != name and ledger[found] == sum(ledger[one] for one in parts):
                    ledger.tie(found, parts)
    if kind == "competing_risks":
        _neither(ledger, strata)


def _neither(ledger: Ledger, strata: pd.DataFrame) -> None:
    """Enter who has neither of two events."""
    for name, rows in strata.groupby("whom", sort=False):
        ends = list(rows["events"].dropna().unique())
        left = ledger[name] - sum(ledger[end] for end in ends)
        if len(ends) == 2 and left >= 0:
            ledger.count(f"{name}|neither", left, printed=False)
            ledger.tie(name, [*ends, f"{name}|neither"])


def _tie_margins(ledger: Ledger, named: Named, sample: _Sample) -> None:
    """Say that the margins of a threshold's four cells are the analysis's patients and events."""
    for margin, names in (("all", named.n), ("reference=1", named.n_events)):
        own = f"{sample.base}|{margin}"
        for name in dict.fromkeys(filter(None, names)):
            if own in ledger and ledger[own] == ledger[name]:
                ledger.tie(own, [name])


def _shared(ledger: Ledger, row: pd.Series, of: str | None, sample: _Sample) -> tuple[str, ...]:
    """Enter those of whom a share is given whose row does not count them; a weighted share counts nobody."""
    if row["quantity"] != OF_WHOM or of is None or pd.isna(row["estimate"]):
        return ()
    count = float(row["estimate"]) * ledger[of]
    if abs(count - round(count)) > 1e-6:
        return ()
    name = ledger.count(f"{sample.base}|{row['term']}|{row['scale']}", round(count))
    ledger.rest(of, name, f"{name} not")
    return (name,)


def _arms(ledger: Ledger, named: Named, estimates: pd.DataFrame) -> None:
    """Say of a subgroup's odds ratio that it is about the patients and events of the subgroup's arms."""
    said = estimates["scale"].fillna("").astype(str).str.partition(" (n=")[0]
    for place in np.flatnonzero(estimates["quantity"] == "subgroup_odds_ratio"):
        for arm in np.flatnonzero(estimates["quantity"] == "subgroup_risk"):
            group = said.iloc[arm].partition(", ")[2]
            if said.iloc[place] == group or said.iloc[place].endswith(f", {group}"):
                names = named.n[arm], named.n_events[arm], f"{named.n_events[arm]} not"
                named.few[place] += tuple(name for name in names if name in ledger)


def _behind(ledger: Ledger, kind: str, row: pd.Series, sample: _Sample) -> tuple[str, ...]:
    """Return a threshold's four cells behind all that is said of it; of a test its share names its own."""
    if kind not in FOURFOLD or row["quantity"] in OF_RANKS or (kind == "diagnostic" and row["quantity"] in SHARES):
        return ()
    names = [f"{sample.base}|{words.format(test=row['term'])}" for words, *_ in CELLS.values()]
    return tuple(name for name in names if name in ledger)


def _enter_fourfold(ledger: Ledger, sample: _Sample, estimates: pd.DataFrame) -> None:
    """Enter each test's four cells and their margins."""
    counts = estimates[estimates["quantity"].isin(CELLS)]
    everyone = f"{sample.base}|all"
    for test, rows in counts.groupby("term", sort=False):
        parts: dict[str, list[str]] = {everyone: []}
        for _, row in rows.iterrows():
            cell, *margins = (f"{sample.base}|{words.format(test=test)}" for words in CELLS[row["quantity"]])
            ledger.count(cell, row["estimate"])
            for margin in [everyone, *margins]:
                parts.setdefault(margin, []).append(cell)
        for margin, names in parts.items():
            ledger.count(margin, sum(ledger[name] for name in names))
            ledger.tie(margin, names)
    if everyone in ledger:
        _enter_n(ledger, everyone, ledger[everyone], sample)


def _of_test(ledger: Ledger, base: str, row: pd.Series, n: int, events: int | None) -> tuple[str, str | None] | None:
    """Return whom a row of a test's accuracy counts; None of one about patients that are neither all nor one side."""
    if row["quantity"] in SHARES:
        of, cell = SHARES[row["quantity"]]
        return tuple(f"{base}|{words.format(test=row['term'])}" for words in (of, CELLS[cell][0]))
    for side in ("all", "reference=1", "reference=0"):
        of = f"{base}|{side}"
        if ledger[of] == n and events is not None:
            diseased = f"{base}|reference=1"
            whole = side == "all" and ledger[diseased] == events
            return of, diseased if whole else f"{of}|{row['term']}: {events}"
    return None
