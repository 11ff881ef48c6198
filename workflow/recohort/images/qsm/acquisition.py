"""One subject's acquisition, checked on headers and sidecars before any voxel is read."""

from itertools import pairwise

import numpy as np

from recohort.images.geometry import grid_difference

_LONGEST_ECHO_TIME = 1.0
"""Seconds. No gradient echo is read later than this; a larger number is in milliseconds."""

_FIELD_TOLERANCE = 0.01
"""Relative difference between the field strengths of two echoes that is still one scanner's rounding."""


def check_acquisition(magnitude, phase, sidecars, masks):
    """Find everything that would stop a reconstruction.

    Parameters
    ----------
    magnitude, phase : dict of int to image
        Echo number to anything with `shape` and `affine` (a nibabel image; nothing is loaded).
    sidecars : dict of int to dict
        Echo number to the JSON sidecar of its phase image (BIDS: `EchoTime`, seconds; `MagneticFieldStrength`, tesla).
    masks : dict of str to image
        What a sentence shall call the mask ("brain mask", "lesion mask") to the mask.

    Returns
    -------
    list of str
        One sentence per finding, all of them; empty when the acquisition can be reconstructed.
    """
    if not magnitude and not phase:
        return ["no magnitude and no phase image was found, expected one of each per echo"]
    return [
        *_echoes(magnitude, phase),
        *_grids(magnitude, phase, masks),
        *_echo_times(set(magnitude) | set(phase), sidecars),
        *_field_strength(set(magnitude) | set(phase), sidecars),
    ]


def echo_times(sidecars):
    """Echo times in seconds in the order of the echoes, from sidecars that `check_acquisition` passed."""
    return tuple(float(sidecars[echo]["EchoTime"]) for echo in sorted(sidecars))


def field_strength(sidecars):
    """Field strength in tesla, from sidecars that `check_acquisition` passed."""
    return float(sidecars[min(sidecars)]["MagneticFieldStrength"])


def _echoes(magnitude, phase):
    for echo in sorted(set(magnitude) ^ set(phase)):
        found, missing = ("magnitude", "phase") if echo in magnitude else ("phase", "magnitude")
        yield f"echo {echo} has a {found} image but no {missing} image, expected both"
    present = set(magnitude) | set(phase)
    for echo in sorted(set(range(1, max(present) + 1)) - present):
        listed = ", ".join(map(str, sorted(present)))
        yield f"echo {echo} is missing: found echoes {listed}, expected them without a gap from 1"


def _grids(magnitude, phase, masks):
    images = {f"phase of echo {echo}": phase[echo] for echo in sorted(phase)}
    images |= {f"magnitude of echo {echo}": magnitude[echo] for echo in sorted(magnitude)}
    reference, first = next(iter(images.items()))
    for name, image in (images | masks).items():
        if len(image.shape) != 3:
            yield f"{name} has {len(image.shape)} dimensions, expected 3"
        elif image is not first and len(first.shape) == 3:
            difference = grid_difference(image.shape, image.affine, first.shape, first.affine)
            if difference:
                yield f"{name} is on another grid than {reference} ({difference}), expected the same grid"


def _number(value):
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and np.isfinite(value) and value > 0


def _echo_times(echoes, sidecars):
    times = {}
    for echo in sorted(echoes):
        value = sidecars.get(echo, {}).get("EchoTime")
        if not _number(value):
            yield f"EchoTime of echo {echo} is {_found(value)}, expected a positive number of seconds"
        elif value > _LONGEST_ECHO_TIME:
            yield f"EchoTime of echo {echo} is {value:g}, expected seconds: this looks like milliseconds"
        else:
            times[echo] = value
    for earlier, later in pairwise(sorted(times)):
        if times[later] <= times[earlier]:
            yield (
                f"EchoTime of echo {later} ({times[later]:g} s) is not later than that of echo {earlier} "
                f"({times[earlier]:g} s), expected strictly increasing echo times"
            )


def _field_strength(echoes, sidecars):
    strengths = {}
    for echo in sorted(echoes):
        value = sidecars.get(echo, {}).get("MagneticFieldStrength")
        if _number(value):
            strengths[echo] = value
        else:
            yield f"MagneticFieldStrength of echo {echo} is {_found(value)}, expected a positive number of tesla"
    if strengths and max(strengths.values()) > (1 + _FIELD_TOLERANCE) * min(strengths.values()):
        listed = ", ".join(f"{value:g} T" for value in strengths.values())
        yield f"MagneticFieldStrength differs between echoes ({listed}), expected one scanner"


def _found(value):
    return "missing" if value is None else repr(value)
