import numpy as np
import pandas as pd
import pytest

from recohort.core.errors import InputError
from recohort.synthetic.wml import cohort
from recohort.synthetic.wml.allocation import allocate
from recohort.synthetic.wml.outcome import PREDICTORS, design, draw_outcomes


def test_columns_types_and_ranges(trial):
    participants, truth = trial
    assert tuple(participants) == cohort.PARTICIPANT_COLUMNS
    assert tuple(truth) == cohort.TRUTH_COLUMNS
    assert not participants.isna().any(axis=None)
    assert not truth.isna().any(axis=None)
    for name in ("ivt", "aspirin", "heparin_any", "ct", "mrs_0_2", "sich", "aich", "any_ich"):
        assert set(participants[name]) == {0, 1}, name
    assert participants["nihss"].between(2, 42).all()
    assert participants["mrs"].isin(range(7)).all()
    assert participants["collateral"].isin(range(4)).all()
    assert participants["aspects"].isin(range(11)).all()
    assert participants["mrs_before"].isin(range(6)).all()
    assert set(participants["heparin"]) == {"none", "low", "moderate"}
    assert set(participants["centre"]) == {f"centre{number:02d}" for number in range(1, 16)}
    assert truth["wml_target_ml"].between(0, 150, inclusive="neither").all()


def test_outcomes_are_consistent(trial):
    participants, _ = trial
    assert not (participants["sich"] & participants["aich"]).any()
    assert (participants["any_ich"] == (participants["sich"] | participants["aich"])).all()
    assert (participants["mrs_0_2"] == (participants["mrs"] <= 2)).all()
    assert (participants["heparin_any"] == (participants["heparin"] != "none")).all()


@pytest.mark.parametrize("seed", range(5))
def test_fourteen_of_628_have_no_ct(draw, seed):
    participants, _ = draw(seed)
    assert (participants["ct"] == 0).sum() == 14


def test_who_has_no_ct_differs_by_seed(draw):
    assert (draw(0)[0]["ct"] != draw(1)[0]["ct"]).any()


def test_same_seed_same_trial_and_other_seed_another(draw, trial):
    for again, first in zip(draw(), trial, strict=True):
        pd.testing.assert_frame_equal(again, first)
    assert (draw(1)[0]["age"] != trial[0]["age"]).mean() > 0.9


def test_patients_enrolled_later_change_none_before(draw, trial, ids):
    shorter = draw(participants=ids[:100])
    for few, all_ in zip(shorter, trial, strict=True):
        pd.testing.assert_frame_equal(few, all_.head(100))


def test_another_planted_effect_changes_outcomes_only(draw, trial, settings):
    settings["outcome"]["sich"]["odds_ratios"]["aspirin_wml"] = 1.5
    changed, _ = draw(section=settings)
    same = [name for name in changed if name not in ("sich", "aich", "any_ich")]
    pd.testing.assert_frame_equal(changed[same], trial[0][same])
    assert (changed["sich"] != trial[0]["sich"]).any()


def test_what_shows_in_an_image_is_what_the_trial_has(trial, ids, completed):
    participants, truth = trial
    names = {"study": "stroke_wml", "seed": 0, "covariates": completed["covariates"], "wml": completed["wml"]}
    for row in (0, 17, 600):
        age, volume = cohort.draw_imaged(ids[row], **names)
        assert age == participants["age"][row]
        assert volume == truth["wml_target_ml"][row]


def test_aspirin_is_balanced_within_each_centre(trial):
    counts = pd.crosstab(trial[0]["centre"], trial[0]["aspirin"])
    assert (counts[1] - counts[0]).abs().max() <= 2
    assert len(counts) == 15


def test_aspirin_is_balanced_after_each_block_of_four(trial):
    for _, patients in trial[0].groupby("centre"):
        blocks = patients["aspirin"].to_numpy()[: len(patients) // 4 * 4].reshape(-1, 4)
        assert (blocks.sum(axis=1) == 2).all()


def test_heparin_is_balanced_within_each_centre(trial):
    """Full blocks hold 7, 4 and 4; after the stop, one patient more at most in either arm that goes on."""
    before, after = trial[0].iloc[:495], trial[0].iloc[495:]
    full = 0
    for _, patients in before.groupby("centre"):
        arms = patients["heparin"].to_numpy()
        for block in arms[: len(arms) // 15 * 15].reshape(-1, 15):
            assert [(block == dose).sum() for dose in ("none", "low", "moderate")] == [7, 4, 4]
            full += 1
    assert full > 10
    assert not (after["heparin"] == "moderate").any()
    counts = pd.crosstab(after["centre"], after["heparin"])
    assert (counts["none"] - counts["low"]).abs().max() <= 1


def test_arms_have_the_sizes_of_the_parent_trial(trial):
    participants, _ = trial
    assert participants["aspirin"].sum() == pytest.approx(310, abs=15)
    assert (participants["heparin"] == "none").sum() == pytest.approx(296, abs=15)
    assert (participants["heparin"] == "moderate").sum() == pytest.approx(132, abs=15)


def test_order_of_arms_differs_between_centres():
    rules = {
        "aspirin_block": 4,
        "heparin_block": {"none": 1, "low": 1, "moderate": 1},
        "heparin_block_after_stop": {"none": 1, "low": 1, "moderate": 0},
        "moderate_stops_after": 24,
    }
    first = allocate(["a"] * 24, study="s", seed=0, **rules)
    second = allocate(["b"] * 24, study="s", seed=0, **rules)
    assert first != second


def test_bounded_lognormal_has_its_median_95th_percentile_and_maximum():
    shape = {"median": 0.59, "p95": 35.0, "maximum": 150.0}
    median, upper, highest = cohort.bounded_lognormal(np.array([0.0, 1.6448536269514722, 9.0]), **shape)
    assert (median, upper) == pytest.approx((0.59, 35.0), rel=1e-12)
    assert 149.99 < highest < 150


def test_low_volumes_are_log_normal():
    """Far below the maximum, steps of the score multiply the volume by the same factor."""
    volumes = cohort.bounded_lognormal(np.array([-3.0, -2.0, -1.0]), median=0.59, p95=35.0, maximum=150.0)
    assert volumes[2] / volumes[1] == pytest.approx(volumes[1] / volumes[0], rel=0.01)


def patients(**columns):
    base = {"age": 73.0, "sex": "F", "mrs_before": 0, "nihss": 15, "onset_to_groin": 180, "collateral": 2}
    base |= {"aspects": 9, "ivt": 0, "aspirin": 0, "heparin": "none"}
    return pd.DataFrame([base | columns])


def test_reference_patient_has_no_predictor():
    assert not design(patients(), np.array([0.0])).any()


@pytest.mark.parametrize(
    ("columns", "volume", "expected"),
    [
        ({"age": 83.0}, 0.0, {"age_per_decade": 1}),
        ({"sex": "M"}, 0.0, {"male": 1}),
        ({"onset_to_groin": 240}, 0.0, {"onset_per_hour": 1}),
        ({"collateral": 0, "aspects": 6, "nihss": 20}, 0.0, {"collateral": -2, "aspects": -3, "nihss": 5}),
        ({"aspirin": 1}, 3.0, {"aspirin": 1, "wml": 3, "aspirin_wml": 3}),
        ({"heparin": "low"}, 2.0, {"heparin_low": 1, "wml": 2, "heparin_wml": 2}),
        ({"heparin": "moderate", "mrs_before": 2}, 0.0, {"heparin_moderate": 1, "mrs_before": 2}),
        ({"ivt": 1}, 1.0, {"ivt": 1, "wml": 1}),
    ],
)
def test_predictors(columns, volume, expected):
    (row,) = design(patients(**columns), np.array([volume]))
    assert dict(zip(PREDICTORS, row, strict=True)) == dict.fromkeys(PREDICTORS, 0) | expected


def test_each_outcome_has_its_probability_whatever_the_correlation():
    """The copula leaves the margins: each outcome is the plain logistic model."""
    rng, n = np.random.default_rng(0), 200_000
    none = dict.fromkeys(PREDICTORS, 1.0)
    cuts = [2.0, 1.0, 0.0, -0.5, -1.0, -2.0]
    outcomes, _ = draw_outcomes(
        rng.standard_normal((n, 3)),
        np.zeros((n, len(PREDICTORS))),
        sich={"intercept": -2.0, "odds_ratios": none},
        aich={"intercept": -1.0, "odds_ratios": none},
        mrs={"intercepts": cuts, "odds_ratios": none, "correlation_sich": 0.8},
    )
    assert outcomes["sich"].mean() == pytest.approx(1 / (1 + np.exp(2)), abs=0.004)
    assert outcomes["aich"][outcomes["sich"] == 0].mean() == pytest.approx(1 / (1 + np.e), abs=0.004)
    for k, cut in enumerate(cuts):
        assert (outcomes["mrs"] > k).mean() == pytest.approx(1 / (1 + np.exp(-cut)), abs=0.004)
    means = outcomes.groupby("sich")["mrs"].mean()
    assert means[1] > means[0] + 1


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("wml", "volume_ml", "p95"), 0.5, "wml.volume_ml: found median 0.59, p95 0.5, maximum 150, expected three"),
        (("trial", "aspirin_block"), 3, "trial.aspirin_block: found 3, expected an even number"),
        (
            ("trial", "heparin_block_after_stop", "moderate"),
            1,
            "heparin_block_after_stop.moderate: found 1, expected 0",
        ),
        (("trial", "heparin_block"), {"none": 0, "low": 0, "moderate": 0}, "found a block without places"),
        (("trial", "without_ct"), {"count": 9, "of": 8}, "trial.without_ct: found count 9 of 8, expected at most 8"),
        (("outcome", "mrs", "intercepts"), [1, 2, 0, -1, -2, -3], "outcome.mrs.intercepts: found .* decreasing"),
    ],
)
def test_a_bad_setting_is_one_sentence(draw, settings, path, value, sentence):
    target = settings
    for name in path[:-1]:
        target = target[name]
    target[path[-1]] = value
    with pytest.raises(InputError, match=sentence):
        draw(section=settings)


def test_a_participant_without_number_is_one_sentence(draw):
    with pytest.raises(InputError, match="found participant 'sub-x', expected 'sub-' and a number"):
        draw(participants=["sub-x"])
