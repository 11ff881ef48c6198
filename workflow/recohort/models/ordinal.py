"""Proportional odds regression of an outcome with ordered levels: a common odds ratio, and the test of its premise."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.models.accuracy.proportion import proportion_interval
from recohort.models.design import complete_rows, declared, numbers, observed_levels
from recohort.models.distributions import chi2_p, normal_p, two_sided_z
from recohort.models.regression.cumulative import CumulativeFit, brant_test, fit_cumulative
from recohort.models.regression.interaction import contrasts, johnson_neyman, linear
from recohort.models.regression.logistic_model import where_zero
from recohort.models.regression.terms import Terms, amounts, expand
from recohort.models.result import Result, result, row


@dataclass(frozen=True)
class _Model:
    """The data, the fit turned in the declared direction, and what every row says."""

    y: np.ndarray
    terms: Terms
    weights: np.ndarray
    fit: CumulativeFit
    beta: np.ndarray
    covariance: np.ndarray
    level: float
    counts: dict


def fit(
    cohort: pd.DataFrame,
    *,
    outcome: str,
    exposure: str | None,
    covariates: list[str],
    modifier: str | None,
    modifier_form: str,
    knots: int | list[float],
    scales: list[str | float],
    interactions: list[list[str]],
    splines: dict[str, dict],
    weights: str | None,
    reverse: bool,
    evaluate: list[float],
    level: float,
    columns: dict[str, dict],
) -> Result:
    """Fit a cumulative logit model with proportional odds.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    outcome : str
        Column with ordered levels: a whole number, a category in declared order, or boolean.
    exposure, covariates, modifier, modifier_form, knots, scales, interactions, splines, weights, evaluate, level
        As in `logistic.fit`; weights count patients.
    reverse : bool
        An odds ratio above 1 then means a lower level of the outcome.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        By term ``coefficient``, ``common_odds_ratio``, ``likelihood_ratio_test``, ``brant_test``; ``threshold`` of the
        outcome; with a modifier ``ratio_of_odds_ratios``, ``interaction_test``, ``odds_ratio_at``, ``johnson_neyman``,
        ``johnson_neyman_share``; ``proportion`` of each level in each arm; of the term ``model``
        ``likelihood_ratio_test``, ``brant_test``, ``log_likelihood``, ``aic``. Curve: ``part, term, value, estimate,
        conf_low, conf_high``, parts ``interaction``, ``rug``, ``shift`` (term: the arm, value: the level's number).

    Raises
    ------
    InputError
        Fewer than two levels, an undeclared, constant or collinear column, separation.
    """
    _check(exposure, modifier, splines, evaluate)
    wanted = ([exposure] if exposure else []) + covariates
    wanted += [modifier] if modifier and modifier not in wanted else []
    if not wanted:
        raise InputError("the ordinal model has neither exposure nor covariates, expected at least one column")
    rows, warnings = complete_rows(cohort, [outcome, *wanted, *filter(None, (weights,))])
    y, levels = _levels(rows, outcome, columns)
    forms = {name: ("spline", spline["knots"]) for name, spline in splines.items()}
    if modifier and modifier_form != "linear":
        forms[modifier] = (modifier_form, knots)
    products = [(exposure, modifier)] if modifier else []
    products += [(first, second) for first, second in interactions]
    terms, said = expand(rows, wanted, forms=forms, products=products, columns=columns)
    weight = np.ones(len(rows)) if weights is None else numbers(rows, weights)
    if (weight < 0).any():
        raise InputError(f"column '{weights}': found the weight {weight.min():g}, expected none below 0")
    found = fit_cumulative(y, terms.x, weights=weight, names=terms.names())
    skipped, sign = len(levels) - 1, -1.0 if reverse else 1.0
    task = _Model(
        y=y,
        terms=terms,
        weights=weight,
        fit=found,
        beta=sign * found.beta,
        covariance=found.covariance[skipped:, skipped:],
        level=level,
        counts={"n": len(rows)},
    )
    warnings += said
    if weights is not None:
        warnings.append(("weights_as_counts", "Weights are taken as counts of patients: intervals are not robust."))
    estimates = _terms(task, exposure, scales, "lower" if reverse else "higher")
    curves = []
    if modifier:
        more, curves = _modified(task, exposure, modifier, scales, evaluate)
        estimates += more
    estimates += _thresholds(task, outcome, levels)
    more, said = _overall(task)
    estimates, warnings = estimates + more, warnings + said
    if exposure and not terms.numeric(exposure):
        more, shift = _shift(task, outcome, exposure, levels)
        estimates += more
        curves.append(shift)
    names = ["part", "term", "value", "estimate", "conf_low", "conf_high"]
    curve = pd.concat(curves, ignore_index=True)[names] if curves else None
    return result(estimates, curve=curve, warnings=warnings)


def _check(exposure: str | None, modifier: str | None, splines: dict, evaluate: list[float]) -> None:
    if modifier and not exposure:
        raise InputError(f"modifier '{modifier}': there is no exposure, expected one whose effect it modifies")
    if modifier and modifier == exposure:
        raise InputError(f"modifier '{modifier}': is the exposure itself, expected another column")
    if modifier and exposure in splines:
        raise InputError(f"splines: '{exposure}' is the exposure of a modifier, expected it to enter as it is")
    if evaluate and not modifier:
        raise InputError("evaluate: there is no modifier, expected the column that it is about")


def _levels(rows: pd.DataFrame, outcome: str, columns: dict[str, dict]) -> tuple[np.ndarray, list[str]]:
    """Return each row's level from 0, and the levels that occur, in order."""
    kind = declared(outcome, columns)["type"]
    if kind in ("category", "boolean"):
        values, levels = observed_levels(rows, outcome, columns)
        return values.map({level: index for index, level in enumerate(levels)}).to_numpy(int), levels
    found, codes = np.unique(numbers(rows, outcome), return_inverse=True)
    if len(found) > 50:
        raise InputError(f"column '{outcome}': found {len(found)} different values, expected at most 50 ordered levels")
    return codes, [f"{value:g}" for value in found]


def _terms(task: _Model, exposure: str | None, scales: list, meant: str) -> list[dict]:
    coefficients, ratios, tests = [], [], []
    method = "proportional odds, Wald"
    for block in task.terms.blocks:
        single = len(block.parts) == 1
        said = amounts(task.terms, block.name, scales if block.name == exposure else ["unit"]) if single else []
        for index, scale in zip(range(block.where.start, block.where.stop), block.scales, strict=True):
            numbers_ = _wald(task, index)
            said_of = method + (where_zero(task.terms, block.name) if single else "")
            coefficients.append(row(block.name, "coefficient", scale, said_of, **numbers_, **task.counts))
            if not single or (block.name in task.terms.forms and task.terms.forms[block.name].kind == "spline"):
                continue
            for words, amount in said if len(block.scales) == 1 else [(scale, 1.0)]:
                ratio = _ratio(numbers_, amount)
                meaning = f"{said_of}; above 1: {meant} level"
                ratios.append(row(block.name, "common_odds_ratio", words, meaning, **ratio, **task.counts))
        members = _with_products(task.terms, block.name)
        joint = ", with its products" if len(members) > block.where.stop - block.where.start else ""
        test = _likelihood_ratio(task, members)
        words = f"proportional odds, likelihood ratio{joint}"
        tests.append(row(block.name, "likelihood_ratio_test", method=words, **test, **task.counts))
    return coefficients + ratios + tests


def _wald(task: _Model, index: int) -> dict:
    beta, error = task.beta[index], np.sqrt(task.covariance[index, index])
    half = two_sided_z(task.level) * error
    return {
        "estimate": beta,
        "std_error": error,
        "conf_low": beta - half,
        "conf_high": beta + half,
        "statistic": beta / error,
        "p_value": normal_p(beta / error),
    }


def _ratio(found: dict, amount: float) -> dict:
    ratio = {key: np.exp(amount * found[key]) for key in ("estimate", "conf_low", "conf_high")}
    return {**found, **ratio, "std_error": amount * found["std_error"]}


def _with_products(terms: Terms, name: str) -> list[int]:
    blocks = [block for block in terms.blocks if block.name == name or (len(block.parts) == 2 and name in block.parts)]
    return [index for block in blocks for index in range(block.where.start, block.where.stop)]


def _likelihood_ratio(task: _Model, dropped: list[int]) -> dict:
    kept = [index for index in range(task.terms.x.shape[1]) if index not in dropped]
    names = [task.terms.names()[index] for index in kept]
    reduced = fit_cumulative(task.y, task.terms.x[:, kept], weights=task.weights, names=names)
    statistic = max(0.0, 2 * (task.fit.loglik - reduced.loglik))
    return {"statistic": statistic, "df": len(dropped), "p_value": chi2_p(statistic, len(dropped))}


def _modified(
    task: _Model, exposure: str, modifier: str, scales: list, evaluate: list[float]
) -> tuple[list[dict], list[pd.DataFrame]]:
    terms, rows, curves, method = task.terms, [], [], "proportional odds, Wald"
    block, per_exposure = terms.block(exposure, modifier), terms.block(exposure).scales
    test = _likelihood_ratio(task, list(range(block.where.start, block.where.stop)))
    likelihood_ratio = {**test, "method": "proportional odds, likelihood ratio"}
    rows.append(row(block.name, "interaction_test", **likelihood_ratio, **task.counts))
    width, form = len(terms.block(modifier).scales), terms.forms.get(modifier)
    if form is None or form.kind != "spline":
        single = amounts(terms, modifier, scales)
        for offset, (index, scale) in enumerate(
            zip(range(block.where.start, block.where.stop), block.scales, strict=True)
        ):
            words = [(f"{per_exposure[offset // width]}, {said}", amount) for said, amount in single]
            for said, amount in words if width == 1 else [(scale, 1.0)]:
                found = _ratio(_wald(task, index), amount)
                rows.append(row(block.name, "ratio_of_odds_ratios", said, method, **found, **task.counts))
                test = {**_likelihood_ratio(task, [index]), "method": likelihood_ratio["method"]}
                numbers_ = {"estimate": found["estimate"], **test, **task.counts}
                rows.append(row(block.name, "ratio_of_odds_ratios", said, **numbers_))
    points = terms.points(modifier, evaluate)
    for column, scale in enumerate(per_exposure):
        called = exposure if len(per_exposure) == 1 else f"{exposure} ({scale})"
        if points:
            factors = contrasts(terms, exposure, column, modifier, np.array([basis for _, basis in points]), before=0)
            ratio = linear(task.beta, task.covariance, factors).ratio(task.level)
            for index, (said, _) in enumerate(points):
                words = said if len(per_exposure) == 1 else f"{scale}, {said}"
                numbers_ = {key: values[index] for key, values in ratio.items()}
                rows.append(row(exposure, "odds_ratio_at", words, method, **numbers_, **task.counts))
        if form is not None:
            grid = np.linspace(*np.percentile(terms.raw[modifier], [1, 99]), 100)
            factors = contrasts(terms, exposure, column, modifier, form.basis(grid), before=0)
            ratio = linear(task.beta, task.covariance, factors).ratio(task.level)
            kept = {key: ratio[key] for key in ("estimate", "conf_low", "conf_high")}
            curves.append(pd.DataFrame({"part": "interaction", "term": called, "value": grid, **kept}))
    if form is not None:
        values = np.sort(terms.raw[modifier][:, 0])
        nothing = dict.fromkeys(("estimate", "conf_low", "conf_high"), np.nan)
        curves.append(pd.DataFrame({"part": "rug", "term": modifier, "value": values, **nothing}))
        rows += _bounds(task, exposure, modifier, block.name) if len(per_exposure) == 1 else []
    return rows, curves


def _bounds(task: _Model, exposure: str, modifier: str, product: str) -> list[dict]:
    bounds, side = johnson_neyman(
        task.beta, task.covariance, task.terms, exposure, modifier, before=0, level=task.level
    )
    values, unit = task.terms.raw[modifier][:, 0], task.terms.terms[modifier].unit
    rows, method = [], "proportional odds, Wald"
    for number, bound in enumerate(bounds, 1):
        seen = "within the data" if values.min() <= bound <= values.max() else "outside the data"
        words = f"bound {number} ({unit})" if unit else f"bound {number}"
        rows.append(row(product, "johnson_neyman", words, f"{method}, {seen}", estimate=bound, **task.counts))
    for which, words in ((-1, "odds ratio below 1"), (1, "odds ratio above 1")):
        share = np.average(side == which, weights=task.weights)
        rows.append(row(product, "johnson_neyman_share", words, method, estimate=share, **task.counts))
    return rows


def _thresholds(task: _Model, outcome: str, levels: list[str]) -> list[dict]:
    errors = np.sqrt(np.diag(task.fit.covariance))
    return [
        row(
            outcome,
            "threshold",
            f"{levels[index]} | {levels[index + 1]}",
            "proportional odds",
            estimate=value,
            std_error=errors[index],
            **task.counts,
        )
        for index, value in enumerate(task.fit.thresholds)
    ]


def _overall(task: _Model) -> tuple[list[dict], list[tuple[str, str]]]:
    test, counts = _likelihood_ratio(task, list(range(task.terms.x.shape[1]))), task.counts
    rows = [row("model", "likelihood_ratio_test", method="proportional odds, likelihood ratio", **test, **counts)]
    aic = 2 * (len(task.fit.thresholds) + len(task.beta)) - 2 * task.fit.loglik
    rows.append(row("model", "log_likelihood", method="proportional odds", estimate=task.fit.loglik, **counts))
    rows.append(row("model", "aic", method="proportional odds", estimate=aic, **counts))
    if len(task.fit.thresholds) == 1:
        return rows, []
    blocks = {block.name: block.where for block in task.terms.blocks}
    try:
        tests = brant_test(task.y, task.terms.x, weights=task.weights, blocks=blocks, names=task.terms.names())
    except (InputError, np.linalg.LinAlgError):
        tests = None
    if tests is None:
        message = "Proportional odds could not be tested: at a cut of the outcome the logistic model has no finite fit."
        return rows, [("proportional_odds_untested", message)]
    rows += [
        row(term, "brant_test", method="Brant", statistic=value, df=df, p_value=chi2_p(value, df), **counts)
        for term, value, df in tests
    ]
    warnings = []
    if lost := [term for term, value, _ in tests if np.isnan(value)]:
        message = (
            f"Proportional odds could not be tested (Brant) of {', '.join(lost)}: the covariance between the models of "
            "the cuts is not positive definite."
        )
        warnings.append(("proportional_odds_untested", message))
    if named := [f"{term} (p = {chi2_p(value, df):.2g})" for term, value, df in tests if chi2_p(value, df) < 0.05]:
        message = f"Proportional odds are doubtful at p < 0.05: {', '.join(named)}; a common odds ratio is an average."
        warnings.append(("proportional_odds_violated", message))
    return rows, warnings


def _shift(task: _Model, outcome: str, exposure: str, levels: list[str]) -> tuple[list[dict], pd.DataFrame]:
    """Return the share of each level in each arm, unadjusted and unweighted, with Wilson's interval."""
    raw, rows, drawn = task.terms.raw[exposure], [], []
    for index, (said, _) in enumerate(task.terms.points(exposure, [])):
        inside = (raw[:, index - 1] == 1) if index else (raw.sum(axis=1) == 0)
        arm, n = said.removeprefix(f"{exposure} "), int(inside.sum())
        for code, name in enumerate(levels):
            k = int((task.y[inside] == code).sum())
            low, high = proportion_interval(k, n, interval="wilson", level=task.level)
            limits = {"estimate": k / n, "conf_low": low, "conf_high": high}
            rows.append(row(exposure, "proportion", f"{arm}, {outcome} {name}", "Wilson", **limits, n=n, n_events=k))
            drawn.append({"part": "shift", "term": arm, "value": code, **limits})
    return rows, pd.DataFrame(drawn)
