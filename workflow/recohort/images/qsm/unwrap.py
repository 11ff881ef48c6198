"""Spatial phase unwrapping within a mask."""

import numpy as np
from scipy.fft import dctn, idctn
from scipy.ndimage import label

from recohort.images.qsm.phase import TURN

_SEED = 0
"""skimage starts from a random order of equally reliable voxels; one seed makes one result."""


def unwrap(phase, mask, *, voxel_size, method):
    """Unwrap phase by the named method: `best_path` or `laplacian`; see these for arguments and result."""
    if method == "best_path":
        return best_path(phase, mask)
    return laplacian(phase, mask, voxel_size=voxel_size)


def best_path(phase, mask):
    """Unwrap along the most reliable path; congruent, so the result differs from the input by whole turns.

    Abdul-Rahman et al. 2007, doi:10.1364/AO.46.006623, as implemented in scikit-image. Each connected part of the mask
    (faces touching) is known up to a number of turns of its own; it is set so that the part's median is within half a
    turn of 0.

    Parameters
    ----------
    phase : ndarray, (x, y, z)
        Wrapped phase, radians.
    mask : ndarray of bool, (x, y, z)
        Voxels to unwrap.

    Returns
    -------
    ndarray of float32, (x, y, z)
        Radians; 0 outside the mask.
    """
    from skimage.restoration import unwrap_phase

    masked = np.ma.array(phase, mask=~mask)
    unwrapped = np.ma.getdata(unwrap_phase(masked, rng=_SEED)).astype(np.float32)
    unwrapped[~mask] = 0
    parts, count = label(mask)
    for part in range(1, count + 1):
        inside = mask if count == 1 else parts == part
        turns = np.round(np.median(unwrapped[inside]) / TURN)
        unwrapped[inside] -= np.float32(TURN * turns)
    return unwrapped


def laplacian(phase, mask, *, voxel_size):
    """Unwrap by the Laplacian; smooth, but not congruent: use it to see how much the unwrapping matters.

    Schofield & Zhu 2003, doi:10.1364/OL.28.001194: the Laplacian of the true phase,
    cos(p) lap(sin p) - sin(p) lap(cos p), is inverted with mirrored edges (cosine transform). The constant, which the
    Laplacian cannot see, is the circular mean of what is left of the wrapped phase within the mask.

    Parameters
    ----------
    phase : ndarray, (x, y, z)
        Wrapped phase, radians; voxels outside the mask take part.
    mask : ndarray of bool, (x, y, z)
        Voxels to return.
    voxel_size : array_like, (3,)
        Millimetres.

    Returns
    -------
    ndarray of float32, (x, y, z)
        Radians; 0 outside the mask.
    """
    k2 = np.zeros((1, 1, 1), dtype=np.float32)
    for axis, (n, edge) in enumerate(zip(phase.shape, voxel_size, strict=True)):
        k = (np.pi * np.arange(n, dtype=np.float32) / (n * edge)) ** 2
        k2 = k2 + np.expand_dims(k, tuple({0, 1, 2} - {axis})).astype(np.float32)
    sine, cosine = np.sin(phase), np.cos(phase)
    curvature = cosine * idctn(-k2 * dctn(sine)) - sine * idctn(-k2 * dctn(cosine))
    k2[0, 0, 0] = np.inf
    unwrapped = idctn(dctn(curvature) / -k2).astype(np.float32)
    rest = np.exp(1j * (phase[mask] - unwrapped[mask])).mean()
    unwrapped += np.float32(np.angle(rest))
    unwrapped[~mask] = 0
    return unwrapped
