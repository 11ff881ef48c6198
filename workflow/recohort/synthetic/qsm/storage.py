"""How complex images become the numbers and sidecars of a data set."""

import numpy as np

from recohort.core.errors import InputError

MAGNITUDE_UNIT = 1000.0
PHASE_UNITS = ("siemens", "unsigned", "radians")


def store_magnitude(image) -> np.ndarray:
    """Return the magnitude of a complex image as int16, parenchyma at TE = 0 being `MAGNITUDE_UNIT`."""
    return np.rint(np.abs(image) * np.float32(MAGNITUDE_UNIT)).astype(np.int16)


def store_phase(radians, *, units: str) -> np.ndarray:
    """Return a phase as a scanner stores it.

    Parameters
    ----------
    radians : ndarray
        Phase from -pi to pi.
    units : {"siemens", "unsigned", "radians"}
        ``siemens``: even integers -4096 .. 4094, pi = 4096 (Siemens images after dcm2niix); ``unsigned``: integers
        0 .. 4095, phase = value * 2 pi / 4096 - pi; ``radians``: float32.

    Returns
    -------
    ndarray of int16 or float32, the shape of `radians`

    Raises
    ------
    InputError
        When the unit is unknown.
    """
    if units == "radians":
        return radians.astype(np.float32)
    if units not in PHASE_UNITS:
        raise InputError(f"phase unit: found {units!r}, expected one of {list(PHASE_UNITS)}")
    steps = np.rint((radians + np.pi) * (2048 / np.pi)).astype(np.int16) % 4096
    return 2 * steps - 4096 if units == "siemens" else steps


def sidecars(
    *,
    echo_times_s,
    field_strength_t: float,
    frequency_mhz: float,
    repetition_time_s: float,
    flip_angle_deg: float,
    phase_units: str,
) -> dict[str, list[dict]]:
    """Return the BIDS metadata of each part and echo: ``{"mag": [...], "phase": [...]}``.

    Parameters
    ----------
    echo_times_s : sequence of float
        Echo times, s.
    field_strength_t, frequency_mhz : float
        B0, T, and Larmor frequency, MHz.
    repetition_time_s, flip_angle_deg : float
        TR, s, and flip angle, degrees.
    phase_units : str
        As for `store_phase`.
    """
    common = {
        "MagneticFieldStrength": float(field_strength_t),
        "ImagingFrequency": float(frequency_mhz),
        "MRAcquisitionType": "3D",
        "ScanningSequence": "GR",
        "SequenceVariant": "SP",
        "RepetitionTime": float(repetition_time_s),
        "FlipAngle": float(flip_angle_deg),
    }
    units = {"mag": "arbitrary", "phase": "rad" if phase_units == "radians" else "arbitrary"}
    kinds = {"mag": ["ORIGINAL", "PRIMARY", "M"], "phase": ["ORIGINAL", "PRIMARY", "P"]}
    return {
        part: [
            {
                **common,
                "EchoNumber": number,
                "EchoTime": float(time),
                "ImageType": kinds[part],
                "Units": units[part],
            }
            for number, time in enumerate(echo_times_s, start=1)
        ]
        for part in units
    }
