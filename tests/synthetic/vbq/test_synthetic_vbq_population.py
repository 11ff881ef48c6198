"""Margins in expectation over 12 000 patients; tolerances are four of their standard errors unless stated."""

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxTimeVaryingFitter
from scipy import integrate

from recohort.core.errors import InputError
from recohort.synthetic.vbq import cohort as spines
from recohort.synthetic.vbq.outcome import time_to_event

EARLY = 60 / 30.4375


def near(sample, expected, sds=4.0):
    return expected == pytest.approx(np.mean(sample), abs=sds * np.std(sample) / np.sqrt(len(sample)))


def test_columns_types_and_ranges(cohort):
    participants, truth = cohort
    assert tuple(participants) == spines.PARTICIPANT_COLUMNS
    assert tuple(truth) == spines.TRUTH_COLUMNS
    assert not participants.drop(columns="treatment_start").isna().any(axis=None)
    assert not truth.isna().any(axis=None)
    for name in ("fracture", "death", "treatment", "steroid"):
        assert set(participants[name]) == {0, 1}, name
    assert set(participants["event"]) == {"none", "fracture", "death"}
    assert set(participants["field_strength"]) == {"1.5 T", "3 T"}
    assert set(participants["n_levels"]) == {1, 2}
    assert participants["prior_fractures"].between(0, 3).all()


def test_columns_agree_with_each_other(cohort):
    participants, truth = cohort
    assert ((participants["event"] == "fracture") == participants["fracture"]).all()
    assert ((participants["event"] == "death") == participants["death"]).all()
    assert (participants["treatment_start"].notna() == participants["treatment"]).all()
    assert not (participants["treatment_start"] >= participants["follow_up"]).any()
    assert (participants["n_levels"] == truth["fractured"].str.split().str.len()).all()
    times = truth[["fracture_time", "death_time", "censoring_time"]]
    assert (participants["follow_up"] == times.min(axis=1)).all()


def test_scores_are_the_medians_of_levels(cohort):
    _, truth = cohort
    for row in truth.itertuples():
        levels = {name: getattr(row, f"vbq_{name.lower()}") for name in spines.MEASURED}
        intact = [value for name, value in levels.items() if name not in row.fractured.split()]
        assert row.vbq == pytest.approx(np.median(intact))
        assert row.vbq_with_fractured == pytest.approx(np.median(list(levels.values())))


@pytest.mark.parametrize("seed", range(5))
def test_as_many_have_a_defect_as_is_said(draw, seed):
    counts = draw(seed)[1]["defect"].value_counts()
    assert counts.to_dict() == {"none": 58, "stenosis": 1, "transitional": 1}


def test_a_transitional_l5_is_no_fractured_level(draw, settings):
    settings["defects"] = {"of": 60, "stenosis": 0, "transitional": 60}
    settings["fractures"]["level_weights"]["L5"] = 1000
    assert not draw(section=settings)[1]["fractured"].str.contains("L5").any()


def test_published_margins_hold_in_expectation(many):
    assert near(many["age"], 73.65)
    assert many["age"].std() == pytest.approx(10.1, rel=0.03)
    assert near(many["bmi"], 28.93)
    assert many["bmi"].std() == pytest.approx(6.7, rel=0.03)
    assert near(many["sex"] == "F", 34 / 60)
    assert near(many["vbq"], 3.44)
    assert many["vbq"].std() == pytest.approx(0.82, rel=0.03)
    assert near(many["vbq_with_fractured"], 3.40)
    assert many["vbq_with_fractured"].std() == pytest.approx(0.84, rel=0.08)  # 0.79: the SD of the difference was kept
    difference = many["vbq_with_fractured"] - many["vbq"]
    assert difference.std() == pytest.approx(0.37, rel=0.05)
    assert near(many["fracture"], 20 / 60)
    broken = many[many["fracture"] == 1]
    assert near(broken["follow_up"] > EARLY, 0.80)
    assert near(broken["vbq"] >= 3.0, 17 / 20)
    assert many["follow_up"].mean() == pytest.approx(25.7, rel=0.03)
    assert many["follow_up"].std() == pytest.approx(15.4, rel=0.03)


def test_the_planted_hazard_ratios_are_found(many, completed):
    """By lifelines' Cox model with treatment that changes in time; deaths are censored (cause-specific hazard)."""
    first = many.assign(start=0.0, stop=many[["treatment_start", "follow_up"]].min(axis=1), on=0)
    first["event_now"] = np.where(many["treatment"] == 1, 0, many["fracture"])
    second = many[many["treatment"] == 1].assign(on=1, start=many["treatment_start"], stop=many["follow_up"])
    rows = pd.concat([first, second.assign(event_now=second["fracture"])])
    rows = rows[rows["stop"] > rows["start"]].assign(
        vbq_sd=lambda frame: frame["vbq"] / 0.82,
        decades=lambda frame: frame["age"] / 10,
        female=lambda frame: (frame["sex"] == "F").astype(int),
        second=lambda frame: frame["n_levels"] - 1,
    )
    used = ["vbq_sd", "decades", "female", "steroid", "prior_fractures", "second", "on"]
    fit = CoxTimeVaryingFitter().fit(
        rows[["participant_id", "start", "stop", "event_now", *used]],
        id_col="participant_id",
        event_col="event_now",
        start_col="start",
        stop_col="stop",
    )
    planted = np.log(list(completed["outcome"]["hazard_ratios"].values()))
    score = (fit.params_[used].to_numpy() - planted) / fit.standard_errors_[used].to_numpy()
    assert np.abs(score).max() < 3.5
    assert fit.standard_errors_["vbq_sd"] < 0.03


def test_hazards_are_proportional(many):
    """The hazard ratio of the score, by events and time at risk, is the same early and late."""
    ratios = []
    high = many["vbq"] >= many["vbq"].median()
    for low, end in ((0, EARLY), (EARLY, 100)):
        at_risk = (many["follow_up"].clip(upper=end) - low).clip(lower=0)
        events = many["fracture"].astype(bool) & (many["follow_up"] > low) & (many["follow_up"] <= end)
        rates = [events[group].sum() / at_risk[group].sum() for group in (high, ~high)]
        ratios.append(rates[0] / rates[1])
    assert np.log(ratios[0] / ratios[1]) == pytest.approx(0, abs=0.35)
    assert min(ratios) > 2


def test_time_to_event_inverts_the_cumulative_hazard():
    rng = np.random.default_rng(1)
    edges = np.sort(rng.uniform(0, 10, (50, 2)), axis=1)
    edges[::5, 1] = np.inf
    edges[::7, 0] = 0
    rates = rng.uniform(0.05, 1, (50, 3))
    cumulative = rng.exponential(size=50)
    times = time_to_event(cumulative, edges, rates)
    for time, knots, rate, reached in zip(times, edges, rates, cumulative, strict=True):
        hazard = lambda t, knots=knots, rate=rate: rate[np.sum(knots <= t)]  # noqa: E731
        points = [knot for knot in knots if 0 < knot < time]
        assert integrate.quad(hazard, 0, time, points=points or None)[0] == pytest.approx(reached, rel=1e-6)


def test_same_seed_same_cohort_and_other_seed_another(draw, cohort):
    for again, first in zip(draw(), cohort, strict=True):
        pd.testing.assert_frame_equal(again, first)
    assert (draw(1)[0]["age"] != cohort[0]["age"]).mean() > 0.9


def test_another_patient_changes_none(draw, cohort, ids):
    for few, all_ in zip(draw(participants=ids[:20]), cohort, strict=True):
        pd.testing.assert_frame_equal(few, all_.head(20))


def test_another_planted_effect_changes_outcomes_only(draw, cohort, settings):
    settings["outcome"]["hazard_ratios"]["vbq_per_sd"] = 1.0
    changed, _ = draw(section=settings)
    outcomes = ("follow_up", "event", "fracture", "death", "treatment", "treatment_start")
    same = [name for name in changed if name not in outcomes]
    pd.testing.assert_frame_equal(changed[same], cohort[0][same])
    assert (changed["follow_up"] != cohort[0]["follow_up"]).any()


def test_what_shows_in_an_image_is_what_the_cohort_has(cohort, ids, needed, completed):
    participants, truth = cohort
    given = needed("images", completed)
    given = {name: given[name] for name in ("covariates", "marrow", "fractures", "defects")}
    for row in (0, 17, 59):
        shown = spines.draw_imaged(ids[row], study="vertebroplasty_vbq", seed=0, **given)
        assert shown["bmi"] == participants["bmi"][row]
        assert shown["field_strength"] == participants["field_strength"][row]
        assert " ".join(shown["fractured"]) == truth["fractured"][row]
        assert shown["defect"] == truth["defect"][row]
        assert shown["signals"]["L3"] == truth["vbq_l3"][row]


def test_bad_settings_and_names_are_one_sentence(draw, settings):
    with pytest.raises(InputError, match="found participant 'sub-x', expected 'sub-' and a number"):
        draw(participants=["sub-x"])
    settings["defects"] = {"of": 1, "stenosis": 1, "transitional": 1}
    with pytest.raises(InputError, match="defects: found 2 of 1 patients, expected at most 1"):
        draw(section=settings)
