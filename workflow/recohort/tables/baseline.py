"""Table 1: who the patients are, by group, before and after matching, and how well matching balanced them."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import pandas as pd

from recohort.core.errors import InputError
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.table import Column, Row, Table, finished
from recohort.tables.words import STATISTICS, key_of, label_of, labelled, level_of


class _Line(NamedTuple):
    text: str
    level: str
    indent: int
    show: Callable[[pd.Series], str]


def build(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    title: str,
    group: str,
    group_levels: Mapping[str, str],
    variables: Mapping[str, str],
    matched: bool,
    smd: str,
    digits: int,
    percent_digits: int,
    smd_digits: int,
) -> Table:
    """Build the baseline table.

    Parameters
    ----------
    frames : mapping
        ``cohort/eligible``; with `matched` also ``cohort/matched`` and ``cohort/balance``.
    columns : mapping
        Declared columns: name -> type, unit, levels, label.
    synthetic : bool
        The cohort is synthetic.
    title : str
        Title of the table.
    group : str
        Column that divides the patients.
    group_levels : mapping
        Its levels in printed order, and how they are called.
    variables : mapping
        Variable -> ``mean_sd | median_iqr | n_percent``, in printed order.
    matched : bool
        Print the matched sample and the balance beside the eligible one.
    smd : str
        Column of the balance frame that is printed: ``smd_pooled | smd_treated``.
    digits, percent_digits, smd_digits : int
        Decimals of statistics, of percentages and of the SMD.

    Returns
    -------
    Table
    """
    samples = [("cohort/eligible", "all", "Before matching" if matched else "")]
    samples += [("cohort/matched", "matched", "After matching")] if matched else []
    parts = {name: _by_group(pick.frame_of(frames, name), group, group_levels, name) for name, _, _ in samples}
    headings = [Column("Characteristic")]
    for name, _, spanner in samples:
        texts = zip(group_levels.values(), parts[name], strict=True)
        headings += [Column(f"{text} (n={len(part)})", spanner) for text, part in texts]
        headings += [Column("SMD", spanner)] if matched else []
    rows = []
    for variable, statistic in variables.items():
        values = pd.concat([_column(part, variable) for name, _, _ in samples for part in parts[name]])
        for line in _lines(values, variable, statistic, columns, digits, percent_digits):
            cells = [line.text]
            for name, sample, _ in samples:
                cells += [line.show(part[variable]) for part in parts[name]]
                if matched:
                    found = _smd(pick.frame_of(frames, "cohort/balance"), sample, variable, line.level, smd)
                    blank = line.level == "missing" or (line.level == "heading" and found is None)
                    cells.append("" if blank else fmt.number(found, digits=smd_digits))
            rows.append(Row(tuple(cells), line.indent))
    note = "SMD: standardised mean difference; a size below 0.1 is taken as balance." if matched else ""
    return finished(
        frames,
        title=title,
        columns=headings,
        rows=rows,
        footnotes=["Percentages are of the patients whose value is known.", note],
        synthetic=synthetic,
    )


def _by_group(frame: pd.DataFrame, group: str, levels: Mapping[str, str], name: str) -> list[pd.DataFrame]:
    keys = _column(frame, group).map(key_of)
    unknown = sorted(set(keys) - {str(level) for level in levels})
    if unknown:
        raise InputError(f"{name}: column '{group}' holds '{unknown[0]}', expected one of {', '.join(levels)}")
    return [frame[keys == str(level)] for level in levels]


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame:
        raise InputError(f"the cohort has no column '{name}', which the baseline table prints")
    return frame[name]


def _lines(
    values: pd.Series,
    variable: str,
    statistic: str,
    columns: Mapping[str, dict],
    digits: int,
    percent_digits: int,
) -> Iterator[_Line]:
    what = f", {STATISTICS[statistic]}"
    if statistic == "n_percent":
        yield from _counts(values, variable, what, columns, percent_digits)
    else:
        show = {"mean_sd": fmt.mean_sd, "median_iqr": fmt.median_iqr}[statistic]
        yield _Line(labelled(variable, columns) + what, "", 0, lambda part: show(part.dropna(), digits=digits))
    if values.isna().any():
        yield _Line("Missing, n", "missing", 1, lambda part: str(int(part.isna().sum())))


def _counts(values: pd.Series, variable: str, what: str, columns: Mapping[str, dict], digits: int) -> Iterator[_Line]:
    def share(level: str) -> Callable[[pd.Series], str]:
        def show(part: pd.Series) -> str:
            known = part.dropna().map(key_of)
            return fmt.n_percent(int((known == level).sum()), len(known), digits=digits)

        return show

    if columns.get(variable, {}).get("type") == "boolean":
        yield _Line(label_of(variable, columns) + what, "1", 0, share("1"))
        return
    declared = columns.get(variable, {}).get("levels")
    levels = [key_of(level) for level in declared or sorted(values.dropna().unique())]
    yield _Line(label_of(variable, columns) + what, "heading", 0, lambda part: "")
    for level in levels:
        yield _Line(level_of(level), level, 1, share(level))


def _smd(balance: pd.DataFrame, sample: str, variable: str, level: str, column: str) -> float | None:
    """Return a line's difference; that of a number, a boolean or a whole category stands in the row with no level."""
    rows = pick.rows(balance, sample=sample, covariate=variable)
    whole = rows[rows["level"].fillna("") == ""]
    of_level = pick.rows(rows, level=level) if level not in ("", "1", "heading") else whole
    return None if of_level.empty else pick.value(of_level.iloc[0], column)
