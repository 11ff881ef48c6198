"""Susceptibility, volume and content of deep grey nuclei; definitions are in docs/methods/nuclei.md.

A *structure* is a pool of labels (left and right). Its *region* is what is measured of it: the whole label, or what
erosion leaves. A voxel is *measured* when it lies in the region and in the part of the brain that background removal
kept, and its susceptibility is finite. What was not measured is left out, never 0.

<structure>_mean, _median, _p95
    Of the measured voxels, ppb; higher is more paramagnetic (iron). With regression the mean is the fitted value.
<structure>_volume
    Volume of the whole, uneroded label, mL.
<structure>_content
    Mean times volume, ppb mL: the total, which atrophy alone does not raise as it raises the mean.
<structure>_kept
    Measured fraction of the region.
<label>_mean, <label>_volume
    The same of each side, where these are asked for.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.metrics.partial_volume import box_around, eroded, unmixed

PPB = 1000.0
"""ppb in a ppm."""

STATISTICS = {"mean": "ppb", "median": "ppb", "p95": "ppb", "volume": "mL", "content": "ppb mL", "kept": "fraction"}
"""What is measured of a structure, and its unit."""


class Measured(NamedTuple):
    """What was measured of a pool of labels, the voxels behind it, and why a value is not known.

    `absent` says why nothing is known, `doubt` why susceptibility is not; else both are empty.
    """

    mean: float
    median: float
    p95: float
    volume: float
    content: float
    n_whole: int
    n_region: int
    n_measured: int
    absent: str
    doubt: str

    @property
    def kept(self) -> float:
        """Measured fraction of the region."""
        return self.n_measured / self.n_region if self.n_region else np.nan


def measure_nuclei(
    chimap,
    labels,
    kept_mask,
    *,
    names: Mapping[int, str],
    voxel_size,
    structures: Mapping[str, list[str]],
    aggregates: Mapping[str, list[str]],
    aggregate_rule: str,
    sides: bool,
    reference: str,
    csf: str,
    partial_volume: str,
    erosion_voxels: int,
    point_spread: float,
    minimum_voxels: int,
    minimum_kept: float,
) -> list[dict]:
    """Measure the nuclei of one susceptibility map.

    Parameters
    ----------
    chimap : array_like, (x, y, z)
        Susceptibility, ppm; NaN where it is not known.
    labels : array_like, (x, y, z)
        Whole numbers; 0 is unlabelled.
    kept_mask : array_like, (x, y, z)
        Above 0 is where the map is trustworthy.
    names : mapping
        Label -> name.
    voxel_size : array_like, (3,)
        Millimetres.
    structures : mapping
        Structure -> names of its labels.
    aggregates : mapping
        Aggregate -> its structures.
    aggregate_rule : {"volume_weighted", "mean_of_means"}
        How an aggregate's mean, median and p95 are averaged over its structures: weighted by volume, or alike.
    sides : bool
        Whether mean and volume of each label of a pool are given, too.
    reference : {"map", "csf"}
        What susceptibility is relative to: the map's own reference, or the mean of the label `csf`, eroded.
    csf : str
        Name of that label.
    partial_volume : {"none", "erosion", "regression"}
        Whether the whole label is measured, what erosion leaves, or the fit of `partial_volume.unmixed`.
    erosion_voxels : int
        Layers that are taken off a structure (never where it meets its own other labels), and off the csf.
    point_spread : float
        See `partial_volume.unmixed`.
    minimum_voxels : int
        With fewer measured voxels a structure's susceptibilities are NaN, with fewer of the csf all of them.
    minimum_kept : float
        With a smaller fraction of the region measured they are NaN.

    Returns
    -------
    list of dict
        One row per metric: `metric, value, unit, n_voxels, qc`. `n_voxels` are the voxels behind the value; `qc` is
        empty, or says why the value is NaN.

    Raises
    ------
    InputError
        The grids differ, the labels are no whole numbers, or a name is no label.
    """
    labels, seen = _checked(chimap, labels, kept_mask)
    numbers = {name: number for number, name in names.items()}
    needed = [*(label for members in structures.values() for label in members), *([csf] if reference == "csf" else [])]
    if unknown := [name for name in needed if name not in numbers]:
        raise InputError(f"'{unknown[0]}' is no label, expected one of {', '.join(sorted(numbers))}")
    values, doubt = np.asarray(chimap, float) * PPB, ""
    if reference == "csf":
        zero, doubt = _zero(values, labels == numbers[csf], seen, erosion_voxels, minimum_voxels)
        values = values - zero
    levels = values
    if partial_volume == "regression" and not doubt:
        wanted = [numbers[label] for members in structures.values() for label in members]
        fit = {"wanted": wanted, "voxel_size": voxel_size, "point_spread": point_spread}
        levels, values = unmixed(values, labels, seen, **fit)
    box = box_around(np.isin(labels, [numbers[name] for name in needed]))
    scene = _Scene(labels[box], seen[box], values[box], levels[box], numbers, float(np.prod(voxel_size) / 1000), doubt)
    least = {"minimum_voxels": minimum_voxels, "minimum_kept": minimum_kept}
    found, each = {}, {}
    for name, members in structures.items():
        region = scene.whole(members)
        region = eroded(region, erosion_voxels) if partial_volume == "erosion" else region
        found[name] = scene.pool(members, region, **least)
        if sides and len(members) > 1:
            each |= {label: scene.pool([label], region, **least) for label in members}
    for name, parts in aggregates.items():
        found[name] = _averaged({part: found[part] for part in parts}, aggregate_rule)
    rows = [row for name, measured in found.items() for row in _rows(name, measured, STATISTICS)]
    return rows + [row for name, measured in each.items() for row in _rows(name, measured, ("mean", "volume"))]


class _Scene(NamedTuple):
    """One participant's arrays, cropped; `levels` are averaged, `values` ranked."""

    labels: np.ndarray
    seen: np.ndarray
    values: np.ndarray
    levels: np.ndarray
    numbers: Mapping[str, int]
    voxel_ml: float
    doubt: str

    def whole(self, members: list[str]) -> np.ndarray:
        """Return the mask of a pool of labels."""
        return np.isin(self.labels, [self.numbers[name] for name in members])

    def pool(self, members: list[str], region: np.ndarray, *, minimum_voxels: int, minimum_kept: float) -> Measured:
        """Measure a pool of labels within a region."""
        whole = self.whole(members)
        if missing := [name for name in members if not (self.labels == self.numbers[name]).any()]:
            return Measured(*[np.nan] * 5, 0, 0, 0, absent=f"no voxel of {missing[0]}", doubt="")
        inside = whole & region
        measured = inside & self.seen
        counts = int(whole.sum()), int(inside.sum()), int(measured.sum())
        volume, doubt = counts[0] * self.voxel_ml, self.doubt
        if counts[2] < minimum_voxels:
            doubt = doubt or f"{counts[2]} measured voxels, fewer than {minimum_voxels}"
        elif counts[2] < minimum_kept * counts[1]:
            doubt = doubt or f"{counts[2] / counts[1]:.3g} measured, less than {minimum_kept:g}"
        if doubt:
            return Measured(np.nan, np.nan, np.nan, volume, np.nan, *counts, absent="", doubt=doubt)
        mean = float(self.levels[measured].mean())
        median, p95 = (float(value) for value in np.percentile(self.values[measured], [50, 95], method="linear"))
        return Measured(mean, median, p95, volume, mean * volume, *counts, absent="", doubt="")


def _checked(chimap, labels, kept_mask) -> tuple[np.ndarray, np.ndarray]:
    """Return labels as integers, and which voxels of the map count."""
    chimap, labels, kept = np.asarray(chimap), np.asarray(labels), np.asarray(kept_mask) > 0
    for name, image in (("label image", labels), ("kept mask", kept)):
        if image.shape != chimap.shape:
            raise InputError(f"the {name} has shape {image.shape}, expected that of the map, {chimap.shape}")
    whole = labels.astype(np.int32)
    if not (whole == labels).all():
        raise InputError(f"the label image holds {labels[whole != labels][0]:g}, expected whole numbers")
    return whole, kept & np.isfinite(chimap)


def _zero(values, mask, seen, layers: int, minimum_voxels: int) -> tuple[float, str]:
    """Return the mean of the reference region, or NaN and why there is none."""
    fluid = values[eroded(mask, layers) & seen]
    if fluid.size < minimum_voxels:
        return np.nan, f"reference csf: {fluid.size} measured voxels, fewer than {minimum_voxels}"
    return float(fluid.mean()), ""


def _averaged(parts: Mapping[str, Measured], rule: str) -> Measured:
    """Return an aggregate: averages of its structures' mean, median and p95; sums of volume, content and voxels."""
    volumes = np.array([part.volume for part in parts.values()])
    weights = volumes if rule == "volume_weighted" else np.ones(len(parts))

    def summed(field: str):
        return sum(getattr(part, field) for part in parts.values())

    def averaged(field: str) -> float:
        return float(np.average([getattr(part, field) for part in parts.values()], weights=weights))

    def said(field: str) -> str:
        return "; ".join(f"{name}: {why}" for name, part in parts.items() if (why := getattr(part, field)))

    return Measured(
        **{field: averaged(field) for field in ("mean", "median", "p95")},
        **{field: summed(field) for field in ("volume", "content", "n_whole", "n_region", "n_measured")},
        **{field: said(field) for field in ("absent", "doubt")},
    )


def _rows(name: str, measured: Measured, statistics: Iterable[str]) -> list[dict]:
    voxels = {"volume": measured.n_whole, "kept": measured.n_region}
    known = {"volume", "kept"} if measured.n_region else {"volume"}
    return [
        {
            "metric": f"{name}_{statistic}",
            "value": float(getattr(measured, statistic)),
            "unit": STATISTICS[statistic],
            "n_voxels": voxels.get(statistic, measured.n_measured),
            "qc": measured.absent or ("" if statistic in known else measured.doubt),
        }
        for statistic in statistics
    ]


def nuclei_warnings(metrics: pd.DataFrame) -> pd.DataFrame:
    """Say aloud which susceptibilities are not known, and that the sign of the phase is doubtful.

    The pallidum holds more iron than the thalamus in health and disease; where the cohort's median says otherwise, the
    map is likely turned over (`images.phase.polarity`).

    Parameters
    ----------
    metrics : DataFrame
        Columns `metric, value`, a row per subject and metric.

    Returns
    -------
    DataFrame
        Columns `code, message`.
    """
    said = []
    means = metrics[metrics["metric"].str.endswith("_mean")]
    missing = means[means["value"].isna()].groupby("metric", sort=False).size()
    if len(missing):
        counts = ", ".join(f"{name} {count}" for name, count in missing.items())
        people = int(means.groupby("metric").size().max())
        said.append(("nuclei_unmeasured", f"Of {people} participants these have no susceptibility: {counts}."))
    medians = means.groupby("metric")["value"].median()
    pallidum, thalamus = (medians.get(f"{name}_mean", np.nan) for name in ("pallidum", "thalamus"))
    if pallidum < thalamus:
        message = (
            f"The cohort's median pallidum_mean, {pallidum:.3g} ppb, is below thalamus_mean, {thalamus:.3g} ppb: the "
            "pallidum holds more iron, so the sign of the phase is probably reversed (images.phase.polarity)."
        )
        said.append(("polarity_doubtful", message))
    return pd.DataFrame(said, columns=["code", "message"])
