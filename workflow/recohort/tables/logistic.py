"""Odds ratios: a row per model, or a row per term of each model."""

from collections.abc import Mapping

import pandas as pd

from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.adjusted import adjusted_p, family_heading
from recohort.tables.table import Column, Row, Table, finished
from recohort.tables.words import label_of, labelled, level_of, with_interval

_RATIOS = ("odds_ratio", "ratio_of_odds_ratios")
_QUANTITIES = {"models": ("odds_ratio",), "terms": (*_RATIOS, "coefficient")}


def build(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    level: float | None,
    title: str,
    layout: str,
    models: Mapping[str, list[str]],
    terms: list[str],
    scales: list[str],
    family: str | None,
    c_statistic: bool,
    digits: int,
    p_digits: int,
) -> Table:
    """Build the table of logistic models.

    Parameters
    ----------
    frames : mapping
        ``models/logistic/<name>`` of every model; ``models/family/<family>``.
    columns : mapping
        Declared columns: name -> unit, label.
    synthetic : bool
        The cohort is synthetic.
    level : float or None
        Level of the intervals.
    title : str
        Title of the table.
    layout : {"models", "terms"}
        A row per model and term, odds ratios at several scales; or a row per term (of a category, per level) with
        coefficient, odds ratio, standard error and p.
    models : mapping
        Heading of a section -> names of its models.
    terms : list of str
        Terms that are printed; every term of a model where none is named.
    scales : list of str
        Beginnings of the scales printed in the layout ``models``.
    family : str or None
        Family whose adjusted p-values are printed.
    c_statistic : bool
        Name each model's C statistic beneath the table.
    digits, p_digits : int
        Decimals of estimates and of p-values.
    """
    adjusting = None if family is None else pick.frame_of(frames, f"models/family/{family}")
    rows, notes = [], []
    for section, names in models.items():
        rows += [Row((section,), section=True)] if len(models) > 1 else []
        for name in names:
            estimates = pick.frame_of(frames, f"models/logistic/{name}")
            ratios = estimates[estimates["quantity"].isin(_QUANTITIES[layout])]
            held = [term for term in dict.fromkeys(ratios["term"]) if term != "intercept"]
            notes += _size(estimates, ratios, section if len(models) > 1 else "", c_statistic, digits)
            for term in [term for term in terms if term in held] if terms else held:
                found = ratios[ratios["term"] == term]
                _, product, where = str(found["method"].iloc[0]).rpartition(", where ")
                if product:
                    notes.append(f"{label_of(term, columns)}: in the model with a product, where {where}.")
                for cells in (_terms if layout == "terms" else _model)(found, columns, scales, digits, p_digits):
                    if adjusting is not None:
                        cells.append(fmt.p_value(adjusted_p(adjusting, name, term), digits=p_digits))
                    rows.append(Row(tuple(cells)))
    ratio = with_interval("Odds ratio", level)
    headings = [Column(word) for word in ("Term", "Coefficient", ratio, "SE of coefficient", "p")]
    if layout == "models":
        short = {"per 1": "per unit"}
        spanned = [Column(short.get(scale, scale), ratio) for scale in scales]
        headings = [Column("Predictor"), Column("n (events)"), *spanned, Column("p")]
    headings += [Column(family_heading(adjusting))] if adjusting is not None else []
    return finished(frames, title=title, columns=headings, rows=rows, footnotes=notes, synthetic=synthetic)


def _terms(
    ratios: pd.DataFrame,
    columns: Mapping[str, dict],
    scales: list[str],
    digits: int,
    p_digits: int,
) -> list[list[str]]:
    term = ratios["term"].iloc[0]
    rows = []
    for _, coefficient in ratios[ratios["quantity"] == "coefficient"].iterrows():
        fits = (ratios["scale"] == coefficient["scale"]) & ratios["quantity"].isin(_RATIOS)
        ratio = ratios[fits].iloc[0] if fits.any() else None
        rows.append(
            [
                _label(term, coefficient["scale"], columns),
                fmt.number(pick.value(coefficient), digits=digits),
                fmt.estimate(*pick.interval(ratio), digits=digits),
                fmt.number(pick.value(coefficient, "std_error"), digits=digits),
                fmt.p_value(pick.value(coefficient, "p_value"), digits=p_digits),
            ]
        )
    return rows


def _model(
    ratios: pd.DataFrame,
    columns: Mapping[str, dict],
    scales: list[str],
    digits: int,
    p_digits: int,
) -> list[list[str]]:
    """Return a number's row with its ratios at every scale, or a category's rows with the ratio in the first."""
    rows = []
    levels = [scale for scale in ratios["scale"] if not str(scale).startswith("per ")]
    for level in levels or [None]:
        found = ratios if level is None else ratios[ratios["scale"] == level]
        first = found.iloc[0]
        printed = [pick.first(found, scale=scale) for scale in scales] if level is None else [first]
        cells = [fmt.estimate(*pick.interval(row), digits=digits) for row in printed]
        cells += [fmt.MISSING] * (len(scales) - len(cells))
        size = f"{fmt.count(first['n'])} ({fmt.count(first['n_events'])})"
        label = _label(first["term"], level or "", columns)
        rows.append([label, size, *cells, fmt.p_value(pick.value(first, "p_value"), digits=p_digits)])
    return rows


def _label(term: str, scale: str, columns: Mapping[str, dict]) -> str:
    """Return a term's words; of a product both columns and what each is per; of a spline which column of it."""
    if ":" in term:
        return f"{label_of(term, columns)}, {scale}"
    if "knot" in scale or scale.startswith("bend"):
        return f"{labelled(term, columns)}, {scale.rpartition(', ')[2]}"
    if " against " not in scale:
        return labelled(term, columns)
    if columns.get(term, {}).get("type") == "boolean":
        return label_of(term, columns)
    level, reference = (level_of(part) for part in scale.split(" against "))
    return f"{label_of(term, columns)}: {level} against {reference.lower()}"


def _size(estimates: pd.DataFrame, ratios: pd.DataFrame, section: str, c_statistic: bool, digits: int) -> list[str]:
    if ratios.empty:
        return []
    text = f"n={fmt.count(ratios['n'].iloc[0])}, {fmt.count(ratios['n_events'].iloc[0])} events."
    found = pick.first(estimates, quantity="c_statistic")
    if c_statistic and found is not None:
        text = text[:-1] + f", C statistic {fmt.number(pick.value(found), digits=digits)}."
    return [f"{section}: {text}" if section else text]
