"""Volume of white matter lesions (WML).

wml_total
    Volume of the whole lesion mask, mL.
wml_periventricular
    Volume of the lesions within a distance from the ventricles, in plane, mL.
wml_share
    Total volume in percent of the space inside the skull.
wml_volume
    That of these three which the study names; it has that one's unit.
wml_ventricles
    Volume of what was taken for ventricles, mL.
wml_intracranial
    Volume of the space inside the skull, mL.
"""

import numpy as np
import pandas as pd
from scipy import ndimage

from recohort.core.errors import InputError

RULES = {"total": "mL", "periventricular": "mL", "share": "%"}
"""Of the volumes that a study may choose, the units."""

NOTES = {
    "demonstration": (
        "segmentation_demonstration",
        "made by a demonstration network or a plain threshold: they show that the software works and say nothing about "
        "patients",
    ),
    "nnunet": (
        "checkpoint_pickle",
        "made by nnU-Net from a checkpoint that is a pickle, which can run any code: the model has to be of a source "
        "that you trust",
    ),
    "fallback": ("ventricles_fallback", "with ventricles from the fallback range of HU"),
    "no_ventricles": ("no_ventricles", "without ventricles that could be found: the volume near them is empty"),
}
"""What `qc` says of a volume: the warning's code, and what follows '<n> of <n> WML volumes were/are'."""


def measure_wml(
    lesion, ct, brain, *, voxel_size, notes=(), volume_rule: str, periventricular_mm: float, ventricles: dict
) -> list[dict]:
    """Measure one mask of white matter lesions.

    Parameters
    ----------
    lesion : array_like, (x, y, z)
        Above 0 is lesion. Slices along the last axis.
    ct : array_like, (x, y, z)
        HU.
    brain : array_like, (x, y, z)
        Above 0 is inside the skull.
    voxel_size : array_like, (3,)
        Millimetres.
    notes : sequence of str
        Of `NOTES`: what must be said of this segmentation.
    volume_rule : {"total", "periventricular", "share"}
        Which is ``wml_volume``.
    periventricular_mm : float
        Distance from the ventricles.
    ventricles : dict
        Settings of `find_ventricles`.

    Returns
    -------
    list of dict
        One row per metric: `metric, value, unit, n_voxels, qc`. No lesion is 0 mL, not missing. `qc` names `notes`.

    Raises
    ------
    InputError
        The grids differ, or the brain mask is empty.
    """
    lesion, brain, ct = np.asarray(lesion) > 0, np.asarray(brain) > 0, np.asarray(ct)
    for name, mask in (("lesion mask", lesion), ("brain mask", brain)):
        if mask.shape != ct.shape:
            raise InputError(f"the {name} has shape {mask.shape}, expected that of the CT, {ct.shape}")
    if not brain.any():
        raise InputError("the brain mask is empty, expected voxels above 0")
    size = np.asarray(voxel_size, float)
    voxel_ml = float(size.prod() / 1000)
    fluid, note = find_ventricles(ct, brain, voxel_size=size, **ventricles)
    notes = [*notes, note] if note else list(notes)
    near = lesion & (in_plane_distance(fluid, size) <= periventricular_mm)
    missing = note == "no_ventricles"
    volumes = {
        "total": lesion.sum() * voxel_ml,
        "periventricular": float("nan") if missing else near.sum() * voxel_ml,
        "share": 100 * lesion.sum() / brain.sum(),
    }
    voxels = {"total": lesion.sum(), "periventricular": 0 if missing else near.sum(), "share": lesion.sum()}
    said = "; ".join(notes)

    def row(metric, value, unit, n_voxels):
        return {"metric": f"wml_{metric}", "value": float(value), "unit": unit, "n_voxels": int(n_voxels), "qc": said}

    return [
        row("volume", volumes[volume_rule], RULES[volume_rule], voxels[volume_rule]),
        *(row(rule, volumes[rule], unit, voxels[rule]) for rule, unit in RULES.items()),
        row("ventricles", fluid.sum() * voxel_ml, "mL", fluid.sum()),
        row("intracranial", brain.sum() * voxel_ml, "mL", brain.sum()),
    ]


def find_ventricles(
    ct, brain, *, voxel_size, hu, erosion_mm: float, minimum_ml: float, fallback_hu, fallback_below_ml: float
) -> tuple[np.ndarray, str]:
    """Return fluid away from the skull, mostly ventricles, and a note: empty, ``fallback`` or ``no_ventricles``.

    Of the brain, eroded in plane, what lies within a range of HU, in parts (joined at faces) of a least volume: the
    rule of github.com/henkvanvoorst92/ctlesionseg, written anew.

    Parameters
    ----------
    ct : ndarray, (x, y, z)
        HU; slices along the last axis.
    brain : ndarray of bool, (x, y, z)
        The space inside the skull.
    voxel_size : ndarray, (3,)
        Millimetres.
    hu, fallback_hu : sequence of 2 float
        Range of fluid, and the one for heads where it gives less than `fallback_below_ml`.
    erosion_mm, minimum_ml, fallback_below_ml : float
        mm and mL.
    """
    deep = brain & (in_plane_distance(~brain, voxel_size, edge=True) > erosion_mm)
    voxel_ml = float(np.prod(voxel_size) / 1000)
    for note, (low, high) in (("", hu), ("fallback", fallback_hu)):
        labels, count = ndimage.label(deep & (ct >= low) & (ct <= high))
        large = np.bincount(labels.ravel(), minlength=count + 1) * voxel_ml >= minimum_ml
        large[0] = False
        found = large[labels]
        if found.any() and found.sum() * voxel_ml >= fallback_below_ml:
            return found, note
    return np.zeros(brain.shape, bool), "no_ventricles"


def in_plane_distance(mask: np.ndarray, voxel_size, *, edge: bool = False) -> np.ndarray:
    """Return each voxel's distance to the mask within its slice, mm; infinite in a slice without.

    Parameters
    ----------
    mask : ndarray of bool, (x, y, z)
        0 is the distance inside.
    voxel_size : array_like, (3,)
        Millimetres.
    edge : bool
        Whether the mask goes on beyond the image.
    """
    distance = np.full(mask.shape, np.inf, np.float32)
    for k in range(mask.shape[2]):
        plane = np.pad(mask[..., k], 1, constant_values=edge)
        if plane.any():
            distance[..., k] = ndimage.distance_transform_edt(~plane, sampling=voxel_size[:2])[1:-1, 1:-1]
    return distance


def segmentation_warnings(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return what must be said of a cohort's volumes: ``code, message``, a row for each note that any of them has.

    Parameters
    ----------
    metrics : DataFrame
        Columns `metric, qc`, a row per subject and metric.
    """
    notes = metrics.loc[metrics["metric"] == "wml_volume", "qc"].fillna("").astype(str).str.split("; ")
    counts = {note: int(notes.map(lambda said, note=note: note in said).sum()) for note in NOTES}
    said = [
        {"code": NOTES[note][0], "message": f"{count} of {len(notes)} WML volumes are {NOTES[note][1]}."}
        for note, count in counts.items()
        if count
    ]
    return pd.DataFrame(said, columns=["code", "message"])
