"""Correlations of columns, of every two or of some with others, with or without covariates held constant."""

from itertools import combinations

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.models.comparison.correlations import kendall, moment
from recohort.models.design import complete_rows, design, numbers
from recohort.models.distributions import midranks
from recohort.models.result import Result, result, row


def fit(
    cohort: pd.DataFrame,
    *,
    variables: list[str],
    others: list[str],
    covariates: list[str],
    method: str,
    level: float,
    columns: dict[str, dict],
) -> Result:
    """Correlate numeric columns.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    variables : list of str
        Numeric columns.
    others : list of str
        Numeric columns with each of which each variable is correlated; none for every two variables.
    covariates : list of str
        Columns held constant (partial correlation); categories are dummy coded.
    method : {"pearson", "spearman", "kendall"}
        See `correlations`.
    level : float
        Confidence level.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        One row per pair: ``correlation``, with covariates ``partial_correlation``; `term` is the first, `scale` is
        ``with <second>``. Each pair is of the rows that are complete in it and the covariates. No curve.

    Raises
    ------
    InputError
        There is no pair, a column stands in both lists or is not numeric, or Kendall's has covariates.
    """
    if shared := [name for name in variables if name in others or name in covariates]:
        raise InputError(f"column '{shared[0]}': stands twice in the correlation, expected once")
    if repeated := [name for name in others if name in covariates]:
        raise InputError(f"column '{repeated[0]}': is correlated and held constant, expected one of both")
    if method == "kendall" and covariates:
        raise InputError("correlation kendall: found covariates, expected none, or pearson or spearman")
    pairs = [(a, b) for a in variables for b in others] if others else list(combinations(variables, 2))
    if not pairs:
        raise InputError(f"correlation: found only '{variables[0]}', expected two columns or more")
    quantity = "partial_correlation" if covariates else "correlation"
    estimates, warnings = [], []
    for first, second in pairs:
        rows, said = complete_rows(cohort, [first, second, *covariates])
        warnings += [(code, f"{first} and {second}: {message}") for code, message in said]
        x, y = numbers(rows, first), numbers(rows, second)
        if method == "kendall":
            found = kendall(x, y, level=level)
        else:
            given, terms, said = design(rows, covariates, columns=columns)
            warnings += said
            if method == "spearman":
                given = _ranked(given, terms)
            found = moment(x, y, given, ranks=method == "spearman", level=level)
        if np.isnan(found.estimate):
            warnings.append(("no_correlation", f"{first} and {second}: one does not vary, or too few rows are left."))
        elif abs(found.estimate) == 1:
            warnings.append(("perfect_correlation", f"{first} and {second}: one is a function of the other."))
        numbers_of = {"estimate": found.estimate, "conf_low": found.low, "conf_high": found.high}
        numbers_of |= {"statistic": found.statistic, "df": found.df, "p_value": found.p_value, "n": len(rows)}
        estimates.append(row(first, quantity, f"with {second}", found.how, **numbers_of))
    return result(estimates, warnings=warnings)


def _ranked(given: np.ndarray, terms: list) -> np.ndarray:
    """Return the covariates with numbers replaced by their ranks; dummies stay."""
    ranked = given.astype(float).copy()
    for term in terms:
        if term.kind in ("number", "integer"):
            ranked[:, term.where.start] = midranks(given[:, term.where.start])
    return ranked
