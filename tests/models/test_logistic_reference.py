"""Logistic models against R's glm, sandwich, brglm2 and epiR, and against profiles and delta methods written in R."""

import numpy as np
import pytest
from fitted_models import declare, pick

from recohort.models import logistic

KINDS = {
    "rossi": {"fin": {"type": "boolean"}},
    "gbsg2": {
        "tgrade": {"type": "category", "levels": ["I", "II", "III"]},
        "menostat": {"type": "category", "levels": ["Pre", "Post"]},
        "horTh": {"type": "category", "levels": ["no", "yes"]},
    },
    "stroke": {
        "aspirin": {"type": "boolean"},
        "severe": {"type": "boolean"},
        "volume": {"type": "number", "unit": "mL"},
    },
}
ROSSI = {"outcome": "arrest", "exposure": "fin", "covariates": ["age", "race", "wexp", "mar", "paro", "prio"]}
STROKE = {"outcome": "recurrence", "exposure": "aspirin", "covariates": ["age", "severe"], "modifier": "volume"}
EVALUATE = [2, 10, 30]


@pytest.fixture
def fitted(inputs, settings):
    def run(name, change=None, **entry):
        frame = inputs[name] if change is None else change(inputs[name])
        return logistic.fit(frame, **settings("logistic", **entry), columns=declare(frame, **KINDS[name]))

    return run


@pytest.fixture
def r(reference):
    def read(analysis, quantity):
        found = reference("logistic", analysis)
        return found[found["quantity"] == quantity].set_index("term")["value"]

    return read


def of(result, quantity, column="estimate"):
    rows = result.estimates[result.estimates["quantity"] == quantity]
    return rows[column].to_numpy(float)


def intercept_last(values):
    values = values.to_numpy()
    return np.r_[values[1:], values[:1]]


@pytest.mark.parametrize(
    ("case", "name", "entry"),
    [
        ("rossi", "rossi", ROSSI),
        (
            "gbsg2",
            "gbsg2",
            {"outcome": "cens", "exposure": "horTh", "covariates": ["tgrade", "menostat", "pnodes", "age"]},
        ),
        ("stroke_linear", "stroke", STROKE),
        ("stroke_log1p", "stroke", {**STROKE, "modifier_form": "log1p"}),
        (
            "stroke_spline",
            "stroke",
            {**STROKE, "covariates": ["age"], "modifier_form": "spline", "knots": 3},
        ),
    ],
)
def test_coefficients_errors_and_fit_agree_with_glm(case, name, entry, fitted, r):
    found = fitted(name, **entry)
    count = len(of(found, "coefficient"))
    expected, errors = r(case, "coefficient")[:count], r(case, "std_error")[:count]
    np.testing.assert_allclose(of(found, "coefficient"), intercept_last(expected), rtol=2e-11)
    np.testing.assert_allclose(of(found, "coefficient", "std_error"), intercept_last(errors), rtol=1e-10)
    assert pick(found, quantity="deviance")["estimate"] == pytest.approx(r(case, "deviance")["model"], rel=1e-13)
    assert pick(found, quantity="aic")["estimate"] == pytest.approx(r(case, "aic")["model"], rel=1e-13)


@pytest.mark.parametrize("robust", ["hc0", "hc1", "hc3"])
def test_robust_errors_agree_with_sandwich(robust, fitted, r):
    found = fitted("rossi", **ROSSI, robust=robust)
    np.testing.assert_allclose(of(found, "coefficient", "std_error"), intercept_last(r("rossi", robust)), rtol=1e-10)


def test_weights_agree_with_glm_and_sandwich(fitted, r):
    def weighed(frame):
        return frame.assign(w=1 + (frame["age"] % 5) / 2)

    entry = {"outcome": "arrest", "exposure": "fin", "covariates": ["age", "prio"], "weights": "w"}
    found = fitted("rossi", weighed, **entry)
    expected = r("rossi_weighted", "coefficient")
    np.testing.assert_allclose(of(found, "coefficient"), intercept_last(expected), rtol=1e-11)
    errors = of(found, "coefficient", "std_error")
    np.testing.assert_allclose(errors, intercept_last(r("rossi_weighted", "std_error")), rtol=1e-11)
    robust = of(fitted("rossi", weighed, **entry, robust="hc0"), "coefficient", "std_error")
    np.testing.assert_allclose(robust, intercept_last(r("rossi_weighted", "hc0")), rtol=1e-11)


def test_profile_limits_are_the_roots_of_the_profile(fitted, r):
    found = fitted("rossi", **ROSSI, interval="profile")
    for term in ("fin", "age", "prio"):
        row = pick(found, quantity="coefficient", term=term)
        assert row["conf_low"] == pytest.approx(r("rossi", "profile_low")[term], rel=1e-9)
        assert row["conf_high"] == pytest.approx(r("rossi", "profile_high")[term], rel=1e-9)
    row = pick(found, quantity="coefficient", term="age")
    assert row["conf_low"] == pytest.approx(r("rossi", "confint_low")["age"], rel=2e-5)  # R interpolates
    product = fitted("stroke", **STROKE, interval="profile").estimates.query("quantity == 'ratio_of_odds_ratios'")
    limits = np.log(product.iloc[1][["conf_low", "conf_high"]].astype(float))
    expected = [r("stroke_linear", f"profile_{side}")["aspirin:volume"] for side in ("low", "high")]
    np.testing.assert_allclose(limits, expected, rtol=1e-9)


@pytest.mark.parametrize(("case", "name", "term"), [("rossi", "rossi", "fin"), ("gbsg2", "gbsg2", "tgrade")])
def test_likelihood_ratio_tests_agree_with_glm(case, name, term, fitted, r):
    entries = {
        "rossi": ROSSI,
        "gbsg2": {"outcome": "cens", "exposure": "horTh", "covariates": ["tgrade", "menostat", "pnodes", "age"]},
    }
    row = pick(fitted(name, **entries[case]), quantity="likelihood_ratio_test", term=term)
    assert row["statistic"] == pytest.approx(r(case, "likelihood_ratio")[term], rel=1e-9)
    assert row["p_value"] == pytest.approx(r(case, "likelihood_ratio_p")[term], rel=1e-9)


@pytest.mark.parametrize("form", ["linear", "log1p"])
def test_odds_ratio_at_values_and_interaction_agree_with_r(form, fitted, r):
    case = f"stroke_{form}"
    found = fitted("stroke", **STROKE, modifier_form=form, evaluate=EVALUATE)
    for value in EVALUATE:
        row, term = pick(found, quantity="odds_ratio_at", scale=f"volume {value} mL"), f"at {value}"
        assert np.log(row["estimate"]) == pytest.approx(r(case, "log_odds_ratio")[term], rel=1e-10)
        assert row["std_error"] == pytest.approx(r(case, "std_error")[term], rel=1e-10)
        assert np.log(row["conf_high"]) == pytest.approx(r(case, "high")[term], rel=1e-10)
    test = pick(found, quantity="interaction_test")
    assert test["statistic"] == pytest.approx(r(case, "likelihood_ratio")["interaction"], rel=1e-9)
    assert test["p_value"] == pytest.approx(r(case, "likelihood_ratio_p")["interaction"], rel=1e-9)


@pytest.mark.parametrize(("form", "back"), [("linear", np.array), ("log1p", np.expm1)])
def test_johnson_neyman_bounds_are_the_roots_that_r_finds(form, back, fitted, r):
    found = of(fitted("stroke", **STROKE, modifier_form=form), "johnson_neyman")
    np.testing.assert_allclose(found, back(r(f"stroke_{form}", "johnson_neyman").to_numpy()), rtol=1e-9)


@pytest.mark.parametrize("form", ["linear", "log1p"])
@pytest.mark.parametrize("place", ["", " 2", " 30"])
def test_standardised_risks_agree_with_r(form, place, fitted, r):
    found = fitted("stroke", **STROKE, modifier_form=form, evaluate=EVALUATE)
    estimate, error = (r(f"stroke_{form}", quantity) for quantity in ("estimate", "std_error"))
    where = f", volume{place} mL" if place else ""
    for quantity, scale, term in (
        ("risk", "0", "risk0"),
        ("risk", "1", "risk1"),
        ("risk_difference", "1 against 0", "risk_difference"),
    ):
        row = pick(found, quantity=quantity, scale=scale + where)
        assert row["estimate"] == pytest.approx(estimate[term + place], rel=1e-9)
        assert row["std_error"] == pytest.approx(error[term + place], rel=1e-9)
    row = pick(found, quantity="risk_ratio", scale="1 against 0" + where)
    assert np.log(row["estimate"]) == pytest.approx(estimate["log_risk_ratio" + place], rel=1e-9)
    assert row["std_error"] == pytest.approx(error["log_risk_ratio" + place], rel=1e-9)


def test_spline_interaction_agrees_with_rcspline(fitted, r):
    entry = {**STROKE, "covariates": ["age"], "modifier_form": "spline", "knots": 3, "evaluate": EVALUATE}
    found = fitted("stroke", **entry)
    for value in EVALUATE:
        row = pick(found, quantity="odds_ratio_at", scale=f"volume {value} mL")
        assert np.log(row["estimate"]) == pytest.approx(r("stroke_spline", "log_odds_ratio")[f"at {value}"], rel=1e-9)
        assert row["std_error"] == pytest.approx(r("stroke_spline", "std_error")[f"at {value}"], rel=1e-9)
    expected = r("stroke_spline", "likelihood_ratio")
    tests = {"interaction_test": "interaction", "nonlinearity_test": "nonlinearity"}
    for quantity, term in tests.items():
        assert pick(found, quantity=quantity)["statistic"] == pytest.approx(expected[term], rel=1e-8)
    whole = pick(found, quantity="likelihood_ratio_test", term="volume")
    assert whole["statistic"] == pytest.approx(expected["volume"], rel=1e-9)
    assert whole["df"] == 4


@pytest.mark.parametrize(("robust", "cluster"), [("hc3", None), ("cluster", "site")])
def test_robust_interaction_agrees_with_sandwich(robust, cluster, fitted, r):
    found = fitted("stroke", **STROKE, robust=robust, cluster=cluster)
    np.testing.assert_allclose(
        of(found, "coefficient", "std_error"), intercept_last(r("stroke_linear", robust)), rtol=1e-9
    )


def test_leaving_out_the_largest_values_agrees_with_glm(fitted, r):
    found = fitted("stroke", **STROKE, influence=3).estimates
    for term, quantity in (("aspirin", "dfbeta_aspirin"), ("aspirin:volume", "dfbeta_product")):
        changes = found[(found["quantity"] == "dfbeta") & (found["term"] == term)]["estimate"]
        np.testing.assert_allclose(changes, r("stroke_linear", quantity), rtol=1e-7, atol=1e-12)
    row = found[(found["quantity"] == "without_3_largest") & (found["term"] == "aspirin:volume")].iloc[0]
    assert np.log(row["estimate"]) == pytest.approx(r("stroke_linear", "coefficient")["without 3"], rel=1e-9)
    assert row["std_error"] == pytest.approx(r("stroke_linear", "std_error")["without 3"], rel=1e-9)


def test_subgroups_and_their_heterogeneity_agree_with_glm(fitted, r):
    found = fitted("stroke", **STROKE, subgroups=3)
    np.testing.assert_allclose(
        np.log(of(found, "subgroup_odds_ratio")), r("stroke_groups", "log_odds_ratio"), rtol=1e-9
    )
    np.testing.assert_allclose(
        of(found, "subgroup_odds_ratio", "std_error"), r("stroke_groups", "std_error"), rtol=1e-9
    )
    assert of(found, "subgroup_odds_ratio", "n").tolist() == r("stroke_groups", "n").tolist()
    product, cochran = of(found, "heterogeneity_test", "statistic")
    assert product == pytest.approx(r("stroke_groups", "likelihood_ratio")["model"], rel=1e-9)
    assert cochran == pytest.approx(r("stroke_groups", "q")["model"], rel=1e-9)


def test_additive_interaction_agrees_with_epi_interaction(fitted, r):
    found = fitted("stroke", outcome="recurrence", exposure="aspirin", modifier="severe")
    for quantity, term in (("reri", "reri"), ("attributable_proportion", "apab"), ("synergy_index", "s")):
        row = pick(found, quantity=quantity)
        for column, theirs in (("estimate", "estimate"), ("conf_low", "low"), ("conf_high", "high")):
            assert row[column] == pytest.approx(r("stroke_additive", theirs)[term], rel=1e-8)


def first_sixty(frame):
    frame = frame.head(60)
    return frame.assign(marked=((frame["recurrence"] == 1) | (frame["volume"] > 12)).astype(int))


@pytest.mark.parametrize(
    ("case", "change", "entry"),
    [
        (
            "stroke_firth",
            None,
            {"outcome": "recurrence", "exposure": "aspirin", "modifier": "volume", "covariates": ["volume", "severe"]},
        ),
        ("separated_firth", first_sixty, {"outcome": "recurrence", "exposure": "marked", "covariates": ["age"]}),
    ],
)
def test_firth_agrees_with_brglm2_and_the_penalised_profile(case, change, entry, fitted, r):
    found = fitted("stroke", change, **entry, penalty="firth")
    np.testing.assert_allclose(of(found, "coefficient"), intercept_last(r(case, "coefficient")), rtol=1e-9)
    np.testing.assert_allclose(of(found, "coefficient", "std_error"), intercept_last(r(case, "std_error")), rtol=1e-9)
    for term in r(case, "low").index:
        row = pick(found, quantity="coefficient", term=term)
        assert row["conf_low"] == pytest.approx(r(case, "low")[term], rel=1e-9)
        assert row["conf_high"] == pytest.approx(r(case, "high")[term], rel=1e-9)
        assert row["statistic"] == pytest.approx(r(case, "likelihood_ratio")[term], rel=1e-9)
        assert row["p_value"] == pytest.approx(r(case, "p")[term], rel=1e-9)
