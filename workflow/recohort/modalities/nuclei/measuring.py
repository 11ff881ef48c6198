"""The metrics of a participant's deep grey nuclei, on its susceptibility map."""

from pathlib import Path

import pandas as pd

from recohort.core.errors import InputError
from recohort.core.io import read_image, read_json, read_rows, sidecar_of
from recohort.images.geometry import voxel_size
from recohort.metrics.nuclei import measure_nuclei, nuclei_warnings


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
    """Return label -> name of a label image: ``Labels`` of its sidecar, else ``index, name`` of the ``.tsv`` beside it.

    Raises
    ------
    InputError
        There is neither.
    """
    sidecar = sidecar_of(path)
    named = read_json(sidecar).get("Labels") if sidecar.exists() else None
    if named is None:
        table = sidecar.with_suffix(".tsv")
        if not table.exists():
            raise InputError(f"{path}: its labels have no names, expected 'Labels' in {sidecar.name} or {table.name}")
        named = {row["index"]: row["name"] for row in read_rows(table)}
    return {int(number): str(name) for number, name in named.items()}


def judge(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return what the cohort's metrics must have said beside them: ``code, message``."""
    return nuclei_warnings(metrics)
