"""A susceptibility map that another tool reconstructed, taken over as it is."""

from typing import NamedTuple

import numpy as np

from recohort.core.errors import InputError

_PPM = {"ppm": 1.0, "ppb": 1e-3}


class Ready(NamedTuple):
    """A map taken over, with the names of `qsm.Reconstruction`.

    Attributes
    ----------
    chimap : ndarray of float32, (x, y, z)
        ppm, NaN where nothing was measured.
    kept : ndarray of bool, (x, y, z)
        Where something was measured.
    record : dict
        The map's own sidecar, its units now ppm.
    qc : dict
        Empty: nothing is known of how it was made.
    """

    chimap: np.ndarray
    kept: np.ndarray
    record: dict
    qc: dict


def adopt(chimap, brain_mask, lesion_mask, *, sidecar):
    """Take over a ready susceptibility map.

    Parameters
    ----------
    chimap : array_like, (x, y, z)
        Susceptibility.
    brain_mask : array_like or None, (x, y, z)
        Above 0 is inside. Without one, a voxel counts as measured when it is finite and not exactly 0, which is what
        reconstruction tools write outside their mask.
    lesion_mask : array_like or None, (x, y, z)
        Only its grid is looked at.
    sidecar : dict
        The map's sidecar; its `Units` are ``ppm`` or ``ppb``.

    Returns
    -------
    Ready

    Raises
    ------
    InputError
        The units are not stated, a mask is on another grid, or no voxel is left.
    """
    units = sidecar.get("Units")
    if units not in _PPM:
        raise InputError(f"the ready Chimap has Units {units!r} in its sidecar, expected 'ppm' or 'ppb'")
    values = np.asarray(chimap, dtype=np.float32) * np.float32(_PPM[units])
    for name, mask in (("brain mask", brain_mask), ("lesion mask", lesion_mask)):
        if mask is not None and np.shape(mask) != values.shape:
            raise InputError(f"{name} has shape {np.shape(mask)}, expected that of the Chimap, {values.shape}")
    inside = values != 0 if brain_mask is None else np.asarray(brain_mask) > 0
    kept = np.isfinite(values) & inside
    if not kept.any():
        raise InputError("the ready Chimap has no finite voxel inside its mask")
    return Ready(np.where(kept, values, np.float32(np.nan)), kept, {**sidecar, "Units": "ppm"}, {})
