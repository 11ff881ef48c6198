"""Files are found by entity, in order of echo, and never outside their participant's folder."""

import pytest

from recohort.core.bids import check_participant, find, find_derivative
from recohort.core.errors import InputError


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


def test_echoes_come_in_numerical_order(tmp_path):
    for echo in (10, 2, 1):
        for part in ("mag", "phase"):
            touch(tmp_path / "sub-01" / "anat" / f"sub-01_echo-{echo}_part-{part}_MEGRE.nii.gz")
    names = [path.name for path in find(tmp_path, "sub-01", "MEGRE", part="phase")]
    assert names == [f"sub-01_echo-{echo}_part-phase_MEGRE.nii.gz" for echo in (1, 2, 10)]


def test_sessions(tmp_path):
    touch(tmp_path / "sub-01" / "ses-pre" / "anat" / "sub-01_ses-pre_Chimap.nii.gz")
    assert find(tmp_path, "sub-01", "Chimap") == []
    assert len(find(tmp_path, "sub-01", "Chimap", session="pre")) == 1


def test_two_pipelines_with_the_same_file_are_an_error(tmp_path):
    for pipeline in ("a", "b"):
        touch(tmp_path / "derivatives" / pipeline / "sub-01" / "anat" / "sub-01_Chimap.nii.gz")
    with pytest.raises(InputError, match="sub-01 has 2 files that could be its Chimap"):
        find_derivative(tmp_path, "sub-01", "Chimap")


def test_a_suffix_is_matched_whole(tmp_path):
    touch(tmp_path / "sub-01" / "anat" / "sub-01_otherMEGRE.nii.gz")
    assert find(tmp_path, "sub-01", "MEGRE") == []


@pytest.mark.parametrize("name", ["../etc", "sub-01/..", "01", "sub-", "sub-a b", ""])
def test_a_participant_cannot_leave_the_dataset(name):
    assert check_participant(name, "line 2")


def test_a_good_label():
    assert check_participant("sub-A01", "line 2") is None


def test_files_of_another_folder(tmp_path):
    touch(tmp_path / "sub-01" / "ct" / "sub-01_ct.nii.gz")
    assert find(tmp_path, "sub-01", "ct") == []
    assert len(find(tmp_path, "sub-01", "ct", datatype="ct")) == 1


def test_what_only_a_generator_knows_is_no_derivative(tmp_path):
    touch(tmp_path / "derivatives" / "truth" / "sub-01" / "ct" / "sub-01_label-WML_mask.nii.gz")
    assert find_derivative(tmp_path, "sub-01", "mask", datatype="ct", label="WML") is None
