"""The volume of a participant's white matter lesions."""

from pathlib import Path

import pandas as pd

from recohort.core.io import read_image
from recohort.images.grid import Grid
from recohort.metrics.wml import measure_wml, segmentation_warnings


def measure(row: dict[str, str], images: Path, *, metrics: dict) -> list[dict]:
    """Return one row per metric: ``metric, value, unit, n_voxels, qc``.

    Parameters
    ----------
    row : dict
        The participant's row of status.
    images : Path
        The dataset of masks.
    metrics : dict
        The study's section, complete.
    """
    ct, affine = read_image(row["ct"])
    grid = Grid.between(ct.shape, affine, orientation="RAS", spacing_mm=(None, None, None))
    masks = [read_image(images / row[name])[0] for name in ("mask", "brain")]
    lesion, brain = (grid.there(mask) for mask in masks)
    notes = ["demonstration"] if row["demonstration"] == "1" else []
    notes += ["nnunet"] if row["segmentation"] == "nnunet" else []
    return measure_wml(lesion, grid.there(ct), brain, voxel_size=grid.spacing, notes=notes, **metrics["wml"])


def judge(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return what the cohort's metrics must have said beside them: ``code, message``."""
    return segmentation_warnings(metrics)
