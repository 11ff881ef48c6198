"""Restricted cubic splines against Hmisc and rms (tests/reference/R/cox_more.R), and by what defines them."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import cox
from recohort.models.regression.splines import checked_knots, knots_of, restricted_cubic

CASES = {
    "spline_age": ({"age": {"knots": 4}}, ["age", "pnodes"], "age"),
    "spline_knots": ({"pnodes": {"knots": [1, 3, 6, 12, 20]}}, ["pnodes", "age"], "pnodes"),
}


def values(reference, quantity):
    return reference[reference["quantity"] == quantity].set_index("term")["value"]


@pytest.fixture
def fitted(inputs, settings):
    def run(splines, covariates, **more):
        frame = inputs["gbsg2"]
        entry = {"duration": "time", "event": "cens", "covariates": covariates, "splines": splines}
        return cox.fit(frame, **settings("cox", **entry, **more), columns=declare(frame))

    return run


@pytest.mark.parametrize("count", [3, 4, 5, 6, 7])
def test_knots_and_basis_are_those_of_hmisc(count, inputs, reference):
    size, expected = inputs["gbsg2"]["tsize"].to_numpy(float), reference("cox_more", "basis")
    knots = knots_of(size, count)
    basis = restricted_cubic(size, knots)
    chosen = expected[expected["term"].str.startswith(f"{count} ")]
    np.testing.assert_allclose(knots, values(chosen, "knots"), rtol=1e-14)
    np.testing.assert_allclose(basis.sum(axis=0), values(chosen, "sum"), rtol=1e-12)
    np.testing.assert_allclose((basis**2).sum(axis=0), values(chosen, "square"), rtol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_model_tests_and_curve_agree_with_rms(case, fitted, reference):
    splines, covariates, name = CASES[case]
    expected = reference("cox_more", case)
    result = fitted(splines, covariates)
    rows = result.estimates.query("quantity == 'coefficient'")
    np.testing.assert_allclose(rows["estimate"], values(expected, "coefficient"), rtol=1e-9)
    np.testing.assert_allclose(rows["std_error"], values(expected, "std_error"), rtol=1e-9)
    for quantity, likelihood in (("spline_test", "spline_lr"), ("nonlinearity_test", "nonlinearity_lr")):
        tests = result.estimates[result.estimates["quantity"] == quantity].set_index("method")["statistic"]
        assert tests["Cox (efron), Wald test"] == pytest.approx(values(expected, quantity)[name], rel=1e-9)
        assert tests["Cox (efron), likelihood ratio test"] == pytest.approx(
            values(expected, likelihood)[name], rel=1e-9
        )
    curve = result.curve[result.curve["part"] == "knot"]
    np.testing.assert_allclose(curve["value"], values(expected, "knots"), rtol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_hazard_ratios_and_limits_agree_with_contrasts_of_rms(case, fitted, reference):
    splines, covariates, _ = CASES[case]
    expected = reference("cox_more", case)
    curve = fitted(splines, covariates).curve.query("part == 'spline'")
    places = values(expected, "log_ratio").index.astype(int) - 1
    for part, quantity in (("estimate", "log_ratio"), ("conf_low", "low"), ("conf_high", "high")):
        found = np.log(curve[part].to_numpy()[places])
        np.testing.assert_allclose(found, values(expected, quantity), rtol=1e-8, atol=1e-10)


def test_column_so_skewed_that_its_spline_is_nearly_collinear_is_fitted_as_well(fitted):
    """R's coxph on the same basis: log-likelihood -1773.96181946107 with seven knots of estrec."""
    result = fitted({"estrec": {"knots": 7}}, ["estrec"])
    assert pick(result, quantity="log_likelihood")["estimate"] == pytest.approx(-1773.96181946107, rel=1e-12)


def test_curve_is_straight_beyond_the_outer_knots():
    knots = np.array([1.0, 2.0, 4.0, 7.0])
    below, above = restricted_cubic(np.linspace(-5, 1, 7), knots), restricted_cubic(np.linspace(7, 20, 14), knots)
    assert np.abs(below[:, 1:]).max() == 0
    np.testing.assert_allclose(np.diff(above, 2, axis=0), 0, atol=1e-10)


def test_curve_and_its_first_two_derivatives_are_continuous_at_knots():
    knots, step = np.array([1.0, 2.0, 4.0, 7.0]), 1e-4
    for knot in knots:
        left, right = (restricted_cubic(knot + side * step * np.arange(3), knots) for side in (-1, 1))
        bend_left, bend_right = (np.diff(part, 2, axis=0)[0] / step**2 for part in (left, right))
        np.testing.assert_allclose(bend_left, bend_right, atol=5e-3)


def test_unit_of_the_column_does_not_change_the_curve(fitted, inputs, settings):
    frame = inputs["gbsg2"].assign(months=12.0 * inputs["gbsg2"]["age"])
    years = fitted({"age": {"knots": 4}}, ["age"]).curve.query("part == 'spline'")
    entry = settings("cox", duration="time", event="cens", covariates=["months"], splines={"months": {"knots": 4}})
    months = cox.fit(frame, **entry, columns=declare(frame)).curve.query("part == 'spline'")
    np.testing.assert_allclose(months["value"], 12 * years["value"], rtol=1e-12)
    for part in ("estimate", "conf_low", "conf_high"):
        np.testing.assert_allclose(months[part], years[part], rtol=1e-9)


def test_reference_is_the_median_or_the_value_named(fitted, inputs):
    median = float(inputs["gbsg2"]["age"].median())
    for chosen, expected in ((None, median), (40.0, 40.0)):
        curve = fitted({"age": {"knots": 4, "reference": chosen, "quantiles": [0, 1]}}, ["age"]).curve
        assert curve.query("part == 'reference'")["value"].tolist() == [expected]
        line = curve.query("part == 'spline'")
        nearest = line.iloc[(line["value"] - expected).abs().argmin()]
        assert nearest["estimate"] == pytest.approx(1, abs=0.02)
        assert len(line) == 100
        assert len(curve.query("part == 'rug'")) == 686


def test_ratio_between_quartiles_is_that_of_the_curve(fitted, inputs):
    low, high = inputs["gbsg2"]["age"].quantile([0.25, 0.75])
    result = fitted({"age": {"knots": 4, "reference": low, "quantiles": [0.25, 0.75]}}, ["age", "pnodes"])
    row = pick(result, term="age", quantity="hazard_ratio")
    assert row["scale"] == f"{high:.3g} against {low:.3g} (quartiles)"
    last = result.curve.query("part == 'spline'").iloc[-1]
    for part in ("estimate", "conf_low", "conf_high"):
        assert row[part] == pytest.approx(last[part], rel=1e-10)


def test_spline_of_an_effect_that_bends_is_found_and_that_of_a_straight_one_is_not(settings):
    rng = np.random.default_rng(4)
    x = rng.uniform(-2, 2, 800)
    for risk, bent in ((x**2, True), (x, False)):
        frame = pd.DataFrame({"x": x, "time": rng.exponential(np.exp(-risk)), "event": 1})
        entry = settings("cox", duration="time", event="event", exposure="x", splines={"x": {"knots": 5}})
        tests = cox.fit(frame, **entry, columns=declare(frame)).estimates.query("quantity == 'nonlinearity_test'")
        assert ((tests["p_value"] < 1e-6) if bent else (tests["p_value"] > 0.01)).all()
        assert tests["df"].tolist() == [3, 3]


@pytest.mark.parametrize("count", [2, 8])
def test_other_numbers_of_knots_are_refused(count):
    with pytest.raises(InputError, match=f"found {count} knots, expected 3 to 7"):
        knots_of(np.arange(100.0), count)


def test_knots_that_fall_together_are_refused(inputs, settings):
    with pytest.raises(InputError, match="expected each above the one before it"):
        knots_of(np.r_[np.zeros(90), np.arange(10.0)], 5)
    with pytest.raises(InputError, match="expected three or more"):
        checked_knots([1.0, 2.0])
    with pytest.raises(InputError, match=r"column 'menostat'.*expected each above"):
        frame = inputs["gbsg2"].assign(menostat=lambda table: (table["menostat"] == "Post").astype(int))
        entry = settings("cox", duration="time", event="cens", exposure="menostat", splines={"menostat": {"knots": 3}})
        cox.fit(frame, **entry, columns=declare(frame))


def test_spline_of_a_category_or_of_a_column_outside_the_model_is_refused(fitted, inputs, settings):
    frame = inputs["gbsg2"]
    columns = declare(frame, tgrade={"type": "category", "levels": ["I", "II", "III"]})
    entry = settings("cox", duration="time", event="cens", covariates=["tgrade"], splines={"tgrade": {}})
    with pytest.raises(InputError, match=r"'tgrade'.*category"):
        cox.fit(frame, **entry, columns=columns)
    with pytest.raises(InputError, match="'pnodes' is not in the model"):
        fitted({"pnodes": {}}, ["age"])


def test_values_below_the_first_knot_alone_are_named_collinear(settings):
    frame = pd.DataFrame({"x": np.arange(20.0), "time": np.arange(1.0, 21), "event": 1})
    entry = settings("cox", duration="time", event="event", exposure="x", splines={"x": {"knots": [30, 40, 50]}})
    with pytest.raises(InputError, match="x: "):
        cox.fit(frame, **entry, columns=declare(frame))


def test_proportional_hazards_of_a_spline_are_tested_as_a_whole(fitted):
    result = fitted({"age": {"knots": 4}}, ["age", "pnodes"])
    assert pick(result, term="age", quantity="ph_test")["df"] == 3
    assert "monotone_likelihood" not in codes(result)
