"""A network's mask is exact whatever the header says, and a wrong file is refused in a sentence."""

import json

import numpy as np
import pytest
from networks_by_hand import THRESHOLD_HU, convolution, describe, write_threshold
from test_grid import affine_of

from recohort.core.errors import InputError
from recohort.images.geometry import voxel_volume_ml
from recohort.images.wml.network import Network, complete_description

EDGES = (2.0, 2.0, 5.0)


def load(path, label="WML"):
    description = complete_description(json.loads(path.with_suffix(".json").read_text()), where="model.json")
    return Network(path.read_bytes(), description, label=label, where="model.onnx")


@pytest.fixture
def head():
    """A brain of 36 HU with lesions of 12 HU whose edges lie on even voxels; air outside."""
    brain, lesion = np.zeros((36, 40, 14), bool), np.zeros((36, 40, 14), bool)
    brain[4:32, 4:36, 2:12] = True
    lesion[8:14, 10:22, 4:8] = lesion[20:24, 24:30, 2:10] = lesion[28:32, 30:34, 8:10] = True
    return np.where(lesion, 12, np.where(brain, 36, -1000)).astype(np.float32), brain, lesion


@pytest.mark.parametrize("blending", ["gaussian", "uniform"])
@pytest.mark.parametrize("spacing", [(None, None, None), (2, 2, 5), (1, 1, 5), (2, 2, 2.5), (4, 4, 5), (1, 4, 2.5)])
@pytest.mark.parametrize(
    ("axes", "degrees"), [("RAS", 0), ("LPS", 0), ("RAS", 17), ("LPS", -25), ("PIR", 9), ("SLA", 0)]
)
def test_the_volume_is_exact_for_every_header(tmp_path, head, axes, degrees, spacing, blending):
    ct, brain, lesion = head
    affine = affine_of(axes, EDGES, degrees=degrees)
    path = write_threshold(tmp_path / "m.onnx", spacing_mm=_along(spacing, axes), blending=blending)
    found = brain & (load(path).probability(ct, brain, affine, batch=3) >= 0.5)
    np.testing.assert_array_equal(found, lesion)
    assert found.sum() * voxel_volume_ml(affine) == pytest.approx(lesion.sum() * np.prod(EDGES) / 1000)


def _along(spacing, axes):
    """Spacing meant for the axes of the array, in the order of RAS."""
    place = {"R": 0, "L": 0, "A": 1, "P": 1, "S": 2, "I": 2}
    turned = [None] * 3
    for value, letter in zip(spacing, axes, strict=True):
        turned[place[letter]] = value
    return turned


@pytest.mark.parametrize("batch", [1, 4])
def test_the_window_turns_hu_into_what_the_threshold_means(tmp_path, batch):
    brain = np.ones((12, 12, 8), bool)
    ct = np.linspace(-50, 90, brain.size, dtype=np.float32).reshape(brain.shape)
    found = load(write_threshold(tmp_path / "m.onnx")).probability(ct, brain, np.eye(4), batch=batch) > 0.5
    np.testing.assert_array_equal(found, ct < THRESHOLD_HU)


@pytest.mark.parametrize("axes", ["RAS", "LPS", "ASR", "IRP"])
def test_left_and_right_are_not_confounded(tmp_path, axes):
    """A network that copies what lies 1 voxel to the left moves every lesion to the patient's right."""
    kernel = np.zeros((1, 1, 3, 1, 1))
    kernel[0, 0, 0] = 1
    path = convolution(kernel, [0], tmp_path / "m.onnx", sigmoid=False)
    describe(path, brain_only=False, patch=[24, 24, 24])
    ct, affine = np.zeros((11, 12, 13), np.float32), affine_of(axes, (2, 2, 2))
    ct[5, 6, 7] = 60
    moved = load(path).probability(ct, np.ones(ct.shape, bool), affine, batch=1)
    before, after = (affine[:3, :3] @ np.argwhere(image > 0.5)[0] for image in (ct, moved))
    np.testing.assert_allclose(after - before, [2, 0, 0], atol=1e-9)


def test_softmax_sigmoid_and_none_agree(tmp_path):
    ct, brain = np.random.default_rng(0).uniform(0, 60, (12, 12, 8)).astype(np.float32), np.ones((12, 12, 8), bool)
    two, one = np.zeros((2, 1, 1, 1, 1)), np.full((1, 1, 1, 1, 1), 3.0)
    two[1] = 3.0
    made = []
    for name, kernel, settings in (
        ("softmax", two, {"labels": {"background": 0, "WML": 1}, "activation": "softmax"}),
        ("sigmoid", one, {"activation": "sigmoid"}),
    ):
        path = convolution(
            kernel, [-1] * len(kernel) if len(kernel) == 1 else [0, -1], tmp_path / f"{name}.onnx", sigmoid=False
        )
        describe(path, **settings)
        made.append(load(path).probability(ct, brain, np.eye(4), batch=1))
    path = convolution(one, [-1], tmp_path / "none.onnx")
    describe(path)
    made.append(load(path).probability(ct, brain, np.eye(4), batch=1))
    np.testing.assert_allclose(made[0], made[2], atol=1e-6)
    np.testing.assert_allclose(made[1], made[2], atol=1e-6)


def test_nothing_outside_the_brain(tmp_path, head):
    ct, brain, _ = head
    found = load(write_threshold(tmp_path / "m.onnx", spacing_mm=[1.3, 1.7, 3.1])).probability(
        ct, brain, np.eye(4), batch=1
    )
    assert not (found[~brain] >= 0.5).any()


def refused(path, match, **changes):
    if changes:
        describe(path, **changes)
    with pytest.raises(InputError, match=match):
        load(path)


def test_another_file_than_described_is_refused(tmp_path):
    path = write_threshold(tmp_path / "m.onnx")
    path.write_bytes(path.read_bytes() + b"\0")
    refused(path, "has SHA-256 .*, its description says .*: the file is damaged or another one")


def test_what_is_no_model_is_refused(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(b"no model")
    refused(path, "model.onnx: not readable as an ONNX model", window=[0, 60])


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"labels": {"lesion": 0}}, "found labels lesion, expected one called WML"),
        ({"input_shape": [1, 1, 32, 32, 32]}, "takes an input of shape .*None, 1, None.*, its description says"),
    ],
)
def test_a_description_of_another_model_is_refused(tmp_path, changes, match):
    refused(write_threshold(tmp_path / "m.onnx"), match, **changes)


def test_a_model_of_other_dimensions_channels_or_patch_is_refused(tmp_path):
    flat = convolution(np.ones((1, 1, 1, 1)), [0], tmp_path / "flat.onnx", shape=("n", 1, "x", "y"))
    refused(flat, "takes an input of 4 dimensions, expected 5: batch, channel, x, y, z", window=[0, 60])
    two = convolution(np.ones((1, 2, 1, 1, 1)), [0], tmp_path / "two.onnx", shape=("n", 2, "x", "y", "z"))
    refused(two, "takes 2 channels, expected 1: the CT", input_shape=[None, 2, None, None, None])
    fixed = convolution(np.ones((1, 1, 1, 1, 1)), [0], tmp_path / "fixed.onnx", shape=("n", 1, 8, 8, 8))
    refused(fixed, "says a patch of", input_shape=[None, 1, 8, 8, 8])


def test_an_output_of_other_voxels_or_too_few_channels_is_refused(tmp_path):
    ct, brain = np.zeros((16, 12, 8), np.float32), np.ones((16, 12, 8), bool)
    path = convolution(np.ones((1, 1, 2, 2, 2)), [0], tmp_path / "m.onnx")
    describe(path)
    with pytest.raises(InputError, match="gave an output of shape"):
        load(path).probability(ct, brain, np.eye(4), batch=1)
    path = write_threshold(tmp_path / "t.onnx", labels={"WML": 2})
    with pytest.raises(InputError, match="gave 1 channels, its description names channel 2"):
        load(path).probability(ct, brain, np.eye(4), batch=1)


def test_every_departure_of_a_description_is_named():
    with pytest.raises(InputError) as error:
        complete_description({"orientation": "RAR", "spacing": 1}, where="model.json")
    text = str(error.value)
    for part in (
        "key 'sha256' is missing",
        "key 'patch' is missing",
        "spacing: unknown key",
        "orientation: found 'RAR'",
    ):
        assert part in text
    assert all(line.startswith("model.json: ") for line in text.splitlines())
