"""Phase as files store it, turned into radians.

Scanners and converters store one turn as 2 pi radians, 4096 or 8192 grey levels, or at an odd scale. A wrong guess
scales every susceptibility, so a convention is taken only when the data fill its range, and an odd scale only when the
data prove that their range is a turn: where wrapped phase is smooth, neighbours differ by little or by nearly a turn.
"""

from dataclasses import dataclass

import numpy as np

from recohort.core.errors import InputError

TURN = 2 * np.pi

_CONVENTIONS = {
    "radians": (-np.pi, np.pi),
    "0..4095": (0, 4096),
    "-4096..4096": (-4096, 4096),
    "-2048..2047": (-2048, 2048),
}
"""Name to the two ends of one turn."""

_FILLED = 0.95
"""Part of a convention's range that the data must span to be recognised; +-3142 is not taken for +-4096."""

_SLACK = 5e-4
"""Part of the range by which rounding may overshoot a convention's ends."""

_VISIBLE = 0.01
"""Part of a declared range that measured phase must span at the least."""


@dataclass(frozen=True)
class PhaseScale:
    """How stored numbers become radians: `factor * stored + offset`, wrapped."""

    units: str
    factor: float
    offset: float

    def radians(self, stored):
        """Phase in (-pi, pi] as float32."""
        phase = np.multiply(stored, np.float32(self.factor), dtype=np.float32)
        phase += np.float32(self.offset)
        return wrap(phase)


def wrap(phase):
    """Phase in radians brought to [-pi, pi]; float32 stays float32."""
    return phase - np.float32(TURN) * np.round(phase / np.float32(TURN))


def phase_scale(stored, mask, *, units, polarity):
    """Find the scale of stored phase, or check the one that is given.

    Parameters
    ----------
    stored : array_like, (n_echo, x, y, z)
        Phase as stored.
    mask : ndarray of bool, (x, y, z)
        Where phase is smooth enough to show its wraps.
    units : {"auto", "radians", "0..4095", "-4096..4096", "-2048..2047", "full_range"}
        `full_range` declares that the smallest to the largest stored value is one turn.
    polarity : {1, -1}
        1 when phase grows with time where the field is stronger (paramagnetic is positive), -1 when it falls.

    Returns
    -------
    PhaseScale
        With `units` as recognised.

    Raises
    ------
    InputError
        When an echo is constant or holds values that are not finite, when the values leave the given units or fill
        next to nothing of them, or when `auto` recognises nothing.
    """
    ends = np.array([(echo.min(), echo.max()) for echo in stored], dtype=float)
    for number, (lowest, highest) in enumerate(ends, start=1):
        if not np.isfinite(lowest + highest):
            count = int((~np.isfinite(stored[number - 1])).sum())
            raise InputError(f"phase of echo {number} has {count} voxels that are not finite, expected none")
        if lowest == highest:
            raise InputError(f"phase of echo {number} is {lowest:g} everywhere, expected a measured phase")
    low, high = ends[:, 0].min(), ends[:, 1].max()
    found = _recognise(stored, mask, low, high) if units == "auto" else units
    if found == "full_range":
        start, stop = low, high
    else:
        start, stop = _CONVENTIONS[found]
        if not _inside(low, high, *_allowed(found)) or high - low < _VISIBLE * (stop - start):
            raise InputError(f"phase spans {low:.6g} to {high:.6g}, expected images.phase.units {found}")
    factor = TURN / (stop - start)
    return PhaseScale(found, float(polarity * factor), float(-polarity * factor * (start + stop) / 2))


def _allowed(units):
    """Ends within which stored values must lie; radians may be written from 0 to 2 pi as well."""
    return (-TURN, TURN) if units == "radians" else _CONVENTIONS[units]


def _inside(low, high, start, stop):
    slack = _SLACK * (stop - start)
    return low >= start - slack and high <= stop + slack


def _recognise(stored, mask, low, high):
    turns = [*_CONVENTIONS.items(), ("radians", (0, TURN))]
    for name, (start, stop) in turns:
        if _inside(low, high, start, stop) and high - low >= _FILLED * (stop - start):
            return name
    if _proves_full_turn(stored, mask, high - low):
        return "full_range"
    if _inside(low, high, -np.pi, np.pi) and high - low >= np.pi:
        return "radians"
    raise InputError(
        f"phase spans {low:.6g} to {high:.6g}, which fits no known scale and shows no wraps that would prove a turn: "
        "expected images.phase.units to say how phase is stored"
    )


def _proves_full_turn(stored, mask, extent):
    """Whether neighbours jump by nearly the whole extent, and do so more often than by about half of it."""
    pairs = half = whole = 0
    for echo in stored:
        for step in _neighbour_steps(np.asarray(echo), mask):
            step = np.abs(step) / extent
            pairs += step.size
            half += int(((step > 0.4) & (step < 0.6)).sum())
            whole += int((step > 0.8).sum())
    return whole >= max(10, 1e-4 * pairs) and whole > 2 * half


def _neighbour_steps(image, mask):
    for axis in range(3):
        first, second = [slice(None)] * 3, [slice(None)] * 3
        first[axis], second[axis] = slice(None, -1), slice(1, None)
        first, second = tuple(first), tuple(second)
        both = mask[first] & mask[second]
        yield image[second][both] - image[first][both].astype(float)


def neighbour_jumps(unwrapped, mask):
    """Fraction of neighbouring pairs within the mask whose unwrapped phases are more than pi apart.

    Parameters
    ----------
    unwrapped : ndarray, (x, y, z)
        Unwrapped phase, radians.
    mask : ndarray of bool, (x, y, z)
        Voxels looked at; pairs along the three axes.

    Returns
    -------
    float
        0 is a smooth map; NaN when the mask has no pair.
    """
    far = pairs = 0
    for step in _neighbour_steps(unwrapped, mask):
        pairs += step.size
        far += int((np.abs(step) > np.pi).sum())
    return far / pairs if pairs else float("nan")
