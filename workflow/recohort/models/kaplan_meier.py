"""Survival by group: curves, survival and its differences at given times, restricted means, medians, log-rank tests."""

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.models.distributions import two_sided_z
from recohort.models.result import Result, result, row
from recohort.models.survival.contrast import contrast
from recohort.models.survival.curve_tests import tests_of
from recohort.models.survival.followed import (
    REWEIGHTED,
    SCALES,
    Followed,
    against_words,
    at_risk,
    at_words,
    followed,
    sparse,
    step_at,
)
from recohort.models.survival.product_limit import Steps, crossing, interval, product_limit
from recohort.models.survival.rmst import restricted_mean


def fit(
    cohort: pd.DataFrame,
    *,
    duration: str,
    event: str,
    group: str | None,
    times: list[float],
    rmst: float | None,
    landmark: float | None,
    confidence: str,
    reweight: str | None,
    stratify: list[str],
    rho: float,
    trend: bool,
    pairwise: bool,
    pairwise_adjust: str,
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
        Times at which survival is estimated, in the unit of `duration`, from the landmark where there is one.
    rmst : float or None
        Time up to which the restricted mean is taken; None for none.
    landmark : float or None
        Time from which follow-up counts; see `follow_up.after_landmark`.
    confidence : {"log_log", "log", "plain"}
        Scale of the pointwise intervals.
    reweight : {"sampling_weight", "weight"} or None
        Column of `cohort` that weights the curves: ``sampling_weight`` undoes the share of events that matching on the
        outcome chose. Standard errors are then robust (infinitesimal jackknife) and take the weights as known.
        Numbers at risk, of events and the log-rank tests stay those of the patients themselves.
    stratify : list of str
        Columns within whose combinations the log-rank tests compare.
    rho : float
        Weight S(t-)^rho of the log-rank tests.
    trend, pairwise : bool
        Test a trend over the groups in their order; test every pair of groups.
    pairwise_adjust : {"bonferroni", "holm", "bh"}
        Adjustment of the pairs' p-values for one another.
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
        observation just before) at each time, ``median``, ``rmst``. For the group column: ``survival_difference``,
        ``rmst_difference``, ``rmst_ratio`` of each level against the first, ``log_rank``, ``log_rank_trend``,
        ``log_rank_pair``, ``log_rank_pair_adjusted``. Curve: ``stratum, time, n_risk, n_event, n_censor, survival,
        conf_low, conf_high`` from time 0 where ``part`` is ``survival``; counts are unweighted. Where it is
        ``difference``: ``estimate, conf_low, conf_high`` of a level's survival less the first's.

    Raises
    ------
    InputError
        A time is negative, a weight is missing or not positive, fewer than two groups occur, nobody is followed beyond
        the landmark, or a test is asked for without a group.
    """
    if rmst is not None and not rmst > 0:
        raise InputError(f"rmst: found {rmst:g}, expected a time above 0")
    data = followed(
        cohort,
        duration=duration,
        event=event,
        group=group,
        reweight=reweight,
        landmark=landmark,
        columns=columns,
        also=stratify,
    )
    sample = f"Kaplan-Meier{REWEIGHTED[reweight]}"
    method = f"{sample}, {SCALES[confidence]} interval"
    estimates, warnings, curves, steps_of = [], list(data.warnings), [], {}
    for name in data.levels:
        here = data.labels == name
        counted = product_limit(data.time[here], data.event[here], np.ones(here.sum()))
        steps = counted if reweight is None else product_limit(data.time[here], data.event[here], data.weight[here])
        steps_of[name] = steps
        low, high = interval(steps.survival, steps.std_error, confidence=confidence, level=level)
        curves.append(_curve(name, counted, steps, low, high))
        common = {"n": here.sum(), "n_events": data.event[here].sum(), "method": method}
        for moment in times:
            remaining = at_risk(counted.time, counted.n_risk, moment)
            estimates += _at(name, moment, data.unit, remaining, steps, (low, high), common)
            warnings += sparse(
                name,
                moment,
                data.unit,
                last=counted.time[-1],
                remaining=remaining,
                minimum=minimum_at_risk,
                what="survival",
            )
        limits = [crossing(steps.time, edge, 0.5) for edge in (low, high)]
        median = crossing(steps.time, steps.survival, 0.5)
        estimates.append(
            row(name, "median", data.unit, estimate=median, conf_low=limits[0], conf_high=limits[1], **common)
        )
    if group:
        differences, drawn = _differences(data, group, times, steps_of, sample, level)
        estimates += differences
        curves += drawn
    if rmst is not None:
        rows, said = _restricted(data, group, rmst, sample, level)
        estimates += rows
        warnings += said
    rows, said = tests_of(
        data,
        group=group,
        stratify=stratify,
        rho=rho,
        trend=trend,
        pairwise=pairwise,
        pairwise_adjust=pairwise_adjust,
    )
    return result(estimates + rows, curve=pd.concat(curves, ignore_index=True), warnings=warnings + said)


def _curve(name: str, counted: Steps, steps: Steps, low: np.ndarray, high: np.ndarray) -> pd.DataFrame:
    """Return one curve from time 0 on; where survival is still 1 its limits are 1."""
    full = steps.survival == 1
    size = len(steps.time) + 1
    drawn = pd.DataFrame(
        {
            "stratum": name,
            "time": np.r_[0.0, steps.time],
            "n_risk": _counts(np.r_[counted.n_risk[0], counted.n_risk]),
            "n_event": _counts(np.r_[0, counted.n_event]),
            "n_censor": _counts(np.r_[0, counted.n_censor]),
            "survival": np.r_[1.0, steps.survival],
            "conf_low": np.r_[1.0, np.where(full, 1.0, low)],
            "conf_high": np.r_[1.0, np.where(full, 1.0, high)],
            "part": "survival",
            "estimate": np.full(size, np.nan),
        }
    )
    return drawn if steps.time[0] > 0 else drawn.iloc[1:]


def _counts(numbers: np.ndarray) -> pd.arrays.IntegerArray:
    return pd.array(np.round(numbers).astype(int), dtype="Int64")


def _at(name: str, moment: float, unit: str, remaining: int, steps: Steps, limits: tuple, common: dict) -> list[dict]:
    """Return survival just after a time and the number at risk just before it; nothing beyond the last time."""
    numbers_at = {}
    if moment <= steps.time[-1]:
        survival, error = _value(steps, moment)
        low, high = (step_at(steps.time, moment, edge, np.nan) for edge in limits)
        numbers_at = {"estimate": survival, "conf_low": low, "conf_high": high, "std_error": error if error else np.nan}
    words = at_words(moment, unit)
    counted = row(name, "at_risk", words, estimate=remaining, **{**common, "method": "count"})
    return [row(name, "survival", words, **numbers_at, **common), counted]


def _value(steps: Steps, moment: float) -> tuple[float, float]:
    """Return survival just after a time and its standard error: 0 before the first event, nan where survival is 0."""
    survival = step_at(steps.time, moment, steps.survival, 1.0)
    error = step_at(steps.time, moment, steps.std_error, 0.0)
    return survival, survival * error if survival > 0 else np.nan


def _differences(
    data: Followed, group: str, times: list[float], steps_of: dict[str, Steps], sample: str, level: float
) -> tuple[list[dict], list[pd.DataFrame]]:
    """Return differences of survival against the first level at the times, and over follow-up of both."""
    reference, *others = data.levels
    base = steps_of[reference]
    rows, curves = [], []
    method = f"difference, {sample}, normal interval"
    for name in others:
        steps = steps_of[name]
        last = min(steps.time[-1], base.time[-1])
        counts = _pair_counts(data, name, reference)
        for moment in times:
            numbers = {}
            if moment <= last:
                numbers = contrast(_value(steps, moment), _value(base, moment), level=level)._asdict()
            scale = against_words(moment, data.unit, name, reference)
            rows.append(row(group, "survival_difference", scale, method, **numbers, **counts))
        both = np.union1d(steps.time, base.time)
        curves.append(_difference_curve(f"{name} against {reference}", both[both <= last], steps, base, level))
    return rows, curves


def _pair_counts(data: Followed, name: str, reference: str) -> dict:
    here = (data.labels == name) | (data.labels == reference)
    return {"n": here.sum(), "n_events": data.event[here].sum()}


def _difference_curve(words: str, when: np.ndarray, steps: Steps, base: Steps, level: float) -> pd.DataFrame:
    """Return the difference of two curves at the times of both, from time 0."""
    when = np.unique(np.r_[0.0, when])
    survival, error = _along(steps, when)
    other, its = _along(base, when)
    spread = np.where((error > 0) & (its > 0), np.hypot(error, its), np.nan)
    half = two_sided_z(level) * spread
    difference = survival - other
    drawn = {"stratum": words, "time": when, "part": "difference", "estimate": difference}
    return pd.DataFrame(drawn | {"conf_low": difference - half, "conf_high": difference + half})


def _along(steps: Steps, when: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    place = np.searchsorted(steps.time, when, side="right")
    survival = np.r_[1.0, steps.survival][place]
    return survival, survival * np.r_[0.0, steps.std_error][place]


def _restricted(
    data: Followed, group: str | None, tau: float, sample: str, level: float
) -> tuple[list[dict], list[tuple[str, str]]]:
    """Return restricted means by group, their differences and ratios against the first, and what must be said."""
    rows, warnings, found = [], [], {}
    scale, method, z = at_words(tau, data.unit), f"area under {sample}, normal interval", two_sided_z(level)
    for name in data.levels:
        here = data.labels == name
        mean, error = restricted_mean(data.time[here], data.event[here], data.weight[here], tau)
        found[name] = mean, error
        if np.isnan(mean):
            whose = "" if group is None else f" in stratum {name}"
            message = f"Follow-up{whose} ends before {scale}: its restricted mean to then is not estimated."
            warnings.append(("beyond_follow_up", message))
        error = error if error > 0 else np.nan
        limits = {"conf_low": mean - z * error, "conf_high": mean + z * error}
        counts = {"n": here.sum(), "n_events": data.event[here].sum()}
        rows.append(row(name, "rmst", scale, method, estimate=mean, std_error=error, **limits, **counts))
    reference = data.levels[0]
    for name in data.levels[1:]:
        words, counts = against_words(tau, data.unit, name, reference), _pair_counts(data, name, reference)
        for quantity, ratio in (("rmst_difference", False), ("rmst_ratio", True)):
            numbers = contrast(found[name], found[reference], level=level, ratio=ratio)._asdict()
            rows.append(row(group, quantity, words, f"{quantity[5:]}, {method}", **numbers, **counts))
    return rows, warnings
