"""Time-dependent AUC of one or more scores under censoring, and the scores against each other."""

from itertools import combinations

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.core.seeds import generator
from recohort.models.design import binary, complete_rows, declared, numbers
from recohort.models.distributions import normal_p, two_sided_z
from recohort.models.follow_up import follow_up
from recohort.models.result import Result, result, row
from recohort.models.survival.cumulative_auc import TimeAUC, time_auc


def fit(
    cohort: pd.DataFrame,
    *,
    scores: list[str],
    lower: list[str],
    duration: str,
    event: str,
    competing: str | None,
    times: list[float],
    interval: str,
    bootstrap: int,
    level: float,
    seed: int,
    columns: dict[str, dict],
) -> Result:
    """Describe how well scores tell who has the event by each time.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    scores, lower : list of str
        Columns of the scores, and those of them of which a lower score speaks for an earlier event.
    duration, event : str
        Columns of follow-up and of the event, 0 or 1.
    competing : str or None
        Column of a competing event, 0 or 1.
    times : list of float
        In the unit of follow-up.
    interval : {"influence", "bootstrap"}
        Normal interval with the influence function's standard error, or percentiles of samples of patients.
    bootstrap : int
        Samples.
    level : float
        Confidence level.
    seed : int
        The run's seed.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        ``time_auc`` by score and time (scale ``24 months``), ``time_auc_difference`` of each pair (term ``a against
        b``), with z; `n_events` counts the events by that time. Curve: ``term, time, auc, conf_low, conf_high``.

    Raises
    ------
    InputError
        No event, a score that does not vary, a name in `lower` that is no score, an event that is also a competing one.
    """
    if strange := [name for name in lower if name not in scores]:
        raise InputError(f"lower: found '{strange[0]}', expected one of the scores {', '.join(scores)}")
    rows, warnings = complete_rows(cohort, [*scores, duration, event, *([competing] if competing else [])])
    time, died = follow_up(rows, duration, event)
    other = None if competing is None else binary(rows, competing) == 1
    _check(rows, scores, event, died, competing, other)
    oriented = np.array([(-1.0 if name in lower else 1.0) * numbers(rows, name) for name in scores])
    unit = declared(duration, columns).get("unit") or ""
    moments = sorted(times)
    draws = None
    if interval == "bootstrap":
        source = generator(seed, "time_auc", duration, event, *scores)
        draws = _samples(oriented, time, died, other, moments, bootstrap, source)
    estimates, differences, points = [], [], []
    for place, moment in enumerate(moments):
        found = time_auc(oriented, time, died, moment, competing=other)
        scale = f"{moment:g} {unit}".rstrip()
        warnings += _unestimated(found, scale)
        counts = {"n": len(rows), "n_events": found.n_cases}
        sampled = None if draws is None else draws[:, place]
        for k, name in enumerate(scores):
            signs = np.eye(len(scores))[k]
            made = _estimated(found, signs, sampled, level, 0.0)
            estimates.append(row(name, "time_auc", scale, _method(interval, bootstrap), **made, **counts))
            limits = {word: made.get(word, np.nan) for word in ("conf_low", "conf_high")}
            points.append({"term": name, "time": moment, "auc": made["estimate"], **limits})
        for i, j in combinations(range(len(scores)), 2):
            signs = np.eye(len(scores))[i] - np.eye(len(scores))[j]
            made = _estimated(found, signs, sampled, level, -1.0)
            if made.get("std_error"):
                z = made["estimate"] / made["std_error"]
                made |= {"statistic": z, "p_value": normal_p(z)}
            term = f"{scores[i]} against {scores[j]}"
            differences.append(row(term, "time_auc_difference", scale, _method(interval, bootstrap), **made, **counts))
    return result(estimates + differences, curve=pd.DataFrame(points), warnings=warnings)


def _method(interval: str, bootstrap: int) -> str:
    return "IPCW, influence function" if interval == "influence" else f"IPCW, bootstrap, {bootstrap} samples"


def _check(
    rows: pd.DataFrame,
    scores: list[str],
    event: str,
    died: np.ndarray,
    competing: str | None,
    other: np.ndarray | None,
) -> None:
    if not died.any():
        raise InputError(f"column '{event}': found no event among {len(rows)} rows, expected at least one")
    for name in scores:
        values = numbers(rows, name)
        if values.min() == values.max():
            raise InputError(f"column '{name}': all {len(rows)} rows are {values[0]:g}, expected a score that varies")
    if other is not None and (other & (died == 1)).any():
        both = int((other & (died == 1)).sum())
        raise InputError(
            f"columns '{event}' and '{competing}': both are 1 in {both} rows, expected one of them at most"
        )


def _unestimated(found: TimeAUC, scale: str) -> list[tuple[str, str]]:
    if not (found.n_cases and found.n_controls):
        lacking = "nobody is known to be free of the event" if found.n_cases else "nobody has had the event"
        return [("no_case_or_control", f"The AUC at {scale} is not estimated: {lacking} then.")]
    if min(found.n_cases, found.n_controls) < 10:
        message = (
            f"The AUC at {scale} rests on {found.n_cases} events and {found.n_controls} patients without: its interval "
            "is rough."
        )
        return [("few_cases_or_controls", message)]
    return []


def _estimated(
    found: TimeAUC, signs: np.ndarray, sampled: np.ndarray | None, level: float, bound: float
) -> dict[str, float]:
    """Return a signed sum of areas with its error and limits, where they exist."""
    value = float(signs @ found.area)
    if np.isnan(value) or min(found.n_cases, found.n_controls) < 2:
        return {"estimate": value}
    if sampled is not None:
        draws = sampled @ signs
        draws = draws[~np.isnan(draws)]
        error = draws.std(ddof=1) if len(draws) > 1 else 0.0
        if not error > 0:
            return {"estimate": value}
        low, high = np.percentile(draws, [50 * (1 - level), 50 * (1 + level)])
    else:
        n = found.influence.shape[1]
        error = float(np.sqrt(np.sum((signs @ found.influence) ** 2) / (n * (n - 1))))
        if not error > 1e-12:
            return {"estimate": value}
        half = two_sided_z(level) * error
        low, high = value - half, value + half
    return {"estimate": value, "std_error": error, "conf_low": max(bound, low), "conf_high": min(1.0, high)}


def _samples(
    oriented: np.ndarray,
    time: np.ndarray,
    died: np.ndarray,
    other: np.ndarray | None,
    moments: list[float],
    bootstrap: int,
    source: np.random.Generator,
) -> np.ndarray:
    """Return areas in samples of patients, shape (B, times, scores); nan where a sample has no case or control."""
    draws = np.empty((bootstrap, len(moments), len(oriented)))
    for sample in draws:
        chosen = source.integers(0, len(time), len(time))
        part = None if other is None else other[chosen]
        for place, moment in enumerate(moments):
            sample[place] = time_auc(oriented[:, chosen], time[chosen], died[chosen], moment, competing=part).area
    return draws
