"""Margins in expectation over 9 800 patients; tolerances are four of their standard errors unless stated."""

import numpy as np
import pandas as pd
import pytest

from recohort.core.errors import InputError
from recohort.synthetic.dce import cohort as metastases


def near(sample, expected, sds=4.0):
    return expected == pytest.approx(np.mean(sample), abs=sds * np.std(sample) / np.sqrt(len(sample)))


def test_columns_types_and_levels(cohort):
    participants, truth = cohort
    assert tuple(participants) == metastases.PARTICIPANT_COLUMNS
    assert tuple(truth) == metastases.TRUTH_COLUMNS
    assert not participants.isna().any(axis=None)
    assert not truth.isna().any(axis=None)
    assert set(participants["sex"]) == {"F", "M"}
    assert set(participants["dose"]) == {"SBRT", "cEBRT"}
    assert set(participants["histology"]) == {"prostate", "breast", "lung", "renal", "other"}
    assert participants["interval_days"].between(20, 191).all()


@pytest.mark.parametrize("seed", range(8))
def test_the_published_counts_are_exact(draw, seed):
    participants, _ = draw(seed)
    counts = participants[["success", "failure", "pet", "biopsy", "size_increase"]].sum().tolist()
    assert counts == [38, 11, 5, 1, 7]
    assert (participants["sex"] == "M").sum() == 29
    assert (participants["success"] + participants["failure"] == 1).all()
    told = participants[["pet", "biopsy", "size_increase"]].sum(axis=1)
    assert (told[participants["success"] == 1] == 0).all()
    assert sorted(told[participants["failure"] == 1]) == [1] * 9 + [2] * 2


def test_who_fails_differs_by_seed(draw, cohort):
    assert (draw(1)[0]["failure"] != cohort[0]["failure"]).any()


def test_published_margins_hold_in_expectation(many):
    assert near(many["age"], 63)
    assert many["age"].std() == pytest.approx(13, rel=0.03)
    assert many["interval_days"].median() == pytest.approx(62, abs=1.5)
    success, failure = many[many["success"] == 1], many[many["failure"] == 1]
    assert near(100 * np.expm1(success["vp_log_ratio"]), -57.3)
    assert near(100 * np.expm1(failure["vp_log_ratio"]), 88.2)
    threshold = np.log(0.7)
    assert near(success["vp_log_ratio"] < threshold, 33 / 38)
    assert near(failure["vp_log_ratio"] > threshold, 10 / 11)
    assert near(success["size_log_ratio"] <= 0, 18 / 38)
    assert near(failure["size_log_ratio"] > 0, 9 / 11)


def test_the_planted_correlation_and_criterion_are_found(many, completed):
    for group, name in ((many[many["success"] == 1], "success"), (many[many["failure"] == 1], "failure")):
        r = np.corrcoef(group["vp_log_ratio"], group["ktrans_log_ratio"])[0, 1]
        assert r == pytest.approx(completed["kinetics"]["correlation_ktrans"], abs=4 / np.sqrt(len(group)))
        assert near(group["ktrans_log_ratio"], completed["kinetics"][name]["ktrans"]["mean"])
    failed = many[many["failure"] == 1]
    grown = failed.groupby("size_increase")["size_log_ratio"].mean()
    assert grown[1] - grown[0] == pytest.approx(completed["kinetics"]["size_criterion_log"], abs=0.05)


def test_the_size_criterion_is_not_the_size_measured(many):
    """Some failures told by an increase in size shrink between the two series, and some others grow."""
    failed = many[many["failure"] == 1]
    grows = failed["size_log_ratio"] > 0
    assert 0 < grows[failed["size_increase"] == 1].mean() < 1
    assert 0 < grows[failed["size_increase"] == 0].mean() < 1


def test_same_seed_same_cohort_and_other_seed_another(draw, cohort):
    for again, first in zip(draw(), cohort, strict=True):
        pd.testing.assert_frame_equal(again, first)
    assert (draw(1)[0]["age"] != cohort[0]["age"]).mean() > 0.9


def test_another_patient_changes_none(draw, cohort, ids):
    for few, all_ in zip(draw(participants=ids[:20]), cohort, strict=True):
        pd.testing.assert_frame_equal(few, all_.head(20))


def test_another_planted_effect_changes_truth_only(draw, cohort, settings):
    settings["kinetics"]["success"]["vp"]["mean"] = 0.0
    participants, truth = draw(section=settings)
    pd.testing.assert_frame_equal(participants, cohort[0])
    same = [name for name in truth if name != "vp_log_ratio"]
    pd.testing.assert_frame_equal(truth[same], cohort[1][same])
    changed = truth["vp_log_ratio"] - cohort[1]["vp_log_ratio"]
    assert changed.to_numpy() == pytest.approx(1.033 * cohort[0]["success"].to_numpy())


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("men", 50, "groups.men: found 50 of 49 patients, expected at most 49"),
        (
            "failures",
            {"pet": 40, "size_increase": 9, "biopsy": 1, "pet_and_size_increase": 0},
            "groups.failures: found 50",
        ),
    ],
)
def test_too_many_are_one_sentence(draw, settings, key, value, sentence):
    settings["groups"][key] = value
    with pytest.raises(InputError, match=sentence):
        draw(section=settings)


def test_a_tumour_of_nothing_but_plasma_is_refused(draw, settings):
    settings["kinetics"]["failure"]["vp"]["mean"] = 4.0
    with pytest.raises(InputError, match=r"kinetics: found sub-\d+ with vp .* after, expected less than 1"):
        draw(section=settings)
