"""The brain mask: given or made from the magnitude, in one piece, lesions included, its unreliable edge trimmed."""

import numpy as np
from scipy.ndimage import binary_dilation, binary_fill_holes, binary_propagation, distance_transform_edt, label

from recohort.core.errors import InputError


def brain_mask(given, magnitude, lesion, *, voxel_size, source, opening_mm, closing_mm):
    """Give the mask that the reconstruction works in.

    A lesion without signal leaves a void in any mask made from signal. Lesion parts that touch the mask are added to
    it, enclosed holes are filled, and the largest connected part is kept, so that unwrapping has one constant.

    Parameters
    ----------
    given : ndarray or None, (x, y, z)
        Brain mask, used when `source` is `given`.
    magnitude : ndarray, (n_echo, x, y, z)
        Used when `source` is `made`.
    lesion : ndarray or None, (x, y, z)
        Lesion mask.
    voxel_size : array_like, (3,)
        Millimetres.
    source : {"given", "made"}
        Where the mask comes from.
    opening_mm, closing_mm : float
        As `make_mask`.

    Returns
    -------
    mask : ndarray of bool, (x, y, z)
        One piece without holes.
    dropped : float
        Fraction of the mask's voxels that lay in smaller pieces and were dropped.

    Raises
    ------
    InputError
        When `source` is `given` and there is none, or when the mask is empty.
    """
    if source == "given" and given is None:
        raise InputError("no brain mask was found, expected one, or images.mask.source: made")
    if source == "given":
        mask = np.asarray(given) > 0
    else:
        mask = make_mask(magnitude, voxel_size=voxel_size, opening_mm=opening_mm, closing_mm=closing_mm)
    if not mask.any():
        raise InputError(f"the brain mask ({source}) is empty, expected voxels above 0")
    if lesion is not None:
        mask = add_lesion(mask, lesion)
    filled = binary_fill_holes(mask)
    kept = largest_part(filled)
    return kept, float(1 - kept.sum() / filled.sum())


def make_mask(magnitude, *, voxel_size, opening_mm, closing_mm):
    """Make a mask from signal: threshold, cut thin bridges, largest part, close.

    The threshold is Otsu's (1979, doi:10.1109/TSMC.1979.4310076) on the root mean square over the echoes. This is no
    skull stripping: a bright scalp is kept unless opening parts it from the brain.

    Parameters
    ----------
    magnitude : ndarray, (n_echo, x, y, z)
        Any unit.
    voxel_size : array_like, (3,)
        Millimetres.
    opening_mm : float
        Bridges thinner than twice this are cut.
    closing_mm : float
        Gaps narrower than twice this are closed.

    Returns
    -------
    ndarray of bool, (x, y, z)
    """
    signal = np.zeros(magnitude.shape[1:], dtype=np.float32)
    for echo in magnitude:
        signal += echo.astype(np.float32) ** 2
    signal = np.sqrt(signal / len(magnitude))
    head = signal > _otsu(signal)
    core = _shrink(head, opening_mm, voxel_size)
    if not core.any():
        core = head
    body = head & _grow(largest_part(core), opening_mm, voxel_size)
    margin = [int(np.ceil(closing_mm / edge)) + 1 for edge in voxel_size]
    padded = np.pad(body, [(n, n) for n in margin])
    closed = _shrink(_grow(padded, closing_mm, voxel_size), closing_mm, voxel_size)
    inner = tuple(slice(n, -n) for n in margin)
    return binary_fill_holes(closed[inner] | body)


def add_lesion(mask, lesion):
    """Add the connected parts of a lesion that overlap the mask or share a face with it."""
    parts, _ = label(np.asarray(lesion) > 0)
    touching = np.unique(parts[binary_dilation(mask)])
    return mask | np.isin(parts, touching[touching > 0])


def trim_edge(mask, residual, lesion, *, maximum_residual_rad):
    """Take voxels whose echoes disagree off the mask, from its edge inwards.

    Next to air the phase turns too fast to be resolved, and background removal carries such a field far into the brain.
    A voxel goes when its residual exceeds the limit and it reaches the outside through such voxels, corners touching.
    Within the brain it stays, as a lesion's void does: a hole would shrink the spheres of `v_sharp` around the lesion.
    Lesion voxels stay wherever they are, unless the rest of the brain lets go of them.

    Parameters
    ----------
    mask : ndarray of bool, (x, y, z)
        One piece without holes.
    residual : ndarray, (x, y, z)
        Root mean square over the echoes of measured less fitted phase, radians; 0 when nothing is redundant.
    lesion : ndarray of bool or None, (x, y, z)
        Lesion mask.
    maximum_residual_rad : float or None
        The limit; None trims nothing.

    Returns
    -------
    trimmed : ndarray of bool, (x, y, z)
        The largest part of what is left.
    fraction : float
        Part of the mask's voxels that were taken off.

    Raises
    ------
    InputError
        When nothing is left.
    """
    if maximum_residual_rad is None:
        return mask.copy(), 0.0
    unreliable = mask & (residual > maximum_residual_rad)
    if lesion is not None:
        unreliable &= ~lesion
    outside = np.pad(~mask, 1, constant_values=True)
    touching = np.ones((3, 3, 3), dtype=bool)
    reached = binary_propagation(outside, touching, mask=outside | np.pad(unreliable, 1))[1:-1, 1:-1, 1:-1]
    trimmed = largest_part(~reached)
    if not trimmed.any():
        raise InputError(
            f"the echoes disagree by more than {maximum_residual_rad:g} rad all over the brain mask, expected less: "
            "look at the echo times, or set images.trimming.maximum_residual_rad"
        )
    return trimmed, float(1 - trimmed.sum() / mask.sum())


def largest_part(mask):
    """Largest connected part of a mask, faces touching."""
    parts, count = label(mask)
    if count <= 1:
        return mask.copy()
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return parts == sizes.argmax()


def depth_mm(mask, voxel_size):
    """Distance in millimetres from each voxel to the nearest voxel outside; the array's edge is outside."""
    padded = np.pad(mask, 1)
    return distance_transform_edt(padded, sampling=voxel_size).astype(np.float32)[1:-1, 1:-1, 1:-1]


def _shrink(mask, radius_mm, voxel_size):
    return depth_mm(mask, voxel_size) > radius_mm


def _grow(mask, radius_mm, voxel_size):
    return distance_transform_edt(~mask, sampling=voxel_size) <= radius_mm


def _otsu(image, bins=256):
    """Threshold with the largest variance between the two classes."""
    counts, edges = np.histogram(image, bins=bins)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return centres[np.nanargmax(between)]
