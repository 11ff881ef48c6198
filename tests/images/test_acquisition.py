from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest

from recohort.images.qsm.acquisition import check_acquisition, echo_times, field_strength


def image(shape=(8, 9, 10), shift=0.0):
    affine = np.eye(4)
    affine[0, 3] = shift
    return SimpleNamespace(shape=shape, affine=affine)


@pytest.fixture
def subject():
    return {
        "magnitude": {echo: image() for echo in (1, 2, 3)},
        "phase": {echo: image() for echo in (1, 2, 3)},
        "sidecars": {echo: {"EchoTime": 0.005 * echo, "MagneticFieldStrength": 3} for echo in (1, 2, 3)},
        "masks": {"brain mask": image(), "lesion mask": image()},
    }


def test_a_good_subject_has_no_findings(subject):
    assert check_acquisition(**subject) == []
    assert echo_times(subject["sidecars"]) == pytest.approx((0.005, 0.01, 0.015))
    assert field_strength(subject["sidecars"]) == 3


def test_nibabel_images_are_taken(subject):
    subject["masks"]["lesion mask"] = nib.Nifti1Image(np.zeros((8, 9, 10), np.uint8), np.eye(4))
    assert check_acquisition(**subject) == []


def drop(where, echo):
    return lambda s: s[where].pop(echo)


def put(where, key, value):
    return lambda s: s[where].__setitem__(key, value)


def side(echo, key, value):
    return lambda s: s["sidecars"][echo].__setitem__(key, value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (drop("phase", 2), "echo 2 has a magnitude image but no phase image, expected both"),
        (drop("magnitude", 3), "echo 3 has a phase image but no magnitude image, expected both"),
        (
            put("phase", 3, image((8, 9, 11))),
            "phase of echo 3 is on another grid than phase of echo 1 (shape 8 x 9 x 11 against 8 x 9 x 10), "
            "expected the same grid",
        ),
        (
            put("masks", "lesion mask", image(shift=1)),
            "lesion mask is on another grid than phase of echo 1 (same shape but up to 1 mm apart), "
            "expected the same grid",
        ),
        (put("magnitude", 1, image((8, 9, 10, 3))), "magnitude of echo 1 has 4 dimensions, expected 3"),
        (side(2, "EchoTime", None), "EchoTime of echo 2 is missing, expected a positive number of seconds"),
        (side(2, "EchoTime", "late"), "EchoTime of echo 2 is 'late', expected a positive number of seconds"),
        (side(1, "EchoTime", 5), "EchoTime of echo 1 is 5, expected seconds: this looks like milliseconds"),
        (
            side(3, "EchoTime", 0.01),
            "EchoTime of echo 3 (0.01 s) is not later than that of echo 2 (0.01 s), "
            "expected strictly increasing echo times",
        ),
        (
            side(1, "MagneticFieldStrength", None),
            "MagneticFieldStrength of echo 1 is missing, expected a positive number of tesla",
        ),
        (
            side(2, "MagneticFieldStrength", 1.5),
            "MagneticFieldStrength differs between echoes (3 T, 1.5 T, 3 T), expected one scanner",
        ),
    ],
)
def test_each_fault_has_its_sentence(subject, change, sentence):
    change(subject)
    assert check_acquisition(**subject) == [sentence]


def test_a_gap_and_nothing_at_all(subject):
    for where in ("magnitude", "phase", "sidecars"):
        del subject[where][2]
    assert check_acquisition(**subject) == ["echo 2 is missing: found echoes 1, 3, expected them without a gap from 1"]
    nothing = check_acquisition({}, {}, {}, {})
    assert nothing == ["no magnitude and no phase image was found, expected one of each per echo"]


def test_all_findings_come_at_once(subject):
    drop("phase", 2)(subject)
    side(1, "EchoTime", 5)(subject)
    side(3, "MagneticFieldStrength", 7)(subject)
    assert len(check_acquisition(**subject)) == 3
