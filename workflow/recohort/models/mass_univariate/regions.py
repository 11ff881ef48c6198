"""Structures of an atlas and clusters of significant voxels, told in numbers."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.ndimage import generate_binary_structure, label

from recohort.core.errors import InputError
from recohort.models.mass_univariate.maps import widen
from recohort.models.result import row

_RANKS = {6: 1, 18: 2, 26: 3}


class Voxels(NamedTuple):
    """The analysed voxels and what was found in them, each of shape (v,) unless said.

    Attributes
    ----------
    index : ndarray of int, shape (v, 3)
        In the grid.
    millimetres : ndarray, shape (v, 3)
    volume_ml : float
        Of one voxel.
    structure : ndarray of int
        1 for the first structure; 0 for none.
    coefficient, t, p : ndarray
        nan in voxels that do not vary.
    corrected : dict of str to ndarray
        p-values by method: ``TFCE``, ``max t``, ``FDR``.
    """

    index: np.ndarray
    millimetres: np.ndarray
    volume_ml: float
    structure: np.ndarray
    coefficient: np.ndarray
    t: np.ndarray
    p: np.ndarray
    corrected: dict[str, np.ndarray]


def structure_image(
    labels: np.ndarray,
    label_names: Mapping[int, str],
    structures: Mapping[str, Sequence[str]],
    *,
    voxel_mm: np.ndarray,
    margin_mm: float,
) -> np.ndarray:
    """Return 1 in the first structure's labels, 2 in the second's, 0 elsewhere, grown by a margin.

    Raises
    ------
    InputError
        A structure has a label that the table of labels lacks.
    """
    index = {name: number for number, name in label_names.items()}
    image = np.zeros(labels.shape, np.int32)
    for number, (structure, pooled) in enumerate(structures.items(), start=1):
        if absent := [name for name in pooled if name not in index]:
            raise InputError(
                f"structure '{structure}': found no label '{absent[0]}', expected one of {', '.join(index)}"
            )
        image[np.isin(labels, [index[name] for name in pooled])] = number
    return widen(image, voxel_mm=voxel_mm, margin_mm=margin_mm)


def region_rows(
    term: str, inside: np.ndarray, found: Voxels, *, significance: float, scale: str, shared: dict
) -> list[dict]:
    """Return what is found in a region: its size, how much of it is significant, its peak, its coefficients.

    Parameters
    ----------
    term : str
        The region's name.
    inside : ndarray of bool, shape (v,)
        Its voxels; one at least.
    found : Voxels
    significance : float
        A voxel is significant where its p is below.
    scale : str
        What coefficients are, ``ppb per 1 year``.
    shared : dict
        ``n`` of all rows.
    """
    size = int(inside.sum())
    rows = [
        row(term, "voxels", method="count", estimate=size, **shared),
        row(term, "volume", "mL", "count", estimate=size * found.volume_ml, **shared),
    ]
    for method, p in found.corrected.items():
        count = int((p[inside] < significance).sum())
        rows.append(row(term, "voxels_significant", f"p < {significance:g}", method, estimate=count, **shared))
        rows.append(row(term, "share_significant", f"p < {significance:g}", method, estimate=count / size, **shared))
    return rows + _peak(term, inside, found, scale, shared)


def cluster_rows(
    method: str,
    found: Voxels,
    structures: Sequence[str],
    *,
    connectivity: int,
    significance: float,
    scale: str,
    shared: dict,
) -> list[dict]:
    """Return the clusters of significant voxels of one sign, the largest first, and the structures they lie in."""
    rows = []
    for number, inside in enumerate(clusters(method, found, connectivity, significance), start=1):
        term, size = f"cluster {number}", int(inside.sum())
        rows.append(row(term, "voxels", method=method, estimate=size, **shared))
        rows.append(row(term, "volume", "mL", method, estimate=size * found.volume_ml, **shared))
        rows += _peak(term, inside, found, scale, shared)
        for place, structure in enumerate(structures, start=1):
            if share := float((found.structure[inside] == place).mean()):
                rows.append(row(term, "share_of_cluster", f"in {structure}", method, estimate=share, **shared))
    return rows


def clusters(method: str, found: Voxels, connectivity: int, significance: float) -> list[np.ndarray]:
    """Return masks, shape (v,), of connected voxels whose p is below `significance` and whose t has one sign."""
    inside, shape, parts = found.index - found.index.min(axis=0), np.ptp(found.index, axis=0) + 1, []
    for sign in (1, -1):
        box = np.zeros(shape, bool)
        box[tuple(inside.T)] = (found.corrected[method] < significance) & (sign * found.t > 0)
        numbers, count = label(box, generate_binary_structure(3, _RANKS[connectivity]))
        parts += [numbers[tuple(inside.T)] == number for number in range(1, count + 1)]
    return sorted(parts, key=lambda part: -int(part.sum()))


def _peak(term: str, inside: np.ndarray, found: Voxels, scale: str, shared: dict) -> list[dict]:
    known = np.flatnonzero(inside & np.isfinite(found.t))
    if not known.size:
        return []
    peak = known[np.argmax(np.abs(found.t[known]))]
    largest = known[np.argmax(np.abs(found.coefficient[known]))]
    tested = {"statistic": found.t[peak], "p_value": found.p[peak]}
    error = {"estimate": found.coefficient[peak], "std_error": found.coefficient[peak] / found.t[peak]}
    at = found.millimetres[peak]
    return [
        row(term, "peak_t", "", "t, uncorrected", estimate=found.t[peak], **tested, **shared),
        row(term, "peak_coefficient", scale, "t, uncorrected", **error, **tested, **shared),
        *(
            row(term, f"peak_{axis}", "mm", "t", estimate=float(mm), **shared)
            for axis, mm in zip("xyz", at, strict=True)
        ),
        *(
            row(term, "smallest_p", "", method, p_value=np.nanmin(p[known]), **shared)
            for method, p in found.corrected.items()
        ),
        row(term, "mean_coefficient", scale, "mean of voxels", estimate=found.coefficient[known].mean(), **shared),
        row(term, "largest_coefficient", scale, "farthest from 0", estimate=found.coefficient[largest], **shared),
    ]
