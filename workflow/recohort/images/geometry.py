"""What an affine says: voxel size, voxel volume, the direction of the main field, and whether two grids are one."""

import numpy as np

from recohort.core.errors import InputError

_SHEAR = 1e-3
"""Largest cosine between two voxel axes that is still taken for rounding."""

_GRID = 0.1
"""Largest displacement between two grids, in smallest voxel edges, that is still taken for rounding."""


def _axes(affine):
    """Columns of the affine as edge lengths and unit vectors; refuse what is not a rotated box."""
    matrix = np.asarray(affine, dtype=float)
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
        raise InputError("the affine is not a finite 4 x 4 matrix, expected the scanner's voxel-to-world affine")
    size = np.linalg.norm(matrix[:3, :3], axis=0)
    if (size <= 0).any():
        raise InputError(f"the affine has voxel size {_mm(size)}, expected three positive edges")
    unit = matrix[:3, :3] / size
    cosine = np.abs(unit.T @ unit - np.eye(3)).max()
    if cosine > _SHEAR:
        raise InputError(
            f"the affine is sheared (cosine {cosine:.3g} between two voxel axes), expected perpendicular axes: "
            "use the image on its native grid"
        )
    return size, unit


def _mm(size):
    return " x ".join(f"{edge:.4g}" for edge in size) + " mm"


def voxel_size(affine):
    """Edge lengths of a voxel.

    Parameters
    ----------
    affine : array_like, (4, 4)
        Voxel indices to scanner millimetres (NIfTI, RAS+).

    Returns
    -------
    ndarray, (3,)
        Millimetres, in the order of the array's axes.

    Raises
    ------
    InputError
        When the affine is not finite, has an empty axis, or is sheared.
    """
    return _axes(affine)[0]


def voxel_volume_ml(affine):
    """Volume of a voxel in millilitres; arguments and errors as `voxel_size`."""
    return float(np.prod(voxel_size(affine)) / 1000)


def b0_direction(affine):
    """Direction of the main field in the axes of the array.

    The main field lies along the scanner's z axis; an oblique slab sees it turned. The kernel is turned, not the image,
    so nothing is resampled. The field's sign is irrelevant: the dipole kernel is even.

    Parameters
    ----------
    affine : array_like, (4, 4)
        Voxel indices to scanner millimetres (NIfTI, RAS+).

    Returns
    -------
    ndarray, (3,)
        Unit vector.

    Raises
    ------
    InputError
        When the affine is not finite, has an empty axis, or is sheared.
    """
    direction = _axes(affine)[1][2]
    return direction / np.linalg.norm(direction)


def grid_difference(shape, affine, other_shape, other_affine):
    """Say how two grids differ.

    Parameters
    ----------
    shape, other_shape : tuple of int
        Shapes of the two images.
    affine, other_affine : array_like, (4, 4)
        Their affines.

    Returns
    -------
    str
        Empty when they are one grid: the same shape, and no corner further apart than a tenth of the smallest edge.
    """
    if tuple(shape) != tuple(other_shape):
        return f"shape {_times(shape)} against {_times(other_shape)}"
    corners = np.stack(np.meshgrid(*[(0, n - 1) for n in shape[:3]], [1], indexing="ij")).reshape(4, -1)
    first, second = np.asarray(affine, dtype=float), np.asarray(other_affine, dtype=float)
    apart = np.linalg.norm(((first - second) @ corners)[:3], axis=0).max()
    edge = np.linalg.norm(first[:3, :3], axis=0).min()
    if not apart <= _GRID * edge:
        return f"same shape but up to {apart:.3g} mm apart"
    return ""


def _times(shape):
    return " x ".join(str(n) for n in shape)
