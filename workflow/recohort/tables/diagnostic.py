"""Accuracy of tests against a reference standard, and how the tests differ."""

from collections.abc import Mapping

import pandas as pd

from recohort.core.errors import InputError
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.table import Column, Row, Table, finished
from recohort.tables.words import level_of, with_interval

SHARES = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "Positive predictive value",
    "npv": "Negative predictive value",
}
RATIOS = {"likelihood_ratio_positive": "Positive", "likelihood_ratio_negative": "Negative"}


def build(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    level: float | None,
    title: str,
    model: str,
    tests: Mapping[str, str],
    percent_digits: int,
    digits: int,
    p_digits: int,
) -> Table:
    """Build the table of diagnostic accuracy: a line for each test, then for each pair of tests.

    Parameters
    ----------
    frames : mapping
        ``models/diagnostic/<model>``.
    columns : mapping
        Declared columns (unused here; every kind has the same face).
    synthetic : bool
        The cohort is synthetic.
    level : float or None
        Level of the intervals.
    title : str
        Title of the table.
    model : str
        Name of the analysis.
    tests : mapping
        Tests in printed order, and how they are called; all of them where none is named.
    percent_digits, digits, p_digits : int
        Decimals of percentages, of likelihood ratios and of p-values.

    Returns
    -------
    Table

    Raises
    ------
    InputError
        A test is not one of the analysis.
    """
    estimates = pick.frame_of(frames, f"models/diagnostic/{model}")
    found = list(dict.fromkeys(estimates[estimates["quantity"] == "sensitivity"]["term"]))
    if strange := [name for name in tests if name not in found]:
        raise InputError(f"models.diagnostic.{model}: found no test '{strange[0]}', expected {', '.join(found)}")
    names = dict(tests) or {name: level_of(name) for name in found}
    headings = [Column("Test")]
    for label in SHARES.values():
        headings += [Column("n/N", label), Column(with_interval("%", level), label)]
    headings += [Column(label, with_interval("Likelihood ratio", level)) for label in RATIOS.values()]
    rows = [Row(_line(estimates, name, label, percent_digits, digits)) for name, label in names.items()]
    differences = [
        Row(_difference(estimates, term, names, percent_digits, p_digits))
        for term in dict.fromkeys(estimates[estimates["quantity"] == "sensitivity_difference"]["term"])
        if set(term.split(" against ")) <= set(names)
    ]
    if differences:
        rows += [Row(("Difference between tests, percentage points",), section=True), *differences]
    return finished(
        frames,
        title=title,
        columns=headings,
        rows=rows,
        footnotes=_notes(estimates, found[0], compared=bool(differences)),
        synthetic=synthetic,
    )


def _line(estimates: pd.DataFrame, name: str, label: str, percent_digits: int, digits: int) -> tuple[str, ...]:
    cells = [label]
    for quantity in SHARES:
        row = pick.one(estimates, f"test '{name}'", term=name, quantity=quantity)
        cells.append(f"{fmt.count(row['n_events'])}/{fmt.count(row['n'])}")
        cells.append(fmt.percent_estimate(*pick.interval(row), digits=percent_digits))
    for quantity in RATIOS:
        row = pick.one(estimates, f"test '{name}'", term=name, quantity=quantity)
        cells.append(fmt.estimate(*pick.interval(row), digits=digits))
    return tuple(cells)


def _difference(
    estimates: pd.DataFrame, term: str, names: Mapping[str, str], percent_digits: int, p_digits: int
) -> tuple[str, ...]:
    cells = [" − ".join(names[name] for name in term.split(" against "))]
    for quantity in ("sensitivity", "specificity"):
        row = pick.one(estimates, f"tests '{term}'", term=term, quantity=f"{quantity}_difference")
        cells.append(fmt.p_phrase(pick.value(row, "p_value"), digits=p_digits))
        cells.append(fmt.percent_estimate(*pick.interval(row), digits=percent_digits))
    return (*cells, *[""] * (2 * (len(SHARES) - 2) + len(RATIOS)))


def _notes(estimates: pd.DataFrame, test: str, *, compared: bool) -> list[str]:
    prevalence = pick.one(estimates, f"test '{test}'", term=test, quantity="prevalence")
    method = pick.first(estimates, term=test, quantity="sensitivity")["method"]
    notes = [
        f"n={fmt.count(prevalence['n'])}, {fmt.count(prevalence['n_events'])} positive by the reference standard; "
        "predictive values hold for their share alone.",
        f"Intervals of percentages: {method}.",
    ]
    for quantity, what in (("ppv_at_prevalence", "Positive"), ("npv_at_prevalence", "Negative")):
        rows = pick.rows(estimates, quantity=quantity)
        if len(rows):
            told = "; ".join(
                f"{level_of(row['term'])} {fmt.percent_estimate(*pick.interval(row), digits=1)}"
                for _, row in rows.iterrows()
            )
            share = str(rows.iloc[0]["scale"]).replace(" ", " of ", 1)
            notes.append(f"{what} predictive value, %, at a {share}: {told}.")
    if compared:
        notes.append("Differences in the same patients: Tango's interval, exact McNemar test.")
    return notes
