"""Signal of a spoiled gradient echo to the concentration of contrast medium."""

import numpy as np

from recohort.core.errors import InputError

RISE = 0.1
"""Contrast has arrived where the curve is this share of its highest rise above the baseline."""

FEWEST = 2
"""Frames before the contrast: one alone cannot be told from the rise."""


def spoiled_signal(rate, *, tr: float, flip_angle: float):
    """Steady-state signal of a spoiled gradient echo over that of full relaxation at 90 degrees, without T2* decay.

    Parameters
    ----------
    rate : array_like
        R1, 1/s.
    tr : float
        Repetition time, s.
    flip_angle : float
        Degrees.

    Returns
    -------
    ndarray
        ``sin(a) (1 - E) / (1 - cos(a) E)``, ``E = exp(-tr rate)`` (Ernst and Anderson 1966, doi 10.1063/1.1719961).
    """
    angle = np.deg2rad(flip_angle)
    recovered = -np.expm1(-tr * np.asarray(rate, dtype=float))
    return np.sin(angle) * recovered / (1 - np.cos(angle) * (1 - recovered))


def to_concentration(
    signal, t10, *, tr: float, flip_angle: float, method: str, r1: float, baseline_frames: int, skip_first: int
):
    """Concentration of contrast medium over time.

    The signal without contrast is the mean of the frames ``skip_first`` to ``baseline_frames``; its ratio to each frame
    gives R1 (``spgr``, the inverse of `spoiled_signal`) or, to first order in R1, its change (``linear``).

    Parameters
    ----------
    signal : array_like, (..., frames)
        Arbitrary units.
    t10 : array_like, (...)
        T1 without contrast, s.
    tr, flip_angle : float
        Seconds, degrees.
    method : {"spgr", "linear"}
        How the ratio becomes a concentration.
    r1 : float
        Relaxivity, 1/s per mM.
    baseline_frames : int
        Frames before the contrast arrives, those skipped included.
    skip_first : int
        Frames at the start that do not count to the baseline, as the magnetisation is not yet steady.

    Returns
    -------
    ndarray of float, (..., frames)
        mM. NaN where the baseline is not positive, T1 is missing, or (``spgr``) no R1 gives so high a signal.
    """
    signal = np.asarray(signal, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.asarray(1 / np.asarray(t10, dtype=float))[..., None]
        before = signal[..., skip_first:baseline_frames].mean(axis=-1, keepdims=True)
        ratio = signal / np.where(before > 0, before, np.nan)
        usual = spoiled_signal(rate, tr=tr, flip_angle=flip_angle)
        if method == "linear":
            return (ratio - 1) / (r1 * _slope(rate, tr=tr, flip_angle=flip_angle) / usual)
        angle = np.deg2rad(flip_angle)
        part = ratio * usual / np.sin(angle)
        left = np.where(part < 1, (1 - part) / (1 - np.cos(angle) * part), np.nan)
        return (-np.log(left) / tr - rate) / r1


def _slope(rate, *, tr: float, flip_angle: float):
    """Derivative of `spoiled_signal` by R1, s."""
    angle = np.deg2rad(flip_angle)
    left = np.exp(-tr * rate)
    return np.sin(angle) * (1 - np.cos(angle)) * tr * left / (1 - np.cos(angle) * left) ** 2


def find_arrival(curve, *, skip_first: int) -> int:
    """Index of the first frame with contrast, on the curve of an artery or a tumour.

    From the frame where the curve has risen half way to its peak, back to where it is no higher than `RISE` of the way
    above the median of what came before.

    Parameters
    ----------
    curve : array_like, (frames,)
        Signal or concentration.
    skip_first : int
        Frames at the start that are not looked at.
    """
    curve = np.asarray(curve, dtype=float)
    seen = curve[skip_first:]
    peak = int(np.argmax(seen))
    half = int(np.argmax(seen[: peak + 1] >= (seen[: peak + 1].min() + seen[peak]) / 2))
    before = float(np.median(seen[: max(half, 1)]))
    limit = before + RISE * (seen[peak] - before)
    while half > 0 and seen[half - 1] > limit:
        half -= 1
    return half + skip_first


def baseline(curve, *, baseline_frames: int | None, skip_first: int, what: str) -> int:
    """Frames that come before the contrast, those skipped included.

    Parameters
    ----------
    curve : array_like, (frames,)
        Mean signal of what enhances.
    baseline_frames : int or None
        A given number, which is compared with the curve; None finds it on the curve, and leaves out the frame before
        the arrival, in which there may be a little contrast.
    skip_first : int
        Frames at the start that do not count.
    what : str
        What the curve is of, for the sentence.

    Raises
    ------
    InputError
        Fewer than `FEWEST` frames are left before the contrast arrives, or it arrives within those given.
    """
    arrival = find_arrival(curve, skip_first=skip_first)
    if baseline_frames is not None and arrival < baseline_frames:
        raise InputError(
            f"contrast arrives in {what} with frame {arrival + 1}, expected none within the {baseline_frames} "
            "frames of images.concentration.baseline_frames"
        )
    if baseline_frames is None and arrival < skip_first + FEWEST:
        raise InputError(
            f"contrast arrives in {what} with frame {arrival + 1}, expected at least {FEWEST} frames before it that "
            f"are not among the {skip_first} skipped"
        )
    if baseline_frames is not None:
        return baseline_frames
    return arrival - 1 if arrival > skip_first + FEWEST else arrival
