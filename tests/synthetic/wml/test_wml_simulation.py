import hashlib
import json

import nibabel as nib
import numpy as np
import pytest

from recohort.core.derivatives import Derivatives

VOXEL_ML = 1.75 * 1.75 * 5 / 1000


@pytest.fixture
def without(trial):
    participants, _ = trial
    return participants.loc[participants["ct"] == 0, "participant_id"].iloc[0]


def digests(files):
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]


def test_files_and_their_headers(simulate):
    root, files, _ = simulate("sub-001")
    names = [path.relative_to(root).as_posix() for path in files]
    truth = "derivatives/truth/sub-001/ct/sub-001_label-"
    expected = ["sub-001/ct/sub-001_ct.json", "sub-001/ct/sub-001_ct.nii.gz"]
    expected += [f"{truth}{label}_mask.{end}" for label in ("WML", "brain", "ventricles") for end in ("json", "nii.gz")]
    assert names == expected
    ct = nib.load(files[1])
    assert ct.get_data_dtype() == np.int16
    assert ct.shape == (128, 128, 32)
    assert ct.header.get_zooms() == pytest.approx((1.75, 1.75, 5.0))
    assert json.loads(files[0].read_text()) == {"Modality": "CT", "SliceThickness": pytest.approx(5), "Units": "HU"}
    for path in files[3::2]:
        mask = nib.load(path)
        assert mask.get_data_dtype() == np.uint8
        np.testing.assert_array_equal(mask.affine, ct.affine)


def test_truth_is_that_of_the_masks_and_of_the_trial(simulate, trial):
    _, latent = trial
    for row in (0, 3, 20):
        root, _, truth = simulate(latent["participant_id"][row])
        name = latent["participant_id"][row]
        assert set(truth) == {"wml_ml", "brain_ml", "ventricles_ml", "wml_pieces"}
        for label in ("WML", "brain", "ventricles"):
            mask = nib.load(root / f"derivatives/truth/{name}/ct/{name}_label-{label}_mask.nii.gz").get_fdata()
            assert truth[f"{label.lower()}_ml"] == pytest.approx(mask.sum() * VOXEL_ML)
        assert truth["wml_ml"] == pytest.approx(latent["wml_target_ml"][row], abs=VOXEL_ML / 2 + 1e-9)


def test_equal_bytes_on_another_run_and_others_for_another_seed(simulate):
    first = digests(simulate("sub-002")[1])
    assert digests(simulate("sub-002")[1]) == first
    assert digests(simulate("sub-002", seed=1)[1]) != first


def test_a_patient_without_ct_has_no_file_and_leaves_none_behind(simulate, without):
    stale = simulate("sub-001")[0] / without / "ct" / f"{without}_ct.nii.gz"
    stale.parent.mkdir(parents=True)
    stale.touch()
    root, files, truth = simulate(without)
    assert (files, truth) == ([], {})
    assert not stale.exists()
    assert not list(root.rglob(f"{without}*"))


def test_derivatives_lie_in_anat_unless_told_otherwise(tmp_path):
    assert Derivatives(tmp_path, "sub-1", None).folder == tmp_path / "sub-1" / "anat"
    assert Derivatives(tmp_path, "sub-1", "a", "ct").folder == tmp_path / "sub-1" / "ses-a" / "ct"
