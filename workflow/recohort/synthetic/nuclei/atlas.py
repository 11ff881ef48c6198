"""The reference shapes of nuclei and ventricles as a label image in the space of the template: a synthetic atlas."""

import numpy as np

from recohort.synthetic.nuclei import shapes
from recohort.synthetic.nuclei.anatomy import bare, load_template
from recohort.synthetic.nuclei.tissue import fraction
from recohort.synthetic.qsm.anatomy import block_mean

FACTOR = 4
"""Fine points per voxel and axis."""


def draw_atlas(*, resolution_mm: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels of the reference shapes on the grid of the MNI152 template, and its affine.

    Parameters
    ----------
    resolution_mm : int
        Voxel of the template as nilearn loads it, mm.

    Returns
    -------
    labels : ndarray of uint8, shape (x, y, z)
        `shapes.LABELS` where more than half of the voxel is of one structure, else 0.
    affine : ndarray, shape (4, 4)
        Voxel indices to MNI mm.
    """
    from nilearn import datasets

    grid = datasets.load_mni152_template(resolution=resolution_mm)
    _, ventricles, origin = bare(*load_template())
    corner, labels = grid.affine[:3, 3], np.zeros(grid.shape, np.uint8)
    low, high = np.array(shapes.DEEP_BOX).T
    first = np.ceil((low + 1 - corner) / resolution_mm).astype(int)
    last = np.floor((high - 1 - corner) / resolution_mm).astype(int)
    offsets = (np.arange(FACTOR) - (FACTOR - 1) / 2) / FACTOR
    fine = [
        ((np.arange(a, b)[:, None] + offsets).ravel() * resolution_mm + c).astype(np.float32)
        for a, b, c in zip(first, last, corner, strict=True)
    ]
    points = np.broadcast_arrays(*np.ix_(*fine))
    found = shapes.depths(points, shapes.ventricle_at(ventricles, origin, points))
    window = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
    for name, value in shapes.LABELS.items():
        structure, side = shapes.parts_of(name)
        filled = fraction(
            found.own[structure], found.territory[structure], level_mm=0.0, width_mm=resolution_mm / FACTOR
        )
        labels[window][block_mean(filled * found.on(side), FACTOR) > 0.5] = value
    return labels, grid.affine
