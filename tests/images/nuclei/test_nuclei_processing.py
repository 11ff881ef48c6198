"""A participant's files to map, labels, template map and picture; what is wrong is said in a sentence."""

import copy
import hashlib
import json
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest
from made_heads import ECHO_EDGE, ECHO_SHAPE, NAMES, dice, grid_of, solids_at, template
from nilearn.datasets import load_mni152_brain_mask
from PIL import Image

from recohort.core.errors import InputError
from recohort.core.io import read_image, read_json, write_image, write_json, write_rows
from recohort.core.schema import load_schema, sentences, with_defaults
from recohort.images.nuclei.edge import trusted_brain, turn
from recohort.modalities.nuclei import beside, processing
from recohort.modalities.nuclei.files import read_template

WHO = "sub-01"
NAMED = {str(number): name for number, name in NAMES.items()}


def settings(**changed):
    images = {"kind": "nuclei", "phase": {"units": "radians"}, **changed}
    schema = load_schema("images")
    assert sentences(images, schema) == []
    return with_defaults(images, schema)


@pytest.fixture
def dataset(tmp_path, heads):
    """A participant as BIDS, its labels given on the gradient echo; its phase is that of a few soft sources."""
    made, root = heads[0], tmp_path / "bids"
    echo, t1w = made.echo, made.t1w
    z = echo.points[2] - 8
    phase = 0.8 * np.sin(z / 25) * np.cos(echo.points[1] / 30)
    here, sidecar = root / WHO / "anat", {"EchoTime": 0.022, "MagneticFieldStrength": 3}
    write_image(np.abs(echo.image), echo.affine, here / f"{WHO}_part-mag_T2starw.nii.gz", sidecar)
    write_image(phase.astype(np.float32), echo.affine, here / f"{WHO}_part-phase_T2starw.nii.gz", sidecar)
    write_image(t1w.image, t1w.affine, here / f"{WHO}_T1w.nii.gz", {})
    for name, one in (("T2starw", echo), ("T1w", t1w)):
        place = root / "derivatives" / "masks" / WHO / "anat" / f"{WHO}_space-{name}_desc-brain_mask.nii.gz"
        write_image(one.brain.astype(np.uint8), one.affine, place, {})
    labels = root / "derivatives" / "first" / WHO / "anat" / f"{WHO}_space-T2starw_desc-structures_dseg.nii.gz"
    write_image(echo.labels, echo.affine, labels, {"Labels": NAMED})
    return SimpleNamespace(root=root, here=here, labels=labels, made=tmp_path / "images", head=made)


def run(dataset, **changed):
    return processing.process(dataset.root, WHO, dataset.made, images=settings(**changed), metrics={})


def check(dataset, **changed):
    return processing.check(dataset.root, WHO, images=settings(**changed), metrics={})


def ready_map(dataset):
    """A map whose value is 0.02 ppm times the label, in the place of reconstruction."""
    echo = dataset.head.echo
    place = dataset.root / "derivatives" / "other" / WHO / "anat" / f"{WHO}_Chimap.nii.gz"
    chi = np.where(echo.brain, np.float32(0.02) * echo.labels + np.float32(1e-6), np.float32(0))
    write_image(chi.astype(np.float32), echo.affine, place, {"Units": "ppm"})


def atlas_of_template(folder):
    """The same solids in the template's space, and what the configuration says of them."""
    _, affine = template()
    coarse = affine @ np.diag([2, 2, 2, 1])
    points = np.indices((99, 117, 95)).astype(float)
    labels = solids_at(np.tensordot(coarse[:3, :3], points, 1) + coarse[:3, 3].reshape(3, 1, 1, 1))
    image, table = folder / "atlas_dseg.nii.gz", folder / "atlas_dseg.tsv"
    write_image(labels, coarse, image)
    write_rows(table, [{"index": n, "name": name} for n, name in NAMES.items()], ["index", "name"])
    return {"image": str(image), "labels": str(table), "sha256": hashlib.sha256(image.read_bytes()).hexdigest()}


def test_what_is_written(dataset):
    row, files = run(dataset)
    assert list(row)[:6] == ["status", *processing.STATUS]
    assert row["status"] == "reconstructed"
    assert {dataset.made / row[key] for key in ("chimap", "structures", "template_chimap", "overlay")} <= set(files)
    chimap, affine = read_image(dataset.made / row["chimap"])
    structures, other = read_image(dataset.made / row["structures"])
    np.testing.assert_array_equal(affine, other)
    np.testing.assert_array_equal(structures, dataset.head.echo.labels)
    kept, _ = read_image(dataset.made / row["chimap"].replace("_Chimap.", "_desc-kept_mask."))
    np.testing.assert_array_equal(np.isfinite(chimap), kept > 0)
    assert read_json((dataset.made / row["structures"]).with_suffix("").with_suffix(".json"))["Labels"] == NAMED
    carried, there = read_image(dataset.made / row["template_chimap"])
    assert (there[:3, 3] - [-98, -134, -72]).tolist() == (2 * np.round((there[:3, 3] - [-98, -134, -72]) / 2)).tolist()
    np.testing.assert_array_equal(there[:3, :3], 2 * np.eye(3))
    assert 0.5 < row["template_known"] < 1
    assert np.isfinite(carried).sum() > 1e5
    assert Image.open(dataset.made / row["overlay"]).size[0] > 300
    for key in (
        "rigid_mm",
        "rigid_deg",
        "registration_correlation",
        "smallest_jacobian",
        "edge_trimmed",
        "brain_volume",
    ):
        assert np.isfinite(row[key]), key


def test_two_runs_write_the_same_bytes(dataset):
    first = {path.name: path.read_bytes() for path in run(dataset)[1]}
    assert {path.name: path.read_bytes() for path in run(dataset)[1]} == first


def test_a_map_lands_on_the_templates_structures(dataset):
    """Its value names the structure: in template space the solids, eroded by 2 mm, hold it to 15 %."""
    ready_map(dataset)
    row, _ = run(dataset)
    assert row["status"] == "imported"
    carried, affine = read_image(dataset.made / row["template_chimap"])
    points = np.tensordot(affine[:3, :3], np.indices(carried.shape).astype(float), 1) + affine[:3, 3].reshape(
        3, 1, 1, 1
    )
    around = [
        solids_at(points + np.array(step, float).reshape(3, 1, 1, 1)) for step in 2 * np.vstack([np.eye(3), -np.eye(3)])
    ]
    for number in NAMES:
        core = np.logical_and.reduce([one == number for one in around])
        assert np.nanmedian(carried[core]) == pytest.approx(0.02 * number, rel=0.15)


def test_labels_of_the_atlas(dataset, tmp_path):
    row, _ = run(dataset, structures={"source": "atlas"}, atlas=atlas_of_template(tmp_path))
    labels, _ = read_image(dataset.made / row["structures"])
    assert np.mean(list(dice(labels, dataset.head.echo.labels).values())) > 0.85


def test_labels_given_on_the_t1w(dataset):
    dataset.labels.unlink()
    place = dataset.labels.with_name(f"{WHO}_space-T1w_desc-structures_dseg.nii.gz")
    write_image(dataset.head.t1w.labels, dataset.head.t1w.affine, place)
    write_rows(
        dataset.root / "derivatives" / "first" / "desc-structures_dseg.tsv",
        [{"index": n, "name": name} for n, name in NAMES.items()],
        ["index", "name"],
    )
    labels, _ = read_image(dataset.made / run(dataset)[0]["structures"])
    assert labels.shape == ECHO_SHAPE
    assert np.mean(list(dice(labels, dataset.head.echo.labels).values())) > 0.75, "3 mm voxels, nearest"


def test_without_a_mask_of_the_t1w_that_of_the_echo_is_taken(dataset):
    (dataset.root / "derivatives/masks" / WHO / "anat" / f"{WHO}_space-T1w_desc-brain_mask.nii.gz").unlink()
    assert check(dataset) == []
    assert run(dataset)[0]["registration_correlation"] > 0.7


def gone(dataset, name):
    next(dataset.root.rglob(f"*{name}*.nii.gz")).unlink()


def other_grid(dataset, name):
    place = next(dataset.root.rglob(f"*{name}*.nii.gz"))
    shape = (30, 40, 30)
    write_image(np.ones(shape, np.uint8), grid_of(ECHO_EDGE, shape), place)


@pytest.mark.parametrize(
    ("break_it", "name", "sentence"),
    [
        (gone, "part-phase", "echo 1 has a magnitude image but no phase image, expected both"),
        (gone, "_T1w", "found no T1w image, expected one, sub-*/anat/sub-*_T1w.nii.gz"),
        (gone, "dseg", "found no labels, expected derivatives/*/sub-*/anat/sub-*_space-{T2starw|T1w}_desc-structures"),
        (other_grid, "part-mag", "is on another grid than phase of echo 1"),
        (other_grid, "dseg", "the labels in space T2starw lie on another grid than the magnitude"),
        (other_grid, "space-T1w_desc-brain", "the T1w brain mask lies on another grid than the T1w image"),
    ],
)
def test_what_is_wrong_is_said_before_voxels_are_read(dataset, break_it, name, sentence):
    if name == "_T1w":
        (dataset.here / f"{WHO}_T1w.nii.gz").unlink()
    else:
        break_it(dataset, name)
    found = check(dataset)
    assert any(sentence in line for line in found), found
    with pytest.raises(InputError):
        run(dataset)


def test_labels_without_names_and_labels_that_are_none(dataset):
    labels = dataset.labels.with_suffix("").with_suffix(".json")
    write_json({}, labels)
    assert "its labels have no names" in check(dataset)[0]
    write_json({"Labels": NAMED}, labels)
    write_image(dataset.head.echo.labels * np.float32(0.5), dataset.head.echo.affine, dataset.labels)
    with pytest.raises(InputError, match=r"found \d*\.5, expected labels, whole numbers"):
        run(dataset)


def test_other_files_than_those_configured(tmp_path):
    atlas = atlas_of_template(tmp_path)
    processing.prepare(images=settings(atlas=atlas))
    assert beside.reads(images=settings(atlas=atlas)) == [atlas["image"], atlas["labels"]]
    with pytest.raises(InputError, match=r"images.atlas.image: .* has SHA-256 .*, expected 0000"):
        processing.prepare(images=settings(atlas={**atlas, "sha256": "0" * 64}))
    with pytest.raises(InputError, match=r"images\.atlas\.image: there is no file"):
        processing.prepare(images=settings(atlas={**atlas, "image": "nowhere.nii.gz"}))
    with pytest.raises(InputError, match=r"found atlas without images\.atlas"):
        processing.prepare(images=settings(structures={"source": "atlas"}))


def test_a_template_of_your_own(tmp_path):
    image, affine = template()
    flipped = affine @ np.diag([-2.0, 2, 2, 1])
    flipped[:3, 3] = affine[:3, 3] + [2 * 98, 0, 0]
    for name, values in (
        ("t1", image[::2, ::2, ::2][::-1]),
        ("mask", (image[::2, ::2, ::2] > 0.2)[::-1].astype(np.uint8)),
    ):
        write_image(np.ascontiguousarray(values), flipped, tmp_path / f"{name}.nii.gz")
    own = {"kind": "file", "image": str(tmp_path / "t1.nii.gz"), "mask": str(tmp_path / "mask.nii.gz")}
    own["sha256"] = hashlib.sha256((tmp_path / "t1.nii.gz").read_bytes()).hexdigest()
    read, mask, there = read_template(settings(template=own)["template"])
    np.testing.assert_allclose(read, image[::2, ::2, ::2], atol=1e-6)
    np.testing.assert_array_equal(there, affine @ np.diag([2, 2, 2, 1]))
    with pytest.raises(InputError, match=r"images\.template\.image: .* has SHA-256"):
        processing.prepare(images=settings(template={**own, "sha256": "0" * 64}))
    oblique = flipped.copy()
    oblique[0, 1] = 0.3
    nib.save(nib.Nifti1Image(image[::2, ::2, ::2], oblique), tmp_path / "t1.nii.gz")
    nib.save(nib.Nifti1Image(mask.astype(np.uint8), oblique), tmp_path / "mask.nii.gz")
    own["sha256"] = hashlib.sha256((tmp_path / "t1.nii.gz").read_bytes()).hexdigest()
    with pytest.raises(InputError, match="is oblique"):
        processing.prepare(images=settings(template=own))


def test_the_template_is_that_of_nilearn():
    image, mask, affine = read_template({"kind": "mni152"})
    expected, other = template()
    np.testing.assert_allclose(image, expected, atol=1e-6)
    np.testing.assert_array_equal(mask, load_mni152_brain_mask(resolution=1).get_fdata() > 0)
    np.testing.assert_array_equal(affine, other)


def test_the_edge_that_a_single_echo_cannot_resolve_goes():
    """A brain with a steep field at one side: what turns by more than 1.5 rad a voxel and reaches the outside goes."""
    x = np.arange(40.0)[:, None, None] * np.ones((40, 30, 30))
    brain = np.zeros(x.shape, bool)
    brain[4:36, 4:26, 4:26] = True
    true = np.where(x > 30, 2.2 * (x - 30), 0.05 * x)
    phase = np.angle(np.exp(1j * true)).astype(np.float32)
    most = turn(phase, brain)
    assert (most[31:36][brain[31:36]] > 1.5).all()
    assert most[:30].max() < 0.1
    arguments = (np.ones((1, *x.shape)), phase[None], brain, np.eye(4))
    sections = {
        "phase": {"units": "radians", "polarity": 1},
        "mask": {"source": "given", "opening_mm": 3, "closing_mm": 5},
    }
    trusted, share = trusted_brain(*arguments, **sections, maximum_turn_rad=1.5)
    assert not trusted[31:].any()
    assert trusted[:30].sum() == brain[:30].sum()
    assert share == pytest.approx(1 - trusted.sum() / brain.sum())
    whole, none = trusted_brain(*arguments, **sections, maximum_turn_rad=None)
    np.testing.assert_array_equal(whole, brain)
    assert none == 0


def test_defaults_are_one_brain_and_one_pass(defaults):
    assert defaults["passes"] == 1
    assert load_schema("images/qsm")["properties"]["passes"]["default"] == 3
    assert defaults["template"] == {"kind": "mni152", "resolution_mm": 2}
    other = copy.deepcopy(defaults)
    other["registration"]["warp"] = {"kind": "syn"}
    assert with_defaults(other, load_schema("images"))["registration"]["warp"]["metric"] == "cc"
    assert json.dumps(defaults)
