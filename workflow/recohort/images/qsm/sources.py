"""Total field to susceptibility: background removal and inversion, in passes that know of the sources found so far."""

import numpy as np
from scipy.fft import irfftn, rfftn

from recohort.images.qsm.background import remove_background
from recohort.images.qsm.dipole import dipole_kernel
from recohort.images.qsm.inversion import invert


def find_sources(total, mask, weight, *, voxel_size, b0_direction, passes, background, inversion):
    """Find the sources within a mask and their field.

    Every background removal takes a part of the field of sources near the mask's edge, which from inside looks like
    one from outside. What the first pass finds of a source, the second need not tell from background: it removes the
    background from the field less that of the sources known so far, and puts theirs back,

        local = B(total - D chi) + D chi,    chi = inverse of D (local),

    beginning with chi = 0. The true map would be at rest: what is left of the total field is background alone. The
    inverse is not exact, so a few passes are better than many; the methods page has numbers.

    Parameters
    ----------
    total : ndarray of float32, (x, y, z)
        Total field, ppm.
    mask : ndarray of bool, (x, y, z)
        Voxels with a measured field.
    weight : ndarray of float32, (x, y, z)
        Inverse standard deviation of the field up to a factor.
    voxel_size, b0_direction : array_like, (3,)
        As `dipole_kernel`.
    passes : int
        1 is background removal and inversion as published.
    background, inversion : dict
        Keyword arguments of `remove_background` and `invert`.

    Returns
    -------
    chi : ndarray of float32, (x, y, z)
        Susceptibility, ppm.
    local : ndarray of float32, (x, y, z)
        Field of the sources inside, ppm; 0 outside `kept`.
    kept : ndarray of bool, (x, y, z)
        Voxels of the mask with a trustworthy local field.
    about : dict of str to float
        What the last inversion says of itself.
    """
    grid = {"voxel_size": voxel_size, "b0_direction": b0_direction}
    kernel = dipole_kernel(total.shape, **grid)
    known = np.zeros_like(total)
    for done in range(1, passes + 1):
        local, kept = remove_background(total - known, mask, weight, **grid, **background)
        local += np.where(kept, known, np.float32(0))
        chi, about = invert(local, **grid, **inversion)
        if done < passes:
            spectrum = rfftn(np.where(kept, chi, np.float32(0)), workers=1)
            spectrum *= kernel
            known = irfftn(spectrum, s=total.shape, workers=1, overwrite_x=True)
    return chi, local, kept, about
