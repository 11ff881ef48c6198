"""A susceptibility map that another tool reconstructed, taken over as it is."""

import numpy as np

from recohort.core.errors import InputError

_PPM = {"ppm": 1.0, "ppb": 1e-3}


def adopt(chimap, brain_mask, *, units):
    """Take over a ready susceptibility map.

    Parameters
    ----------
    chimap : array_like, (x, y, z)
        Susceptibility.
    brain_mask : array_like or None, (x, y, z)
        Above 0 is inside. Without one, a voxel counts as measured when it is finite and not exactly 0, which is what
        reconstruction tools write outside their mask.
    units : str or None
        `Units` of the map's sidecar: ``ppm`` or ``ppb``.

    Returns
    -------
    chimap : ndarray of float32, (x, y, z)
        ppm, NaN where nothing was measured.
    kept : ndarray of bool, (x, y, z)
        Where something was measured.

    Raises
    ------
    InputError
        The units are not stated, the mask is on another grid, or no voxel is left.
    """
    if units not in _PPM:
        raise InputError(f"the ready Chimap has Units {units!r} in its sidecar, expected 'ppm' or 'ppb'")
    values = np.asarray(chimap, dtype=np.float32) * np.float32(_PPM[units])
    if brain_mask is not None and np.shape(brain_mask) != values.shape:
        raise InputError(f"brain mask has shape {np.shape(brain_mask)}, expected that of the Chimap, {values.shape}")
    inside = values != 0 if brain_mask is None else np.asarray(brain_mask) > 0
    kept = np.isfinite(values) & inside
    if not kept.any():
        raise InputError("the ready Chimap has no finite voxel inside its mask")
    return np.where(kept, values, np.float32(np.nan)), kept
