"""What is measured: the inside of vertebral bodies and cerebrospinal fluid (CSF) beside them, near the midline.

Axes point to the right, to the front and upwards; slices lie along the first. Nothing is eroded across slices, which
are thick.
"""

import numpy as np
from scipy import ndimage


def central(mask: np.ndarray, *, slices: int) -> np.ndarray:
    """Return the slices around the middle of a mask: those whose centre lies within half of `slices` of it.

    Each level has slices of its own, so that a scoliotic spine is followed. In a tie one slice more is taken, so that
    left and right are alike. 0 takes every slice.

    Parameters
    ----------
    mask : ndarray of bool, (x, y, z)
        With at least one voxel.
    slices : int
        Their number.

    Returns
    -------
    ndarray of bool, (x,)
    """
    number = np.arange(mask.shape[0])
    if slices == 0:
        return np.ones(mask.shape[0], bool)
    areas = mask.sum(axis=(1, 2))
    middle = round(float((number * areas).sum() / areas.sum()), 6)
    return np.abs(number - middle) <= slices / 2


def eroded(mask: np.ndarray, spacing: tuple[float, ...], *, erosion_mm: float) -> np.ndarray:
    """Return the voxels of a mask that are farther than `erosion_mm` from any voxel outside, within their slice."""
    made = np.zeros_like(mask)
    for number in np.flatnonzero(mask.any(axis=(1, 2))):
        plane = np.pad(mask[number], 1)
        distance = ndimage.distance_transform_edt(plane, sampling=spacing[1:])[1:-1, 1:-1]
        made[number] = mask[number] & (distance > erosion_mm)
    return made


def marrow(body: np.ndarray, spacing: tuple[float, ...], *, slices: int, erosion_mm: float) -> np.ndarray:
    """Return the inside of a body in its central slices."""
    return eroded(body & central(body, slices=slices)[:, None, None], spacing, erosion_mm=erosion_mm)


def in_front(canal: np.ndarray, *, share: float) -> np.ndarray:
    """Return the front of a canal: of each line from front to back this share of the depth."""
    count = canal.shape[1]
    first, last = count - 1 - canal[:, ::-1].argmax(axis=1), canal.argmax(axis=1)
    return canal & (np.arange(count)[:, None] > (first - share * (first - last + 1))[:, None])


def fluid(
    image: np.ndarray,
    csf: np.ndarray,
    canal: np.ndarray,
    bodies: dict[str, np.ndarray],
    spacing: tuple[float, ...],
    *,
    levels,
    slices: int,
    erosion_mm: float,
    front: float,
    minimum_voxels: int,
    maximum_ratio: float,
) -> tuple[np.ndarray, str]:
    """Return CSF at the height of a body, away from everything else, and the level where it was found.

    Parameters
    ----------
    image : ndarray, (x, y, z)
        The T1w, evenly bright.
    csf : ndarray of bool, (x, y, z)
        The canal less the cord.
    canal : ndarray of bool, (x, y, z)
        Everything within the canal.
    bodies : dict of str to ndarray of bool, (x, y, z)
        Body of each level.
    spacing : tuple of float
        mm.
    levels : sequence of str
        Tried in this order; one that is not among the bodies is passed over.
    slices : int
        Slices around the middle of the CSF at this height; 0 takes all.
    erosion_mm : float
        What is this close to anything else is left out, in plane.
    front : float
        Share of the canal's depth, from the front, that is taken: nerve roots lie behind in a patient on the back.
    minimum_voxels : int
        A level with less CSF is passed over.
    maximum_ratio : float
        A level whose median is more than this times that of the darkest level is passed over: what is there is not
        fluid alone, as in a stenosis.

    Returns
    -------
    mask : ndarray of bool, (x, y, z)
        Empty where no level has enough.
    level : str
        Empty likewise.
    """
    deep, found = eroded(csf, spacing, erosion_mm=erosion_mm) & in_front(canal, share=front), {}
    for level in (level for level in levels if level in bodies):
        beside = csf & bodies[level].any(axis=(0, 1))
        inside = deep & beside
        if inside.any():
            inside &= central(beside, slices=slices)[:, None, None]
        if inside.sum() >= minimum_voxels:
            found[level] = inside
    median = {level: float(np.median(image[inside])) for level, inside in found.items()}
    darkest = min(median.values(), default=0.0)
    for level, inside in found.items():
        if median[level] <= maximum_ratio * darkest:
            return inside, level
    return np.zeros_like(csf), ""
