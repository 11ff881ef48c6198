"""Slow shading of an image by its coils, estimated and divided out."""

import numpy as np
import SimpleITK

from recohort.core.errors import InputError
from recohort.images.geometry import voxel_size
from recohort.images.registration.itk import volume


def correct_bias(image, mask, affine, *, shrink_mm, knots_mm, levels, iterations, fwhm, noise):
    """Divide an image by its bias field, found by N4 (Tustison et al. 2010, doi:10.1109/TMI.2010.2046908).

    The field is estimated on a coarser grid, voxels of about `shrink_mm`, within the mask, and evaluated as the smooth
    function that it is on the image's own. One thread: equal images give equal bytes.

    Parameters
    ----------
    image : ndarray, (x, y, z)
        Intensities; those in the mask are above 0 but for noise.
    mask : ndarray of bool, (x, y, z)
        Where the tissue is that the field is estimated from.
    affine : array_like, (4, 4)
        Voxel indices to scanner millimetres.
    shrink_mm : float
        Voxels are pooled to at most this edge.
    knots_mm : float
        Distance of the field's knots on the first level; each further level halves it.
    levels : int
        Levels.
    iterations : int
        Iterations at most on each level; 0 leaves the image as it is.
    fwhm, noise : float
        Of the deconvolution of the histogram: full width at half maximum of the field's, and Wiener noise.

    Returns
    -------
    corrected : ndarray of float32, (x, y, z)
        The image over the field, also outside the mask.
    field : ndarray of float32, (x, y, z)
        Mean 1 (geometric) within the mask.

    Raises
    ------
    InputError
        The mask is empty, or the image has no signal within it.
    """
    image, inside = np.asarray(image, np.float32), np.asarray(mask) > 0
    if not inside.any():
        raise InputError("the mask for the bias correction is empty, expected voxels above 0")
    lit = inside & (image > 0)
    if 2 * np.count_nonzero(lit) < np.count_nonzero(inside):
        raise InputError("most voxels within the mask for the bias correction are 0 or below, expected signal")
    if iterations == 0:
        return image, np.ones_like(image)
    size = voxel_size(affine)
    factors = [max(1, int(shrink_mm / edge)) for edge in size]
    whole, where = volume(image, size), volume(lit.astype(np.uint8), size)
    few, few_where = SimpleITK.Shrink(whole, factors), SimpleITK.Shrink(where, factors)
    n4 = SimpleITK.N4BiasFieldCorrectionImageFilter()
    n4.SetMaximumNumberOfIterations([iterations] * levels)
    extent = [count * edge for count, edge in zip(few.GetSize(), few.GetSpacing(), strict=True)]
    n4.SetNumberOfControlPoints([int(np.ceil(length / knots_mm)) + 3 for length in extent])
    n4.SetBiasFieldFullWidthAtHalfMaximum(fwhm)
    n4.SetWienerFilterNoise(noise)
    n4.Execute(few, few_where)
    field = SimpleITK.GetArrayFromImage(n4.GetLogBiasFieldAsImage(whole)).T
    field = np.exp(field - field[inside].mean(dtype=float)).astype(np.float32)
    return image / field, field
