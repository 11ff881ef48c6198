"""The metrics of a participant's deep grey nuclei, on its susceptibility map."""

from pathlib import Path

import pandas as pd

from recohort.core.errors import InputError
from recohort.core.io import read_image, sidecar_of
from recohort.images.geometry import voxel_size
from recohort.metrics.nuclei import measure_nuclei, nuclei_warnings
from recohort.modalities.nuclei.files import names_of


def measure(row: dict[str, str], images: Path, *, metrics: dict) -> list[dict]:
    """Return one row per metric: ``metric, value, unit, n_voxels, qc``.

    Parameters
    ----------
    row : dict
        The participant's row of status: ``chimap`` and ``structures``, the label image on its grid.
    images : Path
        The dataset of maps.
    metrics : dict
        The study's section, complete.

    Raises
    ------
    InputError
        The labels have no names, or not those that are measured; the grids differ.
    """
    chimap, affine = read_image(images / row["chimap"])
    kept, _ = read_image(images / row["chimap"].replace("_Chimap.", "_desc-kept_mask."))
    labels, _ = read_image(images / row["structures"])
    names = label_names(images / row["structures"])
    try:
        return measure_nuclei(chimap, labels, kept, names=names, voxel_size=voxel_size(affine), **metrics["nuclei"])
    except InputError as error:
        raise InputError(f"{images / row['structures']}: {error}") from None


def label_names(path: Path) -> dict[int, str]:
    """Return label -> name of a label image, of its sidecar, else of the ``.tsv`` beside it."""
    return names_of(path, sidecar_of(path).with_suffix(".tsv"))


def judge(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return what the cohort's metrics must have said beside them: ``code, message``."""
    return nuclei_warnings(metrics)
