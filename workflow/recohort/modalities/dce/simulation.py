"""A synthetic patient as BIDS: dynamic series before and after radiotherapy, flip angles, masks, and what is true."""

from pathlib import Path

import numpy as np

from recohort.core.derivatives import Derivatives
from recohort.core.seeds import generator
from recohort.synthetic.dce.cohort import draw_imaged
from recohort.synthetic.dce.series import SESSIONS, draw_patient, simulate_session

LABELS = {"before": "pre", "after": "post"}
"""Of the sessions in file names."""
TYPES = {"tumour": "Lesion", "aorta": "ROI", "marrow": "ROI"}
FOLDER = "perf"


def anatomy(*, anatomy: dict) -> dict[str, np.ndarray]:
    """Return the image grid, which all patients share, as arrays to be kept."""
    return {name: np.asarray(value) for name, value in anatomy.items()}


def simulate(
    participant: str,
    shared: dict,
    root: Path,
    *,
    study: str,
    seed: int,
    groups: dict,
    covariates: dict,
    kinetics: dict,
    protocol: dict,
    tissues: dict,
    sessions: dict,
) -> tuple[list[Path], dict]:
    """Write one patient's two sessions into the dataset `root`; return the files and the truth."""
    names = {"study": study, "seed": seed}
    group, _, tumour = draw_imaged(participant, **names, groups=groups, covariates=covariates, kinetics=kinetics)
    drawn = draw_patient(sessions, tumour, bool(group["failure"]), generator(seed, study, participant, "patient"))
    affine = _affine(shared["matrix"], shared["voxel_size_mm"])
    raw, drawings = (
        {when: Derivatives(place, participant, LABELS[when], FOLDER) for when in SESSIONS}
        for place in (root, root / "derivatives" / "masks")
    )
    files, truth = [], {}
    for when in SESSIONS:
        rng = generator(seed, study, participant, when)
        series, angles, masks, known = simulate_session(shared, protocol, tissues, drawn[when], rng)
        header = _header(protocol, protocol["flip_deg"]) | _frames(protocol)
        raw[when].write("dce", series, affine, header)
        for number, (image, angle) in enumerate(zip(angles, protocol["vfa_deg"], strict=True), start=1):
            raw[when].write(f"flip-{number}_VFA", image, affine, _header(protocol, angle))
        for name, mask in masks.items():
            drawings[when].write(f"label-{name}_mask", mask.astype(np.uint8), affine, {"Type": TYPES[name]})
        files += [*raw[when].files(), *drawings[when].files()]
        truth |= {f"{name}_{when}": value for name, value in known.items()}
    for name in ("vp", "ktrans", "ve", "size"):
        truth[f"{name}_change"] = 100 * (truth[f"{name}_after"] / truth[f"{name}_before"] - 1)
    return files, truth


def _header(protocol: dict, flip_deg: float) -> dict:
    return {
        "RepetitionTime": protocol["tr_s"],
        "EchoTime": protocol["te_s"],
        "FlipAngle": flip_deg,
        "MagneticFieldStrength": protocol["field_t"],
        "Manufacturer": "Synthetic",
    }


def _frames(protocol: dict) -> dict:
    times = [round(frame * protocol["frame_s"], 6) for frame in range(protocol["frames"])]
    return {"FrameTimes": times, "TemporalResolution": protocol["frame_s"], "ContrastBolusIngredient": "GADOLINIUM"}


def _affine(matrix, edges) -> np.ndarray:
    """Return voxel indices to millimetres: axes point forwards, upwards and to the right, the origin in the middle."""
    affine = np.zeros((4, 4))
    affine[1, 0], affine[2, 1], affine[0, 2] = edges
    last = (np.asarray(matrix) - 1) / 2 * np.asarray(edges)
    affine[:3, 3] = -last[[2, 0, 1]]
    affine[3, 3] = 1
    return affine
