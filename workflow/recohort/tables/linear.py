"""Linear models: a row per coefficient; adjusted means and their differences where the exposure has levels."""

from collections.abc import Mapping

import pandas as pd

from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.adjusted import adjusted_p, families_of, family_heading
from recohort.tables.table import Column, Row, Table, finished
from recohort.tables.words import label_of, level_of, with_interval

MEANS = {"adjusted_mean": "Adjusted mean", "adjusted_difference": "Adjusted difference"}


def build(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    level: float | None,
    title: str,
    models: Mapping[str, str],
    terms: list[str],
    means: bool,
    family: str | None,
    digits: int,
    p_digits: int,
) -> Table:
    """Build the table of linear models.

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
        Heading of a section -> model.
    terms : list of str
        Terms that are printed; every term but the intercept where none is named.
    means : bool
        Print adjusted means and their differences.
    family : str or None
        Family whose adjusted p-values are printed.
    digits, p_digits : int
        Decimals of estimates and of p-values.

    Returns
    -------
    Table
    """
    families, rows, notes = families_of(frames, family), [], []
    for section, name in models.items():
        estimates = pick.frame_of(frames, f"models/linear/{name}")
        rows += [Row((section,), section=True)] if len(models) > 1 else []
        found = estimates[(estimates["quantity"] == "coefficient") & (estimates["term"] != "intercept")]
        for _, line in found[found["term"].isin(terms)].iterrows() if terms else found.iterrows():
            adjusted = [adjusted_p(one, name, line["term"]) for one in families]
            rows.append(_row(_spoken(line, columns), line, adjusted, digits, p_digits))
        for quantity, text in MEANS.items() if means else ():
            for _, line in estimates[estimates["quantity"] == quantity].iterrows():
                rows.append(_row(f"{text}: {_level(line)}", line, [None] * len(families), digits, p_digits))
        notes.append(_fit(estimates, section if len(models) > 1 else "", p_digits))
    headings = [Column("Term"), Column(with_interval("Estimate", level)), Column("Standard error"), Column("p")]
    headings += [Column(family_heading(one)) for one in families]
    return finished(frames, title=title, columns=headings, rows=rows, footnotes=notes, synthetic=synthetic)


def _row(words: str, line: pd.Series, adjusted: list[float | None], digits: int, p_digits: int) -> Row:
    p = None if line["quantity"] == "adjusted_mean" else pick.value(line, "p_value")
    cells = [
        words,
        fmt.estimate(*pick.interval(line), digits=digits),
        fmt.number(pick.value(line, "std_error"), digits=digits),
        fmt.p_value(p, digits=p_digits),
    ]
    return Row((*cells, *(fmt.p_value(p, digits=p_digits) for p in adjusted)))


def _spoken(line: pd.Series, columns: Mapping[str, dict]) -> str:
    label = label_of(line["term"], columns)
    scale = "" if pd.isna(line["scale"]) else str(line["scale"])
    return f"{label}, {scale}" if scale else label


def _level(line: pd.Series) -> str:
    scale = str(line["scale"])
    return scale if " against " in scale else level_of(scale)


def _fit(estimates: pd.DataFrame, section: str, p_digits: int) -> str:
    model = pick.rows(estimates, term="model")
    share = pick.first(model, quantity="r_squared")
    test = pick.first(model, quantity="f_test")
    start = f"{section}: " if section else ""
    p = fmt.p_phrase(pick.value(test, "p_value"), digits=p_digits)
    text = f"R²={fmt.number(pick.value(share), digits=2)}, F test {p}"
    return f"{start}n={fmt.count(pick.value(share, 'n'))}, {text}; {share['method']}."
