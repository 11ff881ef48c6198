"""A synthetic patient as BIDS: a non-contrast CT, and the masks and volumes that are true of it."""

from pathlib import Path

import numpy as np
from scipy import ndimage

from recohort.core.bids import TRUTH
from recohort.core.derivatives import Derivatives
from recohort.core.seeds import generator
from recohort.synthetic.wml.cohort import draw_imaged, has_ct
from recohort.synthetic.wml.head import simulate_head

TYPES = {"WML": "Lesion", "brain": "Brain", "ventricles": "ROI"}


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
    covariates: dict,
    wml: dict,
    trial: dict,
    heads: dict,
) -> tuple[list[Path], dict]:
    """Write one patient's CT into the dataset `root`, and its masks; return the files and the truth.

    A patient without CT gets no file and no truth.
    """
    raw = Derivatives(root, participant, None, "ct")
    masks = Derivatives(root / "derivatives" / TRUTH, participant, None, "ct")
    if not has_ct(participant, study=study, seed=seed, **trial["without_ct"]):
        return [], {}
    age, volume = draw_imaged(participant, study=study, seed=seed, covariates=covariates, wml=wml)
    rng = generator(seed, study, participant, "head")
    ct, made, affine = simulate_head({"anatomy": shared, "heads": heads}, rng, age=age, wml_ml=volume)
    thickness = float(np.linalg.norm(affine[:3, 2]))
    raw.write("ct", ct, affine, {"Modality": "CT", "Units": "HU", "SliceThickness": thickness})
    for name, mask in made.items():
        masks.write(f"label-{name}_mask", mask.astype(np.uint8), affine, {"Type": TYPES[name]})
    voxel_ml = abs(float(np.linalg.det(affine[:3, :3]))) / 1000
    truth = {f"{name.lower()}_ml": float(mask.sum() * voxel_ml) for name, mask in made.items()}
    pieces = int(ndimage.label(made["WML"], np.ones((3, 3, 3)))[1])
    return [*raw.files(), *masks.files()], {**truth, "wml_pieces": pieces}
