"""Calibration against rms, survival and riskRegression (tests/reference/R/prediction.R), and by hand."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick
from scipy.special import expit

from recohort.core.errors import InputError
from recohort.models import calibration
from recohort.models.accuracy.risk_model import NoMaximumError, Outcome, cumulative_hazard, fit_logistic, fit_risk
from recohort.models.accuracy.validation import MEASURES, groups_of, optimism, smooth_risk
from recohort.models.design import design

COVARIATES = ["pnodes", "age", "tsize"]
LATE = {"duration": "time", "event": "cens", "time": 1000}


def fit(frame, settings, **entry):
    kinds = {"tgrade": {"type": "category", "levels": ["I", "II", "III"]}}
    entry = {"bootstrap": 0, **entry}
    return calibration.fit(frame, **settings("calibration", **entry), seed=2, columns=declare(frame, **kinds))


@pytest.fixture
def breast(inputs):
    frame = inputs["gbsg2"]
    return frame.assign(
        risk=expit(-1.4 + 0.11 * frame["pnodes"] + 0.015 * frame["tsize"]),
        late=1 - np.exp(-0.24 * np.exp(0.055 * (frame["pnodes"] - 5) + 0.01 * (frame["tsize"] - 29))),
    )


def values(reference, analysis):
    return reference("prediction", analysis).set_index("quantity")["value"]


def test_a_given_risk_agrees_with_rms_and_glm(breast, settings, reference):
    result = fit(breast, settings, outcome="cens", risk="risk")
    for quantity, value in values(reference, "calibration_given").items():
        if quantity.startswith("spiegelhalter"):
            column = {"statistic": "statistic", "p": "p_value"}[quantity.split("_")[1]]
            found = pick(result, quantity="spiegelhalter_test")[column]
        elif quantity.endswith("_error"):
            found = pick(result, quantity=quantity.removesuffix("_error"))["std_error"]
        else:
            found = pick(result, quantity=quantity)["estimate"]
        assert found == pytest.approx(value, rel=1e-10), quantity


def test_groups_agree_with_r(breast, settings, reference):
    groups = fit(breast, settings, outcome="cens", risk="risk").curve.query("part == 'group'")
    expected = reference("prediction", "calibration_given_groups").pivot_table(
        index="term", columns="quantity", values="value"
    )
    for name in expected:
        np.testing.assert_allclose(groups[name], expected[name].to_numpy(), rtol=1e-12)


def test_a_given_risk_under_censoring_agrees_with_r(breast, settings, reference):
    result = fit(breast, settings, **LATE, risk="late", groups=5)
    for quantity, value in values(reference, "calibration_survival").items():
        name, column = quantity, "estimate"
        for ending, word in (("_error", "std_error"), ("_low", "conf_low")):
            if quantity.endswith(ending):
                name, column = quantity.removesuffix(ending), word
        assert pick(result, quantity=name)[column] == pytest.approx(value, rel=1e-9), quantity
    expected = reference("prediction", "calibration_survival_groups")
    groups = result.curve.query("part == 'group'")
    for name, column in expected.pivot_table(index="term", columns="quantity", values="value").items():
        np.testing.assert_allclose(groups[name], column.to_numpy(), rtol=1e-10)


def samples_by_formula(n):
    row = np.arange(1, n + 1)
    return np.array([np.floor(n * np.mod(row * 0.6180339887498949 * b + 0.31 * b * b, 1)) for b in range(1, 8)]).astype(
        int
    )


@pytest.mark.parametrize("model", ["logistic", "cox"])
def test_optimism_of_given_samples_agrees_with_r(model, breast, reference):
    event = breast["cens"].to_numpy(float)
    outcome = Outcome(event) if model == "logistic" else Outcome(event, breast["time"].to_numpy(float), 1000)
    x = breast[COVARIATES].to_numpy(float)
    gain = optimism(x, outcome, COVARIATES, samples_by_formula(len(breast)))
    for _, line in reference("prediction", f"optimism_{model}").iterrows():
        found = gain[int(line["term"]) - 1, MEASURES.index(line["quantity"])]
        assert found == pytest.approx(line["value"], rel=1e-9, abs=1e-12), (line["term"], line["quantity"])


def test_logistic_coefficients_agree_with_glm(breast, reference):
    x = np.column_stack([np.ones(len(breast)), breast[COVARIATES]])
    names = ["(Intercept)", *COVARIATES]
    found = dict(zip(names, fit_logistic(x, breast["cens"].to_numpy(float), names).beta, strict=True))
    for quantity, value in reference("prediction", "calibration_logistic").set_index("term")["value"].items():
        assert found[quantity] == pytest.approx(value, rel=1e-11)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_absolute_risks_agree_with_survfit(ties, breast, reference):
    outcome = Outcome(breast["cens"].to_numpy(float), breast["time"].to_numpy(float), 1000, ties)
    x = breast[COVARIATES].to_numpy(float)
    linear = fit_risk(x, outcome, COVARIATES).linear(x)
    for _, line in reference("prediction", f"risk_{ties}").iterrows():
        assert linear[int(line["term"]) - 1] == pytest.approx(line["value"], rel=1e-11)


def test_hazard_of_tied_events_by_hand():
    """Three die at once of four: 1/4 + 1/3 + 1/2 by Efron, 3/4 by Breslow."""
    outcome = Outcome(np.array([1.0, 1, 1, 0]), np.array([2.0, 2, 2, 5]), 3.0, "efron")
    assert cumulative_hazard(outcome, np.zeros(4)) == pytest.approx(1 / 4 + 1 / 3 + 1 / 2)
    assert cumulative_hazard(outcome._replace(ties="breslow"), np.zeros(4)) == pytest.approx(3 / 4)


def test_a_logistic_model_is_calibrated_where_it_was_fitted(breast, settings):
    result = fit(breast, settings, outcome="cens", covariates=[*COVARIATES, "tgrade"], bootstrap=30)
    assert pick(result, quantity="calibration_slope")["estimate"] == pytest.approx(1, abs=1e-9)
    assert pick(result, quantity="calibration_in_the_large")["estimate"] == pytest.approx(0, abs=1e-9)
    assert pick(result, quantity="observed_expected")["estimate"] == pytest.approx(1)
    assert pick(result, quantity="calibration_slope_corrected")["estimate"] < 1
    assert pick(result, quantity="c_statistic_corrected")["estimate"] < pick(result, quantity="c_statistic")["estimate"]
    assert "apparent_performance" in codes(result)


def test_optimism_is_seeded_and_that_of_the_samples_mean(breast, settings):
    one, two = (fit(breast, settings, **LATE, covariates=COVARIATES, bootstrap=20) for _ in range(2))
    pd.testing.assert_frame_equal(one.estimates, two.estimates)
    pd.testing.assert_frame_equal(one.curve, two.curve)
    apparent, loss, corrected = (
        pick(one, quantity=name)["estimate"] for name in ("brier", "brier_optimism", "brier_corrected")
    )
    assert corrected == pytest.approx(apparent - loss)
    assert "calibration_intercept_corrected" not in set(one.estimates["quantity"])


def test_too_extreme_risks_have_a_slope_below_one():
    rng = np.random.default_rng(1)
    linear = rng.normal(size=20_000)
    frame = pd.DataFrame({"y": (rng.random(20_000) < expit(linear)).astype(int), "p": expit(2 * linear + 0.5)})
    from recohort.models.accuracy.validation import calibration_line

    line = calibration_line(frame["y"].to_numpy(float), np.log(frame["p"] / (1 - frame["p"])).to_numpy())
    assert line.slope[0] == pytest.approx(0.5, abs=0.03)
    assert line.intercept[0] == pytest.approx(-0.25, abs=0.04)


def test_order_of_rows_does_not_matter(breast, settings):
    turned = breast.sample(frac=1, random_state=3)
    for entry in ({"outcome": "cens", "risk": "risk"}, {**LATE, "risk": "late"}):
        one, two = fit(breast, settings, **entry), fit(turned, settings, **entry)
        np.testing.assert_allclose(
            one.estimates["estimate"].astype(float), two.estimates["estimate"].astype(float), rtol=1e-9
        )


def test_curve_has_its_parts(breast, settings):
    curve = fit(breast, settings, outcome="cens", risk="risk", bootstrap=40).curve
    assert list(curve.columns) == ["part", "predicted", "observed", "conf_low", "conf_high", "n", "n_events"]
    assert curve["part"].value_counts().to_dict() == {"smooth": 100, "histogram": 50, "group": 10}
    histogram = curve.query("part == 'histogram'")
    assert histogram["n"].sum() == 686 and histogram["n_events"].sum() == 299
    smooth = curve.query("part == 'smooth'").dropna(subset="conf_low")
    assert len(smooth) > 80
    assert (smooth["conf_low"] <= smooth["conf_high"]).all()
    assert ((smooth["observed"] >= smooth["conf_low"]) & (smooth["observed"] <= smooth["conf_high"])).mean() > 0.9


def test_tied_risks_make_fewer_groups(breast, settings):
    result = fit(breast.assign(risk=np.where(breast["pnodes"] > 3, 0.6, 0.3)), settings, outcome="cens", risk="risk")
    assert "fewer_groups" in codes(result)
    assert (result.curve["part"] == "group").sum() == 2
    assert groups_of(np.array([0.1, 0.1, 0.1, 0.9]), 4).tolist() == [0, 0, 0, 1]


def test_too_few_different_risks_have_no_smooth_curve_under_censoring(breast, settings):
    two = breast.assign(late=np.where(breast["pnodes"] > 3, 0.6, 0.3))
    result = fit(two, settings, **LATE, risk="late", bootstrap=3)
    assert "no_smooth_curve" in codes(result)
    assert "smooth" not in set(result.curve["part"])
    assert np.isfinite(pick(result, quantity="calibration_slope")["estimate"])


def test_smooth_curve_of_a_straight_line_is_the_line():
    at = np.linspace(0.1, 0.9, 9)
    p = np.linspace(0, 1, 201)
    np.testing.assert_allclose(smooth_risk(p, p, at), at, atol=1e-12)
    assert np.isnan(smooth_risk(p[50:], p[50:], np.array([0.1]))).all()


@pytest.mark.parametrize(
    ("change", "entry", "sentence"),
    [
        ({}, {"outcome": "cens"}, "found neither a risk nor covariates"),
        ({}, {"outcome": "cens", "risk": "risk", "covariates": ["age"]}, "found a risk and covariates"),
        ({}, {"risk": "risk"}, "found no outcome and no duration, event, time"),
        ({}, {"outcome": "cens", "time": 3, "risk": "risk"}, "found an outcome and time"),
        ({"risk": 0.0}, {"outcome": "cens", "risk": "risk"}, "found the risk 0, expected risks above 0 and below 1"),
        ({"risk": 0.4}, {"outcome": "cens", "risk": "risk"}, r"all 686 rows have the risk 0\.4"),
        ({"cens": 1}, {"outcome": "cens", "risk": "risk"}, "column 'cens': all 686 rows are 1"),
        ({}, {**LATE, "time": 9000, "risk": "late"}, "the longest time is 2659, expected some beyond it"),
        ({}, {**LATE, "time": 5, "risk": "late"}, "found no event by 5"),
        ({"age": 3}, {"outcome": "cens", "covariates": ["age"]}, "are constant or collinear"),
        ({"risk": np.nan}, {"outcome": "cens", "risk": "risk"}, "no row is complete"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(breast, settings, change, entry, sentence):
    with pytest.raises(InputError, match=sentence):
        fit(breast.assign(**change), settings, **entry)


def test_separation_is_named():
    x = np.column_stack([np.ones(8), np.arange(8.0)])
    with pytest.raises(NoMaximumError, match="dose: tell events from non-events completely"):
        fit_logistic(x, (np.arange(8) > 3).astype(float), ["intercept", "dose"])


def test_samples_without_an_estimate_are_counted(settings):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"y": [1, 1, 1] + [0] * 21, "a": rng.normal(size=24)})
    frame.loc[:2, "a"] += 1.2
    frame.loc[5, "a"] = frame["a"].max() + 0.1
    result = fit(frame, settings, outcome="y", covariates=["a"], bootstrap=40, groups=0)
    assert "samples_without_estimate" in codes(result)
    assert design(frame, ["a"], columns=declare(frame))[0].shape == (24, 1)
