"""From declared columns to arrays: types, missing rows, dummy coding."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.core.columns import as_text
from recohort.core.errors import InputError


class Term(NamedTuple):
    """One column of the study in a design matrix.

    Attributes
    ----------
    name : str
        The column.
    kind : {"number", "integer", "category", "boolean"}
        Its declared type.
    unit : str
        Its unit, empty where it has none.
    where : slice
        Its columns of the matrix.
    scales : tuple of str
        What each coefficient is per: ``per 1 ppm``, ``high against low``, ``1 against 0``.
    """

    name: str
    kind: str
    unit: str
    where: slice
    scales: tuple[str, ...]


def declared(name: str, columns: dict[str, dict]) -> dict:
    """Return the declaration of a column.

    Raises
    ------
    InputError
        It is not declared.
    """
    if name not in columns:
        raise InputError(f"column '{name}': is not declared, expected one of {', '.join(columns)}")
    return columns[name]


def per(amount: float, unit: str) -> str:
    """Return how an amount of a unit is spoken of, ``per 0.1 ppm``."""
    return f"per {amount:g} {unit}".rstrip()


def numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Return a column as floats, shape (n,), missing as nan.

    Raises
    ------
    InputError
        The column is missing from the table, not numeric, or infinite somewhere.
    """
    if name not in frame:
        raise InputError(f"column '{name}': not found in the cohort's table, which has {', '.join(frame.columns)}")
    converted = pd.to_numeric(frame[name], errors="coerce")
    strange = frame[name][converted.isna() & frame[name].notna()]
    if len(strange):
        raise InputError(f"column '{name}': found '{strange.iloc[0]}', expected a number")
    values = converted.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(values).any():
        raise InputError(f"column '{name}': found an infinite value, expected finite numbers")
    return values


def binary(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Return a 0/1 column as floats, shape (n,), missing as nan.

    Raises
    ------
    InputError
        Another value occurs.
    """
    values = numbers(frame, name)
    other = values[~np.isnan(values) & (values != 0) & (values != 1)]
    if other.size:
        raise InputError(f"column '{name}': found {other[0]:g}, expected 0 or 1")
    return values


def complete_rows(frame: pd.DataFrame, names: list[str]) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Return the rows without a missing value in `names`, and a warning that counts the others by column.

    Raises
    ------
    InputError
        A column is missing from the table, it has no row, or no row is complete.
    """
    names = list(dict.fromkeys(names))
    if absent := [name for name in names if name not in frame]:
        raise InputError(f"column '{absent[0]}': not found in the cohort's table, which has {', '.join(frame.columns)}")
    if frame.empty:
        raise InputError("the cohort has no rows, expected at least one")
    missing = frame[names].isna()
    dropped = int(missing.any(axis=1).sum())
    if not dropped:
        return frame.reset_index(drop=True), []
    counts = ", ".join(f"{name} {count}" for name, count in missing.sum().items() if count)
    if dropped == len(frame):
        raise InputError(f"no row is complete in {', '.join(names)} (missing: {counts}), expected at least one")
    message = f"{dropped} of {len(frame)} rows are left out because a value is missing ({counts})."
    return frame[~missing.any(axis=1)].reset_index(drop=True), [("incomplete_rows", message)]


def observed_levels(frame: pd.DataFrame, name: str, columns: dict[str, dict]) -> tuple[pd.Series, list[str]]:
    """Return a category or boolean column as text and its levels that occur, in declared order.

    Raises
    ------
    InputError
        The column has no levels, or a value is none of them.
    """
    column = declared(name, columns)
    values = as_text(frame[name])
    if column["type"] == "boolean":
        levels = ["0", "1"]
    elif column["type"] == "category":
        levels = as_text(pd.Series(column["levels"], dtype=object)).tolist()
    else:
        raise InputError(f"column '{name}': is declared {column['type']}, expected category or boolean")
    if strange := sorted(set(values.dropna()) - set(levels)):
        raise InputError(f"column '{name}': found '{strange[0]}', expected one of {', '.join(levels)}")
    present = set(values)
    return values, [level for level in levels if level in present]


def design(
    frame: pd.DataFrame, names: list[str], *, columns: dict[str, dict]
) -> tuple[np.ndarray, list[Term], list[tuple[str, str]]]:
    """Return the design matrix of declared columns: numbers as they are, levels as dummies against the first.

    Parameters
    ----------
    frame : DataFrame
        Complete rows.
    names : list of str
        Columns in order.
    columns : dict
        Declarations by name: ``type``, ``unit``, ``levels``.

    Returns
    -------
    matrix : ndarray, shape (n, p)
        No intercept.
    terms : list of Term
        Which columns of the matrix belong to which name.
    warnings : list of (code, message)
        ``level_absent``: a declared level that no row has.

    Raises
    ------
    InputError
        A column is undeclared, listed twice, of a wrong type, or has but one level.
    """
    if repeated := [name for index, name in enumerate(names) if name in names[:index]]:
        raise InputError(f"column '{repeated[0]}': is listed twice among exposure and covariates, expected once")
    blocks, terms, warnings, start = [], [], [], 0
    for name in names:
        column = declared(name, columns)
        unit = column.get("unit") or ""
        if column["type"] in ("number", "integer"):
            block, scales = numbers(frame, name)[:, None], (per(1, unit),)
        elif column["type"] == "boolean":
            block, scales = binary(frame, name)[:, None], ("1 against 0",)
        else:
            values, levels = observed_levels(frame, name, columns)
            warnings += _absent(name, levels, column)
            if len(levels) < 2:
                raise InputError(f"column '{name}': only the level '{levels[0]}' occurs, expected two levels or more")
            block = np.column_stack([(values == level).to_numpy(float) for level in levels[1:]])
            scales = tuple(f"{level} against {levels[0]}" for level in levels[1:])
        terms.append(Term(name, column["type"], unit, slice(start, start + block.shape[1]), scales))
        blocks.append(block)
        start += block.shape[1]
    return np.hstack(blocks) if blocks else np.empty((len(frame), 0)), terms, warnings


def _absent(name: str, levels: list[str], column: dict) -> list[tuple[str, str]]:
    declared_levels = as_text(pd.Series(column["levels"], dtype=object)).tolist()
    if not (absent := [level for level in declared_levels if level not in levels]):
        return []
    said = f"{name}: no analysed row has the level {', '.join(absent)}"
    if declared_levels[0] in absent and levels:
        said += f"; the reference is {levels[0]} instead"
    return [("level_absent", said + ".")]
