"""Non-linear registration by symmetric normalisation, as dipy has it.

Avants BB, Epstein CL, Grossman M, Gee JC. Med Image Anal 2008;12:26. doi:10.1016/j.media.2007.06.004
"""

import logging

import numpy as np
from dipy.align import VerbosityLevels
from dipy.align.imwarp import SymmetricDiffeomorphicRegistration
from dipy.align.metrics import CCMetric, SSDMetric

from recohort.images.registration.grid import Grid


def symmetric(
    template: np.ndarray, image: np.ndarray, grid: Grid, *, metric: str, radius: int, iterations: list[int]
) -> np.ndarray:
    """Find the displacement u for which image(x + u(x)) is the template.

    Parameters
    ----------
    template, image : ndarray of float32, (x, y, z)
        On the same grid, 0 outside the brain.
    grid : Grid
        Theirs.
    metric : {"cc", "ssd"}
        Local cross-correlation, or squared differences.
    radius : int
        Voxels around the middle one in the window of cc.
    iterations : list of int
        Of each level, from coarse to fine; every level halves the voxels.

    Returns
    -------
    ndarray of float32, (3, x, y, z)
        mm.
    """
    logging.getLogger("dipy").setLevel(logging.WARNING)
    likeness = CCMetric(3, radius=radius) if metric == "cc" else SSDMetric(3)
    search = SymmetricDiffeomorphicRegistration(likeness, level_iters=list(iterations))
    search.verbosity = VerbosityLevels.NONE
    found = search.optimize(template, image, static_grid2world=grid.affine, moving_grid2world=grid.affine)
    field = found.backward if found.is_inverse else found.forward
    return np.ascontiguousarray(np.moveaxis(np.asarray(field, np.float32), -1, 0))
