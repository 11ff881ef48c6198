"""Survival, or cumulative incidence beside a competing event, of the strata at given times, and how far they differ."""

from collections.abc import Mapping

import pandas as pd

from recohort.core.errors import InputError
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.table import Column, Row, Table, finished
from recohort.tables.words import key_of, warnings_of, with_interval

WITHHELD = "matched_on_outcome"
TESTS = ("log_rank", "log_rank_trend", "log_rank_pair_adjusted", "gray_test", "gray_test_competing")


def build(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    level: float | None,
    title: str,
    kaplan_meier: str | None,
    competing_risks: str | None,
    group_levels: Mapping[str, str],
    times: list[float],
    time_unit: str,
    event_label: str,
    competing_label: str,
    at_risk: bool,
    one_minus_km: bool,
    percent_digits: int,
    digits: int,
    ratio_digits: int,
    p_digits: int,
) -> Table:
    """Build the table of survival or of cumulative incidences.

    Parameters
    ----------
    frames : mapping
        ``models/kaplan_meier/<kaplan_meier>`` or ``models/competing_risks/<competing_risks>``.
    columns : mapping
        Declared columns (unused here; every kind has the same face).
    synthetic : bool
        The cohort is synthetic.
    level : float or None
        Level of the intervals.
    title : str
        Title of the table.
    kaplan_meier, competing_risks : str or None
        The analysis; one of the two.
    group_levels : mapping
        Stratum to how it is called, in printed order; ``all`` of an analysis without a group.
    times : list of float
        Times that are printed, among those of the analysis.
    time_unit : str
        Their unit, as printed.
    event_label, competing_label : str
        What the two events of an analysis of competing risks are called.
    at_risk, one_minus_km : bool
        Print the numbers at risk; print 1 less Kaplan-Meier beneath the incidence of the event.
    percent_digits, digits, ratio_digits, p_digits : int
        Decimals of percentages, of times, of ratios and of p-values.

    Returns
    -------
    Table

    Raises
    ------
    InputError
        Not one analysis is named, or it was not made at one of the times.

    Notes
    -----
    After matching on the outcome absolute risks describe nobody; they are withheld.
    """
    if (kaplan_meier is None) == (competing_risks is None):
        raise InputError(
            "the survival table names both or neither of kaplan_meier and competing_risks, expected one of them"
        )
    kind, name = ("kaplan_meier", kaplan_meier) if kaplan_meier else ("competing_risks", competing_risks)
    found = pick.frame_of(frames, f"models/{kind}/{name}")
    first = "survival" if kaplan_meier else "incidence"
    for time in times:
        if _at(found, first, time).empty:
            raise InputError(f"models.{kind}.{name}: found no {first} at {time:g}, expected it among its times")
    withheld = WITHHELD in warnings_of(frames).values()
    decimals = {"percent": percent_digits, "time": digits, "ratio": ratio_digits, "p": p_digits}
    if kaplan_meier:
        estimated, rmst = with_interval(f"{first.capitalize()}, %", level), not pick.rows(found, quantity="rmst").empty
        rows = _survival(found, group_levels, times, at_risk, rmst, withheld, decimals)
    else:
        estimated, rmst = with_interval("Incidence, %", level), False
        rows = _incidences(
            found, group_levels, times, (event_label, competing_label), at_risk, one_minus_km, withheld, decimals
        )
    headings = [Column("Stratum"), Column("n"), Column("Events")]
    for time in times:
        spanner = f"At {time:g} {time_unit}"
        headings += [Column("At risk", spanner)] * at_risk + [Column(estimated, spanner)]
    if kaplan_meier:
        headings.append(Column(f"{with_interval('Median', level)}, {time_unit}"))
    if rmst:
        until = key_of(pick.first(found, quantity="rmst")["scale"]).split(" ")[0]
        headings.append(Column(f"{with_interval(f'Restricted mean to {until}', level)}, {time_unit}"))
    notes = _notes(found, (event_label, competing_label), group_levels, p_digits)
    if withheld:
        notes.append("Estimates are withheld, since matching was on the outcome; counts are of the matched sample.")
    if _contrasts(found, group_levels):
        notes.append("Differences of percentages are in percentage points.")
    return finished(frames, title=title, columns=headings, rows=rows, footnotes=notes, synthetic=synthetic)


def _at(frame: pd.DataFrame, quantity: str, time: float, **where: str) -> pd.DataFrame:
    return pick.rows(frame, quantity=quantity, scale=f"{time:g}", **where)


def _first(frame: pd.DataFrame) -> pd.Series | None:
    return None if frame.empty else frame.iloc[0]


def _survival(
    found: pd.DataFrame,
    group_levels: Mapping[str, str],
    times: list[float],
    at_risk: bool,
    rmst: bool,
    withheld: bool,
    decimals: Mapping[str, int],
) -> list[Row]:
    rows = []
    for level, label in group_levels.items():
        cells = _counts(label, pick.first(found, term=level, quantity="median"))
        cells += _times(found, "survival", level, times, at_risk, withheld, decimals)
        for quantity in ["median"] + ["rmst"] * rmst:
            numbers = pick.interval(pick.first(found, term=level, quantity=quantity))
            cells.append(fmt.MISSING if withheld else fmt.estimate(*numbers, digits=decimals["time"]))
        rows.append(Row(tuple(cells)))
    if withheld:
        return rows
    for level, other in _contrasts(found, group_levels):
        cells = ["", ""]
        for time in times:
            cells += [""] * at_risk + [_difference(found, "survival_difference", level, other, decimals, time=time)]
        cells += [""] + [_difference(found, "rmst_difference", level, other, decimals)] * rmst
        rows.append(Row((f"{group_levels[level]} minus {group_levels[other]}", *cells)))
        if rmst:
            ratio = _difference(found, "rmst_ratio", level, other, decimals)
            blank = [""] * (len(cells) - 1)
            rows.append(Row((f"{group_levels[level]} over {group_levels[other]}", *blank, ratio)))
    return rows


def _incidences(
    found: pd.DataFrame,
    group_levels: Mapping[str, str],
    times: list[float],
    labels: tuple[str, str],
    at_risk: bool,
    one_minus_km: bool,
    withheld: bool,
    decimals: Mapping[str, int],
) -> list[Row]:
    rows = []
    for prefix, heading in zip(("", "competing_"), labels, strict=True):
        rows.append(Row((heading,), section=True))
        for level, label in group_levels.items():
            counted = _counts(label, pick.first(found, term=level, quantity=f"{prefix}incidence"))
            cells = _times(found, f"{prefix}incidence", level, times, at_risk, withheld, decimals)
            rows.append(Row((*counted, *cells), level=1))
        if not prefix and one_minus_km and not withheld:
            for level, label in group_levels.items():
                cells = _times(found, "one_minus_km", level, times, at_risk, withheld, decimals, counts=False)
                rows.append(Row((f"{label}, 1 − Kaplan-Meier", "", "", *cells), level=1))
        for level, other in [] if withheld else _contrasts(found, group_levels):
            cells = ["", ""]
            for time in times:
                quantity = f"{prefix}incidence_difference"
                cells += [""] * at_risk + [_difference(found, quantity, level, other, decimals, time=time)]
            rows.append(Row((f"{group_levels[level]} minus {group_levels[other]}", *cells), level=1))
    return rows


def _counts(label: str, line: pd.Series | None) -> list[str]:
    return [label, fmt.count(pick.value(line, "n")), fmt.count(pick.value(line, "n_events"))]


def _times(
    found: pd.DataFrame,
    quantity: str,
    level: str,
    times: list[float],
    at_risk: bool,
    withheld: bool,
    decimals: Mapping[str, int],
    *,
    counts: bool = True,
) -> list[str]:
    """Return the number at risk and the estimate at every time."""
    cells = []
    for time in times:
        if at_risk:
            number = pick.value(_first(_at(found, "at_risk", time, term=level)))
            cells.append(fmt.count(number) if counts else "")
        numbers = pick.interval(_first(_at(found, quantity, time, term=level)))
        shown = fmt.percent_estimate(*numbers, digits=decimals["percent"])
        cells.append(fmt.MISSING if withheld else shown)
    return cells


def _contrasts(found: pd.DataFrame, group_levels: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the pairs of strata that the analysis subtracts from one another, in printed order."""
    scales = found.loc[found["quantity"].str.endswith("_difference"), "scale"].astype(str)
    return [
        (level, other)
        for level in group_levels
        for other in group_levels
        if scales.str.endswith(f", {level} against {other}").any()
    ]


def _difference(
    found: pd.DataFrame,
    quantity: str,
    level: str,
    other: str,
    decimals: Mapping[str, int],
    *,
    time: float | None = None,
) -> str:
    """Return a contrast of two strata with its p-value; with a time, as percentages."""
    rows = found[found["quantity"] == quantity]
    rows = rows[rows["scale"].str.endswith(f", {level} against {other}")]
    if time is not None:
        moments = rows["scale"].str.removesuffix(f", {level} against {other}").str.split(" ").str[0]
        rows = rows[moments == f"{time:g}"]
    line = _first(rows)
    if line is None or pick.value(line) is None:
        return fmt.MISSING
    numbers = pick.interval(line)
    if time is None:
        shown = fmt.estimate(*numbers, digits=decimals["ratio" if quantity.endswith("ratio") else "time"])
    else:
        shown = fmt.percent_estimate(*numbers, digits=decimals["percent"])
    p = pick.value(line, "p_value")
    return shown if p is None else f"{shown}, {fmt.p_phrase(p, digits=decimals['p'])}"


def _notes(found: pd.DataFrame, labels: tuple[str, str], group_levels: Mapping[str, str], p_digits: int) -> list[str]:
    """Return a sentence per test."""
    notes = []
    of_cause = dict(zip(("gray_test", "gray_test_competing"), labels, strict=True))
    for line in found[found["quantity"].isin(TESTS) & found["p_value"].notna()].to_dict("records"):
        method = str(line["method"])
        what = method[:1].upper() + method[1:]
        if line["quantity"] in of_cause:
            what += f" ({of_cause[line['quantity']]})"
        if "pair" in line["quantity"]:
            level, _, other = str(line["scale"]).partition(" against ")
            what += f", {group_levels.get(level, level)} against {group_levels.get(other, other)}"
        notes.append(f"{what}: {fmt.p_phrase(line['p_value'], digits=p_digits)}.")
    return notes
