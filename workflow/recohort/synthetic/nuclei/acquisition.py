"""One participant's T1-weighted and gradient echo images, from the susceptibility and volume of every structure."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from recohort.core.seeds import generator
from recohort.synthetic.nuclei import shapes, tissue
from recohort.synthetic.nuclei.anatomy import WHITE_T1, Anatomy
from recohort.synthetic.nuclei.warp import Head, Pose, draw_coefficients, draw_pose, scanner_point, tamed
from recohort.synthetic.qsm import dipole, storage
from recohort.synthetic.qsm.acquisition import GAMMA_BAR_MHZ_PER_T, coil_phase
from recohort.synthetic.qsm.anatomy import b0_direction

T1_SIGNAL = {"caudate": 0.72, "putamen": 0.75, "pallidum": 0.80, "thalamus": 0.76, shapes.VENTRICLES: 0.28}
"""T1-weighted signal in the unit of the template, near the template's own."""
SIGNAL = {"gm": 1.0, "wm": 0.95, "csf": 0.55, "nuclei": 1.0}
"""Gradient echo signal at TE = 0, relative to grey matter."""
R2STAR_PER_S = {"gm": 18.0, "wm": 21.0, "csf": 4.0, "nuclei": 19.0}
"""At 3 T, of nuclei without iron."""
AIR = {  # template mm: centre and radius
    "frontal_sinus": ((0.0, 84.0, -8.0), 8.0),
    "sphenoid_sinus": ((0.0, 28.0, -46.0), 11.0),
    "mastoid_right": ((62.0, -30.0, -48.0), 8.0),
    "mastoid_left": ((-62.0, -30.0, -48.0), 8.0),
}
"""Spheres of air outside of the template's brain."""


@dataclass(frozen=True)
class Acquisition:
    """Images and truth of one participant.

    Attributes
    ----------
    magnitude, phase : ndarray, shape (x, y, z) of the GRE grid
        As stored.
    t1w : ndarray of int16, shape (x, y, z) of the T1w grid
        White matter near `storage.MAGNITUDE_UNIT`.
    gre_brain, t1_brain : ndarray of uint8
        More than half of the voxel is brain or the fluid in and around it; of the GRE grid, what is `visible`.
    labels : ndarray of uint8, shape (x, y, z) of the GRE grid
        `shapes.LABELS`, where more than half of a voxel is of one structure.
    susceptibility : ndarray of float32, shape (x, y, z) of the GRE grid
        True susceptibility, ppm, mean over the voxel, relative to the mean of the whole brain, without scanner drift.
    field : ndarray of float32, shape (x, y, z) of the GRE grid
        Relative field shift, ppm, of tissue and air.
    gre_affine, t1_affine : ndarray, shape (4, 4)
        Voxel indices to scanner mm.
    truth : dict
        Of each structure, of each label and of basal_ganglia ``_mean`` (ppb), ``_volume`` (mL), and ``_in_labels``, the
        mean over its voxels in `labels` of the true map; ``smallest_jacobian`` of the warp.
    sidecars : dict
        BIDS metadata of ``mag``, ``phase``.
    """

    magnitude: np.ndarray
    phase: np.ndarray
    t1w: np.ndarray
    gre_brain: np.ndarray
    t1_brain: np.ndarray
    labels: np.ndarray
    susceptibility: np.ndarray
    field: np.ndarray
    gre_affine: np.ndarray
    t1_affine: np.ndarray
    truth: dict[str, float]
    sidecars: dict[str, dict]


def susceptibility_map(painted, maps, values_ppb: dict, *, tissue_ppb: dict) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the susceptibility map whose mean over the brain is 0, and the fractions behind it.

    Nuclei have the values drawn. Grey matter, white matter and fluid have theirs less one constant, that which makes
    the mean over the brain mask 0.

    Parameters
    ----------
    painted : tissue.Painted
        Of the GRE grid.
    maps : dict
        ``gm, wm, brain`` on it.
    values_ppb : dict of str to float
        Of each of `shapes.NUCLEI`, ppb.
    tissue_ppb : dict
        ``gm, wm, csf``, ppb before the constant is taken off.

    Returns
    -------
    susceptibility : ndarray of float32, shape (x, y, z)
        ppm.
    fractions : ndarray of float32, shape (4, x, y, z)
        Of grey matter, white matter, fluid, nuclei.
    constant_ppb : float
        What was taken off.
    """
    brain = maps["brain"]
    gm, wm = (np.minimum(maps[name], brain) for name in ("gm", "wm"))
    fractions = np.stack([gm, wm, np.clip(brain - gm - wm, 0, None), np.zeros_like(brain)])
    deep = painted.fractions.sum(axis=0)
    inner = (slice(None), *painted.window)
    fractions[inner] *= 1 - deep
    fractions[(2, *painted.window)] += painted.fractions[-1]
    fractions[(3, *painted.window)] = painted.fractions[:-1].sum(axis=0)
    rest = sum(np.float32(tissue_ppb[name]) * part for name, part in zip(("gm", "wm", "csf"), fractions, strict=False))
    values = np.array([values_ppb[name] for name in shapes.NUCLEI], np.float32)
    rest[painted.window] += np.tensordot(values, painted.fractions[:-1], axes=1)
    mask = brain > 0.5
    share = fractions[:3].sum(axis=0)
    constant = rest[mask].sum(dtype=float) / share[mask].sum(dtype=float)
    return (rest - np.float32(constant) * share) / np.float32(1000), fractions, float(constant)


def air_field(coordinates, centres_mm, *, b0, air_susceptibility_ppm: float) -> np.ndarray:
    """Return the field of the spheres of `AIR`, ppm, at scanner points whose axes are those of the array."""
    total = np.zeros(np.broadcast_shapes(*[x.shape for x in coordinates]), np.float32)
    for centre, (_, radius) in zip(centres_mm, AIR.values(), strict=True):
        total += dipole.sphere_field(coordinates, centre_mm=centre, radius_mm=radius, b0_direction=b0).astype(
            np.float32
        )
    return np.float32(air_susceptibility_ppm) * total


def dephasing(field_ppm, *, radians_per_ppm: float) -> np.ndarray:
    """Return the signal left in a voxel across which the field is linear: a product of sinc, 1 where it is constant."""
    left = np.ones_like(field_ppm)
    for axis in range(3):
        cycles = np.gradient(field_ppm, axis=axis) * np.float32(radians_per_ppm / (2 * np.pi))
        left *= np.abs(np.sinc(cycles)).astype(np.float32)
    return left


def visible(brain, left, *, mask_signal: float) -> np.ndarray:
    """Return the brain as extraction from the magnitude leaves it: one piece without holes, uint8.

    Parameters
    ----------
    brain : ndarray of bool
        Where there is brain.
    left : ndarray
        Share of the signal that dephasing leaves.
    mask_signal : float
        Voxels with less are left out.
    """
    pieces, _ = ndimage.label(brain & (left >= mask_signal))
    largest = 1 + np.bincount(pieces.ravel())[1:].argmax()
    return ndimage.binary_fill_holes(pieces == largest).astype(np.uint8)


def complex_noise(rng, shape) -> np.ndarray:
    """Return complex normal noise of SD 1 in each channel, complex64."""
    return rng.standard_normal((*shape, 2), dtype=np.float32).view(np.complex64)[..., 0]


def simulate_participant(
    anatomy: Anatomy,
    nuclei: dict,
    *,
    participant_id: str,
    study: str,
    seed: int,
    head_scale: float,
    warp_mm: float,
    warp_spacing_mm: float,
    smallest_jacobian: float,
    pose_deg: float,
    pose_mm: float,
    motion_deg: float,
    motion_mm: float,
    tissue_ppb: dict,
    iron_r2star: float,
    air_susceptibility_ppm: float,
    echo_time_s: float,
    field_strength_t: float,
    repetition_time_s: float,
    flip_angle_deg: float,
    snr: float,
    mask_signal: float,
    coil_phase_rad: float,
    phase_units: str,
    t1_snr: float,
    t1_bias: float,
) -> Acquisition:
    """Return the images of one participant.

    Parameters
    ----------
    anatomy : Anatomy
        What all participants share.
    nuclei : dict
        Of `cohort.draw_imaged`: ``ppb`` and ``asymmetry_ppb`` of each structure, ``ml`` of each label, ``head`` (log of
        the volume of the head over the mean), ``gain`` (what the scanner's drift multiplies susceptibility by).
    participant_id, study : str
        Name the random streams.
    seed : int
        Seed of the run.
    head_scale : float
        Length of a mean head over that of the template.
    warp_mm, warp_spacing_mm, smallest_jacobian : float
        SD of the displacement along each axis (mm of the template), distance of its knots, and limit of `warp.tamed`.
    pose_deg, pose_mm : float
        Largest rotation and shift of the head in the scanner.
    motion_deg, motion_mm : float
        The same, of the head between the two images.
    tissue_ppb : dict
        For `susceptibility_map`.
    iron_r2star : float
        R2* per susceptibility of nuclei, 1/s per ppb.
    air_susceptibility_ppm : float
        Air relative to tissue, ppm.
    echo_time_s, field_strength_t : float
        TE, s; B0, T.
    repetition_time_s, flip_angle_deg : float
        Only written down.
    snr, t1_snr : float
        Grey matter in the gradient echo image, white matter in the T1-weighted one, over the SD of a channel's noise.
    mask_signal : float
        For `visible`.
    coil_phase_rad, t1_bias : float
        Largest coefficient of a second-order polynomial: phase at TE = 0, rad; logarithm of the T1w sensitivity.
    phase_units : {"siemens", "unsigned", "radians"}
        For `storage.store_phase`.
    """

    def stream(purpose: str) -> np.random.Generator:
        return generator(seed, study, participant_id, purpose)

    head = Head(
        scale=head_scale * float(np.exp(nuclei["head"] / 3)),
        coefficients=draw_coefficients(stream("warp"), spacing_mm=warp_spacing_mm, sd_mm=warp_mm),
        spacing_mm=warp_spacing_mm,
    )
    pose = draw_pose(stream("pose"), degrees=pose_deg, shift_mm=pose_mm)
    lattice = anatomy.lattice("gre")
    head, nodes, jacobian = tamed(head, lattice, pose, smallest_jacobian=smallest_jacobian)
    painted = tissue.paint(anatomy, lattice, nodes, volumes_ml=nuclei["ml"])
    maps = anatomy.sample("gre", painted.points)
    values = sides(nuclei["ppb"], nuclei["asymmetry_ppb"], painted.volumes_ml)
    chi, fractions, constant = susceptibility_map(painted, maps, values, tissue_ppb=tissue_ppb)

    affine, shape = anatomy.gre_affine, lattice.shape
    axes, edges = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0), np.linalg.norm(affine[:3, :3], axis=0)
    centres = [axes.T @ (scanner_point(head, pose, centre) - affine[:3, 3]) for centre, _ in AIR.values()]
    coordinates = np.ix_(*[(np.arange(n) * edge).astype(np.float32) for n, edge in zip(shape, edges, strict=True)])
    field = dipole.convolve(np.float32(nuclei["gain"]) * chi, spectrum=anatomy.spectrum, target_shape=shape)
    field += air_field(coordinates, centres, b0=b0_direction(affine), air_susceptibility_ppm=air_susceptibility_ppm)

    radians_per_ppm = 2 * np.pi * GAMMA_BAR_MHZ_PER_T * field_strength_t * echo_time_s
    decay = {name: SIGNAL[name] * np.exp(-echo_time_s * rate) for name, rate in R2STAR_PER_S.items()}
    signal = sum(np.float32(decay[name]) * part for name, part in zip(("gm", "wm", "csf"), fractions, strict=False))
    iron = np.exp(-echo_time_s * iron_r2star * np.clip([values[name] for name in shapes.NUCLEI], 0, None))
    signal[painted.window] += np.float32(decay["nuclei"]) * np.tensordot(
        iron.astype(np.float32), painted.fractions[:-1], axes=1
    )
    left = dephasing(field, radians_per_ppm=radians_per_ppm)
    signal *= left
    offset = coil_phase(shape, amplitude_rad=coil_phase_rad, rng=stream("coil"))
    angle = field * np.float32(radians_per_ppm) + offset
    image = np.empty(shape, np.complex64)
    image.real, image.imag = signal * np.cos(angle), signal * np.sin(angle)
    image += np.float32(decay["gm"] / snr) * complex_noise(stream("noise"), shape)

    t1w, t1_brain = t1_image(
        anatomy, head, pose, painted.levels_mm,
        motion=draw_pose(stream("motion"), degrees=motion_deg, shift_mm=motion_mm),
        snr=t1_snr, bias=t1_bias, stream=stream,
    )  # fmt: skip
    labels = tissue.label_image(painted, shape)
    sidecar = storage.sidecars(
        echo_times_s=[echo_time_s],
        field_strength_t=field_strength_t,
        frequency_mhz=GAMMA_BAR_MHZ_PER_T * field_strength_t,
        repetition_time_s=repetition_time_s,
        flip_angle_deg=flip_angle_deg,
        phase_units=phase_units,
    )
    values[shapes.VENTRICLES] = tissue_ppb["csf"] - constant
    return Acquisition(
        magnitude=storage.store_magnitude(image),
        phase=storage.store_phase(np.angle(image), units=phase_units),
        t1w=t1w,
        gre_brain=visible(maps["brain"] > 0.5, left, mask_signal=mask_signal),
        t1_brain=t1_brain,
        labels=labels,
        susceptibility=chi,
        field=field,
        gre_affine=affine,
        t1_affine=anatomy.t1_affine,
        truth=truth_of(values, painted.volumes_ml, labels, chi) | {"smallest_jacobian": jacobian},
        sidecars={part: entries[0] for part, entries in sidecar.items()},
    )


def sides(ppb: dict, asymmetry_ppb: dict, volumes_ml: dict) -> dict[str, float]:
    """Return the susceptibility of each label; the mean of both sides, weighted by volume, is that of the structure.

    Parameters
    ----------
    ppb, asymmetry_ppb : dict of str to float
        Of each structure: susceptibility, and left less right.
    volumes_ml : dict of str to float
        Of each label.
    """
    values = {}
    for structure in shapes.STRUCTURES:
        left, right = (volumes_ml[f"{structure}_{side}"] for side in shapes.SIDES)
        values[f"{structure}_left"] = ppb[structure] + asymmetry_ppb[structure] * right / (left + right)
        values[f"{structure}_right"] = ppb[structure] - asymmetry_ppb[structure] * left / (left + right)
    return values


def t1_image(
    anatomy: Anatomy, head: Head, pose: Pose, levels_mm: dict, *, motion: Pose, snr: float, bias: float, stream
):
    """Return the T1-weighted image of a head that has moved, int16, and its brain mask, uint8."""
    lattice = anatomy.lattice("t1")
    nodes = head.template_points(pose.after(motion).head_points(lattice.scanner_points()))
    painted = tissue.paint(anatomy, lattice, nodes, levels_mm=levels_mm)
    maps = anatomy.sample("t1", painted.points)
    signal = maps["t1"] * (maps["brain"] > 0.05)
    contrast = np.array([T1_SIGNAL[shapes.parts_of(name)[0]] for name in shapes.LABELS], np.float32)
    inner = signal[painted.window]
    inner *= 1 - painted.fractions.sum(axis=0)
    inner += np.tensordot(contrast, painted.fractions, axes=1)
    signal *= np.exp(coil_phase(lattice.shape, amplitude_rad=bias, rng=stream("bias")))
    noise = np.float32(WHITE_T1 / snr) * complex_noise(stream("t1_noise"), lattice.shape)
    return storage.store_magnitude(signal + noise), (maps["brain"] > 0.5).astype(np.uint8)


def truth_of(values_ppb: dict, volumes_ml: dict, labels: np.ndarray, susceptibility: np.ndarray) -> dict[str, float]:
    """Return susceptibility and volume of each label and of what they are pooled to, weighted by volume.

    Parameters
    ----------
    values_ppb, volumes_ml : dict of str to float
        Of each of `shapes.LABELS`.
    labels : ndarray
        Label image.
    susceptibility : ndarray
        True map, ppm.
    """
    count = np.bincount(labels.ravel(), minlength=len(shapes.LABELS) + 1)
    total = 1000 * np.bincount(labels.ravel(), weights=susceptibility.ravel(), minlength=len(shapes.LABELS) + 1)
    parts = {name: [name] for name in shapes.LABELS}
    parts |= {structure: [f"{structure}_{side}" for side in shapes.SIDES] for structure in shapes.STRUCTURES}
    parts["basal_ganglia"] = [label for name in ("caudate", "putamen", "pallidum") for label in parts[name]]
    truth = {}
    for name, members in parts.items():
        volume = sum(volumes_ml[label] for label in members)
        index = [shapes.LABELS[label] for label in members]
        truth[f"{name}_mean"] = sum(values_ppb[label] * volumes_ml[label] for label in members) / volume
        truth[f"{name}_volume"] = volume
        truth[f"{name}_in_labels"] = float(total[index].sum() / count[index].sum()) if count[index].any() else np.nan
    return truth
