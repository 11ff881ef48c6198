"""Whether a T1w is one on which vertebral bone quality can be measured."""

from typing import NamedTuple

import numpy as np
from nibabel.orientations import io_orientation

from recohort.images.geometry import voxel_size

THICK = 1.5
"""An edge this much longer than the shortest is that of the slices."""
FIELD_T = 0.1
"""A scanner of 3 T says 2.89 to 3."""


class Acquisition(NamedTuple):
    """What a T1w's sidecar says; NaN where it says nothing.

    Attributes
    ----------
    tr_ms, te_ms, field_t : float
        Repetition time, echo time, field strength.
    """

    tr_ms: float
    te_ms: float
    field_t: float

    @classmethod
    def of(cls, sidecar: dict) -> "Acquisition":
        """Read a BIDS sidecar, whose times are in seconds."""
        keys = {"RepetitionTime": 1000, "EchoTime": 1000, "MagneticFieldStrength": 1}
        return cls(*(_number(sidecar.get(key), factor) for key, factor in keys.items()))


def outside(sidecar: dict, *, tr_ms, te_ms, field_t) -> list[str]:
    """Return what of an acquisition is outside the window or unknown, a sentence each.

    Parameters
    ----------
    sidecar : dict
        Of the T1w.
    tr_ms, te_ms : sequence of 2 float
        Shortest and longest.
    field_t : sequence of float
        Field strengths that are taken; empty takes any.
    """
    seen, found = Acquisition.of(sidecar), []
    for name, key, value, (low, high) in (
        ("TR", "RepetitionTime", seen.tr_ms, tr_ms),
        ("TE", "EchoTime", seen.te_ms, te_ms),
    ):
        if np.isnan(value):
            found.append(f"the T1w's sidecar has no {key}, expected {low / 1000:g} to {high / 1000:g} s")
        elif not low <= value <= high:
            found.append(f"the T1w has {name} {value:g} ms, expected {low:g} to {high:g} ms")
    if field_t and np.isnan(seen.field_t):
        found.append(f"the T1w's sidecar has no MagneticFieldStrength, expected {_or(field_t)} T")
    elif field_t and min(abs(seen.field_t - field) for field in field_t) > FIELD_T * seen.field_t:
        found.append(f"the T1w is of {seen.field_t:g} T, expected {_or(field_t)} T")
    return found


def check_shape(shape, affine) -> list[str]:
    """Return what the grid of a T1w says against it, a sentence each: no volume, or slices that are not sagittal."""
    if len(shape) != 3:
        return [f"the T1w has {len(shape)} dimensions ({' x '.join(map(str, shape))}), expected 3: one volume"]
    size = voxel_size(affine)
    across = int(io_orientation(affine)[:, 0].tolist().index(0))
    if size.max() > THICK * size.min() and size.argmax() != across:
        edges = " x ".join(f"{edge:.3g}" for edge in size)
        return [f"the T1w has voxels of {edges} mm, thickest not from left to right; expected sagittal slices"]
    return []


def _number(value: object, factor: float) -> float:
    return float(value) * factor if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")


def _or(fields) -> str:
    return " or ".join(f"{field:g}" for field in fields)
