"""Conditions on one column, as the configuration writes them: ``{column: age, at_least: 50, below: 80}``."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from recohort.core.columns import as_text
from recohort.core.errors import InputError


def failures(frame: pd.DataFrame, condition: Mapping[str, object], *, where: str) -> pd.Series:
    """Return why each row fails a condition, empty where it holds.

    Parameters
    ----------
    frame : DataFrame
        Any table with the column.
    condition : mapping
        ``column``, and what must all hold of it: ``at_least, at_most, above, below`` (numbers), ``equals``, ``one_of``,
        ``is_present: true``. An unknown value fails every condition, with a reason of its own; else the first that
        fails gives the reason.
    where : str
        Who asks, for the sentences of errors.

    Raises
    ------
    InputError
        The column is not there, or holds text where a number is compared.
    """
    words = dict(condition)
    name = words.pop("column")
    if name not in frame:
        raise InputError(f"{where}: column '{name}' is not in the cohort's table")
    reasons = pd.Series("", index=frame.index).mask(frame[name].isna(), f"{name} unknown")
    for word, wanted in words.items():
        if word != "is_present":
            fails = pd.Series(~_holds(frame[name], word, wanted), index=frame.index)
            reasons = reasons.mask((reasons == "") & fails, f"{name} {_fault(word, wanted)}")
    return reasons


def rows_where(frame: pd.DataFrame, condition: Mapping[str, object], *, where: str) -> pd.DataFrame:
    """Return the rows of which a condition holds.

    Raises
    ------
    InputError
        As `failures`, or there is no such row.
    """
    found = failures(frame, condition, where=where)
    if len(frame) and found.all():
        listed = ", ".join(sorted(found.unique()))
        raise InputError(f"{where}: no row of the cohort is among those asked for ({listed}), expected at least one")
    return frame[found == ""].reset_index(drop=True)


def patients_of(frames: Mapping[str, object], entry: Mapping[str, object]) -> dict[str, object]:
    """Return what a table or a figure is made from, every cohort with those rows alone that it is ``among``.

    Raises
    ------
    InputError
        As `rows_where`.
    """
    among, where = entry.get("among"), f"'{entry['title']}': among"
    return {
        name: rows_where(frame, among, where=where)
        if among and name.startswith("cohort/") and isinstance(frame, pd.DataFrame)
        else frame
        for name, frame in frames.items()
    }


_COMPARE: dict[str, Callable] = {
    "at_least": np.greater_equal,
    "at_most": np.less_equal,
    "above": np.greater,
    "below": np.less,
}


def _holds(values: pd.Series, word: str, wanted: object) -> np.ndarray:
    if word in _COMPARE:
        with np.errstate(invalid="ignore"):
            return _COMPARE[word](numbers(values), float(wanted))
    wanted_text = as_text(pd.Series(wanted if word == "one_of" else [wanted], dtype=object).map(_plain))
    return as_text(values.astype(object).map(_plain)).isin(wanted_text).to_numpy()


def numbers(values: pd.Series) -> np.ndarray:
    """Return a numeric column as floats, shape (n,), missing as nan.

    Raises
    ------
    InputError
        A cell is no number.
    """
    converted = pd.to_numeric(values, errors="coerce")
    strange = values[converted.isna() & values.notna()]
    if len(strange):
        raise InputError(f"column '{values.name}': found '{strange.iloc[0]}', expected a number")
    return converted.to_numpy(dtype=float, na_value=np.nan)


def _plain(value: object) -> object:
    """Return a truth value as 1 or 0, as tables hold it."""
    return int(value) if isinstance(value, (bool, np.bool_)) else value


def _fault(word: str, wanted: object) -> str:
    listed = ", ".join(str(_plain(value)) for value in wanted) if isinstance(wanted, list) else _plain(wanted)
    faults = {
        "at_least": "below",
        "at_most": "above",
        "above": "not above",
        "below": "not below",
        "equals": "not",
        "one_of": "none of",
    }
    return f"{faults[word]} {listed}"
