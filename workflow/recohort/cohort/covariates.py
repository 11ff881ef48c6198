"""Declared columns as arrays: text of levels, numbers, and the design matrix of a propensity model."""

import numpy as np
import pandas as pd

from recohort.core.columns import as_text
from recohort.core.conditions import numbers
from recohort.core.errors import Findings, InputError


def levels_of(column: dict) -> list[str]:
    """Return the declared levels of a category as text, the reference first."""
    return as_text(pd.Series(column["levels"], dtype=object)).tolist()


def treated_rows(frame: pd.DataFrame, treatment: str) -> np.ndarray:
    """Return which rows are treated (1, not 0), boolean of shape (n,).

    Raises
    ------
    InputError
        The column is missing, a cell is neither 0 nor 1, or only one of the two occurs.
    """
    require(frame, [treatment])
    values = numbers(frame[treatment])
    if not np.isin(values, (0, 1)).all():
        found = frame[treatment][~np.isin(values, (0, 1))].iloc[0]
        raise InputError(f"column '{treatment}': found {found}, expected 0 or 1 in every row")
    if values.min() == values.max():
        raise InputError(f"column '{treatment}': all {len(values)} rows are {values[0]:g}, expected both 0 and 1")
    return values == 1


def require(frame: pd.DataFrame, names: list[str]) -> None:
    """Check that columns exist and hold no missing value.

    Raises
    ------
    InputError
        One sentence per column that is absent or incomplete.
    """
    findings = Findings()
    if frame.empty:
        findings.add("the cohort has no rows, expected at least one")
    for name in dict.fromkeys(names):
        if name not in frame:
            findings.add(f"column '{name}': not found in the cohort's table")
        elif missing := int(frame[name].isna().sum()):
            findings.add(
                f"column '{name}': {missing} of {len(frame)} values are missing, "
                "expected none (an eligibility rule with is_present excludes these participants)"
            )
    findings.raise_if_any()


def design(frame: pd.DataFrame, names: list[str], *, columns: dict[str, dict]) -> tuple[np.ndarray, list[str]]:
    """Return the covariates as a matrix of shape (n, p) and the name behind each of its columns.

    A category gives one column for each of its levels that occurs, but the first.

    Raises
    ------
    InputError
        A covariate is not declared, missing, incomplete, or none of its declared kind.
    """
    require(frame, names)
    blocks, owners = [], []
    for name in names:
        if name not in columns:
            raise InputError(f"column '{name}': is not declared, expected one of {', '.join(columns)}")
        if columns[name]["type"] == "category":
            values = as_text(frame[name])
            declared = levels_of(columns[name])
            if strange := sorted(set(values) - set(declared)):
                raise InputError(f"column '{name}': found '{strange[0]}', expected one of {', '.join(declared)}")
            present = [level for level in declared if (values == level).any()]
            found = [(values == level).to_numpy(float) for level in present[1:]]
        else:
            found = [numbers(frame[name])]
        blocks += found
        owners += [name] * len(found)
    return np.column_stack(blocks) if blocks else np.empty((len(frame), 0)), owners
