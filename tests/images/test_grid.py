"""An image on another grid and back: turned exactly, its spacing changed evenly."""

import itertools

import nibabel as nib
import numpy as np
import pytest

from recohort.images.grid import Grid

RNG = np.random.default_rng(0)


def affine_of(axes, edges, *, degrees=0.0):
    """Affine of an image whose axes point to e.g. LPS, turned about the left-right axis."""
    matrix = np.zeros((3, 3))
    for column, letter in enumerate(axes):
        for row, pair in enumerate(("LR", "PA", "IS")):
            if letter in pair:
                matrix[row, column] = 2 * pair.index(letter) - 1
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    affine = np.eye(4)
    affine[:3, :3] = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ matrix * edges
    return affine


ALL_AXES = [
    "".join(letters) for axes in itertools.permutations(("LR", "PA", "IS")) for letters in itertools.product(*axes)
]


@pytest.mark.parametrize("axes", ALL_AXES)
def test_every_orientation_comes_home_exactly(axes):
    image = RNG.standard_normal((5, 6, 7)).astype(np.float32)
    grid = Grid.between(image.shape, affine_of(axes, (1, 2, 3)), orientation="LPS", spacing_mm=(None, None, None))
    np.testing.assert_array_equal(grid.home(grid.there(image)), image)


@pytest.mark.parametrize("axes", ["RAS", "LPS", "PIR", "SAL"])
def test_axes_are_those_of_nibabel(axes):
    image = RNG.standard_normal((5, 6, 7)).astype(np.float32)
    affine = affine_of(axes, (1, 2, 3), degrees=20)
    grid = Grid.between(image.shape, affine, orientation="RAS", spacing_mm=(None, None, None))
    expected = nib.as_closest_canonical(nib.Nifti1Image(image, affine))
    np.testing.assert_array_equal(grid.there(image), expected.get_fdata())
    assert grid.spacing == pytest.approx(expected.header.get_zooms())


@pytest.mark.parametrize(("size", "wanted"), [(1.0, 2.0), (0.45, 1.75), (5.0, 2.5), (3.0, 1.1)])
def test_a_constant_stays_and_a_ramp_keeps_its_slope(size, wanted):
    grid = Grid.between((40, 3, 3), np.diag([size, 1, 1, 1]), orientation="RAS", spacing_mm=(wanted, None, None))
    np.testing.assert_allclose(grid.there(np.ones((40, 3, 3))), 1, rtol=1e-6)
    ramp = np.broadcast_to((np.arange(40)[:, None, None] - 19.5) * size, (40, 3, 3))
    made = grid.there(ramp)
    centres = (np.arange(made.shape[0]) - (made.shape[0] - 1) / 2) * wanted
    inner = slice(2, -2)
    np.testing.assert_allclose(made[inner, 0, 0], centres[inner], atol=0.1 * size)


def test_a_coarser_voxel_is_the_mean_of_what_it_covers():
    image = RNG.standard_normal((8, 4, 4)).astype(np.float32)
    grid = Grid.between(image.shape, np.eye(4), orientation="RAS", spacing_mm=(2, 2, 4))
    expected = image.reshape(4, 2, 2, 2, 1, 4).mean(axis=(1, 3, 5))
    np.testing.assert_allclose(grid.there(image), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("edges", "wanted"), [((1, 1, 5), (2, 2, 2.5)), ((2, 2, 4), (1, 1, 4)), ((1, 1, 2), (1, 2, 4))]
)
def test_a_mask_whose_edges_lie_on_both_grids_comes_home_exactly(edges, wanted):
    mask = np.zeros((24, 24, 12), bool)
    mask[4:10, 6:16, 2:8] = True
    grid = Grid.between(mask.shape, np.diag([*edges, 1]), orientation="RAS", spacing_mm=wanted)
    np.testing.assert_array_equal(grid.home((grid.there(mask) > 0.5).astype(np.float32)) > 0.5, mask)


def test_any_mask_keeps_its_volume_to_a_few_percent():
    """0.45 mm to 1.75 mm and back, the change that a clinical CT sees, with a threshold on both grids: ellipsoids."""
    edges = np.array([0.45, 0.45, 5.0])
    shape = (220, 220, 16)
    grid = Grid.between(shape, np.diag([*edges, 1]), orientation="RAS", spacing_mm=(1.75, 1.75, 5.0))
    places = [(np.arange(n) - (n - 1) / 2) * e for n, e in zip(shape, edges, strict=True)]
    x, y, z = np.meshgrid(*places, indexing="ij", sparse=True)
    changes = {}
    for radius in (5.0, 8.0, 12.0, 18.0):  # 0.6 to 29 mL
        for shift in (0.0, 0.4, 0.8):
            mask = ((x - shift) / radius) ** 2 + ((y + shift) / radius) ** 2 + (z / (1.2 * radius)) ** 2 < 1
            home = grid.home((grid.there(mask) > 0.5).astype(np.float32)) > 0.5
            changes[radius, shift] = home.sum() / mask.sum() - 1
    assert max(abs(change) for change in changes.values()) < 0.12
    assert max(abs(change) for (radius, _), change in changes.items() if radius > 10) < 0.03
    assert abs(np.mean(list(changes.values()))) < 0.03
