"""Discrimination of an event by a score: ROC curve, area, threshold and what the threshold costs in optimism."""

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.core.seeds import generator
from recohort.models.delong import Points, auc, points, youden
from recohort.models.design import binary, complete_rows, declared, numbers
from recohort.models.distributions import two_sided_z
from recohort.models.optimism import youden_optimism
from recohort.models.proportion import proportion_interval
from recohort.models.result import Result, result, row

_INTERVALS = {"wilson": "Wilson", "clopper_pearson": "Clopper-Pearson"}


def fit(
    cohort: pd.DataFrame,
    *,
    score: str,
    outcome: str,
    direction: str,
    threshold: dict,
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
        equally good ones the strictest) or ``rule: fixed`` with ``value`` in the score's unit.
    interval : {"wilson", "clopper_pearson"}
        Interval of sensitivity, specificity and predictive values.
    bootstrap : int
        Samples for the optimism of a Youden threshold; 0 for none.
    level : float
        Confidence level.
    seed : int
        The run's seed.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        Term `score`; quantities ``auc``, ``threshold``, ``sensitivity``, ``specificity``, ``ppv``, ``npv``, ``youden``,
        ``true_positives`` ..., and with a bootstrap ``<sensitivity|specificity|youden>_<optimism|corrected>``. Curve:
        ``threshold, false_positive_rate, sensitivity, specificity``.

    Raises
    ------
    InputError
        The outcome or the score does not vary, or a fixed threshold has no value.
    """
    rows, warnings = complete_rows(cohort, [score, outcome])
    raw, case = numbers(rows, score), binary(rows, outcome)
    _check(raw, case, score, outcome)
    sign = 1.0 if direction == "higher" else -1.0
    oriented = sign * raw
    counts = {"n": len(rows), "n_events": case.sum()}
    curve = points(oriented, case)
    estimates = [_area(oriented, case, score, level, counts)]
    said, cut, estimate = _threshold(curve, threshold, sign)
    warnings += said + _degenerate(estimates[0]["estimate"], case)
    accuracy, shares = _accuracy(oriented >= cut, case, score, interval, level, counts)
    limits, optimism = {}, []
    if threshold["rule"] == "youden":
        message = f"The threshold of {score} was chosen by Youden's index and is assessed on the same data."
        if bootstrap:
            draws = youden_optimism(
                oriented, case, bootstrap=bootstrap, generator=generator(seed, "roc", score, outcome)
            )
            tails = np.percentile(sign * draws[0], [50 * (1 - level), 50 * (1 + level)])
            limits = {"conf_low": tails[0], "conf_high": tails[1], "std_error": draws[0].std(ddof=1)}
            optimism, lost = _optimism(draws, shares, score, bootstrap, counts)
            message += (
                f" Sensitivity + specificity - 1 is too favourable by about {lost:.3f} ({bootstrap} bootstrap samples)."
            )
        warnings.append(("threshold_tested_on_same_data", message))
    unit = declared(score, columns).get("unit") or ""
    method = f"{threshold['rule']}, {'at or above' if sign > 0 else 'at or below'} is positive"
    estimates.append(row(score, "threshold", unit, method, estimate=estimate, **limits, **counts))
    drawn = pd.DataFrame(
        {
            "threshold": sign * curve.threshold,
            "false_positive_rate": 1 - curve.specificity,
            "sensitivity": curve.sensitivity,
            "specificity": curve.specificity,
        }
    )
    return result(estimates + accuracy + optimism, curve=drawn, warnings=warnings)


def _check(raw: np.ndarray, case: np.ndarray, score: str, outcome: str) -> None:
    if case.min() == case.max():
        raise InputError(f"column '{outcome}': all {len(case)} rows are {case[0]:g}, expected events and non-events")
    if raw.min() == raw.max():
        raise InputError(f"column '{score}': all {len(raw)} rows are {raw[0]:g}, expected a score that varies")


def _area(oriented: np.ndarray, case: np.ndarray, score: str, level: float, counts: dict) -> dict:
    area, error = auc(oriented, case)
    if error == 0:
        error = np.nan
    half = two_sided_z(level) * error
    limits = {"conf_low": max(0.0, area - half), "conf_high": min(1.0, area + half)} if half == half else {}
    return row(score, "auc", method="DeLong", estimate=area, std_error=error, **limits, **counts)


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


def _threshold(curve: Points, threshold: dict, sign: float) -> tuple[list[tuple[str, str]], float, float]:
    """Return warnings, the threshold on the oriented scale and on the score's own."""
    if threshold["rule"] == "fixed":
        if threshold["value"] is None:
            raise InputError("threshold: the rule fixed has no value, expected a number in the score's unit")
        return [], sign * threshold["value"], threshold["value"]
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
        rows.append(row(score, name, "", _INTERVALS[interval], estimate=share, conf_low=low, conf_high=high, **counts))
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
