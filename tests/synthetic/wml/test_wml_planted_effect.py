"""Margins of the trial over repeated draws, and what logistic regression finds of the planted interaction.

The true model of symptomatic haemorrhage is fitted by statsmodels on the true volumes; its predictors are written out
here, not taken from the generator. The model of the study, with pooled doses, is fitted by the project's own kind.
Every tolerance is a multiple of the error that the draws themselves show.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.miscmodels.ordinal_model import OrderedModel

from recohort.core.schema import load_schema, with_defaults
from recohort.models import logistic as logistic_kind
from recohort.models.inputs import WHOSE
from recohort.models.regression.logit import fit_logit, profile_limits

pytestmark = pytest.mark.slow

COVARIATES = ["age", "mrs_before", "nihss", "onset_to_groin", "collateral", "aspects", "ivt"]
PLANTED = np.log(0.96)
PUBLISHED_ERROR = np.log(0.99 / 0.93) / (2 * 1.959964)


def predictors(frame, *interactions):
    x = frame[["aspirin", *COVARIATES]].astype(float)
    x["low"], x["moderate"] = (frame["heparin"] == "low") * 1.0, (frame["heparin"] == "moderate") * 1.0
    x["male"], x["wml"] = (frame["sex"] == "M") * 1.0, frame["wml_target_ml"]
    if "aspirin" in interactions:
        x["aspirin_wml"] = frame["aspirin"] * frame["wml_target_ml"]
    if "heparin" in interactions:
        x["heparin_wml"] = frame["heparin_any"] * frame["wml_target_ml"]
    return sm.add_constant(x)


def logistic(frame, outcome, *interactions):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = sm.Logit(frame[outcome], predictors(frame, *interactions)).fit(disp=False, maxiter=100)
    return fit.params, fit.bse


def with_ct(frame):
    return frame[frame["ct"] == 1]


@pytest.fixture(scope="module")
def pooled(trials):
    return pd.concat(trials, ignore_index=True)


@pytest.fixture(scope="module")
def interactions(trials):
    """Estimate and standard error of aspirin x volume in each draw."""
    fits = [logistic(with_ct(frame), "sich", "aspirin") for frame in trials]
    return np.array([(estimate["aspirin_wml"], error["aspirin_wml"]) for estimate, error in fits])


def near(values, expected, errors=3.5):
    mean, error = np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))
    assert mean == pytest.approx(expected, abs=errors * error)


@pytest.mark.parametrize(
    ("group", "value", "expected"),
    [(None, None, 66 / 628), ("heparin_any", 1, 44 / 332), ("heparin_any", 0, 22 / 296)],
)
def test_symptomatic_haemorrhage_has_the_published_margin(trials, group, value, expected):
    near([(frame if group is None else frame[frame[group] == value])["sich"].mean() for frame in trials], expected)


@pytest.mark.parametrize(("arm", "expected", "published"), [(1, 0.1345, 43 / 310), (0, 0.0756, 23 / 318)])
def test_symptomatic_haemorrhage_by_aspirin(trials, arm, expected, published):
    """Under randomisation an adjusted odds ratio of 1.95 cannot go with a crude one of 2.07, so the arms lie closer."""
    shares = [frame.loc[frame["aspirin"] == arm, "sich"].mean() for frame in trials]
    near(shares, expected)
    assert abs(expected - published) < 0.5 * np.std(shares)


def test_moderate_dose_bleeds_most(pooled):
    shares = pooled.groupby("heparin")["sich"].mean()
    assert shares["moderate"] > shares["low"] > shares["none"]


@pytest.mark.parametrize(("outcome", "expected"), [("any_ich", 0.356), ("aich", 0.251), ("mrs_0_2", 0.39)])
def test_other_outcomes_have_the_margin_of_the_documentation(trials, outcome, expected):
    values = [frame[outcome].mean() for frame in trials]
    assert np.mean(values) == pytest.approx(expected, abs=3.5 * np.std(values) / np.sqrt(len(values)) + 0.001)


@pytest.mark.parametrize(
    ("column", "published", "tolerance"),
    [("age", 73, 0.5), ("nihss", 15, 0), ("aspects", 9, 0), ("wml_target_ml", 0.59, 0.02)],
)
def test_medians_are_the_published_ones(pooled, column, published, tolerance):
    assert pooled[column].median() == pytest.approx(published, abs=tolerance)


def test_shares_and_arms_are_the_published_ones(trials):
    near([(frame["sex"] == "M").mean() for frame in trials], 0.53)
    near([frame["ivt"].mean() for frame in trials], 0.74)
    for dose, expected in (("none", 297.5), ("low", 198.5), ("moderate", 132)):
        near([(frame["heparin"] == dose).sum() for frame in trials], expected)


def test_volumes_are_skewed_as_calibrated(trials, pooled):
    assert pooled["wml_target_ml"].quantile(0.95) == pytest.approx(35, abs=1)
    largest = [frame["wml_target_ml"].max() for frame in trials]
    assert 130 < np.mean(largest) < 145
    assert max(largest) < 150


def test_volume_grows_with_age(pooled):
    rank = pooled[["age", "wml_target_ml"]].corr(method="spearman").iloc[0, 1]
    assert rank == pytest.approx(6 / np.pi * np.arcsin(0.45 / 2), abs=0.015)


def test_randomised_arms_do_not_differ_in_volume(trials):
    for column in ("aspirin", "heparin_any"):
        scores = [np.log(frame["wml_target_ml"]).groupby(frame[column]).mean().diff()[1] for frame in trials]
        near(scores, 0)


def test_main_effect_of_aspirin_is_that_of_the_parent_trial(pooled):
    estimate, error = logistic(pooled, "sich")
    assert estimate["aspirin"] == pytest.approx(np.log(1.95), abs=3 * error["aspirin"])
    assert error["aspirin"] < 0.05


@pytest.fixture(scope="module")
def fitted(trials):
    """Of each draw the study's model by ``none`` and ``firth``: estimate, standard error, profile limits."""
    found = {"none": [], "firth": []}
    for frame in trials:
        frame = with_ct(frame)
        x = predictors(frame, "aspirin").drop(columns=["const", "low", "moderate"]).assign(any=frame["heparin_any"])
        where = 1 + x.columns.get_loc("aspirin_wml")
        for penalty, rows in found.items():
            fit = fit_logit(frame["sich"].to_numpy(float), x.to_numpy(float), names=list(x), firth=penalty == "firth")
            error = np.sqrt(fit.covariance[where, where])
            rows.append((fit.beta[where], error, *profile_limits(fit, where, level=0.95)))
    return {penalty: np.array(rows).T for penalty, rows in found.items()}


def departure(estimates):
    """Return the mean estimate less the planted one, and its Monte Carlo error."""
    return np.mean(estimates) - PLANTED, np.std(estimates, ddof=1) / np.sqrt(len(estimates))


def test_firth_recovers_the_planted_interaction(fitted):
    """Its bias over 1000 draws is 2 % (Monte Carlo error 1.5 %); coverage over 200 has a binomial error of 1.5 %."""
    estimates, errors, low, high = fitted["firth"]
    bias, error = departure(estimates)
    assert abs(bias) < 3 * error
    assert abs(bias) < 0.05 * abs(PLANTED)
    assert 0.93 <= np.mean((low < PLANTED) & (high > PLANTED)) <= 0.97
    assert 0.93 <= np.mean(np.abs(estimates - PLANTED) < 1.959964 * errors) <= 0.985


def test_maximum_likelihood_is_biased_away_from_zero_as_documented(fitted, interactions):
    """By 22 % over 1000 draws; doses pooled or apart, and by statsmodels as well as by the project."""
    for estimates in (fitted["none"][0], interactions[:, 0]):
        bias, error = departure(estimates)
        assert bias < -3 * error
        assert 0.1 < bias / PLANTED < 0.35
    assert np.mean(np.abs(fitted["none"][0] - interactions[:, 0])) < 0.2 * np.mean(fitted["none"][1])


def test_standard_error_is_that_of_the_published_interval(fitted):
    """The tail of the volumes is calibrated to it; a trial of typical error is compared, as errors are skewed too."""
    for _, errors, _, _ in fitted.values():
        assert np.median(errors) == pytest.approx(PUBLISHED_ERROR, rel=0.2)


@pytest.mark.parametrize("penalty", ["none", "firth"])
def test_the_kind_of_model_that_a_study_names_gives_these_numbers(trials, fitted, penalty):
    entry = {"outcome": "sich", "exposure": "aspirin", "modifier": "wml", "penalty": penalty, "interval": "profile"}
    entry["covariates"] = [*COVARIATES, "sex", "heparin_any"]
    settings = with_defaults(entry, load_schema("models/logistic")["additionalProperties"])
    columns = {name: {"type": "number"} for name in ["wml", *COVARIATES]}
    columns |= {name: {"type": "boolean"} for name in ("sich", "aspirin", "heparin_any")}
    columns["sex"] = {"type": "category", "levels": ["F", "M"]}
    settings = {key: value for key, value in settings.items() if key not in WHOSE}
    for place in (0, 1):
        frame = with_ct(trials[place]).rename(columns={"wml_target_ml": "wml"})
        rows = logistic_kind.fit(frame, **settings, columns=columns).estimates
        row = rows[(rows["term"] == "aspirin:wml") & (rows["quantity"] == "coefficient")].iloc[0]
        cells = row[["estimate", "std_error", "conf_low", "conf_high"]].to_numpy(float)
        np.testing.assert_allclose(cells, fitted[penalty][:, place], rtol=1e-6)


def test_interaction_of_ten_trials_as_one_is_nearly_unbiased(trials):
    """So the bias of one trial is that of a small sample, not of the trials."""
    fits = [
        logistic(with_ct(pd.concat(trials[first : first + 10])), "sich", "aspirin")
        for first in range(0, len(trials), 10)
    ]
    scores = [(estimate["aspirin_wml"] - PLANTED) / error["aspirin_wml"] for estimate, error in fits]
    assert abs(np.mean(scores)) < 3 / np.sqrt(len(scores))
    assert np.mean([error["aspirin_wml"] for _, error in fits]) == pytest.approx(0.005, abs=0.001)


def test_all_draws_as_one_trial_give_every_planted_effect(pooled, completed):
    estimate, error = logistic(pooled, "sich", "aspirin", "heparin")
    ratios = completed["outcome"]["sich"]["odds_ratios"]
    planted = {"low": ratios["heparin_low"], "moderate": ratios["heparin_moderate"]}
    planted |= {name: ratios[name] for name in ("aspirin", "wml", "aspirin_wml", "heparin_wml", "male", "mrs_before")}
    planted |= {name: ratios[name] for name in ("nihss", "collateral", "aspects", "ivt")}
    planted |= {"age": ratios["age_per_decade"] ** 0.1, "onset_to_groin": ratios["onset_per_hour"] ** (1 / 60)}
    assert set(planted) == set(estimate.index) - {"const"}
    for name, ratio in planted.items():
        assert estimate[name] == pytest.approx(np.log(ratio), abs=3.5 * error[name]), name
    assert estimate["aspirin_wml"] < -4 * error["aspirin_wml"]


def test_no_interaction_is_planted_in_asymptomatic_haemorrhage(pooled):
    estimate, error = logistic(pooled[pooled["sich"] == 0], "aich", "aspirin", "heparin")
    for name in ("aspirin_wml", "heparin_wml"):
        assert estimate[name] == pytest.approx(0, abs=3 * error[name])


def test_no_interaction_is_planted_in_recovery_and_each_grade_has_the_same_odds_ratio(pooled, completed):
    ratios = completed["outcome"]["mrs"]["odds_ratios"]
    for worse_than in (0, 2, 4):
        frame = pooled.assign(worse=(pooled["mrs"] > worse_than) * 1)
        estimate, error = logistic(frame, "worse", "aspirin", "heparin")
        for name, ratio in {
            "aspirin_wml": 1,
            "heparin_wml": 1,
            "aspirin": 1.1,
            "collateral": ratios["collateral"],
        }.items():
            assert estimate[name] == pytest.approx(np.log(ratio), abs=3.5 * error[name]), name


def test_ordinal_model_finds_the_shift_of_recovery(pooled, completed):
    ratios = completed["outcome"]["mrs"]["odds_ratios"]
    frame = pooled.head(12_000)
    fit = OrderedModel(frame["mrs"], predictors(frame).drop(columns="const"), distr="logit").fit(
        method="bfgs", disp=False
    )
    for name, planted in {"aspirin": 1.1, "wml": 1.03, "nihss": 1.09, "collateral": 0.65, "mrs_before": 1.5}.items():
        assert ratios[name] == planted
        assert fit.params[name] == pytest.approx(np.log(planted), abs=3.5 * fit.bse[name]), name


def test_who_bleeds_fares_worse(pooled):
    means = pooled.groupby("sich")["mrs"].mean()
    assert means[1] > means[0] + 1
