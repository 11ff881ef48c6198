"""Baseline tests against R's t.test, wilcox.test, kruskal.test, oneway.test, chisq.test, fisher.test (R/baseline.R)."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import baseline_tests

GRADE = {"type": "category", "levels": ["I", "II", "III"]}
CASES = {
    "lalonde": ("lalonde", "treat", ["age", "educ", "re74"], ["race", "married"]),
    "gbsg2": ("gbsg2", "tgrade", ["age", "tsize", "pnodes"], ["horTh", "menostat"]),
    "gbsg2_small": ("gbsg2", "tgrade", ["age", "pnodes"], ["horTh", "menostat"]),
    "lung": ("lung", "sex", ["age"], ["ph_ecog"]),
}
KINDS = {
    "treat": {"type": "boolean"},
    "married": {"type": "boolean"},
    "race": {"type": "category", "levels": ["black", "hispan", "white"]},
    "tgrade": GRADE,
    "horTh": {"type": "category", "levels": ["no", "yes"]},
    "menostat": {"type": "category", "levels": ["Pre", "Post"]},
    "sex": {"type": "category", "levels": ["1", "2"]},
    "ph_ecog": {"type": "integer"},
}


def data(case, inputs):
    frame = inputs[CASES[case][0]].copy()
    if case == "lalonde":
        frame["race"] = np.select([frame["black"] == 1, frame["hispan"] == 1], ["black", "hispan"], "white")
    return frame.head(40) if case == "gbsg2_small" else frame


def fitted(case, inputs, settings, variables, **entry):
    frame = data(case, inputs)
    entry = settings("baseline_tests", group=CASES[case][1], variables=variables, **entry)
    return baseline_tests.fit(frame, **entry, columns=declare(frame, **KINDS))


def values(reference, case, term):
    found = reference("baseline", case)
    return found[found["term"] == term].set_index("quantity")["value"]


@pytest.mark.parametrize("test", ["welch", "student", "mann_whitney", "welch_anova", "anova", "kruskal"])
@pytest.mark.parametrize("case", CASES)
def test_numbers_agree_with_r(case, test, inputs, settings, reference):
    _, group, terms, _ = CASES[case]
    if test in baseline_tests.TWO_GROUPS and group == "tgrade":
        with pytest.raises(InputError, match=f"'tgrade': has 3 levels, expected two for the test {test} of 'age'"):
            fitted(case, inputs, settings, {"age": test})
        return
    result = fitted(case, inputs, settings, dict.fromkeys(terms, test))
    for term in terms:
        row, expected = pick(result, term=term, quantity="difference"), values(reference, case, term)
        assert row["statistic"] == pytest.approx(expected[f"{test}_statistic"], rel=1e-12)
        assert row["p_value"] == pytest.approx(expected[f"{test}_p"], rel=1e-12)
        if test == "welch":
            assert row["conf_low"] == pytest.approx(expected["welch_low"], rel=1e-11)
            assert row["conf_high"] == pytest.approx(expected["welch_high"], rel=1e-11)
        if test == "welch_anova":
            rest = pick(result, term=term, quantity="residual_df")["estimate"]
            assert rest == pytest.approx(expected["welch_anova_residual_df"], rel=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_shares_agree_with_r(case, inputs, settings, reference):
    terms = CASES[case][3]
    for test, correct, quantity in (("chi2", False, "chi2_p"), ("chi2", True, "yates_p"), ("fisher", True, "fisher_p")):
        result = fitted(case, inputs, settings, dict.fromkeys(terms, test), correct=correct)
        for term in terms:
            expected = values(reference, case, term)
            p = expected[quantity] if quantity in expected else expected["chi2_p"]
            assert pick(result, term=term)["p_value"] == pytest.approx(p, rel=1e-10 if test == "fisher" else 1e-12)
            if quantity == "chi2_p":
                assert pick(result, term=term)["statistic"] == pytest.approx(expected["chi2_statistic"], rel=1e-12)


def test_statistic_chooses_the_test(inputs, settings):
    variables = {
        "age": "mean_sd",
        "re74": "median_iqr",
        "educ": "median_range",
        "race": "n_percent",
        "married": "n_percent",
    }
    result = fitted("lalonde", inputs, settings, variables)
    assert [pick(result, term=name)["method"] for name in variables] == [
        "Welch's t",
        "Mann-Whitney, normal with continuity correction",
        "Mann-Whitney, normal with continuity correction",
        "Pearson's chi-squared",
        "Pearson's chi-squared, Yates's correction",
    ]
    result = fitted("gbsg2", inputs, settings, {"age": "mean_sd", "pnodes": "median_iqr"})
    methods = [pick(result, term=name, quantity="difference")["method"] for name in ("age", "pnodes")]
    assert methods == ["analysis of variance", "Kruskal-Wallis"]


def test_small_expected_counts_take_fishers_test(inputs, settings, reference):
    row = pick(fitted("gbsg2_small", inputs, settings, {"horTh": "n_percent"}), term="horTh")
    assert row["method"] == "Fisher's exact"
    assert row["p_value"] == pytest.approx(values(reference, "gbsg2_small", "horTh")["fisher_p"], rel=1e-10)
    rough = fitted("gbsg2_small", inputs, settings, {"horTh": "chi2"})
    assert codes(rough) == ["small_expected"]


def test_table_too_large_for_fisher_is_tested_roughly_and_said(inputs, settings, monkeypatch):
    def refuse(table):
        raise InputError("Fisher's exact test: the table has too many counts")

    monkeypatch.setattr(baseline_tests, "fisher_p", refuse)
    result = fitted("gbsg2_small", inputs, settings, {"horTh": "n_percent"})
    assert pick(result, term="horTh")["method"] == "Pearson's chi-squared"
    assert codes(result) == ["small_expected"]
    with pytest.raises(InputError, match="too many counts"):
        fitted("gbsg2_small", inputs, settings, {"horTh": "fisher"})


def test_order_of_rows_does_not_matter(inputs, settings):
    frame = data("lalonde", inputs)
    entry = settings("baseline_tests", group="treat", variables={"age": "median_iqr", "race": "n_percent"})
    one, other = (
        baseline_tests.fit(rows, **entry, columns=declare(frame, **KINDS)).estimates
        for rows in (frame, frame.sample(frac=1, random_state=4))
    )
    pd.testing.assert_frame_equal(one, other, rtol=1e-12)


def test_what_cannot_be_tested_is_missing_and_said(settings):
    frame = pd.DataFrame(
        {
            "arm": [0] * 4 + [1] * 4,
            "same": 3.0,
            "split": [1.0] * 4 + [2.0] * 4,
            "lonely": [1.0, 2.0, 3.0, 4.0, 5.0, None, None, None],
            "gone": [1.0, 2.0, 3.0, 4.0, None, None, None, None],
            "one": ["a"] * 8,
            "half": ["a", "b", "a", "b", None, None, None, None],
        }
    )
    category = {"type": "category", "levels": ["a", "b"]}
    columns = declare(frame, arm={"type": "boolean"}, one=category, half=category)
    means = dict.fromkeys(["same", "split", "lonely"], "mean_sd")
    variables = {**means, "gone": "median_iqr", "one": "n_percent", "half": "n_percent"}
    result = baseline_tests.fit(frame, **settings("baseline_tests", group="arm", variables=variables), columns=columns)
    assert np.isnan(result.estimates["p_value"].to_numpy(float)).all()
    assert [code for code in codes(result) if code != "incomplete_rows"] == [
        "constant_variable",
        "no_variation",
        "too_few_values",
        "too_few_values",
        "constant_variable",
        "too_few_values",
    ]


def test_bad_requests_are_refused(inputs, settings):
    with pytest.raises(InputError, match="column 'race': is declared category, expected a number for mean_sd"):
        fitted("lalonde", inputs, settings, {"race": "mean_sd"})
    frame = data("lalonde", inputs)
    entry = settings("baseline_tests", group="treat", variables={"age": "mean_sd"})
    with pytest.raises(InputError, match="column 'treat': found the levels 1, expected two or more"):
        baseline_tests.fit(frame[frame["treat"] == 1], **entry, columns=declare(frame, **KINDS))
