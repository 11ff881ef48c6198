"""Every patient's change as a bar, sorted and coloured by group."""

import textwrap
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from recohort.core.errors import InputError
from recohort.core.guard import as_it_is
from recohort.figures.style import BLACK, DASHES, GREY, SERIES, WIDTHS, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables.words import key_of, labelled, unit_of

KIND = "figure of kind 'waterfall'"
RATIOS = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 10, 20, 50, 100)
"""After over before where a logarithmic axis may have a number."""

LETTER_MM, LINE_MM = 1.15, 2.6
"""Width of a letter and height of a line of the values that are cut off."""


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    cohort: str,
    column: str,
    group: str | None,
    group_levels: Mapping[str, str],
    lines: Mapping[str, float],
    order: str,
    scale: str,
    clip: Sequence[float | None],
    digits: int,
    width: str,
    height: float,
    counted: Callable[..., int | str] = as_it_is,
) -> Figure:
    """Draw a bar for every patient whose change is known.

    Parameters
    ----------
    frames : mapping
        ``cohort/<cohort>``.
    columns : mapping
        Declared columns: name -> unit, label.
    synthetic : bool
        The cohort is synthetic.
    cohort, column : str
        Which cohort, and its change.
    group : str or None
        Column that colours the bars.
    group_levels : mapping
        Its levels in the legend's order, and how they are called.
    lines : mapping
        What each line across is called -> its value.
    order : str
        ``highest_first | lowest_first``; who are equal stand as in the cohort.
    scale : str
        ``linear | log``: even in the change, or in log(1 + change / 100) for a change in percent.
    clip : sequence of (float or None)
        Where bars are cut off below and above.
    digits : int
        Decimals of the values that are cut off.
    width : str
        ``single | double``.
    height : float
        In mm.
    counted : callable
        What is printed for a count; see `core.guard.as_it_is`. With another the figure is refused: a bar is a patient.

    Raises
    ------
    InputError
        Disclosure is controlled, no change is known, a level of the group has no name, a change in percent has no
        logarithm, or the limits leave nothing between them.
    """
    if counted is not as_it_is:
        raise InputError(f"{KIND}: a bar is one patient, which disclosure does not let leave")
    patients = frames[f"cohort/{cohort}"]
    levels = _levels(patients, group, group_levels)
    known = patients[column].notna().to_numpy() & (levels != "")
    if not known.any():
        raise InputError(f"{KIND}: cohort {cohort}: found no known {column}, expected at least one")
    values, levels = patients[column].to_numpy(float)[known], levels[known]
    _check(values, lines, column, columns, scale, clip)
    place = np.argsort(-values if order == "highest_first" else values, kind="stable")
    values, levels = values[place], levels[place]
    low, high = (-np.inf if clip[0] is None else clip[0]), (np.inf if clip[1] is None else clip[1])
    cut = np.clip(values, low, high)

    figure = new_figure(width, height + (5 if synthetic else 0), synthetic=synthetic)
    axes = figure.add_subplot()
    colours = {level: SERIES[number % len(SERIES)] for number, level in enumerate(group_levels or {"all": ""})}
    tops = _on(cut, scale)
    shades = [colours[level] for level in levels]
    axes.bar(np.arange(len(tops)), tops, width=0.8, color=shades, edgecolor=shades, linewidth=0.5, zorder=2)
    axes.axhline(0, color=BLACK, lw=0.6, zorder=3)
    _lines(axes, lines, scale)
    axes.set(xticks=[], xlim=(-1, len(tops)), ylabel=labelled(column, columns))
    axes.spines["bottom"].set_visible(False)
    if scale == "log":
        _percent_ticks(axes, tops)
    _cut_off(axes, values, cut, tops, (WIDTHS[width], height), digits)
    axes.set_xlabel(_said(len(values), int((~known).sum())))
    handles = [
        Patch(color=colours[level], label=f"{text} (n={int((levels == level).sum())})")
        for level, text in group_levels.items()
    ]
    handles += axes.get_legend_handles_labels()[0]
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=2 if width == "single" else 4)
    return figure


def _levels(patients: pd.DataFrame, group: str | None, names: Mapping[str, str]) -> np.ndarray:
    """Return each patient's level as text; empty where it is missing."""
    if group is None:
        return np.full(len(patients), "all", dtype=object)
    keys = np.array(["" if pd.isna(level) else key_of(level) for level in patients[group]], dtype=object)
    if unnamed := sorted({key for key in keys if key} - set(names)):
        raise InputError(f"{KIND}: group_levels: found {group} '{unnamed[0]}' in the cohort, expected a name for it")
    return keys


def _check(
    values: np.ndarray,
    lines: Mapping[str, float],
    column: str,
    columns: Mapping[str, dict],
    scale: str,
    clip: Sequence[float | None],
) -> None:
    if (clip[0] is not None and clip[0] >= 0) or (clip[1] is not None and clip[1] <= 0):
        raise InputError(f"{KIND}: clip: found {list(clip)}, expected the first below 0 and the second above")
    if scale != "log":
        return
    if unit_of(column, columns) != "%":
        raise InputError(f"{KIND}: scale: found log and {column} in '{unit_of(column, columns)}', expected it in %")
    least = min(values.min(), *lines.values()) if lines else values.min()
    if least <= -100:
        raise InputError(f"{KIND}: scale: found log and a change of {least:g} %, expected more than -100 %")


def _on(values: np.ndarray, scale: str) -> np.ndarray:
    """Return how high values stand on the axis."""
    return np.log1p(np.asarray(values) / 100) if scale == "log" else np.asarray(values)


def _lines(axes: Axes, lines: Mapping[str, float], scale: str) -> None:
    for number, (text, value) in enumerate(lines.items()):
        dashes = DASHES[1 + number % (len(DASHES) - 1)]
        axes.axhline(float(_on(value, scale)), color=GREY, lw=0.9, ls=dashes, zorder=4, label=text)


def _percent_ticks(axes: Axes, tops: np.ndarray) -> None:
    """Put the numbers of a logarithmic axis where the ratio is a round one, in percent of change."""
    low, high = min(tops.min(), 0), max(tops.max(), 0)
    ratios = np.array([ratio for ratio in RATIOS if low - 0.3 <= np.log(ratio) <= high + 0.3])
    texts = [fmt.number(100 * (ratio - 1), digits=0) for ratio in ratios]
    axes.set_yticks(np.log(ratios), texts)


def _cut_off(
    axes: Axes, values: np.ndarray, cut: np.ndarray, tops: np.ndarray, size: tuple[float, float], digits: int
) -> None:
    """Mark the ends of bars that are cut off and write their values beside, in the bars' order; `size` in mm."""
    low, high = axes.get_ylim()
    for upwards in (True, False):
        which = np.flatnonzero(values > cut if upwards else values < cut)
        if not len(which):
            continue
        end = float(tops.max() if upwards else tops.min())
        marks = {"ls": "none", "marker": "^" if upwards else "v", "ms": 3, "color": BLACK, "mew": 0, "zorder": 5}
        inside = -0.012 if upwards else 0.012
        axes.plot(which, np.full(len(which), end + inside * (high - low)), **marks)
        written = ", ".join(fmt.number(values[bar], digits=digits) for bar in which)
        block = textwrap.fill(f"Cut off: {written}", int((size[0] - 20) / LETTER_MM))
        first = which[0] < len(values) / 2
        axes.annotate(
            block,
            (which[0] - 0.4 if first else which[-1] + 0.4, end),
            xytext=(0, 3 if upwards else -3),
            textcoords="offset points",
            ha="left" if first else "right",
            va="bottom" if upwards else "top",
            fontsize=6,
        )
        room = (LINE_MM * (block.count("\n") + 1) + 2) / (0.6 * size[1]) * (high - low)
        low, high = (low, max(high, end + room)) if upwards else (min(low, end - room), high)
    axes.set_ylim(low, high)


def _said(n: int, unknown: int) -> str:
    missing = f"; {unknown} without a value {'is' if unknown == 1 else 'are'} not drawn" if unknown else ""
    return f"Patients, sorted (n={n}{missing})"
