"""Rigid and affine registration by mutual information (SimpleITK), on one thread and every voxel, hence repeatable."""

import numpy as np
import SimpleITK
from scipy.ndimage import center_of_mass, gaussian_filter

from recohort.images.registration.grid import Brain, even, moved
from recohort.images.registration.itk import volume

_WINDOW_MM = 15.0
"""Of `even`: without shading the rigid motion between contrasts is found to half the error."""
_RELAXATION, _SMALLEST_STEP_MM = 0.6, 0.01
_RIM = 0.05
"""Of the smoothed mask: so far beyond the brain images are compared, so that its edge counts."""


def align(
    fixed: Brain, moving: Brain, *, rigid: bool, centred: bool, resolution_mm: float, iterations: int, bins: int
) -> np.ndarray:
    """Find the motion that carries points of one brain to another's.

    Both are resampled to cubes of `resolution_mm` without what is outside their masks and made even; Mattes' mutual
    information (2003, doi:10.1109/TMI.2003.809072) is climbed in steps of 1 mm at first, shorter whenever the
    direction turns.

    Parameters
    ----------
    fixed, moving : Brain
        Of any contrast.
    rigid : bool
        6 parameters, else 12.
    centred : bool
        Begin with the brains' centres on each other; else with the coordinates as they are.
    resolution_mm : float
        Edge of the voxels compared.
    iterations : int
        Steps at most; 0 leaves the start.
    bins : int
        Bins of the histogram along each axis.

    Returns
    -------
    ndarray, (4, 4)
        Points of `fixed` to points of `moving`, mm.
    """
    grids = [brain.grid(edge=resolution_mm, margin=2 * resolution_mm) for brain in (fixed, moving)]
    images, shares = zip(*(brain.on(grid) for brain, grid in zip((fixed, moving), grids, strict=True)), strict=True)
    middle, other = (
        moved(grid.affine, np.array(center_of_mass(share))) for grid, share in zip(grids, shares, strict=True)
    )
    transform = SimpleITK.Euler3DTransform() if rigid else SimpleITK.AffineTransform(3)
    transform.SetCenter(middle.tolist())
    transform.SetTranslation((other - middle if centred else np.zeros(3)).tolist())
    if iterations:
        rim = gaussian_filter(shares[0], 1) > _RIM
        found = SimpleITK.ImageRegistrationMethod()
        found.SetMetricAsMattesMutualInformation(bins)
        found.SetMetricFixedMask(volume(rim.astype(np.uint8), [resolution_mm] * 3, grids[0].origin))
        found.SetInterpolator(SimpleITK.sitkLinear)
        found.SetOptimizerAsRegularStepGradientDescent(1.0, _SMALLEST_STEP_MM, iterations, _RELAXATION)
        found.SetOptimizerScalesFromPhysicalShift()
        found.SetInitialTransform(transform, inPlace=True)
        found.Execute(
            *(
                volume(_even(*one, grid), [resolution_mm] * 3, grid.origin)
                for *one, grid in zip(images, shares, grids, strict=True)
            )
        )
    matrix, centre = np.array(transform.GetMatrix()).reshape(3, 3), np.array(transform.GetCenter())
    motion = np.eye(4)
    motion[:3, :3] = matrix
    motion[:3, 3] = np.array(transform.GetTranslation()) + centre - matrix @ centre
    return motion


def size_of(motion: np.ndarray, point: np.ndarray) -> tuple[float, float]:
    """Return how far a rigid motion (4, 4) moves a point, mm, and by what angle it turns, degrees."""
    cosine = np.clip((np.trace(motion[:3, :3]) - 1) / 2, -1, 1)
    return float(np.linalg.norm(moved(motion, np.asarray(point, float)) - point)), float(np.rad2deg(np.arccos(cosine)))


def _even(image, share, grid):
    return even(image / np.float32(image[share > 0.5].mean(dtype=float)), grid, _WINDOW_MM)
