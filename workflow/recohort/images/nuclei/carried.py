"""A subject's map in template space, and labels on its map: each by one interpolation over all motions between."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates

from recohort.images.registration.grid import Brain, Grid, linear, moved
from recohort.images.registration.warp import Warp

_REACH_MM = 30.0
"""A subject's point is looked up in the atlas when the affine motion alone leaves it so near to a label."""


@dataclass(frozen=True)
class Motions:
    """How a subject's images and the template lie to each other.

    Attributes
    ----------
    warp : Warp
        Points of the template to points of the T1w image, mm.
    rigid : ndarray, (4, 4)
        Points of the T1w image to points of the map, mm.
    map_affine : ndarray, (4, 4)
        Voxels of the map to mm.
    """

    warp: Warp
    rigid: np.ndarray
    map_affine: np.ndarray

    def map_index(self, template_points: np.ndarray) -> np.ndarray:
        """Return the voxels of the map, not whole, that show points of the template, both (3, ...)."""
        return moved(np.linalg.inv(self.map_affine) @ self.rigid, self.warp.there(template_points))

    def t1w_points(self, map_index: np.ndarray) -> np.ndarray:
        """Return the points of the T1w image, mm, of voxels of the map, both (3, ...)."""
        return moved(np.linalg.inv(self.rigid) @ self.map_affine, map_index)


def output_grid(template: Brain, resolution_mm: float) -> tuple[Grid, np.ndarray]:
    """Return the grid of maps in template space and the template's brain on it.

    Its voxels are those of the lattice through the template's first voxel, cropped to the brain and a voxel around it.
    """
    around = template.grid(edge=resolution_mm, margin=resolution_mm)
    first = template.affine[:3, 3]
    origin = first + np.floor((around.origin - first) / resolution_mm + 1e-6) * resolution_mm
    grid = Grid(tuple(count + 1 for count in around.shape), origin, float(resolution_mm))
    return grid, template.on(grid)[1] > 0.5


def map_in_template(
    chimap: np.ndarray, kept: np.ndarray, motions: Motions, grid: Grid, brain: np.ndarray
) -> np.ndarray:
    """Return a map on a grid of the template, interpolated linearly between the voxels that are known.

    Parameters
    ----------
    chimap : ndarray, (x, y, z)
        The map; what it holds outside `kept` does not matter.
    kept : ndarray of bool, (x, y, z)
        Where it is known.
    motions : Motions
        Of the subject.
    grid : Grid
        Of the template's space.
    brain : ndarray of bool, (i, j, k)
        Voxels of `grid` that are wanted.

    Returns
    -------
    ndarray of float32, (i, j, k)
        NaN outside `brain`, and where less than half of what is interpolated is known.
    """
    index = motions.map_index(grid.points()[:, brain])
    carried = np.full(grid.shape, np.nan, np.float32)
    carried[brain] = known_mean(chimap, kept, index)
    return carried


def known_mean(values: np.ndarray, kept: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return values at indices (3, n), linear weights of known voxels alone; NaN where they are less than half."""
    weight = linear(kept.astype(np.float32), index)
    value = linear(np.where(kept, values, np.float32(0)).astype(np.float32), index)
    known = weight >= 0.5
    return np.where(known, value / np.where(known, weight, np.float32(1)), np.float32(np.nan))


def given_labels(
    labels: np.ndarray, labels_affine: np.ndarray, motions: Motions, shape: tuple[int, int, int]
) -> np.ndarray:
    """Return labels of the T1w image on the grid of the map, of the nearest voxel; integers as `labels`."""
    index = moved(np.linalg.inv(labels_affine), motions.t1w_points(np.indices(shape, dtype=np.float32)))
    return map_coordinates(labels, index, order=0, mode="constant", cval=0)


def atlas_labels(
    labels: np.ndarray, labels_affine: np.ndarray, motions: Motions, shape: tuple[int, int, int]
) -> np.ndarray:
    """Return the atlas on the grid of the map: at each voxel the label that fills more than half there, else 0.

    Parameters
    ----------
    labels : ndarray of int, (i, j, k)
        In the template's space.
    labels_affine : ndarray, (4, 4)
        Its voxels to mm.
    motions : Motions
        Of the subject.
    shape : tuple of 3 int
        Of the map.
    """
    to_atlas = np.linalg.inv(labels_affine)
    points = motions.t1w_points(np.indices(shape, dtype=np.float32))
    rough = moved(to_atlas @ np.linalg.inv(motions.warp.affine), points)
    reach = _REACH_MM / np.linalg.norm(labels_affine[:3, :3], axis=0)
    near = np.ones(shape, bool)
    for axis, filled in enumerate(np.nonzero(labels)):
        near &= (rough[axis] > filled.min() - reach[axis]) & (rough[axis] < filled.max() + reach[axis])
    index = moved(to_atlas, motions.warp.back(points[:, near]))
    found = np.zeros(index.shape[1], labels.dtype)
    for label in np.unique(labels[labels > 0]):
        found[linear((labels == label).astype(np.float32), index) > 0.5] = label
    carried = np.zeros(shape, labels.dtype)
    carried[near] = found
    return carried
