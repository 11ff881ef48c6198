"""One interpolation over all motions, against SimpleITK's resampling; what is unknown stays out of the mean."""

import numpy as np
import pytest
import SimpleITK
from made_heads import applied, grid_of, motion

from recohort.images.nuclei.carried import Motions, atlas_labels, given_labels, map_in_template, output_grid
from recohort.images.registration.grid import Brain, Grid
from recohort.images.registration.warp import Warp

GRID = Grid((30, 34, 28), np.array([-58.0, -84.0, -46.0]), 4.0)
OUT = Grid((40, 46, 36), np.array([-40.0, -64.0, -30.0]), 2.0)


@pytest.fixture
def motions():
    rng = np.random.default_rng(5)
    affine = motion(rng, 5, 4)
    affine[:3, :3] *= 1.05
    points = GRID.points()
    waves = np.stack([4 * np.sin(points[(k + 1) % 3] / 18 + k) for k in range(3)]).astype(np.float32)
    return Motions(Warp(affine, waves, GRID), motion(rng, 3, 2), grid_of((2.5, 2.5, 3.0), (60, 70, 50)))


def itk(array, affine, *, vector=False):
    """An image of SimpleITK in the same coordinates as ours."""
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(array.T), isVector=vector)
    edges = np.linalg.norm(affine[:3, :3], axis=0)
    image.SetSpacing(edges.tolist())
    image.SetOrigin(affine[:3, 3].tolist())
    image.SetDirection((affine[:3, :3] / edges).ravel().tolist())
    return image


def as_itk(matrix):
    transform = SimpleITK.AffineTransform(3)
    transform.SetMatrix(matrix[:3, :3].ravel().tolist())
    transform.SetTranslation(matrix[:3, 3].tolist())
    return transform


def test_the_composition_is_that_of_simpleitk(motions):
    """A displacement field, an affine and a rigid transform composed and resampled by SimpleITK: float32 rounding."""
    shape = (60, 70, 50)
    values = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    field = SimpleITK.DisplacementFieldTransform(
        SimpleITK.Cast(itk(motions.warp.displacement, GRID.affine, vector=True), SimpleITK.sitkVectorFloat64)
    )
    composed = SimpleITK.CompositeTransform([as_itk(motions.rigid), as_itk(motions.warp.affine), field])
    target = itk(np.zeros(OUT.shape, np.float32), OUT.affine)
    image = itk(values, motions.map_affine)
    expected = SimpleITK.GetArrayFromImage(SimpleITK.Resample(image, target, composed, SimpleITK.sitkLinear, 1e6)).T
    inside = expected < 1e5
    found = map_in_template(values, np.ones(shape, bool), motions, OUT, np.ones(OUT.shape, bool))
    assert inside.mean() > 0.5
    np.testing.assert_allclose(found[inside], expected[inside], atol=2e-3)


def test_only_what_is_known_counts(motions):
    """Whatever is written where nothing is known, the carried map of a constant is the constant, or NaN."""
    shape = (60, 70, 50)
    kept = np.random.default_rng(2).random(shape) > 0.4
    values = np.where(kept, np.float32(0.07), np.float32(np.nan))
    brain = np.zeros(OUT.shape, bool)
    brain[5:-5, 5:-5, 5:-5] = True
    found = map_in_template(values, kept, motions, OUT, brain)
    known = np.isfinite(found)
    assert not known[~brain].any()
    assert 0.3 < known[brain].mean() < 0.99
    np.testing.assert_allclose(found[known], 0.07, rtol=1e-5)
    filled = map_in_template(np.where(kept, values, 1e6), kept, motions, OUT, brain)
    np.testing.assert_array_equal(found, filled)
    assert map_in_template(values, kept, motions, OUT, brain).tobytes() == found.tobytes()


def test_labels_of_the_atlas_are_carried_by_the_inverse(motions):
    """A ball in the atlas lies, on the map, where the points that the warp sends there lie: Dice above 0.9."""
    points = OUT.points()
    centre = np.array([0.0, -18, 6])
    ball = (np.linalg.norm(points - centre.reshape(3, 1, 1, 1), axis=0) < 12).astype(np.int16) * 3
    found = atlas_labels(ball, OUT.affine, motions, (60, 70, 50))
    there = np.round(motions.map_index(points[:, ball > 0])).astype(int)
    expected = np.zeros((60, 70, 50), bool)
    expected[tuple(there)] = True
    assert set(np.unique(found)) == {0, 3}
    assert 2 * (expected & (found == 3)).sum() / (expected.sum() + (found == 3).sum()) > 0.9


def test_given_labels_go_to_the_nearest_voxel(motions):
    labels = np.zeros((40, 50, 40), np.int16)
    labels[15:25, 20:30, 15:22] = 2
    affine = grid_of(3.0, labels.shape)
    found = given_labels(labels, affine, motions, (60, 70, 50))
    voxels = np.indices((60, 70, 50)).reshape(3, -1)
    at = applied(np.linalg.inv(affine) @ np.linalg.inv(motions.rigid) @ motions.map_affine, voxels.astype(float))
    nearest = np.round(at).astype(int)
    inside = ((nearest >= 0) & (nearest < np.array([[40], [50], [40]]))).all(axis=0)
    expected = np.zeros(voxels.shape[1], np.int16)
    expected[inside] = labels[tuple(nearest[:, inside])]
    assert (found.ravel() == expected).mean() > 0.9999, "but for ties of rounding"


def test_maps_lie_on_the_templates_own_lattice():
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, 3] = [-50, -60, -40]
    mask = np.zeros((101, 121, 90), bool)
    mask[20:80, 31:100, 11:71] = True
    grid, brain = output_grid(Brain(np.ones(mask.shape, np.float32), mask, affine), 2.0)
    assert ((grid.origin - affine[:3, 3]) % 2 == 0).all()
    assert not any(np.take(brain, place, axis).any() for axis in range(3) for place in (0, -1))
    assert brain.sum() * 8 == pytest.approx(mask.sum(), rel=0.1)
