"""Comparisons of areas against pROC's roc.test (tests/reference/R/roc_more.R), and by hand."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import roc, roc_comparison

NUMBERS = {"estimate", "conf_low", "conf_high", "statistic", "df", "p_value"}


def fit(frame, settings, **entry):
    kinds = {"horTh": {"type": "category", "levels": ["no", "yes"]}, "site": {"type": "category", "levels": [1, 2, 3]}}
    return roc_comparison.fit(frame, **settings("roc_comparison", **entry), seed=3, columns=declare(frame, **kinds))


FOUR = {"scores": ["pnodes", "progrec", "estrec", "tsize"], "lower": ["progrec", "estrec"], "outcome": "cens"}


def test_paired_tests_agree_with_proc(inputs, settings, reference):
    result = fit(inputs["gbsg2"], settings, **FOUR)
    for _, line in reference("roc_more", "paired").iterrows():
        quantity = "auc_equality_test" if line["term"] == "all scores" else "auc_difference"
        found = pick(result, term=line["term"], quantity=quantity)[line["quantity"]]
        assert found == pytest.approx(line["value"], rel=1e-11)
    assert len(pick(result, term="all scores")) and pick(result, term="all scores")["df"] == 3


def test_unpaired_tests_agree_with_proc(inputs, settings, reference):
    entry = {"scores": ["pnodes", "progrec"], "lower": ["progrec"], "outcome": "cens", "group": "horTh"}
    result = fit(inputs["gbsg2"], settings, **entry)
    for _, line in reference("roc_more", "unpaired").iterrows():
        found = pick(result, term=line["term"], quantity="auc_difference")
        assert found[line["quantity"]] == pytest.approx(line["value"], rel=1e-11)
        assert found["conf_low"] < found["estimate"] < found["conf_high"]
    assert pick(result, term="pnodes", scale="no against yes")["n"] == 686


def test_single_areas_are_those_of_roc(inputs, settings):
    frame = inputs["gbsg2"]
    compared = pick(fit(frame, settings, **FOUR), term="pnodes", quantity="auc")
    entry = settings("roc", score="pnodes", outcome="cens", bootstrap=0)
    alone = pick(roc.fit(frame, **entry, seed=1, columns=declare(frame)), quantity="auc")
    for name in ("estimate", "std_error", "conf_low", "conf_high", "n", "n_events"):
        assert compared[name] == pytest.approx(alone[name], rel=1e-13)


def test_order_of_scores_changes_signs_alone(inputs, settings):
    frame = inputs["gbsg2"]
    one = fit(frame, settings, scores=["pnodes", "tsize"], outcome="cens")
    two = fit(frame.sample(frac=1, random_state=1), settings, scores=["tsize", "pnodes"], outcome="cens")
    first, second = (pick(result, quantity="auc_difference") for result in (one, two))
    assert first["estimate"] == pytest.approx(-second["estimate"])
    assert first["p_value"] == pytest.approx(second["p_value"])
    assert first["conf_low"] == pytest.approx(-second["conf_high"])


def test_two_scores_have_one_test(inputs, settings):
    """With two scores chi-squared is the square of z."""
    result = fit(inputs["gbsg2"], settings, scores=["pnodes", "tsize"], outcome="cens")
    z, chi2 = pick(result, quantity="auc_difference"), pick(result, quantity="auc_equality_test")
    assert chi2["statistic"] == pytest.approx(z["statistic"] ** 2)
    assert chi2["p_value"] == pytest.approx(z["p_value"])


def test_a_bootstrap_is_near_delong_and_seeded(inputs, settings):
    entry = {"scores": ["pnodes", "tsize"], "outcome": "cens"}
    exact = pick(fit(inputs["gbsg2"], settings, **entry), quantity="auc_difference")
    one, two = (fit(inputs["gbsg2"], settings, **entry, interval="bootstrap") for _ in range(2))
    pd.testing.assert_frame_equal(one.estimates, two.estimates)
    sampled = pick(one, quantity="auc_difference")
    assert sampled["std_error"] == pytest.approx(exact["std_error"], rel=0.06)
    assert sampled["conf_low"] == pytest.approx(exact["conf_low"], abs=0.01)
    groups = fit(inputs["gbsg2"], settings, scores=["pnodes"], outcome="cens", group="horTh", interval="bootstrap")
    exact = fit(inputs["gbsg2"], settings, scores=["pnodes"], outcome="cens", group="horTh")
    errors = [pick(result, quantity="auc_difference")["std_error"] for result in (groups, exact)]
    assert errors[0] == pytest.approx(errors[1], rel=0.06)


def test_three_groups_have_a_test_of_all(inputs, settings):
    frame = inputs["gbsg2"].assign(site=np.arange(686) % 3 + 1)
    result = fit(frame, settings, scores=["pnodes"], outcome="cens", group="site")
    assert (result.estimates["quantity"] == "auc_difference").sum() == 3
    test = pick(result, quantity="auc_equality_test")
    areas = result.estimates[result.estimates["quantity"] == "auc"]
    weight = 1 / areas["std_error"] ** 2
    mean = (weight * areas["estimate"]).sum() / weight.sum()
    assert test["statistic"] == pytest.approx((weight * (areas["estimate"] - mean) ** 2).sum(), rel=1e-10)
    assert test["n"] == 686


def test_a_score_against_itself_has_no_test(inputs, settings):
    frame = inputs["gbsg2"].assign(again=2 * inputs["gbsg2"]["pnodes"] + 1)
    result = fit(frame, settings, scores=["pnodes", "again"], outcome="cens")
    assert pick(result, quantity="auc_difference")["estimate"] == 0
    assert np.isnan(pick(result, quantity="auc_difference")["p_value"])
    assert np.isnan(pick(result, quantity="auc_equality_test")["p_value"])
    assert "difference_without_variance" in codes(result)


def test_only_rows_complete_in_every_score_are_compared(inputs, settings):
    frame = inputs["gbsg2"].copy()
    frame.loc[:9, "pnodes"] = np.nan
    frame.loc[5:19, "tsize"] = np.nan
    result = fit(frame, settings, scores=["pnodes", "tsize"], outcome="cens")
    assert set(result.estimates["n"]) == {666}
    assert "incomplete_rows" in codes(result)


def test_one_event_gives_areas_without_tests(settings):
    frame = pd.DataFrame({"a": np.arange(9.0), "b": np.arange(9.0) % 4, "y": [0] * 8 + [1]})
    for interval in ("delong", "bootstrap"):
        result = fit(frame, settings, scores=["a", "b"], outcome="y", interval=interval)
        assert np.isnan(pick(result, quantity="auc_difference")["p_value"])
        assert np.isnan(pick(result, quantity="auc_equality_test")["p_value"])


@pytest.mark.parametrize(
    ("change", "entry", "sentence"),
    [
        ({}, {"scores": ["pnodes"]}, "found pnodes alone and no group"),
        ({}, {"lower": ["age"]}, "lower: found 'age', expected one of the scores pnodes, tsize"),
        ({"cens": 1}, {}, "column 'cens': all 686 rows are 1, expected events and non-events"),
        ({"tsize": 3}, {}, "column 'tsize': all 686 rows are 3, expected a score that varies"),
        ({"horTh": "no"}, {"group": "horTh"}, "only the level 'no' occurs"),
        ({"pnodes": np.nan}, {}, "no row is complete"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(inputs, settings, change, entry, sentence):
    entry = {"scores": ["pnodes", "tsize"], "outcome": "cens", **entry}
    with pytest.raises(InputError, match=sentence):
        fit(inputs["gbsg2"].assign(**change), settings, **entry)


def test_a_group_without_events_is_named(inputs, settings):
    frame = inputs["gbsg2"].copy()
    frame.loc[frame["horTh"] == "yes", "cens"] = 0
    with pytest.raises(InputError, match="all 246 rows where horTh is yes are 0"):
        fit(frame, settings, scores=["pnodes"], outcome="cens", group="horTh")
