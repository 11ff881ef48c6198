"""Field perturbation of magnetised voxels and spheres, in real space.

A voxel is a uniformly magnetised cuboid. Its demagnetising tensor N at a point is a sum over the eight corners of
arctangents (diagonal) and logarithms (off-diagonal) [1]_ [2]_; with the sphere of Lorentz [3]_ the shift along the unit
vector b of B0 is

    G = inside / 3 - b' N b,

dimensionless, per unit of volume susceptibility. No k-space dipole kernel is used: nothing is shared with an inversion.

The field is that at the centre of the target voxel, not its mean over it.

References
----------
.. [1] Joseph RI, Schlömann E. Demagnetizing field in nonellipsoidal bodies. J Appl Phys 1965;36:1579.
.. [2] Newell AJ, Williams W, Dunlop DJ. J Geophys Res 1993;98:9551. doi:10.1029/93JB00694
.. [3] Marques JP, Bowtell R. Concepts Magn Reson B 2005;25B:65. doi:10.1002/cmr.b.20034
"""

from itertools import combinations

import numpy as np
from scipy import fft


def demagnetising_octant(shape, *, voxel_size_mm, row: int, column: int) -> np.ndarray:
    """Return one element of the demagnetising tensor of a voxel at the centres of the voxels beside it.

    Parameters
    ----------
    shape : tuple of 3 int
        Displacements 0 .. n - 1 voxels along each axis.
    voxel_size_mm : sequence of 3 float
        Edges of the voxel, mm.
    row, column : int
        Element of the tensor, 0 to 2.

    Returns
    -------
    ndarray, shape `shape`
        N[row, column], dimensionless. The trace is 1 at displacement 0 and 0 elsewhere.
    """
    corner = np.ix_(*[(np.arange(n + 1) - 0.5) * edge for n, edge in zip(shape, voxel_size_mm, strict=True)])
    if row == column:
        along, (first, second) = corner[row], [corner[axis] for axis in range(3) if axis != row]
        radius = np.sqrt(corner[0] ** 2 + corner[1] ** 2 + corner[2] ** 2)
        primitive = np.arctan(first * second / (along * radius))
    else:
        third = corner[3 - row - column]
        primitive = -np.arcsinh(third / np.hypot(corner[row], corner[column]))
    for axis in range(3):
        primitive = np.diff(primitive, axis=axis)
    return primitive / (4 * np.pi)


def field_kernel(displacements, *, voxel_size_mm, b0_direction) -> np.ndarray:
    """Return the field of one voxel of unit susceptibility at given displacements.

    Parameters
    ----------
    displacements : sequence of 3 integer ndarrays
        Voxels from the source to the target along each axis, in any order; the kernel is on their outer grid.
    voxel_size_mm : sequence of 3 float
        Edges of the voxel, mm.
    b0_direction : sequence of 3 float
        Unit vector of B0 in the axes of the array.

    Returns
    -------
    ndarray of float32, shape (len(d) for d in displacements)
        Relative field shift G, dimensionless.
    """
    distances = [np.abs(d) for d in displacements]
    octant, mirrored = tuple(int(d.max()) + 1 for d in distances), np.ix_(*distances)
    signs = np.ix_(*[np.sign(d).astype(np.float32) for d in displacements])
    even = np.zeros(octant, dtype=np.float32)
    even[0, 0, 0] = 1 / 3
    for axis in range(3):
        element = demagnetising_octant(octant, voxel_size_mm=voxel_size_mm, row=axis, column=axis)
        even -= (b0_direction[axis] ** 2 * element).astype(np.float32)
    kernel = even[mirrored]
    for row, column in combinations(range(3), 2):
        weight = 2 * b0_direction[row] * b0_direction[column]
        if weight == 0:
            continue
        element = demagnetising_octant(octant, voxel_size_mm=voxel_size_mm, row=row, column=column)
        kernel -= (weight * element).astype(np.float32)[mirrored] * signs[row] * signs[column]
    return kernel


def transform_shape(target_shape, source_shape) -> tuple[int, ...]:
    """Return the shape of the transform that convolves a source box with a target grid without wrap-around."""
    return tuple(fft.next_fast_len(n + m - 1, real=True) for n, m in zip(target_shape, source_shape, strict=True))


def kernel_spectrum(target_shape, source_shape, origin, *, voxel_size_mm, b0_direction) -> np.ndarray:
    """Return the transform of the kernel from a box of sources to a grid of targets.

    Parameters
    ----------
    target_shape, source_shape : tuple of 3 int
        Voxels of the grid where the field is wanted, and of the box that holds the sources.
    origin : sequence of 3 int
        Index of the first voxel of the source box in the target grid.
    voxel_size_mm, b0_direction : sequence of 3 float
        As for `field_kernel`.

    Returns
    -------
    ndarray of complex64
        For `convolve`. Each displacement from the box to the grid has its own entry: the convolution is linear.
    """
    shape = transform_shape(target_shape, source_shape)
    displacements = []
    for n, size, start in zip(target_shape, shape, origin, strict=True):
        index = np.arange(size)
        displacements.append(np.where(index < n, index, index - size) - int(start))
    return fft.rfftn(field_kernel(displacements, voxel_size_mm=voxel_size_mm, b0_direction=b0_direction))


def convolve(source, *, spectrum, target_shape) -> np.ndarray:
    """Return the field of a box of sources on the target grid.

    Parameters
    ----------
    source : ndarray, shape `source_shape` of `kernel_spectrum`
        Susceptibility, ppm.
    spectrum : ndarray of complex64
        From `kernel_spectrum`.
    target_shape : tuple of 3 int
        Voxels of the target grid.

    Returns
    -------
    ndarray of float32, shape `target_shape`
        Relative field shift, ppm.
    """
    shape = transform_shape(target_shape, source.shape)
    # Axis by axis: padding is added when its axis is reached, and what is not wanted dropped as soon as it is known.
    field = fft.rfft(source.astype(np.float32), n=shape[2], axis=2)
    for axis in (1, 0):
        field = fft.fft(field, n=shape[axis], axis=axis)
    field *= spectrum
    field = fft.ifft(field, axis=0, overwrite_x=True)[: target_shape[0]]
    field = fft.ifft(field, axis=1)[:, : target_shape[1]]
    return np.ascontiguousarray(fft.irfft(field, n=shape[2], axis=2)[..., : target_shape[2]])


def sphere_field(coordinates_mm, *, centre_mm, radius_mm, b0_direction) -> np.ndarray:
    """Return the field of one sphere of unit susceptibility: a dipole outside, nothing inside.

    Parameters
    ----------
    coordinates_mm : sequence of 3 ndarrays
        Open grid of points, mm.
    centre_mm, b0_direction : sequence of 3 float
        Centre, mm, and unit vector of B0, in the same axes.
    radius_mm : float
        Radius, mm.

    Returns
    -------
    ndarray, the broadcast shape of `coordinates_mm`
        Relative field shift, dimensionless.
    """
    offset = [x - c for x, c in zip(coordinates_mm, centre_mm, strict=True)]
    square = sum(x**2 for x in offset)
    along = sum(x * b for x, b in zip(offset, b0_direction, strict=True))
    outside = square > radius_mm**2
    square = np.where(outside, square, 1.0)
    return outside * radius_mm**3 / 3 * (3 * along**2 / square - 1) / square**1.5
