"""Net benefit against formulas in R (tests/reference/R/prediction.R), and by hand."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick
from scipy.special import expit

from recohort.core.errors import InputError
from recohort.models import decision_curve
from recohort.models.accuracy.net_benefit import net_benefit
from recohort.models.accuracy.risk_model import Outcome
from recohort.models.survival.product_limit import product_limit

AT = [0.05, 0.1, 0.2, 0.35, 0.5, 0.6]
LATE = {"duration": "time", "event": "cens", "time": 1000}


def fit(frame, settings, **entry):
    entry = {"bootstrap": 0, "at": AT, **entry}
    return decision_curve.fit(frame, **settings("decision_curve", **entry), seed=2, columns=declare(frame))


@pytest.fixture
def breast(inputs):
    frame = inputs["gbsg2"]
    return frame.assign(
        risk=expit(-1.4 + 0.11 * frame["pnodes"] + 0.015 * frame["tsize"]),
        late=1 - np.exp(-0.24 * np.exp(0.055 * (frame["pnodes"] - 5) + 0.01 * (frame["tsize"] - 29))),
    )


def test_net_benefit_agrees_with_r(breast, settings, reference):
    strategies = {"given": {"risk": "risk"}, "model": {"covariates": ["pnodes", "age", "tsize"]}}
    result = fit(breast, settings, outcome="cens", strategies=strategies)
    for _, line in reference("prediction", "net_benefit").iterrows():
        found = pick(result, term=line["quantity"], quantity="net_benefit", scale=f"threshold {line['term']}")
        assert found["estimate"] == pytest.approx(line["value"], rel=1e-11)


def test_net_benefit_under_censoring_agrees_with_r(breast, settings, reference):
    result = fit(breast, settings, **LATE, strategies={"given": {"risk": "late"}})
    for _, line in reference("prediction", "net_benefit_survival").iterrows():
        found = pick(result, term=line["quantity"], quantity="net_benefit", scale=f"threshold {line['term']}")
        assert found["estimate"] == pytest.approx(line["value"], rel=1e-11)


def test_without_censoring_both_kinds_are_one():
    rng = np.random.default_rng(6)
    time, risk = rng.integers(1, 9, 80).astype(float), rng.random(80)
    cuts = np.array([0.1, 0.4, 0.7])
    censored = net_benefit(Outcome(np.ones(80), time, 4.0), risk, cuts)
    plain = net_benefit(Outcome((time <= 4).astype(float)), risk, cuts)
    np.testing.assert_allclose(censored, plain, rtol=1e-12)


def test_grid_of_curves_equals_a_curve_at_a_time():
    rng = np.random.default_rng(7)
    time, event = rng.integers(1, 15, 120).astype(float), rng.integers(0, 2, 120).astype(float)
    risk, cuts = rng.random(120).round(2), np.arange(5, 100, 10) / 100
    found = net_benefit(Outcome(event, time, 6.0), risk, cuts)
    for cut, value in zip(cuts, found, strict=True):
        here = risk >= cut
        steps = product_limit(time[here], event[here], np.ones(here.sum()))
        among = 1 - steps.survival[steps.time <= 6][-1]
        assert value == pytest.approx(here.mean() * (among - (1 - among) * cut / (1 - cut)), rel=1e-12)


def test_a_risk_at_the_threshold_is_treated():
    outcome = Outcome(np.array([1.0, 0, 0, 0]))
    risk = np.array([0.3, 0.3, 0.1, 0.1])
    assert net_benefit(outcome, risk, np.array([0.3]))[0] == pytest.approx(1 / 4 - 1 / 4 * 3 / 7)
    assert net_benefit(outcome, risk, np.array([0.31]))[0] == 0


def test_differences_and_avoided_interventions_follow_from_the_net_benefits(breast, settings):
    result = fit(breast, settings, outcome="cens", strategies={"given": {"risk": "risk"}}, at=[0.35], bootstrap=50)
    given, everybody = (pick(result, term=term, quantity="net_benefit")["estimate"] for term in ("given", "all"))
    gap = pick(result, quantity="net_benefit_difference")
    assert gap["term"] == "given against all"
    assert gap["estimate"] == pytest.approx(given - everybody)
    avoided = pick(result, quantity="interventions_avoided")
    assert avoided["estimate"] == pytest.approx((given - everybody) * 0.65 / 0.35)
    assert avoided["conf_low"] == pytest.approx(gap["conf_low"] * 0.65 / 0.35)
    treated = (breast["risk"] >= 0.35).to_numpy()
    lost = (breast["cens"][~treated] == 1).mean() * (~treated).mean()
    assert avoided["estimate"] == pytest.approx((~treated).mean() - lost - lost * 0.65 / 0.35)


def test_intervals_are_those_of_resampled_patients(breast, settings):
    found = pick(
        fit(breast, settings, outcome="cens", strategies={"given": {"risk": "risk"}}, at=[0.2], bootstrap=800),
        term="given",
        quantity="net_benefit",
    )
    treated, event = (breast["risk"] >= 0.2).to_numpy(), breast["cens"].to_numpy()
    each = treated * (event - (1 - event) * 0.25)
    assert found["estimate"] == pytest.approx(each.mean())
    assert found["std_error"] == pytest.approx(each.std() / np.sqrt(686), rel=0.07)


@pytest.mark.parametrize("entry", [{"outcome": "cens"}, LATE])
def test_models_fitted_here_are_corrected(breast, settings, entry):
    rng = np.random.default_rng(3)
    noise = {f"noise{k}": rng.normal(size=686) for k in range(8)}
    names = ["pnodes", *noise]
    strategies = {"model": {"covariates": names}}
    result = fit(breast.assign(**noise), settings, **entry, strategies=strategies, at=[0.35], bootstrap=40)
    apparent, corrected = (
        pick(result, term="model", quantity=f"net_benefit{word}")["estimate"] for word in ("", "_corrected")
    )
    assert apparent - 0.03 < corrected < apparent
    curve = result.curve.query("strategy == 'model'")
    assert curve["corrected"].notna().all()
    assert "apparent_performance" not in codes(result)
    plain = fit(breast, settings, **entry, strategies={"model": {"covariates": ["pnodes"]}}, correct=False)
    assert "apparent_performance" in codes(plain)


def test_correction_takes_off_what_every_model_gains_by_a_sample(breast, settings):
    """Where everybody is treated there is no optimism, whatever the samples' share of events."""
    result = fit(
        breast, settings, outcome="cens", strategies={"m": {"covariates": ["pnodes"]}}, at=[0.01], bootstrap=30
    )
    values = [pick(result, term="m", quantity=f"net_benefit{word}")["estimate"] for word in ("", "_corrected")]
    assert values[0] == pytest.approx(values[1], rel=1e-12)


def test_curve_has_every_strategy_over_the_range(breast, settings):
    thresholds = {"from": 0.1, "to": 0.3, "by": 0.05}
    result = fit(breast, settings, outcome="cens", strategies={"a": {"risk": "risk"}}, thresholds=thresholds)
    assert list(result.curve.columns) == ["strategy", "threshold", "net_benefit", "conf_low", "conf_high", "corrected"]
    assert result.curve["strategy"].unique().tolist() == ["a", "all", "none"]
    assert result.curve["threshold"].unique().tolist() == [0.1, 0.15, 0.2, 0.25, 0.3]
    assert (result.curve.query("strategy == 'none'")["net_benefit"] == 0).all()


def test_only_the_range_is_drawn_where_numbers_are_wanted_elsewhere(breast, settings):
    result = fit(breast, settings, outcome="cens", strategies={"a": {"risk": "risk"}}, at=[0.9])
    assert result.curve["threshold"].max() == 0.5
    assert pick(result, term="a", quantity="net_benefit")["scale"] == "threshold 0.9"


def test_order_of_rows_does_not_matter(breast, settings):
    strategies = {"given": {"risk": "late"}, "model": {"covariates": ["pnodes"]}}
    one = fit(breast, settings, **LATE, strategies=strategies)
    two = fit(breast.sample(frac=1, random_state=4), settings, **LATE, strategies=strategies)
    np.testing.assert_allclose(one.curve["net_benefit"], two.curve["net_benefit"], rtol=1e-9, atol=1e-14)


def test_nobody_treated_and_nobody_followed_are_said(settings):
    frame = pd.DataFrame(
        {"time": [1.0, 2, 3, 9, 9], "cens": [1, 0, 0, 0, 1], "p": [0.3, 0.2, 0.4, 0.1, 0.1], "age": [1.0, 2, 3, 4, 5]}
    )
    result = fit(frame, settings, **{**LATE, "time": 5}, strategies={"a": {"risk": "p"}}, at=[0.15])
    assert {"nobody_treated", "beyond_follow_up"} <= set(codes(result))
    assert np.isnan(pick(result, term="a", quantity="net_benefit")["estimate"])


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"strategies": {"a": {}}}, "strategy 'a': found neither a risk nor covariates"),
        ({"strategies": {"a": {"risk": "risk", "covariates": ["age"]}}}, "strategy 'a': found a risk and covariates"),
        ({"strategies": {"all": {"risk": "risk"}}}, "found 'all', which names treating all"),
        ({"strategies": {"a": {"risk": "age"}}}, "expected risks from 0 to 1"),
        ({"strategies": {"a": {"covariates": ["one"]}}}, "strategy 'a': .* constant or collinear"),
        ({"strategies": {"a": {"risk": "risk"}}, "thresholds": {"from": 0.6}}, r"range 0\.6 to 0\.5"),
        ({"strategies": {"a": {"risk": "risk"}}, "outcome": "one"}, "column 'one': all 686 rows are 1"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(breast, settings, entry, sentence):
    with pytest.raises(InputError, match=sentence):
        fit(breast.assign(one=1), settings, **{"outcome": "cens", **entry})
