"""Vertebral bodies out of labels of whole vertebrae: what lies in front of the spinal canal.

Axes point to the right, to the front and upwards; slices lie along the first.
"""

import numpy as np
from scipy import ndimage

from recohort.core.errors import InputError

SMOOTH_MM = 5.0
"""The border of the canal is the running median over this height."""
GAP_MM = 6.0
"""A narrower gap between body and posterior elements is a hole in the label, no canal."""
MIDDLE_MM = 8.0
"""Half the width around a vertebra's middle in which the canal is sought as a gap."""
PIECE = 0.25
"""A piece with a larger share of the largest one's voxels is another body."""


def body_of(
    vertebra: np.ndarray, canal: np.ndarray, spacing: tuple[float, ...], *, name: str, margin_mm: float
) -> np.ndarray:
    """Return the part of a vertebra in front of the canal.

    At each height the canal's foremost voxel is the border, all over the vertebra's width; heights without canal take
    the border of those around them. Without any canal it is the gap between body and posterior elements near the
    vertebra's middle.

    Parameters
    ----------
    vertebra : ndarray of bool, (x, y, z)
        The whole vertebra.
    canal : ndarray of bool, (x, y, z)
        The canal and what is in it; empty where the label map has none.
    spacing : tuple of float
        mm.
    name : str
        The level, for messages.
    margin_mm : float
        What is this close to the border is left out too.

    Raises
    ------
    InputError
        There is neither a canal nor a gap at this vertebra.
    """
    low, high = _span(vertebra)
    part = vertebra[:, :, low:high]
    border = _front(canal[:, :, low:high]) if canal.any() else _gap(part, spacing)
    known = np.flatnonzero(np.isfinite(border))
    if not len(known):
        found = "the label map has no canal beside" if canal.any() else "there is no gap behind the body of"
        raise InputError(f"{found} {name}: its body cannot be told from its posterior elements")
    height = np.arange(high - low)
    size = 2 * int(SMOOTH_MM / spacing[2] / 2) + 1
    smooth = ndimage.median_filter(np.interp(height, known, border[known]), size, mode="nearest")
    made = np.zeros_like(vertebra)
    made[:, :, low:high] = part & (np.arange(part.shape[1])[:, None] > smooth + margin_mm / spacing[1])
    return made


def pieces(body: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the largest piece of a body, and how many pieces are large; voxels that touch at a corner are one."""
    labels, count = ndimage.label(body, np.ones((3, 3, 3)))
    if count < 2:
        return body, count
    sizes = np.bincount(labels.ravel())[1:]
    return labels == 1 + sizes.argmax(), int((sizes >= PIECE * sizes.max()).sum())


def _front(canal: np.ndarray) -> np.ndarray:
    """Foremost index of the canal at each height, NaN without."""
    plane = canal.any(axis=0)
    last = plane.shape[0] - 1 - plane[::-1].argmax(axis=0)
    return np.where(plane.any(axis=0), last, np.nan)


def _gap(vertebra: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """Foremost index of the gap behind the body at each height, NaN without; the first gap from front to back."""
    across = vertebra.any(axis=(1, 2)).nonzero()[0]
    weight = vertebra.sum(axis=(1, 2))[across]
    middle = (across * weight).sum() / weight.sum()
    near = np.abs(np.arange(vertebra.shape[0]) - middle) * spacing[0] <= max(MIDDLE_MM, spacing[0] / 2)
    steps = int(GAP_MM / spacing[1])
    padded = np.pad(vertebra[near], ((0, 0), (steps, steps), (0, 0)))
    lines = ndimage.binary_closing(padded, np.ones((1, steps + 1, 1)))[:, steps : steps + vertebra.shape[1]]
    lines = lines[:, ::-1]
    starts = lines & ~np.pad(lines, ((0, 0), (1, 0), (0, 0)))[:, :-1]
    run = starts.cumsum(axis=1)
    end = vertebra.shape[1] - 1 - (lines & (run == 1)).cumsum(axis=1).argmax(axis=1)
    front = np.where(run[:, -1] >= 2, end - 1.0, -np.inf).max(axis=0)
    return np.where(np.isfinite(front), front, np.nan)


def _span(mask: np.ndarray) -> tuple[int, int]:
    inside = np.flatnonzero(mask.any(axis=(0, 1)))
    return int(inside[0]), int(inside[-1]) + 1
