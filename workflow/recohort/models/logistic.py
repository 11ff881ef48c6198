"""Logistic regression: odds ratios, their change with a modifier, and the risks that they stand for."""

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.models.design import binary, complete_rows, numbers
from recohort.models.regression.logistic_model import Model, fitted_model, relation_rows, term_rows
from recohort.models.regression.logistic_modifier import modifier_curve, modifier_rows, modifier_warnings, risks
from recohort.models.regression.logistic_subgroups import influence_rows, subgroup_rows
from recohort.models.regression.terms import expand
from recohort.models.result import Result, result, row


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
    cluster: str | None,
    robust: str | None,
    penalty: str,
    interval: str,
    evaluate: list[float],
    subgroups: int | list[float] | str | None,
    influence: int,
    level: float,
    columns: dict[str, dict],
) -> Result:
    """Fit a logistic model, with the product of exposure and modifier where there is a modifier.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    outcome : str
        Column of the outcome, 0 or 1.
    exposure : str or None
        The column of interest; its rows come first.
    covariates : list of str
        Columns to adjust for.
    modifier : str or None
        Column of which the exposure's effect may depend; it need not be among the covariates.
    modifier_form : {"linear", "log1p", "spline"}
        How a number enters, in its main effect and in the product.
    knots : int or list of float
        Knots of the modifier's spline.
    scales : list of "unit", "sd", "iqr" or number
        What a number's ratio is per, of the exposure and of the modifier in the product.
    interactions : list of pairs
        Further products.
    splines : dict
        Column -> ``knots`` of its restricted cubic spline.
    weights, cluster : str or None
        Columns of case weights and of clusters.
    robust : {"hc0", "hc1", "hc3", "cluster"} or None
        Sandwich covariance; every interval and test is then Wald's.
    penalty : {"none", "firth"}
        With ``firth`` intervals and tests are those of the penalised likelihood.
    interval : {"wald", "profile"}
        Intervals of single coefficients.
    evaluate : list of float
        Values of the modifier at which odds ratio and risk difference are given.
    subgroups : int, list of float, "levels" or None
        Groups of the modifier in which the model is fitted anew.
    influence : int
        So many of the largest values of the modifier are left out, one by one and together.
    level : float
        Confidence level.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        By term ``coefficient``, ``odds_ratio``, ``wald_test``, ``likelihood_ratio_test``; of the product
        ``ratio_of_odds_ratios``, ``interaction_test``, ``nonlinearity_test``, ``odds_ratio_at``, ``johnson_neyman``,
        ``johnson_neyman_share``, ``reri``, ``attributable_proportion``, ``synergy_index``; ``risk``,
        ``risk_difference``, ``risk_ratio``, ``number_needed_to_treat``; ``subgroup_odds_ratio``, ``subgroup_risk``,
        ``heterogeneity_test``; ``dfbeta``, ``without_<k>_largest``; of the term ``model`` ``log_likelihood``,
        ``deviance``, ``aic``, ``c_statistic``. Curve: ``part, term, value, estimate, conf_low, conf_high``, parts
        ``interaction``, ``risk_difference``, ``spline``, ``rug``.

    Raises
    ------
    InputError
        Settings that exclude each other, no event, no non-event, an undeclared, constant or collinear column.
    """
    _check(exposure, modifier, robust, penalty, interval, cluster, evaluate, subgroups, influence)
    if modifier and exposure in splines:
        raise InputError(f"splines: '{exposure}' is the exposure of a modifier, expected it to enter as it is")
    wanted = ([exposure] if exposure else []) + covariates
    wanted += [modifier] if modifier and modifier not in wanted else []
    if not wanted:
        raise InputError("the logistic model has neither exposure nor covariates, expected at least one column")
    rows, warnings = complete_rows(cohort, [outcome, *wanted, *filter(None, (weights, cluster))])
    y = binary(rows, outcome)
    forms = {name: ("spline", spline["knots"]) for name, spline in splines.items()}
    if modifier and modifier_form != "linear":
        forms[modifier] = (modifier_form, knots)
    products = [(exposure, modifier)] if modifier else []
    products += [(first, second) for first, second in interactions]
    terms, said = expand(rows, wanted, forms=forms, products=products, columns=columns)
    warnings += said
    task = Model(
        y=y,
        terms=terms,
        exposure=exposure,
        modifier=modifier,
        weights=_weights(rows, weights),
        weighted=weights is not None,
        clusters=None if cluster is None else rows.groupby(cluster, sort=True).ngroup().to_numpy(),
        robust=robust,
        penalty=penalty,
        interval=interval,
        level=level,
    )
    found = fitted_model(task, terms.x, terms.names())
    warnings += _said(task, found)
    estimates = term_rows(task, found, scales)
    curves = []
    if modifier:
        estimates += modifier_rows(task, found, scales, evaluate)
        warnings += modifier_warnings(task, found)
        curves = modifier_curve(task, found)
    if exposure:
        estimates += risks(task, found, evaluate)
    if subgroups is not None:
        more, said = subgroup_rows(task, found, subgroups)
        estimates, warnings = estimates + more, warnings + said
    if influence:
        more, said = influence_rows(task, found, influence)
        estimates, warnings = estimates + more, warnings + said
    curves += relation_rows(task, found)
    estimates += _overall(task, found)
    names = ["part", "term", "value", "estimate", "conf_low", "conf_high"]
    curve = pd.concat(curves, ignore_index=True)[names] if curves else None
    return result(estimates, curve=curve, warnings=warnings)


def _check(
    exposure: str | None,
    modifier: str | None,
    robust: str | None,
    penalty: str,
    interval: str,
    cluster: str | None,
    evaluate: list[float],
    subgroups: int | list[float] | str | None,
    influence: int,
) -> None:
    if modifier and not exposure:
        raise InputError(f"modifier '{modifier}': there is no exposure, expected one whose effect it modifies")
    if modifier and modifier == exposure:
        raise InputError(f"modifier '{modifier}': is the exposure itself, expected another column")
    asked = {"evaluate": evaluate, "subgroups": subgroups, "influence": influence}
    if not modifier and (without := [name for name, value in asked.items() if value]):
        raise InputError(f"{without[0]}: there is no modifier, expected the column that it is about")
    if (robust == "cluster") != (cluster is not None):
        raise InputError(f"robust '{robust}' with the cluster '{cluster}': expected both robust: cluster and a column")
    if robust and (penalty == "firth" or interval == "profile"):
        raise InputError(f"robust '{robust}': has Wald intervals only, expected penalty: none and interval: wald")


def _weights(rows: pd.DataFrame, name: str | None) -> np.ndarray:
    if name is None:
        return np.ones(len(rows))
    weights = numbers(rows, name)
    if (weights < 0).any() or not weights.any():
        raise InputError(f"column '{name}': found the weight {weights.min():g}, expected none below 0 and some above")
    return weights


def _said(task: Model, found: object) -> list[tuple[str, str]]:
    said, y = [], task.y
    rarer = int(min(y.sum(), len(y) - y.sum()))
    share = rarer / task.terms.x.shape[1]
    if share < 10:
        message = (
            f"{rarer} events (or non-events, the rarer) for {task.terms.x.shape[1]} coefficients are {share:.1f} per "
            "variable, fewer than 10: estimates may be too far from 1 and intervals too narrow."
        )
        said.append(("events_per_variable", message))
    if task.weighted and not task.robust:
        said.append(("weights_as_counts", "Weights are taken as counts of patients: intervals are not robust."))
    if task.penalty == "firth" and task.exposure and not task.terms.numeric(task.exposure):
        message = (
            "Firth's penalty draws fitted risks towards one half: standardised risks of a rare outcome are too high."
        )
        said.append(("penalised_risks", message))
    if found.fit.diverged.any():
        names = [name for name, away in zip(found.fit.names, found.fit.diverged, strict=True) if away]
        message = (
            f"The likelihood grows without bound in {', '.join(names)} (separation): no finite estimate, interval or "
            "risk exists; Firth's penalty gives one."
        )
        said.append(("separation", message))
    return said


def _overall(task: Model, found: object) -> list[dict]:
    fit, counts = found.fit, task.counts
    rows = [row("model", "log_likelihood", method=task.engine, estimate=fit.loglik, **counts)]
    if task.penalty == "none":
        rows.append(row("model", "deviance", method=task.engine, estimate=-2 * fit.loglik, **counts))
        rows.append(row("model", "aic", method=task.engine, estimate=2 * len(fit.beta) - 2 * fit.loglik, **counts))
    if not task.weighted:
        from recohort.models.accuracy.delong import auc

        area, error = auc(fit.probability, task.y)
        rows.append(row("model", "c_statistic", method="apparent, DeLong", estimate=area, std_error=error, **counts))
    return rows
