"""Several wrapped echoes to one field map.

Sign: phase = offset + 2 pi * gamma * B0 * field * echo time, with field in ppm; a paramagnetic source (positive ppm)
advances the phase on its axis along the main field.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from recohort.images.qsm.phase import TURN, neighbour_jumps, wrap
from recohort.images.qsm.unwrap import unwrap

GAMMA = 42.577478518
"""Proton gyromagnetic ratio over 2 pi, MHz/T (CODATA 2018)."""


@dataclass(frozen=True)
class FieldMap:
    """A field map and how well the echoes agree with it.

    Attributes
    ----------
    hertz : ndarray of float32, (x, y, z)
        Off-resonance; 0 outside the mask.
    weight : ndarray of float32, (x, y, z)
        Inverse standard deviation of `hertz` up to one factor, mean 1 within the mask; 0 outside.
    residual : ndarray of float32, (x, y, z)
        Root mean square over the echoes of measured less fitted phase, radians; 0 outside.
    qc : dict of str to float
        `neighbour_jumps`, `echo_residual`, `echo_outliers`; see the methods page.
    """

    hertz: np.ndarray
    weight: np.ndarray
    residual: np.ndarray
    qc: dict


def hertz_to_ppm(hertz, field_strength):
    """Off-resonance in hertz as a fraction of the main field (tesla), in ppm."""
    return hertz / np.float32(GAMMA * field_strength)


def fit_field(magnitude, phase, mask, *, echo_times, voxel_size, unwrapping, offset_removal):
    """Fit the off-resonance to all echoes.

    1. Offset (`mcpc-3d-s`, two echoes or more): the phase at echo time 0 from echoes 1 and 2, smoothed, is subtracted
       (Eckstein et al. 2018, doi:10.1002/mrm.26963, for one combined channel).
    2. One map is unwrapped in space, the phase that the field adds between echoes 1 and 2; each echo is then unwrapped
       in time, to within half a turn of what the echoes before it predict. The Laplacian method unwraps each echo.
    3. Least squares of phase on echo time, weighted by squared magnitude (the inverse variance of phase); through 0
       after offset removal, with an intercept without it.

    Parameters
    ----------
    magnitude : ndarray, (n_echo, x, y, z)
        Any unit.
    phase : ndarray of float32, (n_echo, x, y, z)
        Wrapped, radians.
    mask : ndarray of bool, (x, y, z)
        Voxels to fit.
    echo_times : sequence of float, (n_echo,)
        Seconds, increasing.
    voxel_size : array_like, (3,)
        Millimetres.
    unwrapping : dict
        `method`: `best_path` or `laplacian`.
    offset_removal : dict
        `method`: `mcpc-3d-s` or `none`; `smoothing_mm`: standard deviation of the smoothing.

    Returns
    -------
    FieldMap
    """
    times = np.asarray(echo_times, dtype=np.float32)
    weight = magnitude[:, mask].astype(np.float32) ** 2
    rate, start, origin = None, np.float32(0), np.float32(0)

    def in_space(volume):
        return unwrap(volume, mask, voxel_size=voxel_size, **unwrapping)[mask]

    if len(times) > 1:
        rate = in_space(wrap(phase[1] - phase[0])) / (times[1] - times[0])
    through_zero = offset_removal["method"] == "mcpc-3d-s" or len(times) == 1
    if through_zero and len(times) > 1:
        offset = phase[0][mask] - rate * times[0]
        strength = np.sqrt(weight[0] * weight[1])
        phase = wrap(phase - _smooth(offset, strength, mask, offset_removal["smoothing_mm"] / np.asarray(voxel_size)))
    else:
        start, origin = in_space(phase[0]), times[0]
    if unwrapping["method"] == "laplacian":
        unwrapped = _align(np.stack([in_space(echo) for echo in phase]), times, origin, start, rate)
    else:
        unwrapped = _unwrap_in_time(phase[:, mask], weight, times, origin, start, rate)
    slope, intercept, information = _least_squares(unwrapped, weight, times, through_zero=through_zero)
    residual = unwrapped - (intercept + slope * times[:, None])
    redundant = len(times) > (1 if through_zero else 2)
    certainty = np.sqrt(information)
    return FieldMap(
        hertz=_volume(slope / np.float32(TURN), mask),
        weight=_volume(certainty / max(float(certainty.mean()), np.finfo(np.float32).tiny), mask),
        residual=_volume(np.sqrt(np.mean(residual**2, axis=0)), mask),
        qc={
            "neighbour_jumps": max(neighbour_jumps(_volume(echo, mask), mask) for echo in unwrapped),
            "echo_residual": float(np.sqrt(np.mean(residual**2))) if redundant else float("nan"),
            "echo_outliers": float((np.abs(residual) > np.pi / 2).mean()) if redundant else float("nan"),
        },
    )


def _volume(row, mask):
    """Values of the mask's voxels put back in space."""
    volume = np.zeros(mask.shape, dtype=row.dtype)
    volume[mask] = row
    return volume


def _smooth(phase, weight, mask, sigma):
    """Phase of the mask's voxels smoothed as a weighted phasor, in space, reaching beyond the mask.

    At the mask's edge a mean is one-sided and flattens slopes. So the mean slope is taken out first, and a second pass
    smooths what the first left over.
    """
    smooth = np.zeros(mask.shape, dtype=np.float32)
    for _ in range(2):
        phasor = _volume(weight * np.exp(1j * (phase - smooth[mask])), mask)
        ramp = _mean_slope(phasor)
        phasor *= np.exp(-1j * ramp)
        smooth += np.angle(gaussian_filter(phasor, sigma, mode="constant", truncate=3)) + ramp
    return smooth


def _mean_slope(phasor):
    """The plane through voxel 0 with the phasor's mean phase step along each axis."""
    plane = np.zeros((1, 1, 1), dtype=np.float32)
    for axis, n in enumerate(phasor.shape):
        along = np.moveaxis(phasor, axis, 0)
        step = np.angle(np.sum(along[1:] * along[:-1].conj(), dtype=complex))
        plane = plane + np.float32(step) * np.expand_dims(np.arange(n, dtype=np.float32), tuple({0, 1, 2} - {axis}))
    return plane


def _unwrap_in_time(measured, weight, times, origin, start, rate):
    """Bring each echo to within half a turn of `start + rate * (time - origin)`; the rate learns from echo 3 on."""
    product, square = np.zeros_like(measured[0]), np.zeros_like(measured[0])
    unwrapped = np.empty_like(measured)
    for echo, (time, now) in enumerate(zip(times, measured, strict=True)):
        if time == origin:
            unwrapped[echo] = start
            continue
        if echo >= 2:
            rate = np.divide(product, square, out=rate.copy(), where=square > 0)
        predicted = start + rate * (time - origin)
        unwrapped[echo] = now + np.float32(TURN) * np.round((predicted - now) / np.float32(TURN))
        product += weight[echo] * (time - origin) * (unwrapped[echo] - start)
        square += weight[echo] * (time - origin) ** 2
    return unwrapped


def _align(unwrapped, times, origin, start, rate):
    """Move each whole echo by whole turns towards the prediction."""
    for time, echo in zip(times, unwrapped, strict=True):
        predicted = start if time == origin else start + rate * (time - origin)
        echo += np.float32(TURN) * np.round(np.median(predicted - echo) / np.float32(TURN))
    return unwrapped


def _least_squares(measured, weight, times, *, through_zero):
    """Slope, intercept and the slope's information (inverse variance up to a factor); plain where nothing weighs."""
    weight = np.where(weight.sum(axis=0) > 0, weight, np.float32(1))
    total = weight.sum(axis=0)
    mean_time = 0 if through_zero else (weight * times[:, None]).sum(axis=0) / total
    mean_phase = 0 if through_zero else (weight * measured).sum(axis=0) / total
    centred = times[:, None] - mean_time
    information = (weight * centred**2).sum(axis=0)
    slope = (weight * centred * (measured - mean_phase)).sum(axis=0) / information
    return slope, mean_phase - slope * mean_time, information
