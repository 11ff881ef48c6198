import numpy as np
import pandas as pd
import pytest

from recohort.core.errors import InputError
from recohort.synthetic.nuclei import cohort as module
from recohort.synthetic.nuclei.shapes import STRUCTURES


def test_columns_types_and_ranges(cohort):
    participants, truth = cohort
    assert tuple(participants) == module.PARTICIPANT_COLUMNS
    assert not truth.isna().any(axis=None)
    ms = participants["group"] == "ms"
    for name in ("course", "duration", "edss", "treatment"):
        assert participants.loc[ms, name].notna().all(), name
        assert participants.loc[~ms, name].isna().all(), name
    patients = participants[ms]
    assert set(participants["sex"]) == {"F", "M"}
    assert set(patients["edss"]) <= set(np.arange(0, 10.5, 0.5)) - {0.5}
    assert set(patients["treatment"]) == {0, 1}
    assert (patients["duration"] <= patients["age"] - 15 + 0.05).all()
    assert participants["scan_date"].between(0, 4.7).all()


def test_flags_are_written_as_0_and_1(cohort, tmp_path):
    from recohort.core.io import write_table

    write_table(cohort[0].head(40), tmp_path / "participants.tsv")
    rows = pd.read_csv(tmp_path / "participants.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert set(rows["treatment"]) == {"0", "1", ""}
    assert set(rows["course"]) == {"relapsing", "progressive", ""}


@pytest.mark.parametrize("seed", range(3))
def test_published_counts_are_exact(draw, seed):
    participants, _ = draw(seed)
    assert participants["group"].value_counts().to_dict() == {"ms": 600, "control": 250}
    assert participants["course"].value_counts().to_dict() == {"relapsing": 452, "progressive": 148}


@pytest.mark.parametrize("n", [1, 2, 10, 85, 400, 851, 1700, 2001])
def test_any_number_has_the_proportions(n, completed):
    """To less than a participant for each group."""
    ids = [f"sub-{number:04d}" for number in range(1, n + 1)]
    found = pd.Series(module.groups_of(ids, completed["groups"])).value_counts()
    for name, size in completed["groups"].items():
        assert abs(found.get(name, 0) - n * size / 850) < 1, name


def test_other_sizes_of_groups(settings):
    settings["groups"] = {"control": 3, "relapsing": 0, "progressive": 7}
    order = module.group_sequence(settings["groups"])
    assert [order.count(name) for name in module.GROUPS] == [3, 0, 7]


def test_participants_added_later_change_none_before(draw, cohort, ids):
    shorter = draw(participants=ids[:100])
    for few, all_ in zip(shorter, cohort, strict=True):
        pd.testing.assert_frame_equal(few, all_.head(100), check_dtype=False)
    alone = draw(participants=[ids[7]])
    assert alone[0]["age"][0] == cohort[0]["age"][7]
    assert alone[1].iloc[0].tolist() == cohort[1].iloc[7].tolist()


def test_same_seed_same_cohort_and_other_seed_another(draw, cohort):
    for again, first in zip(draw(), cohort, strict=True):
        pd.testing.assert_frame_equal(again, first)
    assert (draw(1)[0]["age"] != cohort[0]["age"]).mean() > 0.9


def test_another_planted_effect_changes_the_truth_alone(draw, cohort, settings):
    settings["susceptibility"]["structures"]["thalamus"]["edss_ppb"] += 1
    participants, truth = draw(section=settings)
    pd.testing.assert_frame_equal(participants, cohort[0])
    changed = [name for name in truth if not truth[name].equals(cohort[1][name])]
    assert changed == ["thalamus_target_ppb"]
    moved = (truth["thalamus_target_ppb"] - cohort[1]["thalamus_target_ppb"]).to_numpy()
    np.testing.assert_allclose(moved, (participants["edss"] - 3.5).fillna(0), atol=1e-12)


def test_what_shows_in_an_image_is_what_the_cohort_has(cohort, ids, imaged):
    _, truth = cohort
    for row in (0, 17, 600):
        nuclei, usable = imaged(ids[row])
        assert usable
        for name in STRUCTURES:
            assert nuclei["ppb"][name] == truth[f"{name}_target_ppb"][row]
            both = nuclei["ml"][f"{name}_left"] + nuclei["ml"][f"{name}_right"]
            assert both == pytest.approx(truth[f"{name}_target_ml"][row], rel=1e-12)
        assert nuclei["ml"]["csf"] == truth["csf_target_ml"][row]
        assert nuclei["gain"] == 1


def test_drift_is_none_in_the_middle_of_the_study(cohort, ids, imaged, settings):
    settings["acquisition"]["scanner_drift_per_year"] = 0.02
    gain = np.array([imaged(one, settings)[0]["gain"] for one in ids[:50]])
    np.testing.assert_allclose(gain, 1 + 0.02 * (cohort[0]["scan_date"][:50] - 2.35), atol=1e-12)


def test_share_without_phase_image(ids, imaged, settings):
    """50 of 200 expected, SD 6.1; whoever has none at 10 % has none at 25 %."""
    missing = {}
    for share in (0.1, 0.25):
        settings["acquisition"]["unusable_share"] = share
        missing[share] = {one for one in ids[:200] if not imaged(one, settings)[1]}
    assert 25 < len(missing[0.25]) < 75
    assert missing[0.1] < missing[0.25]


def test_a_participant_without_number_is_one_sentence(draw):
    with pytest.raises(InputError, match="found participant 'sub-x', expected 'sub-' and a number"):
        draw(participants=["sub-x"])


def test_no_group_is_one_sentence(draw, settings):
    settings["groups"] = dict.fromkeys(settings["groups"], 0)
    with pytest.raises(InputError, match="groups: found no participant in any group"):
        draw(section=settings)
