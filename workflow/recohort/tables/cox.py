"""Table 3: hazard ratios, a row per model; or one model's coefficients, a row per term."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.adjusted import adjusted_p, family_heading
from recohort.tables.scales import comparison, is_amount, said_of, setting
from recohort.tables.table import Column, Row, Table, finished
from recohort.tables.words import label_of, labelled, with_interval


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
    level : float or None
        Of the intervals.
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
            for term in _terms(estimates, terms, layout):
                line = pick.first(estimates, term=term, quantity="coefficient")
                line = pick.first(estimates, term=term, quantity="hazard_ratio") if line is None else line
                sizes.add((section, pick.value(line, "n"), pick.value(line, "n_events")))
                if layout == "terms":
                    lines = _coefficients(estimates, term, columns, digits, p_digits)
                else:
                    lines = _ratios(estimates, term, columns, scales, digits, p_digits)
                more = []
                if adjusting is not None:
                    more.append(fmt.p_value(adjusted_p(adjusting, name, term), digits=p_digits))
                if ph_test:
                    test = pick.first(estimates, term=term, quantity="ph_test")
                    more.append(fmt.p_value(pick.value(test, "p_value"), digits=p_digits))
                rows += [Row((*cells, *more)) for cells in lines]
    headings = _headings(layout, scales, with_interval("Hazard ratio", level))
    headings += [Column(family_heading(adjusting))] if adjusting is not None else []
    headings += [Column("PH test p")] if ph_test else []
    return finished(
        frames,
        title=title,
        columns=headings,
        rows=rows,
        footnotes=[
            *(_size(*size, many=len(models) > 1) for size in sorted(sizes, key=str)),
            "PH test: score test of proportional hazards." if ph_test else "",
            *_spreads(frames, models, terms, scales, columns),
        ],
        synthetic=synthetic,
    )


def _terms(estimates: pd.DataFrame, wanted: list[str], layout: str) -> list[str]:
    """Return the terms that are printed; products only where coefficients are."""
    quantities = ("hazard_ratio", "ratio_of_hazard_ratios") if layout == "terms" else ("hazard_ratio",)
    held = list(dict.fromkeys(estimates.loc[estimates["quantity"].isin(quantities), "term"]))
    return [term for term in wanted if term in held] if wanted else held


def _headings(layout: str, scales: list[str], ratio: str) -> list[Column]:
    if layout == "terms":
        words = ["Term", "Coefficient", ratio, "SE of coefficient", "z", "p"]
        return [Column(word) for word in words]
    short = {"per 1": "per unit", "per 0.1": "per 0.1 unit"}
    return [
        Column("Predictor"),
        Column("n (events)"),
        *(Column(short.get(scale, scale), ratio) for scale in scales),
        Column("p"),
    ]


def _coefficients(
    estimates: pd.DataFrame, term: str, columns: Mapping[str, dict], digits: int, p_digits: int
) -> list[list[str]]:
    """Return a row per coefficient of a term; its ratio is that which is its exponential."""
    found = estimates[(estimates["term"] == term) & (estimates["quantity"] == "coefficient")]
    ratios = estimates[
        (estimates["term"] == term) & estimates["quantity"].isin(["hazard_ratio", "ratio_of_hazard_ratios"])
    ]
    lines = []
    for _, row in found.iterrows():
        same = ratios[ratios["scale"].map(said_of) == said_of(row["scale"])]
        close = np.isclose(same["estimate"], np.exp(row["estimate"]), rtol=1e-9, atol=0)
        ratio = same[close].iloc[0] if close.any() else None
        tested = fmt.number(pick.value(row, "statistic"), digits=digits)
        label = label_of(term, columns)
        lines.append(
            [
                label if len(found) == 1 else f"{label}: {said_of(row['scale'])}",
                fmt.number(pick.value(row), digits=digits),
                fmt.estimate(*pick.interval(ratio), digits=digits),
                fmt.number(pick.value(row, "std_error"), digits=digits),
                tested if pick.value(row, "df") is None else f"χ²={tested}",
                fmt.p_value(pick.value(row, "p_value"), digits=p_digits),
            ]
        )
    return lines


def _ratios(
    estimates: pd.DataFrame,
    term: str,
    columns: Mapping[str, dict],
    scales: list[str],
    digits: int,
    p_digits: int,
) -> list[list[str]]:
    """Return a row per level of a category and per setting of a number, its ratios at each scale.

    A ratio between levels or values, which has no scale, stands in the first column of ratios.
    """
    ratios = pick.rows(estimates, term=term, quantity="hazard_ratio")
    keys = ratios["scale"].map(lambda scale: comparison(scale) + setting(scale, columns))
    lines = []
    for key in dict.fromkeys(keys):
        here = ratios[keys == key]
        first = here.iloc[0]
        printed = [pick.first(here, scale=scale) for scale in scales]
        if not is_amount(first["scale"]):
            printed[:1] = [first]
        lines.append(
            [
                labelled(term, columns) + key,
                f"{fmt.count(first['n'])} ({fmt.count(first['n_events'])})",
                *(fmt.estimate(*pick.interval(row), digits=digits) for row in printed),
                fmt.p_value(pick.value(first, "p_value"), digits=p_digits),
            ]
        )
    return lines


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
            for term in _terms(estimates, terms, "models"):
                row = pick.first(estimates, term=term, quantity="hazard_ratio", scale=scale)
                if row is not None and "(" in row["scale"]:
                    found.setdefault(label_of(term, columns), row["scale"].split("(")[1].rstrip(")"))
        if found:
            listed = "; ".join(f"{label} {size}" for label, size in found.items())
            notes.append(f"{scale.removeprefix('per ')}: {listed}.")
    return notes
