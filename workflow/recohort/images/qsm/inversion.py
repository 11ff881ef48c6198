"""Local field to susceptibility."""

import numpy as np
from scipy.fft import irfftn, rfftn

from recohort.images.qsm.dipole import dipole_kernel, frequencies


def invert(
    field,
    *,
    voxel_size,
    b0_direction,
    method,
    threshold,
    l2_regularisation,
    tv_regularisation,
    iterations,
    tolerance,
):
    """Invert by the named method: `tkd`, `l2` or `tv`; see these.

    Parameters
    ----------
    field : ndarray of float32, (x, y, z)
        Local field, ppm; 0 where it is not known.
    voxel_size, b0_direction : array_like, (3,)
        As `dipole_kernel`.

    Returns
    -------
    chi : ndarray of float32, (x, y, z)
        Susceptibility, ppm, of mean 0 over the whole volume.
    about : dict of str to float
        What the method says of itself.
    """
    kernel = dipole_kernel(field.shape, voxel_size=voxel_size, b0_direction=b0_direction)
    if method == "tkd":
        return tkd(field, kernel, threshold=threshold)
    gradient = gradient_power(field.shape, voxel_size)
    if method == "l2":
        return l2(field, kernel, gradient, l2_regularisation=l2_regularisation)
    return tv(
        field,
        kernel,
        gradient,
        voxel_size=voxel_size,
        tv_regularisation=tv_regularisation,
        iterations=iterations,
        tolerance=tolerance,
    )


def tkd(field, kernel, *, threshold):
    """Thresholded k-space division, corrected for the peak of its point spread.

    Division by D where |D| > threshold, by sign(D) * threshold elsewhere (Shmueli et al. 2009, doi:10.1002/mrm.22135).
    This loses a known part of every source: the peak of the point-spread function, the mean over k-space of D times
    the inverse kernel, by which the map is divided (Schweser et al. 2013, doi:10.1002/mrm.24405).

    Parameters
    ----------
    field : ndarray of float32, (x, y, z)
        Local field, ppm.
    kernel : ndarray of float32, (x, y, z // 2 + 1)
        As `dipole_kernel`.
    threshold : float
        Between 0 and 2/3.

    Returns
    -------
    chi, about
        As `invert`; `psf_peak` is the divisor.
    """
    inverse = np.sign(kernel) / np.maximum(np.abs(kernel), np.float32(threshold))
    peak = _spectral_mean(kernel * inverse, field.shape)
    inverse /= np.float32(peak)
    spectrum = rfftn(field, workers=1)
    spectrum *= inverse
    return irfftn(spectrum, s=field.shape, workers=1, overwrite_x=True), {"psf_peak": peak}


def l2(field, kernel, gradient, *, l2_regularisation):
    """Closed-form inversion with a gradient penalty: chi = D f / (D^2 + lambda |E|^2) in k-space.

    Bilgic et al. 2014, doi:10.1002/jmri.24365. k = 0, which is 0/0, is 0.
    The penalty shrinks small structures; that is no point-spread loss and is not corrected.

    Parameters
    ----------
    field, kernel
        As `tkd`.
    gradient : ndarray of float32, (x, y, z // 2 + 1)
        As `gradient_power`.
    l2_regularisation : float
        Weight of the penalty, per squared millimetre of gradient.

    Returns
    -------
    chi, about
        As `invert`.
    """
    system = kernel**2 + np.float32(l2_regularisation) * gradient
    system[0, 0, 0] = np.inf
    spectrum = rfftn(field, workers=1)
    spectrum *= kernel / system
    return irfftn(spectrum, s=field.shape, workers=1, overwrite_x=True), {}


_PENALTY = 100
"""Ratio of the splitting penalty to the weight of the total variation; it sets the speed, not the solution."""


def tv(field, kernel, gradient, *, voxel_size, tv_regularisation, iterations, tolerance):
    """Total variation: the least of 1/2 |D chi - f|^2 + lambda |grad chi|_1.

    Alternating directions (split Bregman), each step closed in k-space: Bilgic et al. 2014, doi:10.1002/mrm.25029.
    With u the scaled multiplier and v = u + grad chi, shrinkage leaves v - u' where u' is v clipped to +-lambda/mu, so
    only u is kept. Not to be corrected for a point spread.

    Parameters
    ----------
    field, kernel, gradient
        As `l2`.
    voxel_size : array_like, (3,)
        Millimetres.
    tv_regularisation : float
        lambda, ppm millimetres.
    iterations : int
        At most so many.
    tolerance : float
        Stop when the map's relative change falls to this.

    Returns
    -------
    chi, about
        As `invert`; `iterations` done and the last relative `change`.
    """
    penalty = np.float32(_PENALTY * tv_regularisation)
    limit = np.float32(1 / _PENALTY)
    edges = [np.float32(edge) for edge in voxel_size]
    system = kernel**2 + penalty * gradient
    system[0, 0, 0] = np.inf
    data = rfftn(field, workers=1) * kernel
    chi = np.zeros_like(field)
    dual = np.zeros((3, *field.shape), dtype=np.float32)
    divergence = np.zeros_like(field)
    done, change = 0, float("inf")
    while done < iterations and change > tolerance:
        spectrum = rfftn(divergence, workers=1)
        spectrum *= penalty
        spectrum += data
        spectrum /= system
        update = irfftn(spectrum, s=field.shape, workers=1, overwrite_x=True)
        np.subtract(update, chi, out=chi)
        change = float(np.linalg.norm(chi) / max(np.linalg.norm(update), np.finfo(np.float32).tiny))
        chi = update
        divergence[:] = 0
        for axis, edge in enumerate(edges):
            split = dual[axis] + _difference(chi, axis, 1) / edge
            np.clip(split, -limit, limit, out=dual[axis])
            split -= 2 * dual[axis]
            divergence -= _difference(split, axis, -1) / edge
        done += 1
    return chi, {"iterations": float(done), "change": change}


def gradient_power(shape, voxel_size):
    """Squared magnitude of the forward difference (1/mm^2) on the half spectrum, summed over the axes."""
    power = np.zeros((1, 1, 1), dtype=np.float32)
    for wave, edge in zip(frequencies(shape, voxel_size), voxel_size, strict=True):
        power = power + (2 - 2 * np.cos(2 * np.pi * wave * np.float32(edge))) / np.float32(edge**2)
    return power.astype(np.float32)


def _difference(image, axis, direction):
    """Periodic forward (1) or backward (-1) difference; the second is minus the transpose of the first."""
    step = np.roll(image, -direction, axis=axis)
    step -= image
    return step if direction == 1 else np.negative(step, out=step)


def _spectral_mean(half, shape):
    """Mean over the full spectrum of a real even function known on its half."""
    total = 2 * half.sum(dtype=float) - half[..., 0].sum(dtype=float)
    if shape[2] % 2 == 0:
        total -= half[..., -1].sum(dtype=float)
    return float(total / np.prod(shape))
