"""Firth's penalised Cox models against survival's likelihood maximised in R (tests/reference/R/cox_more.R)."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import cox
from recohort.models.survival.firth_cox import fit_firth, penalised

PLAIN = {"duration": "week", "event": "arrest", "covariates": ["fin", "age", "prio"]}
CASES = {
    "firth_efron": ("rossi", PLAIN),
    "firth_breslow": ("rossi", {**PLAIN, "ties": "breslow"}),
    "firth_separated": ("separated", {"duration": "time", "event": "cens", "covariates": ["carrier", "age"]}),
    "firth_one_event": (
        "single",
        {"duration": "time", "event": "status", "covariates": ["age", "sex"], "ties": "breslow"},
    ),
}


@pytest.fixture(scope="session")
def tables(inputs):
    separated = inputs["gbsg2"].iloc[:200].reset_index(drop=True)
    row = np.arange(1, 201)
    return {
        **inputs,
        "separated": separated.assign(carrier=((separated["cens"] == 0) & (row % 3 == 0)).astype(int)),
        "single": inputs["lung"].iloc[:60].assign(status=(np.arange(1, 61) == 17).astype(int)),
    }


@pytest.fixture
def fitted(tables, settings):
    def run(name, **entry):
        frame = tables[name] if isinstance(name, str) else name
        return cox.fit(frame, **settings("cox", **{"penalty": "firth", **entry}), columns=declare(frame))

    return run


def values(reference, quantity):
    return reference[reference["quantity"] == quantity].set_index("term")["value"]


@pytest.mark.parametrize("case", CASES)
def test_estimates_profile_limits_and_tests_agree_with_r(case, fitted, reference):
    """R finds the maximum with differences of the likelihood: with one event it knows 9 digits of it, else 10."""
    name, entry = CASES[case]
    result, expected = fitted(name, **entry), reference("cox_more", case)
    digits = 2e-9 if case == "firth_one_event" else 2e-10
    rows = result.estimates.query("quantity == 'coefficient'")
    for column, quantity in (("estimate", "coefficient"), ("std_error", "std_error"), ("statistic", "statistic")):
        np.testing.assert_allclose(rows[column].astype(float), values(expected, quantity), rtol=digits)
    for limit in ("conf_low", "conf_high"):
        np.testing.assert_allclose(rows[limit].astype(float), values(expected, limit), rtol=digits)
    ratios = result.estimates.query("quantity == 'hazard_ratio' and scale.str.startswith('per 1')")
    np.testing.assert_allclose(np.log(ratios["conf_low"]), values(expected, "conf_low"), rtol=digits)
    likelihood = pick(result, quantity="log_likelihood")["estimate"]
    assert likelihood == pytest.approx(values(expected, "log_likelihood")["model"], rel=1e-11)
    test = pick(result, quantity="likelihood_ratio_test")["statistic"]
    assert test == pytest.approx(values(expected, "likelihood_ratio_test")["model"], rel=1e-9)
    assert set(rows["method"]) == {f"Cox ({entry.get('ties', 'efron')}, Firth), profile likelihood interval"}


def test_separation_has_a_finite_estimate_and_a_test(fitted):
    entry = CASES["firth_separated"][1]
    plain, firth = fitted("separated", **entry, penalty="none"), fitted("separated", **entry)
    assert "monotone_likelihood" in codes(plain)
    assert codes(firth) == []
    assert pick(plain, term="carrier", quantity="hazard_ratio")["estimate"] == 0
    row = pick(firth, term="carrier", quantity="hazard_ratio")
    assert 0 < row["conf_low"] < row["estimate"] < row["conf_high"] < 1
    assert row["p_value"] < 1e-4


def test_gradient_is_that_of_the_penalised_likelihood(tables):
    frame = tables["rossi"]
    for ties in ("efron", "breslow"):
        fit = fit_firth(
            frame["week"].to_numpy(float),
            frame["arrest"].to_numpy(float),
            frame[["fin", "age", "prio"]].to_numpy(float),
            strata=frame["wexp"].to_numpy(),
            ties=ties,
            names=["fin", "age", "prio"],
        )
        beta, step = np.array([0.4, -0.2, 0.3]), 1e-5
        differences = [
            (penalised(fit.risk_sets, beta + unit).value - penalised(fit.risk_sets, beta - unit).value) / (2 * step)
            for unit in step * np.eye(3)
        ]
        np.testing.assert_allclose(penalised(fit.risk_sets, beta).gradient, differences, atol=1e-7)


def test_unit_and_sign_of_a_column_do_not_matter(fitted, tables):
    frame = tables["rossi"]
    one = fitted("rossi", **PLAIN).estimates.query("quantity == 'coefficient'")
    turned = fitted(frame.assign(age=-100 * frame["age"]), **PLAIN).estimates.query("quantity == 'coefficient'")
    np.testing.assert_allclose(turned["statistic"].astype(float), one["statistic"].astype(float), rtol=1e-9)
    first, second = one[one["term"] == "age"].iloc[0], turned[turned["term"] == "age"].iloc[0]
    assert -100 * second["conf_low"] == pytest.approx(first["conf_high"], rel=1e-9)
    assert -100 * second["conf_high"] == pytest.approx(first["conf_low"], rel=1e-9)


def test_order_of_rows_does_not_matter(fitted, tables):
    other = tables["rossi"].sample(frac=1, random_state=5).reset_index(drop=True)
    one, two = (fitted(frame, **PLAIN).estimates for frame in ("rossi", other))
    pd.testing.assert_frame_equal(one, two, rtol=1e-8)


def test_with_many_events_the_penalty_hardly_matters(tables, settings):
    rng = np.random.default_rng(1)
    x = rng.normal(size=5000)
    frame = pd.DataFrame({"x": x, "time": rng.exponential(np.exp(-0.5 * x)), "event": 1})
    results = [
        cox.fit(
            frame,
            **settings("cox", duration="time", event="event", exposure="x", penalty=penalty),
            columns=declare(frame),
        )
        for penalty in ("none", "firth")
    ]
    rows = [pick(result, quantity="coefficient") for result in results]
    for column, within in (("estimate", 1e-3), ("conf_low", 1e-3), ("conf_high", 1e-3), ("std_error", 1e-3)):
        assert rows[0][column] == pytest.approx(rows[1][column], rel=within)


def test_tests_of_splines_and_products_are_of_the_penalised_likelihood(fitted, tables):
    result = fitted("rossi", **PLAIN, splines={"age": {"knots": 3}}, interactions=[["fin", "prio"]]).estimates
    for quantity, df in (("spline_test", 2), ("nonlinearity_test", 1), ("interaction_test", 1)):
        row = result[result["quantity"] == quantity].squeeze()
        assert row["method"] == "Cox (efron, Firth), penalised likelihood ratio test"
        assert row["df"] == df
        assert 0 <= row["p_value"] <= 1
    product = result.query("term == 'fin:prio' and quantity == 'coefficient'").squeeze()
    joint = result.query("quantity == 'interaction_test'").squeeze()
    assert product["statistic"] == pytest.approx(joint["statistic"], rel=1e-9)


def test_what_is_not_defined_is_not_given(fitted):
    quantities = set(fitted("rossi", **PLAIN).estimates["quantity"])
    assert not quantities & {"ph_test", "score_test"}


def test_interval_covers_the_truth_where_walds_does_not_exist(settings):
    """Ten carriers who rarely have the event: over 400 cohorts the profile interval holds the truth in 93 to 98 %."""
    rng, covered, separated = np.random.default_rng(6), 0, 0
    carrier = (np.arange(60) < 10).astype(float)
    entry = settings("cox", duration="time", event="event", exposure="x", penalty="firth")
    for _ in range(400):
        time = rng.exponential(np.exp(1.2 * carrier))
        frame = pd.DataFrame({"x": carrier, "time": np.minimum(time, 0.5), "event": (time < 0.5).astype(int)})
        separated += frame.query("x == 1")["event"].sum() == 0
        row = pick(cox.fit(frame, **entry, columns=declare(frame)), quantity="coefficient")
        covered += row["conf_low"] <= -1.2 <= row["conf_high"]
    assert separated > 40
    assert 0.93 <= covered / 400 <= 0.98


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"arrest": 0}, "found no event among 432 rows"),
        ({"age": 30}, "age: does not vary among those at risk"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(change, sentence, fitted, tables):
    with pytest.raises(InputError, match=sentence):
        fitted(tables["rossi"].assign(**change), **PLAIN)


def test_collinear_columns_are_refused(fitted, tables):
    with pytest.raises(InputError, match="are collinear"):
        fitted(tables["rossi"].assign(prio=lambda frame: 2 * frame["age"] + frame["fin"]), **PLAIN)
