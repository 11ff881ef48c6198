"""Table 5: survival of the strata, and how much more often the highest suffers the event than the lowest."""

from collections.abc import Mapping

import pandas as pd

from recohort.core.errors import InputError
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.table import Column, Row, Table, finished
from recohort.tables.words import level_of, warnings_of, with_interval

WITHHELD = "matched_on_outcome"


def build(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    level: float | None,
    title: str,
    kaplan_meier: str,
    reweighted: str | None,
    cox: str | None,
    levels: list[str],
    time: float,
    time_unit: str,
    percent_digits: int,
    digits: int,
    p_digits: int,
) -> Table:
    """Build the table of strata.

    Parameters
    ----------
    frames : mapping
        ``models/kaplan_meier/<kaplan_meier>``, ``models/kaplan_meier/<reweighted>``, ``models/cox/<cox>``.
    columns : mapping
        Declared columns (unused here; every kind has the same face).
    synthetic : bool
        The cohort is synthetic.
    level : float or None
        Level of the intervals.
    title : str
        Title of the table.
    kaplan_meier : str
        Kaplan-Meier analysis of the sample as it was analysed.
    reweighted : str or None
        The same analysis weighted back to the full cohort.
    cox : str or None
        Cox model with the strata as a term, for hazard ratios against the first level.
    levels : list of str
        Strata in printed order, the reference first.
    time : float
        Time at which survival is printed.
    time_unit : str
        Its unit, as printed.
    percent_digits, digits, p_digits : int
        Decimals of percentages, of hazard ratios and of p-values.

    Returns
    -------
    Table

    Notes
    -----
    After matching on the outcome the share of events in the sample is the investigator's choice: its absolute
    risks describe nobody. They are withheld then, and only the reweighted ones are printed.
    """
    sample = pick.frame_of(frames, f"models/kaplan_meier/{kaplan_meier}")
    weighted = None if reweighted is None else pick.frame_of(frames, f"models/kaplan_meier/{reweighted}")
    ratios = None if cox is None else pick.frame_of(frames, f"models/cox/{cox}")
    withheld = WITHHELD in warnings_of(frames).values()
    when = f"{fmt.count(time)} {time_unit}"
    spanner = with_interval(f"Survival at {when}, %", level)
    headings = [Column("Stratum"), Column("n"), Column("Events"), Column(f"At risk at {when}")]
    headings += [] if withheld else [Column("Sample", spanner)]
    headings += [] if weighted is None else [Column("Reweighted to full cohort", spanner)]
    headings += [] if ratios is None else [Column(with_interval("Hazard ratio", level)), Column("p")]
    if pick.rows(sample, quantity="survival", scale=fmt.count(time)).empty:
        raise InputError(
            f"models.kaplan_meier.{kaplan_meier}: found no survival at {when}, expected it among its times"
        )
    rows = []
    for level in levels:
        line = pick.first(sample, **_at(level, time))
        cells = [level_of(level), fmt.count(pick.value(line, "n")), fmt.count(pick.value(line, "n_events"))]
        at_risk = pick.first(sample, **{**_at(level, time), "quantity": "at_risk"})
        cells.append(fmt.count(pick.value(at_risk)))
        for frame in ([] if withheld else [sample]) + ([] if weighted is None else [weighted]):
            found = pick.interval(pick.first(frame, **_at(level, time)))
            cells.append(fmt.percent_estimate(*found, digits=percent_digits))
        if ratios is not None:
            cells += _ratio(ratios, level, levels[0], digits, p_digits)
        rows.append(Row(tuple(cells)))
    return finished(
        frames,
        title=title,
        columns=headings,
        rows=rows,
        footnotes=_notes(sample, when, withheld=withheld, weighted=weighted is not None, p_digits=p_digits),
        synthetic=synthetic,
    )


def _at(level: str, time: float) -> dict[str, str]:
    return {"term": level, "quantity": "survival", "scale": fmt.count(time)}


def _ratio(ratios: pd.DataFrame, level: str, reference: str, digits: int, p_digits: int) -> list[str]:
    if level == reference:
        return ["1 (reference)", ""]
    row = pick.first(ratios, quantity="hazard_ratio", scale=f"{level} against {reference}")
    p = fmt.p_value(pick.value(row, "p_value"), digits=p_digits)
    return [fmt.estimate(*pick.interval(row), digits=digits), p]


def _notes(sample: pd.DataFrame, when: str, *, withheld: bool, weighted: bool, p_digits: int) -> list[str]:
    test = pick.first(sample, quantity="log_rank")
    notes = [] if test is None else [f"Log-rank test: {fmt.p_phrase(pick.value(test, 'p_value'), digits=p_digits)}."]
    if withheld:
        shown = "only those reweighted to the full cohort are shown" if weighted else "none is shown"
        notes.append(f"Survival in the matched sample is withheld, since matching was on the outcome; {shown}.")
        notes.append(f"n, events and numbers at risk at {when} are of the matched sample.")
    return notes
