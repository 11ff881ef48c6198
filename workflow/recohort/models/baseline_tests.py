"""The tests of a baseline table: each variable compared between groups, by the test that fits how it is described."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.core.columns import as_text
from recohort.core.errors import InputError
from recohort.models.comparison import mean_tests
from recohort.models.comparison.contingency import chi_squared, fisher_p
from recohort.models.comparison.rank_tests import kruskal_wallis, mann_whitney
from recohort.models.design import complete_rows, declared, numbers, observed_levels
from recohort.models.distributions import chi2_p
from recohort.models.result import Result, result, row

TWO_GROUPS = ("welch", "student", "mann_whitney")
SHARES = ("n_percent", "chi2", "fisher")
FITTING = {
    "mean_sd": ("welch", "anova"),
    "median_iqr": ("mann_whitney", "kruskal"),
    "median_range": ("mann_whitney", "kruskal"),
}
"""The test of two groups and of more that belongs to a statistic."""
SMALLEST_EXPECTED = 5
"""Below this expected count chi-squared gives way to Fisher's test (Cochran WG, Biometrics 1954;10:417-451)."""


class _Tested(NamedTuple):
    rows: list[dict]
    warnings: list[tuple[str, str]]


def fit(
    cohort: pd.DataFrame,
    *,
    group: str,
    variables: dict[str, str],
    correct: bool,
    level: float,
    columns: dict[str, dict],
) -> Result:
    """Test each variable for a difference between groups.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant, all of the same weight.
    group : str
        A category or boolean column of which two levels or more occur.
    variables : dict
        Variable -> test, or the statistic that describes it and chooses the test: ``mean_sd`` (Welch's t, of more than
        two groups one-way analysis of variance), ``median_iqr`` and ``median_range`` (Mann-Whitney, Kruskal-Wallis),
        ``n_percent`` (Pearson's chi-squared; Fisher's exact where an expected count is below 5).
    correct : bool
        Yates's correction of a 2 x 2 table, continuity correction of the normal Mann-Whitney test.
    level : float
        Of the interval of a difference of two groups.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        One row ``difference`` per variable, over the rows where it is known. Of two groups compared in means or ranks
        the second level less the first, with its interval. ``residual_df`` of an analysis of variance.

    Raises
    ------
    InputError
        The group has one level only, a test of two groups meets more, or a variable is of the wrong type.
    """
    labels, levels = observed_levels(complete_rows(cohort, [group])[0], group, columns)
    if len(levels) < 2:
        raise InputError(f"column '{group}': found the levels {', '.join(levels)}, expected two or more")
    rows, warnings = [], []
    for variable, test in variables.items():
        if test in TWO_GROUPS and len(levels) > 2:
            raise InputError(
                f"column '{group}': has {len(levels)} levels, expected two for the test {test} of '{variable}'"
            )
        known, said = complete_rows(cohort, [group, variable])
        warnings += [(code, f"{variable}: {message}") for code, message in said]
        labels = as_text(known[group])
        compare = _shares if test in SHARES else _numbers
        found = compare(known, variable, labels, levels, test, correct=correct, level=level, columns=columns)
        rows += found.rows
        warnings += found.warnings
    return result(rows, warnings=warnings)


def _scale(levels: list[str]) -> str:
    return f"{levels[1]} against {levels[0]}" if len(levels) == 2 else "between " + ", ".join(levels)


def _untested(variable: str, levels: list[str], n: int, code: str, message: str) -> _Tested:
    return _Tested([row(variable, "difference", _scale(levels), "not tested", n=n)], [(code, message)])


def _numbers(
    known: pd.DataFrame,
    variable: str,
    labels: pd.Series,
    levels: list[str],
    test: str,
    *,
    correct: bool,
    level: float,
    columns: dict[str, dict],
) -> _Tested:
    if declared(variable, columns)["type"] == "category":
        raise InputError(f"column '{variable}': is declared category, expected a number for {test}")
    values = numbers(known, variable)
    parts = [values[(labels == name).to_numpy()] for name in levels]
    if test in FITTING:
        test = FITTING[test][len(levels) > 2]
    least = 2 if test in ("welch", "student", "welch_anova") else 1
    if few := [name for name, part in zip(levels, parts, strict=True) if len(part) < least]:
        said = f"{variable} is known of fewer than {least} patients of the group {few[0]}: it is not tested."
        return _untested(variable, levels, len(values), "too_few_values", said)
    if np.ptp(values) == 0:
        said = f"{variable} has one value only: there is nothing to test."
        return _untested(variable, levels, len(values), "constant_variable", said)
    tested, more = _test(parts, test, correct=correct, level=level)
    if not tested["p_value"] >= 0:
        said = f"{variable} does not vary within the groups: there is nothing to test by."
        return _untested(variable, levels, len(values), "no_variation", said)
    rows = [row(variable, "difference", _scale(levels), n=len(values), **tested)]
    rows += [row(variable, name, _scale(levels), tested["method"], estimate=df) for name, df in more.items()]
    return _Tested(rows, [])


def _test(parts: list[np.ndarray], test: str, *, correct: bool, level: float) -> tuple[dict, dict]:
    """Return the numbers of a row, and other quantities."""
    if test == "mann_whitney":
        found = mann_whitney(*parts, exact="auto", correct=correct, level=level)
        limits = {"estimate": found.shift, "conf_low": found.low, "conf_high": found.high}
        method = f"Mann-Whitney, {found.how}"
        return {**limits, "statistic": found.statistic, "p_value": found.p_value, "method": method}, {}
    if test in TWO_GROUPS:
        found = mean_tests.difference(*parts, pooled=test == "student", level=level)
        limits = {"estimate": found.estimate, "std_error": found.std_error, "conf_low": found.low}
        tested = {**limits, "conf_high": found.high, "statistic": found.statistic, "df": found.df}
        return {**tested, "p_value": found.p_value, "method": f"{test.capitalize()}'s t"}, {}
    if test == "kruskal":
        h, df = kruskal_wallis(parts)
        return {"statistic": h, "df": df, "p_value": chi2_p(h, df), "method": "Kruskal-Wallis"}, {}
    equal = test == "anova"
    found = mean_tests.anova(parts) if equal else mean_tests.welch_anova(parts)
    method = "analysis of variance" if equal else "Welch's analysis of variance"
    tested = {"statistic": found.statistic, "df": found.df, "p_value": found.p_value, "method": method}
    return tested, {"residual_df": found.residual_df}


def _shares(
    known: pd.DataFrame,
    variable: str,
    labels: pd.Series,
    levels: list[str],
    test: str,
    *,
    correct: bool,
    level: float,
    columns: dict[str, dict],
) -> _Tested:
    declared(variable, columns)
    values = as_text(known[variable])
    table = pd.crosstab(labels, values).reindex(index=levels, fill_value=0).to_numpy()
    n = len(known)
    if not table.sum(axis=1).all():
        empty = levels[int(np.argmin(table.sum(axis=1)))]
        said = f"{variable} is known of nobody in the group {empty}: it is not tested."
        return _untested(variable, levels, n, "too_few_values", said)
    if table.shape[1] < 2:
        said = f"{variable} has one value only: there is nothing to test."
        return _untested(variable, levels, n, "constant_variable", said)
    found = chi_squared(table, correct=correct)
    rough, said = found.smallest < SMALLEST_EXPECTED, []
    if test == "fisher" or (test == "n_percent" and rough):
        try:
            exact = {"p_value": fisher_p(table), "method": "Fisher's exact"}
            return _Tested([row(variable, "difference", _scale(levels), n=n, **exact)], [])
        except InputError:
            if test == "fisher":
                raise
    if rough:
        rest = "fisher is exact" if test == "chi2" else "the table is too large for Fisher's test"
        message = f"{variable}: an expected count is {found.smallest:.1f}, below 5, so chi-squared is rough; {rest}."
        said = [("small_expected", message)]
    method = "Pearson's chi-squared" + (", Yates's correction" if found.corrected else "")
    tested = {"statistic": found.statistic, "df": found.df, "p_value": found.p_value, "method": method}
    return _Tested([row(variable, "difference", _scale(levels), n=n, **tested)], said)
