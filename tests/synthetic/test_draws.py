import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from recohort.core.errors import InputError
from recohort.synthetic.qsm import cohort


def draw(n, **settings):
    return cohort.draw_cohort([f"sub-{number:03d}" for number in range(1, n + 1)], **settings)


@pytest.fixture(scope="module")
def pooled(cohorts):
    participants, truth = (pd.concat(frames, ignore_index=True) for frames in zip(*cohorts, strict=True))
    return participants, truth


def test_margins_of_the_publication_hold_in_expectation(cohorts, pooled):
    participants, truth = pooled
    events = np.array([frame["haemorrhage"].sum() for frame, _ in cohorts])
    assert 28 <= events.mean() <= 32
    assert 22.1 <= participants["follow_up"].mean() <= 23.1
    assert participants["prior_haemorrhage"].mean() == pytest.approx(0.65, abs=0.01)
    assert participants["age"].mean() == pytest.approx(38, abs=1.5)
    assert participants["age"].std() == pytest.approx(14, abs=1.5)
    assert (participants["sex"] == "F").mean() == pytest.approx(0.5, abs=0.01)
    assert truth["lesion_median_ppm"].std() == pytest.approx(0.185, rel=0.03)
    assert truth["lesion_iqr_ppm"].std() == pytest.approx(0.226, rel=0.03)
    assert truth["lesion_median_ppm"].corr(truth["lesion_iqr_ppm"]) == pytest.approx(0.88, abs=0.02)
    assert truth["lesion_volume_ml"].median() == pytest.approx(1.46, rel=0.03)
    assert not participants["prior_treatment"].any()


def test_a_part_of_the_brainstem_caps_the_volume(cohorts, pooled, settings):
    truth = pooled[1]
    largest = truth["location"].map(settings["lesion"]["location_maximum_ml"])
    assert (truth["lesion_volume_ml"] <= largest).all()
    clipped = (truth["lesion_volume_ml"] == largest).groupby(truth["location"]).mean()
    assert clipped["medulla"] == pytest.approx(0.48, abs=0.02)
    assert clipped[["pons", "midbrain"]].between(0.02, 0.11).all()


def test_sites_are_twelve_and_unequal(pooled):
    shares = pooled[0]["site"].value_counts(normalize=True).sort_index()
    assert list(shares.index) == [f"site{k:02d}" for k in range(1, 13)]
    assert shares["site01"] > 4 * shares["site12"]


def test_columns_types_and_bounds(cohorts):
    participants, truth = cohorts[0]
    assert tuple(participants.columns) == cohort.PARTICIPANT_COLUMNS
    assert tuple(truth.columns) == cohort.TRUTH_COLUMNS
    assert participants["participant_id"].tolist()[::77] == ["sub-001", "sub-078", "sub-155"]
    for name in ("prior_haemorrhage", "dva", "haemorrhage", "prior_treatment"):
        assert set(participants[name]) <= {0, 1}
    assert participants["mrs"].between(0, 5).all()
    assert participants["follow_up"].gt(0).all()
    observed = np.minimum(truth["event_time"], truth["censoring_time"])
    np.testing.assert_array_equal(participants["follow_up"], observed)
    np.testing.assert_array_equal(participants["haemorrhage"] == 1, truth["event_time"] <= truth["censoring_time"])


def test_another_subject_changes_no_other(population):
    for few, more in zip(draw(155, seed=3, **population), draw(156, seed=3, **population), strict=True):
        assert_frame_equal(few, more.iloc[:155], check_exact=True)


def test_seed_and_study_change_subjects(population):
    one = cohort.draw_subject("sub-001", seed=1, **population)
    assert one == cohort.draw_subject("sub-001", seed=1, **population)
    assert one["age"] != cohort.draw_subject("sub-001", seed=2, **population)["age"]
    assert one["age"] != cohort.draw_subject("sub-001", seed=1, **population | {"study": "other"})["age"]


def test_another_effect_changes_events_alone(population):
    before = draw(50, seed=1, **population)
    population["outcome"]["log_hazard_ratio_per_sd"] = 0.0
    after = draw(50, seed=1, **population)
    outcome = ["follow_up", "haemorrhage", "linear_predictor", "event_time"]
    for old, new in zip(before, after, strict=True):
        assert_frame_equal(old.drop(columns=outcome, errors="ignore"), new.drop(columns=outcome, errors="ignore"))
    assert (before[1]["event_time"] != after[1]["event_time"]).all()


def test_linear_predictor_is_the_one_stated(population):
    subject = cohort.draw_subject("sub-007", seed=5, **population)
    expected = (
        0.75 * (subject["lesion_median_ppm"] - 0.5) / 0.185
        - 0.1 * (subject["age"] - 38) / 10
        + 0.15 * (subject["sex"] == "F")
        + 0.15 * (subject["lesion_volume_ml"] - 1.8)
        + 0.525 * subject["prior_haemorrhage"]
    )
    assert subject["linear_predictor"] == pytest.approx(expected)


def test_no_loss_to_follow_up(population):
    population["outcome"]["loss_per_100_person_years"] = 0
    _, truth = draw(200, seed=0, **population)
    assert truth["censoring_time"].between(8.0, 47.1).all()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [("data_lock", "2023-01-01", "three dates in this order"), ("enrolment_start", "July 2020", "YYYY-MM-DD")],
)
def test_dates_are_checked(population, key, value, message):
    population["outcome"][key] = value
    with pytest.raises(InputError, match=message):
        cohort.draw_subject("sub-001", seed=0, **population)
