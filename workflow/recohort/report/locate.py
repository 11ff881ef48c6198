"""Where a published number comes out in a run: the file, the row, the column."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from recohort.core.errors import InputError
from recohort.tables.words import key_of

AGGREGATES = {
    "mean": pd.Series.mean,
    "sd": pd.Series.std,
    "median": pd.Series.median,
    "count": pd.Series.count,
    "distinct": pd.Series.nunique,
    "share": pd.Series.mean,
}
"""``share`` is of a column of 1 and 0: a fraction, where `mean` keeps the unit of its column."""


class Found(NamedTuple):
    """A number of this run, the limits of its interval and its p-value; None where there is none."""

    value: float | None
    low: float | None
    high: float | None
    p: float | None


def files(published: pd.DataFrame) -> list[str]:
    """Return the result files that a table of published numbers points to, each once."""
    return list(dict.fromkeys(name for name in published["result"] if name))


def locate(row: Mapping[str, str], results: Mapping[str, pd.DataFrame | dict]) -> Found | None:
    """Find the number that a row of published numbers points to.

    Parameters
    ----------
    row : mapping
        ``item, result, where, column, unit``, all text.
    results : mapping
        Path below ``results/<study>/`` -> frame; ``flow.json`` -> its content.

    Returns
    -------
    Found or None
        None where the row names no file. A fraction is a percentage where the unit is ``%``.

    Raises
    ------
    InputError
        The file, the row or the column is not there, or several rows fit.
    """
    if not row["result"]:
        return None
    item = row["item"]
    if row["result"] not in results:
        raise InputError(f"published number '{item}': there is no result '{row['result']}'")
    where = _conditions(item, row["where"])
    content = results[row["result"]]
    frame = _flow(content, where) if isinstance(content, dict) else content
    kept = _rows(frame, where, row)
    column = row["column"] or "estimate"
    if aggregate := re.fullmatch(r"(\w+)\((\w+)\)", column):
        how, name = aggregate.groups()
        if how not in AGGREGATES or name not in kept:
            raise InputError(f"published number '{item}': '{row['result']}' has no {column}")
        factor = 100 if how == "share" and row["unit"] == "%" else 1
        return Found(factor * float(AGGREGATES[how](kept[name])), None, None, None)
    if len(kept) != 1:
        raise InputError(
            f"published number '{item}': {len(kept)} rows of '{row['result']}' have {row['where'] or 'no condition'}, "
            "expected one"
        )
    if column not in kept:
        raise InputError(f"published number '{item}': '{row['result']}' has no column '{column}'")
    factor = 100 if row["unit"] == "%" else 1
    names = (column, "conf_low", "conf_high") if column == "estimate" else (column, None, None)
    value, low, high = (_number(kept, name, item, factor) for name in names)
    return Found(value, low, high, _number(kept, "p_value", item, 1))


def _conditions(item: str, where: str) -> dict[str, str]:
    conditions = {}
    for part in filter(None, (part.strip() for part in where.split(";"))):
        column, sign, cell = part.partition("=")
        if not sign:
            raise InputError(f"published number '{item}': found the condition '{part}', expected column=cell")
        conditions[column.strip()] = cell.strip()
    return conditions


def _rows(frame: pd.DataFrame, where: Mapping[str, str], row: Mapping[str, str]) -> pd.DataFrame:
    kept = frame
    for column, wanted in where.items():
        if column not in frame:
            raise InputError(f"published number '{row['item']}': '{row['result']}' has no column '{column}'")
        cells = kept[column].map(lambda cell: "" if pd.isna(cell) else key_of(cell))
        fits = cells.str.startswith(wanted[:-1]) if wanted.endswith("*") else cells == wanted
        kept = kept[fits.astype(bool)]
    return kept


def _flow(content: Mapping[str, list], where: Mapping[str, str]) -> pd.DataFrame:
    """Return the groups of a flow where a group is asked for, else its exclusions or its steps."""
    if "group" in where:
        return pd.DataFrame(content["groups"]).rename(columns={"name": "group"})
    steps = pd.DataFrame(content["steps"]).rename(columns={"name": "step"})
    if "reason" not in where:
        return steps.drop(columns="excluded")
    reasons = [{"step": step["name"], **entry} for step in content["steps"] for entry in step["excluded"]]
    return pd.DataFrame(reasons, columns=["step", "reason", "n"])


def _number(kept: pd.DataFrame, name: str | None, item: str, factor: int) -> float | None:
    if name is None or name not in kept or pd.isna(kept[name].iloc[0]):
        return None
    try:
        return factor * float(kept[name].iloc[0])
    except ValueError:
        raise InputError(
            f"published number '{item}': found '{kept[name].iloc[0]}' in {name}, expected a number"
        ) from None
