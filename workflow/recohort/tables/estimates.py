"""Any models' estimates, a row per number: for whatever has no table of its own."""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from recohort.core.errors import InputError
from recohort.core.quantities import is_ratio
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.adjusted import adjusted_p, family_heading
from recohort.tables.table import Column, Row, Table, finished
from recohort.tables.words import label_of, method_of, quantity_of, with_interval

WORDS = {"std_error": "SE", "statistic": "Statistic", "df": "df", "p_value": "p", "n": "n", "n_events": "Events"}


class _Line(NamedTuple):
    """A row of the table: its model ``<kind>.<name>``, the section it stands in and its estimate."""

    model: str
    section: str
    row: pd.Series


def build(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    level: float | None,
    title: str,
    models: Mapping[str, list[str]],
    quantities: list[str],
    terms: list[str],
    scales: list[str],
    methods: list[str],
    show: list[str],
    labels: Mapping[str, str],
    percent: list[str],
    family: str | None,
    digits: int,
    quantity_digits: Mapping[str, int],
    column_digits: Mapping[str, int],
    p_digits: int,
) -> Table:
    """Build a table of estimates.

    Parameters
    ----------
    frames : mapping
        ``models/<kind>/<name>`` of every model; ``models/family/<family>``.
    columns : mapping
        Declared columns: name -> unit, label.
    synthetic : bool
        The cohort is synthetic.
    level : float or None
        Level of the models' intervals.
    title : str
        Title of the table.
    models : mapping
        Heading of a section -> its models, ``<kind>.<name>``; a single heading is not printed.
    quantities, terms, scales, methods : list of str
        Which rows are printed: words of the estimates, of scales and methods their beginnings; all where none is
        named. Named quantities are printed in this order within a model and term.
    show : list of str
        Columns in printed order: ``estimate`` (with its interval), ``std_error``, ``statistic``, ``df``, ``p_value``,
        ``n``, ``n_events``.
    labels : mapping
        Quantity, term, scale or model (``<kind>.<name>``) -> how it is called.
    percent : list of str
        Quantities printed as percentages.
    family : str or None
        Family whose adjusted p-values stand last.
    digits, p_digits : int
        Decimals of estimates and of p-values.
    quantity_digits, column_digits : mapping
        Decimals of the estimates of one quantity, and of ``std_error``, ``statistic`` and ``df``.

    Returns
    -------
    Table
        What is the same in every row (the model, the quantity, the scale) has no column of its own.

    Raises
    ------
    InputError
        A model has no such row.
    """
    lines = [
        line
        for section, names in models.items()
        for model in names
        for line in _chosen(frames, model, section, quantities, terms, scales, methods)
    ]
    adjusting = None if family is None else pick.frame_of(frames, f"models/family/{family}")
    shown_quantities = list(dict.fromkeys(line.row["quantity"] for line in lines))
    told = _told_apart(lines, labels)
    rows, section = [], None
    for line in lines:
        if len(models) > 1 and line.section != section:
            section = line.section
            rows.append(Row((section,), section=True))
        cells = [_word(line, what, labels, columns) for what in told]
        for what in show:
            cells.append(_cell(line.row, what, digits, quantity_digits, column_digits, p_digits, percent))
        if adjusting is not None:
            name, term = line.model.split(".", 1)[1], line.row["term"]
            cells.append(fmt.p_value(adjusted_p(adjusting, name, term), digits=p_digits))
        rows.append(Row(tuple(cells)))
    heading = _quantity(shown_quantities[0], labels, percent) if len(shown_quantities) == 1 else "Estimate"
    headings = [Column(what.capitalize()) for what in told]
    headings += [_heading(what, heading, lines, level) for what in show]
    headings += [Column(family_heading(adjusting))] if adjusting is not None else []
    ratios = any(map(is_ratio, shown_quantities))
    scale = None if "scale" in told else _text(lines[0].row["scale"])
    return finished(
        frames,
        title=title,
        columns=headings,
        rows=rows,
        footnotes=[
            "" if "term" in told else f"{heading} of {_word(lines[0], 'term', labels, columns)}.",
            f"{heading}: {labels.get(scale, scale)}." if scale else "",
            "SE of a ratio is that of its logarithm." if ratios and "std_error" in show else "",
            *_methods(lines, shown_quantities, labels),
        ],
        synthetic=synthetic,
    )


def _text(cell: object) -> str:
    return "" if pd.isna(cell) else str(cell)


def _chosen(
    frames: Mapping[str, object],
    model: str,
    section: str,
    quantities: list[str],
    terms: list[str],
    scales: list[str],
    methods: list[str],
) -> list[_Line]:
    estimates = pick.frame_of(frames, f"models/{model.replace('.', '/', 1)}")
    found = estimates[estimates["quantity"].isin(quantities)] if quantities else estimates
    found = found[found["term"].isin(terms)] if terms else found
    if scales:
        parts = [pick.rows(found, scale=scale) for scale in scales]
        found = found[found.index.isin([index for part in parts for index in part.index])]
    if methods:
        found = found[found["method"].fillna("").str.startswith(tuple(methods))]
    if found.empty:
        sought = [("quantity", quantities), ("term", terms), ("scale", scales), ("method", methods)]
        wanted = "; ".join(f"{column} {' or '.join(names)}" for column, names in sought if names)
        held = ", ".join(dict.fromkeys(estimates["quantity"]))
        raise InputError(
            f"models.{model}: found no row of {wanted or 'estimates'}, expected one at least; it has {held or 'none'}"
        )
    rank = {quantity: place for place, quantity in enumerate(quantities)}
    term = {name: place for place, name in enumerate(terms or dict.fromkeys(found["term"]))}
    places = [(term[row["term"]], rank.get(row["quantity"], 0)) for _, row in found.iterrows()]
    order = sorted(range(len(found)), key=places.__getitem__)
    return [_Line(model, section, found.iloc[place]) for place in order]


def _told_apart(lines: list[_Line], labels: Mapping[str, str]) -> list[str]:
    """Return what the first columns are: the model where it is called by a label or nothing else tells rows apart."""
    kept = ["term"]
    kept += ["quantity"] if len({line.row["quantity"] for line in lines}) > 1 else []
    kept += ["scale"] if len({_text(line.row["scale"]) for line in lines}) > 1 else []
    keys = [(line.section, *(_text(line.row[what]) for what in kept)) for line in lines]
    if len(set(keys)) < len(keys) or any(line.model in labels for line in lines):
        same = len({line.row["term"] for line in lines}) == 1 and len({line.model for line in lines}) > 1
        kept = ["model", *(kept[1:] if same else kept)]
    return kept


def _word(line: _Line, what: str, labels: Mapping[str, str], columns: Mapping[str, dict]) -> str:
    if what == "model":
        return labels.get(line.model) or label_of(line.model.split(".", 1)[1], {})
    word = _text(line.row[what])
    if what == "quantity":
        return labels.get(word) or quantity_of(word)
    if what == "scale":
        return labels.get(word, word)
    return labels.get(word) or label_of(word, columns)


def _quantity(quantity: str, labels: Mapping[str, str], percent: list[str]) -> str:
    return (labels.get(quantity) or quantity_of(quantity)) + (", %" if quantity in percent else "")


def _heading(what: str, estimate: str, lines: list[_Line], level: float | None) -> Column:
    if what != "estimate":
        return Column(WORDS[what])
    limited = any(pd.notna(line.row["conf_low"]) or pd.notna(line.row["conf_high"]) for line in lines)
    return Column(with_interval(estimate, level) if limited else estimate)


def _cell(
    row: pd.Series,
    what: str,
    digits: int,
    quantity_digits: Mapping[str, int],
    column_digits: Mapping[str, int],
    p_digits: int,
    percent: list[str],
) -> str:
    if what == "p_value":
        return fmt.p_value(pick.value(row, what), digits=p_digits)
    if what in ("n", "n_events"):
        return fmt.count(pick.value(row, what))
    own = quantity_digits.get(row["quantity"], digits)
    if what == "estimate":
        show = fmt.percent_estimate if row["quantity"] in percent else fmt.estimate
        return show(*pick.interval(row), digits=own)
    value = pick.value(row, what)
    if what == "df" and value is not None and float(value).is_integer():
        return fmt.count(value)
    scaled = 100 * value if what == "std_error" and value is not None and row["quantity"] in percent else value
    return fmt.number(scaled, digits=column_digits.get(what, own if what == "std_error" else digits))


def _methods(lines: list[_Line], quantities: list[str], labels: Mapping[str, str]) -> list[str]:
    """Say how the numbers came about, quantity by quantity."""
    notes = []
    for quantity in quantities:
        used = [_text(line.row["method"]) for line in lines if line.row["quantity"] == quantity]
        used = [method_of(method) for method in dict.fromkeys(used) if method]
        if used:
            notes.append(f"{labels.get(quantity) or quantity_of(quantity)}: {'; '.join(used)}.")
    return notes
