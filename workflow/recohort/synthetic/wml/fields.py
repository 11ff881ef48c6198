"""Smooth random fields and shapes on a regular grid, evaluated a few layers at a time."""

import numpy as np


def soft_step(depth_mm: np.ndarray, width_mm: float) -> np.ndarray:
    """Return how much of a voxel lies inside a surface: 0 to 1, linear over a width around depth 0.

    Parameters
    ----------
    depth_mm : ndarray
        Distance to the surface, mm, positive inside.
    width_mm : float
        Width of the voxel, mm.
    """
    return np.clip(depth_mm / width_mm + 0.5, 0, 1)


def ellipsoid_depth(points, *, centre, radii) -> np.ndarray:
    """Return the distance to an ellipsoid along the ray from its centre, mm, positive inside.

    Parameters
    ----------
    points : sequence of 3 ndarray
        Coordinates, mm.
    centre, radii : sequence of 3 float
        mm.
    """
    x, y, z = (p - c for p, c in zip(points, centre, strict=True))
    radius = np.sqrt(x * x + y * y + z * z) + 1e-3
    norm = np.sqrt((x / radii[0]) ** 2 + (y / radii[1]) ** 2 + (z / radii[2]) ** 2) + 1e-5
    return radius / norm - radius


def tube_depth(points, *, start, end, radius_start: float, radius_end: float) -> np.ndarray:
    """Return the distance to a tube whose radius changes along it, mm, positive inside.

    Parameters
    ----------
    points : sequence of 3 ndarray
        Coordinates, mm.
    start, end : sequence of 3 float
        Ends of the axis, mm.
    radius_start, radius_end : float or ndarray
        Radius there, mm; an array gives each point its own.
    """
    axis = [float(e - s) for s, e in zip(start, end, strict=True)]
    offset = [p - s for p, s in zip(points, start, strict=True)]
    along = np.clip(sum(o * a for o, a in zip(offset, axis, strict=True)) / sum(a * a for a in axis), 0, 1)
    squared = sum((o - along * a) ** 2 for o, a in zip(offset, axis, strict=True))
    return radius_start + along * (radius_end - radius_start) - np.sqrt(squared)


class SmoothField:
    """A random field of mean 0 and SD 1: cubic B-splines with independent normal coefficients.

    Parameters
    ----------
    axes_mm : sequence of 3 ndarray
        Coordinates of the grid along each axis, mm.
    spacing_mm : float or sequence of 3 float
        Distance of the knots, mm: over it the field changes.
    rng : numpy.random.Generator
        Source of randomness.
    """

    def __init__(self, axes_mm, spacing_mm, rng: np.random.Generator):
        spacings = np.broadcast_to(spacing_mm, 3)
        self.bases = [_splines(axis, spacing) for axis, spacing in zip(axes_mm, spacings, strict=True)]
        self.coefficients = rng.standard_normal([basis.shape[1] for basis in self.bases], dtype=np.float32)

    def layers(self, x: slice, y: slice, z: slice) -> np.ndarray:
        """Return the field on a part of the grid, shape (z, x, y)."""
        along_x, along_y, along_z = (basis[part] for basis, part in zip(self.bases, (x, y, z), strict=True))
        flat = np.tensordot(along_z, self.coefficients, axes=(1, 2))
        return along_x @ (flat @ along_y.T)


def _splines(axis: np.ndarray, spacing: float) -> np.ndarray:
    """Return the cubic B-splines at the points of an axis, shape (points, knots), rows of length 1.

    Rows of length 1 give a field of SD 1 everywhere.
    """
    position = (axis - axis[0]) / spacing
    knots = np.arange(-1, np.floor(position[-1]) + 3)
    t = np.abs(position[:, None] - knots)
    values = np.where(t < 1, 2 / 3 - t**2 + t**3 / 2, np.clip(2 - t, 0, None) ** 3 / 6)
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)
