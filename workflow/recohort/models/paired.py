"""Two columns of the same patients: change between them, equivalence, agreement, and change of class."""

import numpy as np
import pandas as pd
from scipy.special import bdtr

from recohort.core.errors import InputError
from recohort.models.comparison import agreement
from recohort.models.comparison.mean_tests import Difference, of_error, standardised
from recohort.models.comparison.rank_tests import signed_rank
from recohort.models.comparison.tails import noncentral_t, t_above
from recohort.models.design import complete_rows, declared, numbers
from recohort.models.regression.least_squares import least_squares
from recohort.models.result import Result, result, row


def fit(
    cohort: pd.DataFrame,
    *,
    first: str,
    second: str,
    zeros: str,
    exact: str | bool,
    correct: bool,
    minimum_baseline: float | None,
    margin: float | None,
    coverage: float,
    interval: str,
    threshold: float | None,
    level: float,
    columns: dict[str, dict],
) -> Result:
    """Compare two numeric columns of the same patients, second less first.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant; those with both values count.
    first, second : str
        Numeric columns of one unit: before and after, or method and method.
    zeros : {"wilcoxon", "pratt"}
        What the signed rank test does with equal values; see `rank_tests.signed_rank`.
    exact : "auto" or bool
        Whether that test is exact; ``auto`` below 50 differences without ties or zeros.
    correct : bool
        Its continuity correction where it is not exact.
    minimum_baseline : float or None
        Patients whose first value is smaller in size have no percent change and no ratio; None: those where it is 0.
    margin : float or None
        Equivalence margin, in the columns' unit.
    coverage : float
        Share of differences between the limits of agreement.
    interval : {"exact", "approximate"}
        Of the limits of agreement.
    threshold : float or None
        Values at or above it are one class.
    level : float
        Confidence level.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        `term` is the second column, `scale` begins with ``against <first>``. ``mean``, ``sd``, ``median``, ``q1``,
        ``q3`` of each column (its name is the term). ``difference`` (t), ``median_difference`` (signed rank),
        ``sign_test``, ``cohen_d``, ``hedges_g``, ``percent_change``, ``ratio`` (of geometric means); with a margin
        ``equivalence`` (the interval has the level 2 level - 1). ``bias``, ``limit_low``, ``limit_high``,
        ``proportional_bias`` (slope of the difference on the mean), ``icc_agreement``, ``icc_consistency``,
        ``concordance``. With a threshold ``reclassification`` (counts in `n_events`), ``observed_agreement``,
        ``kappa``, ``mcnemar_test``.
        Curve: ``participant_id, first, second, mean, difference``.

    Raises
    ------
    InputError
        The columns are the same, their units differ, fewer than two patients have both, or there are too many for an
        exact test.
    """
    if first == second:
        raise InputError(f"column '{first}': is compared with itself, expected another column")
    units = [declared(name, columns).get("unit") or "" for name in (first, second)]
    if units[0] != units[1]:
        raise InputError(
            f"columns '{first}' and '{second}': found the units '{units[0]}' and '{units[1]}', expected one"
        )
    rows, warnings = complete_rows(cohort, [first, second])
    before, after = numbers(rows, first), numbers(rows, second)
    n, change, scale = len(rows), after - before, f"against {first}"
    if n < 2:
        raise InputError(f"columns '{first}' and '{second}': {n} patient has both, expected at least two")
    found = _mean(change, level)
    if np.isnan(found.p_value):
        said = f"{second} less {first} is {change[0]:g} in everyone: nothing is tested."
        warnings.append(("constant_difference", said))
    if zero := int((change == 0).sum()):
        what = "left out of the signed rank test and its median" if zeros == "wilcoxon" else "ranked, as by Pratt"
        warnings.append(
            ("zero_differences", f"{zero} of {n} differences of {second} and {first} are 0; they are {what}.")
        )
    estimates = _described(first, before) + _described(second, after)
    estimates.append(row(second, "difference", scale, "paired t", **_numbers(found), n=n))
    estimates += _ranked(second, scale, change, zeros, exact, correct, level)
    if not np.isnan(found.p_value):
        limits = tuple(limit / np.sqrt(n) for limit in noncentral_t(found.statistic, n - 1, level))
        for quantity, values in standardised(found.statistic / np.sqrt(n), limits, n - 1).items():
            estimates.append(_with(second, quantity, scale, "SD of differences, noncentral t", values, n))
    relative, said = _relative(first, second, before, after, minimum_baseline, level)
    estimates += relative
    warnings += said
    if margin is not None:
        estimates.append(_equivalence(second, scale, change, margin, level))
    estimates += _agreement(second, scale, before, after, coverage, interval, level)
    if threshold is not None:
        classes, said = _classes(second, scale, before >= threshold, after >= threshold, level)
        estimates += classes
        warnings += said
    who = {"participant_id": rows["participant_id"]} if "participant_id" in rows else {}
    pairs = {"first": before, "second": after, "mean": (before + after) / 2, "difference": change}
    return result(estimates, curve=pd.DataFrame({**who, **pairs}), warnings=warnings)


def _mean(values: np.ndarray, level: float) -> Difference:
    error = values.std(ddof=1) / np.sqrt(len(values)) if np.ptp(values) > 0 else 0.0
    return of_error(values.mean(), error, len(values) - 1, level)


def _described(name: str, values: np.ndarray) -> list[dict]:
    q1, median, q3 = np.percentile(values, [25, 50, 75])
    described = {"mean": values.mean(), "sd": values.std(ddof=1), "median": median, "q1": q1, "q3": q3}
    return [row(name, quantity, "", "sample", estimate=value, n=len(values)) for quantity, value in described.items()]


def _numbers(found: Difference) -> dict:
    return {
        "estimate": found.estimate,
        "std_error": found.std_error,
        "conf_low": found.low,
        "conf_high": found.high,
        "statistic": found.statistic,
        "df": found.df,
        "p_value": found.p_value,
    }


def _with(term: str, quantity: str, scale: str, method: str, limits: tuple, n: int) -> dict:
    value, low, high = limits
    return row(term, quantity, scale, method, estimate=value, conf_low=low, conf_high=high, n=n)


def _ranked(
    term: str, scale: str, change: np.ndarray, zeros: str, exact: str | bool, correct: bool, level: float
) -> list[dict]:
    found = signed_rank(change, zeros=zeros, exact=exact, correct=correct, level=level)
    words = f"signed rank, {found.how}" + (", Pratt" if zeros == "pratt" else "")
    tested = {"statistic": found.statistic, "p_value": found.p_value, "conf_low": found.low, "conf_high": found.high}
    rows = [row(term, "median_difference", scale, words, estimate=found.shift, n=len(change), **tested)]
    up, moved = int((change > 0).sum()), int((change != 0).sum())
    if moved:
        tail = float(bdtr(min(up, moved - up), moved, 0.5))
        rows.append(row(term, "sign_test", scale, "exact", statistic=up, p_value=min(2 * tail, 1.0), n=moved))
    return rows


def _relative(
    first: str, second: str, before: np.ndarray, after: np.ndarray, minimum: float | None, level: float
) -> tuple[list[dict], list[tuple[str, str]]]:
    """Return the mean percent change, of the first value's size, and the ratio of geometric means."""
    scale, n, rows, warnings = f"against {first}", len(before), [], []
    large = before != 0 if minimum is None else abs(before) >= minimum
    positive = large & (before > 0) & (after > 0)
    if small := int((~large).sum()):
        words = "0" if minimum is None else f"below {minimum:g} in size"
        said = f"{small} of {n} have a {first} that is {words}: they have no percent change and no ratio."
        warnings.append(("small_baseline", said))
    if negative := int((large & ~positive).sum()):
        said = f"{negative} of {n} have a {first} or {second} that is not above 0: they have no ratio."
        warnings.append(("no_ratio", said))
    if large.sum() > 1:
        found = _mean(100 * (after - before)[large] / abs(before[large]), level)
        rows.append(row(second, "percent_change", scale, "mean of patients, t", **_numbers(found), n=large.sum()))
    if positive.sum() > 1:
        found = _numbers(_mean(np.log(after[positive] / before[positive]), level))
        found |= {key: float(np.exp(found[key])) for key in ("estimate", "conf_low", "conf_high")}
        rows.append(row(second, "ratio", scale, "geometric means, t", **found, n=positive.sum()))
    return rows, warnings


def _equivalence(term: str, scale: str, change: np.ndarray, margin: float, level: float) -> dict:
    """Return two one-sided t tests: Schuirmann DJ, J Pharmacokinet Biopharm 1987;15:657-680 (10.1007/BF01068419)."""
    df, found = len(change) - 1, _mean(change, 2 * level - 1)
    tested = _numbers(found)
    if not np.isnan(found.p_value):
        above, below = (found.estimate + margin) / found.std_error, (margin - found.estimate) / found.std_error
        tested |= {"statistic": min(above, below), "p_value": max(t_above(above, df), t_above(below, df))}
    words = f"two one-sided t, margin {margin:g}, {100 * (2 * level - 1):g} % interval"
    return row(term, "equivalence", scale, words, **tested, n=len(change))


def _agreement(
    term: str, scale: str, before: np.ndarray, after: np.ndarray, coverage: float, interval: str, level: float
) -> list[dict]:
    change, n = after - before, len(after)
    found = _mean(change, level)
    rows = [row(term, "bias", scale, "Bland-Altman, t", **_numbers(found), n=n)]
    if not np.isnan(found.p_value):
        how = f"Bland-Altman, {100 * coverage:g} %, {interval} interval"
        limits = agreement.limits_of_agreement(change, coverage=coverage, interval=interval, level=level)
        for quantity, limit in zip(("limit_low", "limit_high"), limits, strict=True):
            rows.append(_with(term, quantity, scale, how, limit, n))
        middle = (before + after) / 2
        if n > 2 and np.ptp(middle) > 0:
            x = np.column_stack([np.ones(n), middle])
            line = least_squares(x, change, weights=None, robust=None, clusters=None, names=["intercept", "mean"])
            slope = of_error(line.beta[1], np.sqrt(line.covariance[1, 1]), n - 2, level)
            how = "least squares of difference on mean"
            rows.append(row(term, "proportional_bias", scale, how, **_numbers(slope), n=n))
    absolute, consistent = agreement.intraclass(before, after, level=level)
    lin = agreement.concordance(before, after, level=level)
    return [
        *rows,
        _with(term, "icc_agreement", scale, "ICC(2,1), Shrout-Fleiss", absolute, n),
        _with(term, "icc_consistency", scale, "ICC(3,1), Shrout-Fleiss", consistent, n),
        _with(term, "concordance", scale, "Lin, Fisher's z", lin, n),
    ]


def _classes(
    term: str, scale: str, before: np.ndarray, after: np.ndarray, level: float
) -> tuple[list[dict], list[tuple[str, str]]]:
    n, names = len(before), ("below", "above")
    table = np.array([[((before == a) & (after == b)).sum() for b in (False, True)] for a in (False, True)])
    rows = [
        row(
            term,
            "reclassification",
            f"{scale}, {names[i]} to {names[j]}",
            "count",
            estimate=table[i, j] / n,
            n=n,
            n_events=table[i, j],
        )
        for i, j in np.ndindex(2, 2)
    ]
    agreed = int(np.trace(table))
    rows.append(row(term, "observed_agreement", scale, "share", estimate=agreed / n, n=n, n_events=agreed))
    (value, low, high), error = agreement.kappa(table, level=level)
    limits = {"estimate": value, "std_error": error, "conf_low": low, "conf_high": high}
    rows.append(row(term, "kappa", scale, "Cohen, large sample", **limits, n=n))
    rose, moved = int(table[0, 1]), int(table[0, 1] + table[1, 0])
    p = min(2 * float(bdtr(min(rose, moved - rose), moved, 0.5)), 1.0) if moved else 1.0
    rows.append(row(term, "mcnemar_test", scale, "exact", statistic=rose, p_value=p, n=moved))
    if not np.isnan(value):
        return rows, []
    return rows, [("no_kappa", f"{term} {scale}: everyone is in one class, so kappa has no meaning.")]
