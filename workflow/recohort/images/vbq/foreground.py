"""Where the brightness of a T1w is looked at: the body around the spine."""

import numpy as np
from scipy import ndimage

BRIGHT = 95
"""Percentile that stands for bright tissue."""


def around(
    image: np.ndarray, spine: np.ndarray, spacing: tuple[float, ...], *, air: float, around_mm: float
) -> np.ndarray:
    """Return the body near the spine: what is brighter than air, its holes filled in each slice, and not far away.

    Parameters
    ----------
    image : ndarray, (x, y, z)
        Slices along the first axis.
    spine : ndarray of bool, (x, y, z)
        Everything that is labelled.
    spacing : tuple of float
        mm.
    air : float
        Share of the 95th percentile below which is air.
    around_mm : float
        What is farther from the spine is left out: fat and bowel have a pattern that is none of the coil's.
    """
    bright = image > air * np.percentile(image, BRIGHT)
    filled = np.stack([ndimage.binary_fill_holes(plane) for plane in bright])
    return filled & (ndimage.distance_transform_edt(~spine, sampling=spacing) <= around_mm)
