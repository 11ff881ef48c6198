"""Which points become white matter lesion, so that their volume is the one that was drawn."""

import numpy as np

from recohort.core.errors import InputError


def strongest(strength: np.ndarray, count: int, *, point_ml: float) -> np.ndarray:
    """Return the indices of the points of largest strength.

    Parameters
    ----------
    strength : ndarray, shape (points,)
        Of the points of white matter: the larger, the sooner they are lesion.
    count : int
        Number of points.
    point_ml : float
        Volume of a point, mL.

    Raises
    ------
    InputError
        There are fewer points.
    """
    if count > strength.size:
        raise InputError(
            f"wml: found a volume of {count * point_ml:.3g} mL, "
            f"expected at most {strength.size * point_ml:.3g} mL, the white matter of this head"
        )
    return np.argpartition(-strength, count - 1)[:count] if count else np.empty(0, int)


def fullest(fraction: np.ndarray, count: int) -> np.ndarray:
    """Return the mask of the voxels that hold most lesion; of equals, the first in the array.

    Parameters
    ----------
    fraction : ndarray, shape (x, y, z)
        Part of each voxel that is lesion.
    count : int
        Number of voxels.

    Returns
    -------
    ndarray of bool, shape (x, y, z)
    """
    mask = np.zeros(fraction.shape, bool)
    mask.flat[np.argsort(-fraction, axis=None, kind="stable")[:count]] = True
    return mask
