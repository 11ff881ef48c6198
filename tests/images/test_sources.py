"""Passes against fields in closed form, which share no code with the kernel."""

import numpy as np
import pytest

from recohort.images.qsm.sources import find_sources

GRID = {"voxel_size": (1, 1, 1), "b0_direction": (0, 0, 1)}
BACKGROUNDS = ["v-sharp", "pdf"]


@pytest.fixture
def ball(positions):
    """Positions in 64 voxels of 1 mm, and a ball of 26 mm."""
    where = positions((64, 64, 64))
    return where, (where**2).sum(axis=0) < 26**2


@pytest.fixture
def find(settings):
    def found(total, mask, passes, method):
        settings["background"]["method"] = method
        return find_sources(
            np.where(mask, total, 0).astype(np.float32),
            mask,
            mask.astype(np.float32),
            **GRID,
            passes=passes,
            background=settings["background"],
            inversion=settings["inversion"],
        )

    return found


@pytest.fixture
def edge_scene(ball, sphere_field):
    """0.5 ppm, radius 4, whose surface is 3 mm within the ball, above it; air outside."""
    where, mask = ball
    local, r = sphere_field(where, (0, 0, 19), 4, 0.5)
    air, _ = sphere_field(where, (0, 30, -10), 4, 9.4)
    return local, air, mask, r


@pytest.mark.parametrize("method", BACKGROUNDS)
def test_a_source_at_the_edge_comes_back(find, edge_scene, method):
    local, air, mask, r = edge_scene
    ratio = {}
    for passes in (1, 3):
        chi, _, kept, _ = find(local + air, mask, passes, method)
        ratio[passes] = (chi[kept & (r <= 4)].mean() - chi[kept & (r > 6)].mean()) / 0.5
    # Measured 0.65 and 0.83 (v-sharp), 0.74 and 0.81 (pdf).
    assert ratio[3] > ratio[1] + 0.05
    assert 0.78 < ratio[3] < 1


@pytest.mark.parametrize("method", BACKGROUNDS)
def test_its_field_comes_back(find, edge_scene, method):
    local, air, mask, r = edge_scene
    error = {}
    for passes in (1, 3):
        _, found, kept, _ = find(local + air, mask, passes, method)
        near = kept & (r > 5.5) & (r < 12)
        error[passes] = np.linalg.norm((found - local)[near]) / np.linalg.norm(local[near])
    # Measured 0.63 and 0.26 (v-sharp), 0.44 and 0.14 (pdf) of the field.
    assert error[3] < 0.5 * error[1]


@pytest.mark.parametrize("method", BACKGROUNDS)
def test_passes_do_not_invent_sources(find, edge_scene, method):
    """Background alone: measured 0.3 parts per billion (v-sharp) and 1.4 (pdf); a lesion has hundreds."""
    _, air, mask, _ = edge_scene
    chi, _, kept, _ = find(air, mask, 3, method)
    assert chi[kept].std() < 0.002


@pytest.mark.parametrize("method", BACKGROUNDS)
def test_passes_do_not_blow_noise_up(find, ball, method):
    _, mask = ball
    noise = np.random.default_rng(0).normal(0, 0.002, mask.shape)
    spread = {}
    for passes in (1, 3, 10):
        chi, _, kept, _ = find(noise, mask, passes, method)
        spread[passes] = chi[kept].std()
    # Measured: 3 passes add 1 % (v-sharp) and 4 % (pdf) to its standard deviation, 10 passes 2 % and 9 %.
    assert spread[3] < 1.06 * spread[1]
    assert spread[10] < 1.12 * spread[1]


@pytest.mark.parametrize("method", BACKGROUNDS)
def test_a_source_in_the_middle_stays(find, ball, sphere_field, method):
    where, mask = ball
    local, r = sphere_field(where, (0, 0, 0), 4, 0.5)
    near = (r > 5.5) & (r < 12)
    value = {}
    for passes in (1, 3):
        chi, found, kept, _ = find(local, mask, passes, method)
        value[passes] = (chi[kept & (r <= 4)].mean() - chi[kept & (r > 6)].mean()) / 0.5
        error = np.linalg.norm((found - local)[near]) / np.linalg.norm(local[near])
    # Measured 0.97 and 0.92 (v-sharp), 0.95 and 0.92 (pdf): the map that is put back is not exact.
    assert value[3] == pytest.approx(value[1], abs=0.05)
    assert error < 0.03


def test_local_field_is_zero_outside(find, edge_scene):
    local, air, mask, _ = edge_scene
    _, found, kept, _ = find(local + air, mask, 3, "v-sharp")
    assert (found[~kept] == 0).all()
    assert not kept[~mask].any()
