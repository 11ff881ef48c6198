"""Participants, metrics and image status joined into one table; every disagreement between them named at once."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.cohort.covariates import levels_of
from recohort.core.columns import as_text
from recohort.core.conditions import failures
from recohort.core.errors import Findings, InputError

_SHOWN = 5


class Assembled(NamedTuple):
    """The assembled cohort.

    Attributes
    ----------
    frame : DataFrame
        Participants' columns, one column per metric, ``exclusion``.
    warnings : DataFrame
        Columns ``code, message``.
    """

    frame: pd.DataFrame
    warnings: pd.DataFrame


def assemble(
    participants: pd.DataFrame,
    metrics: pd.DataFrame | None,
    status: pd.DataFrame | None,
    *,
    columns: dict[str, dict],
    outcome: dict | None,
    derived: dict[str, dict],
) -> Assembled:
    """Join the tables of a study and check them against one another.

    Parameters
    ----------
    participants : DataFrame
        ``participant_id`` and the declared columns.
    metrics : DataFrame or None
        Long: ``participant_id, metric, value, unit``; None for a study without images.
    status : DataFrame or None
        ``participant_id, status, reason``; who is ``excluded`` has a reason and no metrics.
    columns : dict
        Declared columns: ``type``, ``unit``, ``levels``; metrics may, but need not be among them.
    outcome : dict or None
        ``time`` and ``event``: their columns.
    derived : dict
        Columns of 1 and 0 by name, made in this order: ``any_of``, conditions as `core.conditions` takes them.

    Returns
    -------
    Assembled
        Rows in the order of the participants' table; categories are text, booleans 0 and 1.

    Raises
    ------
    InputError
        One sentence per disagreement: identifiers, columns, types, levels, units, sessions, events without a time.
    """
    findings = Findings("participants")
    if "participant_id" not in participants:
        findings.add("column 'participant_id' is missing")
    findings.raise_if_any()
    names = _identifiers(participants, findings)
    measured = [] if metrics is None else list(dict.fromkeys(metrics["metric"]))
    frame = _typed(participants, columns, measured, findings)
    frame.insert(0, "participant_id", names)
    if outcome is not None:
        _check_outcome(frame, outcome, findings)
    excluded, said = pd.Series(dtype=object), []
    if status is not None:
        _check_partners(names, status["participant_id"].astype(str), "the images", findings)
        out = status[status["status"] == "excluded"]
        reasons = out["reason"].where(out["reason"].notna(), "excluded by the images stage")
        excluded = pd.Series(reasons.to_numpy(), index=out["participant_id"].astype(str))
    if metrics is not None:
        wide = _wide(metrics, columns, findings)
        everyone = set(names)
        expected = [name for name in names if name and name not in excluded.index]
        _name_some(findings, [n for n in wide.index if n not in everyone], "in the metrics, but not in the table")
        _name_some(findings, [n for n in expected if n not in wide.index], "in the table, but without metrics")
        findings.raise_if_any()
        frame = frame.join(wide.drop(index=excluded.index, errors="ignore"), on="participant_id")
        said = _unmeasured(frame, list(wide.columns), excluded)
    findings.raise_if_any()
    for name, column in derived.items():
        frame[name] = _any(frame, name, column["any_of"])
    frame["exclusion"] = [excluded.get(name, "") for name in frame["participant_id"]]
    return Assembled(frame, pd.DataFrame(said, columns=["code", "message"]))


def _identifiers(participants: pd.DataFrame, findings: Findings) -> list[str]:
    cells = participants["participant_id"]
    empty = cells.isna() | (cells.astype(str).str.strip() == "")
    if empty.any():
        rows = ", ".join(str(row + 2) for row in np.flatnonzero(empty)[:_SHOWN])
        findings.add(f"{int(empty.sum())} identifiers are empty (line {rows})")
    names = cells.astype(str).where(~empty, "")
    _name_some(findings, list(dict.fromkeys(names[names.duplicated() & ~empty])), "more than once in the table")
    if participants.empty:
        findings.add("the table has no rows, expected at least one participant")
    return names.tolist()


def _typed(
    participants: pd.DataFrame, columns: dict[str, dict], measured: list[str], findings: Findings
) -> pd.DataFrame:
    """Return the declared columns as their types; cells that do not fit are named."""
    for name in participants.columns:
        if name != "participant_id" and name not in columns:
            findings.add(f"column '{name}' is in the table, but not declared in data.columns")
    typed = {}
    for name, column in columns.items():
        if name in participants and name in measured:
            findings.add(f"column '{name}' is both in the table and among the metrics, expected one of them")
        elif name in participants:
            typed[name] = _cells(participants, name, column, findings)
        elif name not in measured:
            findings.add(f"column '{name}' is declared, but neither in the table nor among the metrics")
    return pd.DataFrame(typed, index=range(len(participants)))


def _cells(participants: pd.DataFrame, name: str, column: dict, findings: Findings) -> np.ndarray | pd.Series:
    cells, kind = participants[name].reset_index(drop=True), column["type"]
    if kind == "category":
        text, expected = as_text(cells), levels_of(column)
        wrong = text.notna() & ~text.isin(expected)
        _name_cells(findings, participants, name, wrong, "one of " + ", ".join(expected))
        return text
    values = pd.to_numeric(cells, errors="coerce").astype(float)
    wrong = (values.isna() & cells.notna()) | np.isinf(values)
    expected = {"number": "a number", "integer": "a whole number", "boolean": "0 or 1"}[kind]
    if kind == "integer":
        wrong |= values.notna() & (values % 1 != 0)
    if kind == "boolean":
        wrong |= values.notna() & ~values.isin([0, 1])
    _name_cells(findings, participants, name, wrong, expected)
    return values if kind == "number" else values.where(~wrong).astype("Int64")


def _any(frame: pd.DataFrame, name: str, conditions: list[dict]) -> pd.Series:
    """Return 1 where a condition holds, missing where none holds but one cannot be judged, else 0."""
    if name in frame:
        raise InputError(f"cohort.derived.{name}: there is a column of that name already, expected another name")
    where = f"cohort.derived.{name}"
    holds = np.any([failures(frame, condition, where=where) == "" for condition in conditions], axis=0)
    unknown = np.any([frame[condition["column"]].isna() for condition in conditions], axis=0)
    return pd.Series(holds, index=frame.index).astype("Int64").mask(~holds & unknown)


def _check_outcome(frame: pd.DataFrame, outcome: dict, findings: Findings) -> None:
    time, event = outcome["time"], outcome["event"]
    for name in (time, event):
        if name not in frame:
            findings.add(f"column '{name}' is the outcome's, but not in the table")
    if time not in frame or event not in frame:
        return
    values = pd.to_numeric(frame[time], errors="coerce").astype(float)
    events = pd.to_numeric(frame[event], errors="coerce").astype(float)
    timeless = frame["participant_id"][(events == 1) & values.isna()]
    _name_some(findings, timeless, f"found {event} = 1 without {time}, expected the time of the event")
    _name_cells(findings, frame, time, values < 0, "0 or more")


def _check_partners(names: list[str], others: pd.Series, where: str, findings: Findings) -> None:
    here, there = set(names), set(others)
    _name_some(findings, list(dict.fromkeys(others[others.duplicated()])), f"more than once in {where}")
    _name_some(findings, [name for name in others if name not in here], f"in {where}, but not in the table")
    _name_some(findings, [name for name in names if name and name not in there], f"in the table, but not in {where}")


def _wide(metrics: pd.DataFrame, columns: dict[str, dict], findings: Findings) -> pd.DataFrame:
    """Return one row per participant and one column per metric, in the order of first appearance."""
    keyed = metrics.assign(participant_id=metrics["participant_id"].astype(str)).reset_index(drop=True)
    values = pd.to_numeric(keyed["value"], errors="coerce").astype(float)
    wrong = (values.isna() & keyed["value"].notna()) | np.isinf(values)
    _name_cells(findings, keyed, "value", wrong, "finite numbers in the metrics")
    twice = keyed.duplicated(["participant_id", "metric"], keep=False)
    several = keyed[twice].drop_duplicates(["participant_id", "metric"])
    _name_some(
        findings,
        [f"{row.participant_id} ({row.metric})" for row in several.itertuples()],
        "several values of one metric, expected one (of one session)",
    )
    for name, part in keyed.groupby("metric", sort=False):
        units = set(part["unit"].dropna().astype(str))
        if (declared := columns.get(name, {}).get("unit")) and units - {declared}:
            findings.add(f"metric '{name}' comes in {', '.join(sorted(units))}, but is declared in {declared}")
        elif len(units) > 1:
            findings.add(f"metric '{name}' comes in several units: {', '.join(sorted(units))}")
    once = keyed.drop_duplicates(["participant_id", "metric"])
    return pd.DataFrame(
        {
            name: part.set_index("participant_id")["value"].reindex(once["participant_id"].unique())
            for name, part in once.assign(value=values[once.index]).groupby("metric", sort=False)
        }
    )


def _unmeasured(frame: pd.DataFrame, metrics: list[str], excluded: pd.Series) -> list[tuple[str, str]]:
    """Return a warning for each metric that is missing in someone who was not excluded."""
    inside = ~frame["participant_id"].isin(excluded.index)
    missing = frame.loc[inside, metrics].isna().sum()
    return [
        ("metric_missing", f"{name} is missing in {count} of {int(inside.sum())} participants with images.")
        for name, count in missing.items()
        if count
    ]


def _name_cells(findings: Findings, table: pd.DataFrame, name: str, wrong: pd.Series, expected: str) -> None:
    places = np.flatnonzero(wrong)
    shown = [f"'{table[name].iloc[p]}' ({table['participant_id'].iloc[p]})" for p in places[:_SHOWN]]
    if shown:
        findings.add(f"column '{name}': found {', '.join(shown)}{_more(len(places))}, expected {expected}")


def _name_some(findings: Findings, names: Iterable[str], what: str) -> None:
    listed = list(names)
    if listed:
        findings.add(f"{', '.join(listed[:_SHOWN])}{_more(len(listed))}: {what}")


def _more(count: int) -> str:
    return f" and {count - _SHOWN} more" if count > _SHOWN else ""
