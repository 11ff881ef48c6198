"""Heads made of the MNI152 template by known motions and a known smooth warp, without the generator's code."""

from types import SimpleNamespace

import numpy as np
from nilearn.datasets import load_mni152_template
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial.transform import Rotation

SOLIDS = {
    "caudate": ((13, 13, 9), (4.5, 9, 8)),
    "putamen": ((26, 1, 1), (5.5, 13, 8.5)),
    "pallidum": ((18.5, -5, -2), (4, 8, 5)),
    "thalamus": ((11.5, -18, 7), (7.5, 13, 8)),
}
NAMES = {2 * n + s + 1: f"{name}_{side}" for n, name in enumerate(SOLIDS) for s, side in enumerate(("left", "right"))}


def solids_at(points):
    """Labels of ellipsoids at points of the template, mm, (3, ...)."""
    labels = np.zeros(points.shape[1:], np.int16)
    for number, (centre, axes) in enumerate(SOLIDS.values()):
        for side in (0, 1):
            offset = [p - c for p, c in zip(points, (centre[0] * (2 * side - 1), *centre[1:]), strict=True)]
            inside = sum((o / a) ** 2 for o, a in zip(offset, axes, strict=True)) <= 1
            labels[inside & (labels == 0)] = 2 * number + side + 1
    return labels


def motion(rng, degrees, mm):
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", rng.uniform(-degrees, degrees, 3), degrees=True).as_matrix()
    matrix[:3, 3] = rng.uniform(-mm, mm, 3)
    return matrix


def applied(matrix, points):
    return np.tensordot(matrix[:3, :3], points, 1) + matrix[:3, 3].reshape(3, *[1] * (points.ndim - 1))


class Head:
    """T1w point y shows template point x = h + u(h), h a rigid motion of y; u has an RMS length of `warp_mm`.

    u is smoothed noise of correlation length 30 mm. `echo_motion` carries points of T1w to points of the gradient echo.
    """

    STEP, LOW, COUNT = 6.0, np.array([-112.0, -154.0, -96.0]), (38, 46, 40)

    def __init__(self, seed, warp_mm=4.0):
        self.rng = np.random.default_rng(seed)
        field = np.stack(
            [gaussian_filter(self.rng.standard_normal(self.COUNT), 15 / self.STEP, mode="wrap") for _ in range(3)]
        )
        self.field = field * warp_mm / np.sqrt((field**2).sum(axis=0).mean())
        self.pose, self.echo_motion = motion(self.rng, 3, 3), motion(self.rng, 2, 2)

    def template_points(self, points):
        moved = applied(self.pose, points)
        index = (moved - self.LOW.reshape(3, *[1] * (points.ndim - 1))) / self.STEP
        return moved + np.stack([map_coordinates(one, index, order=3, mode="nearest") for one in self.field])

    def image(self, shape, affine, *, echo=False, noise=0.03, shading=0.25):
        """Return image, brain and labels on a grid; with `echo` in another contrast, the gradient echo's place."""
        points = applied(affine, np.indices(shape).astype(float))
        in_t1w = applied(np.linalg.inv(self.echo_motion), points) if echo else points
        at = self.template_points(in_t1w)
        t1, other = template()
        index = applied(np.linalg.inv(other), at)
        smooth = gaussian_filter(t1, np.linalg.norm(affine[:3, 0]) / 2.5)
        values = map_coordinates(smooth, index, order=1)
        brain = map_coordinates(gaussian_filter((t1 > 0.2).astype(np.float32), 1), index, order=1) > 0.5
        if echo:
            values = np.where(brain, 1.3 - values, 0)
        place = (points - points.mean(axis=(1, 2, 3), keepdims=True)) / 80
        field = np.exp(shading * np.tensordot([0.8, -0.6, 0.7], place, 1) - shading / 2 * (place**2).sum(axis=0))
        image = 700 * (values * field + noise * self.rng.standard_normal(shape))
        return SimpleNamespace(
            image=image.astype(np.float32), brain=brain, labels=solids_at(at), affine=affine, field=field, points=points
        )


def template():
    image = load_mni152_template(resolution=1)
    return image.get_fdata(dtype=np.float32), image.affine


def grid_of(edge, shape, turn=None):
    """Affine of a grid around the head, turned by a rotation matrix about its middle."""
    affine = np.eye(4)
    affine[:3, :3] = (np.eye(3) if turn is None else turn) @ np.diag(np.broadcast_to(edge, 3).astype(float))
    affine[:3, 3] = np.array([0, -18, 8]) - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return affine


T1W_SHAPE, T1W_EDGE = (52, 64, 56), 3.0
ECHO_SHAPE, ECHO_EDGE = (62, 76, 66), 2.5


def dice(first, second):
    labels = range(1, len(NAMES) + 1)
    return {
        NAMES[n]: 2 * ((first == n) & (second == n)).sum() / ((first == n).sum() + (second == n).sum()) for n in labels
    }
