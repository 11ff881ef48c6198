"""The lesion: an irregular blob of prescribed volume in the brainstem, with a texture of prescribed median and IQR."""

import numpy as np
from scipy import ndimage, special

from recohort.core.errors import InputError
from recohort.synthetic.qsm import phantom

INNER = 0.5  # a lesion away from the edge has its centre within this fraction of the half axes of its part
EDGE = 0.85  # a lesion at the edge has its centre this far forward
QUANTILE_SHAPE = (1.5, 4.0)  # beta distribution: bounded, skewed to the right


def draw_centre(location: str, *, at_edge: bool, scale: float, rng: np.random.Generator) -> np.ndarray:
    """Draw the centre of a lesion.

    Parameters
    ----------
    location : {"midbrain", "pons", "medulla"}
        Part of the brainstem.
    at_edge : bool
        Whether the lesion reaches the front of the brainstem, next to the fluid.
    scale : float
        Size of the head relative to the reference head.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray, shape (3,)
        mm from the middle of the field of view, in the axes of the array.
    """
    if location not in phantom.BRAINSTEM:
        raise InputError(f"lesion location: found {location!r}, expected one of {sorted(phantom.BRAINSTEM)}")
    part = phantom.BRAINSTEM[location]
    direction = rng.standard_normal(3)
    position = INNER * rng.random() ** (1 / 3) * direction / np.linalg.norm(direction)
    if at_edge:
        position = np.array([position[0] / 2, EDGE, position[2] / 2])
    return scale * (np.array(part.centre) + position * np.array(part.half_axes))


def smooth_noise(shape, *, sigma_voxels, rng: np.random.Generator) -> np.ndarray:
    """Return a smooth Gaussian random field of mean 0 and variance 1 over the array.

    Parameters
    ----------
    shape : tuple of 3 int
        Shape of the array.
    sigma_voxels : sequence of 3 float
        SD of the Gaussian that smooths white noise, voxels.
    rng : numpy.random.Generator
        Source of randomness.
    """
    field = ndimage.gaussian_filter(rng.standard_normal(shape), sigma_voxels, mode="wrap")
    return (field - field.mean()) / field.std()


def draw_mask(
    region, *, coordinates_mm, centre_mm, volume_ml: float, roughness: float, rng: np.random.Generator
) -> np.ndarray:
    """Draw the voxels of a lesion.

    The voxels of the region are ordered by their distance from the centre in a random ellipsoidal norm times
    ``exp(roughness * smooth noise)``; the first ones, as many as the volume needs, are the lesion. Pieces apart from
    the largest are given up for the voxels that come next.

    Parameters
    ----------
    region : ndarray of bool, shape (x, y, z)
        Where a lesion may lie.
    coordinates_mm : sequence of 3 ndarrays
        Open grid of the centres of these voxels, mm, evenly spaced along each axis.
    centre_mm : ndarray, shape (3,)
        Centre of the lesion, mm.
    volume_ml : float
        Volume, mL; kept to half a voxel.
    roughness : float
        SD of the logarithm of the radius; 0 gives an ellipsoid.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of bool, shape (x, y, z)

    Raises
    ------
    InputError
        When the volume is less than a voxel or more than half of the region, or the lesion cannot be one piece.
    """
    edges = np.array([np.diff(x.ravel()[:2])[0] for x in coordinates_mm])
    voxel_ml = np.prod(edges) / 1000
    count, room = round(volume_ml / voxel_ml), int(region.sum())
    if not 1 <= count <= room // 2:
        raise InputError(
            f"lesion volume: found {volume_ml:g} mL, expected {voxel_ml:.2g} to {room * voxel_ml / 2:.2g} mL, "
            "from one voxel of the fine grid to half of the brainstem"
        )
    stretch = np.eye(3) + rng.normal(scale=0.2, size=(3, 3))
    offset = np.stack(np.broadcast_arrays(*[x - c for x, c in zip(coordinates_mm, centre_mm, strict=True)]), -1)
    radius_mm = np.cbrt(3000 * volume_ml / (4 * np.pi))
    noise = smooth_noise(region.shape, sigma_voxels=radius_mm / edges, rng=rng)
    level = np.where(region, np.linalg.norm(offset @ stretch, axis=-1) * np.exp(roughness * noise), np.inf)
    while True:
        first = np.argsort(level, axis=None, kind="stable")[:count]
        if not np.isfinite(level.flat[first[-1]]):
            raise InputError(f"lesion: found no connected part of the brainstem that holds {volume_ml:g} mL")
        mask = np.zeros(region.shape, dtype=bool)
        mask.flat[first] = True
        pieces, n_pieces = ndimage.label(mask)
        if n_pieces == 1:
            return mask
        largest = np.bincount(pieces.flat)[1:].argmax() + 1
        level[mask & (pieces != largest)] = np.inf


def draw_susceptibility(
    mask, *, median_ppm: float, iqr_ppm: float, texture_mm: float, voxel_size_mm, rng: np.random.Generator
) -> np.ndarray:
    """Draw the susceptibility inside a lesion.

    A smooth random field is replaced by the quantiles, at the same ranks, of a beta distribution that is shifted and
    stretched so that the sample median and interquartile range are the prescribed ones.

    Parameters
    ----------
    mask : ndarray of bool, shape (x, y, z)
        Voxels of the lesion.
    median_ppm, iqr_ppm : float
        Median and interquartile range (linear percentiles) over the voxels of `mask`, ppm.
    texture_mm : float
        SD of the Gaussian that smooths the field, mm.
    voxel_size_mm : sequence of 3 float
        Edges of the voxel, mm.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of float32, shape (x, y, z)
        Susceptibility relative to the tissue around, ppm; 0 outside of `mask`.
    """
    noise = smooth_noise(mask.shape, sigma_voxels=texture_mm / np.asarray(voxel_size_mm), rng=rng)[mask]
    quantiles = special.betaincinv(*QUANTILE_SHAPE, (np.arange(noise.size) + 0.5) / noise.size)
    lower, middle, upper = np.percentile(quantiles, [25, 50, 75])
    values = np.empty(noise.size)
    width = upper - lower if noise.size > 1 else 1.0
    values[np.argsort(noise, kind="stable")] = median_ppm + iqr_ppm * (quantiles - middle) / width
    susceptibility = np.zeros(mask.shape, dtype=np.float32)
    susceptibility[mask] = values
    return susceptibility
