"""T1 without contrast from spoiled gradient echoes of several flip angles."""

import numpy as np

STEPS, REFINEMENTS = 64, 6
"""T1 that are tried between the limits, at equal ratios; Gauss-Newton steps from the best of them."""


def t1_from_flip_angles(signals, flip_angles, *, tr: float, fit: str, limits_s) -> np.ndarray:
    """T1 of every voxel from a series of flip angles; B1 is taken as nominal.

    Parameters
    ----------
    signals : array_like, (voxels, angles)
        Arbitrary units.
    flip_angles : array_like, (angles,)
        Degrees.
    tr : float
        Repetition time, s.
    fit : {"nonlinear", "linear"}
        Least squares of the signal, or of the straight line ``S / sin(a) = E S / tan(a) + M (1 - E)`` (Deoni et al
        2003, doi 10.1002/mrm.10407), which noise biases.
    limits_s : sequence of 2 float
        Shortest and longest T1 that are believed, s.

    Returns
    -------
    ndarray of float, (voxels,)
        Seconds; NaN where no T1 within the limits fits, or a signal is not finite or not positive.
    """
    signals = np.asarray(signals, dtype=float)
    angles = np.deg2rad(np.asarray(flip_angles, dtype=float))
    usable = (np.isfinite(signals) & (signals > 0)).all(axis=1)
    found = FITS[fit](np.where(usable[:, None], signals, 1.0), angles, tr, limits_s)
    with np.errstate(invalid="ignore"):
        believed = usable & (found > limits_s[0]) & (found < limits_s[1])
    return np.where(believed, found, np.nan)


def _linear(signals, angles, tr, limits_s):
    x, y = signals / np.tan(angles), signals / np.sin(angles)
    x = x - x.mean(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (x * y).sum(axis=1) / (x * x).sum(axis=1)
        return -tr / np.log(np.where((slope > 0) & (slope < 1), slope, np.nan))


def _nonlinear(signals, angles, tr, limits_s):
    """Least squares in T1 alone: the amplitude that fits best is known for each (variable projection)."""
    tried = np.geomspace(*limits_s, STEPS)
    shapes = _shape(tried, angles, tr)[0]
    shapes /= np.linalg.norm(shapes, axis=1, keepdims=True)
    best = np.argmax(signals @ shapes.T, axis=1)
    inside = (best > 0) & (best < STEPS - 1)
    log_t1, width = np.log(tried[best]), np.log(tried[1] / tried[0])
    low, high = log_t1 - width, log_t1 + width
    for _ in range(REFINEMENTS):
        shape, slope = _shape(np.exp(log_t1), angles, tr)
        size = (shape * shape).sum(axis=1)
        amplitude = (signals * shape).sum(axis=1) / size
        residual = signals - amplitude[:, None] * shape
        direction = amplitude[:, None] * (slope - ((slope * shape).sum(axis=1) / size)[:, None] * shape)
        log_t1 = np.clip(log_t1 + (direction * residual).sum(axis=1) / (direction**2).sum(axis=1), low, high)
    return np.where(inside, np.exp(log_t1), np.nan)


def _shape(t1, angles, tr):
    """Signal per amplitude and its derivative by log T1, each (t1, angles)."""
    left = np.exp(-tr / t1)[:, None]
    below = 1 - np.cos(angles) * left
    shape = np.sin(angles) * (1 - left) / below
    slope = np.sin(angles) * (np.cos(angles) - 1) / below**2 * left * (tr / t1)[:, None]
    return shape, slope


FITS = {"nonlinear": _nonlinear, "linear": _linear}
