"""Scores by hand, and every reason for none."""

import numpy as np
import pandas as pd
import pytest

from recohort.core.schema import load_schema, with_defaults
from recohort.metrics.vbq import bone_quality_warnings, measure_vbq, signals_of

SIGNALS = {
    "L1": [300, 310, 350],
    "L2": [200, 220, 300, 400],
    "L3": [400, 410, 900],
    "L4": [330, 340, 350],
    "csf": [90, 100, 130],
}
MEDIANS = {"L1": 310, "L2": 260, "L3": 410, "L4": 340}


def measured(signals=SIGNALS, fractured=(), doubt="", notes=(), **changes):
    settings = with_defaults({"vbq": {"minimum_voxels": 3, **changes}}, load_schema("metrics"))["vbq"]
    del settings["part"]
    rows = measure_vbq(signals, fractured=fractured, doubt=doubt, notes=notes, **settings)
    return {row["metric"].removeprefix("vbq_"): row for row in rows}


def test_rows_by_hand():
    found = measured()
    expected = {
        "value": (np.median([310, 260, 410, 340]) / 100, 13),
        "with_fractured": (3.25, 13),
        "l1": (3.1, 3),
        "l2": (2.6, 4),
        "l3": (4.1, 3),
        "l4": (3.4, 3),
        "csf": (100, 3),
        "levels": (4, 13),
    }
    assert list(found) == list(expected)
    for name, (value, count) in expected.items():
        assert (found[name]["value"], found[name]["n_voxels"]) == (pytest.approx(value), count), name
    assert {row["unit"] for row in found.values()} == {""}
    assert {row["qc"] for row in found.values()} == {""}


@pytest.mark.parametrize(
    ("rule", "marrow"),
    [
        ("median_of_medians", 325),
        ("median_of_means", np.median([320, 280, 570, 340])),
        ("mean", np.mean([320, 280, 570, 340])),
        ("pooled", 340),
    ],
)
def test_rules(rule, marrow):
    assert measured(rule=rule)["value"]["value"] == pytest.approx(marrow / 100)


@pytest.mark.parametrize(("part", "level", "fluid"), [("inside", [3.0, 4.0], [9.0]), ("whole", [2.0, 3.0, 4.0], [9.0])])
def test_whole_bodies_include_what_lies_at_their_edge(part, level, fluid):
    image, regions = np.arange(1.0, 10).reshape(1, 9, 1), np.zeros((1, 9, 1), np.uint8)
    regions[0, 1:, 0] = [101, 1, 1, 102, 0, 0, 0, 20]
    found = signals_of(image, regions, {"L1": 1, "L1_body": 101, "csf": 20}, part=part)
    assert {name: values.tolist() for name, values in found.items()} == {"L1": level, "csf": fluid}


def test_fractured_levels():
    found = measured(fractured=["L3", "T12"])
    assert found["value"]["value"] == pytest.approx(3.1), "the median of L1, L2, L4"
    assert found["with_fractured"]["value"] == pytest.approx(3.25)
    assert (found["l3"]["value"], found["l3"]["qc"]) == (4.1, "fractured")
    assert found["levels"]["value"] == 3


def test_too_few_levels_are_empty():
    found = measured(fractured=["L1", "L2", "L3"])
    assert np.isnan(found["value"]["value"])
    assert found["value"]["qc"] == "1 levels, fewer than 2"
    assert found["with_fractured"]["value"] == pytest.approx(3.25)
    assert measured(fractured=["L1", "L2", "L3"], minimum_levels=1)["value"]["value"] == pytest.approx(3.4)


def test_a_level_with_few_voxels_takes_no_part_and_is_said():
    found = measured(minimum_voxels=4)
    assert np.isnan(found["l1"]["value"])
    assert found["l1"]["qc"] == "3 voxels, fewer than 4"
    assert found["value"]["qc"] == "1 levels, fewer than 2"
    found = measured({**SIGNALS, "L1": [1]})
    assert found["value"]["value"] == pytest.approx(3.4)
    assert found["value"]["qc"] == "without L1 (1 voxels, fewer than 3)"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"doubt": "L2 was not found"}, "L2 was not found"),
        ({"signals": {name: SIGNALS[name] for name in MEDIANS}}, "no CSF"),
        ({"signals": {**SIGNALS, "csf": [0, 0, -1]}}, "the signal of the CSF is not above 0"),
    ],
)
def test_without_trust_or_fluid_everything_is_empty(changes, reason):
    found = measured(**changes)
    assert all(np.isnan(row["value"]) for row in found.values())
    assert {row["qc"] for row in found.values()} == {reason}


def test_levels_may_be_chosen():
    found = measured(levels=["L4", "L1"])
    assert list(found) == ["value", "with_fractured", "l4", "l1", "csf", "levels"]
    assert found["value"]["value"] == pytest.approx((3.1 + 3.4) / 2)


def test_notes_are_counted_and_said_aloud():
    cases = [
        measured(),
        measured(notes=["outside_window", "csf_L2"]),
        measured(notes=["csf_L5"]),
        measured(doubt="L2 was not found"),
        measured({**SIGNALS, "csf": [900, 900, 900]}),
    ]
    frame = pd.DataFrame([row for case in cases for row in case.values()])
    said = dict(bone_quality_warnings(frame).itertuples(index=False))
    assert list(said) == ["vbq_empty", "vbq_outside_window", "vbq_csf_level", "vbq_below_one"]
    assert said["vbq_empty"].startswith("1 of 5 VBQ scores are empty")
    assert said["vbq_csf_level"].startswith("2 of 5")
    frame["qc"] = np.nan
    assert bone_quality_warnings(frame[frame["value"].notna()]).empty
