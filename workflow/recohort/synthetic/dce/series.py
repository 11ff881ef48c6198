"""A simulated session: the dynamic series, the series of flip angles, the masks, and what is true of the tumour."""

import numpy as np
from scipy import ndimage

from recohort.core.errors import Findings, InputError
from recohort.synthetic.dce.anatomy import TISSUES, Waves, grid_points, grow_tumour, normal_tissues
from recohort.synthetic.dce.kinetics import arterial_concentration, spoiled_signal, tissue_concentration

STEP_S = 0.1
"""Of the fine grid, at most."""
PER_PATIENT = ("t10_tumour", "t10_marrow", "roughness", "heterogeneity", "tumour_up_mm", "tumour_forward_mm")
"""Drawn once for both sessions."""
SESSIONS = ("before", "after")


def draw_patient(sessions: dict, kinetics: dict, failure: bool, rng: np.random.Generator) -> dict:
    """Draw what both sessions of a patient share, and what each has of its own.

    Parameters
    ----------
    sessions : dict
        Ranges of the sessions: the section of a synthetic cohort, complete.
    kinetics : dict
        Of `cohort.draw_kinetics`.
    failure : bool
        Chooses how T1 of the tumour changes.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    dict
        ``before`` and ``after``: numbers for `simulate_session`. ``shape`` and ``textures`` are shared.

    Raises
    ------
    InputError
        A range has its ends in the wrong order.
    """
    check_ranges(sessions)
    shared = {name: float(rng.uniform(*sessions[name])) for name in PER_PATIENT}
    textures = {name: Waves(sessions["texture_mm"], rng) for name in ("shape", "vp", "ktrans", "ve", "t10", "marrow")}
    changed = "t10_ratio_failure" if failure else "t10_ratio_success"
    ratios = {name: float(rng.uniform(*sessions[name])) for name in (changed, "t10_ratio_marrow")}
    made = {}
    for number, when in enumerate(SESSIONS):
        own = {
            name: float(rng.uniform(*value))
            for name, value in sessions.items()
            if name not in PER_PATIENT and np.ndim(value) and not name.startswith("t10_ratio")
        }
        after = {name: np.exp(number * kinetics[f"{name}_log_ratio"]) for name in ("vp", "ktrans", "ve", "size")}
        made[when] = {
            **shared,
            **own,
            "textures": textures,
            "offset": rng.uniform(*sessions["offset_mm"], size=3),
            "haematocrit": kinetics["haematocrit"],
            "volume_ml": kinetics["volume_ml"] * after["size"],
            **{name: kinetics[name] * after[name] for name in ("vp", "ktrans", "ve")},
            "t10_tumour": shared["t10_tumour"] * ratios[changed] ** number,
            "t10_marrow": shared["t10_marrow"] * ratios["t10_ratio_marrow"] ** number,
        }
    return made


def check_ranges(sessions: dict) -> None:
    """Raise one `InputError` with a sentence per range whose ends are in the wrong order."""
    findings = Findings()
    for name, value in sessions.items():
        if np.ndim(value) and value[0] > value[1]:
            findings.add(f"sessions.{name}: found {list(value)}, expected the smaller number first")
    findings.raise_if_any()


def simulate_session(
    grid: dict, protocol: dict, tissues: dict, drawn: dict, rng: np.random.Generator
) -> tuple[np.ndarray, list[np.ndarray], dict[str, np.ndarray], dict]:
    """Simulate one session.

    Parameters
    ----------
    grid : dict
        ``matrix`` and ``voxel_size_mm``: forwards, upwards, sideways.
    protocol : dict
        ``frames, frame_s, baseline_frames, tr_s, flip_deg, r1, vfa_deg, vfa_averages``.
    tissues : dict
        ``m0, t10_s, vp, ktrans, ve`` of each normal tissue, less what is drawn.
    drawn : dict
        One session of `draw_patient`.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    series : ndarray of int16, shape (forwards, upwards, sideways, frames)
        Signal at multiples of ``frame_s``.
    flip_angles : list of ndarray of int16, shape (forwards, upwards, sideways)
        One per angle, before contrast.
    masks : dict of str to ndarray of bool
        ``tumour``, ``aorta``, ``marrow`` (of vertebrae that the tumour does not touch).
    known : dict
        ``vp``, ``ktrans`` (1/min), ``ve``, ``t10`` (s): means over the tumour mask; ``size`` (mL), ``delay`` (s),
        ``t10_marrow`` (s), ``motion`` (mm, root mean square).

    Raises
    ------
    InputError
        The contrast would not arrive within the series, or the tumour has no room.
    """
    edges = [float(edge) for edge in grid["voxel_size_mm"]]
    points = grid_points([int(n) for n in grid["matrix"]], edges, drawn["offset"])
    tissue = normal_tissues(points)
    voxel_ml = float(np.prod(edges)) / 1000
    mask = grow_tumour(
        points,
        tissue,
        voxels=round(drawn["volume_ml"] / voxel_ml),
        centre=(0.0, drawn["tumour_forward_mm"], drawn["tumour_up_mm"]),
        roughness=drawn["roughness"],
        shape=drawn["textures"]["shape"],
    )
    tissue[mask] = TISSUES.index("tumour")
    tumour = _tumour(points[mask], drawn)
    m0, t10, concentration = _tissues(points, tissue, tumour, tissues, drawn, protocol)
    spoiled = {"r1": protocol["r1"], "tr_s": protocol["tr_s"]}
    series = spoiled_signal(m0[..., None], t10[..., None], concentration, **spoiled, flip_deg=protocol["flip_deg"])
    noise = float(series[mask][:, : protocol["baseline_frames"]].mean()) / drawn["snr"]
    series, shifts = _moved(series.astype(np.float32), edges, drawn["motion_mm"], rng)
    angles = [spoiled_signal(m0, t10, 0.0, **spoiled, flip_deg=angle) for angle in protocol["vfa_deg"]]
    calm = noise / np.sqrt(protocol["vfa_averages"])
    away = np.abs(points[..., 2] - drawn["tumour_up_mm"]) > 22
    masks = {
        "tumour": mask,
        "aorta": tissue == TISSUES.index("aorta"),
        "marrow": (tissue == TISSUES.index("marrow")) & away & (points[..., 1] > -20),
    }
    known = {
        **{name: float(values.mean()) for name, values in tumour.items()},
        "size": float(mask.sum() * voxel_ml),
        "delay": drawn["delay_s"],
        "t10_marrow": float(t10[masks["marrow"]].mean()),
        "motion": float(np.sqrt((shifts**2).sum(axis=1).mean())),
    }
    return _measured(series, noise, rng), [_measured(image, calm, rng) for image in angles], masks, known


def _tumour(points: np.ndarray, drawn: dict) -> dict[str, np.ndarray]:
    """Return the parameters of the tumour's voxels; their means are those drawn."""
    textures, spread = drawn["textures"], drawn["heterogeneity"]
    patterns = {
        "vp": spread * textures["vp"].at(points),
        "ktrans": spread * (0.5 * textures["vp"].at(points) + 0.85 * textures["ktrans"].at(points)),
        "ve": 0.4 * spread * textures["ve"].at(points),
        "t10": 0.2 * spread * textures["t10"].at(points),
    }
    means = {"vp": drawn["vp"], "ktrans": drawn["ktrans"], "ve": drawn["ve"], "t10": drawn["t10_tumour"]}
    return {name: means[name] * np.exp(log) / np.exp(log).mean() for name, log in patterns.items()}


def _tissues(points, tissue, tumour, tissues, drawn, protocol) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return magnetisation, T1 (s) and concentration (mmol/L, frames last) of all voxels."""
    frame_s, frames = protocol["frame_s"], protocol["frames"]
    fine = int(np.ceil(frame_s / STEP_S))
    times = np.arange((frames - 1) * fine + 1) * frame_s / fine
    arrival = frame_s * (protocol["baseline_frames"] - 1 + drawn["arrival_share"])
    if arrival >= times[-1]:
        raise InputError(
            f"protocol.baseline_frames: found {protocol['baseline_frames']} of {frames} frames, expected fewer"
        )

    def blood(late_s: float) -> np.ndarray:
        return drawn["aif_factor"] * arterial_concentration(times - arrival - late_s)

    def tissue_curves(late_s: float, **parameters) -> np.ndarray:
        plasma = blood(late_s) / (1 - drawn["haematocrit"])
        return tissue_concentration(plasma, step_s=frame_s / fine, every=fine, **parameters)

    names = [name for name in TISSUES if name not in ("aorta", "tumour")]
    normal = {key: np.array([tissues[name][key] for name in names]) for key in ("vp", "ktrans", "ve")}
    curves = tissue_curves(drawn["normal_delay_s"], **normal)
    uneven = np.exp(0.1 * drawn["textures"]["marrow"].at(points))
    m0, t10 = np.zeros(tissue.shape), np.ones(tissue.shape)
    concentration = np.zeros((*tissue.shape, frames))
    for name, curve in zip(names, curves, strict=True):
        there = tissue == TISSUES.index(name)
        m0[there] = tissues[name]["m0"]
        t10[there] = drawn["t10_marrow"] / uneven[there] if name == "marrow" else tissues[name]["t10_s"]
        concentration[there] = uneven[there][:, None] * curve
    aorta, mask = (tissue == TISSUES.index(name) for name in ("aorta", "tumour"))
    m0[aorta], t10[aorta] = tissues["aorta"]["m0"], tissues["aorta"]["t10_s"]
    concentration[aorta] = blood(0.0)[::fine]
    m0[mask], t10[mask] = tissues["tumour"]["m0"], tumour["t10"]
    concentration[mask] = tissue_curves(drawn["delay_s"], **{name: tumour[name] for name in ("vp", "ktrans", "ve")})
    return m0, t10, concentration


def _moved(series: np.ndarray, edges, sd_mm: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the series with each frame shifted, and the shifts, mm; half of their variance is a slow drift."""
    steps = rng.standard_normal((2, series.shape[-1], 3))
    drift = np.cumsum(steps[0], axis=0)
    drift = drift / np.maximum(drift.std(axis=0), 1e-9)
    shifts = sd_mm * np.sqrt(0.5) * (drift - drift.mean(axis=0) + steps[1])
    moved = np.empty_like(series)
    for frame, shift in enumerate(shifts):
        moved[..., frame] = ndimage.shift(series[..., frame], shift / edges, order=1, mode="nearest")
    return moved, shifts


def _measured(signal: np.ndarray, sd: float, rng: np.random.Generator) -> np.ndarray:
    """Return the magnitude of a signal with noise in both channels, rounded."""
    noise = [sd * rng.standard_normal(signal.shape, dtype=np.float32) for _ in range(2)]
    return np.rint(np.hypot(signal + noise[0], noise[1])).astype(np.int16)
