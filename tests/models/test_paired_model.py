"""Paired comparisons and agreement against R's stats, coin, exactRankTests, psych and epiR (groups_more.R)."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import paired

CASES = {
    "paired_pairs": ("pairs", "before", "after", 50, 6),
    "paired_ratings": ("ratings", "physician", "patient", 80, 3),
}


def fitted(case, inputs, settings, **entry):
    name, first, second, threshold, margin = CASES[case]
    frame = inputs[name]
    entry = {"first": first, "second": second, "threshold": threshold, "margin": margin, **entry}
    return paired.fit(frame, **settings("paired", **entry), columns=declare(frame))


def expected_of(reference, analysis):
    return reference("groups_more", analysis).set_index(["term", "quantity"])["value"].to_dict()


def check(row, expected, term, rel, **columns):
    for column, quantity in columns.items():
        assert row[column] == pytest.approx(expected[term, quantity], rel=rel, abs=1e-12), (term, quantity)


LIMITS = {"estimate": "estimate", "conf_low": "low", "conf_high": "high"}


@pytest.mark.parametrize("case", CASES)
def test_paired_t_and_size_agree_with_r(case, inputs, settings, reference):
    result, expected = fitted(case, inputs, settings), expected_of(reference, case)
    row = pick(result, quantity="difference")
    check(row, expected, "t", 1e-11, **LIMITS, statistic="statistic", p_value="p")
    d = pick(result, quantity="cohen_d")
    check(d, expected, "t", 1e-9, estimate="d", conf_low="d_low", conf_high="d_high")
    check(pick(result, quantity="hedges_g"), expected, "t", 1e-11, estimate="g")


@pytest.mark.parametrize("correct", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_normal_signed_rank_agrees_with_wilcox_test(case, correct, inputs, settings, reference):
    row = pick(fitted(case, inputs, settings, exact=False, correct=correct), quantity="median_difference")
    expected, kind = expected_of(reference, case), "corrected" if correct else "plain"
    check(row, expected, kind, 1e-11, statistic="statistic", p_value="p")
    assert row["conf_low"] == pytest.approx(expected[kind, "low"], abs=1e-9)
    assert row["conf_high"] == pytest.approx(expected[kind, "high"], abs=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_exact_signed_rank_with_ties_agrees_with_wilcox_exact_and_pratt_with_coin(case, inputs, settings, reference):
    expected = expected_of(reference, case)
    row = pick(fitted(case, inputs, settings, exact=True), quantity="median_difference")
    check(row, expected, "exact", 1e-10, statistic="statistic", p_value="p")
    row = pick(fitted(case, inputs, settings, exact=True, zeros="pratt"), quantity="median_difference")
    check(row, expected, "pratt", 1e-9, p_value="exact_p")
    row = pick(fitted(case, inputs, settings, exact=False, correct=False, zeros="pratt"), quantity="median_difference")
    check(row, expected, "pratt", 1e-10, p_value="p")


def test_exact_median_difference_without_ties_agrees_with_wilcox_test(inputs, settings, reference):
    row = pick(fitted("paired_pairs", inputs, settings), quantity="median_difference")
    expected = expected_of(reference, "paired_pairs")
    check(row, expected, "r_exact", 1e-12, p_value="p", conf_low="low", conf_high="high", estimate="shift")
    assert row["method"] == "signed rank, exact"


@pytest.mark.parametrize("case", CASES)
def test_relative_change_and_equivalence_agree_with_t_test(case, inputs, settings, reference):
    result, expected = fitted(case, inputs, settings), expected_of(reference, case)
    check(pick(result, quantity="percent_change"), expected, "percent", 1e-11, **LIMITS, p_value="p")
    check(pick(result, quantity="ratio"), expected, "ratio", 1e-11, **LIMITS, p_value="p")
    row = pick(result, quantity="equivalence")
    check(row, expected, "equivalence", 1e-10, conf_low="low", conf_high="high", p_value="p")
    check(pick(result, quantity="sign_test"), expected, "sign", 1e-12, p_value="p")


@pytest.mark.parametrize("interval", ["exact", "approximate"])
@pytest.mark.parametrize("case", CASES)
def test_limits_of_agreement_and_their_intervals(case, interval, inputs, settings, reference):
    result, expected = fitted(case, inputs, settings, interval=interval), expected_of(reference, case)
    low, high = (pick(result, quantity=name) for name in ("limit_low", "limit_high"))
    check(low, expected, "limits", 1e-12, estimate="low")
    check(high, expected, "limits", 1e-9, estimate="high", conf_low=f"{interval}_inner", conf_high=f"{interval}_outer")
    bias = pick(result, quantity="bias")["estimate"]
    assert bias - low["conf_low"] == pytest.approx(high["conf_high"] - bias, rel=1e-12)
    check(pick(result, quantity="proportional_bias"), expected, "slope", 1e-9, **LIMITS, p_value="p")


@pytest.mark.parametrize("case", CASES)
def test_agreement_agrees_with_psych_and_epir(case, inputs, settings, reference):
    result, expected = fitted(case, inputs, settings), expected_of(reference, case)
    check(pick(result, quantity="icc_agreement"), expected, "icc2", 1e-10, **LIMITS)
    check(pick(result, quantity="icc_consistency"), expected, "icc3", 1e-10, **LIMITS)
    check(pick(result, quantity="concordance"), expected, "concordance", 1e-11, **LIMITS)
    check(pick(result, quantity="kappa"), expected, "kappa", 1e-11, **LIMITS, std_error="std_error")
    check(pick(result, quantity="mcnemar_test"), expected, "kappa", 1e-12, p_value="mcnemar_p")
    counts = {
        "below to below": "stayed_below",
        "below to above": "rose",
        "above to below": "fell",
        "above to above": "stayed_above",
    }
    first = CASES[case][1]
    for words, quantity in counts.items():
        row = pick(result, quantity="reclassification", scale=f"against {first}, {words}")
        assert row["n_events"] == expected["kappa", quantity]


def test_the_curve_holds_every_patient(inputs, settings):
    frame = inputs["pairs"].assign(participant_id=[f"sub-{number:03d}" for number in range(30)])
    curve = paired.fit(frame, **settings("paired", first="before", second="after"), columns=declare(frame)).curve
    assert list(curve.columns) == ["participant_id", "first", "second", "mean", "difference"]
    assert (curve["second"] - curve["first"] == curve["difference"]).all()


def test_exchange_of_the_columns_turns_the_sign(inputs, settings):
    frame = inputs["ratings"]
    one, other = (
        paired.fit(frame, **settings("paired", first=a, second=b, exact=True), columns=declare(frame))
        for a, b in (("physician", "patient"), ("patient", "physician"))
    )
    for quantity in ("difference", "median_difference", "limit_low"):
        mirror = quantity.replace("low", "high")
        a, b = pick(one, quantity=quantity), pick(other, quantity=mirror)
        assert (a["estimate"], a["conf_low"]) == pytest.approx((-b["estimate"], -b["conf_high"]), rel=1e-11)
    a, b = (pick(result, quantity="icc_agreement") for result in (one, other))
    assert (a["estimate"], a["conf_low"]) == pytest.approx((b["estimate"], b["conf_low"]), rel=1e-12)


def run(first, second, settings, **entry):
    frame = pd.DataFrame({"first": first, "second": second}, dtype=float)
    return paired.fit(frame, **settings("paired", first="first", second="second", **entry), columns=declare(frame))


def test_equal_columns_are_not_tested(settings):
    result = run([1, 2, 3, 4], [1, 2, 3, 4], settings, margin=1, threshold=2.5)
    assert "constant_difference" in codes(result) and "zero_differences" in codes(result)
    for quantity in ("difference", "median_difference", "equivalence", "bias"):
        assert np.isnan(pick(result, quantity=quantity)["p_value"])
    assert not (result.estimates["quantity"] == "limit_low").any()
    assert np.isnan(pick(result, quantity="icc_agreement")["estimate"])
    assert pick(result, quantity="kappa")["estimate"] == 1


def test_everyone_in_one_class_has_no_kappa(settings):
    result = run([1, 2, 3], [2, 3, 5], settings, threshold=0)
    assert "no_kappa" in codes(result)
    assert np.isnan(pick(result, quantity="kappa")["estimate"])


def test_small_baselines_have_no_percent_change(settings):
    result = run([0, 1, 10, 20, -5], [5, 9, 11, 25, -4], settings)
    assert {"small_baseline", "no_ratio"} <= set(codes(result))
    assert pick(result, quantity="percent_change")["n"] == 4
    assert pick(result, quantity="percent_change")["estimate"] == pytest.approx(np.mean([800, 10, 25, 20]))
    assert pick(result, quantity="ratio")["n"] == 3
    result = run([0, 1, 10, 20, -5], [5, 9, 11, 25, -4], settings, minimum_baseline=2)
    assert pick(result, quantity="percent_change")["estimate"] == pytest.approx(np.mean([10, 25, 20]))


def test_a_wide_margin_is_equivalent_and_a_narrow_one_not(inputs, settings):
    wide = pick(fitted("paired_pairs", inputs, settings, margin=50), quantity="equivalence")
    narrow = pick(fitted("paired_pairs", inputs, settings, margin=0.1), quantity="equivalence")
    assert wide["p_value"] < 1e-6 < 0.5 < narrow["p_value"]


def test_bad_columns_are_refused(inputs, settings):
    with pytest.raises(InputError, match="is compared with itself"):
        fitted("paired_pairs", inputs, settings, second="before")
    with pytest.raises(InputError, match="1 patient has both, expected at least two"):
        run([1, np.nan], [2, 3], settings)
    frame = inputs["pairs"]
    columns = declare(frame, before={"type": "number", "unit": "mL"}, after={"type": "number", "unit": "ppm"})
    with pytest.raises(InputError, match="found the units 'mL' and 'ppm', expected one"):
        paired.fit(frame, **settings("paired", first="before", second="after"), columns=columns)
