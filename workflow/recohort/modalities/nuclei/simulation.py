"""A synthetic participant as BIDS: T1w, gradient echo magnitude and phase, brain masks, labels, and their truth."""

from pathlib import Path

import numpy as np

from recohort.core.derivatives import Derivatives
from recohort.synthetic.nuclei.acquisition import simulate_participant
from recohort.synthetic.nuclei.anatomy import Anatomy, build_anatomy
from recohort.synthetic.nuclei.cohort import draw_imaged
from recohort.synthetic.nuclei.shapes import LABELS


def anatomy(*, anatomy: dict) -> dict[str, np.ndarray]:
    """Return grids, bare template and dipole kernel, which all participants share, as arrays to be kept."""
    return build_anatomy(**anatomy).to_arrays()


def simulate(
    participant: str,
    shared: dict,
    root: Path,
    *,
    study: str,
    seed: int,
    groups: dict,
    covariates: dict,
    susceptibility: dict,
    volumes: dict,
    heads: dict,
    acquisition: dict,
) -> tuple[list[Path], dict]:
    """Write one participant's images into the dataset `root`; return the files and the truth."""
    names = {"study": study, "seed": seed}
    apart = {name: acquisition[name] for name in ("scanner_drift_per_year", "unusable_share")}
    nuclei, usable = draw_imaged(
        participant,
        **names,
        **apart,
        groups=groups,
        covariates=covariates,
        susceptibility=susceptibility,
        volumes=volumes,
    )
    settings = heads | {name: value for name, value in acquisition.items() if name not in apart}
    made = simulate_participant(Anatomy.from_arrays(shared), nuclei, participant_id=participant, **names, **settings)
    raw = Derivatives(root, participant, None)
    raw.write("part-mag_T2starw", made.magnitude, made.gre_affine, made.sidecars["mag"])
    if usable:
        raw.write("part-phase_T2starw", made.phase, made.gre_affine, made.sidecars["phase"])
    raw.write("T1w", made.t1w, made.t1_affine, {"MagneticFieldStrength": acquisition["field_strength_t"]})
    masks = Derivatives(root / "derivatives" / "masks", participant, None)
    masks.write("space-T2starw_desc-brain_mask", made.gre_brain, made.gre_affine, {"Type": "Brain"})
    masks.write("space-T1w_desc-brain_mask", made.t1_brain, made.t1_affine, {"Type": "Brain"})
    labels = Derivatives(root / "derivatives" / "structures", participant, None)
    named = {str(value): name for name, value in LABELS.items()}
    labels.write("space-T2starw_desc-structures_dseg", made.labels, made.gre_affine, {"Labels": named})
    return [*raw.files(), *masks.files(), *labels.files()], made.truth
