"""An image on another grid and back: axes reordered and turned exactly, spacing changed along each axis on its own.

Nothing is rotated: an oblique image stays oblique. Along an axis that becomes coarser a voxel is the mean of what it
covers; along one that becomes finer it is interpolated linearly. Both grids share their centre, and beyond the
outermost voxels the image goes on as it is.
"""

from dataclasses import dataclass

import numpy as np
from nibabel import orientations

from recohort.images.geometry import voxel_size

_SAME = 0.01
"""Spacings that differ by less than this, relatively, are one."""


@dataclass(frozen=True)
class Grid:
    """How an image's grid is related to another of the wanted axes and spacing.

    Attributes
    ----------
    shape, inner_shape : tuple of int
        Of the image, and on the other grid.
    spacing : tuple of float
        Of the other grid, mm.
    turned, undone : ndarray, (3, 2)
        For each axis of the image the axis it becomes, and 1, or -1 when it is turned over; and the way back.
    forth, back : tuple of (ndarray or None)
        A matrix for each axis of the other grid; None leaves it as it is.
    """

    shape: tuple[int, ...]
    inner_shape: tuple[int, ...]
    spacing: tuple[float, ...]
    turned: np.ndarray
    undone: np.ndarray
    forth: tuple
    back: tuple

    @classmethod
    def between(cls, shape, affine, *, orientation: str, spacing_mm) -> "Grid":
        """Relate the grid of an image to one of other axes and spacing.

        Parameters
        ----------
        shape : tuple of int
            Of the image, (x, y, z).
        affine : array_like, (4, 4)
            Of the image.
        orientation : str
            Whereto the axes of the other grid point, roughly: ``RAS``, ``LPS``.
        spacing_mm : sequence of 3 float or None
            Its spacing along these axes; None keeps the image's.
        """
        edges = voxel_size(affine)
        here, there = orientations.io_orientation(affine), orientations.axcodes2ornt(tuple(orientation))
        turned, undone = orientations.ornt_transform(here, there), orientations.ornt_transform(there, here)
        order = np.argsort(turned[:, 0])
        counts, sizes = [int(shape[axis]) for axis in order], [float(edges[axis]) for axis in order]
        forth, back, inner, spacing = [], [], [], []
        for count, size, wanted in zip(counts, sizes, spacing_mm, strict=True):
            if wanted is None or abs(size / wanted - 1) < _SAME:
                forth.append(None)
                back.append(None)
                inner.append(count)
                spacing.append(size)
                continue
            new = max(1, round(count * size / wanted))
            forth.append(_matrix(count, size, new, wanted))
            back.append(_matrix(new, wanted, count, size))
            inner.append(new)
            spacing.append(float(wanted))
        return cls(tuple(shape), tuple(inner), tuple(spacing), turned, undone, tuple(forth), tuple(back))

    def there(self, image: np.ndarray) -> np.ndarray:
        """Return an image of the first grid on the other, float32."""
        return _apply(orientations.apply_orientation(image, self.turned), self.forth)

    def home(self, image: np.ndarray) -> np.ndarray:
        """Return an image of the other grid on the first, float32."""
        return orientations.apply_orientation(_apply(image, self.back), self.undone)


def _apply(image: np.ndarray, matrices) -> np.ndarray:
    image = np.asarray(image, np.float32)
    for axis, matrix in enumerate(matrices):
        if matrix is not None:
            image = np.moveaxis(np.tensordot(matrix, image, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(image)


def _matrix(count: int, size: float, new: int, wanted: float) -> np.ndarray:
    """Return the matrix from `count` points of spacing `size` to `new` of spacing `wanted`; rows sum to 1."""
    centres = ((np.arange(new) - (new - 1) / 2) * wanted) / size + (count - 1) / 2
    if wanted > size:
        low, high = (centres + sign * wanted / size / 2 + 0.5 for sign in (-1, 1))
        low, high = np.clip(low, 0, count - 1e-6), np.clip(high, 1e-6, count)
        edges = np.arange(count)
        matrix = np.clip(np.minimum(high[:, None], edges + 1) - np.maximum(low[:, None], edges), 0, None)
    else:
        matrix = np.clip(1 - np.abs(np.clip(centres, 0, count - 1)[:, None] - np.arange(count)), 0, None)
    return (matrix / matrix.sum(axis=1, keepdims=True)).astype(np.float32)
