"""The field of voxels against closed forms: trace, point dipole, sphere, direct sum."""

import numpy as np
import pytest

from recohort.synthetic.qsm import dipole

OBLIQUE = np.array([0.1, -np.sin(0.3), np.cos(0.3)]) / np.linalg.norm([0.1, -np.sin(0.3), np.cos(0.3)])
VOXELS = [(1.0, 1.0, 1.0), (0.7, 1.0, 2.1)]


@pytest.mark.parametrize("voxel", VOXELS)
def test_trace_is_one_inside_and_zero_outside(voxel):
    trace = sum(dipole.demagnetising_octant((9, 9, 9), voxel_size_mm=voxel, row=i, column=i) for i in range(3))
    expected = np.zeros((9, 9, 9))
    expected[0, 0, 0] = 1
    np.testing.assert_allclose(trace, expected, atol=1e-13)


def test_cube_at_its_centre_has_one_third():
    for i in range(3):
        factor = dipole.demagnetising_octant((1, 1, 1), voxel_size_mm=(2, 2, 2), row=i, column=i)
        assert factor.item() == pytest.approx(1 / 3, abs=1e-14)


def test_off_diagonal_element_is_the_derivative_of_the_potential():
    """N_xy is minus d2/dxdy of the mean of 1/r over the cuboid times V/4pi, here by dense quadrature."""
    voxel = np.array([1.0, 1.5, 2.0])
    element = dipole.demagnetising_octant((3, 3, 3), voxel_size_mm=voxel, row=0, column=1)
    points = (np.arange(60) + 0.5) / 60 - 0.5
    offset = np.stack(np.meshgrid(*[points * edge for edge in voxel], indexing="ij"), -1).reshape(-1, 3)
    x = np.array([1, 2, 1]) * voxel - offset
    radius = np.linalg.norm(x, axis=1)
    expected = -(3 * x[:, 0] * x[:, 1] / radius**5).mean() * voxel.prod() / (4 * np.pi)
    assert element[1, 2, 1] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("voxel", VOXELS)
@pytest.mark.parametrize("b0", [np.array([0.0, 0.0, 1.0]), OBLIQUE])
def test_far_field_is_that_of_a_point_dipole(voxel, b0):
    steps = np.array([-40, -25, 25, 40])
    kernel = dipole.field_kernel([steps] * 3, voxel_size_mm=voxel, b0_direction=b0)
    x = np.stack(np.meshgrid(*[steps * edge for edge in voxel], indexing="ij"), -1)
    radius = np.linalg.norm(x, axis=-1)
    point = np.prod(voxel) / (4 * np.pi) * (3 * (x @ b0 / radius) ** 2 - 1) / radius**3
    np.testing.assert_allclose(kernel, point, rtol=0, atol=2e-3 * np.abs(point).max())


@pytest.mark.parametrize("voxel", VOXELS)
@pytest.mark.parametrize("b0", [np.array([0.0, 0.0, 1.0]), OBLIQUE])
def test_voxelised_sphere_is_the_analytic_sphere(voxel, b0):
    shape = tuple(int(2 * round(16 / edge)) for edge in voxel)
    x = np.ix_(*[(np.arange(n) - (n - 1) / 2) * edge for n, edge in zip(shape, voxel, strict=True)])
    radius_mm = 8.0
    distance = np.sqrt(sum(c**2 for c in x))
    sphere = (distance <= radius_mm).astype(np.float32)
    spectrum = dipole.kernel_spectrum(shape, shape, (0, 0, 0), voxel_size_mm=voxel, b0_direction=b0)
    field = dipole.convolve(sphere, spectrum=spectrum, target_shape=shape)
    analytic = dipole.sphere_field(x, centre_mm=(0, 0, 0), radius_mm=radius_mm, b0_direction=b0)
    volume = sphere.sum() * np.prod(voxel) / (4 / 3 * np.pi * radius_mm**3)
    clear = np.abs(distance - radius_mm) > 1.5 * max(voxel)
    outside = clear & (distance > radius_mm)
    assert np.corrcoef(field[clear], analytic[clear])[0, 1] > 0.999
    assert np.polyfit(analytic[outside], field[outside] / volume, 1)[0] == pytest.approx(1, abs=0.01)
    assert abs(field[clear & (distance < radius_mm)].mean()) < 0.01


def test_convolution_from_a_box_is_the_direct_sum_without_wrap_around():
    rng = np.random.default_rng(0)
    target, box, origin, voxel = (20, 17, 24), (4, 5, 3), (0, 11, 20), (1.0, 1.2, 0.8)
    source = rng.random(box).astype(np.float32)
    spectrum = dipole.kernel_spectrum(target, box, origin, voxel_size_mm=voxel, b0_direction=OBLIQUE)
    field = dipole.convolve(source, spectrum=spectrum, target_shape=target)
    direct = np.zeros(target)
    for index in np.ndindex(box):
        steps = [np.arange(n) - o - i for n, o, i in zip(target, origin, index, strict=True)]
        direct += source[index] * dipole.field_kernel(steps, voxel_size_mm=voxel, b0_direction=OBLIQUE)
    np.testing.assert_allclose(field, direct, atol=1e-6)
