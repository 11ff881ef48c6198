"""A synthetic patient as BIDS: a sagittal T1-weighted image of the lumbar spine, its label map, and what is true."""

from pathlib import Path

import numpy as np

from recohort.core.derivatives import Derivatives
from recohort.core.seeds import generator
from recohort.synthetic.vbq.cohort import draw_imaged
from recohort.synthetic.vbq.image import simulate_spine


def anatomy(*, anatomy: dict) -> dict[str, np.ndarray]:
    """Return the image grid and the labels' numbers, which all patients share, as arrays to be kept."""
    labels = anatomy["labels"]
    grid = {name: np.asarray(value) for name, value in anatomy.items() if name != "labels"}
    return grid | {"label_names": np.array(list(labels)), "label_numbers": np.array(list(labels.values()))}


def simulate(
    participant: str,
    shared: dict,
    root: Path,
    *,
    study: str,
    seed: int,
    covariates: dict,
    marrow: dict,
    fractures: dict,
    defects: dict,
    spines: dict,
    acquisition: dict,
) -> tuple[list[Path], dict]:
    """Write one patient's image and label map into the dataset `root`; return the files and the truth."""
    patient = draw_imaged(
        participant, study=study, seed=seed, covariates=covariates, marrow=marrow, fractures=fractures, defects=defects
    )
    grid = {name: shared[name] for name in ("matrix", "voxel_size_mm", "sublayers")}
    numbers = zip(shared["label_names"].tolist(), shared["label_numbers"].tolist(), strict=True)
    rng = generator(seed, study, participant, "image")
    image, labels, affine, known = simulate_spine(
        grid | {"labels": dict(numbers)},
        spines,
        rng,
        bmi=patient["bmi"],
        signals=patient["signals"],
        fractured=patient["fractured"],
        defect=patient["defect"],
    )
    raw = Derivatives(root, participant, None)
    raw.write("T1w", image, affine, sidecar(acquisition, patient["field_strength"], rng))
    spine = Derivatives(root / "derivatives" / "spine", participant, None)
    spine.write("desc-spine_dseg", labels, affine, {"Fractured": list(patient["fractured"]), "LevelOverride": {}})
    return [*raw.files(), *spine.files()], known


def sidecar(acquisition: dict, field_strength: str, rng: np.random.Generator) -> dict:
    """Return the header of a T1-weighted image; `acquisition` has the ranges of TR and TE, ms, and the vendors."""
    return {
        "RepetitionTime": round(float(rng.uniform(*acquisition["tr_ms"])) / 1000, 3),
        "EchoTime": round(float(rng.uniform(*acquisition["te_ms"])) / 1000, 4),
        "MagneticFieldStrength": float(field_strength.split()[0]),
        "Manufacturer": str(rng.choice(acquisition["manufacturers"])),
    }
