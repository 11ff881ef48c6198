"""The metrics of a participant's lesion, on its susceptibility map."""

from pathlib import Path

import pandas as pd

from recohort.core.io import read_image
from recohort.images.geometry import voxel_volume_ml
from recohort.metrics.lesion import measure_lesion
from recohort.metrics.polarity import polarity_warnings


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
    """
    settings = {key: value for key, value in metrics["lesion"].items() if key != "mask"}
    chimap, affine = read_image(images / row["chimap"])
    kept, _ = read_image(images / row["chimap"].replace("_Chimap.", "_desc-kept_mask."))
    lesion, _ = read_image(row["mask"])
    return measure_lesion(chimap, lesion, kept, voxel_volume_ml=voxel_volume_ml(affine), **settings)


def judge(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return what the cohort's metrics must have said beside them: ``code, message``."""
    return polarity_warnings(metrics, metric="lesion_median")
