"""Voxelwise maps to be looked through: three planes in one file that loads nothing."""

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from recohort.core.errors import InputError
from recohort.report.environment import environment

STEPS = 127
"""Steps of a stored value to either side of zero; code 0 is not analysed, 128 is zero."""

SMALLEST, PER_DECADE = 1e-4, 20
"""Smallest p-value that is told apart, and steps per power of ten."""

MARGIN = 2
"""Voxels around the brain."""

BRAIN = 0.05
"""The background is brain where it exceeds this share of its greatest value."""


class Volumes(Protocol):
    """What is shown of a model: arrays (x, y, z), axes to the right, front and upwards, NaN where not analysed."""

    volumes: Mapping[str, np.ndarray]
    affine: np.ndarray
    sidecar: Mapping[str, object]

    def unit(self, measure: str) -> str:
        """Return the unit of a measure; empty where it has none."""


def viewer(
    maps: Mapping[str, Volumes],
    background: tuple[np.ndarray, np.ndarray],
    *,
    title: str,
    caption: str,
    caveats: Sequence[str],
    templates: Mapping[str, str],
    style: str,
    script: str,
    colours: ArrayLike,
    measures: Mapping[str, str],
    thresholds: Mapping[str, str],
    levels: Sequence[float],
    counts: bool,
) -> str:
    """Return a page with the maps of one figure, as HTML that loads nothing.

    Parameters
    ----------
    maps : mapping
        How each model is called -> its volumes.
    background : tuple of ndarray
        Image of the maps' space, axes to the right, front and upwards, and its affine. The page has its voxels,
        cropped to the brain; maps of another grid are looked up at the nearest voxel.
    title, caption : str
        Of the figure.
    caveats : sequence of str
        What the study's results rest on, of `CAVEATS`, the gravest first.
    templates : mapping
        File name -> content of ``workflow/report/*.html.j2``.
    style, script : str
        Content of ``volumes.css`` after ``style.css``, and of ``volumes.js``.
    colours : array_like of int, shape (255, 3)
        Red, green, blue (0 to 255) from the lowest value to the highest.
    measures : mapping
        Volumes that are coloured -> what each is called. Stored in 255 steps from minus to plus the greatest magnitude.
    thresholds : mapping
        Volumes of p-values -> how each is corrected; those that a model has can decide where is coloured.
    levels : sequence of float
        What p-values may be asked to be below, exactly, beside the models' own levels.
    counts : bool
        The number of participants is said.

    Raises
    ------
    InputError
        A model has no voxel with a value inside the background.
    """
    behind, affine = background
    brain = behind > BRAIN * float(behind.max())
    found = np.argwhere(brain)
    low, high = found.min(axis=0), found.max(axis=0) + 1
    low, high = np.maximum(low - MARGIN, 0), np.minimum(high + MARGIN, behind.shape)
    crop = tuple(slice(*ends) for ends in zip(low, high, strict=True))
    origin = affine[:3, 3] + affine[:3, :3] @ low
    size = np.diag(affine)[:3]
    known = sorted({float(level) for level in levels} | {float(one.sidecar["Level"]) for one in maps.values()})
    edges = p_edges(known)
    white = float(np.percentile(behind[brain], 99.5))
    content = {
        "shape": (high - low).tolist(),
        "origin": origin.tolist(),
        "size": size.tolist(),
        "background": packed(np.clip(255 * behind[crop] / white, 0, 255).astype(np.uint8)),
        "colours": np.asarray(colours).ravel().tolist(),
        "measures": dict(measures),
        "thresholds": dict(thresholds),
        "edges": edges.tolist(),
        "levels": known,
        "models": [
            {
                "label": label,
                "level": float(one.sidecar["Level"]),
                "n": one.sidecar["N"] if counts else None,
                **_model(one, label, (high - low, origin, size), measures, thresholds, edges),
            }
            for label, one in maps.items()
        ],
    }
    return (
        environment(templates, caveats=caveats)
        .get_template("volumes.html.j2")
        .render(
            title=title,
            caption=caption,
            content=json.dumps(content, separators=(",", ":")).replace("<", "\\u003c"),
            models=content["models"],
            axes=_axes(content),
            style=style,
            script=script,
        )
    )


def packed(codes: np.ndarray) -> str:
    """Return bytes as text: each less the one before (the first axis runs fastest), compressed, in base 64."""
    flat = codes.ravel(order="F")
    return base64.b64encode(gzip.compress(np.diff(flat, prepend=np.uint8(0)).tobytes(), mtime=0)).decode("ascii")


def p_edges(levels: Sequence[float]) -> np.ndarray:
    """Return the limits between codes of p-values, ascending: equal steps of the logarithm, and the levels.

    Rounded to single precision as p-values are stored, so that a p of 0.01 is not below 0.01.
    """
    count = round(-np.log10(SMALLEST) * PER_DECADE) + 1
    edges = np.concatenate([np.geomspace(SMALLEST, 1, count), levels])
    return np.unique(edges.astype(np.float32)).astype(float)


def _model(
    one: Volumes,
    label: str,
    grid: tuple[np.ndarray, np.ndarray, np.ndarray],
    measures: Mapping[str, str],
    thresholds: Mapping[str, str],
    edges: np.ndarray,
) -> dict[str, object]:
    """Return a model's volumes as codes on the page's grid, only of the voxels that are analysed."""
    volumes = {
        name: _looked_up(one.volumes[name], one.affine, grid)
        for name in (*measures, *thresholds)
        if name in one.volumes
    }
    analysed = np.logical_and.reduce([np.isfinite(volumes[name]) for name in measures])
    if not analysed.any():
        raise InputError(f"'{label}': found no value inside the background, expected maps of its space")
    made = {"analysed": packed(analysed.astype(np.uint8)), "measures": {}, "thresholds": {}}
    inside = analysed.ravel(order="F")
    for name in measures:
        values = volumes[name].ravel(order="F")[inside]
        top = float(np.abs(values).max()) or 1.0
        codes = (np.round(values / top * STEPS) + STEPS + 1).astype(np.uint8)
        made["measures"][name] = {"data": packed(codes), "top": top, "unit": one.unit(name)}
    for name in thresholds:
        if name in volumes:
            values = volumes[name].ravel(order="F")[inside]
            made["thresholds"][name] = packed(np.searchsorted(edges, values, side="right").astype(np.uint8))
    return made


def _looked_up(volume: np.ndarray, affine: np.ndarray, grid: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the values at the middle of each voxel of the grid (shape, origin, size); NaN outside of the volume."""
    shape, origin, size = grid
    places, inside = [], []
    for axis in range(3):
        mm = origin[axis] + size[axis] * np.arange(shape[axis])
        voxel = np.floor((mm - affine[axis, 3]) / affine[axis, axis] + 0.5).astype(int)
        inside.append((voxel >= 0) & (voxel < volume.shape[axis]))
        places.append(np.clip(voxel, 0, volume.shape[axis] - 1))
    x, y, z = inside
    return np.where(x[:, None, None] & y[:, None] & z, volume[np.ix_(*places)], np.nan)


def _axes(content: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """Return words, range in mm and extent of the three sliders, by axis."""
    words = (("x", "left to right"), ("y", "back to front"), ("z", "bottom to top"))
    rows = zip(words, content["origin"], content["size"], content["shape"], strict=True)
    return {
        name: {"words": said, "low": low, "high": low + step * (count - 1), "step": step, "mm": step * count}
        for (name, said), low, step, count in rows
    }
