"""Grids along the axes of the world, on which images are compared, and images brought onto them."""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import affine_transform, gaussian_filter, map_coordinates

from recohort.images.geometry import voxel_size

_FLOOR = 0.05
"""SD of the contrast, in units of the brain's mean, below which a window counts as even."""


class Grid(NamedTuple):
    """A grid of cubes along the world's axes.

    Attributes
    ----------
    shape : tuple of 3 int
        Voxels.
    origin : ndarray, (3,)
        Millimetres of the centre of the first voxel.
    edge : float
        Millimetres.
    """

    shape: tuple[int, int, int]
    origin: np.ndarray
    edge: float

    @property
    def affine(self) -> np.ndarray:
        """Voxel indices to millimetres, (4, 4)."""
        matrix = np.diag([self.edge] * 3 + [1.0])
        matrix[:3, 3] = self.origin
        return matrix

    def index(self, points: np.ndarray) -> np.ndarray:
        """Return the indices, not whole, of points in mm, (3, ...)."""
        return (points - column(self.origin, points.ndim)) / self.edge

    def points(self) -> np.ndarray:
        """Return the centres of all voxels, mm, (3, x, y, z)."""
        return np.indices(self.shape, dtype=np.float32) * np.float32(self.edge) + column(self.origin, 4)


def column(vector: np.ndarray, ndim: int) -> np.ndarray:
    """Return a vector as float32 that adds to points of shape (3, ...) with `ndim` dimensions."""
    return np.reshape(vector, (3,) + (1,) * (ndim - 1)).astype(np.float32)


def moved(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return points (3, ...) under an affine motion (4, 4)."""
    return np.tensordot(matrix[:3, :3].astype(points.dtype), points, axes=1) + np.reshape(
        matrix[:3, 3].astype(points.dtype), (3,) + (1,) * (points.ndim - 1)
    )


def grid_around(mask: np.ndarray, affine: np.ndarray, *, edge: float, margin: float) -> Grid:
    """Return the grid of voxels of `edge` mm that holds a mask (x, y, z) and `margin` mm around it."""
    filled = [np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))[[0, -1]] for axis in range(3)]
    corners = np.stack(np.meshgrid(*filled, indexing="ij")).reshape(3, -1)
    world = moved(np.asarray(affine, float), corners.astype(float))
    low, high = world.min(axis=1) - margin, world.max(axis=1) + margin
    return Grid(tuple(int(n) for n in np.ceil((high - low) / edge) + 1), low, float(edge))


def pooled(image: np.ndarray, affine: np.ndarray, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Return an image whose voxels are means of whole blocks of edges up to `edge` mm, and its affine.

    The mean keeps fine structure from folding into a coarse grid; voxels that fill no block are dropped.
    """
    factors = np.maximum(1, (edge / voxel_size(affine) + 1e-3).astype(int))
    factors = np.minimum(factors, image.shape)
    image = np.asarray(image, np.float32)
    for axis, factor in enumerate(factors):
        if factor > 1:
            count = image.shape[axis] // factor
            kept = np.moveaxis(image, axis, 0)[: count * factor]
            kept = kept.reshape(count, factor, *kept.shape[1:]).mean(axis=1, dtype=np.float32)
            image = np.moveaxis(kept, 0, axis)
    scaled = np.asarray(affine, float).copy()
    scaled[:3, 3] += scaled[:3, :3] @ ((factors - 1) / 2)
    scaled[:3, :3] *= factors
    return np.ascontiguousarray(image), scaled


def even(image: np.ndarray, grid: Grid, window_mm: float) -> np.ndarray:
    """Return an image (x, y, z), about 1 in the brain, less its local mean, over its local SD.

    What is left is form: shading, scale and global contrast are gone. The window is a Gaussian of SD `window_mm`.
    """
    sigma = window_mm / grid.edge
    mean = gaussian_filter(image, sigma)
    variance = gaussian_filter(image * image, sigma) - mean * mean
    return (image - mean) / np.sqrt(np.maximum(variance, 0) + np.float32(_FLOOR**2))


class Brain:
    """An image of a head and where its brain is; what is asked of it more than once at one resolution is kept.

    Parameters
    ----------
    image : ndarray, (x, y, z)
        Intensities.
    mask : ndarray of bool, (x, y, z)
        Its brain.
    affine : ndarray, (4, 4)
        Voxel indices to mm.
    """

    def __init__(self, image: np.ndarray, mask: np.ndarray, affine: np.ndarray):
        self.mask, self.affine = np.asarray(mask) > 0, np.asarray(affine, float)
        self.bare = np.where(self.mask, image, np.float32(0)).astype(np.float32)
        self._pooled: dict[float, tuple] = {}

    def grid(self, *, edge: float, margin: float) -> Grid:
        """Return the grid of voxels of `edge` mm that holds the brain and `margin` mm around it."""
        return grid_around(self.mask, self.affine, edge=edge, margin=margin)

    def on(self, grid: Grid, motion: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the bare brain and the fraction of it in each voxel of a grid; `motion` as in `sampled`."""
        if grid.edge not in self._pooled:
            both = (self.bare, self.mask.astype(np.float32))
            (image, affine), (share, _) = (pooled(one, self.affine, grid.edge) for one in both)
            self._pooled[grid.edge] = image, share, affine
        image, share, affine = self._pooled[grid.edge]
        return sampled(image, affine, grid, motion), sampled(share, affine, grid, motion)


def sampled(image: np.ndarray, affine: np.ndarray, grid: Grid, motion: np.ndarray | None = None) -> np.ndarray:
    """Return an image (x, y, z) on a grid, interpolated linearly; 0 beyond the image.

    Parameters
    ----------
    image, affine
        The image.
    grid : Grid
        Where it is wanted.
    motion : ndarray, optional, (4, 4)
        Points of the grid to points of the image, mm.
    """
    matrix = np.linalg.inv(affine) @ (grid.affine if motion is None else motion @ grid.affine)
    return affine_transform(image, matrix[:3, :3], matrix[:3, 3], output_shape=grid.shape, order=1)


def linear(image: np.ndarray, index: np.ndarray, *, beyond: str = "constant") -> np.ndarray:
    """Return values at indices (3, ...), interpolated linearly; beyond the image 0, or the `nearest`."""
    return map_coordinates(image, index, order=1, mode=beyond, output=np.float32)
