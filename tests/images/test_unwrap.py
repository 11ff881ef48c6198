import numpy as np
import pytest

from recohort.images.qsm.phase import TURN, neighbour_jumps, wrap
from recohort.images.qsm.unwrap import best_path, laplacian


@pytest.fixture
def smooth(positions):
    """A field of about nine turns, at most 2.3 rad between neighbours, and a ball to see it in."""
    x, y, z = positions((40, 36, 32))
    true = 0.9 * x + 0.04 * y**2 - 0.03 * z**2 + 3 * np.sin(x / 5)
    return true.astype(np.float32), x**2 + y**2 + z**2 < 15**2


def test_best_path_recovers_the_field_up_to_turns(smooth):
    true, ball = smooth
    found = best_path(wrap(true), ball)
    turns = (true - found)[ball] / TURN
    # Congruent: only float32 rounding of some 30 rad is left; and one number of turns for the whole ball.
    assert np.abs(turns - np.round(turns)).max() < 1e-5
    assert np.ptp(np.round(turns)) == 0
    assert neighbour_jumps(wrap(true), ball) > 0.02
    assert neighbour_jumps(found, ball) == 0
    assert (found[~ball] == 0).all()


def test_best_path_in_noise_is_repeatable(smooth):
    true, ball = smooth
    noisy = wrap(true + np.random.default_rng(0).normal(0, 0.3, true.shape).astype(np.float32))
    first, second = best_path(noisy, ball), best_path(noisy, ball)
    assert np.array_equal(first, second)
    # Noise of 0.3 rad on up to 2.3 rad a step makes some true steps exceed pi; few pairs may.
    assert neighbour_jumps(first, ball) < 0.001


def test_best_path_sets_each_part_of_a_mask_near_zero(smooth):
    true, ball = smooth
    two = ball.copy()
    two[18:22] = False
    found = best_path(wrap(true), two)
    for part in (np.s_[:18], np.s_[22:]):
        inside = found[part][two[part]]
        turns = (true[part][two[part]] - inside) / TURN
        assert np.ptp(np.round(turns)) == 0
        assert abs(np.median(inside)) <= np.pi


def test_a_part_far_from_zero_is_brought_back(positions):
    """Most of this bowl lies turns above its flat and most reliable bottom."""
    x, y, _ = positions((40, 36, 8))
    found = best_path(wrap((0.05 * (x**2 + y**2)).astype(np.float32)), np.ones(x.shape, bool))
    assert np.ptp(found) > 2 * TURN
    assert abs(np.median(found)) <= np.pi


def test_laplacian_recovers_a_noiseless_field(smooth):
    true, ball = smooth
    # Gentle field: the spectral Laplacian of exp(i phase) needs phase steps well below pi.
    true = true / 3
    found = laplacian(wrap(true), ball, voxel_size=(1, 1, 1))
    error = (found - true)[ball]
    # Approximate by nature; 0.5 rad is a twelfth of a turn, over a field of several turns.
    assert np.ptp(true[ball]) > TURN
    assert error.std() < 0.5
    assert np.corrcoef(found[ball], true[ball])[0, 1] > 0.98


def test_laplacian_on_thick_slices(positions):
    x, y, z = positions((40, 36, 24), (1, 1, 2.5))
    true = (9 * np.exp(-(x**2 / 150 + y**2 / 100 + z**2 / 250))).astype(np.float32)
    ball = x**2 + y**2 + z**2 < 15**2
    assert (laplacian(wrap(true), ball, voxel_size=(1, 1, 2.5)) - true)[ball].std() < 0.01
