"""An individual head: a smooth random warp of the template, its size, and where it lies in the scanner.

A point x of the scanner (mm) shows the point y of the template (mm),

    h = R (x - c) + t,        y = c + h / s + u(h),

with R, t a small rigid motion, s the size of the head against the template, c the middle of the template's brain, and
u a sum of cubic B-splines. Cubic splines through a coarse lattice of an image grid carry y to its voxels, and to finer
ones.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.interpolate import CubicSpline
from scipy.spatial.transform import Rotation

CENTRE_MM = np.array([0.0, -17.0, 5.0])
REACH_MM = 150.0
"""Knots lie within this distance of the centre along each axis."""
LATTICE_MM = 7.0
MEAN_SQUARE_WEIGHT = 151 / 315
"""Integral of the square of a cubic B-spline with knots at distance 1."""
DAMPING = 0.9


@dataclass(frozen=True)
class Head:
    """A head in its own coordinates.

    Attributes
    ----------
    scale : float
        Size of the head over that of the template.
    coefficients : ndarray, shape (3, knots, knots, knots)
        Of the displacement u, mm of the template.
    spacing_mm : float
        Distance of the knots.
    """

    scale: float
    coefficients: np.ndarray
    spacing_mm: float

    def template_points(self, points: np.ndarray) -> np.ndarray:
        """Return y of points h of the head, mm, both of shape (3, ...)."""
        knots = points / self.spacing_mm + (self.coefficients.shape[1] - 1) / 2
        displacement = [
            ndimage.map_coordinates(one, knots, order=3, prefilter=False, mode="nearest") for one in self.coefficients
        ]
        return _column(CENTRE_MM, points.ndim) + points / self.scale + np.stack(displacement)


@dataclass(frozen=True)
class Pose:
    """Where a head lies: ``h = rotation (x - c) + shift``, mm."""

    rotation: np.ndarray
    shift: np.ndarray

    def head_points(self, points: np.ndarray) -> np.ndarray:
        """Return h of points x of the scanner, mm, both of shape (3, ...)."""
        offset = points - _column(CENTRE_MM, points.ndim)
        return np.tensordot(self.rotation, offset, axes=1) + _column(self.shift, points.ndim)

    def after(self, motion: "Pose") -> "Pose":
        """Return the pose when the scanner's coordinates are moved first."""
        return Pose(self.rotation @ motion.rotation, self.rotation @ motion.shift + self.shift)


def _column(vector, ndim: int) -> np.ndarray:
    return np.reshape(vector, (3,) + (1,) * (ndim - 1))


def draw_pose(rng: np.random.Generator, *, degrees: float, shift_mm: float) -> Pose:
    """Draw a rigid motion, each angle and shift uniform within +- `degrees` and +- `shift_mm`."""
    angles, shift = rng.uniform(-degrees, degrees, 3), rng.uniform(-shift_mm, shift_mm, 3)
    return Pose(Rotation.from_euler("xyz", angles, degrees=True).as_matrix(), shift)


def draw_coefficients(rng: np.random.Generator, *, spacing_mm: float, sd_mm: float) -> np.ndarray:
    """Draw the coefficients of a displacement whose SD along each axis is `sd_mm`, shape (3, knots, knots, knots)."""
    knots = 2 * int(np.ceil(REACH_MM / spacing_mm)) + 1
    return sd_mm / MEAN_SQUARE_WEIGHT**1.5 * rng.standard_normal((3, knots, knots, knots))


@dataclass(frozen=True)
class Lattice:
    """An image grid and the coarse lattice that carries smooth fields to it.

    Attributes
    ----------
    shape : tuple of 3 int
        Voxels.
    affine : ndarray, shape (4, 4)
        Voxel indices to scanner mm.
    nodes : tuple of 3 ndarray
        Voxel indices, not whole, of the lattice along each axis.
    """

    shape: tuple[int, int, int]
    affine: np.ndarray
    nodes: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, shape, affine: np.ndarray) -> "Lattice":
        """Return the lattice of a grid; it covers every voxel."""
        edges = np.linalg.norm(affine[:3, :3], axis=0)
        counts = [max(4, int(np.ceil(n * edge / LATTICE_MM)) + 1) for n, edge in zip(shape, edges, strict=True)]
        nodes = tuple(np.linspace(-0.5, n - 0.5, count) for n, count in zip(shape, counts, strict=True))
        return cls(tuple(int(n) for n in shape), affine, nodes)

    def scanner_points(self) -> np.ndarray:
        """Return the coordinates of the nodes, mm, shape (3, *nodes)."""
        index = np.stack(np.meshgrid(*self.nodes, indexing="ij"))
        return np.tensordot(self.affine[:3, :3], index, axes=1) + _column(self.affine[:3, 3], 4)

    def carry(self, values: np.ndarray, indices) -> np.ndarray:
        """Return fields known at the nodes on an open grid of voxel indices.

        Parameters
        ----------
        values : ndarray, shape (fields, *nodes)
            Fields.
        indices : sequence of 3 ndarray
            Voxel indices along each axis, not whole where the grid is finer.

        Returns
        -------
        ndarray of float32, shape (fields, len(i), len(j), len(k))
        """
        x, y, z = (
            CubicSpline(nodes, np.eye(len(nodes)))(index).astype(np.float32)
            for nodes, index in zip(self.nodes, indices, strict=True)
        )
        carried = np.matmul(y, np.matmul(values.astype(np.float32), z.T))
        return np.tensordot(carried, x, axes=(1, 1)).transpose(0, 3, 1, 2)

    def jacobian(self, values: np.ndarray) -> np.ndarray:
        """Return at the nodes the determinant of d values / d scanner mm, values of shape (3, *nodes)."""
        gradient = np.stack(
            [CubicSpline(nodes, values, axis=axis + 1)(nodes, 1) for axis, nodes in enumerate(self.nodes)], axis=1
        )
        return np.linalg.det(np.moveaxis(gradient, (0, 1), (-2, -1))) / np.linalg.det(self.affine[:3, :3])


def tamed(head: Head, lattice: Lattice, pose: Pose, *, smallest_jacobian: float) -> tuple[Head, np.ndarray, float]:
    """Return a head whose warp can be inverted: the displacement is damped until every Jacobian exceeds a limit.

    Parameters
    ----------
    head : Head
        As drawn.
    lattice : Lattice
        Of the grid where this is checked.
    pose : Pose
        Of the head on that grid.
    smallest_jacobian : float
        The limit, below that of the scaling alone.

    Returns
    -------
    head : Head
        Damped if need be.
    points : ndarray, shape (3, *nodes)
        Template points y of the nodes, mm.
    jacobian : float
        The smallest determinant.
    """
    in_head = pose.head_points(lattice.scanner_points())
    while True:
        points = head.template_points(in_head)
        jacobian = float(lattice.jacobian(points).min())
        if jacobian > smallest_jacobian:
            return head, points, jacobian
        head = Head(head.scale, head.coefficients * DAMPING, head.spacing_mm)


def scanner_point(head: Head, pose: Pose, template_point) -> np.ndarray:
    """Return the scanner point that shows a template point, mm, by iteration to 0.001 mm, shape (3,)."""
    target = np.asarray(template_point, float)
    inside = (target - CENTRE_MM) * head.scale
    for _ in range(50):
        error = target - head.template_points(inside[:, None])[:, 0]
        inside = inside + head.scale * error * 0.8
        if np.abs(error).max() < 1e-3:
            break
    return pose.rotation.T @ (inside - pose.shift) + CENTRE_MM
