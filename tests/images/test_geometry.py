import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from recohort.core.errors import InputError
from recohort.images.geometry import b0_direction, grid_difference, voxel_size, voxel_volume_ml


def affine(rotation=None, edges=(1, 1, 1)):
    made = np.eye(4)
    made[:3, :3] = (np.eye(3) if rotation is None else rotation) @ np.diag(edges)
    return made


def test_straight_affine():
    assert voxel_size(affine(edges=(0.5, 0.6, 2))) == pytest.approx([0.5, 0.6, 2])
    assert voxel_volume_ml(affine(edges=(0.5, 0.5, 2))) == pytest.approx(0.0005)
    assert b0_direction(affine(edges=(0.5, 0.6, 2))) == pytest.approx([0, 0, 1])


def test_oblique_affine_turns_the_field_into_voxel_axes():
    turn = Rotation.from_euler("x", 30, degrees=True).as_matrix()
    direction = b0_direction(affine(turn, (1, 2, 3)))
    assert np.abs(direction) == pytest.approx([0, 0.5, np.sqrt(3) / 2])
    assert turn @ direction == pytest.approx([0, 0, 1])


def test_sagittal_and_flipped_axes():
    sagittal = np.array([[0, 0, -1, 0], [1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]], float)
    assert np.abs(b0_direction(sagittal)) == pytest.approx([0, 1, 0])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda a: a.__setitem__((0, 1), 0.2), "sheared"),
        (lambda a: a.__setitem__((2, 2), 0), "positive edges"),
        (lambda a: a.__setitem__((0, 0), np.nan), "not a finite"),
    ],
)
def test_bad_affine(change, sentence):
    bad = np.eye(4)
    change(bad)
    with pytest.raises(InputError, match=sentence):
        voxel_size(bad)


def test_grid_difference():
    moved = np.eye(4)
    assert grid_difference((4, 4, 4), np.eye(4), (4, 4, 4), moved) == ""
    moved[2, 3] = 0.05
    assert grid_difference((4, 4, 4), np.eye(4), (4, 4, 4), moved) == ""
    moved[2, 3] = 0.5
    assert "0.5 mm apart" in grid_difference((4, 4, 4), np.eye(4), (4, 4, 4), moved)
    assert grid_difference((4, 4, 4), np.eye(4), (4, 4, 5), np.eye(4)) == "shape 4 x 4 x 4 against 4 x 4 x 5"
