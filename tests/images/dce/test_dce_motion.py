"""Frames moved by known amounts are moved back, and the maps gain by it."""

import numpy as np
import pytest
from dce_phantom import AFFINE, ANGLE, TR, phantom
from scipy import ndimage

from recohort.images.dce.motion import align
from recohort.images.dce.perfusion import perfusion

SETTINGS = {"late_share": 0.25, "margin_mm": 30}


@pytest.fixture(scope="module")
def moved():
    """A phantom that drifts within the slices on a grid six times finer, up to 5 mm: series, mm, the rest."""
    series, times, _, t1, where = phantom(1)
    drift = np.cumsum(np.random.default_rng(5).standard_normal((50, 2)), axis=0)
    drift = 1.5 * (drift - drift[-12:].mean(axis=0)) / drift.std(axis=0)
    steps = np.round(drift / 0.5).astype(int)
    fine = series.repeat(6, 0).repeat(6, 1)
    shifted = [np.roll(fine[..., n], steps[n], (0, 1)).reshape(24, 6, 24, 6, 6).mean((1, 3)) for n in range(50)]
    return np.stack(shifted, axis=-1), 0.5 * np.hypot(*steps.T), times, t1, where


@pytest.mark.parametrize("method", ["rigid", "in_plane"])
def test_movement_is_found(moved, method):
    series, distance, *_, where = moved
    aligned, found = align(series, AFFINE, where == 3, method=method, **SETTINGS)
    assert distance.max() > 4
    assert np.sqrt(((found - distance) ** 2).mean()) < 0.15, "mm; a twentieth of a voxel"
    again, _ = align(series, AFFINE, where == 3, method=method, **SETTINGS)
    np.testing.assert_array_equal(again, aligned)


def turned(series, degrees, shift):
    """A frame turned about the middle and shifted by voxels."""
    angle, middle = np.deg2rad(degrees), np.array([11.5, 11.5, 0])
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    return ndimage.affine_transform(series, turn, middle - turn @ middle + [*shift, 0], order=3, mode="nearest")


def test_turns_and_shifts_together():
    """Up to 6 degrees and 4.5 mm, before and during the bolus."""
    rng = np.random.default_rng(0)
    series, *_, where = phantom(1, frames=24)
    inside, moved, truth = np.argwhere(where == 3)[:, :2], series.copy(), np.zeros(24)
    for frame in range(18):
        degrees, shift = rng.uniform(-6, 6), rng.uniform(-1.5, 1.5, 2)
        moved[..., frame] = turned(series[..., frame], degrees, shift)
        angle = np.deg2rad(degrees)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        away = 3 * ((inside - 11.5) @ turn.T + 11.5 + shift - inside)
        truth[frame] = np.sqrt((away**2).sum(axis=1).mean())
    aligned, found = align(moved, AFFINE, where == 3, method="in_plane", **SETTINGS)
    assert np.sqrt(((found - truth) ** 2).mean()) < 0.2
    raw, mended = (np.abs(one - series)[where > 0].mean() for one in (moved, aligned))
    assert mended < raw / 2


def test_in_plane_leaves_the_slices_in_place():
    series, *_, where = phantom(1, frames=24)
    for n in range(6):
        series[:, :, n] *= 1 + 0.3 * n  # so that slices differ
    series[..., 15] = np.roll(series[..., 15], 1, axis=2)
    found = {}
    for method in ("in_plane", "rigid"):
        found[method] = align(series, AFFINE, where == 3, method=method, **SETTINGS)[1][15]
    assert found["in_plane"] < 1
    assert found["rigid"] > 2


def test_none_measures_nothing(moved):
    series, *_, where = moved
    same, found = align(series, AFFINE, where == 3, method="none", **SETTINGS)
    assert same is series
    assert np.isnan(found).all()


def test_maps_gain_by_it_and_lose_little_without_movement(moved, study_images):
    shaken, _, times, t1, where = moved
    sections = {name: study_images()[name] for name in ("concentration", "aif", "delay", "fit")}

    def spread(series):
        masks = {"tumour": where == 3, "aorta": where == 4}
        made = perfusion(series, times, t1, masks, tr=TR, flip_angle=ANGLE, **sections).maps["vp"][where == 3]
        return made.mean(), np.sqrt(((made - 0.1) ** 2).mean())

    raw, mended = (spread(one) for one in (shaken, align(shaken, AFFINE, where == 3, method="rigid", **SETTINGS)[0]))
    assert mended[1] < raw[1] / 2
    still = phantom(1)[0]
    mean, _ = spread(align(still, AFFINE, where == 3, method="rigid", **SETTINGS)[0])
    assert mean == pytest.approx(spread(still)[0], rel=0.02)
