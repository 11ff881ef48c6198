"""The volumes of a voxelwise model: what is known where, what is significant, and which slices show it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from recohort.core.errors import InputError
from recohort.figures.planes import canonical

MEASURES = {"t": "t", "coefficient": "Coefficient"}
THRESHOLDS = {
    "p_tfce": "TFCE, family-wise error",
    "p_max_t": "maximum t, family-wise error",
    "p_fdr": "false discovery rate",
    "p": "uncorrected",
}
"""Volumes that hold p-values, and how each is corrected."""

NEEDED = ("t", "coefficient")
BRAIN = 0.05
"""The background is brain where it exceeds this share of its greatest value."""


class Maps(NamedTuple):
    """A model's volumes by name, each (x, y, z) with axes to the right, to the front and upwards; NaN: not analysed.

    `affine` leads from voxels to mm; `sidecar` has ``Unit``, ``N``, ``Level``, ``Exposure``.
    """

    volumes: Mapping[str, np.ndarray]
    affine: np.ndarray
    sidecar: Mapping[str, object]

    @property
    def analysed(self) -> np.ndarray:
        """Where the model was fitted."""
        return np.isfinite(self.volumes["t"])

    @property
    def voxel_ml(self) -> float:
        """The volume of a voxel in mL."""
        return float(np.prod(sizes(self.affine)) / 1000)

    def unit(self, measure: str) -> str:
        """The unit of a measure; t has none."""
        return str(self.sidecar.get("Unit") or "") if measure == "coefficient" else ""

    def significant(self, threshold: str, below: float) -> np.ndarray:
        """Where a p-value is below this. Compared as it is stored (float32), else a p of 0.01 would be below 0.01."""
        return self.volumes[threshold] < np.float32(below)

    def peak(self, measure: str, where: np.ndarray) -> tuple[int, int, int]:
        """The voxel of the greatest magnitude among these; among all analysed where there are none."""
        chosen = where if where.any() else self.analysed
        return np.unravel_index(np.where(chosen, np.abs(self.volumes[measure]), -1).argmax(), chosen.shape)

    def mm(self, voxel: Sequence[int]) -> np.ndarray:
        """Where the middle of a voxel lies."""
        return self.affine[:3, :3] @ np.asarray(voxel, float) + self.affine[:3, 3]


def maps_of(frames: Mapping[str, object], name: str) -> Maps:
    """Return a model's volumes.

    Parameters
    ----------
    frames : mapping
        `name`: an array (x, y, z, volumes) and its affine; ``<name>.json``: what each volume is (``Volumes``) and more.
    name : str
        The model.

    Raises
    ------
    InputError
        The volumes are not those that the sidecar names, t or coefficient is missing, all is unknown, or the axes are
        oblique.
    """
    data, affine = frames[name]
    sidecar = frames[f"{name}.json"]
    names, who = list(sidecar["Volumes"]), f"models.voxelwise.{name}"
    if data.ndim != 4 or data.shape[3] != len(names):
        raise InputError(f"{who}: found volumes of shape {data.shape}, expected four axes, the last for {names}")
    if missing := [volume for volume in NEEDED if volume not in names]:
        raise InputError(f"{who}: found volumes {', '.join(names)}, expected {' and '.join(missing)} too")
    turned, affine = straight(data, affine, of=who)
    maps = Maps({volume: turned[..., place] for place, volume in enumerate(names)}, affine, sidecar)
    if not maps.analysed.any():
        raise InputError(f"{who}: found no voxel with a value, expected at least one")
    return maps


def straight(data: np.ndarray, affine: np.ndarray, *, of: str) -> tuple[np.ndarray, np.ndarray]:
    """Return an image of a standard space, its axes to the right, to the front and upwards.

    Raises
    ------
    InputError
        The axes are oblique.
    """
    turned, affine = canonical(data, affine)
    if not np.allclose(affine[:3, :3], np.diag(np.diag(affine[:3, :3])), atol=1e-4):
        raise InputError(f"{of}: found axes that are oblique in its space, expected those of a template")
    return turned, affine


def sizes(affine: np.ndarray) -> np.ndarray:
    """Return the size of a voxel in mm."""
    return np.linalg.norm(affine[:3, :3], axis=0)


def box(affine: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Return from and to which mm the voxels that are true reach, shape (3, 2)."""
    others = ((1, 2), (0, 2), (0, 1))
    lines = [np.flatnonzero(where.any(axis=axes)) for axes in others]
    ends = np.array([[line[0] - 0.5, line[-1] + 0.5] for line in lines])
    return ends * np.diag(affine)[:3, None] + affine[:3, 3, None]


def chosen_slices(maps: Sequence[Maps], masks: Sequence[np.ndarray], *, count: int, apart_mm: float) -> list[float]:
    """Return where axial slices show most, in mm, from below upwards.

    Parameters
    ----------
    maps : sequence of Maps
        Models that share the slices.
    masks : sequence of ndarray of bool, shape (x, y, z)
        What is to be seen of each.
    count : int
        How many slices; fewer where the analysed voxels have no more that are so far apart.
    apart_mm : float
        Least distance between two.

    Notes
    -----
    Each time the slice with most true voxels (all models together) that is far enough from those taken; among equals,
    such as where nothing is left to be seen, the one with most analysed voxels, then the lowest.
    """
    seen: dict[float, np.ndarray] = {}
    for one, mask in zip(maps, masks, strict=True):
        counts = np.stack([mask.sum(axis=(0, 1)), one.analysed.sum(axis=(0, 1))], axis=1) * one.voxel_ml
        for place, pair in enumerate(counts):
            z = round(float(one.mm((0, 0, place))[2]), 2)
            seen[z] = seen.get(z, np.zeros(2)) + pair
    order = sorted((z for z, pair in seen.items() if pair[1] > 0), key=lambda z: (-seen[z][0], -seen[z][1], z))
    taken: list[float] = []
    for z in order:
        if len(taken) < count and all(abs(z - other) >= apart_mm for other in taken):
            taken.append(z)
    return sorted(taken)
