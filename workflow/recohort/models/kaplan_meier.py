"""Survival by group: curves, survival at given times with the numbers at risk, medians, log-rank test."""

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.models.design import complete_rows, declared, numbers, observed_levels
from recohort.models.follow_up import follow_up
from recohort.models.result import Result, result, row
from recohort.models.survival import Steps, crossing, interval, logrank, product_limit

_SAMPLES = {
    None: "Kaplan-Meier",
    "sampling_weight": "Kaplan-Meier reweighted to the full cohort",
    "weight": "Kaplan-Meier with matching weights",
}
_SCALES = {"log_log": "log-log", "log": "log", "plain": "plain"}
ALL = "all"


def fit(
    cohort: pd.DataFrame,
    *,
    duration: str,
    event: str,
    group: str | None,
    times: list[float],
    confidence: str,
    reweight: str | None,
    minimum_at_risk: int,
    level: float,
    columns: dict[str, dict],
) -> Result:
    """Estimate survival, overall or by group.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    duration, event : str
        Columns of follow-up and of the event, 0 or 1.
    group : str or None
        A category or boolean column; without one there is a single curve, ``all``.
    times : list of float
        Times at which survival is estimated, in the unit of `duration`.
    confidence : {"log_log", "log", "plain"}
        Scale of the pointwise intervals.
    reweight : {"sampling_weight", "weight"} or None
        Column of `cohort` that weights the curves: ``sampling_weight`` undoes the share of events that matching on the
        outcome chose. Standard errors are then robust (infinitesimal jackknife) and take the weights as known.
        Numbers at risk, of events and the log-rank test stay those of the patients themselves.
    minimum_at_risk : int
        Fewer at risk at one of `times` are warned about.
    level : float
        Confidence level.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        By stratum (`term`): ``survival`` (`std_error` that of survival itself) and ``at_risk`` (those under
        observation just before) at each time, ``median``; for the group column ``log_rank``. Curve: ``stratum, time,
        n_risk, n_event, n_censor, survival, conf_low, conf_high`` from time 0; counts are unweighted.

    Raises
    ------
    InputError
        A time is negative, a weight is missing or not positive, or fewer than two groups occur.
    """
    wanted = [duration, event] + ([group] if group else []) + ([reweight] if reweight else [])
    if reweight and reweight in cohort and cohort[reweight].isna().all():
        raise InputError(f"column '{reweight}': is empty in this cohort, expected the weights of a matched cohort")
    rows, warnings = complete_rows(cohort, wanted)
    warnings += _case_control(rows, reweight)
    time, died = follow_up(rows, duration, event)
    weight = _weights(rows, reweight)
    labels, levels = _groups(rows, group, columns)
    unit = declared(duration, columns).get("unit") or ""
    method = f"{_SAMPLES[reweight]}, {_SCALES[confidence]} interval"
    settings = {"confidence": confidence, "level": level}
    estimates, curves = [], []
    for name in levels:
        here = labels == name
        counted = product_limit(time[here], died[here], np.ones(here.sum()))
        steps = counted if reweight is None else product_limit(time[here], died[here], weight[here])
        low, high = interval(steps.survival, steps.std_error, **settings)
        curves.append(_curve(name, counted, steps, low, high))
        common = {"n": here.sum(), "n_events": died[here].sum(), "method": method}
        for moment in times:
            estimates += _at(name, moment, unit, counted, steps, (low, high), common)
            warnings += _sparse(name, moment, unit, counted, minimum_at_risk)
        limits = [crossing(steps.time, edge, 0.5) for edge in (low, high)]
        median = crossing(steps.time, steps.survival, 0.5)
        estimates.append(row(name, "median", unit, estimate=median, conf_low=limits[0], conf_high=limits[1], **common))
    if group:
        estimates.append(_log_rank(group, time, died, labels, levels))
    return result(estimates, curve=pd.concat(curves, ignore_index=True), warnings=warnings)


def _case_control(rows: pd.DataFrame, reweight: str | None) -> list[tuple[str, str]]:
    """Return a warning where the cohort was matched on the outcome and its curves are not weighted back."""
    if reweight == "sampling_weight" or "sampling_weight" not in rows or rows["sampling_weight"].nunique() < 2:
        return []
    message = (
        "The sample was matched on the outcome: its survival describes a case-control sample, not the full cohort."
    )
    return [("matched_on_outcome", message)]


def _weights(rows: pd.DataFrame, reweight: str | None) -> np.ndarray:
    if reweight is None:
        return np.ones(len(rows))
    weight = numbers(rows, reweight)
    if (weight <= 0).any():
        raise InputError(f"column '{reweight}': found the weight {weight.min():g}, expected weights above 0")
    return weight


def _groups(rows: pd.DataFrame, group: str | None, columns: dict[str, dict]) -> tuple[np.ndarray, list[str]]:
    if group is None:
        return np.full(len(rows), ALL, dtype=object), [ALL]
    values, levels = observed_levels(rows, group, columns)
    if len(levels) < 2:
        raise InputError(f"column '{group}': only the level '{levels[0]}' occurs, expected two levels or more")
    return values.to_numpy(), levels


def _curve(name: str, counted: Steps, steps: Steps, low: np.ndarray, high: np.ndarray) -> pd.DataFrame:
    """Return one curve from time 0 on; where survival is still 1 its limits are 1."""
    full = steps.survival == 1
    drawn = pd.DataFrame(
        {
            "stratum": name,
            "time": np.r_[0.0, steps.time],
            "n_risk": np.r_[counted.n_risk[0], counted.n_risk].astype(int),
            "n_event": np.r_[0, counted.n_event].astype(int),
            "n_censor": np.r_[0, counted.n_censor].round().astype(int),
            "survival": np.r_[1.0, steps.survival],
            "conf_low": np.r_[1.0, np.where(full, 1.0, low)],
            "conf_high": np.r_[1.0, np.where(full, 1.0, high)],
        }
    )
    return drawn if steps.time[0] > 0 else drawn.iloc[1:]


def _at(name: str, moment: float, unit: str, counted: Steps, steps: Steps, limits: tuple, common: dict) -> list[dict]:
    """Return survival just after a time and the number at risk just before it; nothing beyond the last time."""
    words = f"{moment:g} {unit}".rstrip()
    numbers_at = {}
    if moment <= steps.time[-1]:
        place = np.searchsorted(steps.time, moment, side="right") - 1
        survival, low, high, error = 1.0, np.nan, np.nan, 0.0
        if place >= 0:
            survival, low, high = steps.survival[place], limits[0][place], limits[1][place]
            error = survival * steps.std_error[place] if survival > 0 else np.nan
        numbers_at = {"estimate": survival, "conf_low": low, "conf_high": high, "std_error": error if error else np.nan}
    at_risk = row(name, "at_risk", words, estimate=_at_risk(counted, moment), **{**common, "method": "count"})
    return [row(name, "survival", words, **numbers_at, **common), at_risk]


def _at_risk(counted: Steps, moment: float) -> int:
    place = np.searchsorted(counted.time, moment, side="left")
    return int(counted.n_risk[place]) if place < len(counted.time) else 0


def _sparse(name: str, moment: float, unit: str, counted: Steps, minimum: int) -> list[tuple[str, str]]:
    whose = "" if name == ALL else f" in stratum {name}"
    words, at_risk = f"{moment:g} {unit}".rstrip(), _at_risk(counted, moment)
    if moment > counted.time[-1]:
        return [("beyond_follow_up", f"Nobody{whose} is under observation at {words}: survival is not estimated.")]
    if at_risk < minimum:
        return [("few_at_risk", f"Only {at_risk}{whose} are at risk at {words}, fewer than {minimum}.")]
    return []


def _log_rank(group: str, time: np.ndarray, died: np.ndarray, labels: np.ndarray, levels: list[str]) -> dict:
    codes = np.array([levels.index(label) for label in labels])
    statistic, df, p = logrank(time, died, codes)
    return row(
        group,
        "log_rank",
        method="log-rank test",
        statistic=statistic,
        df=df,
        p_value=p,
        n=len(time),
        n_events=died.sum(),
    )
