"""A picture beside every mask, and what is known of a segmentation before the run."""

import json

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from recohort.core.errors import InputError
from recohort.core.io import write_image
from recohort.core.schema import load_schema, with_defaults
from recohort.images.overlay import DASHED, SOLID
from recohort.modalities.wml import beside, processing


def study_images(segmentation, **changes):
    return with_defaults({"kind": "wml", "segmentation": segmentation, **changes}, load_schema("images/wml"))


@pytest.fixture(scope="module", params=[(1.75, 5.0), (0.9, 8.0)])
def dataset(request, tmp_path_factory):
    """A round head of bone and brain with one lesion, given as a mask and, one voxel larger, as the truth."""
    root, (edge, thickness) = tmp_path_factory.mktemp("dataset"), request.param
    shape = (int(200 / edge), int(220 / edge), int(160 / thickness))
    affine = np.diag([-edge, edge, thickness, 1.0])
    x, y, z = np.indices(shape)
    centre, size = np.array(shape)[:, None, None, None] / 2, np.array([edge, edge, thickness])[:, None, None, None]
    apart = (np.stack([x, y, z]) - centre) * size
    radius = np.sqrt((apart**2).sum(axis=0))
    ct = np.where(radius < 70, 30.0, np.where(radius < 78, 900.0, -1000.0))
    lesion = (np.abs(apart[0] - 25) < 8) & (np.abs(apart[1] - 20) < 10) & (np.abs(apart[2]) < 9)
    truth = (np.abs(apart[0] - 25) < 12) & (np.abs(apart[1] - 20) < 14) & (np.abs(apart[2]) < 9)
    folder = root / "sub-001" / "ct" / "sub-001_ct.nii.gz"
    write_image(ct.astype(np.float32), affine, folder, {"Units": "HU"})
    for pipeline, mask in (("reader", lesion), ("truth", truth)):
        path = root / "derivatives" / pipeline / "sub-001" / "ct" / "sub-001_label-WML_mask.nii.gz"
        write_image(mask.astype(np.uint8), affine, path)
    brain = root / "derivatives" / "reader" / "sub-001" / "ct" / "sub-001_desc-brain_mask.nii.gz"
    write_image((radius < 70).astype(np.uint8), affine, brain)
    return root


def processed(dataset, made, **changes):
    images = study_images({"kind": "mask"}, brain={"source": "given"}, **changes)
    return processing.process(dataset, "sub-001", made, images=images, metrics={})


def test_the_picture_is_named_in_the_status_and_among_the_files(dataset, tmp_path):
    row, files = processed(dataset, tmp_path)
    assert row["overlay"] == "sub-001/ct/sub-001_desc-overlay_ct.png"
    assert tmp_path / row["overlay"] in files
    assert str(row["truth"]).endswith("truth/sub-001/ct/sub-001_label-WML_mask.nii.gz")
    assert {"overlay", "truth"} <= set(processing.STATUS)
    assert (tmp_path / row["overlay"]).stat().st_size < 40_000


def test_the_picture_has_a_pixel_per_mm_and_the_lesion_in_its_place(dataset, tmp_path):
    """16 x 20 mm around 25 mm right and 20 mm in front of the middle; the header runs from right to left."""
    row, _ = processed(dataset, tmp_path)
    picture = np.asarray(Image.open(tmp_path / row["overlay"]))
    width = picture.shape[1] / 3
    assert width == pytest.approx(140 + 2 * 14, abs=3)
    rows, columns = np.nonzero(picture[:, : int(width)] == SOLID)
    assert np.ptp(columns) + 1 == pytest.approx(16, abs=2)
    assert np.ptp(rows) + 1 == pytest.approx(20, abs=2)
    affine = nib.load(tmp_path / row["mask"]).affine
    assert affine[0, 0] < 0
    assert width / 2 - columns.mean() == pytest.approx(-25, abs=2), (
        "array x runs to the left, so 25 mm left: on the right"
    )
    assert picture.shape[0] / 2 - rows.mean() == pytest.approx(20, abs=2)
    rows, columns = np.nonzero(picture[:, : int(width)] == DASHED)
    assert np.ptp(columns) + 1 == pytest.approx(24 + 2, abs=3), "the truth is outlined from outside"


def test_two_pictures_are_the_same_bytes(dataset, tmp_path):
    first, second = (processed(dataset, tmp_path / name)[0]["overlay"] for name in "ab")
    assert (tmp_path / "a" / first).read_bytes() == (tmp_path / "b" / second).read_bytes()


def test_no_picture_is_made_where_none_is_wanted(dataset, tmp_path):
    row, files = processed(dataset, tmp_path, overlay=False)
    assert "overlay" not in row
    assert not [path for path in files if path.suffix == ".png"]


def test_what_only_demonstrates_is_known_before_the_run(tmp_path):
    assert beside.demonstrates(images=study_images({"kind": "threshold"}))
    assert not beside.demonstrates(images=study_images({"kind": "mask"}))
    assert not beside.demonstrates(images=study_images({"kind": "nnunet", "model": "m"}))
    images = study_images({"kind": "onnx", "model": str(tmp_path / "n.onnx")})
    for marked in (True, False):
        (tmp_path / "n.json").write_text(json.dumps({"demonstration": marked}))
        assert beside.demonstrates(images=images) == marked
    (tmp_path / "n.json").unlink()
    with pytest.raises(InputError, match=r"n\.json: there is no such file"):
        beside.demonstrates(images=images)
