import numpy as np
import pytest
from scipy.fft import irfftn, rfftn
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from recohort.images.qsm.dipole import dipole_kernel

OBLIQUE = Rotation.from_euler("xy", [25, 15], degrees=True).as_matrix()[2]


def ball(where, voxel_size, radius):
    """Part of each voxel that lies in a sphere, by 4 x 4 x 4 points in it."""
    filled = np.zeros(where.shape[1:], np.float32)
    points = (np.arange(4) + 0.5) / 4 - 0.5
    for shift in np.stack(np.meshgrid(points, points, points)).reshape(3, -1).T * voxel_size:
        filled += ((where + shift[:, None, None, None]) ** 2).sum(axis=0) <= radius**2
    return filled / 64


@pytest.mark.parametrize("voxel_size", [(1, 1, 1), (1, 1.5, 2), (1.2, 0.8, 1)])
@pytest.mark.parametrize("b0", [(0, 0, 1), (1, 0, 0), OBLIQUE])
def test_kernel_gives_the_field_of_a_sphere(voxel_size, b0, positions, sphere_field):
    shape = tuple(int(100 / edge / 2) * 2 for edge in voxel_size)
    where = positions(shape, voxel_size)
    analytic, r = sphere_field(where, (0, 0, 0), 7, 1, b0)
    kernel = dipole_kernel(shape, voxel_size=voxel_size, b0_direction=b0)
    field = irfftn(rfftn(ball(where, np.array(voxel_size), 7)) * kernel, s=shape)
    # Both smoothed alike by less than a voxel: a tilted kernel rings at the highest frequency.
    field, analytic = gaussian_filter(field, 0.8), gaussian_filter(analytic, 0.8)
    # Within 20 mm, so that the copies 100 mm apart add 1 % at most; inside and outside, off the surface.
    fair = (r < 20) & (np.abs(r - 7) > 1.5 * max(voxel_size))
    slope, offset = np.polyfit(analytic[fair], field[fair], 1)
    assert np.corrcoef(analytic[fair], field[fair])[0, 1] > 0.999
    # Half a per cent: the ball's volume in 64 points per voxel, and the copies.
    assert slope == pytest.approx(1, abs=0.005)
    assert abs(offset) < 0.001


def test_swapped_voxel_sizes_would_be_seen(positions, sphere_field):
    shape, voxel_size = (120, 60, 120), (1, 2, 1)
    analytic, r = sphere_field(positions(shape, voxel_size), (0, 0, 0), 8, 1, (0, 1, 0))
    chi = (r < 8).astype(np.float32)
    fair = (r < 20) & (np.abs(r - 8) > 3)

    def correlation(sizes):
        kernel = dipole_kernel(shape, voxel_size=sizes, b0_direction=(0, 1, 0))
        return np.corrcoef(analytic[fair], irfftn(rfftn(chi) * kernel, s=shape)[fair])[0, 1]

    assert correlation((1, 2, 1)) > 0.999
    assert correlation((2, 1, 1)) < 0.95


def test_kernel_at_known_points():
    kernel = dipole_kernel((8, 8, 8), voxel_size=(1, 1, 1), b0_direction=(0, 0, 1))
    assert kernel[0, 0, 0] == 0
    assert kernel[1, 0, 0] == pytest.approx(1 / 3)
    assert kernel[0, 0, 1] == pytest.approx(-2 / 3)
    assert kernel.dtype == np.float32
