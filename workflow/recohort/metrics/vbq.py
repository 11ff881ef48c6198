"""Vertebral bone quality (VBQ): the signal of lumbar marrow over that of cerebrospinal fluid (CSF) on a T1w.

Higher is more fat and less bone. The median of L1 to L4 over CSF is the score of Ehresman et al. 2020
(doi:10.3171/2019.9.SPINE19954). It depends on field strength and sequence, so that
a threshold of one scanner is none of another.

vbq_value
    Score of the levels without those that are fractured.
vbq_with_fractured
    Score of all levels.
vbq_l1, vbq_l2, ...
    Median of that level's marrow over the median of the fluid, fractured or not.
vbq_csf
    Median of the fluid: signal, not comparable between patients.
vbq_levels
    Number of levels behind `vbq_value`.

Without levels that can be trusted, or without fluid, all are empty.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

RULES = {
    "median_of_medians": lambda levels: np.median([np.median(level) for level in levels]),
    "median_of_means": lambda levels: np.median([np.mean(level) for level in levels]),
    "mean": lambda levels: np.mean([np.mean(level) for level in levels]),
    "pooled": lambda levels: np.median(np.concatenate(levels)),
}
"""Signal of the marrow of several levels."""

REST = "_body"
"""After a level's name: what of its body is not measured."""

NOTES = {
    "outside_window": (
        "vbq_outside_window",
        "of images outside the window of acquisitions, or whose sidecar does not say: their signal depends on TR, TE "
        "and field strength",
    ),
    "transitional": (
        "vbq_transitional",
        "of spines where the vertebra above the sacrum is not L5: levels may be named one too high or too low",
    ),
    "csf_": ("vbq_csf_level", "over CSF of another level than L3"),
    "below 1": (
        "vbq_below_one",
        "below 1, CSF brighter than marrow: the image may not be T1-weighted, or the fluid is none",
    ),
}
"""What `qc` says of a score, by its beginning: the warning's code, and what follows '<n> of <n> VBQ scores are'."""


def signals_of(image: np.ndarray, regions: np.ndarray, codes: Mapping[str, int], *, part: str) -> dict[str, np.ndarray]:
    """Return the signals of the voxels of each level and of the fluid.

    Parameters
    ----------
    image, regions : ndarray, (x, y, z)
        The T1w, evenly bright, and codes.
    codes : mapping of str to int
        Of each level's inside (``L1``), of the rest of its body (``L1_body``), and of the fluid (``csf``).
    part : {"inside", "whole"}
        Whether the rest of the body counts.
    """
    parts = ["", *([REST] if part == "whole" else [])]
    measured = [name for name in codes if not name.endswith(REST)]
    of_name = {name: [codes[name + end] for end in parts if name + end in codes] for name in measured}
    return {name: image[np.isin(regions, wanted)] for name, wanted in of_name.items()}


def measure_vbq(
    signals: Mapping[str, np.ndarray],
    *,
    fractured: Sequence[str],
    doubt: str,
    notes: Sequence[str],
    levels: Sequence[str],
    rule: str,
    minimum_levels: int,
    minimum_voxels: int,
) -> list[dict]:
    """Measure one spine.

    Parameters
    ----------
    signals : mapping of str to array_like
        Signals of the voxels of each level (``L1``) and of the fluid (``csf``).
    fractured : sequence of str
        Levels that are fractured.
    doubt : str
        Why the levels are not to be trusted; empty when they are.
    notes : sequence of str
        What else must be said of this spine (`NOTES`).
    levels : sequence of str
        Levels that the score is of.
    rule : {"median_of_medians", "median_of_means", "mean", "pooled"}
        See `RULES`.
    minimum_levels : int
        With fewer levels a score is NaN.
    minimum_voxels : int
        A level with fewer voxels is NaN and takes no part.

    Returns
    -------
    list of dict
        One row per metric: `metric, value, unit, n_voxels, qc`; `qc` says why a value is NaN, or what must be said.
    """
    found = {name: np.asarray(signals.get(name, ()), float) for name in (*levels, "csf")}
    csf = float(np.median(found["csf"])) if found["csf"].size else float("nan")
    reason = doubt or ("" if csf > 0 else "no CSF" if csf != csf else "the signal of the CSF is not above 0")
    few = {name: f"{found[name].size} voxels, fewer than {minimum_voxels}" for name in levels}
    few = {name: said for name, said in few.items() if found[name].size < minimum_voxels}

    def score(chosen):
        used = [name for name in chosen if name not in few]
        size = sum(found[name].size for name in used)
        if reason or len(used) < minimum_levels:
            return float("nan"), 0, reason or f"{len(used)} levels, fewer than {minimum_levels}", []
        left_out = [f"without {name} ({few[name]})" for name in chosen if name in few]
        value = float(RULES[rule]([found[name] for name in used]) / csf)
        low = ["below 1"] if value < 1 else []
        return value, size, "; ".join([*notes, *left_out, *low]), used

    whole = [name for name in levels if name not in fractured]
    value, size, qc, used = score(whole)
    rows = [_row("value", value, size, qc), _row("with_fractured", *score(levels)[:3])]
    for name in levels:
        why = reason or few.get(name, "")
        median = float("nan") if why else float(np.median(found[name]) / csf)
        said = why or ("fractured" if name in fractured else "")
        rows.append(_row(name.lower(), median, 0 if why else found[name].size, said))
    rows.append(_row("csf", float("nan") if reason else csf, 0 if reason else found["csf"].size, reason))
    rows.append(_row("levels", float("nan") if reason else len(used), size, reason))
    return rows


def bone_quality_warnings(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return what must be said of a cohort's scores: ``code, message``, a row for each note that any of them has.

    Parameters
    ----------
    metrics : DataFrame
        Columns `metric, value, qc`, a row per subject and metric.
    """
    scores = metrics[metrics["metric"] == "vbq_value"]
    notes, empty = scores["qc"].fillna("").astype(str).str.split("; "), int(scores["value"].isna().sum())
    said = []
    if empty:
        message = (
            f"{empty} of {len(scores)} VBQ scores are empty: too few levels, no CSF, or levels that cannot be trusted."
        )
        said.append({"code": "vbq_empty", "message": message})
    for start, (code, words) in NOTES.items():
        count = int(notes.map(lambda parts, start=start: any(part.startswith(start) for part in parts)).sum())
        if count:
            said.append({"code": code, "message": f"{count} of {len(scores)} VBQ scores are {words}."})
    return pd.DataFrame(said, columns=["code", "message"])


def _row(metric: str, value: float, n_voxels: int, qc: str) -> dict:
    return {"metric": f"vbq_{metric}", "value": float(value), "unit": "", "n_voxels": int(n_voxels), "qc": qc}
