"""Cumulative incidence of an event where another prevents it: Aalen-Johansen curves, differences, Gray's test."""

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.models.design import binary
from recohort.models.result import Result, result, row
from recohort.models.survival.aalen_johansen import Incidences, cumulative_incidence
from recohort.models.survival.contrast import contrast
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
from recohort.models.survival.gray_test import gray_test
from recohort.models.survival.product_limit import interval, product_limit

CAUSES = ("event", "competing")
_PREFIX = ("", "competing_")


def fit(
    cohort: pd.DataFrame,
    *,
    duration: str,
    event: str,
    competing: str,
    group: str | None,
    times: list[float],
    landmark: float | None,
    confidence: str,
    reweight: str | None,
    minimum_at_risk: int,
    level: float,
    columns: dict[str, dict],
) -> Result:
    """Estimate cumulative incidences, overall or by group.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    duration, event, competing : str
        Columns of follow-up, of the event, 0 or 1, and of the competing event that ended follow-up instead, 0 or 1.
    group : str or None
        A category or boolean column; without one there is a single curve, ``all``.
    times : list of float
        Times at which incidence is estimated, in the unit of `duration`, from the landmark where there is one.
    landmark : float or None
        Time from which follow-up counts; see `follow_up.after_landmark`.
    confidence : {"log_log", "log", "plain"}
        Scale of the pointwise intervals: log(-log F), log F or F of the incidence F.
    reweight : {"sampling_weight", "weight"} or None
        Column of `cohort` that weights the curves, taken as known. Counts and Gray's test stay those of the patients.
    minimum_at_risk : int
        Fewer at risk at one of `times` are warned about.
    level : float
        Confidence level.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        By stratum (`term`) and time: ``incidence``, ``competing_incidence``, ``one_minus_km`` (of the event, as if the
        competing event were a censoring: too high) and ``at_risk``. For the group column: ``incidence_difference`` and
        ``competing_incidence_difference`` of each level against the first, ``gray_test`` and ``gray_test_competing``.
        `n_events` counts the events of the row's kind. Curve: ``stratum, cause (event | competing), time, n_risk,
        n_event, n_censor, incidence, conf_low, conf_high, one_minus_km`` from time 0; counts are unweighted.

    Raises
    ------
    InputError
        A row has both events, a time is negative, a weight is missing or not positive, fewer than two groups occur, or
        nobody is followed beyond the landmark.
    """
    both = (binary(cohort, event) == 1) & (binary(cohort, competing) == 1)
    if both.any():
        raise InputError(
            f"columns '{event}' and '{competing}': both are 1 in {int(both.sum())} rows, "
            "expected the one that ended follow-up"
        )
    data = followed(
        cohort,
        duration=duration,
        event=event,
        group=group,
        reweight=reweight,
        landmark=landmark,
        columns=columns,
        also=[competing],
    )
    cause = (data.event + 2 * binary(data.rows, competing)).astype(int)
    sample = f"Aalen-Johansen{REWEIGHTED[reweight]}"
    method = f"{sample}, {SCALES[confidence]} interval"
    estimates, warnings, curves, found = [], data.warnings + _none(cause), [], {}
    for name in data.levels:
        here = data.labels == name
        counted = cumulative_incidence(data.time[here], cause[here], np.ones(here.sum()))
        curve = counted
        if reweight is not None:
            curve = cumulative_incidence(data.time[here], cause[here], data.weight[here])
        found[name] = curve
        limits = [_limits(curve, kind, confidence, level) for kind in (0, 1)]
        naive = [product_limit(data.time[here], cause[here] == kind, data.weight[here]) for kind in (1, 2)]
        curves += [_curve(name, kind, counted, curve, limits[kind], 1 - naive[kind].survival) for kind in (0, 1)]
        n_events = [int((cause[here] == kind).sum()) for kind in (1, 2)]
        for moment in times:
            remaining = at_risk(counted.time, counted.n_risk, moment)
            estimates += _at(name, moment, data.unit, curve, limits, n_events, {"method": method, "n": here.sum()})
            last, words = curve.time[-1], at_words(moment, data.unit)
            biased = 1 - step_at(curve.time, moment, naive[0].survival, 1.0) if moment <= last else np.nan
            common = {"n": here.sum(), "n_events": n_events[0]}
            estimates.append(
                row(
                    name,
                    "one_minus_km",
                    words,
                    f"1 - {sample.replace('Aalen-Johansen', 'Kaplan-Meier')}",
                    estimate=biased,
                    **common,
                )
            )
            estimates.append(row(name, "at_risk", words, "count", estimate=remaining, **common))
            warnings += sparse(
                name, moment, data.unit, last=last, remaining=remaining, minimum=minimum_at_risk, what="incidence"
            )
    if group:
        estimates += _differences(data, cause, group, times, found, sample, level)
        estimates += _tests(data, cause, group)
    return result(estimates, curve=pd.concat(curves, ignore_index=True), warnings=warnings)


def _none(cause: np.ndarray) -> list[tuple[str, str]]:
    warnings = []
    if not (cause == 2).any():
        message = "Nobody has the competing event: the cumulative incidence is 1 less the Kaplan-Meier estimate."
        warnings.append(("no_competing_event", message))
    if not (cause == 1).any():
        warnings.append(("no_event", "Nobody has the event: its incidence is 0 throughout, without an interval."))
    return warnings


def _limits(curve: Incidences, kind: int, confidence: str, level: float) -> tuple[np.ndarray, np.ndarray]:
    incidence = curve.incidence[kind]
    relative = np.divide(curve.std_error[kind], incidence, out=np.full(len(incidence), np.nan), where=incidence > 0)
    return interval(incidence, relative, confidence=confidence, level=level)


def _curve(
    name: str, kind: int, counted: Incidences, curve: Incidences, limits: tuple, naive: np.ndarray
) -> pd.DataFrame:
    """Return one incidence from time 0 on; where it is still 0 its limits are 0."""
    none = curve.incidence[kind] == 0
    low, high = (np.where(none, 0.0, edge) for edge in limits)
    drawn = pd.DataFrame(
        {
            "stratum": name,
            "cause": CAUSES[kind],
            "time": np.r_[0.0, curve.time],
            "n_risk": np.r_[counted.n_risk[0], counted.n_risk].astype(int),
            "n_event": np.r_[0, counted.n_event[kind]].astype(int),
            "n_censor": np.r_[0, counted.n_censor].round().astype(int),
            "incidence": np.r_[0.0, curve.incidence[kind]],
            "conf_low": np.r_[0.0, low],
            "conf_high": np.r_[0.0, high],
            "one_minus_km": np.r_[0.0, naive],
        }
    )
    return drawn if curve.time[0] > 0 else drawn.iloc[1:]


def _at(
    name: str, moment: float, unit: str, curve: Incidences, limits: list, n_events: list[int], common: dict
) -> list[dict]:
    """Return both incidences just after a time; nothing beyond the last one."""
    rows = []
    for kind, prefix in enumerate(_PREFIX):
        numbers = {}
        if moment <= curve.time[-1]:
            estimate, error = _value(curve, kind, moment)
            low, high = (step_at(curve.time, moment, edge, np.nan) for edge in limits[kind])
            error = error if error > 0 else np.nan
            numbers = {"estimate": estimate, "std_error": error, "conf_low": low, "conf_high": high}
        counts = {**common, "n_events": n_events[kind]}
        rows.append(row(name, f"{prefix}incidence", at_words(moment, unit), **numbers, **counts))
    return rows


def _value(curve: Incidences, kind: int, moment: float) -> tuple[float, float]:
    """Return an incidence just after a time and its standard error."""
    return (
        step_at(curve.time, moment, curve.incidence[kind], 0.0),
        step_at(curve.time, moment, curve.std_error[kind], 0.0),
    )


def _differences(
    data: Followed,
    cause: np.ndarray,
    group: str,
    times: list[float],
    found: dict[str, Incidences],
    sample: str,
    level: float,
) -> list[dict]:
    """Return the differences of both incidences at the times, each level less the first."""
    reference, *others = data.levels
    base, rows = found[reference], []
    method = f"difference, {sample}, normal interval"
    for name in others:
        curve = found[name]
        here = (data.labels == name) | (data.labels == reference)
        for moment in times:
            for kind, prefix in enumerate(_PREFIX):
                numbers = {}
                if moment <= min(curve.time[-1], base.time[-1]):
                    pair = _value(curve, kind, moment), _value(base, kind, moment)
                    numbers = contrast(*pair, level=level)._asdict()
                counts = {"n": here.sum(), "n_events": (cause[here] == kind + 1).sum()}
                scale = against_words(moment, data.unit, name, reference)
                rows.append(row(group, f"{prefix}incidence_difference", scale, method, **numbers, **counts))
    return rows


def _tests(data: Followed, cause: np.ndarray, group: str) -> list[dict]:
    """Return Gray's test of either incidence."""
    codes = np.array([data.levels.index(label) for label in data.labels])
    rows = []
    for quantity, tested, kind in (
        ("gray_test", cause, 1),
        ("gray_test_competing", np.array([0, 2, 1])[cause], 2),
    ):
        statistic, df, p = gray_test(data.time, tested, codes)
        test = {"statistic": statistic, "df": df, "p_value": p, "n": len(cause), "n_events": (cause == kind).sum()}
        rows.append(row(group, quantity, method="Gray's test", **test))
    return rows
