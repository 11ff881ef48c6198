"""Linear models against R's lm, sandwich, car and emmeans (tests/reference/R/linear.R)."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import linear

KINDS = {
    "horTh": {"type": "category", "levels": ["no", "yes"]},
    "tgrade": {"type": "category", "levels": ["I", "II", "III"]},
    "cens": {"type": "boolean"},
}
CASES = {
    "numbers": {"exposure": "age", "covariates": ["pnodes", "tgrade"]},
    "ancova": {"exposure": "tgrade", "covariates": ["age", "horTh", "cens"]},
    "weighted": {"exposure": "tgrade", "covariates": ["age", "horTh"], "weights": "case"},
    "product": {"exposure": "tgrade", "covariates": ["age", "horTh"], "interactions": [["tgrade", "horTh"]]},
    "slopes": {"exposure": "age", "covariates": ["horTh", "pnodes"], "interactions": [["age", "horTh"]]},
}
LEVELS = {"tgrade": ["II", "III"], "horTh": ["yes"], "cens": ["1"]}


def data(inputs):
    frame = inputs["gbsg2"]
    return frame.assign(case=1 + (frame["age"] % 4) / 2, site=frame["age"] // 3)


def fitted(frame, settings, **entry):
    entry = settings("linear", outcome="time", **entry)
    return linear.fit(frame, **entry, columns=declare(frame, **KINDS))


def expected_of(reference, analysis):
    return reference("linear", analysis).set_index(["term", "quantity"])["value"].to_dict()


def r_name(row):
    """R's name of a coefficient: tgradeII:horThyes."""
    if row["term"] == "intercept":
        return "(Intercept)"
    names = row["term"].split(":")
    parts = [scale.split(" against ")[0] for scale in row["scale"].split(", ")]
    return ":".join(f"{n}{part}" if n in LEVELS else n for n, part in zip(names, parts, strict=True))


@pytest.mark.parametrize("case", CASES)
def test_coefficients_agree_with_lm(case, inputs, settings, reference):
    expected = expected_of(reference, case)
    result = fitted(data(inputs), settings, **CASES[case])
    rows = result.estimates[result.estimates["quantity"] == "coefficient"]
    assert len(rows) == sum(1 for _, quantity in expected if quantity == "coefficient")
    for _, row in rows.iterrows():
        name = r_name(row)
        assert row["estimate"] == pytest.approx(expected[name, "coefficient"], rel=1e-11)
        assert row["std_error"] == pytest.approx(expected[name, "std_error"], rel=1e-12)
        assert row["p_value"] == pytest.approx(expected[name, "p"], rel=1e-10, abs=0)
        assert row["conf_low"] == pytest.approx(expected[name, "low"], rel=1e-10)
        assert row["conf_high"] == pytest.approx(expected[name, "high"], rel=1e-10)
    for quantity in ("r_squared", "adjusted_r_squared", "residual_sd"):
        found = pick(result, term="model", quantity=quantity)["estimate"]
        assert found == pytest.approx(expected["model", quantity], rel=1e-11)
    assert pick(result, term="model", quantity="f_test")["statistic"] == pytest.approx(
        expected["model", "f"], rel=1e-11
    )


@pytest.mark.parametrize("robust", ["hc0", "hc1", "hc2", "hc3", "cluster"])
@pytest.mark.parametrize("case", CASES)
def test_robust_errors_agree_with_sandwich(case, robust, inputs, settings, reference):
    expected = expected_of(reference, case)
    more = {"robust": robust, "cluster": "site" if robust == "cluster" else None}
    result = fitted(data(inputs), settings, **CASES[case], **more)
    for _, row in result.estimates[result.estimates["quantity"] == "coefficient"].iterrows():
        assert row["std_error"] == pytest.approx(expected[r_name(row), f"error_{robust}"], rel=1e-11)


@pytest.mark.parametrize("case", CASES)
def test_tests_of_terms_agree_with_car(case, inputs, settings, reference):
    expected = expected_of(reference, case)
    plain = fitted(data(inputs), settings, **CASES[case])
    robust = fitted(data(inputs), settings, **CASES[case], robust="hc3")
    terms = [term for term, quantity in expected if quantity == "type3_f"]
    assert len(terms) >= 3
    for term in terms:
        row = pick(plain, term=term, quantity="f_test")
        assert row["statistic"] == pytest.approx(expected[term, "type3_f"], rel=1e-9)
        assert row["p_value"] == pytest.approx(expected[term, "type3_p"], rel=1e-9, abs=0)
        assert row["df"] == expected[term, "type3_df"]
        assert pick(robust, term=term, quantity="f_test")["statistic"] == pytest.approx(
            expected[term, "type3_hc3_f"], rel=1e-9
        )
        if case != "weighted":
            share = pick(plain, term=term, quantity="partial_r_squared")
            assert share["estimate"] == pytest.approx(expected[term, "partial_r_squared"], rel=1e-9)
            if row["p_value"] < 0.975:
                assert share["conf_low"] <= share["estimate"] <= share["conf_high"]
            else:
                assert np.isnan(share["conf_low"]) and np.isnan(share["conf_high"])


@pytest.mark.parametrize("case", ["ancova", "weighted", "product"])
def test_adjusted_means_agree_with_emmeans(case, inputs, settings, reference):
    expected = expected_of(reference, case)
    result = fitted(data(inputs), settings, **CASES[case])
    for level in ("I", "II", "III"):
        row = pick(result, quantity="adjusted_mean", scale=level)
        for column, quantity in (("estimate", "estimate"), ("std_error", "std_error"), ("conf_low", "low")):
            assert row[column] == pytest.approx(expected[f"mean {level}", quantity], rel=1e-11)
    for second, first in (("II", "I"), ("III", "I"), ("III", "II")):
        scale, name = f"{second} against {first}", f"difference {second} - {first}"
        row = pick(result, quantity="adjusted_difference", scale=scale)
        for column, quantity in (
            ("estimate", "estimate"),
            ("std_error", "std_error"),
            ("conf_high", "high"),
            ("p_value", "p"),
        ):
            assert row[column] == pytest.approx(expected[name, quantity], rel=1e-9)
        if case != "weighted":
            d = pick(result, quantity="adjusted_cohen_d", scale=scale)
            assert d["estimate"] == pytest.approx(expected[name, "d"], rel=1e-9)
            assert d["conf_low"] == pytest.approx(expected[name, "d_low"], rel=1e-8)


def test_lines_agree_with_predict(inputs, settings, reference):
    expected = expected_of(reference, "slopes")
    curve = fitted(data(inputs), settings, **CASES["slopes"], lines="horTh").curve
    lines = curve[curve["part"] == "line"]
    for level in ("no", "yes"):
        own = lines[lines["group"] == level]
        for value in (50.5, 80) if level == "yes" else (21, 50.5, 80):
            if value not in (own["value"].min(), own["value"].max()):
                found = {name: np.interp(value, own["value"], own[name]) for name in ("estimate",)}
                assert found["estimate"] == pytest.approx(expected[f"{level} {value:g}", "line_fit"], rel=1e-11)
        edge = own[own["value"] == 80]
        if len(edge):
            assert edge["conf_low"].iloc[0] == pytest.approx(expected[f"{level} 80", "line_lwr"], rel=1e-11)
            assert edge["conf_high"].iloc[0] == pytest.approx(expected[f"{level} 80", "line_upr"], rel=1e-11)
    assert {"no", "yes"} == set(lines["group"]) and (lines["value"] == 80).any()
    points = curve[curve["part"] == "point"]
    assert len(points) == 686 and set(points["group"]) == {"no", "yes"}


def test_standardised_coefficients_are_those_of_scaled_columns(inputs, settings, reference):
    expected = expected_of(reference, "numbers")
    result = fitted(data(inputs), settings, **CASES["numbers"])
    for term in ("age", "pnodes"):
        row = pick(result, term=term, quantity="standardised_coefficient")
        assert row["estimate"] == pytest.approx(expected[term, "standardised"], rel=1e-11)


def test_difference_per_sd_is_the_coefficient_times_the_sd(inputs, settings):
    frame = data(inputs)
    result = fitted(frame, settings, **CASES["numbers"], scales=["unit", 10, "sd"])
    beta = pick(result, term="age", quantity="coefficient")["estimate"]
    rows = result.estimates[result.estimates["quantity"] == "mean_difference"].set_index("scale")["estimate"]
    assert rows["per 10"] == pytest.approx(10 * beta)
    assert rows.iloc[2] == pytest.approx(frame["age"].std() * beta)


def test_shift_and_scale_and_order_of_rows(inputs, settings):
    frame = data(inputs)
    first = fitted(frame, settings, **CASES["ancova"])
    moved = fitted(
        frame.iloc[::-1].assign(time=1e6 + 2 * frame["time"], age=frame["age"] - 1e4), settings, **CASES["ancova"]
    )
    for scale in ("II against I", "III against I"):
        a = pick(first, quantity="adjusted_difference", scale=scale)
        b = pick(moved, quantity="adjusted_difference", scale=scale)
        assert b["estimate"] == pytest.approx(2 * a["estimate"], rel=1e-7)
        assert b["p_value"] == pytest.approx(a["p_value"], rel=1e-7)


def test_equal_weights_change_nothing_but_words(inputs, settings):
    frame = data(inputs).assign(case=3.0)
    plain = fitted(frame, settings, **CASES["numbers"])
    weighted = fitted(frame, settings, **CASES["numbers"], weights="case")
    a, b = (pick(found, term="age", quantity="coefficient") for found in (plain, weighted))
    assert b["std_error"] == pytest.approx(a["std_error"], rel=1e-12)
    assert (a["method"], b["method"]) == ("least squares, t", "weighted least squares, t")


def toy(**columns):
    index = np.arange(12.0)
    return pd.DataFrame({"x": index, "z": np.cos(index), "time": np.sin(2 * index) + index, **columns})


def test_what_cannot_be_fitted_is_refused(settings):
    with pytest.raises(InputError, match="neither exposure nor covariates"):
        fitted(toy(), settings)
    with pytest.raises(InputError, match=r"'z .*' is constant or a linear combination of the terms before it"):
        fitted(toy(z=2 * np.arange(12.0) + 1), settings, exposure="x", covariates=["z"])
    with pytest.raises(InputError, match=r"'x .*' is constant"):
        fitted(toy(x=5.0), settings, exposure="x")
    with pytest.raises(InputError, match="2 complete rows for 2 coefficients, expected more rows"):
        fitted(toy().head(2), settings, exposure="x")
    with pytest.raises(InputError, match="found the weight 0, expected weights above 0"):
        fitted(toy(w=0.0), settings, exposure="x", weights="w")
    with pytest.raises(InputError, match="expected both or neither"):
        fitted(toy(), settings, exposure="x", robust="cluster")
    with pytest.raises(InputError, match="all rows are of one cluster"):
        fitted(toy(site=1), settings, exposure="x", robust="cluster", cluster="site")
    with pytest.raises(InputError, match="interaction x:age: 'age' is neither exposure nor covariate"):
        fitted(toy(), settings, exposure="x", interactions=[["x", "age"]])
    with pytest.raises(InputError, match="expected two different columns, once"):
        fitted(toy(), settings, exposure="x", covariates=["z"], interactions=[["x", "z"], ["z", "x"]])
    with pytest.raises(InputError, match="lines 'z': expected a category or boolean"):
        fitted(toy(), settings, exposure="x", covariates=["z"], lines="z")
    with pytest.raises(InputError, match="hc3: the model fits a row exactly"):
        fitted(toy(cens=np.r_[1, np.zeros(11)].astype(int)), settings, exposure="cens", robust="hc3")
    with pytest.raises(InputError, match="no row is complete"):
        fitted(toy(x=np.nan), settings, exposure="x")


@pytest.mark.parametrize("outcome", [np.full(12, 7.0), 3 * np.arange(12.0) + 1])
def test_an_outcome_without_residual_is_not_tested(outcome, settings):
    result = fitted(toy(time=outcome), settings, exposure="x")
    assert codes(result) == ["no_residual"]
    row = pick(result, term="x", quantity="coefficient")
    assert np.isnan(row[["std_error", "p_value", "conf_low"]].astype(float)).all()
    assert np.isnan(pick(result, term="x", quantity="f_test")["p_value"])
