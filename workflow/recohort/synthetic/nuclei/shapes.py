"""Deep grey nuclei and lateral ventricles in the space of the MNI152 template, mm.

Nuclei are simple solids placed by eye on those of the template (ICBM 152 nonlinear symmetric 2009a [1]_); ventricles
are those of the template. Each has a territory, the points nearer to it than to any other, which it never leaves:
whatever its volume, nuclei and ventricles do not overlap.

References
----------
.. [1] Fonov V, Evans AC, Botteron K, et al. NeuroImage 2011;54:313. doi:10.1016/j.neuroimage.2010.07.033
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from recohort.synthetic.wml.fields import ellipsoid_depth, tube_depth

STRUCTURES = ("caudate", "putamen", "pallidum", "thalamus")
SIDES = ("left", "right")
NUCLEI = tuple(f"{structure}_{side}" for structure in STRUCTURES for side in SIDES)
VENTRICLES = "csf"
LABELS = {name: index for index, name in enumerate((*NUCLEI, VENTRICLES), start=1)}
"""Value of each label in an image."""
DEEP_BOX = ((-40, 40), (-60, 38), (-18, 38))
"""Where nuclei and ventricles lie, with room to widen."""
VENTRICLE_BOXES = (
    ((0, 24), (2, 36), (-4, 34)),  # frontal horns
    ((2, 30), (-46, 10), (14, 34)),  # bodies
    ((15, 38), (-60, -28), (-8, 34)),  # atria and posterior horns
)
"""Fluid of the template in these boxes, |x| first, is lateral ventricle; other fluid lies between them."""


class Solid(NamedTuple):
    """Ellipsoid of the right side, turned in the axial plane; `yaw_deg` turns its front towards the middle."""

    centre: tuple[float, float, float]
    half_axes: tuple[float, float, float]
    yaw_deg: float


THALAMUS = Solid((12.2, -18.0, 8.0), (10.0, 17.0, 10.8), 28.0)
PALLIDUM = Solid((19.5, -4.5, -0.5), (5.4, 10.8, 7.8), 26.0)
PUTAMEN = Solid((24.8, 1.0, 1.5), (6.8, 18.5, 12.5), 16.0)
CAUDATE_HEAD = Solid((13.0, 13.5, 7.0), (5.6, 10.5, 11.5), 6.0)
CAUDATE_BODY = (
    {"start": (14.5, 12.0, 15.0), "end": (17.0, -2.0, 21.5), "radius_start": 5.2, "radius_end": 4.2},
    {"start": (17.0, -2.0, 21.5), "end": (20.5, -20.0, 21.5), "radius_start": 4.2, "radius_end": 2.4},
)


@dataclass(frozen=True)
class Depths:
    """How deep points lie in each structure, mm, positive inside; both sides of a nucleus are one array.

    Attributes
    ----------
    own : dict of str to ndarray
        Depth below the surface of the reference shape, of each of `STRUCTURES` and `VENTRICLES`.
    territory : dict of str to ndarray
        Half of the distance by which the point lies deeper in the structure than in any other.
    right : ndarray of bool
        x > 0.
    """

    own: dict[str, np.ndarray]
    territory: dict[str, np.ndarray]
    right: np.ndarray

    def on(self, side: str | None) -> np.ndarray | bool:
        """Return the points of a side, all of them where that is None."""
        return True if side is None else self.right if side == "right" else ~self.right


def parts_of(label: str) -> tuple[str, str | None]:
    """Return structure and side of a label, no side of the ventricles."""
    structure, _, side = label.partition("_")
    return structure, side or None


def solid_depth(points, solid: Solid) -> np.ndarray:
    """Return the depth of points, |x| first, in a solid, mm.

    Parameters
    ----------
    points : sequence of 3 ndarray
        Coordinates, mm.
    solid : Solid
        Of the right side.
    """
    x, y, z = (p - np.float32(c) for p, c in zip(points, solid.centre, strict=True))
    c, s = np.float32(np.cos(np.deg2rad(solid.yaw_deg))), np.float32(np.sin(np.deg2rad(solid.yaw_deg)))
    return ellipsoid_depth((c * x + s * y, c * y - s * x, z), centre=(0, 0, 0), radii=solid.half_axes)


def depths(points, ventricles: np.ndarray) -> Depths:
    """Return how deep points lie in nuclei and ventricles.

    Parameters
    ----------
    points : sequence of 3 ndarray of float32
        Template coordinates, mm.
    ventricles : ndarray
        Depth of these points in the ventricles, mm (`ventricle_depth`).
    """
    mirrored = (np.abs(points[0]), points[1], points[2])
    caudate = np.maximum(
        solid_depth(mirrored, CAUDATE_HEAD), np.maximum(*(tube_depth(mirrored, **tube) for tube in CAUDATE_BODY))
    )
    pallidum = solid_depth(mirrored, PALLIDUM)
    own = {
        "caudate": caudate,
        "putamen": np.minimum(solid_depth(mirrored, PUTAMEN), -pallidum),
        "pallidum": pallidum,
        "thalamus": solid_depth(mirrored, THALAMUS),
        VENTRICLES: ventricles,
    }
    first, second = np.full_like(caudate, -np.inf), np.full_like(caudate, -np.inf)
    for depth in own.values():
        np.maximum(second, np.minimum(first, depth), out=second)
        np.maximum(first, depth, out=first)
    territory = {name: np.where(depth < first, depth - first, depth - second) / 2 for name, depth in own.items()}
    for name in STRUCTURES:  # the middle of the head parts left and right
        np.minimum(territory[name], mirrored[0], out=territory[name])
    return Depths(own, territory, points[0] > 0)


def ventricle_depth(fluid: np.ndarray, coordinates) -> np.ndarray:
    """Return the depth of the points of a grid in the lateral ventricles, mm, smoothed.

    Parameters
    ----------
    fluid : ndarray, shape (x, y, z)
        Fraction of cerebrospinal fluid, in voxels of 1 mm.
    coordinates : sequence of 3 ndarray
        Open grid of the centres, mm.
    """
    x, y, z = (np.abs(coordinates[0]), *coordinates[1:])
    inside = np.zeros(fluid.shape, bool)
    for (x0, x1), (y0, y1), (z0, z1) in VENTRICLE_BOXES:
        inside |= (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1) & (z >= z0) & (z <= z1)
    pieces, _ = ndimage.label(inside & (fluid > 0.5))
    sizes = np.bincount(pieces.ravel())
    large = np.flatnonzero(sizes >= 1000)
    ventricles = np.isin(pieces, large[large > 0])
    depth = ndimage.distance_transform_edt(ventricles) - ndimage.distance_transform_edt(~ventricles)
    return ndimage.gaussian_filter(depth.astype(np.float32), 0.8)


def ventricle_at(depth: np.ndarray, origin, points) -> np.ndarray:
    """Return the depth of points in the lateral ventricles, mm.

    Parameters
    ----------
    depth : ndarray
        Of `ventricle_depth`, voxels of 1 mm.
    origin : sequence of 3 float
        mm of its first voxel.
    points : sequence of 3 ndarray
        Template coordinates, mm.
    """
    index = [p - np.float32(o) for p, o in zip(points, origin, strict=True)]
    return ndimage.map_coordinates(depth, index, order=1, mode="nearest")
