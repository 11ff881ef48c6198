"""Decision curves: the net benefit of treating by predicted risks against treating all or none."""

from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.core.seeds import generator
from recohort.models.accuracy.net_benefit import net_benefit
from recohort.models.accuracy.predicted import outcome_columns, read_outcome, read_risk, resampled
from recohort.models.accuracy.risk_model import Outcome, fit_risk
from recohort.models.design import complete_rows, design
from recohort.models.result import Result, result, row

ALL, NONE = "all", "none"


class Strategy(NamedTuple):
    """Risks to treat by; covariates of the model that gave them and their labels, if it was fitted here."""

    risk: np.ndarray
    x: np.ndarray | None
    names: list[str]


def fit(
    cohort: pd.DataFrame,
    *,
    outcome: str | None,
    duration: str | None,
    event: str | None,
    time: float | None,
    strategies: Mapping[str, dict],
    thresholds: dict,
    at: list[float],
    ties: str,
    correct: bool,
    bootstrap: int,
    level: float,
    seed: int,
    columns: dict[str, dict],
) -> Result:
    """Give the net benefit of each strategy over a range of thresholds.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    outcome : str or None
        Column of an outcome, 0 or 1, that every row knows.
    duration, event, time : str, str, float or None
        Follow-up, event and the time by which it is predicted, under censoring.
    strategies : mapping
        Name -> ``risk``, a column, or ``covariates`` of a logistic or Cox model that is fitted here.
    thresholds : dict
        ``from, to, by``: the range of the curve.
    at : list of float
        Thresholds of which the estimates are given.
    ties : {"efron", "breslow"}
        Handling of tied event times by Cox models.
    correct : bool
        Correct models fitted here for optimism.
    bootstrap : int
        Samples of patients: percentile intervals (risks as they are) and optimism (models fitted anew); 0 for none.
    level : float
        Confidence level.
    seed : int
        The run's seed.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        At each threshold of `at` (scale ``threshold 0.1``): ``net_benefit`` of every strategy and of ``all``,
        ``net_benefit_corrected``, ``net_benefit_difference`` (term ``a against b``), ``interventions_avoided`` per
        patient against treating all. Curve: ``strategy, threshold, net_benefit, conf_low, conf_high, corrected``.

    Raises
    ------
    InputError
        The entry names no outcome or both kinds, a strategy no risk or both kinds, the range is empty, a risk is not
        within 0 and 1, a model has no finite estimate.
    """
    names = outcome_columns(outcome, duration, event, time)
    used = [name for entry in strategies.values() for name in _columns_of(entry)]
    _check(strategies)
    grid = _grid(thresholds)
    rows, warnings = complete_rows(cohort, [*names, *used])
    data = read_outcome(rows, outcome, duration, event, time, ties)
    plans = {}
    for name, entry in strategies.items():
        plans[name], said = _strategy(rows, name, entry, data, columns)
        warnings += said
    plans[ALL] = Strategy(np.full(len(rows), np.inf), None, [])
    wanted = np.unique(np.r_[grid, at])
    benefit = {name: net_benefit(data, plan.risk, wanted) for name, plan in plans.items()}
    source = generator(seed, "decision_curve", *names, *strategies)
    samples = resampled(len(rows), bootstrap, source)
    draws = {name: _draws(data, plan.risk, wanted, samples) for name, plan in plans.items()}
    corrected = {}
    for name, plan in plans.items():
        if correct and bootstrap and plan.x is not None:
            corrected[name], said = _corrected(data, plan, name, wanted, samples, benefit[name], draws[name])
            warnings += said
        elif plan.x is not None:
            said = f"{name}: the model was fitted to the patients whom it treats: its net benefit is too favourable."
            warnings.append(("apparent_performance", said))
    warnings += _said(benefit, {name: plan.risk for name, plan in plans.items()}, grid)
    places = np.searchsorted(wanted, sorted(at))
    known = data.event if data.time is None else data.event * (data.time <= data.moment)
    counts = {"n": len(rows), "n_events": known.sum()}
    estimates = _estimates(benefit, draws, corrected, wanted, places, level, counts)
    curve = _curve(benefit, draws, corrected, wanted, np.searchsorted(wanted, grid), level)
    return result(estimates, curve=curve, warnings=warnings)


def _columns_of(entry: dict) -> list[str]:
    return [entry["risk"]] if entry["risk"] is not None else entry["covariates"]


def _check(strategies: Mapping[str, dict]) -> None:
    for name, entry in strategies.items():
        if name in (ALL, NONE):
            raise InputError(f"strategies: found '{name}', which names treating {name}, expected another name")
        if (entry["risk"] is None) == (not entry["covariates"]):
            found = "neither a risk nor covariates" if entry["risk"] is None else "a risk and covariates"
            raise InputError(f"strategy '{name}': found {found}, expected one of them")


def _grid(thresholds: dict) -> np.ndarray:
    low, high, step = (thresholds[key] for key in ("from", "to", "by"))
    if low > high:
        raise InputError(f"thresholds: found the range {low:g} to {high:g}, expected the lower end first")
    return np.round(low + step * np.arange(int((high - low) / step + 1e-9) + 1), 12)


def _strategy(
    rows: pd.DataFrame, name: str, entry: dict, data: Outcome, columns: dict[str, dict]
) -> tuple[Strategy, list[tuple[str, str]]]:
    if entry["risk"] is not None:
        return Strategy(read_risk(rows, entry["risk"], ends=True), None, []), []
    x, terms, said = design(rows, entry["covariates"], columns=columns)
    labels = [f"{term.name} ({scale})" for term in terms for scale in term.scales]
    try:
        return Strategy(fit_risk(x, data, labels).risk(x), x, labels), said
    except InputError as error:
        raise InputError(f"strategy '{name}': {error}") from None


def _draws(data: Outcome, risk: np.ndarray, thresholds: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Return net benefits in samples of patients, shape (B, T)."""
    found = [net_benefit(data.take(chosen), risk[chosen], thresholds) for chosen in samples]
    return np.array(found).reshape(len(samples), len(thresholds))


def _corrected(
    data: Outcome,
    plan: Strategy,
    name: str,
    thresholds: np.ndarray,
    samples: np.ndarray,
    apparent: np.ndarray,
    drawn: np.ndarray,
) -> tuple[np.ndarray, list[tuple[str, str]]]:
    """Return net benefits less their optimism (Harrell 1996), shape (T,), and what must be said.

    What a sample gains by its share of events, which the model of all patients shows too (`drawn` less `apparent`, zero
    on average), is taken off, so that few samples suffice.
    """
    gain = np.full((len(samples), len(thresholds)), np.nan)
    failed = 0
    for line, chosen, same in zip(gain, samples, drawn, strict=True):
        part = data.take(chosen)
        try:
            model = fit_risk(plan.x[chosen], part, plan.names)
        except InputError:
            failed += 1
            continue
        line[:] = net_benefit(part, model.risk(plan.x[chosen]), thresholds)
        line[:] -= net_benefit(data, model.risk(plan.x), thresholds) + same - apparent
    known = (~np.isnan(gain)).sum(axis=0)
    mean = np.divide(np.nansum(gain, axis=0), known, out=np.full(len(thresholds), np.nan), where=known > 0)
    message = f"{name}: in {failed} of {len(samples)} bootstrap samples the model has no finite estimate."
    return apparent - mean, [("samples_without_estimate", message)] if failed else []


def _said(
    benefit: Mapping[str, np.ndarray], risks: Mapping[str, np.ndarray], grid: np.ndarray
) -> list[tuple[str, str]]:
    warnings = []
    for name, risk in risks.items():
        if np.isnan(benefit[name]).any():
            message = f"{name}: at some thresholds nobody treated is followed until the time; no net benefit is given."
            warnings.append(("beyond_follow_up", message))
        if name != ALL and risk.max() < grid[-1]:
            message = f"{name}: no predicted risk is above {risk.max():.3g}; from there on nobody is treated by it."
            warnings.append(("nobody_treated", message))
    return warnings


def _limits(draws: np.ndarray, level: float) -> dict[str, float]:
    draws = draws[~np.isnan(draws)]
    if len(draws) < 2 or draws.std() == 0:
        return {}
    low, high = np.percentile(draws, [50 * (1 - level), 50 * (1 + level)])
    return {"std_error": draws.std(ddof=1), "conf_low": low, "conf_high": high}


def _estimates(
    benefit: Mapping[str, np.ndarray],
    draws: Mapping[str, np.ndarray],
    corrected: Mapping[str, np.ndarray],
    thresholds: np.ndarray,
    places: np.ndarray,
    level: float,
    counts: dict,
) -> list[dict]:
    samples = len(draws[ALL])
    method = f"bootstrap, {samples} samples" if samples else "no interval"
    pairs = [(first, second) for first, second in combinations(benefit, 2)]
    rows = []
    for place in places:
        cut = thresholds[place]
        scale, odds = f"threshold {cut:g}", cut / (1 - cut)
        for name, values in benefit.items():
            limits = _limits(draws[name][:, place], level)
            rows.append(row(name, "net_benefit", scale, method, estimate=values[place], **limits, **counts))
            if name in corrected:
                value = corrected[name][place]
                words = f"optimism, {samples} samples"
                rows.append(row(name, "net_benefit_corrected", scale, words, estimate=value, **counts))
        for first, second in pairs:
            gap = benefit[first][place] - benefit[second][place]
            limits = _limits(draws[first][:, place] - draws[second][:, place], level)
            term = f"{first} against {second}"
            rows.append(row(term, "net_benefit_difference", scale, method, estimate=gap, **limits, **counts))
            if second == ALL:
                avoided = {key: value / odds for key, value in {"estimate": gap, **limits}.items()}
                rows.append(row(first, "interventions_avoided", scale, method, **avoided, **counts))
    return rows


def _curve(
    benefit: Mapping[str, np.ndarray],
    draws: Mapping[str, np.ndarray],
    corrected: Mapping[str, np.ndarray],
    thresholds: np.ndarray,
    places: np.ndarray,
    level: float,
) -> pd.DataFrame:
    parts = []
    for name, values in benefit.items():
        found = pd.DataFrame({"strategy": name, "threshold": thresholds[places], "net_benefit": values[places]})
        limits = [_limits(draws[name][:, place], level) for place in places]
        for word in ("conf_low", "conf_high"):
            found[word] = [limit.get(word, np.nan) for limit in limits]
        found["corrected"] = corrected[name][places] if name in corrected else np.nan
        parts.append(found)
    nothing = pd.DataFrame({"strategy": NONE, "threshold": thresholds[places], "net_benefit": 0.0})
    return pd.concat([*parts, nothing], ignore_index=True)
