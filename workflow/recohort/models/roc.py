"""Discrimination of an event by a score: ROC curve, area, threshold and what the threshold costs in optimism."""

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.core.seeds import generator
from recohort.models.accuracy.delong import Points, auc, partial_area, points, reaching, youden
from recohort.models.accuracy.optimism import threshold_optimism
from recohort.models.accuracy.proportion import INTERVALS, proportion_interval
from recohort.models.accuracy.roc_sampling import bootstrap_areas, bootstrap_bands
from recohort.models.design import binary, complete_rows, declared, numbers
from recohort.models.distributions import two_sided_z
from recohort.models.result import Result, result, row

BAND_POINTS = 500
"""Points of the curve at which a band is drawn, at most."""


def fit(
    cohort: pd.DataFrame,
    *,
    score: str,
    outcome: str,
    direction: str,
    threshold: dict,
    partial: dict | None,
    auc_interval: str,
    band: bool,
    interval: str,
    bootstrap: int,
    level: float,
    seed: int,
    columns: dict[str, dict],
) -> Result:
    """Describe how well a score tells who has the event.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    score, outcome : str
        Columns of the score and of the event, 0 or 1.
    direction : {"higher", "lower"}
        Whether a higher or a lower score speaks for the event. A score at the threshold is positive.
    threshold : dict
        ``rule: youden`` (the midpoint between neighbouring scores that maximises sensitivity + specificity - 1; of
        equally good ones the strictest), ``rule: sensitivity`` or ``specificity`` (the highest other share of those
        whose sensitivity or specificity reaches ``value``), or ``rule: fixed`` with ``value`` in the score's unit.
    partial : dict or None
        ``of: specificity | sensitivity`` within ``from`` and ``to``: the part of the area that is given too.
    auc_interval : {"delong", "bootstrap"}
        Interval of the area.
    band : bool
        Whether the curve has limits of the sensitivity at each specificity.
    interval : {"wilson", "clopper_pearson"}
        Interval of sensitivity, specificity and predictive values.
    bootstrap : int
        Samples, drawn within events and within non-events; 0 for none.
    level : float
        Confidence level.
    seed : int
        The run's seed.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        Term `score`; quantities ``auc``, ``partial_auc``, ``partial_auc_corrected``, ``threshold``, ``sensitivity``,
        ``specificity``, ``ppv``, ``npv``, ``youden``, ``true_positives`` ..., and with a bootstrap
        ``<sensitivity|specificity|youden>_<optimism|corrected>``. Curve: ``threshold, false_positive_rate,
        sensitivity, specificity``, with a band ``conf_low, conf_high`` of the sensitivity.

    Raises
    ------
    InputError
        The outcome or the score does not vary, a threshold has no value, a target is reached by a trivial threshold
        alone, or a bootstrap is asked for without samples.
    """
    if (band or auc_interval == "bootstrap") and bootstrap < 2:
        raise InputError(f"bootstrap: found {bootstrap} samples, expected some for a band or an interval of the AUC")
    rows, warnings = complete_rows(cohort, [score, outcome])
    raw, case = numbers(rows, score), binary(rows, outcome)
    _check(raw, case, score, outcome)
    sign = 1.0 if direction == "higher" else -1.0
    oriented = sign * raw
    counts = {"n": len(rows), "n_events": case.sum()}
    curve = points(oriented, case)
    drawn = pd.DataFrame(
        {
            "threshold": sign * curve.threshold,
            "false_positive_rate": 1 - curve.specificity,
            "sensitivity": curve.sensitivity,
            "specificity": curve.specificity,
        }
    )
    words = ("roc", score, outcome)
    estimates = [_area(oriented, case, score, level, counts, auc_interval, bootstrap, generator(seed, *words, "auc"))]
    if band or partial:
        estimates += _band_and_part(
            drawn,
            curve,
            (oriented, case),
            score=score,
            band=band,
            partial=partial,
            bootstrap=bootstrap,
            level=level,
            counts=counts,
            source=generator(seed, *words, "band"),
        )
    rule, target = threshold["rule"], threshold["value"]
    said, cut, estimate = _threshold(curve, rule, target, sign)
    warnings += said + _degenerate(estimates[0]["estimate"], case)
    positive = oriented >= cut
    warnings += _one_sided(positive, estimate)
    accuracy, shares = _accuracy(positive, case, score, interval, level, counts)
    limits, optimism = {}, []
    if rule != "fixed":
        chosen = f"The threshold of {score} was chosen {_CHOSEN[rule]} and is assessed on the same data."
        if bootstrap:
            draws = threshold_optimism(
                oriented, case, rule=rule, target=target, bootstrap=bootstrap, generator=generator(seed, *words)
            )
            found = draws[0][~np.isnan(draws[0])]
            if len(found) > 1:
                tails = np.percentile(sign * found, [50 * (1 - level), 50 * (1 + level)])
                limits = {"conf_low": tails[0], "conf_high": tails[1], "std_error": found.std(ddof=1)}
            warnings += _unreached(len(draws[0]) - len(found), bootstrap)
            optimism, lost = _optimism(draws, shares, score, bootstrap, counts)
            chosen += (
                f" Sensitivity + specificity - 1 is too favourable by about {lost:.3f} ({bootstrap} bootstrap samples)."
            )
        warnings.append(("threshold_tested_on_same_data", chosen))
    unit = declared(score, columns).get("unit") or ""
    named = rule if rule in ("youden", "fixed") else f"{rule} of at least {target:g}"
    method = f"{named}, {'at or above' if sign > 0 else 'at or below'} is positive"
    estimates.append(row(score, "threshold", unit, method, estimate=estimate, **limits, **counts))
    return result(estimates + accuracy + optimism, curve=drawn, warnings=warnings)


_CHOSEN = {"youden": "by Youden's index", "sensitivity": "by its sensitivity", "specificity": "by its specificity"}


def _check(raw: np.ndarray, case: np.ndarray, score: str, outcome: str) -> None:
    if case.min() == case.max():
        raise InputError(f"column '{outcome}': all {len(case)} rows are {case[0]:g}, expected events and non-events")
    if raw.min() == raw.max():
        raise InputError(f"column '{score}': all {len(raw)} rows are {raw[0]:g}, expected a score that varies")


def _area(
    oriented: np.ndarray,
    case: np.ndarray,
    score: str,
    level: float,
    counts: dict,
    interval: str,
    bootstrap: int,
    source: np.random.Generator,
) -> dict:
    area, error = auc(oriented, case)
    if interval == "bootstrap":
        draws = bootstrap_areas(oriented[None], case, bootstrap=bootstrap, generator=source)[:, 0]
        method = f"bootstrap, {bootstrap} samples within events and non-events"
        # Without a second case or control, or with complete separation, samples cannot differ as cohorts would.
        known = error > 0
        return row(
            score, "auc", method=method, estimate=area, **(_percentiles(draws, level) if known else {}), **counts
        )
    if error == 0:
        error = np.nan
    half = two_sided_z(level) * error
    limits = {"conf_low": max(0.0, area - half), "conf_high": min(1.0, area + half)} if half == half else {}
    return row(score, "auc", method="DeLong", estimate=area, std_error=error, **limits, **counts)


def _percentiles(draws: np.ndarray, level: float) -> dict[str, float]:
    draws = draws[~np.isnan(draws)]
    if len(draws) < 2:
        return {}
    low, high = np.percentile(draws, [50 * (1 - level), 50 * (1 + level)])
    return {"std_error": draws.std(ddof=1), "conf_low": low, "conf_high": high}


def _band_and_part(
    drawn: pd.DataFrame,
    curve: Points,
    data: tuple[np.ndarray, np.ndarray],
    *,
    score: str,
    band: bool,
    partial: dict | None,
    bootstrap: int,
    level: float,
    counts: dict,
    source: np.random.Generator,
) -> list[dict]:
    """Return rows of the partial area; add the limits of the sensitivity to the curve `drawn`."""
    rates = np.unique(1 - curve.specificity)
    at = rates[np.unique(np.linspace(0, len(rates) - 1, BAND_POINTS).astype(int))] if band else np.empty(0)
    heights, areas = np.empty((0, len(at))), np.empty((0, 2))
    if bootstrap:
        heights, areas = bootstrap_bands(*data, at=at, partial=partial, bootstrap=bootstrap, generator=source)
    if band:
        limits = np.percentile(heights, [50 * (1 - level), 50 * (1 + level)], axis=0)
        place = pd.Index(at).get_indexer(drawn["false_positive_rate"])
        for name, line in zip(("conf_low", "conf_high"), limits, strict=True):
            drawn[name] = np.where(place >= 0, line[place], np.nan)
    if not partial:
        return []
    low, high = sorted((partial["from"], partial["to"]))
    if low == high:
        raise InputError(f"partial: found the range {low:g} to {high:g}, expected one of some width")
    scale = f"{partial['of']} {low:g} to {high:g}"
    found = partial_area(curve, partial["of"], low, high)
    method = f"bootstrap, {bootstrap} samples within events and non-events" if bootstrap else "no interval"
    known = auc(*data)[1] > 0
    return [
        row(score, name, scale, method, estimate=value, **(_percentiles(draws, level) if known else {}), **counts)
        for name, value, draws in zip(("partial_auc", "partial_auc_corrected"), found, areas.T, strict=True)
    ]


def _one_sided(positive: np.ndarray, threshold: float) -> list[tuple[str, str]]:
    if positive.any() and not positive.all():
        return []
    who = "everybody" if positive.all() else "nobody"
    return [("threshold_outside_scores", f"At the threshold {threshold:g} {who} is positive.")]


def _unreached(lost: int, bootstrap: int) -> list[tuple[str, str]]:
    if not lost:
        return []
    message = (
        f"{lost} of {bootstrap} bootstrap samples reach the target only with everybody or nobody positive; the "
        "threshold's interval leaves them out."
    )
    return [("target_not_reached_in_samples", message)]


def _degenerate(area: float, case: np.ndarray) -> list[tuple[str, str]]:
    if area in (0.0, 1.0):
        return [
            (
                "perfect_discrimination",
                "The score separates events from non-events completely: its AUC has no interval.",
            )
        ]
    if min(case.sum(), len(case) - case.sum()) < 2:
        return [("single_case", "There is only one event or one non-event: the AUC has no interval.")]
    return []


def _threshold(
    curve: Points, rule: str, value: float | None, sign: float
) -> tuple[list[tuple[str, str]], float, float]:
    """Return warnings, the threshold on the oriented scale and on the score's own."""
    if rule != "youden" and value is None:
        wanted = "a number in the score's unit" if rule == "fixed" else "a share above 0, at most 1"
        raise InputError(f"threshold: the rule {rule} has no value, expected {wanted}")
    if rule == "fixed":
        return [], sign * value, value
    if rule in ("sensitivity", "specificity"):
        if not 0 < value <= 1:
            raise InputError(f"threshold: found the {rule} {value:g}, expected a share above 0, at most 1")
        cut = curve.threshold[reaching(curve, rule, value)]
        if not np.isfinite(cut):
            who = "everybody" if rule == "sensitivity" else "nobody"
            raise InputError(
                f"threshold: a {rule} of {value:g} is reached only where {who} is positive, expected a lower value"
            )
        return [], cut, sign * cut
    best = youden(curve)
    cut = curve.threshold[best[0]]
    if not np.isfinite(cut):
        raise InputError(
            "threshold: no threshold is better than chance in this direction, expected the other direction"
        )
    if len(best) == 1:
        return [], cut, sign * cut
    others = ", ".join(f"{sign * value:.6g}" for value in curve.threshold[best])
    return [("threshold_not_unique", f"Thresholds {others} are equally good; the first is used.")], cut, sign * cut


def _accuracy(
    positive: np.ndarray, case: np.ndarray, score: str, interval: str, level: float, counts: dict
) -> tuple[list[dict], tuple[float, float]]:
    """Return rows of the fourfold table and its shares, and (sensitivity, specificity)."""
    tp, fn = int((positive & (case == 1)).sum()), int((~positive & (case == 1)).sum())
    fp, tn = int((positive & (case == 0)).sum()), int((~positive & (case == 0)).sum())
    fractions = {"sensitivity": (tp, tp + fn), "specificity": (tn, tn + fp), "ppv": (tp, tp + fp), "npv": (tn, tn + fn)}
    rows = []
    for name, (k, n) in fractions.items():
        low, high = proportion_interval(k, n, interval=interval, level=level)
        share = k / n if n else np.nan
        rows.append(row(score, name, "", INTERVALS[interval], estimate=share, conf_low=low, conf_high=high, **counts))
    sensitivity, specificity = rows[0]["estimate"], rows[1]["estimate"]
    rows.append(row(score, "youden", method="apparent", estimate=sensitivity + specificity - 1, **counts))
    table = {"true_positives": tp, "false_negatives": fn, "false_positives": fp, "true_negatives": tn}
    rows += [row(score, name, method="count", estimate=count, **counts) for name, count in table.items()]
    return rows, (sensitivity, specificity)


def _optimism(
    draws: tuple, shares: tuple[float, float], score: str, bootstrap: int, counts: dict
) -> tuple[list[dict], float]:
    losses = {"sensitivity": draws[1], "specificity": draws[2], "youden": draws[1] + draws[2]}
    apparent = {"sensitivity": shares[0], "specificity": shares[1], "youden": sum(shares) - 1}
    method = f"bootstrap, {bootstrap} samples within events and non-events"
    rows = []
    for name, loss in losses.items():
        mean = loss.mean()
        rows.append(row(score, f"{name}_optimism", method=method, estimate=mean, std_error=loss.std(ddof=1), **counts))
        rows.append(row(score, f"{name}_corrected", method=method, estimate=apparent[name] - mean, **counts))
    return rows, float(losses["youden"].mean())
