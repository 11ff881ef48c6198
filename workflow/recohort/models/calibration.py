"""Calibration of predicted risks: of a column, or of a model fitted here and corrected for its optimism."""

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.core.seeds import generator
from recohort.models.accuracy.predicted import outcome_columns, read_outcome, read_risk, resampled
from recohort.models.accuracy.proportion import proportion_interval
from recohort.models.accuracy.risk_model import Outcome, fit_risk
from recohort.models.accuracy.validation import (
    MEASURES,
    brier_scores,
    c_statistic,
    calibration_line,
    groups_of,
    measures,
    observed_risk,
    optimism,
    predictor_of,
    risk_of,
    smooth_risk,
    smooth_survival_risk,
    survival_at,
    survival_slope,
)
from recohort.models.design import complete_rows, design
from recohort.models.distributions import normal_p, two_sided_z
from recohort.models.result import Result, result, row
from recohort.models.survival.product_limit import interval as survival_interval

SMOOTH_POINTS, BINS = 100, 50
"""Points of the smooth curve, and bars of the histogram from 0 to 1."""


def fit(
    cohort: pd.DataFrame,
    *,
    outcome: str | None,
    duration: str | None,
    event: str | None,
    time: float | None,
    risk: str | None,
    covariates: list[str],
    ties: str,
    groups: int,
    knots: int,
    interval: str,
    bootstrap: int,
    level: float,
    seed: int,
    columns: dict[str, dict],
) -> Result:
    """Describe how far predicted risks agree with what happened.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    outcome : str or None
        Column of an outcome, 0 or 1, that every row knows.
    duration, event, time : str, str, float or None
        Follow-up, event and the time by which it is predicted, under censoring.
    risk : str or None
        Column of the predicted risk.
    covariates : list of str
        Columns of a logistic or Cox model that is fitted here.
    ties : {"efron", "breslow"}
        Handling of tied event times by Cox models.
    groups : int
        Groups by quantiles of the risk; 0 for none.
    knots : int
        Of the smooth curve under censoring.
    interval : {"wilson", "clopper_pearson", "agresti_coull", "jeffreys"}
        Of a group's observed share.
    bootstrap : int
        Samples for the smooth curve's band and a fitted model's optimism; 0 for none.
    level : float
        Confidence level.
    seed : int
        The run's seed.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        Term the risk's column, or ``model``. ``c_statistic, calibration_in_the_large, calibration_intercept,
        calibration_slope`` (tested against 1), ``observed_expected, brier, brier_scaled, ici, e50, e90, emax,
        spiegelhalter_test``; of a model fitted here ``<measure>_optimism`` and ``<measure>_corrected``. `n_events`
        counts the events by the time; C and slope use later ones too. Curve: ``part
        (smooth | group | histogram), predicted, observed, conf_low, conf_high, n, n_events``.

    Raises
    ------
    InputError
        The entry names no outcome or both kinds, no risk or both kinds; a risk is not within 0 and 1 or does not vary;
        the model has no finite estimate.
    """
    names = outcome_columns(outcome, duration, event, time)
    if (risk is None) == (not covariates):
        found = "neither a risk nor covariates" if risk is None else "a risk and covariates"
        raise InputError(f"found {found}, expected one of them")
    rows, warnings = complete_rows(cohort, [*names, *([risk] if risk else covariates)])
    data = read_outcome(rows, outcome, duration, event, time, ties)
    source = generator(seed, "calibration", *names, *([risk] if risk else covariates))
    samples = resampled(len(rows), bootstrap, source)
    corrected, term = [], risk or "model"
    known = data.event if data.time is None else data.event * (data.time <= data.moment)
    counts = {"n": len(rows), "n_events": known.sum()}
    if risk:
        given = read_risk(rows, risk, ends=False)
        if given.min() == given.max():
            raise InputError(
                f"column '{risk}': all {len(rows)} rows have the risk {given[0]:g}, expected risks that vary"
            )
        predictor = predictor_of(given, censored=data.time is not None)
    else:
        x, terms, said = design(rows, covariates, columns=columns)
        labels = [f"{part.name} ({scale})" for part in terms for scale in part.scales]
        predictor = fit_risk(x, data, labels).linear(x)
        warnings += [*said, _apparent(bootstrap)]
        if bootstrap:
            corrected, said = _corrected(optimism(x, data, labels, samples), measures(data, predictor), term, counts)
            warnings += said
    estimates = _estimates(data, predictor, term, level, counts)
    smoothed, said = _errors(data, predictor, knots, term, counts)
    curve, more = _curve(data, predictor, groups, knots, interval, samples, level)
    return result(estimates + smoothed + corrected, curve=curve, warnings=[*warnings, *said, *more])


def _apparent(bootstrap: int) -> tuple[str, str]:
    said = "The model was fitted to the patients on whom it is checked: what is not called corrected is too favourable"
    return ("apparent_performance", f"{said}." if bootstrap else f"{said}, and there were no samples to correct it.")


def _corrected(
    gain: np.ndarray, apparent: np.ndarray, term: str, counts: dict
) -> tuple[list[dict], list[tuple[str, str]]]:
    used = gain[~np.isnan(gain[:, 0])]
    warnings, rows = [], []
    if len(used) < len(gain):
        message = f"In {len(gain) - len(used)} of {len(gain)} bootstrap samples the model has no finite estimate."
        warnings.append(("samples_without_estimate", message))
    if len(used) < 2:
        return [], warnings
    method = f"bootstrap, {len(used)} samples"
    for k, name in enumerate(MEASURES):
        if np.isnan(apparent[k]):
            continue
        mean, error = used[:, k].mean(), used[:, k].std(ddof=1)
        rows.append(row(term, f"{name}_optimism", method=method, estimate=mean, std_error=error, **counts))
        rows.append(row(term, f"{name}_corrected", method=method, estimate=apparent[k] - mean, **counts))
    return rows, warnings


def _estimates(data: Outcome, predictor: np.ndarray, term: str, level: float, counts: dict) -> list[dict]:
    z, censored = two_sided_z(level), data.time is not None
    risk = risk_of(predictor, censored=censored)

    def wald(quantity: str, found: tuple[float, float], method: str, null: float | None) -> dict:
        value, error = found
        made = {"estimate": value}
        if error > 0:
            made |= {"std_error": error, "conf_low": value - z * error, "conf_high": value + z * error}
            if null is not None:
                made |= {"statistic": (value - null) / error, "p_value": normal_p((value - null) / error)}
        return row(term, quantity, "" if null is None else f"against {null:g}", method, **made, **counts)

    share, error = c_statistic(data, predictor)
    rows = [wald("c_statistic", (share, error), "Harrell's C" if censored else "AUC, DeLong", None)]
    for limit, clip in (("conf_low", max), ("conf_high", min)):
        if limit in rows[0]:
            rows[0][limit] = clip(float(limit == "conf_high"), rows[0][limit])
    if censored:
        rows.append(wald("calibration_slope", survival_slope(data, predictor), "Cox, log cumulative hazard", 1.0))
    else:
        line = calibration_line(data.event, predictor)
        rows.append(wald("calibration_in_the_large", line.large, "logistic, slope 1", 0.0))
        rows.append(wald("calibration_intercept", line.intercept, "logistic", 0.0))
        rows.append(wald("calibration_slope", line.slope, "logistic", 1.0))
    rows.append(_observed_expected(data, risk, term, z, counts))
    own, null = brier_scores(data, risk, observed_risk(data))
    method = "IPCW" if censored else "mean squared error"
    error = np.nan if censored else own.std(ddof=1) / np.sqrt(len(own))
    rows.append(wald("brier", (own.mean(), error), method, None))
    rows.append(row(term, "brier_scaled", method=method, estimate=1 - own.mean() / null.mean(), **counts))
    if not censored:
        spread = np.sqrt(np.sum((1 - 2 * risk) ** 2 * risk * (1 - risk)))
        if spread > 0:
            value = np.sum((data.event - risk) * (1 - 2 * risk)) / spread
            test = {"statistic": value, "p_value": normal_p(value)}
            rows.append(row(term, "spiegelhalter_test", method="Spiegelhalter's z", **test, **counts))
    return rows


def _observed_expected(data: Outcome, risk: np.ndarray, term: str, z: float, counts: dict) -> dict:
    share = observed_risk(data)
    if data.time is None:
        error = np.sqrt((1 - share) / (len(risk) * share))
    else:
        survival, spread = survival_at(data)
        error = spread * survival / (1 - survival)
    ratio, half = share / risk.mean(), np.exp(z * error)
    limits = {"std_error": error, "conf_low": ratio / half, "conf_high": ratio * half}
    return row(term, "observed_expected", method="log interval", estimate=ratio, **limits, **counts)


def _smooth(data: Outcome, predictor: np.ndarray, at: np.ndarray, knots: int) -> np.ndarray:
    """Return the observed risk where the predictor is `at`."""
    if data.time is not None:
        return smooth_survival_risk(data, predictor, at, knots)
    return smooth_risk(data.event, risk_of(predictor, censored=False), risk_of(at, censored=False))


def _errors(
    data: Outcome, predictor: np.ndarray, knots: int, term: str, counts: dict
) -> tuple[list[dict], list[tuple[str, str]]]:
    """Return rows of the distance between predicted risk and smooth curve, or say why there is none."""
    try:
        risk = risk_of(predictor, censored=data.time is not None)
        gap = np.abs(_smooth(data, predictor, predictor, knots) - risk)
    except InputError as error:
        return [], [("no_smooth_curve", f"There is no smooth calibration curve: {error}.")]
    method = "lowess" if data.time is None else f"Cox, restricted cubic spline, {knots} knots"
    found = {"ici": gap.mean(), "e50": np.quantile(gap, 0.5), "e90": np.quantile(gap, 0.9), "emax": gap.max()}
    return [row(term, name, method=method, estimate=value, **counts) for name, value in found.items()], []


def _curve(
    data: Outcome,
    predictor: np.ndarray,
    groups: int,
    knots: int,
    interval: str,
    samples: np.ndarray,
    level: float,
) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    parts, warnings, censored = [], [], data.time is not None
    risk = risk_of(predictor, censored=censored)
    grid = np.linspace(risk.min(), risk.max(), SMOOTH_POINTS)
    inner = predictor_of(grid[1:-1], censored=censored)
    at = np.r_[predictor.min(), inner, predictor.max()]
    try:
        smooth = _smooth(data, predictor, at, knots), *_band(data, predictor, at, knots, samples, level)
        # Lowess may leave the range of a share where there are few risks.
        lines = dict(zip(("observed", "conf_low", "conf_high"), np.clip(smooth, 0, 1), strict=True))
        parts.append({"part": "smooth", "predicted": grid, **lines})
    except InputError:
        pass  # said beside the errors that rest on the curve
    if groups:
        made, warnings = _grouped(data, risk, groups, interval, level)
        parts.append(made)
    edges = np.linspace(0, 1, BINS + 1)
    place = np.minimum((risk * BINS).astype(int), BINS - 1)
    known = data.event if data.time is None else data.event * (data.time <= data.moment)
    events = np.bincount(place, known, minlength=BINS)
    number = np.bincount(place, minlength=BINS)
    parts.append({"part": "histogram", "predicted": (edges[1:] + edges[:-1]) / 2, "n": number, "n_events": events})
    names = ["part", "predicted", "observed", "conf_low", "conf_high", "n", "n_events"]
    return pd.concat([pd.DataFrame(part).reindex(columns=names) for part in parts], ignore_index=True), warnings


def _band(
    data: Outcome, predictor: np.ndarray, at: np.ndarray, knots: int, samples: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return percentiles of the smooth curve in samples of patients with their risks; nan where most do not reach."""
    found = np.full((len(samples), len(at)), np.nan)
    for line, chosen in zip(found, samples, strict=True):
        try:
            line[:] = _smooth(data.take(chosen), predictor[chosen], at, knots)
        except InputError:
            continue
    reached = (~np.isnan(found)).sum(axis=0) > len(found) / 2
    limits = np.full((2, len(at)), np.nan)
    if reached.any():
        limits[:, reached] = np.nanpercentile(found[:, reached], [50 * (1 - level), 50 * (1 + level)], axis=0)
    return limits[0], limits[1]


def _grouped(
    data: Outcome, risk: np.ndarray, groups: int, interval: str, level: float
) -> tuple[dict, list[tuple[str, str]]]:
    code = groups_of(risk, groups)
    number, warnings = code.max() + 1, []
    if number < groups:
        message = f"Risks are tied so often that they make {number} groups instead of {groups}."
        warnings.append(("fewer_groups", message))
    size = np.bincount(code)
    made = {"part": "group", "predicted": np.bincount(code, risk) / size, "n": size}
    if data.time is None:
        events = np.bincount(code, data.event)
        limits = [proportion_interval(k, n, interval=interval, level=level) for k, n in zip(events, size, strict=True)]
        low, high = np.array(limits).T
        return made | {"observed": events / size, "conf_low": low, "conf_high": high, "n_events": events}, warnings
    found = np.array([survival_at(data.take(np.flatnonzero(code == k))) for k in range(number)])
    low, high = survival_interval(found[:, 0], found[:, 1], confidence="log_log", level=level)
    if np.isnan(found[:, 0]).any():
        message = f"In {int(np.isnan(found[:, 0]).sum())} groups nobody is followed until {data.moment:g}."
        warnings.append(("beyond_follow_up", message))
    events = np.bincount(code, data.event * (data.time <= data.moment))
    return made | {
        "observed": 1 - found[:, 0],
        "conf_low": 1 - high,
        "conf_high": 1 - low,
        "n_events": events,
    }, warnings
