import hashlib
import json

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from recohort.core.errors import InputError
from recohort.synthetic.vbq.spine import build_spine

QUIET = {"noise": [0, 0], "bias": [0, 0], "blur_mm": [0, 0], "csf_signal": [1000, 1000]}


@pytest.fixture
def quiet(settings):
    """Settings of images without noise, bias field and blur, the CSF at 1000."""
    settings["spines"] |= QUIET
    return settings


def loaded(root, participant):
    image = nib.load(root / participant / "anat" / f"{participant}_T1w.nii.gz")
    labels = nib.load(root / "derivatives/spine" / participant / "anat" / f"{participant}_desc-spine_dseg.nii.gz")
    return np.asarray(image.dataobj).astype(float), np.asarray(labels.dataobj), image.affine


def deep(mask, slices, in_plane):
    """Erode a mask whose last axis runs through the slices."""
    mask = ndimage.binary_erosion(mask, np.ones((1, 1, 2 * slices + 1)))
    return ndimage.binary_erosion(mask, np.ones((3, 3, 1)), iterations=in_plane)


def in_front_of_canal(labels, completed):
    """Return what of the image is in front of the canal, height by height; the first axis runs backwards."""
    numbers = completed["anatomy"]["labels"]
    canal = np.isin(labels, [numbers["canal"], numbers["cord"]]).any(axis=2)
    front = np.where(canal.any(axis=0), canal.argmax(axis=0), 0)
    return (np.arange(labels.shape[0])[:, None] < front[None, :] - 2)[..., None]


@pytest.mark.parametrize("row", [0, 1, 4, 7])
def test_medians_of_marrow_and_fluid_are_the_score_drawn(simulate, quiet, completed, cohort, row):
    """Of whole voxels deep in each body and in the canal. Texture leaves 2 % between these and the body's median."""
    truth = cohort[1].iloc[row]
    root, _, _ = simulate(truth["participant_id"], quiet)
    image, labels, _ = loaded(root, truth["participant_id"])
    numbers = completed["anatomy"]["labels"]
    front = in_front_of_canal(labels, completed)
    for name in ("L1", "L2", "L3", "L4"):
        body = deep((labels == numbers[name]) & front, 1, 3)
        assert body.sum() > 300
        assert np.median(image[body]) / 1000 == pytest.approx(truth[f"vbq_{name.lower()}"], rel=0.025), name
    heights = np.nonzero(((labels == numbers["L3"]) & front).any(axis=(0, 2)))[0]
    canal = deep(labels == numbers["canal"], 1, 2)
    canal[:, : heights[0]] = canal[:, heights[-1] :] = False
    assert canal.sum() > 200
    assert np.median(image[canal]) == pytest.approx(1000, rel=0.01)


def test_files_headers_and_sidecars(simulate, completed, cohort):
    participants, truth = cohort
    root, files, known = simulate("sub-001", completed)
    names = [path.relative_to(root).as_posix() for path in files]
    labels = "derivatives/spine/sub-001/anat/sub-001_desc-spine_dseg"
    assert names == [
        "sub-001/anat/sub-001_T1w.json",
        "sub-001/anat/sub-001_T1w.nii.gz",
        f"{labels}.json",
        f"{labels}.nii.gz",
    ]
    image, drawn = nib.load(files[1]), nib.load(files[3])
    assert image.get_data_dtype() == np.int16
    assert drawn.get_data_dtype() == np.uint8
    assert image.shape == drawn.shape == (200, 320, 15)
    assert image.header.get_zooms() == pytest.approx((0.9, 0.9, 4.0))
    assert nib.aff2axcodes(image.affine) == ("P", "S", "L")
    np.testing.assert_array_equal(image.affine, drawn.affine)
    header = json.loads(files[0].read_text())
    assert 0.4 <= header["RepetitionTime"] <= 0.85
    assert 0.008 <= header["EchoTime"] <= 0.02
    assert f"{header['MagneticFieldStrength']:g} T" == participants["field_strength"][0]
    assert header["Manufacturer"] in completed["acquisition"]["manufacturers"]
    spine = json.loads(files[2].read_text())
    assert spine == {"Fractured": truth["fractured"][0].split(), "LevelOverride": {}}
    assert set(known) == {"csf_signal", "bias"}


def test_labels_are_in_order_and_each_in_one_piece(simulate, completed):
    root, _, _ = simulate("sub-003", completed)
    _, labels, affine = loaded(root, "sub-003")
    numbers = completed["anatomy"]["labels"]
    front = in_front_of_canal(labels, completed)
    up = []
    for name in ("sacrum", "L5", "L4", "L3", "L2", "L1", "T12", "T11"):
        voxels = np.argwhere((labels == numbers[name]) & front)
        up.append((affine[:3, :3] @ voxels.mean(axis=0) + affine[:3, 3])[2])
        body = deep((labels == numbers[name]) & front, 0, 2)
        assert ndimage.label(body)[1] <= (2 if name == "sacrum" else 1), name
    assert (np.diff(up) > 20).all()
    whole = ndimage.label(np.isin(labels, [numbers["canal"], numbers["cord"]]))
    assert np.bincount(whole[0].ravel())[1:].max() > 0.99 * (whole[0] > 0).sum()


def test_the_cord_ends_above_l3(simulate, completed):
    root, _, _ = simulate("sub-003", completed)
    _, labels, _ = loaded(root, "sub-003")
    numbers = completed["anatomy"]["labels"]
    front = in_front_of_canal(labels, completed)
    highest = np.nonzero(((labels == numbers["L3"]) & front).any(axis=(0, 2)))[0].max()
    assert np.nonzero((labels == numbers["cord"]).any(axis=(0, 2)))[0].min() > highest


def test_a_fractured_body_is_lower_in_front(simulate, quiet, completed, cohort):
    """Height of front over back, of the first fractured level against what it is without wedge."""
    truth = cohort[1].iloc[0]
    level, number = truth["fractured"].split()[0], completed["anatomy"]["labels"]
    ratios = []
    for wedge in (0.0, 0.5):
        quiet["spines"]["wedge"] = [wedge, wedge]
        root, _, _ = simulate("sub-001", quiet)
        _, labels, _ = loaded(root, "sub-001")
        body = ((labels == number[level]) & in_front_of_canal(labels, completed))[:, :, 7]
        columns = np.nonzero(body.any(axis=1))[0]
        height = body.sum(axis=1)
        ratios.append(height[columns[4]] / height[columns[-5]])
    assert ratios[1] < 0.75 * ratios[0]


def test_stenosis_leaves_no_fluid_at_l3_but_at_l2(simulate, quiet, completed):
    quiet["defects"] = {"of": 60, "stenosis": 60, "transitional": 0}
    root, _, _ = simulate("sub-001", quiet)
    image, labels, _ = loaded(root, "sub-001")
    numbers, front = completed["anatomy"]["labels"], in_front_of_canal(labels, completed)
    canal = labels == numbers["canal"]
    for name, fluid in (("L3", False), ("L2", True)):
        heights = np.nonzero(((labels == numbers[name]) & front).any(axis=(0, 2)))[0]
        inner = heights[len(heights) // 4 : -len(heights) // 4]
        there = image[:, inner][canal[:, inner]]
        assert (np.abs(there - 1000) < 100).any() == fluid, name


def test_a_transitional_l5_is_labelled_sacrum(simulate, settings, completed):
    settings["defects"] = {"of": 60, "stenosis": 0, "transitional": 60}
    root, _, _ = simulate("sub-001", settings)
    _, labels, _ = loaded(root, "sub-001")
    numbers = completed["anatomy"]["labels"]
    found = set(np.unique(labels))
    assert not found & {numbers["L5"], numbers["disc_L5_S1"]}
    assert {numbers[name] for name in ("L4", "L3", "L2", "L1", "T12", "T11", "sacrum", "disc_L4_L5")} <= found


def test_noise_and_bias_are_those_drawn(simulate, settings):
    settings["spines"] |= {"noise": [0.1, 0.1], "bias": [0, 0], "csf_signal": [100, 100]}
    root, _, _ = simulate("sub-001", settings)
    noisy = loaded(root, "sub-001")[0]
    settings["spines"]["noise"] = [0, 0]
    root, _, _ = simulate("sub-001", settings)
    clean = loaded(root, "sub-001")[0]
    bright = clean > 200
    assert (noisy - clean)[bright].std() == pytest.approx(10, rel=0.02)
    assert noisy[clean == 0].mean() == pytest.approx(10 * np.sqrt(np.pi / 2), rel=0.02)  # Rayleigh
    settings["spines"]["bias"] = [0.35, 0.35]
    root, _, known = simulate("sub-001", settings)
    factor = loaded(root, "sub-001")[0][bright] / clean[bright]
    assert np.percentile(factor, [1, 99]) == pytest.approx([1 / 1.35, 1.35], rel=0.12)
    assert np.percentile(factor, 99.5) / np.percentile(factor, 0.5) == pytest.approx(known["bias"], rel=0.1)


def test_fat_thickens_with_weight(simulate, quiet):
    layers = []
    for bmi in (18.0, 40.0):
        quiet["covariates"]["bmi"] = {"mean": bmi, "sd": 0.01, "minimum": bmi - 0.1, "maximum": bmi + 0.1}
        root, _, _ = simulate("sub-001", quiet)
        profile = loaded(root, "sub-001")[0][100:, 160, 7]
        layers.append((profile > 4500).sum() * 0.9)
    assert layers[1] - layers[0] == pytest.approx(1.1 * 22, abs=4)


@pytest.mark.parametrize(("matrix", "edges"), [([9, 90, 150], [6.0, 2.0, 2.0]), ([20, 256, 384], [3.0, 0.75, 0.75])])
def test_other_grids(simulate, settings, matrix, edges):
    settings["anatomy"] |= {"matrix": matrix, "voxel_size_mm": edges}
    root, _, _ = simulate("sub-001", settings)
    image, labels, _ = loaded(root, "sub-001")
    assert image.shape == labels.shape == (*matrix[1:], matrix[0])
    assert {41, 42, 43, 44, 45, 50, 1, 2} <= set(np.unique(labels))


def test_equal_bytes_on_another_run_and_others_for_another_seed(simulate, completed):
    def digests(seed):
        _, files, _ = simulate("sub-002", completed, seed=seed)
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]

    first = digests(0)
    assert digests(0) == first
    assert digests(1) != first


def test_a_range_in_the_wrong_order_is_one_sentence(simulate, settings):
    settings["spines"]["fat"] = [7.0, 5.0]
    with pytest.raises(InputError, match=r"spines.fat: found \[7.0, 5.0\], expected the smaller number first"):
        simulate("sub-001", settings)


def test_blocks_touch_each_other():
    """The top of each disc is the bottom of the vertebra above, whatever the tilts and wedges."""
    spine = build_spine(size=0.95, lordosis=1.1, wedges={"L2": 0.4}, fused=False, bottom_mm=-140)
    blocks = {name.split("_")[0]: disc for name, disc in spine.discs.items()}
    for name, disc in blocks.items():
        block = spine.vertebrae[name]
        assert disc.point(0, disc.height / 2) == pytest.approx(block.point(0, -block.height / 2))
    assert (np.diff(spine.canal[:, 1]) > 0).all()
