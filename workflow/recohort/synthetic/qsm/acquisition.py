"""One subject's multi-echo gradient-echo images from a known susceptibility map."""

from dataclasses import dataclass

import numpy as np

from recohort.core.seeds import generator
from recohort.synthetic.qsm import dipole, lesion, phantom, storage
from recohort.synthetic.qsm.anatomy import Anatomy, block_mean

GAMMA_BAR_MHZ_PER_T = 42.577478518  # proton, CODATA 2018


@dataclass(frozen=True)
class Acquisition:
    """Images and truth of one subject, on the image grid.

    Attributes
    ----------
    magnitude : ndarray of int16, shape (echo, x, y, z)
        Arbitrary unit; parenchyma has `storage.MAGNITUDE_UNIT` at TE = 0.
    phase : ndarray of int16 or float32, shape (echo, x, y, z)
        Wrapped phase in the stored unit; it grows with echo time where the field is higher.
    echo_times_s : tuple of float
        Echo times, s.
    affine : ndarray, shape (4, 4)
        From image indices to scanner mm.
    lesion_mask, brain_mask : ndarray of uint8, shape (x, y, z)
        1 where more than half of the voxel is lesion; brain or the fluid around it.
    susceptibility : ndarray of float32, shape (x, y, z)
        True susceptibility without air, mean over the voxel, ppm relative to brainstem parenchyma (0).
    truth : dict
        ``lesion_mean, lesion_median, lesion_iqr, lesion_p95, lesion_maximum`` (ppm) of `susceptibility` over
        `lesion_mask`, and ``lesion_volume`` (mL) of that mask.
    sidecars : dict
        ``{"mag": [...], "phase": [...]}``: for each part one dict of BIDS metadata per echo.
    """

    magnitude: np.ndarray
    phase: np.ndarray
    echo_times_s: tuple[float, ...]
    affine: np.ndarray
    lesion_mask: np.ndarray
    brain_mask: np.ndarray
    susceptibility: np.ndarray
    truth: dict[str, float]
    sidecars: dict[str, list[dict]]


def echo_images(signal, *, r2star, field_ppm, echo_times_s, field_strength_t: float, oversampling: int):
    """Yield the complex image of each echo, averaged over the fine voxels of an image voxel.

    Parameters
    ----------
    signal, r2star, field_ppm : ndarray of float32, shape (x, y, z) of the fine grid
        Signal at TE = 0 (any unit), R2* (1/s) and relative field shift (ppm).
    echo_times_s : sequence of float
        Increasing echo times, s.
    field_strength_t : float
        B0, T.
    oversampling : int
        Fine voxels per image voxel and axis.

    Yields
    ------
    ndarray of complex64, shape (x, y, z) of the image grid
    """
    # per second, but ppm times MHz makes Hz
    frequency = np.float32(2 * np.pi * GAMMA_BAR_MHZ_PER_T * field_strength_t) * field_ppm
    state, interval, factor = signal, None, None
    for step in np.diff(echo_times_s, prepend=0.0):
        if interval is None or not np.isclose(step, interval, rtol=1e-9, atol=0):
            interval, angle, decay = step, frequency * np.float32(step), np.exp(r2star * np.float32(-step))
            factor = np.empty(angle.shape, dtype=np.complex64)
            np.multiply(np.cos(angle), decay, out=factor.real)
            np.multiply(np.sin(angle), decay, out=factor.imag)
        state = state * factor
        yield block_mean(state, oversampling)


def coil_phase(shape, *, amplitude_rad: float, rng: np.random.Generator) -> np.ndarray:
    """Draw a smooth phase offset: a polynomial of second order with coefficients uniform in +-amplitude.

    Parameters
    ----------
    shape : tuple of 3 int
        Image grid; the coordinates of the polynomial run from -1 to 1.
    amplitude_rad : float
        Largest coefficient, rad.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of float32, shape `shape`
        Phase at TE = 0, rad.
    """
    x, y, z = np.ix_(*[np.linspace(-1, 1, n) for n in shape])
    terms = (1.0, x, y, z, x * x, y * y, z * z, x * y, y * z, z * x)
    weights = rng.uniform(-amplitude_rad, amplitude_rad, len(terms))
    return np.asarray(sum(w * t for w, t in zip(weights, terms, strict=True)), dtype=np.float32)


def lesion_truth(susceptibility, mask, *, voxel_size_mm) -> dict[str, float]:
    """Return the true lesion metrics, under the names of the metrics stage.

    Parameters
    ----------
    susceptibility : ndarray, shape (x, y, z)
        True map, ppm.
    mask : ndarray of bool, shape (x, y, z)
        Lesion; when it is empty all metrics but the volume are NaN.
    voxel_size_mm : sequence of 3 float
        Edges of the voxel, mm.
    """
    values = susceptibility[mask].astype(float) if mask.any() else np.array([np.nan])
    lower, median, upper, p95 = np.percentile(values, [25, 50, 75, 95])
    metrics = {
        "lesion_mean": values.mean(),
        "lesion_median": median,
        "lesion_iqr": upper - lower,
        "lesion_p95": p95,
        "lesion_maximum": values.max(),
        "lesion_volume": mask.sum() * np.prod(voxel_size_mm) / 1000,
    }
    return {name: float(value) for name, value in metrics.items()}


def draw_lesion(anatomy: Anatomy, subject_truth, *, roughness: float, texture_mm: float, rng):
    """Draw the lesion of a subject in the box around the brainstem.

    Parameters
    ----------
    anatomy, subject_truth, roughness, texture_mm
        As for `simulate_subject`.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    susceptibility : ndarray of float32, shape ``anatomy.stem_shape``
        ppm, 0 outside of the lesion.
    mask : ndarray of bool, shape ``anatomy.stem_shape``
    """
    edges, shape = anatomy.fine_voxel_mm, anatomy.labels.shape
    coordinates = np.ix_(
        *[
            (start + np.arange(n) - (size - 1) / 2) * edge
            for start, n, size, edge in zip(anatomy.stem_origin, anatomy.stem_shape, shape, edges, strict=True)
        ]
    )
    centre = lesion.draw_centre(
        subject_truth["location"], at_edge=bool(subject_truth["at_edge"]), scale=anatomy.scale, rng=rng
    )
    mask = lesion.draw_mask(
        anatomy.stem_region,
        coordinates_mm=coordinates,
        centre_mm=centre,
        volume_ml=subject_truth["lesion_volume_ml"],
        roughness=roughness,
        rng=rng,
    )
    susceptibility = lesion.draw_susceptibility(
        mask,
        median_ppm=subject_truth["lesion_median_ppm"],
        iqr_ppm=subject_truth["lesion_iqr_ppm"],
        texture_mm=texture_mm,
        voxel_size_mm=edges,
        rng=rng,
    )
    return susceptibility, mask


def simulate_subject(
    anatomy: Anatomy,
    subject_truth,
    *,
    participant_id: str,
    study: str,
    seed: int,
    echo_times_s,
    field_strength_t: float,
    repetition_time_s: float,
    flip_angle_deg: float,
    snr: float,
    coil_phase_rad: float,
    air_susceptibility_ppm: float,
    lesion_r2star_per_s: float,
    lesion_roughness: float,
    lesion_texture_mm: float,
    phase_units: str,
) -> Acquisition:
    """Return the images of one subject.

    Parameters
    ----------
    anatomy : Anatomy
        What all subjects share.
    subject_truth : mapping
        ``location, at_edge, lesion_volume_ml, lesion_median_ppm, lesion_iqr_ppm`` of `cohort.draw_subject`.
    participant_id, study : str
        Name the random streams.
    seed : int
        Seed of the run.
    echo_times_s : sequence of float
        Increasing echo times, s.
    field_strength_t, repetition_time_s, flip_angle_deg : float
        B0 (T); TR (s) and flip angle (degrees) are only written down: the signal has no T1.
    snr : float
        Parenchyma at the first echo over the SD of the noise in one channel.
    coil_phase_rad : float
        For `coil_phase`, rad.
    air_susceptibility_ppm : float
        Air in the cavities relative to tissue, ppm.
    lesion_r2star_per_s : float
        R2* of the lesion, 1/s.
    lesion_roughness, lesion_texture_mm : float
        For `lesion.draw_mask` and `lesion.draw_susceptibility`.
    phase_units : {"siemens", "unsigned", "radians"}
        For `storage.store_phase`.

    Raises
    ------
    InputError
        When the lesion does not fit, its location is unknown, or the phase unit is unknown.
    """

    def stream(purpose: str) -> np.random.Generator:
        return generator(seed, study, participant_id, purpose)

    box, box_mask = draw_lesion(
        anatomy, subject_truth, roughness=lesion_roughness, texture_mm=lesion_texture_mm, rng=stream("lesion")
    )
    window = tuple(slice(o, o + n) for o, n in zip(anatomy.stem_origin, anatomy.stem_shape, strict=True))

    tissues = list(phantom.TISSUES.values())
    normal = stream("tissue").standard_normal(len(tissues))
    values = np.array([t.susceptibility + t.spread * z for t, z in zip(tissues, normal, strict=True)], np.float32)
    weights = values[[phantom.LABELS[name] for name in phantom.SOURCES]]
    field = np.tensordot(weights, anatomy.basis, axes=1)
    field += dipole.convolve(box, spectrum=anatomy.stem_spectrum, target_shape=field.shape)
    field += np.float32(air_susceptibility_ppm) * anatomy.cavity_field

    signal = np.array([t.signal for t in tissues], np.float32)[anatomy.labels]
    r2star = np.array([t.r2star for t in tissues], np.float32)[anatomy.labels]
    r2star[window][box_mask] = lesion_r2star_per_s
    truth_map = values[anatomy.labels]
    truth_map[window] += box
    fraction = np.zeros(anatomy.labels.shape, dtype=np.float32)
    fraction[window] = box_mask

    images = echo_images(
        signal,
        r2star=r2star,
        field_ppm=field,
        echo_times_s=echo_times_s,
        field_strength_t=field_strength_t,
        oversampling=anatomy.oversampling,
    )
    shape = anatomy.brain_mask.shape
    offset = np.exp(1j * coil_phase(shape, amplitude_rad=coil_phase_rad, rng=stream("coil")))
    sigma = np.float32(np.exp(-echo_times_s[0] * phantom.TISSUES["brain"].r2star) / snr)
    rng = stream("noise")
    magnitude, phase = [], []
    for image in images:
        noise = rng.standard_normal((*shape, 2), dtype=np.float32).view(np.complex64)[..., 0]
        noisy = image * offset + sigma * noise
        magnitude.append(storage.store_magnitude(noisy))
        phase.append(storage.store_phase(np.angle(noisy), units=phase_units))

    susceptibility = block_mean(truth_map, anatomy.oversampling)
    lesion_mask = block_mean(fraction, anatomy.oversampling) > 0.5
    return Acquisition(
        magnitude=np.stack(magnitude),
        phase=np.stack(phase),
        echo_times_s=tuple(float(t) for t in echo_times_s),
        affine=anatomy.affine,
        lesion_mask=lesion_mask.astype(np.uint8),
        brain_mask=anatomy.brain_mask,
        susceptibility=susceptibility,
        truth=lesion_truth(susceptibility, lesion_mask, voxel_size_mm=anatomy.voxel_size_mm),
        sidecars=storage.sidecars(
            echo_times_s=echo_times_s,
            field_strength_t=field_strength_t,
            frequency_mhz=GAMMA_BAR_MHZ_PER_T * field_strength_t,
            repetition_time_s=repetition_time_s,
            flip_angle_deg=flip_angle_deg,
            phase_units=phase_units,
        ),
    )
