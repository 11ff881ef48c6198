"""Accuracy of one or more tests against a reference standard, and the tests against each other."""

from itertools import combinations

import numpy as np
import pandas as pd

from recohort.core.columns import as_text
from recohort.core.errors import InputError
from recohort.models.accuracy.counts import (
    Fourfold,
    Measure,
    counted,
    fractions,
    likelihood_ratios,
    odds_ratio,
    predictive_values,
    youden,
)
from recohort.models.accuracy.paired_tests import kappa, mcnemar, paired_ratio, tango
from recohort.models.accuracy.proportion import INTERVALS, proportion_interval
from recohort.models.design import binary, complete_rows, declared, numbers, observed_levels
from recohort.models.distributions import normal_p, two_sided_z
from recohort.models.result import Result, result, row


def fit(
    cohort: pd.DataFrame,
    *,
    reference: str,
    reference_positive: str | float | None,
    tests: dict[str, dict],
    interval: str,
    prevalence: float | None,
    compare: bool,
    level: float,
    columns: dict[str, dict],
) -> Result:
    """Describe and compare tests of the same patients.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    reference : str
        Column of the reference standard.
    reference_positive : str, number or None
        Its positive level; None where it is 1.
    tests : dict
        Name -> ``column``, ``threshold`` and ``direction`` of a score (at the threshold is positive), ``positive``
        level of a category.
    interval : {"wilson", "clopper_pearson", "wald", "agresti_coull", "jeffreys"}
        Interval of proportions.
    prevalence : float or None
        For which predictive values are given too, by Bayes's theorem.
    compare : bool
        Compare every two tests.
    level : float
        Confidence level.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        By test (term its name): ``true_positives, false_positives, false_negatives, true_negatives``; ``sensitivity,
        specificity, ppv, npv, accuracy, prevalence``, of which `n` is the denominator and `n_events` the numerator;
        ``likelihood_ratio_positive, likelihood_ratio_negative, diagnostic_odds_ratio, youden``;
        ``ppv_at_prevalence, npv_at_prevalence``. By pair (term ``a against b``):
        ``<sensitivity|specificity>_difference`` with Tango's limits and the exact McNemar p, ``_test`` (three McNemar
        tests), ``sensitivity_ratio`` and ``false_positive_ratio``, ``kappa``. No curve.

    Raises
    ------
    InputError
        The reference does not vary, a column is neither 0/1 nor given a positive level or threshold.
    """
    names = [entry["column"] for entry in tests.values()]
    rows, warnings = complete_rows(cohort, [reference, *names])
    diseased = _positive(rows, reference, reference_positive, None, "higher", columns)
    if diseased.all() or not diseased.any():
        found = "positive" if diseased.all() else "negative"
        raise InputError(f"column '{reference}': all {len(rows)} rows are {found}, expected positives and negatives")
    answers, estimates = {}, []
    for name, entry in tests.items():
        settings = (entry["positive"], entry["threshold"], entry["direction"])
        answers[name] = _positive(rows, entry["column"], *settings, columns)
        table = counted(answers[name], diseased)
        warnings += _empty_cells(name, table)
        estimates += _described(name, table, interval, prevalence, level)
    if compare:
        for first, second in combinations(answers, 2):
            estimates += _compared(first, second, answers[first], answers[second], diseased, level)
    return result(estimates, warnings=warnings)


def _positive(
    rows: pd.DataFrame,
    name: str,
    positive: str | float | None,
    threshold: float | None,
    direction: str,
    columns: dict[str, dict],
) -> np.ndarray:
    """Return who is positive, boolean of shape (n,)."""
    if positive is not None and threshold is not None:
        raise InputError(f"column '{name}': found a positive level and a threshold, expected one of them")
    if threshold is not None:
        values = numbers(rows, name)
        return values >= threshold if direction == "higher" else values <= threshold
    if positive is None:
        if declared(name, columns)["type"] == "category":
            raise InputError(f"column '{name}': is a category without a positive level, expected one to be named")
        return binary(rows, name) == 1
    level = as_text(pd.Series([positive], dtype=object))[0]
    if declared(name, columns)["type"] not in ("category", "boolean"):
        return _equal(as_text(rows[name]), level, name)
    values, _ = observed_levels(rows, name, columns)
    levels = as_text(pd.Series(columns[name].get("levels", [0, 1]), dtype=object)).tolist()
    if level not in levels:
        raise InputError(f"column '{name}': the positive level '{level}' is none of {', '.join(levels)}")
    return (values == level).to_numpy(bool)


def _equal(values: pd.Series, level: str, name: str) -> np.ndarray:
    if level not in set(values):
        raise InputError(f"column '{name}': the positive level '{level}' does not occur, expected one that does")
    return (values == level).to_numpy(bool)


def _empty_cells(name: str, table: Fourfold) -> list[tuple[str, str]]:
    words = ("true positive", "false positive", "false negative", "true negative")
    empty = [word for word, count in zip(words, table, strict=True) if count == 0]
    if not empty:
        return []
    message = f"{name}: there is no {' and no '.join(empty)}; what is 0 or infinite by that has no interval."
    return [("empty_cell", message)]


def _described(name: str, table: Fourfold, interval: str, prevalence: float | None, level: float) -> list[dict]:
    whole = {"n": table.n, "n_events": table.diseased}
    counts = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    rows = [row(name, word, method="count", estimate=k, **whole) for word, k in zip(counts, table, strict=True)]
    for word, (k, n) in fractions(table).items():
        low, high = proportion_interval(k, n, interval=interval, level=level)
        share = k / n if n else np.nan
        limits = {"conf_low": low, "conf_high": high, "n": n, "n_events": k}
        rows.append(row(name, word, "", INTERVALS[interval], estimate=share, **limits))
    positive, negative = likelihood_ratios(table, level=level)
    found = {
        ("likelihood_ratio_positive", "", "log interval"): positive,
        ("likelihood_ratio_negative", "", "log interval"): negative,
        ("diagnostic_odds_ratio", "", "log interval"): odds_ratio(table, level=level),
        ("youden", "", f"Newcombe, from {INTERVALS[interval]} limits"): youden(table, interval=interval, level=level),
    }
    if prevalence is not None:
        scale = f"prevalence {prevalence:g}"
        ppv, npv = predictive_values(table, prevalence, level=level)
        found |= {
            ("ppv_at_prevalence", scale, "Bayes, logit interval"): ppv,
            ("npv_at_prevalence", scale, "Bayes, logit interval"): npv,
        }
    return rows + [_row(name, *words, measure, whole) for words, measure in found.items()]


def _row(term: str, quantity: str, scale: str, method: str, measure: Measure, counts: dict) -> dict:
    return row(term, quantity, scale, method, **measure._asdict(), **counts)


def _compared(
    first: str, second: str, one: np.ndarray, two: np.ndarray, diseased: np.ndarray, level: float
) -> list[dict]:
    term, rows = f"{first} against {second}", []
    for word, here in (("sensitivity", diseased), ("specificity", ~diseased)):
        right = (one == diseased)[here], (two == diseased)[here]
        n = int(here.sum())
        only = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
        low, high = tango(*only, n, level=level)
        tests = mcnemar(*only)
        counts = {"n": n, "n_events": sum(only)}
        difference = {"estimate": (only[0] - only[1]) / n, "conf_low": low, "conf_high": high}
        method = "Tango's interval, exact McNemar test"
        rows.append(row(term, f"{word}_difference", "", method, **difference, p_value=tests[0][2], **counts))
        for name, statistic, p in tests:
            tested = {"statistic": statistic, "df": np.nan if np.isnan(statistic) else 1, "p_value": p}
            rows.append(row(term, f"{word}_test", "", name, **tested, **counts))
        positive = (one[here], two[here])
        both = int((positive[0] & positive[1]).sum())
        alone = int((positive[0] & ~positive[1]).sum()), int((positive[1] & ~positive[0]).sum())
        ratio, error, low, high = paired_ratio(both, *alone, level=level)
        test = {"statistic": np.log(ratio) / error, "p_value": normal_p(np.log(ratio) / error)} if error > 0 else {}
        name = "sensitivity_ratio" if word == "sensitivity" else "false_positive_ratio"
        limits = {"estimate": ratio, "std_error": error, "conf_low": low, "conf_high": high}
        rows.append(row(term, name, "", "paired, log interval", **limits, **test, **counts))
    square = np.array([[(one & two).sum(), (one & ~two).sum()], [(~one & two).sum(), (~one & ~two).sum()]], float)
    value, error = kappa(square)
    limits = {}
    if error > 0:
        half = two_sided_z(level) * error
        limits = {"std_error": error, "conf_low": max(-1.0, value - half), "conf_high": min(1.0, value + half)}
    counts = {"n": len(one), "n_events": diseased.sum()}
    rows.append(row(term, "kappa", "", "Cohen, large-sample interval", estimate=value, **limits, **counts))
    return rows
