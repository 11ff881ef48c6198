"""The space inside the skull on a CT."""

import numpy as np
from scipy import ndimage

from recohort.core.errors import InputError
from recohort.images.geometry import voxel_volume_ml
from recohort.images.grid import Grid

_COARSE_MM = 1.75
"""Finer grids are averaged to this in plane before the skull is sought."""
SOFT_HU = -20.0
"""Fat and air are darker."""


def brain_mask(ct, affine, *, bone_hu: float, neck_mm: float, minimum_bone: float, minimum_ml: float) -> np.ndarray:
    """Return the space inside the skull, fluid included.

    In every axial slice soft tissue is parted where it is thinner than twice `neck_mm`, and parts that have little bone
    around them are left out (face, neck). The largest part of the rest is kept and grown back, and its holes are filled
    slice by slice.

    Parameters
    ----------
    ct : ndarray, (x, y, z)
        HU.
    affine : array_like, (4, 4)
        Its affine.
    bone_hu : float
        Above this is bone.
    neck_mm : float
        Half the width of passages that are cut, as to the orbit.
    minimum_bone : float
        Share of a part's surroundings, in plane, that has to be bone.
    minimum_ml : float
        A smaller mask is an error.

    Returns
    -------
    ndarray of bool, (x, y, z)

    Raises
    ------
    InputError
        The mask is smaller than `minimum_ml`.
    """
    fine = Grid.between(ct.shape, affine, orientation="RAS", spacing_mm=(None, None, None)).spacing
    wanted = [max(_COARSE_MM, size) for size in fine[:2]] + [fine[2]]
    grid = Grid.between(ct.shape, affine, orientation="RAS", spacing_mm=wanted)
    coarse = grid.there(ct)
    bone, soft = coarse > bone_hu, (coarse > SOFT_HU) & (coarse <= bone_hu)
    soft = _shrink(_grow(soft, (1, 1)), (1, 1)) & ~bone
    steps = _steps(neck_mm, grid.spacing)
    core = _largest(_among_bone(_shrink(soft, steps), steps, bone, minimum_bone))
    made = _fill(_grow(core, [n + 1 for n in steps]) & soft) & ~bone
    if any(matrix is not None for matrix in grid.back):
        made = (grid.home(made) > 0.5) & (ct < bone_hu)
    else:
        made = grid.home(made) > 0.5
    reason = "is the skull whole and within the image? A given mask (images.brain.source: given) needs neither"
    check_volume(made, affine, minimum_ml=minimum_ml, what="the brain mask made from the CT", reason=reason)
    return made


def check_volume(mask, affine, *, minimum_ml: float, what: str, reason: str = "") -> None:
    """Raise an `InputError` when a mask is empty or smaller than `minimum_ml`."""
    volume = float(mask.sum()) * voxel_volume_ml(affine)
    if not volume or volume < minimum_ml:
        found = f"has {volume:.4g} mL" if volume else "is empty"
        expected = f"expected at least {minimum_ml:g} mL" if minimum_ml else "expected voxels above 0"
        raise InputError(f"{what} {found}, {expected}" + (f": {reason}" if reason else ""))


def _steps(mm: float, spacing) -> list[int]:
    """Return a distance in voxels along each axis in plane."""
    return [round(mm / size) for size in spacing[:2]]


def _grow(mask: np.ndarray, steps) -> np.ndarray:
    """Dilate in plane by an octagon of this half width."""
    return _octagon(mask.astype(np.uint8), steps, ndimage.maximum_filter1d) > 0


def _shrink(mask: np.ndarray, steps) -> np.ndarray:
    return _octagon(mask.astype(np.uint8), steps, ndimage.minimum_filter1d) > 0


def _widened(labels: np.ndarray, steps) -> np.ndarray:
    return _octagon(labels, steps, ndimage.maximum_filter1d)


def _octagon(mask: np.ndarray, steps, extreme) -> np.ndarray:
    """Dilate or erode in plane, alternately by a cross and a square."""
    made = mask
    join = np.maximum if extreme is ndimage.maximum_filter1d else np.minimum
    for turn in range(max(steps)):
        axes = [axis for axis in (0, 1) if turn < steps[axis]]
        if turn % 2 == 0:
            made = join.reduce([extreme(made, 3, axis=axis, mode="constant", cval=0) for axis in axes])
        else:
            for axis in axes:
                made = extreme(made, 3, axis=axis, mode="constant", cval=0)
    return made


_IN_PLANE = np.zeros((3, 3, 3), bool)
_IN_PLANE[:, 1, 1] = _IN_PLANE[1, :, 1] = True


def _fill(mask: np.ndarray) -> np.ndarray:
    """Fill the holes of every slice."""
    padded = np.pad(~mask, ((1, 1), (1, 1), (0, 0)), constant_values=True)
    labels, _ = ndimage.label(padded, structure=_IN_PLANE)
    outside = np.zeros(labels.max() + 1, bool)
    outside[labels[0, 0]] = True
    return ~outside[labels][1:-1, 1:-1]


def _among_bone(core: np.ndarray, steps, bone: np.ndarray, minimum: float) -> np.ndarray:
    """Keep the parts of every slice whose surroundings, once grown back, are bone by at least this share."""
    labels, count = ndimage.label(core, structure=_IN_PLANE)
    reach = _widened(labels, [n + 2 for n in steps])
    rim = np.where(_widened(labels, steps) > 0, 0, reach)
    around = np.bincount(rim.ravel(), minlength=count + 1)
    of_bone = np.bincount(rim.ravel(), weights=bone.ravel(), minlength=count + 1)
    keep = of_bone >= minimum * np.maximum(around, 1)
    keep[0] = False
    return keep[labels]


def _largest(mask: np.ndarray) -> np.ndarray:
    labels, count = ndimage.label(mask)
    if count < 2:
        return mask
    return labels == np.bincount(labels.ravel())[1:].argmax() + 1
