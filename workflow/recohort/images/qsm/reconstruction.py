"""Multi-echo magnitude and phase to a quantitative susceptibility map."""

from dataclasses import dataclass

import numpy as np
from scipy.fft import next_fast_len

from recohort.core.errors import InputError
from recohort.images.geometry import b0_direction, voxel_size
from recohort.images.qsm.fieldmap import fit_field, hertz_to_ppm
from recohort.images.qsm.mask import brain_mask as make_brain_mask
from recohort.images.qsm.mask import trim_edge
from recohort.images.qsm.phase import phase_scale
from recohort.images.qsm.reference import reference_value
from recohort.images.qsm.sources import find_sources


@dataclass(frozen=True)
class Reconstruction:
    """One subject's maps, on the grid of the input.

    Attributes
    ----------
    chimap : ndarray of float32, (x, y, z)
        Susceptibility against the reference, ppm; NaN outside `kept`, so that nothing unmeasured reads as 0.
    field_map : ndarray of float32, (x, y, z)
        Total field, ppm of the main field; NaN outside `mask`.
    local_field : ndarray of float32, (x, y, z)
        Field of the sources inside the mask, ppm; NaN outside `kept`.
    mask : ndarray of bool, (x, y, z)
        The brain as reconstructed: one piece, holes filled, touching lesions added, unreliable edge trimmed.
    kept : ndarray of bool, (x, y, z)
        The part of `mask` that background removal keeps.
    record : dict
        What was done, for the map's JSON sidecar.
    qc : dict of str to float
        Quality measures; the methods page says what each means.
    """

    chimap: np.ndarray
    field_map: np.ndarray
    local_field: np.ndarray
    mask: np.ndarray
    kept: np.ndarray
    record: dict
    qc: dict


def reconstruct(
    magnitude_image,
    phase_image,
    /,
    *,
    echo_times,
    field_strength,
    affine,
    brain_mask=None,
    lesion_mask=None,
    csf_mask=None,
    phase,
    mask,
    offset_removal,
    unwrapping,
    trimming,
    margin_mm,
    passes,
    background,
    inversion,
    reference,
):
    """Reconstruct one subject.

    Parameters
    ----------
    magnitude_image, phase_image : array_like, (n_echo, x, y, z)
        As stored; one coil-combined channel, monopolar echoes.
    echo_times : sequence of float, (n_echo,)
        Seconds, increasing.
    field_strength : float
        Tesla.
    affine : array_like, (4, 4)
        Voxel indices to scanner millimetres.
    brain_mask, lesion_mask, csf_mask : array_like or None, (x, y, z)
        Above 0 is inside.
    phase, mask, offset_removal, unwrapping, trimming, background, inversion, reference : dict
        Sections of `images` in a study; keyword arguments of `phase_scale`, `brain_mask`, `fit_field`, `trim_edge`,
        `remove_background`, `invert` and `reference_value`.
    margin_mm : float
        Empty margin around the brain for the Fourier steps.
    passes : int
        As `find_sources`.

    Returns
    -------
    Reconstruction

    Raises
    ------
    InputError
        When shapes disagree, values are not finite, phase units are not clear, or a mask is empty.
    """
    magnitude, stored = np.asarray(magnitude_image), np.asarray(phase_image)
    masks = {"brain mask": brain_mask, "lesion mask": lesion_mask, "csf mask": csf_mask}
    _check(magnitude, stored, echo_times, field_strength, masks)
    size, direction = voxel_size(affine), b0_direction(affine)

    whole, dropped = make_brain_mask(brain_mask, magnitude, lesion_mask, voxel_size=size, **mask)
    scale = phase_scale(stored, whole, **phase)
    box = _bounding_box(whole)
    inside, strength = whole[box], magnitude[:, *box]

    def cropped(image):
        return None if image is None else np.asarray(image)[box] > 0

    field = fit_field(
        strength,
        scale.radians(stored[:, *box]),
        inside,
        echo_times=echo_times,
        voxel_size=size,
        unwrapping=unwrapping,
        offset_removal=offset_removal,
    )
    total = hertz_to_ppm(field.hertz, field_strength)
    trusted, trimmed = trim_edge(inside, field.residual, cropped(lesion_mask), **trimming)

    margin = _margins(inside.shape, size, margin_mm)
    chi, local, kept, about = find_sources(
        np.pad(total, margin),
        np.pad(trusted, margin),
        np.pad(field.weight, margin),
        voxel_size=size,
        b0_direction=direction,
        passes=passes,
        background=background,
        inversion=inversion,
    )
    inner = tuple(slice(before, n - after) for (before, after), n in zip(margin, local.shape, strict=True))
    chi, local, kept = chi[inner], local[inner], kept[inner]
    value, count = reference_value(
        chi,
        kept,
        csf=cropped(csf_mask),
        magnitude=strength,
        echo_times=echo_times,
        voxel_size=size,
        **reference,
    )

    def on_grid(volume, nowhere):
        full = np.full(whole.shape, nowhere, dtype=volume.dtype)
        full[box] = volume
        return full

    def measured(volume, where):
        return on_grid(np.where(where, volume, np.float32(np.nan)), np.nan)

    return Reconstruction(
        chimap=measured(chi - np.float32(value), kept),
        field_map=measured(total, trusted),
        local_field=measured(local, kept),
        mask=on_grid(trusted, False),
        kept=on_grid(kept, False),
        record={
            "Units": "ppm",
            "EchoTime": [float(time) for time in echo_times],
            "MagneticFieldStrength": float(field_strength),
            "B0Direction": [float(b) for b in direction],
            "VoxelSize": [float(edge) for edge in size],
            "PhaseUnits": scale.units,
            "PhaseFactor": scale.factor,
            "PhaseOffset": scale.offset,
            "ReferenceRegion": reference["region"],
            "ReferenceValue": value,
            "ReferenceVoxels": count,
            "Settings": {
                "phase": dict(phase),
                "mask": dict(mask),
                "offset_removal": dict(offset_removal),
                "unwrapping": dict(unwrapping),
                "trimming": dict(trimming),
                "margin_mm": margin_mm,
                "passes": passes,
                "background": dict(background),
                "inversion": dict(inversion),
                "reference": dict(reference),
            },
            "Inversion": about,
        },
        qc={
            "brain_volume": float(whole.sum() * np.prod(size) / 1000),
            "mask_dropped": dropped,
            "mask_trimmed": trimmed,
            "kept_fraction": float(kept.sum() / trusted.sum()),
            **field.qc,
            "local_field_sd": float(local[kept].std(dtype=float)),
        },
    )


def _check(magnitude, stored, echo_times, field_strength, masks):
    if magnitude.ndim != 4 or magnitude.shape != stored.shape:
        raise InputError(
            f"magnitude has shape {magnitude.shape} and phase {stored.shape}, expected the same (echo, x, y, z)"
        )
    times = np.asarray(echo_times, dtype=float)
    if times.shape != magnitude.shape[:1]:
        raise InputError(f"found {times.size} echo times for {len(magnitude)} echoes, expected one each")
    if not (times > 0).all() or not (np.diff(times) > 0).all():
        raise InputError(f"echo times are {times.tolist()}, expected positive, strictly increasing seconds")
    if not 0 < field_strength < np.inf:
        raise InputError(f"field strength is {field_strength}, expected a positive number of tesla")
    for number, echo in enumerate(magnitude, start=1):
        lowest, highest = float(echo.min()), float(echo.max())
        if not np.isfinite(lowest + highest):
            count = int((~np.isfinite(echo)).sum())
            raise InputError(f"magnitude of echo {number} has {count} voxels that are not finite, expected none")
        if lowest < 0 or highest == 0:
            raise InputError(
                f"magnitude of echo {number} spans {lowest:g} to {highest:g}, expected 0 and above, with signal"
            )
    for name, image in masks.items():
        if image is not None and np.shape(image) != magnitude.shape[1:]:
            raise InputError(f"{name} has shape {np.shape(image)}, expected {magnitude.shape[1:]}")
    lesion = masks["lesion mask"]
    if lesion is not None and not (np.asarray(lesion) > 0).any():
        raise InputError("lesion mask is empty, expected voxels above 0")


def _bounding_box(mask):
    box = []
    for axis in range(3):
        filled = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
        box.append(slice(int(filled[0]), int(filled[-1]) + 1))
    return tuple(box)


def _margins(shape, size, margin_mm):
    """Voxels to add before and after each axis: the margin, and what makes the length fast to transform."""
    margins = []
    for n, edge in zip(shape, size, strict=True):
        margin = int(np.ceil(margin_mm / edge))
        extra = next_fast_len(n + 2 * margin, real=True) - n
        margins.append((extra // 2, extra - extra // 2))
    return margins
