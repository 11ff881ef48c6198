"""Which tissue fills each voxel of an image: nuclei and ventricles of given volumes, as fractions."""

from dataclasses import dataclass

import numpy as np

from recohort.synthetic.nuclei import shapes
from recohort.synthetic.nuclei.anatomy import Anatomy
from recohort.synthetic.nuclei.warp import Lattice
from recohort.synthetic.qsm.anatomy import block_mean
from recohort.synthetic.wml.fields import soft_step

LEVELS_MM = (-8.0, 8.0)
"""How far a surface may move from that of the reference shape."""
HALVINGS = 22


@dataclass(frozen=True)
class Painted:
    """Tissue of one image grid.

    Attributes
    ----------
    points : ndarray of float32, shape (3, x, y, z)
        Template point of each voxel, mm.
    window : tuple of 3 slice
        Voxels around nuclei and ventricles; outside of it their fractions are 0.
    fractions : ndarray of float32, shape (9, *window)
        Of each of `shapes.LABELS`.
    levels_mm : dict of str to float
        How far the surface of each lies inside (or, negative, outside) that of the reference shape, mm of the template.
    volumes_ml : dict of str to float
        Volume of each, mL.
    """

    points: np.ndarray
    window: tuple[slice, ...]
    fractions: np.ndarray
    levels_mm: dict[str, float]
    volumes_ml: dict[str, float]


def paint(
    anatomy: Anatomy,
    lattice: Lattice,
    node_points: np.ndarray,
    *,
    volumes_ml: dict[str, float] | None = None,
    levels_mm: dict[str, float] | None = None,
) -> Painted:
    """Return the tissue on an image grid, of structures whose volumes or whose levels are given.

    Parameters
    ----------
    anatomy : Anatomy
        What all participants share.
    lattice : Lattice
        Of the image grid.
    node_points : ndarray, shape (3, *nodes)
        Template points of its nodes, mm.
    volumes_ml : dict of str to float, optional
        Volume wanted of each of `shapes.LABELS`; reached but for what the territory cannot hold.
    levels_mm : dict of str to float, optional
        The levels of another image of the head.
    """
    points = lattice.carry(node_points, [np.arange(n) for n in lattice.shape])
    inside = np.ones(lattice.shape, bool)
    for p, (low, high) in zip(points, shapes.DEEP_BOX, strict=True):
        inside &= (p > low) & (p < high)
    window = tuple(
        slice(int(index[0]), int(index[-1]) + 1)
        for index in (np.flatnonzero(inside.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1)))
    )
    factor = anatomy.oversampling
    offsets = (np.arange(factor) - (factor - 1) / 2) / factor
    indices = [(np.arange(cut.start, cut.stop)[:, None] + offsets).ravel() for cut in window]
    fine = lattice.carry(node_points, indices)
    depths = shapes.depths(fine, shapes.ventricle_at(anatomy.ventricles, anatomy.ventricles_origin, fine))

    edges = np.linalg.norm(lattice.affine[:3, :3], axis=0) / factor
    voxel_ml, width = float(np.prod(edges)) / 1000, float(np.mean(edges))
    levels, volumes, fractions = {}, {}, []
    for name in shapes.LABELS:
        structure, side = shapes.parts_of(name)
        own, territory = depths.own[structure], depths.territory[structure]
        where = (territory > -width) & (own > LEVELS_MM[0] - width) & depths.on(side)
        near, bound = own[where], territory[where]
        if levels_mm is None:
            levels[name] = level_of(near, bound, volume=volumes_ml[name] / voxel_ml, width_mm=width)
        else:
            levels[name] = levels_mm[name]
        filled = fraction(near, bound, level_mm=levels[name], width_mm=width)
        volumes[name] = float(filled.sum(dtype=float) * voxel_ml)
        whole = np.zeros(own.shape, np.float32)
        whole[where] = filled
        fractions.append(block_mean(whole, factor))
    return Painted(points, window, np.stack(fractions), levels, volumes)


def fraction(own, territory, *, level_mm: float, width_mm: float) -> np.ndarray:
    """Return how much of each fine voxel lies in a structure whose surface has moved inwards by a level."""
    return soft_step(np.minimum(own - np.float32(level_mm), territory), np.float32(width_mm))


def level_of(own, territory, *, volume: float, width_mm: float) -> float:
    """Return the level at which a structure has a volume, by halving; the nearest one where none has.

    Parameters
    ----------
    own, territory : ndarray
        `shapes.Depths` of its points, mm.
    volume : float
        Wanted, in fine voxels.
    width_mm : float
        Width of a fine voxel.
    """
    low, high = LEVELS_MM
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if fraction(own, territory, level_mm=middle, width_mm=width_mm).sum(dtype=float) > volume:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def label_image(painted: Painted, shape) -> np.ndarray:
    """Return the label that fills more than half of each voxel, 0 where none does: uint8, values of `shapes.LABELS`."""
    labels = np.zeros(shape, np.uint8)
    most = painted.fractions.argmax(axis=0)
    held = np.take_along_axis(painted.fractions, most[None], axis=0)[0]
    labels[painted.window] = np.where(held > 0.5, most + 1, 0)
    return labels
