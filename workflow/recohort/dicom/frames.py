"""The frames of a dynamic series: which planes are taken at one time, and when."""

from collections import Counter
from collections.abc import Callable

import numpy as np

from recohort.core.errors import InputError
from recohort.dicom.headers import Plane
from recohort.dicom.parts import Part

SOURCES: dict[str, Callable[[Plane], float | None]] = {
    "AcquisitionTime": lambda plane: plane.acquired,
    "TriggerTime": lambda plane: plane.trigger,
    "TemporalPositionIdentifier": lambda plane: _by_index(plane),
    "ContentTime": lambda plane: plane.content,
}
"""Element -> time of a plane, s."""
AUTOMATIC = ("AcquisitionTime", "TriggerTime", "TemporalPositionIdentifier")
"""Tried in this order; ContentTime is often that of the reconstruction and must be asked for."""
LONG_GAP = 1.5
"""A step between frames longer than this many usual steps may hide a missing frame."""


def frames_of(part: Part, *, time: str) -> tuple[list[list[Plane]], list[float], str]:
    """Return the planes of each frame in order of time, the frames' times, and what a reader should know.

    Parameters
    ----------
    part : Part
        A dynamic series.
    time : str
        ``auto`` or a key of `SOURCES`.

    Returns
    -------
    frames : list of list of Plane
        Each with one plane per position, in the order of the positions.
    times : list of float
        Start of each frame, s after that of the first; the earliest time of its planes.
    note : str
        Which element the times come from, and whether they are uneven.

    Raises
    ------
    InputError
        An image is missing, or no element tells the frames apart.
    """
    _complete(part)
    for source in AUTOMATIC if time == "auto" else (time,):
        if (found := _sorted(part, SOURCES[source])) is not None:
            break
    else:
        tried = ", ".join(AUTOMATIC) if time == "auto" else time
        raise InputError(f"{tried}: no such element tells its {part.volumes} frames apart, one after the other")
    frames, starts = found
    _agree(frames)
    times = [round(float(start - starts[0]), 6) for start in starts]
    return frames, times, _even(frames, np.array(times), source)


def _complete(part):
    counts = Counter(len(planes) for planes in part.positions)
    usual = max(counts, key=lambda count: (counts[count], count))
    if len(counts) > 1:
        others = ", ".join(f"{counts[n]} with {n}" for n in sorted(counts) if n != usual)
        raise InputError(
            f"{counts[usual]} of its {part.slices} slices have {usual} frames, {others}: images are missing or double"
        )
    declared = {plane.scan.temporal_positions for plane in part.planes} - {None}
    if len(declared) == 1 and (said := declared.pop()) not in (usual, 1):
        raise InputError(f"it has {usual} frames and its NumberOfTemporalPositions is {said}: frames are missing")
    indices = {plane.temporal for plane in part.planes}
    if None not in indices and len(indices) > 1:
        missing = sorted(set(range(min(indices), max(indices) + 1)) - indices)
        if missing:
            raise InputError(f"temporal position {', '.join(map(str, missing))} is missing")


def _sorted(part, when):
    """Frames and their starts, or None where these times do not tell them apart one after the other."""
    values = [[when(plane) for plane in planes] for planes in part.positions]
    if any(value is None for row in values for value in row):
        return None
    times = np.array(values)
    order = np.argsort(times, axis=1, kind="stable")
    times = np.take_along_axis(times, order, axis=1)
    if (times[:, 1:] <= times[:, :-1]).any() or (times[:, 1:].min(axis=0) <= times[:, :-1].max(axis=0)).any():
        return None
    columns = [[part.positions[row][index] for row, index in enumerate(column)] for column in order.T]
    return columns, times.min(axis=0)


def _agree(frames):
    indices = [{plane.temporal for plane in frame} for frame in frames]
    known = {index for found in indices for index in found}
    if None in known or len(known) < 2:
        return
    if any(len(found) > 1 for found in indices) or [min(found) for found in indices] != sorted(known):
        raise InputError("the times of its frames and their temporal positions give two orders, expected one")


def _even(frames, times, source):
    steps = np.diff(times)
    if not len(steps):
        return f"times from {source}"
    usual = float(np.median(steps))
    numbers = sorted(plane.instance for frame in frames for plane in frame)
    lost = len(set(numbers)) == len(numbers) and numbers[-1] - numbers[0] + 1 > len(numbers)
    if steps.max() > LONG_GAP * usual and lost:
        at = int(steps.argmax())
        raise InputError(
            f"frames {at + 1} and {at + 2} are {steps[at]:.4g} s apart, the others {usual:.4g} s, and instance numbers "
            "are skipped: a frame may be missing"
        )
    if steps.max() - steps.min() > 0.1 * usual:
        return f"times from {source}, {steps.min():.4g} to {steps.max():.4g} s apart"
    return f"times from {source}, every {usual:.4g} s"


def _by_index(plane):
    if plane.temporal is None or not plane.scan.temporal_resolution:
        return None
    return (plane.temporal - 1) * plane.scan.temporal_resolution / 1000
