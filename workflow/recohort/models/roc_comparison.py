"""Areas under ROC curves against each other: several scores of the same patients, or a score in several groups."""

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from recohort.core.errors import InputError
from recohort.core.seeds import generator
from recohort.models.accuracy.delong import covariance, placements
from recohort.models.accuracy.roc_sampling import bootstrap_areas
from recohort.models.design import binary, complete_rows, numbers, observed_levels
from recohort.models.distributions import chi2_p, normal_p, two_sided_z
from recohort.models.result import Result, result, row


class Areas(NamedTuple):
    """Areas that are compared.

    Attributes
    ----------
    area : ndarray, shape (k,)
        Areas under the ROC curves.
    covariance : ndarray, shape (k, k)
        Of the areas; nan where it is unknown.
    draws : ndarray, shape (B, k), or None
        Areas in bootstrap samples.
    n, n_events : ndarray, shape (k,)
        Patients and events behind each.
    """

    area: np.ndarray
    covariance: np.ndarray
    draws: np.ndarray | None
    n: np.ndarray
    n_events: np.ndarray


def fit(
    cohort: pd.DataFrame,
    *,
    scores: list[str],
    lower: list[str],
    outcome: str,
    group: str | None,
    interval: str,
    bootstrap: int,
    level: float,
    seed: int,
    columns: dict[str, dict],
) -> Result:
    """Compare areas under ROC curves by DeLong's test or in bootstrap samples.

    DeLong ER, DeLong DM, Clarke-Pearson DL, Biometrics 1988;44:837-845 (doi 10.2307/2531595). With a
    bootstrap z has the standard deviation of the differences drawn, as pROC (Robin X et al., BMC Bioinformatics
    2011;12:77, doi 10.1186/1471-2105-12-77).

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    scores, lower : list of str
        Columns of the scores, and those of them of which a lower score speaks for the event.
    outcome : str
        Column of the event, 0 or 1.
    group : str or None
        Column whose levels are compared for each score; None compares the scores with each other.
    interval : {"delong", "bootstrap"}
        Source of the standard errors.
    bootstrap : int
        Samples, drawn within events and within non-events (of a group).
    level : float
        Confidence level.
    seed : int
        The run's seed.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        ``auc`` by score (and `scale` level); ``auc_difference`` of each pair (term ``a against b``, or term the score
        and scale ``level against level``) with z (paired) or Welch's t (groups), and ``auc_equality_test`` of all of
        them (term ``all scores``, or the score). No curve.

    Raises
    ------
    InputError
        One score without a group, a name in `lower` that is no score, an outcome or score that does not vary (in a
        group).
    """
    if strange := [name for name in lower if name not in scores]:
        raise InputError(f"lower: found '{strange[0]}', expected one of the scores {', '.join(scores)}")
    if group is None and len(scores) < 2:
        raise InputError(f"scores: found {scores[0]} alone and no group, expected two scores or a group")
    rows, warnings = complete_rows(cohort, [*scores, outcome, *([group] if group else [])])
    case = binary(rows, outcome)
    oriented = np.array([(-1.0 if name in lower else 1.0) * numbers(rows, name) for name in scores])
    samples = bootstrap if interval == "bootstrap" else 0
    words = ("roc_comparison", outcome, *scores)
    if group is None:
        _check(oriented, case, scores, outcome, "")
        found = _areas(oriented, case, samples, generator(seed, *words))
        names = [(name, "") for name in scores]
        estimates = _single(found, names, level, bool(samples))
        for i, j in combinations(range(len(scores)), 2):
            term = f"{scores[i]} against {scores[j]}"
            made, said = _paired(found, i, j, term, level, samples)
            estimates.append(made)
            warnings += said
        estimates.append(_equality(found, "all scores", "paired", samples))
        return result(estimates, warnings=warnings)
    labels, levels = observed_levels(rows, group, columns)
    if len(levels) < 2:
        raise InputError(f"column '{group}': only the level '{levels[0]}' occurs, expected two levels or more")
    parts = []
    for name in levels:
        here = (labels == name).to_numpy()
        _check(oriented[:, here], case[here], scores, outcome, f" where {group} is {name}")
        parts.append(_areas(oriented[:, here], case[here], samples, generator(seed, *words, group, name)))
    estimates = []
    for k, score in enumerate(scores):
        found = _side_by_side(parts, k)
        estimates += _single(found, [(score, name) for name in levels], level, bool(samples))
        for i, j in combinations(range(len(levels)), 2):
            made, said = _unpaired(found, i, j, score, f"{levels[i]} against {levels[j]}", level, samples)
            estimates.append(made)
            warnings += said
        if len(levels) > 2:
            estimates.append(_equality(found, score, "between groups", samples))
    return result(estimates, warnings=warnings)


def _check(oriented: np.ndarray, case: np.ndarray, scores: list[str], outcome: str, where: str) -> None:
    if case.min() == case.max():
        raise InputError(
            f"column '{outcome}': all {len(case)} rows{where} are {case[0]:g}, expected events and non-events"
        )
    for name, values in zip(scores, oriented, strict=True):
        if values.min() == values.max():
            raise InputError(
                f"column '{name}': all {len(case)} rows{where} are {abs(values[0]):g}, expected a score that varies"
            )


def _areas(oriented: np.ndarray, case: np.ndarray, bootstrap: int, source: np.random.Generator) -> Areas:
    parts = placements(oriented, case)
    spread, draws = covariance(parts), None
    if bootstrap and min(case.sum(), len(case) - case.sum()) > 1:
        draws = bootstrap_areas(oriented, case, bootstrap=bootstrap, generator=source)
        spread = np.atleast_2d(np.cov(draws.T))
    size = len(oriented)
    return Areas(parts.area, spread, draws, np.full(size, len(case)), np.full(size, case.sum()))


def _side_by_side(parts: list[Areas], k: int) -> Areas:
    """Return the areas of one score in every group, which are independent."""
    draws = None
    if all(part.draws is not None for part in parts):
        draws = np.column_stack([part.draws[:, k] for part in parts])
    return Areas(
        np.array([part.area[k] for part in parts]),
        np.diag([part.covariance[k, k] for part in parts]),
        draws,
        np.array([part.n[k] for part in parts]),
        np.array([part.n_events[k] for part in parts]),
    )


def _single(found: Areas, names: list[tuple[str, str]], level: float, sampled: bool) -> list[dict]:
    rows = []
    for k, (term, scale) in enumerate(names):
        error = np.sqrt(found.covariance[k, k])
        limits, method = {}, "bootstrap" if sampled else "DeLong"
        if error > 0:
            limits = {"std_error": error, **_limits(found, [(k, 1)], found.area[k], error, level, 0.0)}
        counts = {"n": found.n[k], "n_events": found.n_events[k]}
        rows.append(row(term, "auc", scale, method, estimate=found.area[k], **limits, **counts))
    return rows


def _limits(
    found: Areas,
    signs: list[tuple[int, int]],
    value: float,
    error: float,
    level: float,
    bound: float,
    quantile: float | None = None,
) -> dict[str, float]:
    """Return limits of a signed sum of areas, between `bound` and 1."""
    if found.draws is not None:
        draws = sum(sign * found.draws[:, k] for k, sign in signs)
        low, high = np.percentile(draws, [50 * (1 - level), 50 * (1 + level)])
    else:
        half = (two_sided_z(level) if quantile is None else quantile) * error
        low, high = value - half, value + half
    return {"conf_low": max(bound, low), "conf_high": min(1.0, high)}


def _paired(found: Areas, i: int, j: int, term: str, level: float, samples: int) -> tuple[dict, list[tuple[str, str]]]:
    value = found.area[i] - found.area[j]
    variance = found.covariance[i, i] + found.covariance[j, j] - 2 * found.covariance[i, j]
    counts = {"n": found.n[i], "n_events": found.n_events[i]}
    method = f"bootstrap, paired, {samples} samples" if samples else "DeLong, paired"
    if not variance > 1e-14 * max(found.covariance[i, i], found.covariance[j, j]):
        return row(term, "auc_difference", "", method, estimate=value, **counts), _no_test(term)
    error = np.sqrt(variance)
    z = value / error
    limits = _limits(found, [(i, 1), (j, -1)], value, error, level, -1.0)
    made = {"estimate": value, "std_error": error, **limits, "statistic": z, "p_value": normal_p(z)}
    return row(term, "auc_difference", "", method, **made, **counts), []


def _unpaired(
    found: Areas, i: int, j: int, score: str, scale: str, level: float, samples: int
) -> tuple[dict, list[tuple[str, str]]]:
    value, variances = found.area[i] - found.area[j], np.diag(found.covariance)[[i, j]]
    sizes, total = found.n[[i, j]], variances.sum()
    counts = {"n": sizes.sum(), "n_events": found.n_events[[i, j]].sum()}
    method = f"bootstrap, unpaired, {samples} samples" if samples else "DeLong, unpaired, Welch's t"
    if not total > 0:
        return row(score, "auc_difference", scale, method, estimate=value, **counts), _no_test(f"{score}, {scale}")
    error, statistic = np.sqrt(total), value / np.sqrt(total)
    quantile, test = None, {"p_value": normal_p(statistic)}
    if not samples:
        df = total**2 / (variances**2 / (sizes - 1)).sum()
        test = {"df": df, "p_value": 2 * stdtr(df, -abs(statistic))}
        quantile = stdtrit(df, (1 + level) / 2)
    limits = _limits(found, [(i, 1), (j, -1)], value, error, level, -1.0, quantile)
    made = {"estimate": value, "std_error": error, **limits, "statistic": statistic, **test}
    return row(score, "auc_difference", scale, method, **made, **counts), []


def _no_test(what: str) -> list[tuple[str, str]]:
    message = f"{what}: the difference of the areas has no variance, so there is neither interval nor test of it."
    return [("difference_without_variance", message)]


def _equality(found: Areas, term: str, design: str, samples: int) -> dict:
    """Return the chi-squared test that all areas are one."""
    size = len(found.area)
    against_first = np.column_stack([-np.ones(size - 1), np.eye(size - 1)])
    gap, spread = against_first @ found.area, against_first @ found.covariance @ against_first.T
    counts = {"n": found.n.sum() if design != "paired" else found.n[0]}
    counts["n_events"] = found.n_events.sum() if design != "paired" else found.n_events[0]
    method = f"chi-squared, {'bootstrap' if samples else 'DeLong'}, {design}"
    if not np.isfinite(spread).all() or np.linalg.cond(spread) > 1e12:
        return row(term, "auc_equality_test", "", method, **counts)
    statistic = float(gap @ np.linalg.solve(spread, gap))
    made = {"statistic": statistic, "df": size - 1, "p_value": chi2_p(statistic, size - 1)}
    return row(term, "auc_equality_test", "", method, **made, **counts)
