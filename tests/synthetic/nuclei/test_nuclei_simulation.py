import hashlib
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from recohort.modalities.nuclei import simulation
from recohort.synthetic.nuclei.atlas import draw_atlas
from recohort.synthetic.nuclei.shapes import LABELS, NUCLEI

STUDY = "ms_qsm"
ATLASES = Path(__file__).parents[3] / "data" / "atlases"


@pytest.fixture
def write(tmp_path, completed, needed, anatomy):
    """Simulate a participant as the rule does."""
    shared, root = anatomy.to_arrays(), tmp_path / "synthetic"

    def one(participant, seed=0, section=completed):
        return root, *simulation.simulate(
            participant, shared, root, study=STUDY, seed=seed, **needed("images", section)
        )

    return one


def test_files_and_their_headers(write):
    root, files, truth = write("sub-001")
    names = {path.relative_to(root).as_posix() for path in files}
    stems = [
        "sub-001/anat/sub-001_T1w",
        "sub-001/anat/sub-001_part-mag_T2starw",
        "sub-001/anat/sub-001_part-phase_T2starw",
    ]
    stems += [f"derivatives/masks/sub-001/anat/sub-001_space-{space}_desc-brain_mask" for space in ("T1w", "T2starw")]
    stems += ["derivatives/structures/sub-001/anat/sub-001_space-T2starw_desc-structures_dseg"]
    assert names == {f"{stem}.{end}" for stem in stems for end in ("json", "nii.gz")}
    images = {stem: nib.load(root / f"{stem}.nii.gz") for stem in stems}
    assert all(image.shape == (64, 76, 66) for stem, image in images.items() if "T1w" not in stem)
    assert all(image.shape == (54, 64, 56) for stem, image in images.items() if "T1w" in stem)
    sidecar = json.loads((root / f"{stems[2]}.json").read_text())
    assert sidecar["EchoTime"] == 0.022
    assert sidecar["MagneticFieldStrength"] == 3.0
    assert sidecar["ImageType"] == ["ORIGINAL", "PRIMARY", "P"]
    labels = json.loads((root / f"{stems[-1]}.json").read_text())["Labels"]
    assert labels == {str(value): name for name, value in LABELS.items()}
    assert not list(root.rglob("*Chimap*"))
    assert not any(np.isnan(value) for value in truth.values())


def test_truth_columns(write):
    _, _, truth = write("sub-001")
    names = [*LABELS, "caudate", "putamen", "pallidum", "thalamus", "basal_ganglia"]
    expected = {f"{name}_{unit}" for name in names for unit in ("mean", "volume", "in_labels")}
    assert set(truth) == expected | {"smallest_jacobian"}


def test_equal_bytes_on_another_run(write):
    def digests(files):
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]

    first = digests(write("sub-002")[1])
    assert digests(write("sub-002")[1]) == first


def test_a_participant_without_phase_image(write, settings):
    settings["acquisition"]["unusable_share"] = 1.0
    root, files, truth = write("sub-001")
    assert any("phase" in path.name for path in files)
    root, files, truth = write("sub-001", section=settings)
    assert not any("phase" in path.name for path in files)
    assert not list(root.rglob("*part-phase*"))
    assert any("part-mag" in path.name for path in files)
    assert truth["thalamus_volume"] > 0


@pytest.fixture(scope="module")
def atlas():
    return nib.load(ATLASES / "synthetic_nuclei_dseg.nii.gz")


def test_atlas_is_what_the_generator_makes(atlas):
    labels, affine = draw_atlas(resolution_mm=2)
    np.testing.assert_array_equal(np.asarray(atlas.dataobj), labels)
    np.testing.assert_array_equal(atlas.affine, affine)
    table = pd.read_csv(ATLASES / "synthetic_nuclei_dseg.tsv", sep="\t")
    assert dict(zip(table["name"], table["index"], strict=True)) == LABELS


def test_atlas_lies_on_the_grey_matter_and_fluid_of_the_template(atlas):
    """Caudate, putamen and thalamus hold mostly grey matter of the template, ventricles fluid; left is where x < 0."""
    from nilearn import datasets

    gm, wm = (
        load(resolution=2).get_fdata() for load in (datasets.load_mni152_gm_template, datasets.load_mni152_wm_template)
    )
    labels = np.asarray(atlas.dataobj)
    assert labels.shape == gm.shape
    for name in NUCLEI:
        inside = labels == LABELS[name]
        if not name.startswith("pallidum"):
            assert gm[inside].mean() > 0.5, name
        x = (atlas.affine[:3, :3] @ np.argwhere(inside).T + atlas.affine[:3, 3:])[0]
        assert (x < 0).all() if name.endswith("left") else (x > 0).all()
    fluid = 1 - gm - wm
    assert fluid[labels == LABELS["csf"]].mean() > 0.7
