"""A synthetic participant as BIDS: magnitude and phase per echo, lesion and brain masks, and the true metrics."""

from pathlib import Path

import numpy as np

from recohort.core.derivatives import Derivatives
from recohort.core.seeds import generator
from recohort.synthetic.qsm.acquisition import simulate_subject
from recohort.synthetic.qsm.anatomy import Anatomy, build_anatomy
from recohort.synthetic.qsm.cohort import draw_lesion_targets


def anatomy(*, anatomy: dict) -> dict[str, np.ndarray]:
    """Return the geometry and unit fields that all participants share, as arrays to be kept."""
    return build_anatomy(**anatomy).to_arrays()


def simulate(
    participant: str, shared: dict, root: Path, *, study: str, seed: int, lesion: dict, acquisition: dict
) -> tuple[list[Path], dict]:
    """Write one participant's images into the dataset `root`; return the files and the truth."""
    targets = draw_lesion_targets(generator(seed, study, participant, "latent"), **lesion)
    made = simulate_subject(
        Anatomy.from_arrays(shared), targets, participant_id=participant, study=study, seed=seed, **acquisition
    )
    raw = Derivatives(root, participant, None)
    for part, echoes in (("mag", made.magnitude), ("phase", made.phase)):
        for number, (image, sidecar) in enumerate(zip(echoes, made.sidecars[part], strict=True), start=1):
            raw.write(f"echo-{number}_part-{part}_MEGRE", image, made.affine, sidecar)
    masks = Derivatives(root / "derivatives" / "masks", participant, None)
    masks.write("label-lesion_mask", made.lesion_mask, made.affine, {"Type": "Lesion"})
    masks.write("desc-brain_mask", made.brain_mask, made.affine, {"Type": "Brain"})
    return [*raw.files(), *masks.files()], made.truth
