"""The face every kind of model shows: tidy estimates, a curve, warnings."""

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

COLUMNS = (
    "term",
    "quantity",
    "scale",
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "statistic",
    "df",
    "p_value",
    "n",
    "n_events",
    "method",
)
_TEXT = ("term", "quantity", "scale", "method")


class Result(NamedTuple):
    """What a model found.

    Attributes
    ----------
    estimates : DataFrame
        One row per number, the columns `COLUMNS` in this order, unrounded.
    curve : DataFrame
        What the kind's figure draws; no rows and no columns where it draws nothing.
    warnings : DataFrame
        Columns ``code, message``: what the report must say aloud.
    """

    estimates: pd.DataFrame
    curve: pd.DataFrame
    warnings: pd.DataFrame


def row(term: str, quantity: str, scale: str = "", method: str = "", **numbers: float) -> dict:
    """Return one row of estimates; a number that is not given is missing.

    Raises
    ------
    ValueError
        A number has a name that is no column of the estimates.
    """
    if unknown := set(numbers) - set(COLUMNS):
        raise ValueError(f"{sorted(unknown)} are no columns of the estimates")
    return {"term": term, "quantity": quantity, "scale": scale, "method": method, **numbers}


def result(
    rows: Iterable[dict], *, curve: pd.DataFrame | None = None, warnings: Iterable[tuple[str, str]] = ()
) -> Result:
    """Return a `Result` whose tables have the agreed columns, order and types."""
    estimates = pd.DataFrame(list(rows), columns=list(COLUMNS))
    numbers = [name for name in COLUMNS if name not in _TEXT]
    estimates[numbers] = estimates[numbers].astype(float)
    estimates[["df", "n", "n_events"]] = estimates[["df", "n", "n_events"]].map(_whole).astype(object)
    said = pd.DataFrame(list(dict.fromkeys(warnings)), columns=["code", "message"])
    return Result(estimates, pd.DataFrame() if curve is None else curve, said)


def _whole(number: float) -> float | int | None:
    """Return a whole number as an integer, so that 432 is not written 432.0; Welch's df keeps its decimals."""
    if pd.isna(number):
        return None
    return int(number) if float(number).is_integer() else number
