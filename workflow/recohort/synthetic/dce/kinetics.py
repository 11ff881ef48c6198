"""The forward model: arterial concentration, tissue concentration of the extended Tofts model, spoiled gradient echo.

Nothing here is shared with what the images are measured by.
"""

import numpy as np

PARKER = {"area": (0.809, 0.330), "centre": (0.17046, 0.365), "width": (0.0563, 0.132)}
"""Two Gaussians: mmol min / L, min, min."""
WASHOUT = {"height": 1.050, "rate": 0.1685, "steepness": 38.078, "onset": 0.483}
"""Exponential times sigmoid: mmol / L, 1/min, 1/min, min."""


def arterial_concentration(seconds: np.ndarray) -> np.ndarray:
    """Return the mean concentration in the blood of an artery after the contrast arrived at 0 s, mmol/L.

    Parker GJM et al. Magn Reson Med 2006;56:993, equation 1 and table 1 (doi:10.1002/mrm.21066). Before 0 it is 0.
    """
    t = np.asarray(seconds, float) / 60
    total = WASHOUT["height"] * np.exp(-WASHOUT["rate"] * t)
    total = total / (1 + np.exp(np.clip(-WASHOUT["steepness"] * (t - WASHOUT["onset"]), -700, 700)))
    for area, centre, width in zip(*PARKER.values(), strict=True):
        total = total + area / (width * np.sqrt(2 * np.pi)) * np.exp(-((t - centre) ** 2) / (2 * width**2))
    return np.where(t > 0, total, 0.0)


def tissue_concentration(
    plasma: np.ndarray, *, step_s: float, every: int, vp: np.ndarray, ktrans: np.ndarray, ve: np.ndarray
) -> np.ndarray:
    """Return the concentration in tissue by the extended Tofts model, mmol/L.

    ``C(t) = vp cp(t) + ktrans integral cp(s) exp(-ktrans/ve (t - s)) ds`` (Tofts PS et al. J Magn Reson Imaging
    1999;10:223). The integral is exact for a plasma concentration that is linear between the points given.

    Parameters
    ----------
    plasma : ndarray, shape (points,)
        Concentration in the plasma, mmol/L, at a fine step.
    step_s : float
        Seconds between points.
    every : int
        A result is kept at every so many points, the first included.
    vp, ve : ndarray, shape (voxels,)
        Fractions.
    ktrans : ndarray, shape (voxels,)
        1/min.

    Returns
    -------
    ndarray, shape (voxels, kept)
    """
    rate = np.asarray(ktrans, float) / 60
    x = rate / np.asarray(ve, float) * step_s
    decay = np.exp(-x)
    small = x < 1e-4
    safe = np.where(small, 1.0, x)
    newer = np.where(small, 0.5 - x / 6, (safe - 1 + decay) / safe**2) * step_s
    older = np.where(small, 0.5 - x / 3, (1 - decay * (1 + safe)) / safe**2) * step_s
    stored = np.zeros(x.shape)
    kept = [stored]
    for point in range(1, len(plasma)):
        stored = decay * stored + older * plasma[point - 1] + newer * plasma[point]
        if point % every == 0:
            kept.append(stored)
    return np.asarray(vp, float)[:, None] * plasma[::every] + rate[:, None] * np.stack(kept, axis=1)


def spoiled_signal(m0, t10_s, concentration, *, r1: float, tr_s: float, flip_deg: float):
    """Return the signal of a spoiled gradient echo in its steady state, without T2* and inflow.

    Parameters
    ----------
    m0, t10_s : ndarray
        Signal of full magnetisation; T1 without contrast, s. They broadcast with the concentration.
    concentration : ndarray
        mmol/L.
    r1 : float
        Relaxivity, L/mmol/s.
    tr_s, flip_deg : float
        Repetition time, s; flip angle, degrees.
    """
    left = np.exp(-tr_s * (1 / t10_s + r1 * concentration))
    angle = np.radians(flip_deg)
    return m0 * np.sin(angle) * (1 - left) / (1 - np.cos(angle) * left)
