"""One dynamic series, checked on headers and sidecars before any voxel is read."""

from numbers import Real

import numpy as np

from recohort.images.geometry import grid_difference

LONGEST_TR_S, FEWEST_FRAMES = 1.0, 8
"""No spoiled gradient echo has a longer repetition time: it is in milliseconds. No curve is fitted to fewer frames."""


def check_series(series, sidecar: dict, masks: dict, flip_angles: list, t1map, *, concentration: dict) -> list[str]:
    """Return what would stop the maps, a sentence each; empty when nothing does.

    Parameters
    ----------
    series : image
        Anything with `shape` and `affine`; nothing is loaded.
    sidecar : dict
        Of the series: ``RepetitionTime`` and ``FrameTimes`` or ``TemporalResolution`` (s), ``FlipAngle`` (degrees),
        ``InjectionStart`` (s), where it is known.
    masks : dict of str to image
        What a sentence shall call the mask to the mask.
    flip_angles : list of (image, dict)
        The series of flip angles, each with its sidecar; empty where T1 comes from elsewhere.
    t1map : image or None
        A given map of T1.
    concentration : dict
        Section of the settings.
    """
    found = []
    if len(series.shape) != 4:
        found.append(f"the DCE series has {len(series.shape)} dimensions, expected 4: x, y, z and time")
    elif series.shape[3] < FEWEST_FRAMES:
        found.append(f"the DCE series has {series.shape[3]} frames, expected at least {FEWEST_FRAMES}")
    else:
        found.extend(_times(sidecar, series.shape[3], concentration))
    found.extend(_pulse(sidecar, "the DCE series"))
    beside = {**masks, **({"the T1 map": t1map} if t1map else {})}
    beside |= {f"flip angle image {number}": image for number, (image, _) in enumerate(flip_angles, start=1)}
    for name, image in beside.items():
        if difference := grid_difference(series.shape[:3], series.affine, image.shape, image.affine):
            found.append(f"{name} lies on another grid than the DCE series ({difference}), expected the series'")
    found.extend(_flip_angles([sidecar for _, sidecar in flip_angles]))
    return found


def frame_times(sidecar: dict, frames: int) -> np.ndarray:
    """Times of the frames, s, from a sidecar that `check_series` passed."""
    if "FrameTimes" in sidecar:
        return np.asarray(sidecar["FrameTimes"], dtype=float)
    return np.arange(frames) * float(sidecar["TemporalResolution"])


def _times(sidecar, frames, concentration):
    given, step = sidecar.get("FrameTimes"), sidecar.get("TemporalResolution")
    if given is None and step is None:
        yield "FrameTimes and TemporalResolution of the DCE series are missing, expected one of them, in seconds"
        return
    if given is not None:
        if not isinstance(given, list) or not all(_number(value) for value in given):
            yield f"FrameTimes of the DCE series is {_short(given)}, expected a list of seconds"
            return
        if len(given) != frames:
            yield f"FrameTimes has {len(given)} times and the DCE series {frames} frames, expected as many"
            return
        if not (np.diff(given) > 0).all():
            yield "FrameTimes of the DCE series do not increase, expected one later than the other"
            return
    elif not _number(step) or step <= 0:
        yield f"TemporalResolution of the DCE series is {step!r}, expected a positive number of seconds"
        return
    yield from _before_contrast(frame_times(sidecar, frames), sidecar.get("InjectionStart"), concentration)


def _before_contrast(times, injection, concentration):
    asked, skipped = concentration["baseline_frames"], concentration["skip_first"]
    if asked is not None and asked >= len(times):
        yield f"the DCE series has {len(times)} frames, expected more than the {asked} of concentration.baseline_frames"
    elif _number(injection):
        before = int((times < injection).sum())
        needed = skipped + 1 if asked is None else asked
        if before < needed:
            yield (
                f"the DCE series has {before} frames before the injection (InjectionStart {injection:g} s), expected "
                f"at least {needed} for the signal without contrast"
            )


def _pulse(sidecar, what):
    tr, angle = sidecar.get("RepetitionTime"), sidecar.get("FlipAngle")
    if not _number(tr) or tr <= 0:
        yield f"RepetitionTime of {what} is {_found(tr)}, expected a positive number of seconds"
    elif tr > LONGEST_TR_S:
        yield f"RepetitionTime of {what} is {tr:g}, expected seconds: this looks like milliseconds"
    if not _number(angle) or not 0 < angle <= 90:
        yield f"FlipAngle of {what} is {_found(angle)}, expected degrees above 0 and up to 90"


def _flip_angles(sidecars):
    for number, sidecar in enumerate(sidecars, start=1):
        yield from _pulse(sidecar, f"flip angle image {number}")
    angles = [sidecar.get("FlipAngle") for sidecar in sidecars]
    if len(sidecars) == 1 or (sidecars and all(map(_number, angles)) and len(set(angles)) < len(angles)):
        listed = ", ".join(map(str, angles))
        yield f"the series of flip angles has {listed} degrees, expected two or more that differ"
    trs = {sidecar.get("RepetitionTime") for sidecar in sidecars}
    if len(trs) > 1 and all(map(_number, trs)):
        listed = ", ".join(f"{tr:g}" for tr in sorted(trs))
        yield f"the series of flip angles has RepetitionTime {listed} s, expected one for all"


def _number(value):
    return isinstance(value, Real) and not isinstance(value, bool) and np.isfinite(value)


def _found(value):
    return "missing" if value is None else repr(value)


def _short(value):
    text = repr(value)
    return text if len(text) < 40 else text[:37] + "..."
