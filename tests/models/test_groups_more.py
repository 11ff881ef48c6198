"""Tests of groups and their sizes against R (tests/reference/R/groups_more.R)."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import groups
from recohort.models.comparison.contingency import chi_squared, fisher_p, odds_ratio

KINDS = {
    "group": {"type": "boolean"},
    "horTh": {"type": "category", "levels": ["no", "yes"]},
    "menostat": {"type": "category", "levels": ["Post", "Pre"]},
    "tgrade": {"type": "category", "levels": ["I", "II", "III"]},
    "older": {"type": "category", "levels": ["0", "1", "2", "3"]},
    "arrest": {"type": "boolean"},
    "fin": {"type": "boolean"},
}
TWO = {
    "mw_small": ("small", "group", "value", None),
    "mw_pnodes_60": ("gbsg2", "horTh", "pnodes", 60),
    "mw_age_60": ("gbsg2", "horTh", "age", 60),
    "mw_pnodes": ("gbsg2", "horTh", "pnodes", None),
    "mw_progrec": ("gbsg2", "horTh", "progrec", None),
}
TABLES = {
    "counts_menostat": ("gbsg2", "horTh", "menostat", None),
    "counts_60": ("gbsg2", "horTh", "menostat", 60),
    "counts_tgrade": ("gbsg2", "horTh", "tgrade", None),
    "counts_age_60": ("gbsg2", "tgrade", "older", 60),
    "counts_rossi": ("rossi", "arrest", "fin", None),
}


def fitted(case, inputs, settings, **entry):
    name, group, variable, head = case
    frame = inputs[name].head(head) if head else inputs[name]
    if variable == "older":
        frame = frame.assign(older=pd.cut(frame["age"], [0, 45, 55, 65, 99], labels=["0", "1", "2", "3"]).astype(str))
    entry = settings("groups", group=group, variables=[variable], **entry)
    return groups.fit(frame, **entry, columns=declare(frame, **KINDS))


def expected_of(reference, analysis):
    return reference("groups_more", analysis).set_index(["term", "quantity"])["value"].to_dict()


@pytest.mark.parametrize("case", [name for name in TWO if name not in ("mw_pnodes", "mw_progrec")])
def test_exact_mann_whitney_with_ties_agrees_with_wilcox_exact_and_coin(case, inputs, settings, reference):
    row = pick(fitted(TWO[case], inputs, settings, exact=True), quantity="difference")
    expected = expected_of(reference, case)
    assert row["statistic"] == expected["all", "statistic"]
    assert row["p_value"] == pytest.approx(expected["all", "exact_p"], rel=1e-12, abs=0)
    assert row["p_value"] == pytest.approx(expected["all", "coin_p"], rel=1e-10, abs=0)
    assert row["conf_low"] == pytest.approx(expected["all", "exact_low"], abs=1e-12)
    assert row["conf_high"] == pytest.approx(expected["all", "exact_high"], abs=1e-12)


def test_exact_shift_without_ties_agrees_with_wilcox_test(inputs, settings, reference):
    row = pick(fitted(TWO["mw_small"], inputs, settings), quantity="difference")
    expected = expected_of(reference, "mw_small")
    for column, quantity in (("p_value", "p"), ("conf_low", "low"), ("conf_high", "high"), ("estimate", "shift")):
        assert row[column] == pytest.approx(expected["all", f"r_exact_{quantity}"], rel=1e-13)


@pytest.mark.parametrize("correct", [True, False])
@pytest.mark.parametrize("case", TWO)
def test_normal_mann_whitney_and_its_shift_agree_with_wilcox_test(case, correct, inputs, settings, reference):
    row = pick(fitted(TWO[case], inputs, settings, exact=False, correct=correct), quantity="difference")
    expected, kind = expected_of(reference, case), "corrected" if correct else "plain"
    assert row["p_value"] == pytest.approx(expected["all", f"{kind}_p"], rel=1e-11, abs=0)
    assert row["conf_low"] == pytest.approx(expected["all", f"{kind}_low"], abs=1e-9)
    assert row["conf_high"] == pytest.approx(expected["all", f"{kind}_high"], abs=1e-9)


@pytest.mark.parametrize("case", TWO)
def test_sizes_of_two_groups_agree_with_r(case, inputs, settings, reference):
    expected = expected_of(reference, case)
    ranked = fitted(TWO[case], inputs, settings)
    area = pick(ranked, quantity="probability_of_superiority")
    for column, quantity in (
        ("estimate", "superiority"),
        ("conf_low", "superiority_low"),
        ("conf_high", "superiority_high"),
    ):
        assert area[column] == pytest.approx(expected["all", quantity], rel=1e-13)
    biserial = pick(ranked, quantity="rank_biserial")
    assert biserial["estimate"] == pytest.approx(expected["all", "rank_biserial"], abs=1e-13)
    assert biserial["conf_low"] == pytest.approx(2 * expected["all", "superiority_low"] - 1, abs=1e-13)
    for test in ("student", "welch"):
        result = fitted(TWO[case], inputs, settings, test=test)
        d = pick(result, quantity="cohen_d")
        assert d["estimate"] == pytest.approx(expected["all", f"{test}_d"], rel=1e-12)
        assert d["conf_low"] == pytest.approx(expected["all", f"{test}_d_low"], rel=1e-9)
        assert d["conf_high"] == pytest.approx(expected["all", f"{test}_d_high"], rel=1e-9)
        assert pick(result, quantity="hedges_g")["estimate"] == pytest.approx(expected["all", f"{test}_g"], rel=1e-11)


@pytest.mark.parametrize("test", ["kruskal", "anova", "welch_anova"])
@pytest.mark.parametrize("variable", ["pnodes", "age", "progrec"])
def test_several_groups_agree_with_r(test, variable, inputs, settings, reference):
    result = fitted(("gbsg2", "tgrade", variable, None), inputs, settings, test=test)
    expected = expected_of(reference, f"several_{variable}")
    row = pick(result, quantity="difference")
    assert row["scale"] == "between I, II, III"
    assert row["statistic"] == pytest.approx(expected[test, "statistic"], rel=1e-11)
    assert row["p_value"] == pytest.approx(expected[test, "p"], rel=1e-10, abs=0)
    assert row["df"] == 2
    if test != "kruskal":
        assert pick(result, quantity="residual_df")["estimate"] == pytest.approx(
            expected[test, "residual_df"], rel=1e-12
        )
    if test == "anova":
        size = pick(result, quantity="eta_squared")
        assert size["estimate"] == pytest.approx(expected[test, "size"], rel=1e-11)
        assert size["conf_low"] == pytest.approx(expected[test, "size_low"], rel=1e-6, abs=1e-12)
        assert size["conf_high"] == pytest.approx(expected[test, "size_high"], rel=1e-6)
    if test == "kruskal":
        assert pick(result, quantity="epsilon_squared")["estimate"] == pytest.approx(expected[test, "size"], rel=1e-11)


@pytest.mark.parametrize("how", ["none", "bonferroni", "holm", "bh", "by"])
@pytest.mark.parametrize("test", ["kruskal", "anova", "welch_anova"])
def test_pairs_agree_with_pairwise_tests_of_r(test, how, inputs, settings, reference):
    result = fitted(("gbsg2", "tgrade", "progrec", None), inputs, settings, test=test, pairwise=how)
    expected = expected_of(reference, "several_progrec")
    quantity = "pairwise_difference" if how == "none" else "pairwise_p_adjusted"
    for scale in ("II against I", "III against I", "III against II"):
        row = pick(result, quantity=quantity, scale=scale)
        assert row["p_value"] == pytest.approx(expected[scale, f"{test}_{how}"], rel=1e-9, abs=0)
    assert ("pairwise_p_adjusted" in set(result.estimates["quantity"])) == (how != "none")


@pytest.mark.parametrize("case", TABLES)
def test_tables_of_counts_agree_with_r(case, inputs, settings, reference):
    expected = expected_of(reference, case)
    for correct in (True, False):
        row = pick(fitted(TABLES[case], inputs, settings, test="chi2", correct=correct), quantity="difference")
        kind = "corrected" if correct else "plain"
        assert row["statistic"] == pytest.approx(expected[kind, "statistic"], rel=1e-12)
        assert row["p_value"] == pytest.approx(expected[kind, "p"], rel=1e-11, abs=0)
        assert row["df"] == expected[kind, "df"]
    result = fitted(TABLES[case], inputs, settings, test="fisher")
    assert pick(result, quantity="difference")["p_value"] == pytest.approx(expected["fisher", "p"], rel=1e-9, abs=0)
    v = pick(result, quantity="cramers_v")
    assert v["estimate"] == pytest.approx(expected["plain", "v"], rel=1e-12)
    assert v["conf_low"] == pytest.approx(expected["plain", "v_low"], rel=1e-8, abs=1e-12)
    assert v["conf_high"] == pytest.approx(expected["plain", "v_high"], rel=1e-8)
    if ("fisher", "ratio") in expected:
        ratio = pick(result, quantity="odds_ratio")
        for column, quantity in (("estimate", "ratio"), ("conf_low", "low"), ("conf_high", "high")):
            assert ratio[column] == pytest.approx(expected["fisher", quantity], rel=1e-11)
            assert ratio[column] == pytest.approx(expected["fisher", f"r_{quantity}"], rel=1e-3)


def test_proportions_of_each_category(inputs, settings):
    result = fitted(TABLES["counts_menostat"], inputs, settings, test="chi2")
    row = pick(result, quantity="proportion", scale="Pre in yes")
    frame = inputs["gbsg2"]
    treated = frame[frame["horTh"] == "yes"]
    assert (row["n_events"], row["n"]) == ((treated["menostat"] == "Pre").sum(), len(treated))
    assert row["conf_low"] < row["estimate"] < row["conf_high"]


@pytest.mark.parametrize("test", ["mann_whitney", "welch", "student"])
def test_sign_and_order_of_rows_and_scale(test, inputs, settings):
    frame = inputs["gbsg2"].head(80)
    entry = settings("groups", group="horTh", variables=["pnodes"], test=test, exact=True)
    columns = declare(frame, **KINDS)
    row = pick(groups.fit(frame, **entry, columns=columns), quantity="difference")
    mirrored = pick(groups.fit(frame.assign(pnodes=-frame["pnodes"]), **entry, columns=columns), quantity="difference")
    shuffled = pick(groups.fit(frame.iloc[::-1], **entry, columns=columns), quantity="difference")
    scaled = pick(groups.fit(frame.assign(pnodes=8 * frame["pnodes"]), **entry, columns=columns), quantity="difference")
    assert (mirrored["conf_low"], mirrored["conf_high"]) == pytest.approx((-row["conf_high"], -row["conf_low"]))
    assert mirrored["p_value"] == pytest.approx(row["p_value"], rel=1e-12)
    assert shuffled["estimate"] == pytest.approx(row["estimate"], rel=1e-12)
    assert (scaled["estimate"], scaled["conf_low"]) == pytest.approx((8 * row["estimate"], 8 * row["conf_low"]))
    assert scaled["p_value"] == pytest.approx(row["p_value"], rel=1e-12)


def test_two_groups_by_anova_are_student_squared(inputs, settings):
    t = pick(fitted(TWO["mw_small"], inputs, settings, test="student"), quantity="difference")
    f = pick(fitted(TWO["mw_small"], inputs, settings, test="anova"), quantity="difference")
    assert f["statistic"] == pytest.approx(t["statistic"] ** 2)
    assert f["p_value"] == pytest.approx(t["p_value"])


def test_fisher_of_a_table_by_hand():
    table = np.array([[3, 1], [1, 3]])
    assert fisher_p(table) == pytest.approx(34 / 70)
    assert fisher_p(table.T) == pytest.approx(34 / 70)
    assert odds_ratio(np.array([[0, 5], [5, 0]]), 0.95)[0] == 0.0
    assert odds_ratio(np.array([[5, 0], [0, 5]]), 0.95)[2] == np.inf


def test_fisher_too_large_is_refused_in_a_sentence():
    with pytest.raises(InputError, match="too many counts, expected test chi2"):
        fisher_p(np.random.default_rng(1).integers(20, 60, (9, 9)))


def test_yates_takes_no_more_than_the_difference():
    assert chi_squared(np.array([[10, 10], [10, 10]]), correct=True).statistic == 0.0


def frame_of(first, second):
    group = np.r_[np.zeros(len(first)), np.ones(len(second))].astype(int)
    return pd.DataFrame({"group": group, "value": np.r_[first, second]})


def run(frame, settings, **entry):
    entry = settings("groups", group="group", variables=["value"], **entry)
    return groups.fit(frame, **entry, columns=declare(frame, **KINDS))


@pytest.mark.parametrize("test", ["welch", "student", "anova", "welch_anova"])
def test_groups_that_do_not_vary_are_not_tested(test, settings):
    result = run(frame_of([1, 1, 1], [2, 2, 2]), settings, test=test)
    assert codes(result) == ["no_variation"]
    row = pick(result, quantity="difference")
    assert np.isnan(row[["p_value", "conf_low", "statistic"]].astype(float)).all()


@pytest.mark.parametrize("test", ["mann_whitney", "welch", "student", "kruskal", "anova", "welch_anova"])
def test_a_constant_variable_is_not_tested(test, settings):
    result = run(frame_of([2, 2, 2], [2, 2]), settings, test=test, pairwise="holm")
    assert codes(result) == ["constant_variable"]
    assert np.isnan(pick(result, quantity="difference")["p_value"])


def test_too_few_values_have_no_interval_of_this_level(settings):
    result = run(frame_of([1, 2], [3, 4, 5]), settings)
    assert codes(result) == ["interval_unattainable"]
    row = pick(result, quantity="difference")
    assert np.isnan(row["conf_low"]) and row["p_value"] == pytest.approx(0.2)


def test_a_category_of_one_level_is_not_tested(settings):
    frame = frame_of([1, 2, 3], [4, 5, 6]).assign(horTh="no")
    entry = settings("groups", group="group", variables=["horTh"], test="chi2")
    result = groups.fit(frame, **entry, columns=declare(frame, **KINDS))
    assert codes(result) == ["constant_variable"]


def test_small_expected_counts_are_said(inputs, settings):
    result = fitted(TABLES["counts_age_60"], inputs, settings, test="chi2")
    assert codes(result) == ["small_expected"]


def test_what_cannot_be_compared_is_refused(inputs, settings):
    with pytest.raises(InputError, match="found the levels I, II, III, expected two"):
        fitted(("gbsg2", "tgrade", "age", None), inputs, settings, test="welch")
    with pytest.raises(InputError, match="column 'age': is declared number, expected category or boolean"):
        fitted(("gbsg2", "tgrade", "age", None), inputs, settings, test="chi2")
    with pytest.raises(InputError, match="are too many, expected 'exact: auto' or false"):
        fitted(TWO["mw_pnodes"], inputs, settings, exact=True)
    frame = frame_of([1, 2, np.nan], [np.nan, np.nan, np.nan])
    with pytest.raises(InputError, match="found the levels 0, expected two"):
        run(frame, settings)
