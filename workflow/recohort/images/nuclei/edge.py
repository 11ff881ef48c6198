"""The brain of a single echo without the edge whose phase cannot be resolved, as above sinuses.

Several echoes disagree where that is so, and `qsm.mask.trim_edge` takes such voxels off. A single echo has nothing to
disagree with; what it shows is how far its phase turns from voxel to voxel.
"""

import numpy as np

from recohort.images.geometry import voxel_size
from recohort.images.qsm.mask import brain_mask, trim_edge
from recohort.images.qsm.phase import phase_scale, wrap


def trusted_brain(
    magnitude_image, phase_image, given, affine, *, phase: dict, mask: dict, maximum_turn_rad: float | None
):
    """Return the brain mask that a single echo is reconstructed in.

    Parameters
    ----------
    magnitude_image, phase_image : ndarray, (1, x, y, z)
        As stored.
    given : ndarray or None, (x, y, z)
        The brain mask.
    affine : ndarray, (4, 4)
        Voxels to scanner mm.
    phase, mask : dict
        Settings of `phase_scale` and `brain_mask`.
    maximum_turn_rad : float or None
        Voxels at the brain's edge go whose phase differs by more from a neighbour's in the brain, and so do such voxels
        behind them; None takes nothing off.

    Returns
    -------
    trusted : ndarray of bool, (x, y, z)
        The mask.
    fraction : float
        Part of the brain that was taken off.

    Raises
    ------
    InputError
        There is no mask, it is empty, or nothing is left.
    """
    whole, _ = brain_mask(given, magnitude_image, None, voxel_size=voxel_size(affine), **mask)
    if maximum_turn_rad is None:
        return whole, 0.0
    radians = phase_scale(phase_image, whole, **phase).radians(phase_image)[0]
    return trim_edge(whole, turn(radians, whole), None, maximum_residual_rad=maximum_turn_rad)


def turn(radians: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return by how much wrapped phase (x, y, z) differs at most between a voxel and its six neighbours in a mask."""
    most = np.zeros(mask.shape, np.float32)
    for axis in range(3):
        here, there = (np.moveaxis(one, axis, 0) for one in (radians, mask))
        step = np.abs(wrap(here[1:] - here[:-1])) * (there[1:] & there[:-1])
        along = np.moveaxis(most, axis, 0)
        np.maximum(along[1:], step, out=along[1:])
        np.maximum(along[:-1], step, out=along[:-1])
    return most
