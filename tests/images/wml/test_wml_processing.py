"""A patient from files to files: every back end, and what is said of each wrong input."""

import json
import shutil
import stat
import sys

import nibabel as nib
import numpy as np
import pytest
from networks_by_hand import describe, write_threshold

from recohort.core.errors import InputError
from recohort.core.io import write_image
from recohort.modalities.wml import beside, measuring, processing

VOXEL_ML = 1.75 * 1.75 * 5 / 1000
WRITTEN = [
    "desc-brain_mask.json",
    "desc-brain_mask.nii.gz",
    "desc-overlay_ct.png",
    "label-WML_mask.json",
    "label-WML_mask.nii.gz",
]


@pytest.fixture
def dataset(patient, tmp_path):
    root, name, truth = patient
    copy = tmp_path / "data"
    shutil.copytree(root, copy)
    return copy, name, truth


@pytest.fixture
def run(dataset, tmp_path):
    """Process the patient; returns (row, mask, affine)."""
    root, name, _ = dataset

    def done(images):
        assert processing.check(root, name, images=images, metrics={}) == []
        row, files = processing.process(root, name, tmp_path / "made", images=images, metrics={})
        assert sorted(path.name.split("_", 1)[1] for path in files) == WRITTEN
        mask = nib.load(tmp_path / "made" / row["mask"])
        return row, mask.get_fdata() > 0, mask.affine

    return done


def refused(dataset, images, match):
    root, name, _ = dataset
    with pytest.raises(InputError, match=match):
        processing.process(root, name, root.parent / "made", images=images, metrics={})


def give(root, name, mask, affine, entities="label-WML", pipeline="reader"):
    write_image(mask.astype(np.uint8), affine, root / f"derivatives/{pipeline}/{name}/ct/{name}_{entities}_mask.nii.gz")


@pytest.fixture
def truth_masks(dataset):
    root, name, _ = dataset
    made = {}
    for label in ("WML", "brain"):
        image = nib.load(root / f"derivatives/truth/{name}/ct/{name}_label-{label}_mask.nii.gz")
        made[label] = image.get_fdata() > 0
    return made, image.affine


def test_a_given_mask_is_taken_as_it_is(dataset, run, study_images, truth_masks):
    masks, affine = truth_masks
    give(*dataset[:2], masks["WML"], affine)
    row, mask, made_affine = run(study_images({"kind": "mask"}))
    np.testing.assert_array_equal(mask, masks["WML"])
    np.testing.assert_allclose(made_affine, affine, atol=1e-5)
    assert (row["status"], row["segmentation"], row["demonstration"], row["dice"]) == ("imported", "mask", 0, 1)
    assert row["wml_ml"] == pytest.approx(dataset[2]["wml_ml"])


def test_the_truth_is_never_an_input(dataset, study_images):
    refused(dataset, study_images({"kind": "mask"}), "found no mask label-WML, expected derivatives/")


def test_two_readers_are_told_apart_by_desc(dataset, run, study_images, truth_masks):
    masks, affine = truth_masks
    for reader in ("first", "second"):
        give(*dataset[:2], masks["WML"] & (reader == "first"), affine, f"label-WML_desc-{reader}")
    refused(dataset, study_images({"kind": "mask"}), "2 files that could be its mask")
    assert run(study_images({"kind": "mask", "desc": "second"}))[0]["wml_ml"] == 0


def test_a_mask_on_another_grid_or_of_several_structures_is_refused(dataset, study_images, truth_masks):
    masks, affine = truth_masks
    shifted = affine.copy()
    shifted[0, 3] += 3
    give(*dataset[:2], masks["WML"], shifted)
    refused(
        dataset, study_images({"kind": "mask"}), r"lies on another grid than the CT \(same shape but up to 3 mm apart\)"
    )
    give(*dataset[:2], masks["WML"][1:], affine)
    refused(
        dataset, study_images({"kind": "mask"}), "lies on another grid than the CT .shape 127 x 128 x 32 against|shape"
    )
    give(*dataset[:2], masks["WML"].astype(int) + 2 * (masks["brain"] & ~masks["WML"]), affine)
    refused(dataset, study_images({"kind": "mask"}), "found values 1, 2 beside 0, expected one")


def test_a_given_brain_is_taken_and_an_empty_one_refused(dataset, run, study_images, truth_masks):
    masks, affine = truth_masks
    images = study_images({"kind": "threshold"}, brain={"source": "given"})
    refused(dataset, images, "found no mask desc-brain")
    give(*dataset[:2], masks["brain"], affine, "desc-brain")
    row, _, _ = run(images)
    assert row["brain_ml"] == pytest.approx(dataset[2]["brain_ml"])
    give(*dataset[:2], masks["brain"] & False, affine, "desc-brain")
    refused(dataset, images, "the given brain mask is empty, expected at least 500 mL")
    give(*dataset[:2], masks["WML"], affine, "desc-brain")
    refused(dataset, images, "the given brain mask has .* mL, expected at least 500 mL")


def test_the_threshold_says_that_it_demonstrates(run, study_images):
    row, _, _ = run(study_images({"kind": "threshold"}))
    assert (row["status"], row["segmentation"], row["demonstration"]) == ("reconstructed", "threshold", 1)
    assert 0 <= row["dice"] <= 1


@pytest.mark.parametrize("demonstration", [False, True])
def test_a_network_and_its_mark(run, study_images, tmp_path, demonstration):
    path = write_threshold(tmp_path / "t.onnx", demonstration=demonstration, patch=[64, 64, 16])
    images = study_images({"kind": "onnx", "model": str(path)})
    processing.prepare(images=images)
    row, mask, _ = run(images)
    assert (row["segmentation"], row["demonstration"]) == ("onnx", int(demonstration))
    assert row["wml_ml"] == pytest.approx(mask.sum() * VOXEL_ML)
    assert beside.reads(images=images) == [str(path), str(path.with_suffix(".json"))]


def test_a_network_that_is_not_there_or_not_described_is_refused(dataset, study_images, tmp_path):
    images = study_images({"kind": "onnx", "model": str(tmp_path / "none.onnx")})
    refused(dataset, images, "images.segmentation.model: there is no file .*none.onnx")
    path = write_threshold(tmp_path / "t.onnx")
    path.with_suffix(".json").unlink()
    images = study_images({"kind": "onnx", "model": str(path)})
    refused(dataset, images, "t.onnx: found no description beside it, expected .*t.json")
    path.with_suffix(".json").write_text(json.dumps({"sha256": "0" * 64}))
    with pytest.raises(InputError, match=r"t\.json: the file: key 'patch' is missing"):
        processing.prepare(images=images)
    describe(path, sha256="0" * 64)
    with pytest.raises(InputError, match="has SHA-256"):
        processing.prepare(images=images)


def rewrite(dataset, change, **sidecar):
    root, name, _ = dataset
    path = root / name / "ct" / f"{name}_ct.nii.gz"
    image = nib.load(path)
    write_image(change(image.get_fdata(dtype=np.float32)), image.affine, path, {"Modality": "CT", **sidecar})


def test_a_ct_in_other_units_is_refused(dataset, study_images):
    rewrite(dataset, lambda ct: ct + 1024)
    refused(dataset, study_images({"kind": "threshold"}), "ranges from .*, expected Hounsfield units, air near -1000")


def test_a_sidecar_of_other_units_is_found_before_any_voxel_is_read(dataset, study_images):
    root, name, _ = dataset
    rewrite(dataset, lambda ct: ct, Units="mGy")
    images = study_images({"kind": "threshold"})
    assert processing.check(root, name, images=images, metrics={}) == ["the CT's sidecar has Units 'mGy', expected HU"]
    refused(dataset, images, "Units 'mGy'")


def test_two_cts_are_refused(dataset, study_images):
    root, name, _ = dataset
    path = root / name / "ct" / f"{name}_ct.nii.gz"
    shutil.copy(path, path.with_name(f"{name}_run-2_ct.nii.gz"))
    refused(dataset, study_images({"kind": "threshold"}), f"found 2 CT images, .*; expected one, {name}_ct.nii.gz")


def test_an_absent_or_truncated_ct_is_refused(dataset, study_images):
    root, name, _ = dataset
    images, path = study_images({"kind": "threshold"}), root / name / "ct" / f"{name}_ct.nii.gz"
    path.write_bytes(path.read_bytes()[:5000])
    assert "truncated" in processing.check(root, name, images=images, metrics={})[0]
    path.unlink()
    refused(dataset, images, r"^found no CT, expected sub-\*/ct/sub-\*_ct.nii.gz$")


FAKE = """#!{python}
import json, pathlib, sys
import nibabel as nib, numpy as np
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
assert sys.argv[9:] == ["-device", "cpu", "--disable_tta", "-npp", "1", "-nps", "1"], sys.argv
assert (given["-f"], given["-d"]) == ("0", {model!r}), given
{fault}
image = nib.load(pathlib.Path(given["-i"]) / "case_0000.nii.gz")
ct = image.get_fdata()
mask = np.where((ct > 15) & (ct < 20), 1, np.where(ct > 20, 2, 0)).astype(np.uint8)
nib.save(nib.Nifti1Image(mask, image.affine), pathlib.Path(given["-o"]) / "case.nii.gz")
"""


@pytest.fixture
def nnunet(tmp_path, study_images):
    """A stand-in for nnU-Net's command; returns the section for it."""
    model = tmp_path / "model"
    (model / "fold_0").mkdir(parents=True)
    (model / "dataset.json").write_text('{"file_ending": ".nii.gz"}')
    (model / "plans.json").write_text("{}")

    def made(fault="", **changes):
        command = tmp_path / "predict"
        command.write_text(FAKE.format(python=sys.executable, model=str(model), fault=fault))
        command.chmod(command.stat().st_mode | stat.S_IXUSR)
        return study_images({"kind": "nnunet", "model": str(model), "command": str(command), **changes})

    return made


def test_nnunet_is_run_by_its_command(dataset, run, nnunet):
    root, name, _ = dataset
    row, mask, _ = run(nnunet())
    ct = nib.load(root / name / "ct" / f"{name}_ct.nii.gz").get_fdata()
    assert mask.any()
    assert ((ct[mask] > 15) & (ct[mask] < 20)).all()
    assert (row["segmentation"], row["demonstration"]) == ("nnunet", 0)
    assert run(nnunet(label=2))[1].sum() > mask.sum()


def test_nnunet_that_is_not_installed_fails_or_writes_nothing_is_said(dataset, nnunet, tmp_path):
    with pytest.raises(
        InputError, match=r"images\.segmentation\.command: 'no_such' is not installed, expected nnU-Net's command"
    ):
        processing.prepare(images=nnunet(command="no_such"))
    refused(
        dataset, nnunet("print('out of memory', file=sys.stderr); sys.exit(3)"), "ended with status 3: out of memory"
    )
    refused(dataset, nnunet("sys.exit(0)"), "wrote nothing, expected case.nii.gz")
    (tmp_path / "model" / "plans.json").unlink()
    refused(dataset, nnunet(), "lacks plans.json, expected a folder that nnU-Net trained")


def as_read(row):
    return {key: str(value) for key, value in row.items()}


def test_metrics_of_a_patient(dataset, run, study_images, truth_masks, tmp_path):
    masks, affine = truth_masks
    give(*dataset[:2], masks["WML"], affine)
    row, _, _ = run(study_images({"kind": "mask"}))
    settings = _metrics_defaults()
    rows = measuring.measure(as_read(row), tmp_path / "made", metrics=settings)
    values = {one["metric"]: one["value"] for one in rows}
    assert values["wml_volume"] == values["wml_total"] == pytest.approx(dataset[2]["wml_ml"])
    assert 0 < values["wml_periventricular"] <= values["wml_total"]
    assert values["wml_share"] == pytest.approx(100 * values["wml_total"] / values["wml_intracranial"])
    assert values["wml_ventricles"] == pytest.approx(dataset[2]["ventricles_ml"], rel=0.5)
    assert {one["qc"] for one in rows} == {""}


def test_a_demonstration_is_said_of_every_volume(run, study_images, tmp_path):
    row, _, _ = run(study_images({"kind": "threshold"}))
    rows = measuring.measure(as_read(row), tmp_path / "made", metrics=_metrics_defaults())
    assert all("demonstration" in one["qc"] for one in rows)


def _metrics_defaults():
    from recohort.core.schema import load_schema, with_defaults

    return with_defaults({"wml": {}}, load_schema("metrics"))


@pytest.fixture
def demonstration(request):
    return request.config.rootpath / "data" / "models" / "wml_demonstration.onnx"


def test_the_committed_network_is_whole_small_and_marked(study_images, demonstration):
    images = study_images({"kind": "onnx", "model": str(demonstration)})
    processing.prepare(images=images)
    assert demonstration.stat().st_size < 1_000_000
    assert json.loads(demonstration.with_suffix(".json").read_text())["demonstration"] is True
