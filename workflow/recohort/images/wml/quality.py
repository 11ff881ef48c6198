"""What a segmentation of white matter lesions looks like, for whoever looks through a cohort."""

import numpy as np
from scipy import ndimage


def quality(lesion: np.ndarray, brain: np.ndarray, truth: np.ndarray | None, *, voxel_ml: float) -> dict[str, float]:
    """Describe a lesion mask.

    Parameters
    ----------
    lesion, brain : ndarray of bool, (x, y, z)
        Lesions, and the space inside the skull.
    truth : ndarray of bool or None, (x, y, z)
        The true lesions, of a synthetic head.
    voxel_ml : float
        Volume of a voxel, mL.

    Returns
    -------
    dict
        ``brain_ml``; ``wml_ml``; ``share_of_brain`` (lesion in it, over it); ``pieces`` and ``largest_ml``
        (voxels that touch at a corner are one piece); ``edge_share`` (share of the lesions in the brain's outermost
        voxels or outside of it, NaN without lesions); ``dice`` (overlap with the truth; NaN without truth, or where
        both are empty).
    """
    count, size = int(lesion.sum()), int(brain.sum())
    labels, pieces = ndimage.label(lesion, np.ones((3, 3, 3)))
    edge = ~ndimage.binary_erosion(brain, border_value=0)
    return {
        "brain_ml": size * voxel_ml,
        "wml_ml": count * voxel_ml,
        "share_of_brain": int((lesion & brain).sum()) / size,
        "pieces": pieces,
        "largest_ml": float(np.bincount(labels.ravel())[1:].max(initial=0) * voxel_ml),
        "edge_share": int((lesion & edge).sum()) / count if count else float("nan"),
        "dice": dice(lesion, truth) if truth is not None else float("nan"),
    }


def dice(found: np.ndarray, truth: np.ndarray) -> float:
    """Return twice the overlap over the sum; NaN where both are empty."""
    both = int(found.sum()) + int(truth.sum())
    return 2 * int((found & truth).sum()) / both if both else float("nan")
