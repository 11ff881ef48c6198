"""Noise of the simulated CT: its power, and what of it remains in larger voxels."""

import numpy as np
import pytest
from scipy import integrate

from recohort.synthetic.wml.noise import REFERENCE_MM, ct_noise

COARSE_MM = (1.75, 1.75, 5.0)


def draw(shape, edges, *, noise_hu=4.0, noise_mm=0.4, seed=0):
    return ct_noise(shape, edges, noise_hu=noise_hu, noise_mm=noise_mm, rng=np.random.default_rng(seed))


def expected_ratio(edge, kernel):
    """SD in a square voxel over that in the reference, by quadrature over the plane of frequencies."""

    def variance(width):
        def at(angle, f):
            averaged = np.sinc(width * f * np.cos(angle)) ** 2 * np.sinc(width * f * np.sin(angle)) ** 2
            return f**2 * np.exp(-((2 * np.pi * kernel * f) ** 2)) * averaged

        return integrate.dblquad(at, 0, 5 / (2 * np.pi * kernel), 0, np.pi / 2, epsabs=1e-12)[0]

    return np.sqrt(variance(edge) / variance(REFERENCE_MM[0]))


@pytest.mark.parametrize("kernel", [0.35, 0.5])
@pytest.mark.parametrize("edge", [0.45, 0.9, 1.75, 3.5])
def test_sd_in_a_voxel_of_any_size_is_that_of_the_power(edge, kernel):
    """256 x 256 x 24 voxels: Monte Carlo error of the SD is below 0.2 %; 1 % is asked for."""
    noise = draw((256, 256, 24), (edge, edge, 5.0), noise_mm=kernel)
    assert noise.dtype == np.float32
    assert noise.std() == pytest.approx(4 * expected_ratio(edge, kernel), rel=0.01)
    assert noise.mean() == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(("kernel", "low", "high"), [(0.35, 1.5, 2.3), (0.5, 2.0, 3.0)])
def test_means_of_fine_noise_have_the_noise_of_a_coarse_voxel(kernel, low, high):
    """Voxels of 0.4375 mm averaged 4 x 4: SD and correlation of neighbours are those drawn at 1.75 mm.

    Monte Carlo error of the SD is 0.2 %, and 0.003 of a correlation; 2 % and 0.01 are asked for.
    """
    fine = draw((512, 512, 24), (0.4375, 0.4375, 5.0), noise_mm=kernel)
    means = fine.reshape(128, 4, 128, 4, 24).mean(axis=(1, 3))
    coarse = draw((128, 128, 24), COARSE_MM, noise_mm=kernel, seed=1)
    assert means.std() == pytest.approx(coarse.std(), rel=0.02)
    for axis in (0, 1):
        found, wanted = (neighbours(noise, axis) for noise in (means, coarse))
        assert found == pytest.approx(wanted, abs=0.01)
    assert low < 3.5 / 4 * means.std() < 5 / 4 * means.std() < high


def neighbours(noise, axis):
    a, b = np.delete(noise, 0, axis), np.delete(noise, -1, axis)
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


def test_power_is_that_of_a_ramp_and_a_gaussian():
    """In rings of the plane of frequencies, on a grid so fine that nothing folds; 5 % for 24 slices."""
    edge, kernel = 0.2, 0.4
    noise = draw((256, 256, 24), (edge, edge, 5.0), noise_mm=kernel)
    power = (np.abs(np.fft.fft2(noise, axes=(0, 1))) ** 2).mean(axis=2)
    frequency = np.fft.fftfreq(256, edge)
    radius = np.hypot(frequency[:, None], frequency)
    rings = [(low, low + 0.05) for low in np.arange(0.05, 0.7, 0.05)]
    found = np.array([power[(radius >= a) & (radius < b)].mean() for a, b in rings])
    middle = np.array([radius[(radius >= a) & (radius < b)].mean() for a, b in rings])
    wanted = middle * np.exp(-((2 * np.pi * kernel * middle) ** 2)) * np.sinc(edge * middle) ** 2
    np.testing.assert_allclose(found / found.sum(), wanted / wanted.sum(), rtol=0.06)
    assert middle[np.argmax(found)] == pytest.approx(1 / (2 * np.pi * kernel * np.sqrt(2)), abs=0.04)


def test_slices_are_independent_and_thin_ones_have_more():
    thick, thin = (draw((128, 128, 16), (1.75, 1.75, z)) for z in (5.0, 1.25))
    assert thin.std() == pytest.approx(2 * thick.std(), rel=1e-4)
    assert abs(neighbours(thick, 2)) < 0.01


def test_no_noise_leaves_the_stream_where_noise_would():
    streams = [np.random.default_rng(3) for _ in range(2)]
    fixed = {"shape": (16, 16, 2), "edges_mm": COARSE_MM, "noise_mm": 0.4}
    made = [ct_noise(**fixed, noise_hu=sd, rng=rng) for sd, rng in zip((0, 4), streams, strict=True)]
    assert not made[0].any()
    assert made[1].any()
    assert streams[0].random() == streams[1].random()
