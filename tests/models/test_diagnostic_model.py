"""Accuracy of tests against epiR, psych and R's stats (tests/reference/R/diagnostic.R), and by hand."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import diagnostic
from recohort.models.accuracy.paired_tests import kappa, mcnemar, paired_ratio, tango
from recohort.models.accuracy.proportion import INTERVALS, proportion_interval

TESTS = {
    "nodes": {"column": "pnodes", "threshold": 4},
    "receptor": {"column": "progrec", "threshold": 20, "direction": "lower"},
    "grade": {"column": "tgrade", "positive": "III"},
}
KINDS = {
    "tgrade": {"type": "category", "levels": ["I", "II", "III"]},
    "horTh": {"type": "category", "levels": ["no", "yes"]},
}


def fit(frame, settings, **entry):
    return diagnostic.fit(frame, **settings("diagnostic", **entry), columns=declare(frame, **KINDS))


def check(result, line, quantity, column, rel=1e-12):
    found = pick(result, term=line["term"], quantity=quantity)
    assert found[column] == pytest.approx(line["value"], rel=rel), (line["term"], quantity, column)


def split(quantity):
    for ending, column in (("_low", "conf_low"), ("_high", "conf_high")):
        if quantity.endswith(ending):
            return quantity.removesuffix(ending), column
    return quantity, "estimate"


@pytest.mark.parametrize("interval", ["wilson", "clopper_pearson", "agresti_coull", "jeffreys", "wald"])
def test_accuracy_agrees_with_epir(interval, inputs, settings, reference):
    result = fit(inputs["gbsg2"], settings, reference="cens", tests=TESTS, interval=interval, compare=False)
    for _, line in reference("diagnostic", interval).iterrows():
        quantity, column = split(line["quantity"])
        if interval == "agresti_coull" and column == "estimate":
            continue  # epiR gives the centre of the interval
        check(result, line, quantity, column)


@pytest.mark.parametrize("interval", ["wilson", "clopper_pearson"])
def test_shares_agree_with_stats(interval, inputs, settings, reference):
    result = fit(inputs["gbsg2"], settings, reference="cens", tests=TESTS, interval=interval, compare=False)
    for _, line in reference("diagnostic", f"stats_{interval}").iterrows():
        check(result, line, *split(line["quantity"]), rel=1e-10)


@pytest.mark.parametrize("prevalence", [0.02, 0.3])
def test_predictive_values_at_a_prevalence_agree_with_the_delta_method(prevalence, inputs, settings, reference):
    result = fit(inputs["gbsg2"], settings, reference="cens", tests=TESTS, prevalence=prevalence)
    for _, line in reference("diagnostic", f"prevalence_{prevalence:g}").iterrows():
        check(result, line, *split(line["quantity"]), rel=1e-9)


def test_paired_comparisons_agree_with_r(inputs, settings, reference):
    result = fit(inputs["gbsg2"], settings, reference="cens", tests=TESTS)
    methods = {"exact": "exact McNemar", "plain": "McNemar", "corrected": "McNemar, continuity corrected"}
    for _, line in reference("diagnostic", "paired").iterrows():
        word, *rest = line["quantity"].split("_")
        if rest and rest[0] in methods:
            found = pick(result, term=line["term"], quantity=f"{word}_test", method=methods[rest[0]])
            column = {"p": "p_value", "statistic": "statistic"}[rest[1]]
            assert found[column] == pytest.approx(line["value"], rel=1e-11)
        else:
            check(result, line, *split(line["quantity"]), rel=1e-10)


def test_predictive_values_at_the_samples_own_prevalence_are_the_samples(inputs, settings):
    frame = inputs["gbsg2"]
    result = fit(frame, settings, reference="cens", tests=TESTS, prevalence=float(frame["cens"].mean()))
    for value in ("ppv", "npv"):
        own = pick(result, term="nodes", quantity=value)["estimate"]
        assert pick(result, term="nodes", quantity=f"{value}_at_prevalence")["estimate"] == pytest.approx(own)


def test_shares_carry_their_numerator_and_denominator(inputs, settings):
    frame = inputs["gbsg2"]
    row = pick(fit(frame, settings, reference="cens", tests=TESTS), term="nodes", quantity="sensitivity")
    assert row["n"] == frame["cens"].sum()
    assert row["n_events"] == ((frame["pnodes"] >= 4) & (frame["cens"] == 1)).sum()
    assert row["estimate"] == row["n_events"] / row["n"]


def test_swapping_the_tests_turns_the_comparison_round(inputs, settings):
    two = {name: TESTS[name] for name in ("grade", "nodes")}
    forth = fit(inputs["gbsg2"], settings, reference="cens", tests=TESTS)
    back = fit(inputs["gbsg2"].sample(frac=1, random_state=2), settings, reference="cens", tests=two)
    one = pick(forth, term="nodes against grade", quantity="sensitivity_difference")
    other = pick(back, term="grade against nodes", quantity="sensitivity_difference")
    assert one["estimate"] == -other["estimate"]
    assert one["conf_low"] == pytest.approx(-other["conf_high"], rel=1e-12)
    assert one["p_value"] == pytest.approx(other["p_value"], rel=1e-12)


def test_the_reference_may_be_a_category(inputs, settings):
    frame = inputs["gbsg2"]
    tests = {"nodes": TESTS["nodes"]}
    named = fit(frame, settings, reference="horTh", reference_positive="yes", tests=tests)
    coded = fit(frame.assign(y=(frame["horTh"] == "yes").astype(int)), settings, reference="y", tests=tests)
    pd.testing.assert_frame_equal(named.estimates, coded.estimates)


def test_paired_limits_exist_without_discordant_pairs():
    low, high = tango(0, 0, 30, level=0.95)
    assert low == pytest.approx(-high, rel=1e-9)
    z2 = 1.959963984540054**2
    assert high == pytest.approx(z2 / (30 + z2), rel=1e-9)
    assert tango(30, 0, 30, level=0.95)[1] == 1
    assert tango(0, 30, 30, level=0.95)[0] == -1
    assert mcnemar(0, 0)[0][2] == 1
    assert np.isnan(mcnemar(0, 0)[1][1])


def test_kappa_is_one_for_agreement_and_nan_for_one_category():
    assert kappa(np.diag([7.0, 5.0])) == (1.0, 0.0)
    assert np.isnan(kappa(np.array([[9.0, 0.0], [0.0, 0.0]]))).all()
    assert kappa(np.full((2, 2), 5.0))[0] == pytest.approx(0)


def test_paired_ratio_needs_positives():
    assert paired_ratio(0, 3, 0, level=0.95)[0] != paired_ratio(0, 3, 0, level=0.95)[0]
    assert paired_ratio(0, 0, 3, level=0.95)[0] == 0


def test_a_perfect_test_has_no_infinite_number_with_limits(settings):
    frame = pd.DataFrame({"y": [0, 0, 0, 1, 1], "t": [0, 0, 0, 1, 1], "u": [0, 0, 0, 0, 0]})
    tests = {"t": {"column": "t"}, "u": {"column": "u"}}
    result = fit(frame, settings, reference="y", tests=tests, prevalence=0.1)
    assert codes(result).count("empty_cell") == 2
    assert np.isinf(pick(result, term="t", quantity="likelihood_ratio_positive")["estimate"])
    assert np.isnan(pick(result, term="t", quantity="likelihood_ratio_positive")["conf_high"])
    assert pick(result, term="t", quantity="likelihood_ratio_negative")["estimate"] == 0
    assert pick(result, term="t", quantity="ppv_at_prevalence")["estimate"] == 1
    assert np.isnan(pick(result, term="u", quantity="ppv")["estimate"])
    assert np.isnan(pick(result, term="u", quantity="diagnostic_odds_ratio")["estimate"])
    assert pick(result, term="t against u", quantity="sensitivity_difference")["estimate"] == 1


def test_limits_of_nothing_and_of_everything():
    for interval in INTERVALS:
        low, high = proportion_interval(0, 12, interval=interval, level=0.9)
        other = proportion_interval(12, 12, interval=interval, level=0.9)
        if interval == "wald":
            assert np.isnan([low, high, *other]).all()
            continue
        assert low == 0 and 0 < high < 0.3
        assert other == pytest.approx((1 - high, 1))


@pytest.mark.parametrize(
    ("change", "entry", "sentence"),
    [
        ({"cens": 1}, {}, "column 'cens': all 686 rows are positive, expected positives and negatives"),
        ({}, {"tests": {"a": {"column": "tgrade"}}}, "column 'tgrade': is a category without a positive level"),
        ({}, {"tests": {"a": {"column": "pnodes"}}}, "column 'pnodes': found .*, expected 0 or 1"),
        ({}, {"tests": {"a": {"column": "tgrade", "positive": "IV"}}}, "'IV' is none of I, II, III"),
        ({}, {"tests": {"a": {"column": "pnodes", "positive": 400}}}, "the positive level '400' does not occur"),
        (
            {},
            {"tests": {"a": {"column": "age", "positive": 40, "threshold": 3}}},
            "found a positive level and a threshold",
        ),
        ({"progrec": np.nan}, {}, "no row is complete"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(inputs, settings, change, entry, sentence):
    entry = {"reference": "cens", "tests": TESTS, **entry}
    with pytest.raises(InputError, match=sentence):
        fit(inputs["gbsg2"].assign(**change), settings, **entry)
