"""Rows of a tidy result frame by what they say."""

from collections.abc import Mapping

import pandas as pd

from recohort.core.errors import InputError
from recohort.tables.words import key_of


def rows(frame: pd.DataFrame, **where: str) -> pd.DataFrame:
    """Return the rows whose cells equal `where`; of a scale its beginning is enough, up to a blank.

    So ``scale="per SD"`` finds ``per SD (0.185 ppm)``, and ``scale="per 1"`` does not find ``per 10 ppm``.
    """
    kept = pd.Series(True, index=frame.index)
    for column, wanted in where.items():
        text = frame[column].map(lambda cell: "" if pd.isna(cell) else key_of(cell))
        kept &= (text == wanted) | (text.str.startswith(f"{wanted} ") if column == "scale" else False)
    return frame[kept]


def first(frame: pd.DataFrame, **where: str) -> pd.Series | None:
    """Return the first row that fits, or None."""
    found = rows(frame, **where)
    return None if found.empty else found.iloc[0]


def one(frame: pd.DataFrame, what: str, **where: str) -> pd.Series:
    """Return the only row that fits.

    Raises
    ------
    InputError
        None or several fit; the sentence begins with `what`.
    """
    found = rows(frame, **where)
    if len(found) != 1:
        sought = "; ".join(f"{column}={value}" for column, value in where.items())
        raise InputError(f"{what}: found {len(found)} rows with {sought}, expected one")
    return found.iloc[0]


def frame_of(frames: Mapping[str, object], name: str) -> pd.DataFrame:
    """Return a frame by name, or say that it is not there."""
    if name not in frames:
        raise InputError(f"result '{name}' is not among the inputs, which are {', '.join(sorted(frames))}")
    return frames[name]


def value(row: pd.Series | None, column: str = "estimate") -> float | None:
    """Return a cell of a row that may be absent."""
    return None if row is None or pd.isna(row[column]) else row[column]


def interval(row: pd.Series | None) -> tuple[float | None, float | None, float | None]:
    """Return estimate and limits of a row that may be absent."""
    return value(row), value(row, "conf_low"), value(row, "conf_high")
