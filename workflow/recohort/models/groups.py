"""Two groups compared: location and spread of each variable in each, and a test of the difference."""

import numpy as np
import pandas as pd
from scipy import stats

from recohort.core.errors import InputError
from recohort.models.design import complete_rows, numbers, observed_levels
from recohort.models.result import Result, result, row

_PAIRS = 10_000_000


def fit(
    cohort: pd.DataFrame, *, group: str, variables: list[str], test: str, level: float, columns: dict[str, dict]
) -> Result:
    """Compare numeric variables between two groups.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    group : str
        A category or boolean column of which two levels occur.
    variables : list of str
        Numeric columns; each is compared over the rows where it is known.
    test : {"mann_whitney", "welch", "student"}
        ``mann_whitney`` is exact where both groups have fewer than 50 and no values are tied, else normal with
        continuity and tie correction (as R's ``wilcox.test``).
    level : float
        Confidence level of a difference of means.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        By variable: ``mean``, ``sd``, ``median``, ``q1``, ``q3`` of each level (`scale`), and one row
        ``difference``, second level less first: of the means with its interval, or Hodges and Lehmann's median of
        all differences (no interval). `n` of a level's rows is that level's.

    Raises
    ------
    InputError
        The group has not two levels, or one of them has fewer than two values.
    """
    estimates, warnings = [], []
    for variable in variables:
        rows, said = complete_rows(cohort, [group, variable])
        warnings += [(code, f"{variable}: {message}") for code, message in said]
        labels, levels = observed_levels(rows, group, columns)
        if len(levels) != 2:
            raise InputError(f"column '{group}': found the levels {', '.join(levels)}, expected two")
        values = numbers(rows, variable)
        parts = [values[(labels == name).to_numpy()] for name in levels]
        for name, part in zip(levels, parts, strict=True):
            if len(part) < 2:
                raise InputError(f"column '{variable}': {len(part)} value with {group} {name}, expected at least two")
            estimates += _described(variable, name, part)
        compared = {"mann_whitney": _mann_whitney, "welch": _t_test, "student": _t_test}[test]
        numbers_of_test = compared(parts[0], parts[1], test, level)
        if np.ptp(values) == 0:
            numbers_of_test = {"estimate": 0.0, "method": numbers_of_test["method"]}
            warnings.append(("constant_variable", f"{variable} has one value only: there is nothing to test."))
        scale = f"{levels[1]} against {levels[0]}"
        estimates.append(row(variable, "difference", scale, n=len(values), **numbers_of_test))
    return result(estimates, warnings=warnings)


def _described(variable: str, name: str, part: np.ndarray) -> list[dict]:
    q1, median, q3 = np.percentile(part, [25, 50, 75])
    error = part.std(ddof=1) / np.sqrt(len(part))
    described = {"mean": part.mean(), "sd": part.std(ddof=1), "median": median, "q1": q1, "q3": q3}
    return [
        row(variable, quantity, name, "sample", estimate=value, n=len(part), **_error(quantity, error))
        for quantity, value in described.items()
    ]


def _error(quantity: str, error: float) -> dict:
    return {"std_error": error} if quantity == "mean" else {}


def _mann_whitney(first: np.ndarray, second: np.ndarray, test: str, level: float) -> dict:
    tied = len(np.unique(np.r_[first, second])) < len(first) + len(second)
    exact = max(len(first), len(second)) < 50 and not tied
    with np.errstate(invalid="ignore", divide="ignore"):
        tested = stats.mannwhitneyu(second, first, alternative="two-sided", method="exact" if exact else "asymptotic")
    shift = np.nan
    if len(first) * len(second) <= _PAIRS:
        shift = float(np.median(second[:, None] - first[None, :]))
    words = "Mann-Whitney, exact" if exact else "Mann-Whitney, normal with continuity correction"
    return {"estimate": shift, "statistic": tested.statistic, "p_value": tested.pvalue, "method": words}


def _t_test(first: np.ndarray, second: np.ndarray, test: str, level: float) -> dict:
    m, n = len(first), len(second)
    variances = first.var(ddof=1), second.var(ddof=1)
    if test == "welch":
        parts = variances[0] / m, variances[1] / n
        error = np.sqrt(sum(parts))
        df = sum(parts) ** 2 / (parts[0] ** 2 / (m - 1) + parts[1] ** 2 / (n - 1)) if error else np.nan
    else:
        df = m + n - 2
        error = np.sqrt(((m - 1) * variances[0] + (n - 1) * variances[1]) / df * (1 / m + 1 / n))
    difference = second.mean() - first.mean()
    t = difference / error if error else np.nan
    half = stats.t.ppf((1 + level) / 2, df) * error
    return {
        "estimate": difference,
        "std_error": error,
        "conf_low": difference - half,
        "conf_high": difference + half,
        "statistic": t,
        "df": df,
        "p_value": 2 * stats.t.sf(abs(t), df),
        "method": "Welch's t" if test == "welch" else "Student's t",
    }
