import numpy as np
import pytest
from scipy.fft import fftn, irfftn, rfftn

from recohort.images.qsm.dipole import dipole_kernel, frequencies
from recohort.images.qsm.inversion import gradient_power, invert, l2, tkd, tv

GRID = {"voxel_size": (1, 1, 1), "b0_direction": (0, 0, 1)}
SETTINGS = {
    "threshold": 0.2,
    "l2_regularisation": 0.001,
    "tv_regularisation": 2e-4,
    "iterations": 100,
    "tolerance": 0.005,
}
SOURCES = (((-12, 0, 0), 5, 0.1), ((12, 0, 4), 5, 0.2), ((0, 12, -4), 5, 0.6), ((0, -12, 4), 5, -0.1))


@pytest.fixture
def spheres(positions, sphere_field):
    """Analytic field of four spheres with a little noise, and their labels."""
    where = positions((64, 64, 64))
    field, labels = np.random.default_rng(0).normal(0, 0.002, (64, 64, 64)), np.zeros((64, 64, 64), int)
    for number, (centre, radius, chi) in enumerate(SOURCES, start=1):
        part, r = sphere_field(where, centre, radius, chi)
        field += part
        labels[r <= radius] = number
    return field.astype(np.float32), labels


def slope(chi, labels):
    truth = [0, *(chi for *_, chi in SOURCES)]
    found = [chi[labels == number].mean() for number in range(len(truth))]
    return np.polyfit(truth, found, 1)[0], np.corrcoef(truth, found)[0, 1]


@pytest.mark.parametrize(
    ("method", "expected", "tolerance"),
    [
        # Unbiased after the point-spread correction; edges of spheres in voxels and ringing cost a few per cent.
        ("tkd", 1.0, 0.07),
        # Biased low by the penalty, by design; the bounds keep it from getting worse, or "corrected" twice.
        ("l2", 0.85, 0.05),
        ("tv", 0.91, 0.05),
    ],
)
def test_known_spheres_come_back(spheres, method, expected, tolerance):
    field, labels = spheres
    chi, _ = invert(field, **GRID, method=method, **SETTINGS)
    found, correlation = slope(chi, labels)
    assert found == pytest.approx(expected, abs=tolerance)
    assert correlation > 0.99
    assert np.isfinite(chi).all()


@pytest.mark.parametrize("threshold", [0.1, 0.2, 0.3])
def test_tkd_is_corrected_for_its_point_spread(threshold):
    """The peak by its definition, on the full spectrum; and a point comes back with its own height."""
    shape = (16, 15, 18)
    kernel = dipole_kernel(shape, **GRID)
    point = np.zeros(shape, np.float32)
    point[4, 5, 6] = 1
    chi, about = tkd(irfftn(rfftn(point) * kernel, s=shape), kernel, threshold=threshold)
    x, y, z = np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij")
    with np.errstate(invalid="ignore"):
        full = np.nan_to_num(1 / 3 - z**2 / (x**2 + y**2 + z**2))
    assert about["psf_peak"] == pytest.approx(np.minimum(1, np.abs(full) / threshold).mean(), rel=1e-4)
    assert chi[4, 5, 6] == pytest.approx(1, abs=1e-3)


def test_uncorrected_tkd_would_be_a_quarter_low(spheres):
    field, labels = spheres
    chi, about = invert(field, **GRID, method="tkd", **SETTINGS)
    assert slope(chi * about["psf_peak"], labels)[0] < 0.82


def test_gradient_power_is_that_of_forward_differences():
    image = np.random.default_rng(0).normal(size=(6, 8, 5))
    edges = (1, 0.5, 2)
    expected = sum(np.abs(fftn((np.roll(image, -1, axis) - image) / edge)) ** 2 for axis, edge in enumerate(edges))[
        ..., :3
    ]
    assert gradient_power(image.shape, edges) * np.abs(rfftn(image)) ** 2 == pytest.approx(expected, rel=1e-4)


def test_l2_solves_its_normal_equations():
    shape = (12, 12, 12)
    field = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    kernel, gradient = dipole_kernel(shape, **GRID), gradient_power(shape, (1, 1, 1))
    chi, _ = l2(field, kernel, gradient, l2_regularisation=0.01)
    data = kernel * (kernel * rfftn(chi) - rfftn(field))
    penalty = 0.01 * gradient * rfftn(chi)
    assert np.abs(data + penalty).max() < 1e-3
    assert chi.mean() == pytest.approx(0, abs=1e-6)


def objective(chi, field, kernel, weight, edges):
    misfit = irfftn(kernel * rfftn(chi), s=chi.shape) - field
    variation = sum(np.abs(np.roll(chi, -1, axis) - chi).sum() / edge for axis, edge in enumerate(edges))
    return 0.5 * (misfit**2).sum() + weight * variation


@pytest.mark.parametrize("edges", [(1, 1, 1), (1, 1, 2)])
def test_tv_reaches_a_minimum(edges, positions):
    """No small step away, along random images or between the iterates, lowers what it minimises."""
    rng = np.random.default_rng(0)
    truth = ((positions((20, 20, 20)) ** 2).sum(axis=0) < 25).astype(np.float32)
    kernel = dipole_kernel(truth.shape, voxel_size=edges, b0_direction=(0, 0, 1))
    field = irfftn(kernel * rfftn(truth), s=truth.shape) + rng.normal(0, 0.02, truth.shape).astype(np.float32)
    weight = 0.005
    chi, about = tv(
        field,
        kernel,
        gradient_power(truth.shape, edges),
        voxel_size=edges,
        tv_regularisation=weight,
        iterations=2000,
        tolerance=1e-6,
    )
    least = objective(chi, field, kernel, weight, edges)
    assert about["iterations"] < 2000
    assert least < 0.5 * objective(0 * chi, field, kernel, weight, edges)
    smooth = irfftn(rfftn(chi) * np.exp(-20 * sum(k**2 for k in frequencies(chi.shape, edges))), s=chi.shape)
    steps = [smooth - chi, truth - chi, chi, *(rng.normal(size=chi.shape) for _ in range(5))]
    for step in steps:
        for size in (0.01, -0.01):
            # Convergence and float32: a thousandth of the value may be gained.
            assert objective(chi + size * step, field, kernel, weight, edges) > 0.999 * least
