import numpy as np
import pytest

from recohort.core.errors import InputError
from recohort.images.qsm.phase import neighbour_jumps, phase_scale, wrap

EVERYWHERE = np.ones((24, 24, 24), bool)


@pytest.fixture
def truth(positions):
    """Two echoes of a smooth field with several wraps, radians in (-pi, pi)."""
    x, y, z = positions((24, 24, 24))
    true = 0.5 * x + 0.02 * y**2 - 0.3 * z
    return np.stack([wrap(true), wrap(2 * true)])


STORED = {
    "radians": lambda p: p,
    "0..4095": lambda p: np.clip(np.round((p + np.pi) / (2 * np.pi) * 4096), 0, 4095).astype(np.int16),
    "-4096..4096": lambda p: np.clip(np.round(p / np.pi * 2048) * 2, -4096, 4094).astype(np.int16),
    "-2048..2047": lambda p: np.clip(np.round(p / np.pi * 2048), -2048, 2047).astype(np.int16),
    "full_range": lambda p: (p / np.pi * 0.00367).astype(np.float32),
}


def turn_apart(a, b):
    return np.abs(np.angle(np.exp(1j * (a - b)))).max()


@pytest.mark.parametrize("units", STORED)
@pytest.mark.parametrize("declared", [True, False])
def test_each_convention_is_recognised_and_read(truth, units, declared):
    stored = STORED[units](truth)
    scale = phase_scale(stored, EVERYWHERE, units=units if declared else "auto", polarity=1)
    assert scale.units == units
    # Half a grey level of 4096, and for full_range the part of a level that the extreme values miss of +-pi.
    assert turn_apart(scale.radians(stored), truth) < 0.005


def test_milliradians_are_not_taken_for_4096(truth):
    scale = phase_scale((truth * 1000).astype(np.int16), EVERYWHERE, units="auto", polarity=1)
    assert scale.units == "full_range"
    assert scale.factor == pytest.approx(0.001, rel=1e-3)


def test_radians_from_zero_to_two_pi(truth):
    scale = phase_scale(truth % (2 * np.pi), EVERYWHERE, units="auto", polarity=1)
    assert turn_apart(scale.radians(truth % (2 * np.pi)), truth) < 1e-5


def test_smooth_radians_without_wraps(positions):
    x, _, _ = positions((24, 24, 24))
    scale = phase_scale((x / 6)[None], EVERYWHERE, units="auto", polarity=1)
    assert (scale.units, scale.factor) == ("radians", 1)


def test_polarity_turns_the_sign(truth):
    stored = STORED["0..4095"](truth)
    up = phase_scale(stored, EVERYWHERE, units="auto", polarity=1).radians(stored)
    down = phase_scale(stored, EVERYWHERE, units="auto", polarity=-1).radians(stored)
    assert turn_apart(down, -up) < 1e-5


@pytest.mark.parametrize("scale", [0.1, 1000 / np.pi, 5000])
def test_odd_scale_without_wraps_is_asked_about(positions, scale):
    x, _, _ = positions((24, 24, 24))
    with pytest.raises(InputError, match=r"expected images\.phase\.units"):
        phase_scale((x / 12 * scale)[None], EVERYWHERE, units="auto", polarity=1)


def test_noise_proves_nothing():
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (1, 24, 24, 24))
    with pytest.raises(InputError, match="no wraps"):
        phase_scale(noise, EVERYWHERE, units="auto", polarity=1)


def test_constant_nan_and_wrong_units(truth):
    constant = truth.copy()
    constant[1] = 0.5
    with pytest.raises(InputError, match=r"echo 2 is 0\.5 everywhere"):
        phase_scale(constant, EVERYWHERE, units="auto", polarity=1)
    broken = truth.copy()
    broken[0, 3, 3, 3:5] = np.nan
    with pytest.raises(InputError, match="echo 1 has 2 voxels that are not finite"):
        phase_scale(broken, EVERYWHERE, units="auto", polarity=1)


@pytest.mark.parametrize(
    ("units", "scale"), [("0..4095", 1), ("-4096..4096", 1), ("radians", 1000), ("radians", 0.001)]
)
def test_declared_units_that_the_data_contradict(truth, units, scale):
    with pytest.raises(InputError, match=rf"expected images\.phase\.units {units}"):
        phase_scale(truth * scale, EVERYWHERE, units=units, polarity=1)


def test_neighbour_jumps_by_hand():
    image = np.zeros((3, 1, 1))
    image[2] = 4
    assert neighbour_jumps(image, np.ones((3, 1, 1), bool)) == 0.5
    assert np.isnan(neighbour_jumps(image, np.zeros((3, 1, 1), bool)))
