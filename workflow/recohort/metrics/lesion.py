"""Susceptibility and volume of a lesion.

A voxel is *measured* when it lies in the lesion mask and in the part of the brain that background removal kept, and its
susceptibility is finite. Statistics are of the measured voxels and in ppm; voxels that were not measured are left out,
never 0.

lesion_mean
    Arithmetic mean. Higher is more paramagnetic: more iron of blood products, or less calcium.
lesion_median
    50th percentile.
lesion_iqr
    75th less 25th percentile: how unequal the lesion is.
lesion_maximum
    Largest value. It is an extreme order statistic: it grows with the number of voxels and with noise, and depends on
    the inversion more than any other metric. It is here because studies publish it; prefer `lesion_p95`.
lesion_p95
    95th percentile.
lesion_volume
    Volume of the whole lesion mask in mL, measured or not.
lesion_kept
    Fraction of the lesion mask that was measured; lower is worse. It says how much of a lesion at the brain's edge the
    other metrics speak for.

Percentiles interpolate linearly between order statistics (numpy's `linear`; type 7 of Hyndman & Fan 1996,
doi:10.1080/00031305.1996.10473566).
"""

import numpy as np

from recohort.core.errors import InputError

STATISTICS = {
    "lesion_mean": lambda values: values.mean(),
    "lesion_median": lambda values: _percentile(values, 50),
    "lesion_iqr": lambda values: _percentile(values, 75) - _percentile(values, 25),
    "lesion_maximum": lambda values: values.max(),
    "lesion_p95": lambda values: _percentile(values, 95),
}


def measure_lesion(chimap, lesion_mask, kept_mask, *, voxel_volume_ml, minimum_voxels, minimum_kept):
    """Measure one lesion mask on one susceptibility map.

    Parameters
    ----------
    chimap : array_like, (x, y, z)
        Susceptibility, ppm; NaN where it is not known.
    lesion_mask : array_like, (x, y, z)
        Above 0 is inside.
    kept_mask : array_like, (x, y, z)
        Above 0 is where the map is trustworthy.
    voxel_volume_ml : float
        Millilitres.
    minimum_voxels : int
        With fewer measured voxels the statistics are NaN.
    minimum_kept : float
        With a smaller fraction measured the statistics are NaN.

    Returns
    -------
    list of dict
        One row per metric: `metric, value, unit, n_voxels, qc`. `n_voxels` are the voxels behind the value; `qc` is
        empty, or says why the value is NaN.

    Raises
    ------
    InputError
        When the grids differ, or the lesion mask is empty.
    """
    chimap, lesion, kept = np.asarray(chimap), np.asarray(lesion_mask) > 0, np.asarray(kept_mask) > 0
    for name, mask in (("lesion mask", lesion), ("kept mask", kept)):
        if mask.shape != chimap.shape:
            raise InputError(f"{name} has shape {mask.shape}, expected that of the map, {chimap.shape}")
    size = int(lesion.sum())
    if size == 0:
        raise InputError("the lesion mask is empty, expected voxels above 0")
    measured = lesion & kept & np.isfinite(chimap)
    values = chimap[measured].astype(float)
    fraction = values.size / size
    if values.size < minimum_voxels:
        qc = f"{values.size} measured voxels, fewer than {minimum_voxels}"
    elif fraction < minimum_kept:
        qc = f"{fraction:.3g} of the lesion measured, less than {minimum_kept:g}"
    else:
        qc = ""
    rows = [
        _row(metric, float("nan") if qc else float(statistic(values)), "ppm", values.size, qc)
        for metric, statistic in STATISTICS.items()
    ]
    rows.append(_row("lesion_volume", size * voxel_volume_ml, "mL", size, ""))
    rows.append(_row("lesion_kept", fraction, "fraction", size, ""))
    return rows


def _row(metric, value, unit, n_voxels, qc):
    return {"metric": metric, "value": value, "unit": unit, "n_voxels": n_voxels, "qc": qc}


def _percentile(values, percent):
    return np.percentile(values, percent, method="linear")
