import numpy as np
import pytest

from recohort.core.errors import InputError
from recohort.images.qsm.mask import add_lesion, brain_mask, depth_mm, make_mask, trim_edge

SETTINGS = {"voxel_size": (1, 1, 1), "opening_mm": 2, "closing_mm": 3}


@pytest.fixture
def ball(positions):
    where = positions((48, 48, 48))
    return (where**2).sum(axis=0) < 15**2, np.sqrt((where**2).sum(axis=0)), where


def magnitude(signal):
    rng = np.random.default_rng(0)
    return np.abs(np.stack([signal, 0.7 * signal]) + 0.05 * rng.standard_normal((2, *signal.shape)))


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def test_made_mask_finds_the_brain_and_closes_its_void(ball):
    brain, _, where = ball
    void = ((where - np.array([10, 0, 0])[:, None, None, None]) ** 2).sum(axis=0) < 2.5**2
    made = make_mask(magnitude(1.0 * (brain & ~void)), **SETTINGS)
    assert dice(made, brain) > 0.98
    assert made[void & brain].mean() > 0.9


def test_made_mask_leaves_a_thin_shell_out(ball):
    brain, r, _ = ball
    scalp = (r > 18) & (r < 20)
    bridge = np.zeros_like(brain)
    bridge[23:25, 23:25, 36:44] = True
    made = make_mask(magnitude(1.0 * (brain | scalp | bridge)), **SETTINGS)
    assert not made[scalp & ~bridge].any()
    assert dice(made, brain) > 0.97


def test_given_mask_gets_lesions_that_touch_holes_filled_and_one_piece(ball):
    brain, _, where = ball
    given = brain.copy()
    given[20:23, 20:23, 20:23] = False
    given[2, 2, 2:5] = True
    touching = ((where - np.array([0, 0, 16])[:, None, None, None]) ** 2).sum(axis=0) < 9
    apart = np.zeros_like(brain)
    apart[44, 44, 44] = True
    mask, dropped = brain_mask(given, None, touching | apart, source="given", **SETTINGS)
    assert np.array_equal(mask, brain | touching)
    assert dropped == pytest.approx(3 / (mask.sum() + 3))


def test_lesion_that_only_touches_by_a_face_is_added():
    mask, lesion = np.zeros((5, 5, 5), bool), np.zeros((5, 5, 5), bool)
    mask[:2], lesion[2] = True, True
    assert add_lesion(mask, lesion).sum() == 75
    lesion[2], lesion[3] = False, True
    assert add_lesion(mask, lesion).sum() == 50


def test_depth_counts_millimetres_and_the_edge_of_the_volume():
    depth = depth_mm(np.ones((5, 5, 5), bool), (1, 1, 3))
    assert depth[2, 2, 2] == 3
    assert depth[2, 2, 0] == 3
    assert depth[0, 2, 2] == 1


def test_no_mask_and_empty_mask():
    empty = np.zeros((5, 5, 5))
    with pytest.raises(InputError, match=r"images\.mask\.source: made"):
        brain_mask(None, None, None, source="given", **SETTINGS)
    with pytest.raises(InputError, match="empty"):
        brain_mask(empty, None, None, source="given", **SETTINGS)


@pytest.fixture
def disagreeing():
    """A block with unreliable voxels: two in a row from its face, one within, one beyond a lesion voxel on the face."""
    mask, residual, lesion = np.zeros((9, 9, 9), bool), np.zeros((9, 9, 9)), np.zeros((9, 9, 9), bool)
    mask[1:8, 1:8, 1:8] = True
    edge, within, behind = (slice(1, 3), 4, 4), (5, 4, 4), (2, 2, 2)
    for where in (edge, within, behind):
        residual[where] = 0.5
    lesion[1, 2, 2], residual[1, 2, 2] = True, 0.5
    return mask, residual, lesion, edge


def test_unreliable_voxels_go_only_where_they_reach_the_outside(disagreeing):
    mask, residual, lesion, edge = disagreeing
    expected = mask.copy()
    expected[edge] = False
    trimmed, fraction = trim_edge(mask, residual, lesion, maximum_residual_rad=0.3)
    assert np.array_equal(trimmed, expected)
    assert fraction == pytest.approx(2 / 343)


def test_unreliable_voxels_that_touch_by_a_corner_go_together():
    mask, residual = np.zeros((7, 7, 7), bool), np.zeros((7, 7, 7))
    mask[1:6, 1:6, 1:6] = True
    residual[1, 3, 3] = residual[2, 4, 4] = 0.5
    trimmed, _ = trim_edge(mask, residual, None, maximum_residual_rad=0.3)
    assert not trimmed[2, 4, 4]


def test_without_a_lesion_mask_its_voxel_goes_too(disagreeing):
    mask, residual, _, _ = disagreeing
    trimmed, fraction = trim_edge(mask, residual, None, maximum_residual_rad=0.3)
    assert not trimmed[1, 2, 2]
    # (2, 2, 2) lies behind it and follows.
    assert fraction == pytest.approx(4 / 343)


def test_the_edge_of_the_volume_is_outside_too():
    residual = np.zeros((5, 5, 5))
    residual[0, 2, 2] = 1
    trimmed, fraction = trim_edge(np.ones((5, 5, 5), bool), residual, None, maximum_residual_rad=0.3)
    assert not trimmed[0, 2, 2]
    assert fraction == pytest.approx(1 / 125)


def test_what_trimming_cuts_off_goes_with_it():
    residual = np.zeros((9, 3, 3))
    residual[6] = 1
    trimmed, fraction = trim_edge(np.ones((9, 3, 3), bool), residual, None, maximum_residual_rad=0.3)
    assert np.array_equal(trimmed, np.arange(9)[:, None, None] + np.zeros((1, 3, 3)) < 6)
    assert fraction == pytest.approx(1 / 3)


def test_null_trims_nothing_and_all_is_too_much():
    mask, residual = np.ones((5, 5, 5), bool), np.ones((5, 5, 5))
    trimmed, fraction = trim_edge(mask, residual, None, maximum_residual_rad=None)
    assert trimmed.all()
    assert fraction == 0
    with pytest.raises(InputError, match=r"more than 0\.3 rad all over the brain mask"):
        trim_edge(mask, residual, None, maximum_residual_rad=0.3)
