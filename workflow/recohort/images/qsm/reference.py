"""Susceptibility is known up to a constant; the reference says which."""

import numpy as np
from scipy.ndimage import label

from recohort.core.errors import InputError


def reference_value(
    chi, kept, *, csf, magnitude, echo_times, voxel_size, region, csf_r2star, csf_radius_mm, csf_minimum_voxels
):
    """Mean susceptibility of the reference region, to be subtracted.

    Parameters
    ----------
    chi : ndarray, (x, y, z)
        Susceptibility, ppm.
    kept : ndarray of bool, (x, y, z)
        Voxels with a trustworthy value.
    csf : ndarray of bool or None, (x, y, z)
        Cerebrospinal-fluid mask; without one it is found by `find_csf`.
    magnitude, echo_times, voxel_size
        As `find_csf`.
    region : {"whole_brain", "csf", "none"}
        `whole_brain` is every kept voxel, lesions included.
    csf_r2star, csf_radius_mm
        As `find_csf`.
    csf_minimum_voxels : int
        Fewer voxels are no reference.

    Returns
    -------
    value : float
        ppm; 0 for `none`.
    count : int
        Voxels averaged.

    Raises
    ------
    InputError
        When the cerebrospinal fluid cannot be found or is too small.
    """
    if region == "none":
        return 0.0, 0
    if region == "csf":
        if csf is None:
            csf = find_csf(
                magnitude,
                kept,
                echo_times=echo_times,
                voxel_size=voxel_size,
                csf_r2star=csf_r2star,
                csf_radius_mm=csf_radius_mm,
            )
        where = csf & kept
        if where.sum() < csf_minimum_voxels:
            raise InputError(
                f"the reference region csf has {where.sum()} kept voxels, expected at least {csf_minimum_voxels}: "
                "give a csf mask or set images.reference.region: whole_brain"
            )
    else:
        where = kept
    return float(chi[where].mean(dtype=float)), int(where.sum())


def find_csf(magnitude, kept, *, echo_times, voxel_size, csf_r2star, csf_radius_mm):
    """Find ventricular fluid: slow decay near the middle of the brain, the three largest parts.

    After Liu et al. 2018, doi:10.1002/mrm.26946.

    Parameters
    ----------
    magnitude : ndarray, (n_echo, x, y, z)
        Any unit.
    kept : ndarray of bool, (x, y, z)
        Voxels to look in.
    echo_times : sequence of float, (n_echo,)
        Seconds.
    voxel_size : array_like, (3,)
        Millimetres.
    csf_r2star : float
        Fluid decays slower than this, 1/s.
    csf_radius_mm : float
        Distance from the centre of the kept voxels within which to look.

    Returns
    -------
    ndarray of bool, (x, y, z)

    Raises
    ------
    InputError
        When there are fewer than three echoes.
    """
    if len(echo_times) < 3:
        raise InputError(
            f"the reference region csf needs a decay rate, found {len(echo_times)} echoes, expected three or more: "
            "give a csf mask or set images.reference.region: whole_brain"
        )
    grid = np.indices(kept.shape, sparse=True)
    centre = [axis.mean() for axis in np.nonzero(kept)]
    distance2 = sum(((g - c) * edge) ** 2 for g, c, edge in zip(grid, centre, voxel_size, strict=True))
    middle = kept & (distance2 <= csf_radius_mm**2)
    slow = np.zeros_like(kept)
    slow[middle] = r2_star(magnitude[:, middle], echo_times) < csf_r2star
    parts, count = label(slow)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    sizes[0] = 0
    largest = np.argsort(sizes, kind="stable")[::-1][: min(3, count)]
    return np.isin(parts, largest)


def r2_star(magnitude, echo_times):
    """Decay rate (1/s) by a straight line through log magnitude, weighted by its inverse variance, magnitude squared.

    Parameters
    ----------
    magnitude : ndarray, (n_echo, n)
        Any unit.
    echo_times : sequence of float, (n_echo,)
        Seconds.

    Returns
    -------
    ndarray, (n,)
        Infinite where there is no signal.
    """
    signal = np.maximum(magnitude.astype(float), np.finfo(np.float32).tiny)
    times = np.asarray(echo_times, dtype=float)[:, None]
    weight = signal**2
    total = weight.sum(axis=0)
    centred = times - (weight * times).sum(axis=0) / total
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = -(weight * centred * np.log(signal)).sum(axis=0) / (weight * centred**2).sum(axis=0)
    return np.where((magnitude > 0).all(axis=0), rate, np.inf)
