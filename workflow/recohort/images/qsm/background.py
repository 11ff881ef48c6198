"""Removal of the field of sources outside the mask."""

import numpy as np
from scipy.fft import fftfreq, irfftn, rfftfreq, rfftn

from recohort.core.errors import InputError
from recohort.images.qsm.dipole import dipole_kernel
from recohort.images.qsm.mask import depth_mm


def remove_background(
    field,
    mask,
    weight,
    *,
    voxel_size,
    b0_direction,
    method,
    max_radius_mm,
    threshold,
    iterations,
    tolerance,
):
    """Remove the background by the named method: `v-sharp` or `pdf`; see these.

    Returns
    -------
    local : ndarray of float32, (x, y, z)
        Local field in the unit of `field`; 0 outside `kept`.
    kept : ndarray of bool, (x, y, z)
        Voxels of the mask with a trustworthy local field.
    """
    if method == "v-sharp":
        return v_sharp(field, mask, voxel_size=voxel_size, max_radius_mm=max_radius_mm, threshold=threshold)
    return pdf(
        field,
        mask,
        weight,
        voxel_size=voxel_size,
        b0_direction=b0_direction,
        iterations=iterations,
        tolerance=tolerance,
    )


def v_sharp(field, mask, *, voxel_size, max_radius_mm, threshold):
    """Variable-radius sophisticated harmonic artefact reduction.

    A background field is harmonic inside the mask, so its mean over a sphere is its value at the centre: the field less
    its spherical mean, (delta - s) * field, has no background. Each voxel uses the largest sphere that fits, in steps
    of one voxel down to one voxel; the part of (delta - s) of the largest sphere that exceeds `threshold` is then
    divided out. Schweser et al. 2011, doi:10.1016/j.neuroimage.2010.10.070; Wu et al. 2012, doi:10.1002/mrm.23000.
    Spheres are in millimetres, so voxels need not be cubes; one voxel is the longest edge.

    The division is wrong where a smaller sphere was used, and takes a part of the field of sources near the edge;
    `find_sources` gives it back.

    Parameters
    ----------
    field : ndarray of float32, (x, y, z)
        Total field, any unit.
    mask : ndarray of bool, (x, y, z)
        Voxels with a measured field.
    voxel_size : array_like, (3,)
        Millimetres.
    max_radius_mm : float
        Radius of the largest sphere.
    threshold : float
        Truncation of the deconvolution.

    Returns
    -------
    local, kept
        As `remove_background`; `kept` lacks the voxels within one voxel of the mask's edge.

    Raises
    ------
    InputError
        When the largest sphere is smaller than a voxel, or the mask is too thin for the smallest sphere.
    """
    step = float(np.max(voxel_size))
    radii = np.arange(1, int(max_radius_mm / step + 1e-6) + 1) * step
    if radii.size == 0:
        raise InputError(f"images.background.max_radius_mm is {max_radius_mm:g}, expected at least {step:g}, one voxel")
    depth = depth_mm(mask, voxel_size)
    radii = radii[radii + _EDGE < depth.max()]
    if radii.size == 0:
        raise InputError(f"the mask is nowhere more than {depth.max():g} mm deep, expected more than {step:g} mm")
    kept = depth > radii[0] + _EDGE
    inverse = 1 - _sphere(field.shape, voxel_size, radii[-1])
    passed = np.abs(inverse) > threshold
    np.divide(1, inverse, out=inverse, where=passed)
    inverse[~passed] = 0
    spectrum = rfftn(_less_spherical_mean(np.where(mask, field, np.float32(0)), depth, radii, voxel_size), workers=1)
    spectrum *= inverse
    local = irfftn(spectrum, s=field.shape, workers=1, overwrite_x=True)
    local[~kept] = 0
    return local, kept


def _less_spherical_mean(field, depth, radii, voxel_size):
    """Field less its mean over the largest of the spheres that fits; 0 where none does."""
    spectrum = rfftn(field, workers=1)
    filtered = np.zeros_like(field)
    beyond = np.inf
    for radius in radii[::-1]:
        shell = (depth > radius + _EDGE) & (depth <= beyond)
        mean = irfftn(spectrum * _sphere(field.shape, voxel_size, radius), s=field.shape, workers=1, overwrite_x=True)
        np.subtract(field, mean, out=filtered, where=shell)
        beyond = radius + _EDGE
    return filtered


_EDGE = 1e-3
"""Millimetres by which a voxel centre may miss a sphere and still count as on it."""


def _sphere(shape, voxel_size, radius):
    """Half spectrum of the mean over a sphere, centred at voxel 0: real and even, so three small cosine transforms."""
    reach = [int((radius + _EDGE) / edge) for edge in voxel_size]
    axes = [np.arange(n + 1) * edge for n, edge in zip(reach, voxel_size, strict=True)]
    x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
    octant = (x**2 + y**2 + z**2 <= (radius + _EDGE) ** 2).astype(np.float32)
    for axis in range(3):
        twice = np.full(octant.shape[axis], 2, dtype=np.float32)
        twice[0] = 1
        octant *= np.expand_dims(twice, tuple({0, 1, 2} - {axis}))
    octant /= octant.sum()
    waves = [fftfreq(shape[0]), fftfreq(shape[1]), rfftfreq(shape[2])]
    cosines = [
        np.cos(2 * np.pi * np.outer(wave, np.arange(n + 1))).astype(np.float32)
        for wave, n in zip(waves, reach, strict=True)
    ]
    half = octant @ cosines[2].T
    half = np.matmul(cosines[1], half)
    return np.tensordot(cosines[0], half, axes=1)


def pdf(field, mask, weight, *, voxel_size, b0_direction, iterations, tolerance):
    """Projection onto dipole fields.

    The background is the field of sources x outside the mask that explains the measured field best: the least of
    |w m (f - D x)|^2 by conjugate gradients on the normal equations. Liu et al. 2011, doi:10.1002/nbm.1670. Sources
    exist only within the given volume, so pad it.

    Parameters
    ----------
    field : ndarray of float32, (x, y, z)
        Total field, any unit.
    mask : ndarray of bool, (x, y, z)
        Voxels with a measured field.
    weight : ndarray of float32, (x, y, z)
        Inverse standard deviation of the field up to a factor.
    voxel_size, b0_direction : array_like, (3,)
        As `dipole_kernel`.
    iterations : int
        At most so many.
    tolerance : float
        Stop when the normal equations' residual has fallen to this part of its start.

    Returns
    -------
    local, kept
        As `remove_background`; `kept` lacks the voxels within one voxel of the mask's edge, which a source at the
        border fits whatever they hold.
    """
    kernel = dipole_kernel(field.shape, voxel_size=voxel_size, b0_direction=b0_direction)
    weight = np.where(mask, weight, np.float32(0)) ** 2
    outside = ~mask
    field = np.where(mask, field - _mean(field, weight), np.float32(0)).astype(np.float32)

    def dipole(x):
        spectrum = rfftn(x, workers=1)
        spectrum *= kernel
        return irfftn(spectrum, s=x.shape, workers=1, overwrite_x=True)

    sources = np.zeros_like(field)
    rest = outside * dipole(weight * field)
    search, power = rest.copy(), _dot(rest, rest)
    goal = power * tolerance**2
    for _ in range(iterations):
        if power <= goal:
            break
        image = outside * dipole(weight * dipole(search))
        step = np.float32(power / _dot(search, image))
        sources += step * search
        rest -= step * image
        previous, power = power, _dot(rest, rest)
        search *= np.float32(power / previous)
        search += rest
    kept = depth_mm(mask, voxel_size) > np.max(voxel_size) + _EDGE
    local = field - dipole(sources)
    local[~kept] = 0
    return local, kept


def _dot(a, b):
    return float(np.vdot(a, b))


def _mean(field, weight):
    return np.float32(_dot(field, weight) / weight.sum(dtype=float))
