"""The vertebral bone quality of a participant."""

from pathlib import Path

import pandas as pd

from recohort.core.io import read_image, read_json, sidecar_of
from recohort.metrics.vbq import bone_quality_warnings, measure_vbq, signals_of


def measure(row: dict[str, str], images: Path, *, metrics: dict) -> list[dict]:
    """Return one row per metric: ``metric, value, unit, n_voxels, qc``.

    Parameters
    ----------
    row : dict
        The participant's row of status.
    images : Path
        The dataset of regions.
    metrics : dict
        The study's section, complete.
    """
    image, _ = read_image(images / row["t1w"])
    regions, _ = read_image(images / row["rois"])
    codes = read_json(sidecar_of(images / row["rois"]))["Labels"]
    settings = {key: value for key, value in metrics["vbq"].items() if key != "part"}
    signals = signals_of(image, regions, codes, part=metrics["vbq"]["part"])
    notes = [] if row["accepted"] == "1" else ["outside_window"]
    notes += ["transitional"] if row["transitional"] == "1" else []
    notes += [f"csf_{row['csf_level']}"] if row["csf_level"] not in ("", "L3") else []
    fractured, doubt = row["fractured"].split(), row["level_check"]
    return measure_vbq(signals, fractured=fractured, doubt=doubt, notes=notes, **settings)


def judge(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return what the cohort's metrics must have said beside them: ``code, message``."""
    return bone_quality_warnings(metrics)
