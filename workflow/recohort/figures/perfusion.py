"""Example patients: a map of perfusion before and after treatment, and the curves that it was fitted to."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from nibabel.orientations import io_orientation

from recohort.core.errors import InputError
from recohort.core.guard import as_it_is
from recohort.figures.planes import canonical, edge_letters
from recohort.figures.style import BLACK, BLUE, GREY, VERMILLION, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables.words import key_of, unit_of

KIND = "figure of kind 'perfusion'"
WHEN = ("before", "after")
NAMES = {"vp": r"$v_\mathrm{p}$", "ktrans": r"$K^\mathrm{trans}$", "ve": r"$v_\mathrm{e}$"}
UNITS = {"vp": "fraction", "ktrans": "1/min", "ve": "fraction"}
STATISTICS = {
    "mean": "mean",
    "median": "median",
    "p90": "90th percentile",
    "max": "maximum",
    "hottest": "hottest slice",
    "roi": "mean curve",
}
LINES = {"before": (BLUE, "-", "o"), "after": (VERMILLION, (0, (4, 1.5)), "s")}
"""Colour, dashes and marker of each session's curves."""

PLANES = (((1, 2), "AP"), ((0, 2), "RL"), ((0, 1), "RL"))
"""Of the axis across the slices, the axes drawn leftwards and upwards, and the letters of the left and right edges."""

COLOURS, BAR_MM, ROOM_MM, SCALE_MM = "viridis", 20, 26, 2.5
"""The map's colours, the scale bar, what is needed beside the rows, and the height of the colour scale."""

CHOICE = ("cohort", "map", "column", "label", "group", "group_levels", "quantiles", "participants")
"""Keys that say who is drawn."""

HALO = [withStroke(linewidth=1.8, foreground="black")]


class Slice(NamedTuple):
    """One session's slice, arrays (across, up): the map (`level`) and what else is seen; `edges` of a pixel, mm."""

    level: np.ndarray
    tumour: np.ndarray
    anatomy: np.ndarray | None
    edges: tuple[float, float]
    letters: str


def images(frames: Mapping[str, object], *, folder: Path, **entry: object) -> dict[str, Path]:
    """Return the files that are drawn, ``<participant>/<name>`` -> file; `folder` is where the study's own images lie.

    ``curves``, and of each session the map (``vp_before``), ``tumour_before`` and, where the status has it,
    ``anatomy_before``, an image on the map's grid.
    """
    chosen = examples(frames, **{key: entry[key] for key in CHOICE})
    files = {}
    for row in chosen.to_dict("records"):
        own = [*(f"{entry['map']}_{when}" for when in WHEN), "curves"]
        own += [name for when in WHEN if pd.notna(row.get(name := f"anatomy_{when}"))]
        places = {name: folder / row[name] for name in own}
        places |= {f"tumour_{when}": Path(row[f"tumour_{when}"]) for when in WHEN}
        files |= {f"{row['participant_id']}/{name}": path for name, path in places.items()}
    return files


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    cohort: str,
    map: str,
    statistic: str,
    column: str,
    label: str,
    group: str | None,
    group_levels: Mapping[str, str],
    quantiles: Sequence[float],
    participants: Sequence[str],
    range: Sequence[float] | None,
    field_of_view: float,
    minimum_voxels: int,
    digits: int,
    change_digits: int,
    panel_height: float,
    counted: Callable[..., int | str] = as_it_is,
) -> Figure:
    """Draw a row for each patient: words, the map before and after, the curves.

    Sagittal slices are seen with the front, others with the patient's right on the left.

    Parameters
    ----------
    frames : mapping
        ``images/status``, ``cohort/<cohort>`` and, of each patient that `examples` chooses, what `images` names: arrays
        with their affines; of ``curves`` the JSON.
    columns : mapping
        Declared columns: name -> unit.
    cohort, column, label, group, group_levels, quantiles, participants
        As in `examples`.
    map : {"vp", "ktrans", "ve"}
        What is drawn.
    statistic : str
        Which statistic is printed.
    range : sequence of float or None
        Ends of the colour scale.
    field_of_view : float
        Side of the square around the tumour, mm.
    minimum_voxels : int
        Fitted voxels of a slice that may be the hottest.
    digits, change_digits : int
        Decimals of the values, and of their change.
    panel_height : float
        Height of a row, mm.
    counted : callable
        What is printed for a count; see `core.guard.as_it_is`. With another the figure is refused: a row is a patient.

    Raises
    ------
    InputError
        Disclosure is controlled, nobody can be drawn, or maps and masks differ in shape.
    """
    if counted is not as_it_is:
        raise InputError(f"{KIND}: a row is one patient, which disclosure does not let leave")
    who = {"cohort": cohort, "participants": participants, "quantiles": quantiles, "column": column, "label": label}
    cases = examples(frames, map=map, group=group, group_levels=group_levels, **who).to_dict("records")
    slices = [
        {when: _slice(frames, case["participant_id"], map, when, minimum_voxels) for when in WHEN} for case in cases
    ]
    seen = np.concatenate([one.level[one.tumour] for pair in slices for one in pair.values()])
    low, high = range if range is not None else (0.0, _round_up(float(np.nanpercentile(seen, 99))))
    figure = new_figure("double", panel_height * len(cases) + ROOM_MM, synthetic=False)
    heights = [*[panel_height] * len(cases), SCALE_MM]
    rows = figure.add_gridspec(len(cases) + 1, 4, width_ratios=[0.62, 1, 1, 1.35], height_ratios=heights)
    panels, plots = [], []
    for number, (case, pair) in enumerate(zip(cases, slices, strict=True)):
        _words(figure.add_subplot(rows[number, 0]), _said(case, map, statistic, columns, digits, change_digits))
        for place, when in enumerate(WHEN, start=1):
            axes = figure.add_subplot(rows[number, place])
            shown = _panel(axes, pair[when], (low, high), field_of_view)
            panels.append(axes)
        curves = rows[number, 3].subgridspec(2, 1, height_ratios=[1, 1.7])
        plots.append([figure.add_subplot(curves[0]), figure.add_subplot(curves[1])])
        _curves(*plots[-1], frames[f"{case['participant_id']}/curves"])
    for axes, title in zip((*panels[:2], plots[0][0]), ("Before", "After", "Mean curves and fits"), strict=True):
        axes.set_title(title)
    ends = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}
    extend = ends[bool((seen < low).any()), bool((seen > high).any())]
    scale = figure.add_subplot(rows[-1, 1:3])
    text = f"{NAMES[map]} ({UNITS[map]})"
    figure.colorbar(shown, cax=scale, orientation="horizontal", label=text, extend=extend)
    figure.align_ylabels([axes for pair in plots for axes in pair])
    _legend(figure, any(one.anatomy is not None for pair in slices for one in pair.values()))
    return figure


def examples(
    frames: Mapping[str, object],
    *,
    cohort: str,
    map: str,
    column: str,
    label: str,
    group: str | None,
    group_levels: Mapping[str, str],
    quantiles: Sequence[float],
    participants: Sequence[str],
) -> pd.DataFrame:
    """Return whom the figure shows: their rows of the cohort and of the images' status, and as what (`shown`).

    Parameters
    ----------
    frames : mapping
        ``images/status`` and ``cohort/<cohort>``.
    cohort : str
        Whose patients.
    map : str
        The map that they must have.
    column : str
        The number by which they are chosen.
    label : str
        What it is called.
    group : str or None
        Column in whose levels they are chosen.
    group_levels : mapping
        Its levels in order, and how each is called.
    quantiles : sequence of float
        Of each, in each level, the nearest patient; who is nearest to several is shown once, for the nearest.
    participants : sequence of str
        Who is shown in place of these.

    Raises
    ------
    InputError
        The images' status has no such maps, a level has no name, or a patient or anyone has no maps or no number.
    """
    ready, levels = _ready(frames, cohort, map, column, group, group_levels, everyone=bool(participants))
    if participants:
        if absent := [name for name in participants if name not in set(ready["participant_id"])]:
            raise InputError(f"{KIND}: found no maps of {', '.join(absent)} in cohort {cohort}, expected both sessions")
        order = ready.set_index("participant_id", drop=False).loc[list(participants)]
        names = order[group].map(lambda level: levels.get(key_of(level), "")) if group else ""
        return order.assign(shown=names).reset_index(drop=True)
    found = []
    for level, name in levels.items():
        own = ready[ready[group].map(key_of) == level] if group else ready
        if own.empty:
            raise InputError(f"{KIND}: found nobody with maps and {column} in {name}, expected at least one")
        apart = np.abs(own[column].to_numpy(float)[:, None] - np.quantile(own[column].astype(float), quantiles))
        nearest, distance = apart.argmin(axis=0), apart.min(axis=0)
        kept = [k for k, who in enumerate(nearest) if k == np.where(nearest == who, distance, np.inf).argmin()]
        head = f"{name} (n={len(own)})" if name else f"n={len(own)}"
        found.append(own.iloc[nearest[kept]].assign(shown=[f"{head}\n{_name(quantiles[k], label)}" for k in kept]))
    return pd.concat(found, ignore_index=True)


def _ready(frames, cohort: str, map: str, column: str, group: str | None, names: Mapping[str, str], *, everyone: bool):
    """Return the rows that can be drawn, by name, and the levels that are gone through."""
    status, patients = frames["images/status"], frames[f"cohort/{cohort}"]
    needed = [*(f"{name}_{when}" for name in (map, "tumour") for when in WHEN), "curves"]
    if missing := [name for name in needed if name not in status]:
        raise InputError(f"{KIND}: the images' status has no {', '.join(missing)}, expected maps of perfusion")
    extra = [name for name in status if name.startswith("anatomy_")]
    status = status.loc[status["status"] != "excluded", ["participant_id", *needed, *extra]].dropna(subset=needed)
    ready = patients.drop(columns=[*needed, *extra], errors="ignore").merge(status, on="participant_id")
    if group is not None:
        found = {key_of(level) for level in patients[group].dropna()}
        if names and (unnamed := sorted(found - set(names))):
            raise InputError(
                f"{KIND}: group_levels: found {group} '{unnamed[0]}' in the cohort, expected a name for it"
            )
        names = names or {level: level for level in sorted(found)}
    ready = ready if everyone else ready.dropna(subset=[column, *([group] if group else [])])
    if ready.empty:
        raise InputError(f"{KIND}: found nobody in cohort {cohort} with maps and {column}, expected at least one")
    return ready.sort_values("participant_id"), (names if group else {"": ""})


def _name(quantile: float, label: str) -> str:
    words = {0.0: "Lowest", 0.5: "Median", 1.0: "Highest"}
    return f"{words.get(float(quantile), f'Percentile {100 * quantile:g} of')} {label}"


def _slice(frames: Mapping[str, object], participant: str, map: str, when: str, minimum_voxels: int) -> Slice:
    """Return a session's hottest slice across the longest edge of a voxel, as the metrics choose it."""
    values, affine = frames[f"{participant}/{map}_{when}"]
    edges = np.linalg.norm(affine[:3, :3], axis=0)
    across = int(io_orientation(affine)[int(np.argmax(edges)), 0])
    pictures = {map: canonical(values, affine)}
    for name in ("tumour", "anatomy"):
        if f"{participant}/{name}_{when}" in frames:
            pictures[name] = canonical(*frames[f"{participant}/{name}_{when}"])
            if pictures[name][0].shape != pictures[map][0].shape:
                shapes = f"{pictures[name][0].shape}, expected that of {map}, {pictures[map][0].shape}"
                raise InputError(f"{KIND}: {participant}: {name} {when} treatment has shape {shapes}")
    turned, affine = pictures[map]
    tumour = pictures["tumour"][0] > 0.5
    if not np.isfinite(turned[tumour]).any():
        raise InputError(f"{KIND}: {participant}: found no value of {map} {when} treatment in the tumour")
    inside = np.moveaxis(np.where(tumour, turned, np.nan), across, 0).reshape(turned.shape[across], -1)
    counts = np.isfinite(inside).sum(axis=1)
    means = np.nansum(inside, axis=1) / np.maximum(counts, 1)
    enough = counts >= min(minimum_voxels, counts.max())
    place = int(np.where(enough, means, -np.inf).argmax())
    (right, up), letters = PLANES[across]
    size = np.linalg.norm(affine[:3, :3], axis=0)
    cut = {name: np.take(image, place, axis=across) for name, (image, _) in pictures.items()}
    return Slice(cut[map], cut["tumour"] > 0.5, cut.get("anatomy"), (float(size[right]), float(size[up])), letters)


def _round_up(value: float) -> float:
    """Return the next half of a power of ten; 1 for what is not above 0."""
    if value <= 0:
        return 1.0
    step = 10.0 ** np.floor(np.log10(value)) / 2
    return float(np.ceil(round(value / step, 4)) * step)


def _panel(axes: Axes, one: Slice, scale: tuple[float, float], field_of_view: float):
    """Draw a slice: the map within the tumour over anatomy, or without anatomy all of the map; the outline."""
    width, height = (count * edge for count, edge in zip(one.level.shape, one.edges, strict=True))
    place = {"origin": "lower", "extent": (0, width, 0, height)}
    level = one.level
    if one.anatomy is not None:
        axes.imshow(one.anatomy.T, cmap="gray", vmin=0, vmax=float(np.nanpercentile(one.anatomy, 99.5)), **place)
        level = np.where(one.tumour, level, np.nan)
    shown = axes.imshow(np.ma.masked_invalid(level).T, cmap=COLOURS, vmin=scale[0], vmax=scale[1], **place)
    x, y = ((np.arange(count) + 0.5) * edge for count, edge in zip(level.shape, one.edges, strict=True))
    line = axes.contour(x, y, one.tumour.T, levels=[0.5], colors=["white"], linewidths=0.9)
    line.set(path_effects=HALO)
    middle = (np.argwhere(one.tumour).mean(axis=0) + 0.5) * one.edges
    axes.set_xlim(middle[0] + field_of_view / 2, middle[0] - field_of_view / 2)
    axes.set_ylim(middle[1] - field_of_view / 2, middle[1] + field_of_view / 2)
    axes.set(xticks=[], yticks=[], aspect="equal", facecolor=BLACK if one.anatomy is not None else GREY)
    axes.spines[:].set_visible(False)
    edge_letters(axes, one.letters, height=0.94)
    bar = {"transform": axes.transAxes, "color": "white", "lw": 1.2, "path_effects": HALO, "solid_capstyle": "butt"}
    axes.add_line(Line2D([0.96 - BAR_MM / field_of_view, 0.96], [0.04, 0.04], **bar))
    words = {"transform": axes.transAxes, "ha": "right", "va": "bottom", "path_effects": HALO}
    axes.text(0.96, 0.06, f"{BAR_MM} mm", color="white", fontsize=5.5, **words)
    return shown


def _curves(artery: Axes, tumour: Axes, curves: Mapping[str, Mapping]) -> None:
    """Draw the arterial input above and the tumour's curve with its fit below, both sessions, over the same time."""
    for when in WHEN:
        session, (colour, dashes, marker) = curves[when], LINES[when]
        artery.plot(session["artery"]["time_s"], session["artery"]["plasma_mM"], color=colour, ls=dashes, lw=0.9)
        dots = {"ls": "none", "marker": marker, "ms": 1.8, "mew": 0.4, "mfc": "none", "color": colour, "alpha": 0.8}
        tumour.plot(session["time_s"], session["tumour"]["concentration_mM"], **dots)
        tumour.plot(session["time_s"], session["tumour"]["fitted_mM"], color=colour, ls=dashes, lw=1.1)
    ends = [end for when in WHEN for end in (curves[when]["time_s"][0], curves[when]["time_s"][-1])]
    for axes, name, bins in ((artery, "Plasma\n(mM)", 2), (tumour, "Tumour\n(mM)", 4)):
        axes.set(xlim=(min(ends), max(ends)), ylabel=name)
        axes.margins(y=0.08)
        axes.locator_params(axis="y", nbins=bins)
    artery.tick_params(labelbottom=False)
    tumour.set_xlabel("Time (s)")


def _said(case: Mapping[str, object], map: str, statistic: str, columns, digits: int, change_digits: int) -> list[str]:
    """Return a row's words: who it is, and the numbers before and after."""
    stem = f"{map}_{statistic}"
    if missing := [name for name in (f"{stem}_{end}" for end in (*WHEN, "change")) if name not in case]:
        raise InputError(f"{KIND}: the cohort has no {missing[0]}, expected it among metrics.dce")
    before, after = (fmt.number(case[f"{stem}_{when}"], digits=digits) for when in WHEN)
    change = case[f"{stem}_change"]
    sign = "+" if pd.notna(change) and round(change, change_digits) > 0 else ""
    unit = unit_of(f"{stem}_before", columns)
    unit = "" if unit == "fraction" else f" {unit}"
    said = fmt.number(change, digits=change_digits)
    numbers = [f"{NAMES[map]}, {STATISTICS[statistic]}:", f"{before} → {after}{unit}".rstrip()]
    return [*str(case["shown"]).splitlines(), case["participant_id"], "", *numbers, f"change {sign}{said} %"]


def _words(axes: Axes, lines: Sequence[str]) -> None:
    axes.set(xticks=[], yticks=[])
    axes.axis("off")
    bold, rest = lines[0], "\n".join(lines[1:])
    axes.text(0, 0.86, bold, transform=axes.transAxes, va="top", fontsize=7, fontweight="bold")
    axes.text(0, 0.74, rest, transform=axes.transAxes, va="top", fontsize=6.5, linespacing=1.5)


def _legend(figure: Figure, over_anatomy: bool) -> None:
    handles = []
    for when, (colour, dashes, marker) in LINES.items():
        dots = {"color": colour, "marker": marker, "ms": 3, "mew": 0.6, "mfc": "none"}
        handles += [Line2D([], [], ls="none", label=f"{when.capitalize()}, measured", **dots)]
        handles += [Line2D([], [], color=colour, ls=dashes, lw=1.4, label=f"{when.capitalize()}, fit and plasma")]
    hidden = "the image behind" if over_anatomy else "grey"
    said = f"Each session's hottest slice. White: outline of the tumour; voxels without a fit show {hidden}."
    figure.legend(handles=handles, loc="outside lower center", ncols=4, title=said, title_fontsize=6.5)
