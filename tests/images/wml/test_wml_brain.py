"""The brain mask made from a CT, the check of Hounsfield units, the threshold baseline and the quality measures."""

import nibabel as nib
import numpy as np
import pytest

from recohort.core.errors import InputError
from recohort.images.wml.brain import brain_mask
from recohort.images.wml.hounsfield import check_brain, check_header, check_range
from recohort.images.wml.quality import dice, quality
from recohort.images.wml.threshold import by_threshold


@pytest.fixture(scope="module")
def scan(patient):
    root, name, _ = patient
    ct = nib.load(root / name / "ct" / f"{name}_ct.nii.gz")
    truth = {
        label: nib.load(root / f"derivatives/truth/{name}/ct/{name}_label-{label}_mask.nii.gz").get_fdata() > 0
        for label in ("WML", "brain")
    }
    return ct.get_fdata(dtype=np.float32), ct.affine, truth


@pytest.fixture
def defaults(study_images):
    made = study_images({"kind": "threshold"})
    brain = {key: value for key, value in made["brain"].items() if key != "source"}
    return brain, {key: value for key, value in made["segmentation"].items() if key != "kind"}


def test_the_brain_is_the_space_inside_the_skull(scan, defaults):
    ct, affine, truth = scan
    made = brain_mask(ct, affine, **defaults[0])
    assert dice(made, truth["brain"]) > 0.96
    assert made.sum() == pytest.approx(truth["brain"].sum(), rel=0.06)
    assert not (truth["WML"] & ~made).any()


def test_the_brain_does_not_depend_on_the_axes_of_the_file(scan, defaults):
    ct, affine, _ = scan
    turned = nib.Nifti1Image(ct, affine).as_reoriented(np.array([[2, -1], [0, 1], [1, -1]]))
    found = nib.Nifti1Image(
        brain_mask(turned.get_fdata(), turned.affine, **defaults[0]).astype(np.uint8), turned.affine
    )
    np.testing.assert_array_equal(
        nib.as_closest_canonical(found).get_fdata() > 0, brain_mask(ct, affine, **defaults[0])
    )


def test_a_finer_grid_gives_the_same_brain(scan, defaults):
    ct, affine, _ = scan
    fine = np.repeat(np.repeat(ct, 3, axis=0), 3, axis=1)
    made = brain_mask(fine, affine @ np.diag([1 / 3, 1 / 3, 1, 1]), **defaults[0])
    assert dice(made[1::3, 1::3], brain_mask(ct, affine, **defaults[0])) > 0.985


def test_a_head_without_skull_is_refused(defaults):
    ct = np.full((64, 64, 16), -1000.0)
    ct[16:48, 16:48, 4:12] = 35
    with pytest.raises(InputError, match=r"the brain mask made from the CT is empty, expected at least 500 mL"):
        brain_mask(ct, np.diag([3, 3, 5, 1]), **defaults[0])


def test_hounsfield_units_are_recognised(scan):
    ct, _, truth = scan
    assert check_range(ct, stripped=False) == []
    assert check_brain(ct, truth["brain"]) == []
    stripped = np.where(truth["brain"], ct, 0)
    assert check_range(stripped, stripped=True) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda ct: ct + 1024, "1024 may have been added"),
        (
            lambda ct: np.clip(ct, 0, 80),
            "ranges from 0 to 80, expected Hounsfield units, air near -1000 and bone above 300",
        ),
        (lambda ct: np.clip(ct, -1000, 200), "there is no bone"),
        (lambda ct: ct * 50, "lower than any padding"),
        (lambda ct: np.where(ct > 500, np.nan, ct), "no finite numbers"),
    ],
)
def test_other_units_are_named(scan, change, said):
    (sentence,) = check_range(change(scan[0]), stripped=False)
    assert said in sentence


def test_a_stripped_image_in_other_units_is_named_by_its_brain(scan):
    ct, _, truth = scan
    assert "expected 10 to 60 HU" in check_brain(ct + 1024, truth["brain"])[0]


def test_headers():
    assert check_header((4, 4, 4), {"Units": "HU"}) == check_header((4, 4, 4), {}) == []
    assert check_header((4, 4, 4), {"Units": "1"}) == ["the CT's sidecar has Units '1', expected HU"]
    assert "4 dimensions (4 x 4 x 4 x 2), expected 3" in check_header((4, 4, 4, 2), {})[0]


def test_the_threshold_finds_a_dark_patch_and_neither_fluid_nor_rim(defaults):
    rng = np.random.default_rng(0)
    brain = np.zeros((60, 60, 6), bool)
    brain[5:55, 5:55] = True
    ct = np.where(brain, 33 + rng.normal(0, 3, brain.shape), 900)
    lesion, fluid, rim = (np.zeros(brain.shape, bool) for _ in range(3))
    lesion[20:28, 20:28, 2:4], fluid[36:44, 36:44, 2:4], rim[5:9, 20:40, 2:4] = True, True, True
    ct[lesion | rim] -= 12
    ct[fluid] = 8
    found = by_threshold(ct, brain, voxel_size=(2, 2, 5), **{**defaults[1], "z": 5, "fluid_mm": 6})
    assert dice(found, lesion) > 0.75
    assert not (found & (fluid | rim)).any()


def test_a_threshold_without_tissue_finds_nothing(defaults):
    brain = np.zeros((8, 8, 3), bool)
    brain[3:5, 3:5, 1] = True
    assert not by_threshold(np.full(brain.shape, 30.0), brain, voxel_size=(1, 1, 5), **defaults[1]).any()


def test_quality_in_numbers():
    brain = np.zeros((10, 10, 10), bool)
    brain[1:9, 1:9, 1:9] = True
    lesion, truth = np.zeros(brain.shape, bool), np.zeros(brain.shape, bool)
    lesion[4:6, 4:6, 4] = lesion[1, 1, 1] = True
    truth[4:6, 4, 4] = True
    made = quality(lesion, brain, truth, voxel_ml=0.5)
    expected = {
        "brain_ml": 256,
        "wml_ml": 2.5,
        "share_of_brain": 5 / 512,
        "pieces": 2,
        "largest_ml": 2,
        "edge_share": 0.2,
    }
    assert made == pytest.approx({**expected, "dice": 4 / 7})
    none = quality(np.zeros_like(lesion), brain, np.zeros_like(truth), voxel_ml=0.5)
    assert (none["wml_ml"], none["pieces"], none["largest_ml"]) == (0, 0, 0)
    assert np.isnan([none["edge_share"], none["dice"]]).all()
    assert quality(np.zeros_like(lesion), brain, truth, voxel_ml=1)["dice"] == 0
    assert np.isnan(quality(lesion, brain, None, voxel_ml=1)["dice"])
