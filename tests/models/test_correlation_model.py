"""Correlations against R's cor.test and partial ones by the inverse covariance (tests/reference/R/groups_more.R)."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import correlation

KINDS = {"tgrade": {"type": "category", "levels": ["I", "II", "III"]}}


def fitted(frame, settings, **entry):
    return correlation.fit(frame, **settings("correlation", **entry), columns=declare(frame, **KINDS))


def cases(inputs):
    pairs = inputs["pairs"]
    nine = pd.DataFrame({"x": pairs["before"][:9], "y": pairs["after"].to_numpy()[[2, 0, 1, 4, 8, 3, 5, 7, 6]]})
    return {
        "cor_pairs": pairs.set_axis(["x", "y"], axis=1),
        "cor_nine": nine,
        "cor_gbsg2": inputs["gbsg2"].rename(columns={"age": "x", "progrec": "y"}),
    }


@pytest.mark.parametrize("method", ["pearson", "spearman", "kendall"])
@pytest.mark.parametrize("case", ["cor_pairs", "cor_nine", "cor_gbsg2"])
def test_correlation_agrees_with_cor_test(case, method, inputs, settings, reference):
    row = pick(fitted(cases(inputs)[case], settings, variables=["x", "y"], method=method), quantity="correlation")
    expected = reference("groups_more", case).set_index(["term", "quantity"])["value"].to_dict()
    assert row["estimate"] == pytest.approx(expected[method, "estimate"], rel=1e-12)
    lost = 1e-14 if method == "kendall" else 0  # R takes the upper tail as 1 less the lower
    assert row["p_value"] == pytest.approx(expected[method, "p"], rel=1e-10, abs=lost)
    if method == "pearson":
        assert row["conf_low"] == pytest.approx(expected[method, "low"], rel=1e-11)
        assert row["conf_high"] == pytest.approx(expected[method, "high"], rel=1e-11)
    if method != "spearman":
        assert row["statistic"] == pytest.approx(expected[method, "statistic"], rel=1e-11)


def test_method_says_which_distribution_was_used(inputs, settings):
    found = {
        (case, method): pick(fitted(frame, settings, variables=["x", "y"], method=method))["method"]
        for case, frame in cases(inputs).items()
        for method in ("spearman", "kendall")
    }
    assert found["cor_nine", "spearman"] == "Spearman, exact"
    assert found["cor_pairs", "spearman"] == "Spearman, t"
    assert found["cor_pairs", "kendall"] == "Kendall, exact"
    assert found["cor_gbsg2", "kendall"] == "Kendall, normal"


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_partial_correlation_agrees_with_the_inverse_covariance(method, inputs, settings, reference):
    covariates = ["pnodes", "tsize", "tgrade"]
    result = fitted(inputs["gbsg2"], settings, variables=["age", "progrec"], covariates=covariates, method=method)
    row = pick(result, quantity="partial_correlation", term="age", scale="with progrec")
    expected = reference("groups_more", f"partial_{method}").set_index("quantity")["value"]
    names = {"estimate": "estimate", "statistic": "statistic", "p_value": "p", "conf_low": "low", "conf_high": "high"}
    for column, quantity in names.items():
        assert row[column] == pytest.approx(expected[quantity], rel=1e-10)
    assert row["df"] == expected["df"]


def test_every_two_or_each_with_others(inputs, settings):
    frame = inputs["gbsg2"]
    every = fitted(frame, settings, variables=["age", "pnodes", "tsize"]).estimates
    assert list(zip(every["term"], every["scale"], strict=True)) == [
        ("age", "with pnodes"),
        ("age", "with tsize"),
        ("pnodes", "with tsize"),
    ]
    crossed = fitted(frame, settings, variables=["age", "pnodes"], others=["tsize"]).estimates
    assert crossed["scale"].tolist() == ["with tsize"] * 2


@pytest.mark.parametrize("method", ["pearson", "spearman", "kendall"])
def test_sign_order_and_scale(method, inputs, settings):
    frame = inputs["gbsg2"].head(70)
    entry = {"variables": ["age", "progrec"], "method": method}
    first = pick(fitted(frame, settings, **entry))
    mirrored = pick(fitted(frame.iloc[::-1].assign(age=-3 * frame["age"] + 7), settings, **entry))
    assert mirrored["estimate"] == pytest.approx(-first["estimate"], rel=1e-12)
    assert mirrored["conf_low"] == pytest.approx(-first["conf_high"], rel=1e-11)
    assert mirrored["p_value"] == pytest.approx(first["p_value"], rel=1e-10)


@pytest.mark.parametrize("method", ["pearson", "spearman", "kendall"])
def test_a_constant_has_no_correlation(method, settings):
    frame = pd.DataFrame({"x": np.full(8, 0.1), "y": np.arange(8.0)})
    result = fitted(frame, settings, variables=["x", "y"], method=method)
    assert codes(result) == ["no_correlation"]
    assert np.isnan(pick(result)["estimate"]) and np.isnan(pick(result)["p_value"])


def test_what_a_covariate_explains_wholly_has_no_correlation(settings):
    index = np.arange(20.0)
    frame = pd.DataFrame({"x": np.sin(index), "z": index, "y": 3 * index + 1})
    result = fitted(frame, settings, variables=["x", "y"], covariates=["z"])
    assert codes(result) == ["no_correlation"]


def test_a_function_of_the_other_is_said(settings):
    index = np.arange(20.0)
    result = fitted(pd.DataFrame({"x": index, "y": 1 - 0.3 * index}), settings, variables=["x", "y"])
    assert codes(result) == ["perfect_correlation"]
    assert pick(result)["estimate"] == -1


def test_bad_entries_are_refused(inputs, settings):
    frame = inputs["gbsg2"]
    with pytest.raises(InputError, match="found only 'age', expected two columns"):
        fitted(frame, settings, variables=["age"])
    with pytest.raises(InputError, match="column 'age': stands twice"):
        fitted(frame, settings, variables=["age"], others=["age"])
    with pytest.raises(InputError, match="correlation kendall: found covariates"):
        fitted(frame, settings, variables=["age", "pnodes"], covariates=["tsize"], method="kendall")
