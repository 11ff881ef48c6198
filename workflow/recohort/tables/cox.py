"""Table 3: hazard ratios, a row per model; or one model's coefficients, a row per term."""

from collections.abc import Mapping

import pandas as pd

from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.adjusted import adjusted_p, family_heading
from recohort.tables.table import Column, Row, Table, finished
from recohort.tables.words import label_of, labelled

RATIO = "Hazard ratio (95 % CI)"


def build(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    title: str,
    layout: str,
    models: Mapping[str, list[str]],
    terms: list[str],
    scales: list[str],
    family: str | None,
    ph_test: bool,
    digits: int,
    p_digits: int,
) -> Table:
    """Build the table of Cox models.

    Parameters
    ----------
    frames : mapping
        ``models/cox/<name>`` of every model; ``models/family/<family>``.
    columns : mapping
        Declared columns: name -> unit, label.
    synthetic : bool
        The cohort is synthetic.
    title : str
        Title of the table.
    layout : str
        ``models``: one row per model and term, hazard ratios at several scales.
        ``terms``: one row per term of each model with coefficient, hazard ratio, standard error, z and p.
    models : mapping
        Heading of a section -> names of its models.
    terms : list of str
        Terms that are printed; every term of a model where none is named.
    scales : list of str
        Beginnings of the scales printed: ``per 1``, ``per 0.1``, ``per SD``, ``per IQR``.
    family : str or None
        Family whose adjusted p-values are printed.
    ph_test : bool
        Print the p-value of the test of proportional hazards.
    digits, p_digits : int
        Decimals of estimates and of p-values.

    Returns
    -------
    Table
    """
    adjusting = None if family is None else pick.frame_of(frames, f"models/family/{family}")
    rows, sizes = [], set()
    for section, names in models.items():
        rows += [Row((section,), section=True)] if len(models) > 1 else []
        for name in names:
            estimates = pick.frame_of(frames, f"models/cox/{name}")
            for term in _terms(estimates, terms):
                line = pick.first(estimates, term=term, quantity="hazard_ratio")
                sizes.add((section, pick.value(line, "n"), pick.value(line, "n_events")))
                if layout == "terms":
                    cells = _term(estimates, name, term, columns, digits, p_digits)
                else:
                    cells = _model(estimates, name, term, columns, scales, digits, p_digits)
                if adjusting is not None:
                    cells.append(fmt.p_value(adjusted_p(adjusting, name, term), digits=p_digits))
                if ph_test:
                    test = pick.first(estimates, term=term, quantity="ph_test")
                    cells.append(fmt.p_value(pick.value(test, "p_value"), digits=p_digits))
                rows.append(Row(tuple(cells)))
    headings = _headings(layout, scales)
    headings += [Column(family_heading(adjusting))] if adjusting is not None else []
    headings += [Column("PH test p")] if ph_test else []
    return finished(
        frames,
        title=title,
        columns=headings,
        rows=rows,
        footnotes=[
            *(_size(*size, many=len(models) > 1) for size in sorted(sizes, key=str)),
            "PH test: test of proportional hazards on scaled Schoenfeld residuals." if ph_test else "",
            *_spreads(frames, models, terms, scales, columns),
        ],
        synthetic=synthetic,
    )


def _terms(estimates: pd.DataFrame, wanted: list[str]) -> list[str]:
    held = list(dict.fromkeys(pick.rows(estimates, quantity="hazard_ratio")["term"]))
    return [term for term in wanted if term in held] if wanted else held


def _headings(layout: str, scales: list[str]) -> list[Column]:
    if layout == "terms":
        words = ["Term", "Coefficient", RATIO, "SE of coefficient", "z", "p"]
        return [Column(word) for word in words]
    short = {"per 1": "per unit", "per 0.1": "per 0.1 unit"}
    return [
        Column("Predictor"),
        Column("n (events)"),
        *(Column(short.get(scale, scale), RATIO) for scale in scales),
        Column("p"),
    ]


def _term(
    estimates: pd.DataFrame, name: str, term: str, columns: Mapping[str, dict], digits: int, p_digits: int
) -> list[str]:
    ratio = pick.first(estimates, term=term, quantity="hazard_ratio")
    coefficient = pick.one(estimates, f"models.cox.{name}", term=term, quantity="coefficient")
    return [
        label_of(term, columns),
        fmt.number(pick.value(coefficient), digits=digits),
        fmt.estimate(*pick.interval(ratio), digits=digits),
        fmt.number(pick.value(coefficient, "std_error"), digits=digits),
        fmt.number(pick.value(coefficient, "statistic"), digits=digits),
        fmt.p_value(pick.value(coefficient, "p_value"), digits=p_digits),
    ]


def _model(
    estimates: pd.DataFrame,
    name: str,
    term: str,
    columns: Mapping[str, dict],
    scales: list[str],
    digits: int,
    p_digits: int,
) -> list[str]:
    ratios = pick.rows(estimates, term=term, quantity="hazard_ratio")
    printed = [pick.first(ratios, scale=scale) for scale in scales]
    first = ratios.iloc[0]
    return [
        labelled(term, columns),
        f"{fmt.count(first['n'])} ({fmt.count(first['n_events'])})",
        *(fmt.estimate(*pick.interval(row), digits=digits) for row in printed),
        fmt.p_value(pick.value(first, "p_value"), digits=p_digits),
    ]


def _size(section: str, n: float | None, n_events: float | None, *, many: bool) -> str:
    text = f"n={fmt.count(n)}, {fmt.count(n_events)} events."
    return f"{section}: {text}" if many else text


def _spreads(
    frames: Mapping[str, object],
    models: Mapping[str, list[str]],
    terms: list[str],
    scales: list[str],
    columns: Mapping[str, dict],
) -> list[str]:
    """Say what one SD and one IQR are, model by model, since they differ between predictors."""
    notes = []
    for scale in (scale for scale in scales if not scale.split()[1][0].isdigit()):
        found = {}
        for name in (name for names in models.values() for name in names):
            estimates = frames[f"models/cox/{name}"]
            for term in _terms(estimates, terms):
                row = pick.first(estimates, term=term, quantity="hazard_ratio", scale=scale)
                if row is not None and "(" in row["scale"]:
                    found.setdefault(label_of(term, columns), row["scale"].split("(")[1].rstrip(")"))
        if found:
            listed = "; ".join(f"{label} {size}" for label, size in found.items())
            notes.append(f"{scale.removeprefix('per ')}: {listed}.")
    return notes
