"""What a structure's edge shares with its neighbours: left out by erosion, or taken out by regression."""

import numpy as np
from scipy import ndimage
from scipy.special import ive

from recohort.core.errors import InputError

_PER_SIGMA = np.sqrt(8 * np.log(2))
_REACH = 2.0
"""How far, in widths of the point spread, the surroundings of a structure are looked at."""


def eroded(mask: np.ndarray, layers: int) -> np.ndarray:
    """Return a mask without its outer layers of voxels; neighbours share a face, beyond the image is outside."""
    return ndimage.binary_erosion(mask, iterations=layers) if layers else mask


def unmixed(
    values: np.ndarray, labels: np.ndarray, measured: np.ndarray, *, wanted: list[int], voxel_size, point_spread: float
) -> tuple[np.ndarray, np.ndarray]:
    """Take the neighbours' share out of labelled regions, by least squares.

    Each voxel is taken as a mixture, map = sum over regions of fraction x value. The regions are the labels, and for
    each wanted label the unlabelled voxels that are closest to it, so that a region's surroundings need not be those of
    another. Fractions are the regions blurred by a discrete Gaussian (Lindeberg T, IEEE Trans PAMI 1990;12:234-254),
    whose variance along each axis is that of the point spread and 1/12 voxel² of labels that know whole voxels only.
    All voxels within two widths of the point spread from a wanted label are fitted together: the geometric transfer
    matrix (Rousset OG et al, J Nucl Med 1998;39:904-911) in its symmetric form (Sattarivand M et al, Int J Mol Imaging
    2013:435959, doi:10.1155/2013/435959).

    Parameters
    ----------
    values : ndarray, (x, y, z)
        The map.
    labels : ndarray of int, (x, y, z)
        0 is unlabelled.
    measured : ndarray of bool, (x, y, z)
        Voxels whose value counts.
    wanted : list of int
        Labels whose values are sought.
    voxel_size : array_like, (3,)
        Millimetres.
    point_spread : float
        Full width at half maximum in voxels, the voxel's own extent included.

    Returns
    -------
    pure, corrected : ndarray, (x, y, z)
        In measured voxels of the wanted labels, else NaN: the value of the voxel's label, and this value plus what the
        fit leaves of the voxel.

    Raises
    ------
    InputError
        `point_spread` is narrower than a voxel itself.
    """
    pure, corrected = (np.full(values.shape, np.nan) for _ in range(2))
    spread = (point_spread / _PER_SIGMA) ** 2
    if spread < 1 / 12:
        narrowest = _PER_SIGMA / np.sqrt(12)
        raise InputError(
            f"point_spread: found {point_spread:g} voxels, expected at least a voxel's own {narrowest:.2f}"
        )
    if not np.isin(labels, wanted).any():
        return pure, corrected
    size = np.asarray(voxel_size, float)
    box = box_around(np.isin(labels, wanted), np.ceil(_REACH * point_spread * size.max() / size).astype(int) + 1)
    labels, inside = labels[box], measured[box]
    of_wanted = np.isin(labels, wanted)
    distance, closest = ndimage.distance_transform_edt(~of_wanted, sampling=size, return_indices=True)
    around = labels.max() + labels[tuple(closest)]
    names, regions = np.unique(np.where(labels > 0, labels, around), return_inverse=True)
    regions = regions.reshape(labels.shape)
    fitted = inside & (distance <= _REACH * point_spread * size.max())
    kernel = _kernel(spread + 1 / 12)
    fractions = np.stack(
        [_blurred((regions == region).astype(np.float32), kernel)[fitted] for region in range(len(names))]
    ).astype(float)
    seen = values[box][fitted].astype(float)
    region_values = np.linalg.lstsq(fractions @ fractions.T, fractions @ seen, rcond=1e-10)[0]
    own = region_values[regions[fitted]]
    pure[box][fitted] = own
    corrected[box][fitted] = own + seen - region_values @ fractions
    for made in (pure, corrected):
        made[box][~of_wanted] = np.nan
    return pure, corrected


def box_around(mask: np.ndarray, margin=(0, 0, 0)) -> tuple[slice, ...]:
    """Return the box around a mask as slices, with a margin in voxels; the whole image where the mask is empty."""
    if not mask.any():
        return (slice(None),) * 3
    ends = [np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    return tuple(slice(max(end[0] - pad, 0), end[-1] + pad + 1) for end, pad in zip(ends, margin, strict=True))


def _kernel(variance: float) -> np.ndarray:
    """Return the discrete Gaussian of this variance, voxels²."""
    reach = int(np.ceil(4 * np.sqrt(variance))) + 1
    weights = ive(np.abs(np.arange(-reach, reach + 1)), variance)
    return weights / weights.sum()


def _blurred(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    for axis in range(3):
        image = ndimage.correlate1d(image, kernel, axis=axis, mode="nearest")
    return image
