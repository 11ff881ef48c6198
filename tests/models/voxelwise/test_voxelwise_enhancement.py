"""Threshold-free cluster enhancement against sums over fine steps, nilearn's steps and a hand calculation."""

from itertools import pairwise

import numpy as np
import pytest
from nilearn.mass_univariate._utils import calculate_tfce
from scipy.ndimage import generate_binary_structure, label
from voxel_cases import noise, whole_grid

from recohort.models.mass_univariate.enhancement import enhance, neighbours

SHAPE = (9, 11, 10)
RANKS = {6: 1, 18: 2, 26: 3}


def by_heights(t, connectivity, extent, height):
    """The integral by its definition: clusters are labelled anew between every two heights that occur."""
    found = np.zeros(t.shape)
    for sign in (1, -1):
        levels = np.r_[0, np.unique(sign * t[sign * t > 0])]
        for low, high in pairwise(levels):
            numbers, _ = label(sign * t >= high, generate_binary_structure(3, RANKS[connectivity]))
            sizes = np.bincount(numbers.ravel()).astype(float) ** extent
            sizes[0] = 0
            found += sign * sizes[numbers] * (high ** (height + 1) - low ** (height + 1)) / (height + 1)
    return found


@pytest.mark.parametrize("connectivity", [6, 18, 26])
@pytest.mark.parametrize(("extent", "height"), [(0.5, 2), (1, 1), (0.66, 1.7)])
def test_it_is_the_integral_over_heights(connectivity, extent, height):
    """A map with ties (rounded) in a mask with holes; 1e-6 is float32 of the result."""
    rng = np.random.default_rng(1)
    mask = rng.random(SHAPE) < 0.8
    t = np.where(mask, np.round(3 * noise(rng, 1, SHAPE, 1.0)[0], 2), 0).astype(np.float32)
    around = neighbours(np.argwhere(mask), connectivity)
    found = enhance(t[mask][None], around, extent=extent, height=height, steps=None)[0]
    expected = by_heights(t.astype(float), connectivity, extent, height)[mask]
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("smooth", [0.0, 1.5])
def test_a_hundred_steps_are_those_of_nilearn(smooth):
    """Both sum the same terms; 1e-6 is float32 of the result."""
    t = (3 * noise(np.random.default_rng(2), 1, SHAPE, smooth)[0]).astype(np.float32)
    expected = calculate_tfce(t[..., None].astype(float), generate_binary_structure(3, 1), two_sided_test=True)
    around = neighbours(whole_grid(SHAPE), 6)
    found = enhance(t.reshape(1, -1), around, extent=0.5, height=2, steps=100)[0]
    assert found == pytest.approx(expected.ravel(), rel=1e-6)


def test_fine_steps_approach_the_integral():
    t = (3 * noise(np.random.default_rng(3), 1, SHAPE, 1.5)[0]).astype(np.float32).reshape(1, -1)
    around = neighbours(whole_grid(SHAPE), 6)
    exact = enhance(t, around, extent=0.5, height=2, steps=None)
    width = np.abs(t).max() / 20000
    stepped = width * enhance(t, around, extent=0.5, height=2, steps=20000)
    assert np.abs(stepped - exact).max() < 5e-4 * np.abs(exact).max()


def test_order_of_the_voxels_and_sign_do_not_matter():
    rng = np.random.default_rng(5)
    voxels = whole_grid(SHAPE)
    t = (3 * noise(rng, 1, SHAPE, 1.0)[0]).astype(np.float32).reshape(1, -1)
    order = rng.permutation(len(voxels))
    settings = {"extent": 0.5, "height": 2, "steps": None}
    plain = enhance(t, neighbours(voxels, 26), **settings)
    assert enhance(t[:, order], neighbours(voxels[order], 26), **settings)[0] == pytest.approx(
        plain[0, order], rel=1e-6
    )
    assert enhance(-t, neighbours(voxels, 26), **settings)[0] == pytest.approx(-plain[0], rel=1e-6)


def test_two_voxels_by_hand():
    """Heights 3 and 1 side by side: 1 * (27 - 1) / 3 + sqrt(2) / 3 and sqrt(2) / 3; a negative voxel stands alone."""
    around = neighbours(np.array([[0, 0, 0], [0, 0, 1], [0, 0, 2], [5, 5, 5]]), 6)
    found = enhance(np.array([[3, 1, -2, 0]], np.float32), around, extent=0.5, height=2, steps=None)[0]
    assert found == pytest.approx([26 / 3 + np.sqrt(2) / 3, np.sqrt(2) / 3, -8 / 3, 0], rel=1e-6)
