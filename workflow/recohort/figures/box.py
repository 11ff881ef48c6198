"""Metrics by group: every patient a point, a box or a violin behind."""

import textwrap
from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recohort.core.guard import as_it_is
from recohort.figures.style import MARKERS, SERIES, WIDTHS, new_figure, panel_letter, styled
from recohort.tables.words import key_of, labelled

GOLDEN = 0.6180339887498949


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    cohort: str,
    group: str,
    group_levels: Mapping[str, str],
    metrics: list[str],
    style: str,
    width: str,
    panel_height: float,
    panels_per_row: int,
    counted: Callable[..., int | str] = as_it_is,
) -> Figure:
    """Draw one panel per metric with a box or violin and the patients of each group.

    Parameters
    ----------
    frames : mapping
        ``cohort/<cohort>``.
    columns : mapping
        Declared columns: name -> unit, label.
    synthetic : bool
        The cohort is synthetic.
    cohort : str
        Which cohort is drawn.
    group : str
        Column that divides the patients.
    group_levels : mapping
        Its levels in drawn order, and how they are called.
    metrics : list of str
        Metrics, one panel each.
    style : str
        ``box``, or ``violin``: a kernel density with median and quartiles.
    width : str
        ``single | double``.
    panel_height : float
        Height of a row of panels in mm.
    panels_per_row : int
        Panels beside each other.
    counted : callable
        What is printed for a count; see `core.guard.as_it_is`. With another, values are of blocks of patients: a
        mark is a block, and there are none where the number is withheld.
    """
    patients = frames[f"cohort/{cohort}"]
    keys = patients[group].map(key_of)
    across = min(panels_per_row, len(metrics))
    down = -(-len(metrics) // across)
    figure = new_figure(width, panel_height * down + (5 if synthetic else 0), synthetic=synthetic)
    letters = max(6, int((WIDTHS[width] / across - 16) / len(group_levels) / 1.4))
    panels = figure.subplots(down, across, squeeze=False).flat
    for position, (axes, metric) in enumerate(zip(panels, metrics, strict=False)):
        ticks = []
        for place, (level, text) in enumerate(group_levels.items()):
            values = patients.loc[keys == level, metric].dropna().to_numpy()
            condition = [] if len(values) == (keys == level).sum() else [f"{metric} known"]
            n = counted(len(values), cohort, f"{group}={level}", *condition)
            values = values[:0] if str(n).startswith("<") else values
            colour = SERIES[(0, 2, 1, 3)[place % 4]]
            (_violin if style == "violin" else _box)(axes, place, values, colour)
            marks = values if counted is as_it_is else np.unique(values) if isinstance(n, int) else values[:0]
            axes.scatter(
                place + _spread(marks),
                marks,
                s=5,
                color=colour,
                alpha=0.55,
                linewidths=0,
                marker=MARKERS[place % len(MARKERS)],
            )
            ticks.append("\n".join([*textwrap.wrap(text, letters, break_long_words=False), f"n={n}"]))
        axes.set_xticks(range(len(ticks)), ticks, fontsize=6.5 if letters > 12 else 5.5)
        axes.set_xlim(-0.6, len(ticks) - 0.4)
        axes.set_ylabel(labelled(metric, columns))
        if len(metrics) > 1:
            panel_letter(axes, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[position % 26])
    for axes in list(panels):
        axes.axis("off")
    return figure


def _box(axes: Axes, place: int, values: np.ndarray, colour: str) -> None:
    axes.boxplot(
        [values],
        positions=[place],
        widths=0.55,
        showfliers=False,
        medianprops={"color": "black", "lw": 1.2},
        boxprops={"color": colour},
        whiskerprops={"color": colour},
        capprops={"color": colour},
    )


def _violin(axes: Axes, place: int, values: np.ndarray, colour: str) -> None:
    if len(values) > 1 and np.ptp(values) > 0:
        for body in axes.violinplot([values], positions=[place], widths=0.85, showextrema=False)["bodies"]:
            body.set(facecolor=colour, edgecolor=colour, alpha=0.22)
    if len(values):
        low, middle, high = np.percentile(values, [25, 50, 75])
        axes.plot([place, place], [low, high], color="black", lw=2.2, solid_capstyle="butt", zorder=3)
        axes.plot([place - 0.14, place + 0.14], [middle, middle], color="black", lw=1.4, zorder=3)


def _spread(values: np.ndarray) -> np.ndarray:
    """Return sideways places that keep neighbours in value apart, the same at every drawing."""
    places = np.empty(len(values))
    places[np.argsort(values, kind="stable")] = (np.arange(len(values)) * GOLDEN) % 1
    return 0.4 * (places - 0.5)
