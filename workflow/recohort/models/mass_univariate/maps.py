"""Maps of participants as rows of one array: which voxels are known, smoothing inside a mask."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter

from recohort.core.errors import InputError

_SIGMAS_PER_FWHM = 1 / np.sqrt(8 * np.log(2))


def coverage(maps: Mapping[str, np.ndarray], participants: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return in how many participants each voxel is known, and how many voxels of each participant are.

    Parameters
    ----------
    maps : mapping
        ``maps[participant]`` is an array of shape (x, y, z), nan where unknown. One is held at a time.
    participants : sequence of str
        Whose maps.

    Returns
    -------
    counts : ndarray of int, shape (x, y, z)
    known : ndarray of int, shape (n,)

    Raises
    ------
    InputError
        A participant has no map, or one of another shape than the first.
    """
    counts, known = None, []
    for participant in participants:
        if participant not in maps:
            raise InputError(f"{participant}: found no map, expected one for every participant analysed")
        finite = np.isfinite(maps[participant])
        if counts is None:
            counts = np.zeros(finite.shape, np.int32)
        if finite.shape != counts.shape:
            raise InputError(f"{participant}: the map has {_by(finite.shape)} voxels, expected {_by(counts.shape)}")
        counts += finite
        known.append(int(finite.sum()))
    return counts, np.array(known)


def gather(
    maps: Mapping[str, np.ndarray],
    participants: Sequence[str],
    voxels: np.ndarray,
    *,
    voxel_mm: np.ndarray,
    smoothing_mm: float,
) -> tuple[np.ndarray, int]:
    """Return the voxels' values as rows, float32, shape (n, v), and how many of them were unknown and are imputed.

    Parameters
    ----------
    maps, participants
        As in `coverage`.
    voxels : ndarray of int, shape (v, 3)
        The mask.
    voxel_mm : ndarray, shape (3,)
        Edges of a voxel.
    smoothing_mm : float
        Full width at half maximum of a Gaussian, 0 for none. Averages are over the mask's known voxels alone, their
        weights scaled to 1; an unknown voxel stays unknown.

    Notes
    -----
    An unknown value becomes the voxel's mean over those who have it.
    """
    low, high = voxels.min(axis=0), voxels.max(axis=0) + 1
    box, inside = tuple(map(slice, low, high)), tuple((voxels - low).T)
    sigma = smoothing_mm * _SIGMAS_PER_FWHM / np.asarray(voxel_mm)
    mask = np.zeros(high - low, np.float32)
    mask[inside] = 1
    share = _smooth(mask, sigma)[inside]
    values, imputed = np.empty((len(participants), len(voxels)), np.float32), 0
    for line, participant in zip(values, participants, strict=True):
        line[:] = np.asarray(maps[participant][box], np.float32)[inside]
        unknown = ~np.isfinite(line)
        imputed += int(unknown.sum())
        if smoothing_mm > 0:
            weights = share
            if unknown.any():
                mask[inside] = ~unknown
                weights = _smooth(mask, sigma)[inside]
            mask[inside] = np.where(unknown, 0, line)
            line[:] = _smooth(mask, sigma)[inside] / np.where(unknown, 1, weights)
        line[unknown] = np.nan
    if imputed:
        for column in np.flatnonzero(np.isnan(values).any(axis=0)):
            line = values[:, column]
            line[np.isnan(line)] = np.nanmean(line, dtype=float)
    return values, imputed


def widen(labels: np.ndarray, *, voxel_mm: np.ndarray, margin_mm: float) -> np.ndarray:
    """Return labels, each grown into the background by a margin; a voxel takes the label nearest to it."""
    if margin_mm <= 0:
        return labels
    distance, nearest = distance_transform_edt(labels == 0, sampling=voxel_mm, return_indices=True)
    return np.where(distance <= margin_mm, labels[tuple(nearest)], 0)


def _smooth(box: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    return gaussian_filter(box, sigma, mode="constant") if (sigma > 0).any() else box


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
