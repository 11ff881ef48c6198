"""The perfusion and size of a participant's tumour, before and after treatment."""

from pathlib import Path

import pandas as pd

from recohort.core.errors import InputError
from recohort.core.io import read_image, read_json
from recohort.images.geometry import voxel_size
from recohort.metrics.dce import WHEN, Session, measure_perfusion, perfusion_warnings


def measure(row: dict[str, str], images: Path, *, metrics: dict) -> list[dict]:
    """Return one row per metric: ``metric, value, unit, n_voxels, qc``.

    Parameters
    ----------
    row : dict
        The participant's row of status.
    images : Path
        The dataset of maps.
    metrics : dict
        The study's section, complete.

    Raises
    ------
    InputError
        A mask lies on another grid than the maps, or a mask of marrow is needed and there is none.
    """
    settings = metrics["dce"]
    curves = read_json(images / row["curves"])
    sessions = {when: _session(row, images, when, curves[when], settings) for when in WHEN}
    try:
        return measure_perfusion(sessions, **settings)
    except InputError as error:
        raise InputError(f"{row['participant_id']}: {error}") from None


def _session(row: dict[str, str], images: Path, when: str, curves: dict, settings: dict) -> Session:
    read = {name: read_image(images / row[f"{name}_{when}"]) for name in settings["maps"]}
    _, affine = next(iter(read.values()))
    marrow = row.get(f"marrow_{when}") if settings["normalise"] == "marrow" else None
    return Session(
        maps={name: values for name, (values, _) in read.items()},
        tumour=read_image(row[f"tumour_{when}"])[0],
        marrow=read_image(marrow)[0] if marrow else None,
        curves=curves,
        voxel_size=voxel_size(affine),
    )


def judge(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return what the cohort's metrics must have said beside them: ``code, message``."""
    return perfusion_warnings(metrics)
