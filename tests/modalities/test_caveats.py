"""What a study's results rest on, known before the run."""

import json
from pathlib import Path

import pytest

from recohort.caveats import caveats_of
from recohort.core.dataset import Dataset
from recohort.study import Study
from recohort.tables.words import CAVEATS, titled


@pytest.fixture
def study(tmp_path):
    (tmp_path / "real.json").write_text(json.dumps({"demonstration": False}))
    (tmp_path / "demo.json").write_text(json.dumps({"demonstration": True}))
    segmentations = {
        "threshold": {"kind": "threshold"},
        "mask": {"kind": "mask"},
        "real": {"kind": "onnx", "model": str(tmp_path / "real.onnx")},
        "demo": {"kind": "onnx", "model": str(tmp_path / "demo.onnx")},
    }

    def made(dataset, segmentation):
        images = {"images": {"kind": "wml", "segmentation": segmentations[segmentation]}} if segmentation else {}
        return Study("s", images, Dataset(dataset, Path("data/s"), ()), {})

    return made


@pytest.mark.parametrize(
    ("dataset", "segmentation", "expected"),
    [
        ("bids", "real", []),
        ("bids", "mask", []),
        ("bids", "demo", ["demonstration"]),
        ("bids", "threshold", ["demonstration"]),
        ("synthetic", "real", ["synthetic"]),
        ("synthetic", "demo", ["synthetic", "demonstration"]),
        ("table", None, []),
    ],
)
def test_caveats_follow_from_the_data_and_the_configuration(study, dataset, segmentation, expected):
    found = caveats_of(study(dataset, segmentation))
    assert found == expected
    assert set(found) <= set(CAVEATS)


def test_a_kind_of_images_without_a_module_beside_demonstrates_nothing():
    study = Study("s", {"images": {"kind": "qsm"}}, Dataset("bids", Path("data/s"), ()), {})
    assert caveats_of(study) == []


def test_a_title_says_each_word_once():
    assert titled("T", caveats=[]) == "T"
    assert titled("T", caveats=["demonstration"]) == "T (demonstration segmentation)"
    assert titled("T (synthetic cohort)", caveats=["synthetic"]) == "T (synthetic cohort)"
