"""White matter lesions by a threshold on HU: a baseline to measure networks against, no segmentation of patients."""

import numpy as np
from scipy import ndimage


def by_threshold(
    ct,
    brain,
    *,
    voxel_size,
    smoothing_mm: float,
    z: float,
    fluid_hu: float,
    fluid_mm: float,
    rim_mm: float,
    minimum_ml: float,
) -> np.ndarray:
    """Return what is darker than the brain and no fluid.

    The image is smoothed in plane within the brain. Fluid, what is closer to it than `fluid_mm` and what is closer to
    the skull than `rim_mm` is left out. Of the rest, median and MAD (times 1.4826) make a robust z; lesion is what lies
    more than `z` below the median, in parts of at least `minimum_ml`.

    Parameters
    ----------
    ct : ndarray, (x, y, z)
        HU; slices along the last axis.
    brain : ndarray of bool, (x, y, z)
        The space inside the skull.
    voxel_size : array_like, (3,)
        Millimetres.
    smoothing_mm : float
        SD of the Gaussian.
    z : float
        Robust SDs below the median.
    fluid_hu : float
        Darker is fluid.
    fluid_mm, rim_mm, minimum_ml : float
        As above.

    Returns
    -------
    ndarray of bool, (x, y, z)
    """
    size = np.asarray(voxel_size, float)
    smooth = _smoothed(ct, brain, smoothing_mm / size[:2])
    fluid = brain & (smooth < fluid_hu)
    tissue = brain & ~fluid & ~_near(~brain, rim_mm, size) & ~_near(fluid, fluid_mm, size)
    if not tissue.any():
        return tissue
    values = smooth[tissue]
    median = np.median(values)
    scale = 1.4826 * np.median(np.abs(values - median))
    found = tissue & (smooth < median - z * scale)
    labels, count = ndimage.label(found, np.ones((3, 3, 3)))
    large = np.bincount(labels.ravel(), minlength=count + 1) * size.prod() / 1000 >= minimum_ml
    large[0] = False
    return large[labels]


def _smoothed(ct: np.ndarray, brain: np.ndarray, sigma) -> np.ndarray:
    """Return the Gaussian mean over the brain alone."""
    weight = brain.astype(np.float32)
    image = np.where(brain, ct, 0).astype(np.float32)
    for axis, s in enumerate(sigma):
        weight, image = (ndimage.gaussian_filter1d(one, s, axis=axis, truncate=3) for one in (weight, image))
    return image / np.maximum(weight, 1e-3)


def _near(mask: np.ndarray, mm: float, size: np.ndarray) -> np.ndarray:
    """Return what is closer to a mask than this, in plane."""
    if mm <= 0 or not mask.any():
        return mask
    near = np.zeros(mask.shape, bool)
    for k in range(mask.shape[2]):
        if mask[..., k].any():
            near[..., k] = ndimage.distance_transform_edt(~mask[..., k], sampling=size[:2]) <= mm
    return near
