"""Whether a CT is in Hounsfield units."""

import numpy as np

UNITS = {"hu", "hounsfield", "hounsfield unit", "hounsfield units", "[hnsf'u]"}
AIR_HU, BONE_HU, LOWEST_HU = -700.0, 300.0, -5000.0
"""Any head in air has voxels below the first and above the second; below the third lies no padding of any scanner."""
BRAIN_HU = (10.0, 60.0)
"""The median of any brain, however old or swollen."""


def check_header(shape, sidecar: dict) -> list[str]:
    """Return what the header of a CT says against it, a sentence each."""
    found = []
    if len(shape) != 3:
        found.append(f"the CT has {len(shape)} dimensions ({' x '.join(map(str, shape))}), expected 3: one volume")
    units = sidecar.get("Units")
    if units is not None and str(units).strip().lower() not in UNITS:
        found.append(f"the CT's sidecar has Units '{units}', expected HU")
    return found


def check_range(ct: np.ndarray, *, stripped: bool) -> list[str]:
    """Return what the values of a CT say against Hounsfield units, a sentence each.

    Parameters
    ----------
    ct : ndarray, (x, y, z)
        The image as stored.
    stripped : bool
        Whether a brain mask was given, so that air and skull may have been removed.
    """
    if not np.isfinite(ct).all():
        return [f"{int((~np.isfinite(ct)).sum())} voxels of the CT are no finite numbers, expected Hounsfield units"]
    low, high = float(ct.min()), float(ct.max())
    if low < LOWEST_HU:
        reason = f"lower than any padding ({LOWEST_HU:g})"
    elif not stripped and low > AIR_HU:
        reason = "there is no air"
        if low >= 0 and high > 1024 + BONE_HU:
            reason += "; 1024 may have been added, as before a DICOM rescale intercept is applied"
    elif not stripped and high < BONE_HU:
        reason = "there is no bone"
    else:
        return []
    return [
        f"the CT ranges from {low:g} to {high:g}, "
        f"expected Hounsfield units, air near -1000 and bone above 300: {reason}"
    ]


def check_brain(ct: np.ndarray, brain: np.ndarray) -> list[str]:
    """Return a sentence when the median in the brain mask is none of a brain in Hounsfield units."""
    median = float(np.median(ct[brain]))
    if BRAIN_HU[0] <= median <= BRAIN_HU[1]:
        return []
    return [
        f"the median in the brain mask is {median:.4g}, expected {BRAIN_HU[0]:g} to {BRAIN_HU[1]:g} HU: "
        "the CT is not in Hounsfield units, has contrast medium, or the mask is not its brain"
    ]
