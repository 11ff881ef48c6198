"""Volumes of white matter lesions on shapes whose volumes and distances are known."""

import numpy as np
import pandas as pd
import pytest

from recohort.core.columns import METRICS, cohort_columns
from recohort.core.errors import InputError
from recohort.core.schema import load_schema, sentences, with_defaults
from recohort.metrics.wml import find_ventricles, in_plane_distance, measure_wml, segmentation_warnings

SIZE = (2.0, 2.0, 5.0)
VOXEL_ML = 0.02


@pytest.fixture
def settings():
    return with_defaults({"wml": {}}, load_schema("metrics"))["wml"]


@pytest.fixture
def head():
    """A brain of 80 x 80 x 8 voxels with one ventricle of 8 HU, 10 x 10 x 4 voxels: 8 mL."""
    brain = np.zeros((90, 90, 10), bool)
    brain[5:85, 5:85, 1:9] = True
    ventricle = np.zeros(brain.shape, bool)
    ventricle[40:50, 40:50, 3:7] = True
    ct = np.where(ventricle, 8, np.where(brain, 32, 900)).astype(np.float32)
    return ct, brain, ventricle


def by_metric(rows):
    return {row["metric"]: row for row in rows}


def test_volumes_of_known_shapes(head, settings):
    ct, brain, ventricle = head
    lesion = np.zeros(brain.shape, bool)
    lesion[50:60, 40:50, 4] = True  # 2 to 20 mm from the ventricle, 5 of its 10 columns within 10 mm
    lesion[45, 45, 8] = True  # above the ventricle: no fluid in its slice
    rows = by_metric(measure_wml(lesion, ct, brain, voxel_size=SIZE, **settings))
    assert rows["wml_total"]["value"] == pytest.approx(101 * VOXEL_ML)
    assert rows["wml_periventricular"]["value"] == pytest.approx(50 * VOXEL_ML)
    assert rows["wml_share"]["value"] == pytest.approx(100 * 101 / brain.sum())
    assert rows["wml_ventricles"]["value"] == pytest.approx(ventricle.sum() * VOXEL_ML)
    assert rows["wml_intracranial"]["value"] == pytest.approx(brain.sum() * VOXEL_ML)
    units = {name: row["unit"] for name, row in rows.items()}
    assert units == {f"wml_{name}": unit for name, (unit, _) in METRICS["wml"].items()}
    assert {row["qc"] for row in rows.values()} == {""}
    assert rows["wml_periventricular"]["n_voxels"] == 50


@pytest.mark.parametrize(("rule", "unit"), [("total", "mL"), ("periventricular", "mL"), ("share", "%")])
def test_the_rule_names_the_volume_and_its_unit(head, settings, rule, unit):
    ct, brain, _ = head
    lesion = brain & (np.arange(90)[:, None, None] > 60)
    rows = by_metric(measure_wml(lesion, ct, brain, voxel_size=SIZE, **{**settings, "volume_rule": rule}))
    chosen, named = rows["wml_volume"], rows[f"wml_{rule}"]
    assert {**chosen, "metric": ""} == {**named, "metric": ""}
    assert chosen["unit"] == unit
    study = {"data": {"columns": {}}, "metrics": {"wml": {"volume_rule": rule}}, "models": {}, "cohort": {}}
    assert cohort_columns(study)["wml_volume"]["unit"] == unit


def test_no_lesion_is_zero_and_not_missing(head, settings):
    ct, brain, _ = head
    rows = by_metric(measure_wml(np.zeros(brain.shape), ct, brain, voxel_size=SIZE, **settings))
    assert [rows[f"wml_{name}"]["value"] for name in ("volume", "total", "periventricular", "share")] == [0, 0, 0, 0]


def test_small_or_superficial_fluid_is_no_ventricle(head, settings):
    ct, brain, ventricle = head
    ct[10:30, 10:14, 3:7] = 8  # within 20 mm of the skull
    ct[60:64, 60:64, 4] = 8  # 0.3 mL
    found, note = find_ventricles(ct, brain, voxel_size=np.array(SIZE), **settings["ventricles"])
    np.testing.assert_array_equal(found, ventricle)
    assert note == ""


def test_the_fallback_and_its_end_are_said(head, settings):
    ct, brain, ventricle = head
    lesion = brain & ~ventricle
    ct[ventricle] = 19
    rows = by_metric(measure_wml(lesion, ct, brain, voxel_size=SIZE, **settings))
    assert rows["wml_volume"]["qc"] == "fallback"
    assert rows["wml_ventricles"]["value"] == pytest.approx(8)
    ct[ventricle] = 30
    rows = by_metric(measure_wml(lesion, ct, brain, voxel_size=SIZE, **settings))
    assert rows["wml_volume"]["qc"] == "no_ventricles"
    assert np.isnan(rows["wml_periventricular"]["value"])
    assert rows["wml_total"]["value"] > 0


def test_in_plane_distance_stays_in_its_slice():
    mask = np.zeros((7, 7, 2), bool)
    mask[3, 3, 0] = True
    distance = in_plane_distance(mask, (2, 3, 5))
    assert distance[3, 5, 0] == pytest.approx(6)
    assert distance[5, 3, 0] == pytest.approx(4)
    assert np.isinf(distance[..., 1]).all()
    assert in_plane_distance(mask, (2, 3, 5), edge=True)[0, 3, 1] == pytest.approx(2)


@pytest.mark.parametrize(("which", "said"), [(0, "the lesion mask has shape"), (2, "the brain mask has shape")])
def test_other_grids_are_refused(head, settings, which, said):
    parts = [head[1], head[0], head[1]]
    parts[which] = parts[which][1:]
    with pytest.raises(InputError, match=said):
        measure_wml(*parts, voxel_size=SIZE, **settings)


def test_an_empty_brain_is_refused(head, settings):
    with pytest.raises(InputError, match="the brain mask is empty"):
        measure_wml(head[1], head[0], np.zeros(head[1].shape), voxel_size=SIZE, **settings)


def test_what_must_be_said_of_a_cohort_is_said_once_and_counted():
    metrics = pd.DataFrame(
        {
            "metric": ["wml_volume", "wml_total", "wml_volume", "wml_volume"],
            "qc": ["demonstration", "demonstration", "demonstration; fallback", np.nan],
        }
    )
    said = segmentation_warnings(metrics)
    assert said["code"].tolist() == ["segmentation_demonstration", "ventricles_fallback"]
    assert said["message"][0].startswith("2 of 3 WML volumes are made by a demonstration network")
    assert segmentation_warnings(metrics.assign(qc=np.nan)).empty
    pickle = segmentation_warnings(metrics.assign(qc="nnunet"))
    assert pickle["code"].tolist() == ["checkpoint_pickle"]
    assert "can run any code" in pickle["message"][0]


def test_the_schema_holds_its_own_defaults_and_finds_a_typing_error():
    schema = load_schema("metrics")
    assert sentences(with_defaults({"wml": {}}, schema), schema) == []
    assert sentences({"wml": {"volume_rule": "totl"}}, schema)
