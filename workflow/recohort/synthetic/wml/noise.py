"""Noise of a CT by filtered backprojection, as it remains in voxels of any size."""

import numpy as np
from scipy import fft

REFERENCE_MM = (0.45, 0.45, 5.0)
"""Edges of the voxel whose noise is given."""
_NEGLIGIBLE = 4.0
"""In units of 1 / (2 pi kernel_mm): at higher frequencies there is no noise (exp(-16) of the power)."""


def ct_noise(shape, edges_mm, *, noise_hu: float, noise_mm: float, rng: np.random.Generator) -> np.ndarray:
    """Return noise that is stationary, correlated in plane and independent between slices.

    Its power at spatial frequency f is that of the ramp filter and a Gaussian kernel of SD s, ``f exp(-(2 pi s f)^2)``
    [1]_, largest at 0.11 / s; the little at f = 0 that sampling adds [2]_ is left out. A voxel is the mean over its
    area in plane, so a large one has less noise. Across slices the SD falls with the square root of the thickness.

    Parameters
    ----------
    shape : tuple of 3 int
        Voxels; slices along the last axis.
    edges_mm : sequence of 3 float
        Edges of a voxel, mm.
    noise_hu : float
        SD in a voxel of `REFERENCE_MM`, HU.
    noise_mm : float
        SD of the kernel, mm, above 0.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of float32, shape `shape`
        HU.

    References
    ----------
    .. [1] Riederer SJ, Pelc NJ, Chesler DA. The noise power spectrum in computed X-ray tomography. Phys Med Biol
       1978;23:446.
    .. [2] Kijewski MF, Judy PF. The noise power spectrum of CT images. Phys Med Biol 1987;32:565.
       doi:10.1088/0031-9155/32/5/003
    """
    white = rng.standard_normal(shape, dtype=np.float32)
    if not noise_hu:
        return np.zeros_like(white)
    *plane, thickness = edges_mm
    frequencies = [fft.fftfreq(shape[0], plane[0]), fft.rfftfreq(shape[1], plane[1])]
    power = _sampled_power(frequencies, plane, noise_mm) / np.prod(plane)
    *reference, usual = REFERENCE_MM
    known = [fft.fftfreq(256, edge) for edge in reference]
    variance = _sampled_power(known, reference, noise_mm).mean() / np.prod(reference)
    gain = noise_hu * np.sqrt(power / variance * usual / thickness)
    spectrum = fft.rfft2(white, axes=(0, 1)) * gain.astype(np.float32)[..., None]
    return fft.irfft2(spectrum, s=shape[:2], axes=(0, 1))


def _sampled_power(frequencies, edges, kernel_mm: float) -> np.ndarray:
    """Return the power of voxel means on a grid: what lies beyond the grid's frequencies folds back into them."""
    highest = _NEGLIGIBLE / (2 * np.pi * kernel_mm)
    folds = [range(-n, n + 1) for n in (int(np.ceil(highest * edge)) for edge in edges)]
    total = np.zeros([f.size for f in frequencies])
    for i in folds[0]:
        for j in folds[1]:
            x, y = ((f + k / edge) for f, k, edge in zip(frequencies, (i, j), edges, strict=True))
            averaged = np.sinc(edges[0] * x)[:, None] ** 2 * np.sinc(edges[1] * y) ** 2
            radius = np.hypot(x[:, None], y)
            total += averaged * radius * np.exp(-((2 * np.pi * kernel_mm * radius) ** 2))
    return total
