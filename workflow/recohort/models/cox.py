"""Proportional hazards regression: hazard ratios per declared unit, per SD and per IQR, and the test of its premise."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.core.columns import as_text
from recohort.core.errors import InputError
from recohort.core.seeds import generator
from recohort.models.design import complete_rows, numbers
from recohort.models.distributions import chi2_p
from recohort.models.follow_up import after_landmark, follow_up
from recohort.models.regression.terms import Terms, expand
from recohort.models.result import Result, result
from recohort.models.survival.concordance import concordance
from recohort.models.survival.cox_effects import Effects, conditioned, spline_curve, term_rows, wald
from recohort.models.survival.cox_optimism import optimism
from recohort.models.survival.coxph import fit_cox, robust_covariance, robust_score_test
from recohort.models.survival.firth_cox import fit_firth
from recohort.models.survival.ph_test import ph_test

FEW_CLUSTERS = 20


class Sample(NamedTuple):
    """The analysed rows as arrays of shape (n,); weights and clusters are None where there are none."""

    time: np.ndarray
    died: np.ndarray
    strata: np.ndarray
    weights: np.ndarray | None
    cluster: np.ndarray | None


def fit(
    cohort: pd.DataFrame,
    *,
    duration: str,
    event: str,
    exposure: str | None,
    covariates: list[str],
    scales: list[str | float],
    splines: Mapping[str, dict],
    interactions: list[list[str]],
    strata: list[str],
    landmark: float | None,
    ties: str,
    weights: str | None,
    cluster: str | None,
    robust: bool,
    penalty: str,
    ph_transform: str,
    bootstrap: int,
    level: float,
    columns: dict[str, dict],
    name: str = "",
    seed: int = 0,
) -> Result:
    """Fit a Cox model and test its proportional hazards.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    duration, event : str
        Columns of follow-up (in the unit declared for it) and of the event, 0 or 1.
    exposure : str or None
        The column of interest; its rows come first.
    covariates : list of str
        Columns to adjust for; categories are dummy coded against their first declared level.
    scales : list of "unit", "sd", "iqr" or number
        What a numeric exposure's hazard ratio is per; SD (n - 1) and IQR are those of the analysed rows.
    splines : mapping
        Numeric terms that are restricted cubic splines -> ``knots, reference, quantiles``.
    interactions : list of pairs of str
        Terms whose products are added.
    strata : list of str
        Columns whose combinations have baseline hazards of their own.
    landmark : float or None
        Time from which follow-up is counted.
    ties : {"efron", "breslow"}
        Handling of tied event times.
    weights : str or None
        Column of case weights; rows of weight 0 are left out.
    cluster : str or None
        Column of what is alike within.
    robust : bool
        Sandwich errors; with `weights` or `cluster` they always are.
    penalty : {"none", "firth"}
        Firth's penalised likelihood with its profile's intervals.
    ph_transform : {"km", "rank", "identity", "log"}
        Time scale of the proportional hazards test.
    bootstrap : int
        Samples for the optimism of the concordance; 0 for none.
    level : float
        Confidence level.
    columns : dict
        Declarations by column name.
    name : str
        Of the entry: part of the bootstrap's seed.
    seed : int
        Of the run.

    Returns
    -------
    Result
        Quantities ``coefficient``, ``hazard_ratio``, ``ratio_of_hazard_ratios``, ``naive_std_error``, ``spline_test``,
        ``nonlinearity_test``, ``interaction_test``, ``ph_test`` by term; ``likelihood_ratio_test``, ``wald_test``,
        ``score_test``, ``concordance``, ``concordance_corrected``, ``calibration_slope``, ``log_likelihood`` of the
        term ``model``. Curve: see `cox_effects.spline_curve`; empty without splines.

    Raises
    ------
    InputError
        No term, no event, a negative time or weight, an undeclared, constant or collinear column, settings that exclude
        each other.
    """
    wanted = ([exposure] if exposure else []) + covariates
    if outcome := [column for column in wanted if column in (duration, event)]:
        raise InputError(f"column '{outcome[0]}': is follow-up or event, expected it outside exposure and covariates")
    _check(
        wanted,
        interactions,
        splines,
        weights=weights,
        cluster=cluster,
        robust=robust,
        penalty=penalty,
        bootstrap=bootstrap,
    )
    more = [column for column in (weights, cluster) if column]
    rows, warnings = complete_rows(cohort, [duration, event, *wanted, *strata, *more])
    rows, said = after_landmark(rows, duration, landmark)
    warnings += said
    rows, said = _weighted(rows, weights)
    warnings += said
    time, died = follow_up(rows, duration, event)
    sample = Sample(
        time,
        died,
        _codes(rows, strata),
        numbers(rows, weights) if weights else None,
        _codes(rows, [cluster]) if cluster else None,
    )
    forms = {column: ("spline", spline["knots"]) for column, spline in splines.items()}
    terms, said = expand(rows, wanted, forms=forms, products=[tuple(pair) for pair in interactions], columns=columns)
    warnings += said
    effects = _fitted(sample, terms, ties=ties, penalty=penalty, robust=robust, cluster=cluster, level=level)
    warnings += _remarks(effects, sample, cluster)
    estimates = [
        line
        for block in terms.blocks
        for line in term_rows(effects, block, scales if block.name == exposure else ["unit"])
    ]
    if effects.robust:
        naive = effects.basis @ effects.fit.covariance @ effects.basis.T
        errors = zip(terms.labelled(), np.sqrt(naive.diagonal()), strict=True)
        estimates += [
            effects.row(term, "naive_std_error", scale, estimate=error, method=f"{effects.model}, inverse information")
            for (term, scale), error in errors
        ]
    estimates += _overall(effects, sample)
    if bootstrap:
        lines, said = _corrected(effects, sample, ties, bootstrap, generator(seed, "cox", name, "optimism"))
        estimates += lines
        warnings += said
    if not effects.fit.diverged.any() and not effects.penalised:
        lines, said = _ph_tests(effects, sample, ph_transform)
        estimates += lines
        warnings += said
    curves = [
        spline_curve(effects, column, reference=splines[column]["reference"], quantiles=splines[column]["quantiles"])
        for column in splines
    ]
    return result(estimates, curve=pd.concat(curves, ignore_index=True) if curves else None, warnings=warnings)


def _check(
    wanted: list[str],
    interactions: list[list[str]],
    splines: Mapping[str, dict],
    *,
    weights: str | None,
    cluster: str | None,
    robust: bool,
    penalty: str,
    bootstrap: int,
) -> None:
    """Refuse settings that exclude each other."""
    if not wanted:
        raise InputError("the Cox model has neither exposure nor covariates, expected at least one column")
    for pair in interactions:
        if bent := [name for name in pair if name in splines]:
            raise InputError(
                f"interaction {':'.join(pair)}: '{bent[0]}' is a spline, expected a linear term or a category"
            )
    sandwich = [key for key, given in (("weights", weights), ("cluster", cluster), ("robust", robust)) if given]
    if penalty == "firth" and sandwich:
        raise InputError(f"penalty firth: found it together with {sandwich[0]}, expected one of the two")
    if bootstrap and sandwich[:1] in (["weights"], ["cluster"]):
        raise InputError(f"bootstrap: found it together with {sandwich[0]}, expected rows that are drawn independently")


def _weighted(rows: pd.DataFrame, weights: str | None) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Return the rows with a weight above 0."""
    if weights is None:
        return rows, []
    values = numbers(rows, weights)
    if (values < 0).any():
        raise InputError(f"column '{weights}': found {values.min():g}, expected no negative weight")
    if not (values > 0).any():
        raise InputError(f"column '{weights}': found only weights of 0, expected some above 0")
    if (values > 0).all():
        return rows, []
    message = f"{int((values == 0).sum())} of {len(rows)} rows are left out because their {weights} is 0."
    return rows[values > 0].reset_index(drop=True), [("zero_weight", message)]


def _codes(rows: pd.DataFrame, names: list[str]) -> np.ndarray:
    if not names:
        return np.zeros(len(rows), dtype=int)
    return pd.DataFrame({name: as_text(rows[name]) for name in names}).groupby(names, sort=True).ngroup().to_numpy()


def _fitted(
    sample: Sample, terms: Terms, *, ties: str, penalty: str, robust: bool, cluster: str | None, level: float
) -> Effects:
    settings = {"strata": sample.strata, "ties": ties, "names": _names(terms)}
    counts = {"n": len(sample.time), "n_events": sample.died.sum()}
    basis = conditioned(terms)
    x = terms.x @ basis
    if penalty == "firth":
        fitted = fit_firth(sample.time, sample.died, x, **settings)
        return Effects(fitted, fitted.covariance, basis, terms, level, f"Cox ({ties}, Firth)", counts, "", True)
    fitted = fit_cox(sample.time, sample.died, x, **settings, weights=sample.weights)
    if not (robust or sample.weights is not None or cluster):
        return Effects(fitted, fitted.covariance, basis, terms, level, f"Cox ({ties})", counts, "", False)
    covariance = robust_covariance(fitted, sample.cluster)
    words = "robust Wald interval" + (f", clusters {cluster}" if cluster else "")
    model = f"weighted Cox ({ties})" if sample.weights is not None else f"Cox ({ties})"
    return Effects(fitted, covariance, basis, terms, level, model, counts, words, False)


def _names(terms: Terms) -> list[str]:
    return [name for name, _ in terms.labelled()]


def _overall(effects: Effects, sample: Sample) -> list[dict]:
    """Return the tests of all coefficients together, the concordance and the log-likelihood.

    The likelihood ratio test is left out where errors are robust: the likelihood is then not that of the data.
    """
    fitted, places = effects.fit, np.arange(len(effects.fit.beta))
    tests = {}
    if effects.penalised:
        tests["likelihood_ratio_test"] = 2 * (fitted.loglik - fitted.loglik_null), "chi-squared, penalised likelihood"
        tests["wald_test"] = wald(fitted.beta, effects.covariance, places), "chi-squared"
    elif effects.robust:
        score = robust_score_test(fitted, sample.cluster)
        tests["wald_test"] = wald(fitted.beta, effects.covariance, places), "chi-squared, robust"
        tests["score_test"] = score, "chi-squared, robust"
    else:
        tests["likelihood_ratio_test"] = 2 * (fitted.loglik - fitted.loglik_null), "chi-squared"
        tests["wald_test"] = wald(fitted.beta, effects.covariance, places), "chi-squared"
        tests["score_test"] = fitted.score_test, "chi-squared"
    df = len(places)
    rows = [
        effects.row("model", quantity, method=method, statistic=value, df=df, p_value=chi2_p(value, df))
        for quantity, (value, method) in tests.items()
    ]
    share, error = concordance(
        sample.time, sample.died, fitted.linear_predictor, sample.strata, weights=sample.weights, cluster=sample.cluster
    )
    method = "Harrell, infinitesimal jackknife"
    rows.append(effects.row("model", "concordance", method=method, estimate=share, std_error=error))
    method = "penalised partial likelihood" if effects.penalised else "partial likelihood"
    rows.append(effects.row("model", "log_likelihood", method=method, estimate=fitted.loglik))
    return rows


def _corrected(
    effects: Effects, sample: Sample, ties: str, bootstrap: int, source: np.random.Generator
) -> tuple[list[dict], list[tuple[str, str]]]:
    """Return the concordance without its optimism and the calibration slope, by the bootstrap."""
    found = optimism(
        sample.time,
        sample.died,
        effects.terms.x @ effects.basis,
        strata=sample.strata,
        ties=ties,
        names=_names(effects.terms),
        bootstrap=bootstrap,
        generator=source,
        fitter=fit_firth if effects.penalised else fit_cox,
    )
    apparent = concordance(sample.time, sample.died, effects.fit.linear_predictor, sample.strata)[0]
    method = f"Harrell's bootstrap, {found.fitted} samples"
    rows = [
        effects.row("model", "concordance_corrected", method=method, estimate=apparent - found.concordance),
        effects.row("model", "calibration_slope", method=method, estimate=found.slope),
    ]
    if found.fitted == bootstrap:
        return rows, []
    message = (
        f"{bootstrap - found.fitted} of {bootstrap} bootstrap samples could not be fitted and are left out; the "
        "corrected concordance and the calibration slope may be too favourable."
    )
    return rows, [("bootstrap_failed", message)]


def _ph_tests(effects: Effects, sample: Sample, transform: str) -> tuple[list[dict], list[tuple[str, str]]]:
    tests = ph_test(effects.fit, effects.terms.blocks, sample.time, sample.died, transform=transform)
    method = f"score test, {transform} transform"
    rows = [
        effects.row(term, "ph_test", method=method, statistic=value, df=df, p_value=p) for term, value, df, p in tests
    ]
    named = [f"{term} (p = {p:.2g})" for term, _, _, p in tests if p < 0.05]
    if not named:
        return rows, []
    message = (
        f"Proportional hazards are doubtful at p < 0.05: {', '.join(named)}; the ratios are averages over follow-up."
    )
    return rows, [("ph_violated", message)]


def _remarks(effects: Effects, sample: Sample, cluster: str | None) -> list[tuple[str, str]]:
    """Return what must be said: few events, few clusters, separation."""
    n_events, size = int(sample.died.sum()), len(effects.fit.beta)
    found = []
    if n_events < 10 * size and not effects.penalised:
        message = (
            f"{n_events} events for {size} coefficients are {n_events / size:.1f} events per variable, fewer than 10: "
            "estimates may be too far from 1 and intervals too narrow."
        )
        found.append(("events_per_variable", message))
    if cluster and (count := len(np.unique(sample.cluster))) < FEW_CLUSTERS:
        message = (
            f"{count} clusters of {cluster} are few, below {FEW_CLUSTERS}: robust standard errors may be too small."
        )
        found.append(("few_clusters", message))
    names = [name for name, away in zip(effects.terms.names(), effects.fit.diverged, strict=True) if away]
    if names:
        message = (
            f"The likelihood grows without bound in {', '.join(names)} (separation): it has no finite estimate, "
            "interval or test of proportional hazards; penalty: firth gives finite ones."
        )
        found.append(("monotone_likelihood", message))
    return found
