"""Perfusion and size of a tumour before and after a treatment; definitions are in docs/methods/dce_metrics.md.

<map>_<statistic>_before, _after
    Of the tumour's fitted voxels; `roi` is the bounded fit of its mean curve. What was not fitted is left out, not 0.
<map>_<statistic>_change
    ``100 (after - before) / before``, %.
<map>_<statistic>_log_ratio
    ``ln(after / before)``; where both are known the change is ``100 (exp(log ratio) - 1)``.
<map>_failed_before, _after
    Fraction of the tumour's voxels that have no value.
size_before, size_after, size_change
    Volume of the tumour's mask, mL, and %.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.core.errors import InputError

WHEN = ("before", "after")
UNITS = {"vp": "fraction", "ktrans": "1/min", "ve": "fraction"}
STATISTICS: dict[str, Callable[[np.ndarray], float]] = {
    "mean": np.mean,
    "median": np.median,
    "p90": lambda values: np.percentile(values, 90, method="linear"),
    "max": np.max,
}
"""Of all fitted voxels together."""

BELOW, FLOORED = "value before below", "value before set to"
"""How `qc` begins where a baseline is small: kept or left out, and replaced."""

NO_LOGARITHM = "no logarithm"


class Session(NamedTuple):
    """What one session gives.

    Attributes
    ----------
    maps : mapping of str to array_like, (x, y, z)
        Maps by name; NaN where nothing was fitted.
    tumour, marrow : array_like, (x, y, z), or None
        Masks, above 0 inside; `marrow` may be None.
    curves : mapping
        ``tumour`` and ``marrow``, each ``voxels`` and ``bounded``: map -> value (or None), ``<map>_se``.
    voxel_size : array_like, (3,)
        Millimetres.
    """

    maps: Mapping[str, np.ndarray]
    tumour: np.ndarray
    marrow: np.ndarray | None
    curves: Mapping[str, dict]
    voxel_size: np.ndarray


class Value(NamedTuple):
    """A number, the voxels behind it, and why it is not known or what must be said of it."""

    value: float
    n_voxels: int
    qc: str


def measure_perfusion(
    sessions: Mapping[str, Session],
    *,
    maps: Sequence[str],
    statistics: Sequence[str],
    small_baseline: Mapping[str, object],
    normalise: str,
    minimum_voxels: int,
) -> list[dict]:
    """Measure one patient's tumour.

    Parameters
    ----------
    sessions : mapping of str to Session
        ``before`` and ``after``.
    maps : sequence of {"vp", "ktrans", "ve"}
        What is measured.
    statistics : sequence of {"mean", "median", "p90", "max", "hottest", "roi"}
        How; `hottest` is the mean of the slice, across the longest edge of a voxel, whose mean is highest.
    small_baseline : mapping
        ``rule`` (``floor``, ``exclude``, ``none``) and a limit per map: what becomes of changes from a smaller value.
    normalise : {"none", "marrow"}
        Whether values are over those of marrow in the same session.
    minimum_voxels : int
        Fitted voxels that a region, and a slice that may be the hottest, must have.

    Returns
    -------
    list of dict
        One row per metric: `metric, value, unit, n_voxels, qc`; `qc` says why a value is NaN, or what must be said.

    Raises
    ------
    InputError
        Map and mask differ in shape, or a mask of marrow is needed and there is none.
    """
    rows = []
    for name in maps:
        limit = {"rule": small_baseline["rule"], "limit": small_baseline[name]}
        unit = UNITS[name] if normalise == "none" else ""
        found = {when: _session(sessions[when], name, statistics, normalise, minimum_voxels) for when in WHEN}
        for statistic in statistics:
            before, after = (found[when][statistic] for when in WHEN)
            change, log_ratio = changes(before, after, **limit)
            rows += [_row(f"{name}_{statistic}_{when}", found[when][statistic], unit) for when in WHEN]
            rows += [_row(f"{name}_{statistic}_change", change, "%")]
            rows += [_row(f"{name}_{statistic}_log_ratio", log_ratio, "")]
        rows += [_row(f"{name}_failed_{when}", _failed(sessions[when], name), "fraction") for when in WHEN]
    sizes = {when: _size(sessions[when]) for when in WHEN}
    rows += [_row(f"size_{when}", sizes[when], "mL") for when in WHEN]
    return [*rows, _row("size_change", changes(*sizes.values(), rule="none", limit=0.0)[0], "%")]


def changes(before: Value, after: Value, *, rule: str, limit: float) -> tuple[Value, Value]:
    """Return the change in percent and the logarithm of the ratio, each empty where it has no meaning.

    Parameters
    ----------
    before, after : Value
        Of which it is the change.
    rule : {"floor", "exclude", "none"}
        What becomes of a value before that is smaller than `limit`.
    limit : float
        In the values' unit.
    """
    n_voxels = min(before.n_voxels, after.n_voxels)
    both = dict(zip(WHEN, (before, after), strict=True))
    unknown = "; ".join(f"{when}: {one.qc}" for when, one in both.items() if np.isnan(one.value))
    notes = [f"{when}: {one.qc}" for when, one in both.items() if one.qc]
    start = before.value
    if before.value < limit:
        notes.insert(0, f"{FLOORED if rule == 'floor' else BELOW} {limit:g}")
        start = {"floor": limit, "exclude": np.nan, "none": start}[rule]
    said = "; ".join(notes)
    if unknown or np.isnan(start):
        return (Value(np.nan, n_voxels, unknown or said),) * 2
    if start <= 0:
        return (Value(np.nan, n_voxels, "value before not above 0"),) * 2
    change = Value(100 * (after.value - start) / start, n_voxels, said)
    if after.value <= 0:
        return change, Value(np.nan, n_voxels, f"{NO_LOGARITHM}, value after not above 0")
    return change, Value(float(np.log(after.value / start)), n_voxels, said)


def perfusion_warnings(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return what must be said of a cohort's changes: ``code, message``.

    Parameters
    ----------
    metrics : DataFrame
        Columns `metric, value, qc`, a row per subject and metric.
    """
    qc = metrics["qc"].fillna("").astype(str)
    change, log_ratio = (metrics["metric"].str.endswith(f"_{what}") for what in ("change", "log_ratio"))
    small = change & qc.str.startswith((BELOW, FLOORED))
    empty = metrics["value"].isna()
    told = {
        "dce_small_baseline": (small, "Values before treatment below the limit of metrics.dce.small_baseline"),
        "dce_no_change": (change & empty, "Changes that are empty"),
        "dce_no_log_ratio": (
            log_ratio & empty & qc.str.startswith(NO_LOGARITHM),
            "Changes without a logarithm, as the value after treatment is not above 0",
        ),
    }
    said = []
    people = int(metrics.groupby("metric").size().max()) if len(metrics) else 0
    for code, (which, words) in told.items():
        counts = metrics.loc[which, "metric"].str.replace("_change|_log_ratio", "", regex=True)
        counts = counts.groupby(counts, sort=False).size()
        if len(counts):
            listed = ", ".join(f"{name} {count}" for name, count in counts.items())
            said.append({"code": code, "message": f"{words}, of {people} participants: {listed}."})
    return pd.DataFrame(said, columns=["code", "message"])


def _session(
    session: Session, name: str, statistics: Sequence[str], normalise: str, minimum_voxels: int
) -> dict[str, Value]:
    """Return each statistic of a map."""
    found = {statistic: _value(session, name, "tumour", statistic, minimum_voxels) for statistic in statistics}
    if normalise == "none":
        return found
    usual = {of: _value(session, name, "marrow", of, minimum_voxels) for of in ("mean", "roi")}
    return {of: _over(value, usual["roi" if of == "roi" else "mean"]) for of, value in found.items()}


def _value(session: Session, name: str, region: str, statistic: str, minimum_voxels: int) -> Value:
    values = _inside(session, name, region)
    if statistic == "roi":
        return _fitted(session.curves[region], name)
    known = np.isfinite(values)
    count = int(known.sum())
    if count < minimum_voxels:
        return Value(np.nan, count, f"{count} fitted voxels, fewer than {minimum_voxels}")
    if statistic == "hottest":
        return _hottest(values, session.voxel_size, minimum_voxels)
    return Value(float(STATISTICS[statistic](values[known])), count, "")


def _inside(session: Session, name: str, region: str) -> np.ndarray:
    """Return the map, NaN outside a region."""
    values, mask = np.asarray(session.maps[name], float), getattr(session, region)
    if mask is None:
        raise InputError(f"metrics.dce.normalise: found no mask of {region}, expected images.masks.{region}")
    if np.shape(mask) != values.shape:
        raise InputError(f"the mask of {region} has shape {np.shape(mask)}, expected that of {name}, {values.shape}")
    return np.where(np.asarray(mask) > 0, values, np.nan)


def _hottest(values: np.ndarray, voxel_size, minimum_voxels: int) -> Value:
    slices = np.moveaxis(values, int(np.argmax(voxel_size)), 0).reshape(values.shape[np.argmax(voxel_size)], -1)
    counts = np.isfinite(slices).sum(axis=1)
    if counts.max() < minimum_voxels:
        return Value(np.nan, 0, f"no slice with {minimum_voxels} fitted voxels")
    means = np.array(
        [np.nanmean(one) if n >= minimum_voxels else -np.inf for one, n in zip(slices, counts, strict=True)]
    )
    return Value(float(means.max()), int(counts[means.argmax()]), "")


def _fitted(curve: Mapping[str, object], name: str) -> Value:
    """Return what the bounded fit of a mean curve says."""
    value, error = curve["bounded"][name], curve["bounded"][f"{name}_se"]
    if value is None:
        return Value(np.nan, curve["voxels"], "no fit of the mean curve")
    return Value(float(value), curve["voxels"], "at a bound, or fixed by the model" if error is None else "")


def _over(value: Value, usual: Value) -> Value:
    """Return a value over that of marrow."""
    if np.isnan(value.value):
        return value
    if np.isnan(usual.value) or usual.value <= 0:
        return Value(np.nan, value.n_voxels, f"marrow: {usual.qc}" if np.isnan(usual.value) else "marrow: not above 0")
    notes = [value.qc, f"marrow: {usual.qc}" if usual.qc else ""]
    return Value(value.value / usual.value, value.n_voxels, "; ".join(note for note in notes if note))


def _failed(session: Session, name: str) -> Value:
    inside = int((np.asarray(session.tumour) > 0).sum())
    known = int(np.isfinite(_inside(session, name, "tumour")).sum())
    return Value(1 - known / inside, inside, "") if inside else Value(np.nan, 0, "no voxel of the tumour")


def _size(session: Session) -> Value:
    inside = int((np.asarray(session.tumour) > 0).sum())
    if not inside:
        return Value(np.nan, 0, "no voxel of the tumour")
    return Value(inside * float(np.prod(session.voxel_size)) / 1000, inside, "")


def _row(metric: str, value: Value, unit: str) -> dict:
    return {"metric": metric, "value": float(value.value), "unit": unit, "n_voxels": value.n_voxels, "qc": value.qc}
