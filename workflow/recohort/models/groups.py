"""Groups compared: location and spread, or shares, of each variable in each; a test, and the size of the difference."""

from itertools import combinations

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.models.accuracy.delong import auc
from recohort.models.accuracy.proportion import proportion_interval
from recohort.models.comparison import mean_tests
from recohort.models.comparison.contingency import chi_squared, cramers_v, fisher_p, odds_ratio
from recohort.models.comparison.rank_tests import kruskal_wallis, mann_whitney
from recohort.models.design import complete_rows, numbers, observed_levels
from recohort.models.distributions import chi2_p, two_sided_z
from recohort.models.family import adjust
from recohort.models.result import Result, result, row

TWO_GROUPS = ("mann_whitney", "welch", "student")
CATEGORIES = ("chi2", "fisher")
PAIRWISE = {"kruskal": "mann_whitney", "anova": "student", "welch_anova": "welch"}
"""The test of two levels that belongs to a test of all; after anova it takes the SD pooled over all levels."""


def fit(
    cohort: pd.DataFrame,
    *,
    group: str,
    variables: list[str],
    test: str,
    exact: str | bool,
    correct: bool,
    pairwise: str | None,
    level: float,
    columns: dict[str, dict],
) -> Result:
    """Compare variables between groups.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    group : str
        A category or boolean column of which two levels occur, or more for the tests that take more.
    variables : list of str
        Each is compared over the rows where it is known: numeric columns, for chi2 and fisher categories or booleans.
    test : {"mann_whitney", "welch", "student", "kruskal", "anova", "welch_anova", "chi2", "fisher"}
        The first three compare two groups.
    exact : "auto" or bool
        Of Mann and Whitney's test. ``auto`` is exact where both groups have fewer than 50 and no values are tied, else
        normal with tie correction (as R's ``wilcox.test``); true is exact given the ties.
    correct : bool
        Continuity correction of the normal Mann-Whitney test, and Yates's of a 2 x 2 table.
    pairwise : {"none", "bonferroni", "holm", "bh", "by"} or None
        Compare every two levels too, and adjust their p-values for one another within a variable; None compares none.
    level : float
        Confidence level.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        By variable: ``mean``, ``sd``, ``median``, ``q1``, ``q3`` of each level (`scale`, its n in `n`), or
        ``proportion`` of each category in each level (count in `n_events`). One row ``difference``: the test and, of
        two groups, the second level less the first (means, or Hodges and Lehmann's median of all differences) with its
        interval; ``residual_df`` where there is one. Sizes: ``cohen_d``, ``hedges_g``, ``probability_of_superiority``,
        ``rank_biserial``, ``eta_squared``, ``epsilon_squared``, ``cramers_v``, ``odds_ratio``.
        ``pairwise_difference`` and ``pairwise_p_adjusted`` of every two levels.

    Raises
    ------
    InputError
        The group has too few levels or too many, one has fewer than two values, or a variable is of the wrong type.
    """
    estimates, warnings = [], []
    for variable in variables:
        rows, said = complete_rows(cohort, [group, variable])
        warnings += [(code, f"{variable}: {message}") for code, message in said]
        labels, levels = observed_levels(rows, group, columns)
        if len(levels) < 2 or (len(levels) > 2 and test in TWO_GROUPS):
            expected = "two" if test in TWO_GROUPS else "two or more"
            raise InputError(f"column '{group}': found the levels {', '.join(levels)}, expected {expected}")
        compare = _compare_categories if test in CATEGORIES else _compare_numbers
        settings = {"test": test, "exact": exact, "correct": correct, "pairwise": pairwise, "level": level}
        found, said = compare(rows, group, variable, labels, levels, settings, columns)
        estimates += found
        warnings += said
    return result(estimates, warnings=warnings)


def _compare_numbers(
    rows: pd.DataFrame,
    group: str,
    variable: str,
    labels: pd.Series,
    levels: list[str],
    settings: dict,
    columns: dict[str, dict],
) -> tuple[list[dict], list[tuple[str, str]]]:
    values, test = numbers(rows, variable), settings["test"]
    parts = [values[(labels == name).to_numpy()] for name in levels]
    estimates, warnings = [], []
    for name, part in zip(levels, parts, strict=True):
        if len(part) < 2:
            raise InputError(f"column '{variable}': {len(part)} value with {group} {name}, expected at least two")
        estimates += _described(variable, name, part)
    scale = f"{levels[1]} against {levels[0]}" if len(levels) == 2 else "between " + ", ".join(levels)
    if test in TWO_GROUPS:
        tested, sizes = _two(parts[0], parts[1], settings)
    else:
        tested, sizes = _several(parts, settings)
    if np.ptp(values) == 0:
        tested, sizes = {"estimate": 0.0 if len(levels) == 2 else np.nan, "method": tested["method"]}, []
        warnings.append(("constant_variable", f"{variable} has one value only: there is nothing to test."))
    elif np.isnan(tested["p_value"]):
        sizes = []
        warnings.append(("no_variation", f"{variable} does not vary within a group: there is nothing to test by."))
    elif test in TWO_GROUPS and np.isnan(tested["conf_low"]):
        warnings.append(("interval_unattainable", f"{variable}: so few values have no interval of this level."))
    rest = tested.pop("residual_df", None)
    estimates.append(row(variable, "difference", scale, n=len(values), **tested))
    if rest is not None:
        estimates.append(row(variable, "residual_df", scale, tested["method"], estimate=rest, n=len(values)))
    estimates += [
        row(variable, quantity, scale, method, estimate=value, conf_low=low, conf_high=high, n=len(values))
        for quantity, (value, low, high), method in sizes
    ]
    if settings["pairwise"] and np.ptp(values) > 0:
        estimates += _pairs(variable, parts, levels, settings)
    return estimates, warnings


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


def _two(first: np.ndarray, second: np.ndarray, settings: dict) -> tuple[dict, list[tuple]]:
    """Return the difference of two groups and its sizes, each quantity, (estimate, low, high), method."""
    level, test = settings["level"], settings["test"]
    if test == "mann_whitney":
        tested = _ranked(first, second, settings)
        area, error = auc(np.r_[second, first], np.r_[np.ones(len(second)), np.zeros(len(first))])
        half = two_sided_z(level) * error if error > 0 else np.nan
        limits = (area, max(area - half, 0.0), min(area + half, 1.0)) if half > 0 else (area, np.nan, np.nan)
        sizes = [
            ("probability_of_superiority", limits, "share of pairs, DeLong"),
            ("rank_biserial", tuple(2 * value - 1 for value in limits), "share of pairs, DeLong"),
        ]
        return tested, sizes
    pooled = test == "student"
    found = mean_tests.difference(first, second, pooled=pooled, level=level)
    divided = "pooled SD" if pooled else "root of the mean variance"
    sizes = mean_tests.cohen_d(first, second, pooled=pooled, level=level)
    return _of_means(found, "Student's t" if pooled else "Welch's t"), [
        (quantity, limits, f"{divided}, noncentral t") for quantity, limits in sizes.items()
    ]


def _ranked(first: np.ndarray, second: np.ndarray, settings: dict) -> dict:
    found = mann_whitney(first, second, exact=settings["exact"], correct=settings["correct"], level=settings["level"])
    return {
        "estimate": found.shift,
        "conf_low": found.low,
        "conf_high": found.high,
        "statistic": found.statistic,
        "p_value": found.p_value,
        "method": f"Mann-Whitney, {found.how}",
    }


def _of_means(found: mean_tests.Difference, method: str) -> dict:
    return {
        "estimate": found.estimate,
        "std_error": found.std_error,
        "conf_low": found.low,
        "conf_high": found.high,
        "statistic": found.statistic,
        "df": found.df,
        "p_value": found.p_value,
        "method": method,
    }


def _several(parts: list[np.ndarray], settings: dict) -> tuple[dict, list[tuple]]:
    n = sum(len(part) for part in parts)
    if settings["test"] == "kruskal":
        h, df = kruskal_wallis(parts)
        tested = {"statistic": h, "df": df, "p_value": chi2_p(h, df), "method": "Kruskal-Wallis"}
        return tested, [("epsilon_squared", (h / (n - 1), np.nan, np.nan), "H / (n - 1)")]
    equal = settings["test"] == "anova"
    found = mean_tests.anova(parts) if equal else mean_tests.welch_anova(parts)
    tested = {"statistic": found.statistic, "df": found.df, "p_value": found.p_value}
    tested |= {"residual_df": found.residual_df}
    tested["method"] = "analysis of variance" if equal else "Welch's analysis of variance"
    if not equal:
        return tested, []
    return tested, [("eta_squared", mean_tests.eta_squared(found, settings["level"]), "noncentral F")]


def _pairs(variable: str, parts: list[np.ndarray], levels: list[str], settings: dict) -> list[dict]:
    """Return every two levels compared, then their p-values adjusted for one another."""
    test = PAIRWISE.get(settings["test"], settings["test"])
    found = []
    rest = sum(len(part) for part in parts) - len(parts)
    within = np.sqrt(sum(((part - part.mean()) ** 2).sum() for part in parts) / rest)
    for i, j in combinations(range(len(levels)), 2):
        first, second = parts[i], parts[j]
        if test == "mann_whitney":
            if np.ptp(np.r_[first, second]) == 0:
                compared = {"estimate": 0.0, "p_value": np.nan, "method": "Mann-Whitney"}
            else:
                compared = _ranked(first, second, settings)
        elif settings["test"] == "anova":
            error = within * np.sqrt(1 / len(first) + 1 / len(second))
            difference = mean_tests.of_error(second.mean() - first.mean(), error, rest, settings["level"])
            compared = _of_means(difference, "t, SD pooled over all groups")
        else:
            compared = _two(first, second, {**settings, "test": test})[0]
        found.append((f"{levels[j]} against {levels[i]}", len(first) + len(second), compared))
    return _with_adjusted(variable, found, settings["pairwise"])


def _with_adjusted(variable: str, found: list[tuple[str, int, dict]], how: str) -> list[dict]:
    rows = [row(variable, "pairwise_difference", scale, n=n, **compared) for scale, n, compared in found]
    tested = [(scale, n, compared["p_value"]) for scale, n, compared in found if not np.isnan(compared["p_value"])]
    if how == "none" or not tested:
        return rows
    adjusted = adjust(pd.DataFrame({"p_value": [p for _, _, p in tested]}), method=how)["p_adjusted"]
    words = f"{how}, {len(tested)} tests"
    return rows + [
        row(variable, "pairwise_p_adjusted", scale, words, p_value=p, n=n)
        for (scale, n, _), p in zip(tested, adjusted, strict=True)
    ]


def _compare_categories(
    rows: pd.DataFrame,
    group: str,
    variable: str,
    labels: pd.Series,
    levels: list[str],
    settings: dict,
    columns: dict[str, dict],
) -> tuple[list[dict], list[tuple[str, str]]]:
    values, categories = observed_levels(rows, variable, columns)
    table = pd.crosstab(labels, values).reindex(index=levels, columns=categories).to_numpy()
    estimates = [
        row(
            variable,
            "proportion",
            f"{category} in {name}",
            "Wilson",
            estimate=counts[place] / counts.sum(),
            **dict(
                zip(
                    ("conf_low", "conf_high"),
                    proportion_interval(counts[place], counts.sum(), interval="wilson", level=settings["level"]),
                    strict=True,
                )
            ),
            n=counts.sum(),
            n_events=counts[place],
        )
        for name, counts in zip(levels, table, strict=True)
        for place, category in enumerate(categories)
    ]
    scale = f"{levels[1]} against {levels[0]}" if len(levels) == 2 else "between " + ", ".join(levels)
    n = int(table.sum())
    if len(categories) < 2:
        said = ("constant_variable", f"{variable} has one value only: there is nothing to test.")
        method = "Fisher's exact" if settings["test"] == "fisher" else "Pearson's chi-squared"
        return [*estimates, row(variable, "difference", scale, method, n=n)], [said]
    tested, said = _crossed(variable, table, settings)
    estimates.append(row(variable, "difference", scale, n=n, **tested))
    v, low, high = cramers_v(table, settings["level"])
    estimates.append(
        row(variable, "cramers_v", scale, "noncentral chi-squared", estimate=v, conf_low=low, conf_high=high, n=n)
    )
    if settings["test"] == "fisher" and table.shape == (2, 2):
        ratio, low, high = odds_ratio(table, settings["level"])
        limits = {"estimate": ratio, "conf_low": low, "conf_high": high}
        words = f"{categories[1]} against {categories[0]}, {scale}"
        estimates.append(row(variable, "odds_ratio", words, "conditional, exact", **limits, n=n))
    if settings["pairwise"] and len(levels) > 2:
        found = []
        for i, j in combinations(range(len(levels)), 2):
            part = table[[i, j]]
            part = part[:, part.sum(axis=0) > 0]
            compared = {"p_value": np.nan, "method": tested["method"]}
            if part.shape[1] > 1:
                compared = _crossed(variable, part, settings)[0]
            found.append((f"{levels[j]} against {levels[i]}", int(part.sum()), compared))
        estimates += _with_adjusted(variable, found, settings["pairwise"])
    return estimates, said


def _crossed(variable: str, table: np.ndarray, settings: dict) -> tuple[dict, list[tuple[str, str]]]:
    if settings["test"] == "fisher":
        return {"p_value": fisher_p(table), "method": "Fisher's exact"}, []
    found = chi_squared(table, correct=settings["correct"])
    words = "Pearson's chi-squared" + (", Yates's correction" if found.corrected else "")
    tested = {"statistic": found.statistic, "df": found.df, "p_value": found.p_value, "method": words}
    if found.smallest >= 5:
        return tested, []
    said = f"{variable}: an expected count is {found.smallest:.1f}, below 5, so chi-squared is rough; fisher is exact."
    return tested, [("small_expected", said)]
