"""Proportional odds models against R's clm and polr, and what must hold of them."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import logistic, ordinal

KINDS = {
    "stroke": {
        "aspirin": {"type": "boolean"},
        "severe": {"type": "boolean"},
        "region": {"type": "category", "levels": ["lobar", "deep", "brainstem"]},
        "volume": {"type": "number", "unit": "mL"},
        "mrs": {"type": "integer"},
    },
    "gbsg2": {
        "tgrade": {"type": "category", "levels": ["I", "II", "III"]},
        "horTh": {"type": "category", "levels": ["no", "yes"]},
    },
}
CASES = {
    "stroke": ("stroke", {"outcome": "mrs", "exposure": "aspirin", "covariates": ["age", "severe", "region"]}),
    "stroke_modified": (
        "stroke",
        {"outcome": "mrs", "exposure": "aspirin", "covariates": ["age"], "modifier": "volume", "evaluate": [2, 10, 30]},
    ),
    "stroke_weighted": (
        "stroke",
        {"outcome": "mrs", "exposure": "aspirin", "covariates": ["age", "severe"], "weights": "weight"},
    ),
    "gbsg2": ("gbsg2", {"outcome": "tgrade", "exposure": "horTh", "covariates": ["age", "tsize", "pnodes"]}),
}


@pytest.fixture
def fitted(inputs, settings):
    def run(case, change=None, **more):
        name, entry = CASES[case]
        frame = inputs[name] if change is None else change(inputs[name])
        return ordinal.fit(frame, **settings("ordinal", **{**entry, **more}), columns=declare(frame, **KINDS[name]))

    return run


@pytest.fixture
def r(reference):
    def read(case, quantity):
        found = reference("ordinal", case)
        return found[found["quantity"] == quantity].set_index("term")["value"]

    return read


def of(result, quantity, column="estimate"):
    return result.estimates[result.estimates["quantity"] == quantity][column].to_numpy(float)


@pytest.mark.parametrize("case", CASES)
def test_coefficients_thresholds_and_errors_agree_with_clm(case, fitted, r):
    found = fitted(case)
    np.testing.assert_allclose(of(found, "coefficient"), r(case, "coefficient"), rtol=1e-9)
    np.testing.assert_allclose(of(found, "threshold"), r(case, "threshold"), rtol=1e-9)
    errors = np.r_[of(found, "threshold", "std_error"), of(found, "coefficient", "std_error")]
    np.testing.assert_allclose(errors, r(case, "std_error"), rtol=1e-9)
    likelihood = pick(found, quantity="log_likelihood")["estimate"]
    assert likelihood == pytest.approx(r(case, "log_likelihood")["model"], rel=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_coefficients_agree_with_polr_as_far_as_it_converges(case, fitted, r):
    np.testing.assert_allclose(of(fitted(case), "coefficient"), r(case, "polr"), rtol=5e-6)


@pytest.mark.parametrize("case", CASES)
def test_likelihood_ratio_tests_agree_with_clm(case, fitted, r):
    found, expected = fitted(case), r(case, "likelihood_ratio")
    for term, value in expected.items():
        row = pick(found, quantity="likelihood_ratio_test", term={"horThyes": "horTh"}.get(term, term))
        assert row["statistic"] == pytest.approx(value, rel=1e-8)


@pytest.mark.parametrize("case", ["stroke", "gbsg2"])
def test_brant_agrees_with_its_formula_in_r(case, fitted, r):
    found = fitted(case).estimates.query("quantity == 'brant_test'").set_index("term")["statistic"].astype(float)
    assert found["model"] == pytest.approx(r(case, "brant")["model"], rel=1e-8)
    assert found["age"] == pytest.approx(r(case, "brant_term")["age"], rel=1e-8)
    assert found["model"] == pytest.approx(r(case, "brant_car")["model"], rel=0.02)  # car does not transpose


def test_brant_without_a_proper_covariance_is_missing_and_said(fitted, r):
    assert r("stroke_modified", "brant")["model"] < 0
    found = fitted("stroke_modified")
    assert np.isnan(
        found.estimates.query("quantity == 'brant_test' and term == 'model'")["statistic"].astype(float)
    ).all()
    assert "proportional_odds_untested" in codes(found)


def test_odds_ratio_at_a_value_agrees_with_clm(fitted, r):
    found = fitted("stroke_modified")
    for value in (2, 10, 30):
        row = pick(found, quantity="odds_ratio_at", scale=f"volume {value} mL")
        assert np.log(row["estimate"]) == pytest.approx(r("stroke_modified", "log_odds_ratio")[f"at {value}"], rel=1e-9)
        assert row["std_error"] == pytest.approx(r("stroke_modified", "log_odds_error")[f"at {value}"], rel=1e-9)


def test_reverse_turns_every_ratio_over_and_no_test(fitted):
    plain, turned = fitted("stroke_modified"), fitted("stroke_modified", reverse=True)
    for quantity in ("common_odds_ratio", "ratio_of_odds_ratios", "odds_ratio_at"):
        np.testing.assert_allclose(of(turned, quantity), 1 / of(plain, quantity), rtol=1e-12)
        np.testing.assert_allclose(of(turned, quantity, "conf_low"), 1 / of(plain, quantity, "conf_high"), rtol=1e-12)
    statistics = [of(each, "likelihood_ratio_test", "statistic") for each in (plain, turned)]
    np.testing.assert_allclose(*statistics, rtol=1e-12)


def test_two_levels_are_logistic_regression(fitted, settings, inputs):
    found = fitted("stroke", outcome="recurrence")
    frame = inputs["stroke"]
    entry = {"outcome": "recurrence", "exposure": "aspirin", "covariates": ["age", "severe", "region"]}
    binary = logistic.fit(frame, **settings("logistic", **entry), columns=declare(frame, **KINDS["stroke"]))
    np.testing.assert_allclose(of(found, "coefficient"), of(binary, "coefficient")[:-1], rtol=1e-9)
    np.testing.assert_allclose(
        of(found, "coefficient", "std_error"), of(binary, "coefficient", "std_error")[:-1], rtol=1e-9
    )


def test_order_of_rows_and_numbering_of_levels_do_not_matter(fitted):
    plain = of(fitted("stroke"), "coefficient")
    shuffled = fitted("stroke", lambda frame: frame.sample(frac=1, random_state=3))
    renumbered = fitted("stroke", lambda frame: frame.assign(mrs=10 * frame["mrs"] - 3))
    np.testing.assert_allclose(of(shuffled, "coefficient"), plain, rtol=1e-10)
    np.testing.assert_allclose(of(renumbered, "coefficient"), plain, rtol=1e-10)


def test_weights_are_counts(fitted):
    doubled = fitted("stroke", lambda frame: pd.concat([frame, frame]))
    weighted = fitted("stroke", lambda frame: frame.assign(twice=2), weights="twice")
    np.testing.assert_allclose(
        of(weighted, "coefficient", "std_error"), of(doubled, "coefficient", "std_error"), rtol=1e-9
    )
    assert "weights_as_counts" in codes(weighted)


def test_shift_holds_each_arms_shares(fitted, inputs):
    found, frame = fitted("stroke"), inputs["stroke"]
    shift = found.curve[found.curve["part"] == "shift"]
    expected = pd.crosstab(frame["aspirin"], frame["mrs"], normalize="index").to_numpy().ravel()
    np.testing.assert_allclose(shift["estimate"], expected, rtol=1e-12)
    assert shift.groupby("term")["estimate"].sum().to_numpy() == pytest.approx([1, 1])
    row = pick(found, quantity="proportion", scale="1, mrs 0")
    assert row["n_events"] == ((frame["aspirin"] == 1) & (frame["mrs"] == 0)).sum()


def test_a_score_may_have_halves(fitted):
    whole, halved = fitted("stroke"), fitted("stroke", lambda frame: frame.assign(mrs=frame["mrs"] / 2))
    np.testing.assert_array_equal(whole.estimates["estimate"], halved.estimates["estimate"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.assign(mrs=2), "1 levels"),
        (lambda frame: frame.assign(mrs=frame["mrs"] + frame.index / 1e4), "different values, expected at most 50"),
        (lambda frame: frame.assign(age=60), "age .*one value"),
        (lambda frame: frame.assign(age=2 * frame["severe"] + 1), "age.*severe.*collinear"),
        (lambda frame: frame.assign(aspirin=(frame["mrs"] > 3).astype(int)), "aspirin .*separates"),
        (lambda frame: frame.assign(aspirin=1), "aspirin .*one value"),
        (lambda frame: frame.assign(age=np.nan), "no row is complete"),
        (lambda frame: frame.drop_duplicates("mrs"), "7 rows for 11 parameters"),
    ],
)
def test_degenerate_input_is_one_clear_sentence(change, message, fitted):
    with pytest.raises(InputError, match=message):
        fitted("stroke", change)
