"""The field of a magnetic dipole in k-space."""

import numpy as np
from scipy.fft import fftfreq, rfftfreq


def frequencies(shape, voxel_size):
    """Spatial frequencies (1/mm) of the half spectrum of `scipy.fft.rfftn`, as three arrays that broadcast."""
    x, y, z = shape
    edges = np.asarray(voxel_size, dtype=float)
    return (
        fftfreq(x, edges[0]).astype(np.float32)[:, None, None],
        fftfreq(y, edges[1]).astype(np.float32)[None, :, None],
        rfftfreq(z, edges[2]).astype(np.float32)[None, None, :],
    )


def dipole_kernel(shape, *, voxel_size, b0_direction):
    """Susceptibility to relative field, both in ppm: D = 1/3 - (k . b)^2 / k^2.

    Salomir et al. 2003, doi:10.1002/cmr.b.10083. At k = 0 the ratio has no limit; D is 0 there, so the mean of a map is
    neither seen nor produced. With a tilted field the kernel jumps at the highest frequency: sharp edges ring a little.

    Parameters
    ----------
    shape : tuple of int, (3,)
        Shape of the volume.
    voxel_size : array_like, (3,)
        Millimetres.
    b0_direction : array_like, (3,)
        Unit vector of the main field in the axes of the volume.

    Returns
    -------
    ndarray of float32, (x, y, z // 2 + 1)
        On the half spectrum of `scipy.fft.rfftn`.
    """
    kx, ky, kz = frequencies(shape, voxel_size)
    bx, by, bz = (np.float32(b) for b in b0_direction)
    along = kx * bx + ky * by + kz * bz
    k2 = kx**2 + ky**2 + kz**2
    k2[0, 0, 0] = 1
    kernel = np.float32(1 / 3) - along**2 / k2
    kernel[0, 0, 0] = 0
    return kernel
