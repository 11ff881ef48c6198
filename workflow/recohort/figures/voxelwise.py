"""Voxelwise models: where an exposure goes with the images, in slices of a template."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from recohort.core.errors import InputError
from recohort.core.guard import as_it_is
from recohort.figures.planes import edge_letters
from recohort.figures.style import BLACK, MM, WIDTHS, new_figure, styled
from recohort.figures.volumes import (
    BRAIN,
    MEASURES,
    THRESHOLDS,
    Maps,
    box,
    chosen_slices,
    maps_of,
    straight,
)
from recohort.tables import format as fmt

KIND = "figure of kind 'voxelwise'"
COLOURS = colormaps["managua"].reversed()
"""Blue below nothing, orange above, dark between: told apart with every kind of colour vision (Crameri et al. 2020,
doi:10.1038/s41467-020-19160-7)."""

TEXT_MM, BAR_MM, LETTERS = 31, 15, 24
"""Widths of a row's words and of its colour bar, and how many letters fit into a line of the words."""

BAR_LINE = 24
"""Letters in a line beside a colour bar."""

MARGIN_MM = 3
"""What is seen around the brain."""

WHITE_MATTER = 1.25
"""The background's greatest value over what would be drawn white, so that colours stand out."""


class Row(NamedTuple):
    """A model as it is drawn: `shown` is where it is coloured, `below` what its p-values are below there."""

    label: str
    maps: Maps
    below: float
    shown: np.ndarray


def images(
    frames: Mapping[str, object], *, folder: Path, models: Mapping[str, str], background: str | None, **_: object
) -> dict[str, Path]:
    """Return the files that are drawn, name -> file; `folder` is where the study's own images lie."""
    place = folder.parent / "models" / "voxelwise"
    files = {}
    for name in models.values():
        files |= {name: place / f"{name}.nii.gz", f"{name}.json": place / f"{name}.json"}
    return files | ({} if background is None else {"background": Path(background)})


def template(frames: Mapping[str, object], *, resolution_mm: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the background and its affine: ``background`` of the frames, else the MNI152 that nilearn brings."""
    if "background" in frames:
        return straight(*frames["background"], of=f"{KIND}: background")
    from nilearn.datasets import load_mni152_template

    image = load_mni152_template(resolution=resolution_mm)
    return straight(image.get_fdata(dtype=np.float32), image.affine, of="MNI152")


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    models: Mapping[str, str],
    measure: str,
    threshold: str,
    below: float | None,
    slices_mm: Sequence[float],
    slices: int,
    apart_mm: float,
    limit: float | None,
    background: str | None,
    digits: int,
    counted: Callable[..., int | str] = as_it_is,
) -> Figure:
    """Draw a row for each model, as radiologists see the brain: its right on the left.

    Parameters
    ----------
    frames : mapping
        Of each model what `volumes.maps_of` reads, and ``background`` where the study has its own.
    columns : mapping
        Declared columns (unused here; every kind has the same face).
    models : mapping
        How each model is called -> its name.
    measure : str
        Which volume is coloured: ``t | coefficient``.
    threshold : str
        The volume of p-values that decides where; a key of `volumes.THRESHOLDS`.
    below : float or None
        What they must be below; without one each model's own level.
    slices_mm : sequence of float
        Heights of the axial slices in mm; `chosen_slices` without any.
    slices, apart_mm
        As in `chosen_slices`.
    limit : float or None
        Magnitude at the ends of the colours.
    background : str or None
        Its file (read before; every kind has the keys of its schema).
    digits : int
        Decimals of the value at the peak.
    counted : callable
        What is printed for a count; see `core.guard.as_it_is`. With another the number of participants is left out.

    Raises
    ------
    InputError
        A model has no such volumes, or a slice lies outside of the background.
    """
    rows = [_row(frames, label, name, threshold, below) for label, name in models.items()]
    behind, affine = template(frames, resolution_mm=1)
    ends = box(affine, behind > BRAIN * behind.max()) + np.array([-MARGIN_MM, MARGIN_MM])
    heights = list(slices_mm) or chosen_slices(
        [row.maps for row in rows], [row.shown for row in rows], count=slices, apart_mm=apart_mm
    )
    if wrong := [z for z in heights if not ends[2, 0] <= z <= ends[2, 1]]:
        low, high = ends[2]
        raise InputError(f"{KIND}: slices_mm: found {wrong[0]:g}, expected a height of the brain, {low:g} to {high:g}")
    width, depth, _ = np.diff(ends, axis=1).ravel()
    ratios = [width] * (len(heights) + 1) + [depth]
    scale = (WIDTHS["double"] - TEXT_MM - BAR_MM - 1.2 * len(ratios)) / sum(ratios)
    words, bar = TEXT_MM / scale, BAR_MM / scale
    tall = max(depth * scale, 24) + 4
    figure = new_figure("double", tall * len(rows) + 8, synthetic=False)
    figure.get_layout_engine().set(wspace=0.0, hspace=0.0, w_pad=0.3 * MM, h_pad=0.4 * MM)
    panels = figure.subplots(len(rows), len(ratios) + 2, squeeze=False, width_ratios=[words, *ratios, bar])
    for line, row in zip(panels, rows, strict=True):
        peak = row.maps.mm(row.maps.peak(measure, row.shown))
        norm = _norm(row, rows, measure, limit)
        views = [(2, z) for z in heights] + [(1, peak[1]), (0, peak[0])]
        for axes, (across, place) in zip(line[1:-1], views, strict=True):
            _panel(axes, row, (behind, affine), ends, across, place, measure, norm)
        for z in heights:
            line[-2].axhline(z, color="white", lw=0.4, ls=(0, (3, 2)))
        _words(line[0], _said(row, measure, threshold, digits, counted))
        _bar(figure, line[-1], row, measure, norm)
    used = ", ".join(dict.fromkeys(f"p<{row.below:g}" for row in rows))
    said = f"Coloured: {used} ({THRESHOLDS[threshold]}). White line: analysed voxels.\n"
    said += "Coronal and sagittal slices through the peak; dashed: the axial slices."
    figure.supxlabel(said, fontsize=6.5)
    return figure


def _row(frames: Mapping[str, object], label: str, name: str, threshold: str, below: float | None) -> Row:
    maps = maps_of(frames, name)
    if threshold not in maps.volumes:
        raise InputError(
            f"{KIND}: models.voxelwise.{name} has no volume '{threshold}', expected one of "
            f"{', '.join(volume for volume in THRESHOLDS if volume in maps.volumes)}"
        )
    level = maps.sidecar["Level"] if below is None else below
    return Row(label, maps, level, maps.significant(threshold, level))


def _norm(row: Row, rows: Sequence[Row], measure: str, limit: float | None) -> Normalize:
    """Return the colours' scale, symmetric about zero, the same for all rows of one unit."""
    if limit is None:
        unit = row.maps.unit(measure)
        drawn = [np.abs(one.maps.volumes[measure][one.shown]) for one in rows if one.maps.unit(measure) == unit]
        limit = _up(max((float(values.max()) for values in drawn if values.size), default=0.0))
    return Normalize(-limit, limit)


def _up(value: float) -> float:
    """Return the next number of two significant digits that is no smaller; 1 for nothing."""
    if not value:
        return 1.0
    step = 10.0 ** (np.floor(np.log10(value)) - 1)
    return float(f"{np.ceil(value / step - 1e-9) * step:.2g}")


def _panel(
    axes: Axes,
    row: Row,
    behind: tuple[np.ndarray, np.ndarray],
    ends: np.ndarray,
    across: int,
    place: float,
    measure: str,
    norm: Normalize,
) -> None:
    """Draw the slice at `place` mm along the axis `across`."""
    right, up = (axis for axis in (0, 1, 2) if axis != across)
    image, affine = behind
    white = WHITE_MATTER * float(image.max())
    _image(axes, image, affine, across, place, cmap="gray", vmin=0, vmax=white, interpolation="bilinear")
    maps = row.maps
    coloured = np.ma.masked_where(~row.shown, maps.volumes[measure])
    _image(axes, coloured, maps.affine, across, place, cmap=COLOURS, norm=norm, interpolation="nearest")
    outline = _slice(maps.analysed, maps.affine, across, place)
    if outline is not None and outline.any() and not outline.all():
        x, y = (
            maps.affine[axis, 3] + np.arange(maps.analysed.shape[axis]) * maps.affine[axis, axis]
            for axis in (right, up)
        )
        axes.contour(x, y, outline.T, levels=[0.5], colors=["white"], linewidths=0.35)
    (left, far), (low, high) = ends[right], ends[up]
    middle, half = (low + high) / 2, (ends[1, 1] - ends[1, 0]) / 2
    axes.set_xlim((far, left) if across else (left, far))
    axes.set_ylim(middle - half, middle + half)
    axes.set(xticks=[], yticks=[], aspect="equal", facecolor=BLACK)
    axes.spines[:].set_visible(False)
    axes.set_title(f"{'xyz'[across]} = {fmt.number(place, digits=0)} mm", fontsize=6.5, pad=2)
    edge_letters(axes, "RL" if across else "PA", height=0.93)


def _image(axes: Axes, data: np.ndarray, affine: np.ndarray, across: int, place: float, **how: object) -> None:
    picture = _slice(data, affine, across, place)
    if picture is None:
        return
    extent = []
    for axis in (axis for axis in (0, 1, 2) if axis != across):
        first = affine[axis, 3] - affine[axis, axis] / 2
        extent += [first, first + data.shape[axis] * affine[axis, axis]]
    axes.imshow(picture.T, origin="lower", extent=extent, **how)


def _slice(data: np.ndarray, affine: np.ndarray, across: int, place: float) -> np.ndarray | None:
    """Return the slice whose voxels hold `place` mm; None where the image has none there."""
    voxel = int(np.floor((place - affine[across, 3]) / affine[across, across] + 0.5))
    inside = 0 <= voxel < data.shape[across]
    return data[(slice(None),) * across + (voxel,)] if inside else None


def _said(
    row: Row, measure: str, threshold: str, digits: int, counted: Callable[..., int | str]
) -> tuple[list[str], list[str]]:
    """Return the row's name and what is said of it, in lines."""
    maps = row.maps
    lines = [f"n={maps.sidecar['N']}"] if counted is as_it_is else []
    found = int(row.shown.sum())
    if not found:
        lines += textwrap.wrap(f"No voxel with p<{row.below:g} ({THRESHOLDS[threshold]})", LETTERS + 3)
        return textwrap.wrap(row.label, LETTERS), lines
    peak = maps.peak(measure, row.shown)
    unit = maps.unit(measure)
    value = fmt.number(float(maps.volumes[measure][peak]), digits=digits)
    at = ", ".join(fmt.number(place, digits=0) for place in maps.mm(peak))
    volume = fmt.number(found * maps.voxel_ml, digits=1)
    lines += [f"{volume} mL, {found} voxel{'s' if found > 1 else ''}"]
    lines += [f"Peak {MEASURES[measure].lower()} {value}", *textwrap.wrap(unit, LETTERS + 3)]
    return textwrap.wrap(row.label, LETTERS), [*lines, f"at {at} mm"]


def _words(axes: Axes, said: tuple[list[str], list[str]]) -> None:
    axes.set(xticks=[], yticks=[])
    axes.axis("off")
    name, lines = said
    step = 0.115
    top = 0.5 + step * (len(name) + len(lines) - 1) / 2
    for place, text in enumerate([*name, *lines]):
        weight = "bold" if place < len(name) else "normal"
        where = {"transform": axes.transAxes, "va": "center", "fontsize": 6.5, "fontweight": weight}
        axes.text(0.02, top - step * place, text, **where)


def _bar(figure: Figure, axes: Axes, row: Row, measure: str, norm: Normalize) -> None:
    axes.set(xticks=[], yticks=[])
    axes.axis("off")
    if not row.shown.any():
        return
    inside = axes.inset_axes([0.06, 0.14, 0.14, 0.72])
    bar = figure.colorbar(ScalarMappable(norm, COLOURS), cax=inside, ticks=[norm.vmin, 0, norm.vmax])
    bar.ax.set_yticklabels([f"{tick:g}".replace("-", "−") for tick in (norm.vmin, 0, norm.vmax)])
    unit = row.maps.unit(measure)
    lines = [MEASURES[measure], *textwrap.wrap(f"({unit})" if unit else "", BAR_LINE)]
    bar.set_label("\n".join(lines), fontsize=6.5, labelpad=1, rotation="vertical" if unit else "horizontal")
    bar.ax.tick_params(labelsize=6, pad=1)
    bar.outline.set_linewidth(0.4)


def table(steps: int) -> np.ndarray:
    """Return the colours, from the lowest value to the highest, as red, green and blue of 0 to 255."""
    return COLOURS(np.linspace(0, 1, steps), bytes=True)[:, :3]
