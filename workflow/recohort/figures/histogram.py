"""Distribution of a number: bars, every patient as a stroke, median and quartiles, a panel per group."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from recohort.core.errors import InputError
from recohort.core.guard import as_it_is
from recohort.figures.style import BLACK, BLUE, GREY, PALE, SERIES, new_figure, styled
from recohort.tables import describe
from recohort.tables import format as fmt
from recohort.tables.words import key_of, labelled, unit_of

_LEAST_GAP = {"single": 0.085, "double": 0.05}
"""Share of the axis between two of its numbers."""


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
    scale: str,
    bins: int,
    rug: bool,
    digits: int,
    percent_digits: int,
    width: str,
    panel_height: float,
    counted: Callable[..., int | str] = as_it_is,
) -> Figure:
    """Draw how often values of a column occur.

    Parameters
    ----------
    frames : mapping
        ``cohort/<cohort>``.
    columns : mapping
        Declared columns: name -> type, unit, label.
    synthetic : bool
        The cohort is synthetic.
    cohort : str
        Which cohort is drawn.
    column : str
        The number.
    group : str or None
        Column that divides the patients; None for one panel.
    group_levels : mapping
        Its levels in drawn order, and how they are called.
    scale : str
        ``linear | log1p``, of the axis and of the bars' width.
    bins : int
        Number of bars.
    rug : bool
        Draw a stroke for every patient.
    digits, percent_digits : int
        Decimals of median and quartiles, and of the percentage of zeros.
    width : str
        ``single | double``.
    panel_height : float
        In mm.
    counted : callable
        What is printed for a count; see `core.guard.as_it_is`. A panel of which it withholds the number has no bars.

    Raises
    ------
    InputError
        No value is known, a value has no logarithm, or group and its levels are not both given.
    """
    patients = frames[f"cohort/{cohort}"]
    parts = _parts(patients, column, group, group_levels)
    known = np.concatenate([values[~np.isnan(values)] for _, values in parts])
    if not known.size:
        raise InputError(f"figure of kind 'histogram': no value of {column} is known, expected at least one")
    if scale == "log1p" and known.min() <= -1:
        raise InputError(f"figure of kind 'histogram': {column} has the value {known.min():g}, expected above -1")
    edges = _edges(known, bins, scale, columns.get(column, {}).get("type") == "integer")
    lines = 2 if width == "single" else 1
    height = len(parts) * (panel_height + 3.2 * lines) + 16 + (5 if synthetic else 0)
    figure = new_figure(width, height, synthetic=synthetic)
    panels = figure.subplots(len(parts), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for place, (axes, (text, values)) in enumerate(zip(panels, parts, strict=True)):
        colour = SERIES[place % len(SERIES)] if group else BLUE
        of = [cohort, *([f"{group}={list(group_levels)[place]}"] if group else [])]
        known = values[~np.isnan(values)]
        here = [*of, *([] if len(known) == len(values) else [f"{column} known"])]
        withheld = isinstance(counted(len(known), *here), str)
        drawn = known[:0] if withheld else known
        _panel(axes, drawn, edges, colour, rug, partial(counted, cohort="drawn"))
        if withheld:
            axes.text(0.5, 0.5, "Bars withheld with the number of patients", ha="center", transform=axes.transAxes)
            axes.tick_params(axis="y", left=False, labelleft=False)
        said = _said(text, values, column, columns, digits, percent_digits, counted, of)
        axes.set_title(_in_lines(said, lines), loc="left", fontsize=6.5)
    _number_axis(panels[-1], edges, scale, width)
    panels[-1].set_xlabel(labelled(column, columns))
    for axes in panels:
        axes.set_ylabel("Patients")
    handles = [Line2D([], [], color=BLACK, ls=(0, (4, 2)), lw=1), Patch(color=PALE)]
    figure.legend(handles, ["Median", "Interquartile range"], loc="outside lower center", ncols=2)
    return figure


def _parts(
    patients: pd.DataFrame, column: str, group: str | None, group_levels: Mapping[str, str]
) -> list[tuple[str, np.ndarray]]:
    """Return each panel's heading and values."""
    if (group is None) != (not group_levels):
        raise InputError("figure of kind 'histogram': expected both group and group_levels, or neither")
    values = pd.to_numeric(patients[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    if group is None:
        return [("", values)]
    keys = patients[group].map(key_of)
    if not keys.isin(list(group_levels)).any():
        raise InputError(f"figure of kind 'histogram': none of {', '.join(group_levels)} occurs in {group}")
    return [(text, values[(keys == level).to_numpy()]) for level, text in group_levels.items()]


def _edges(values: np.ndarray, bins: int, scale: str, whole: bool) -> np.ndarray:
    low, high = values.min(), values.max()
    if scale == "log1p":
        high = high if high > low else np.expm1(np.log1p(low) + 1)
        between = np.expm1(np.linspace(np.log1p(low), np.log1p(high), bins + 1))[1:-1]
        return np.r_[low, between, high]
    if whole and np.all(values == np.round(values)):
        step = max(1, int(np.ceil((high - low + 1) / bins)))
        return np.arange(low - 0.5, high + step, step)
    return np.linspace(low, high if high > low else low + 1, bins + 1)


def _panel(
    axes: Axes, values: np.ndarray, edges: np.ndarray, colour: str, rug: bool, height: Callable[[int], int]
) -> None:
    counts = np.array([height(int(n)) if n else 0 for n in np.histogram(values, edges)[0]])
    if values.size:
        low, middle, high = describe.quantiles(values, (0.25, 0.5, 0.75))
        axes.axvspan(low, high, color=PALE, alpha=0.7, lw=0, zorder=0)
        axes.axvline(middle, color="white", lw=2, zorder=3)
        axes.axvline(middle, color=BLACK, ls=(0, (4, 2)), lw=1, zorder=3)
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=colour, ec="white", lw=0.3, zorder=2)
    if rug and values.size:
        axes.vlines(
            values, -0.075, -0.02, transform=axes.get_xaxis_transform(), colors=GREY, lw=0.35, alpha=0.6, clip_on=False
        )
        axes.spines["bottom"].set_position(("axes", -0.1))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.tick_params(labelbottom=axes.get_subplotspec().is_last_row())


def _said(
    text: str,
    values: np.ndarray,
    column: str,
    columns: Mapping[str, dict],
    digits: int,
    percent_digits: int,
    counted: Callable[..., int | str],
    of: list[str],
) -> list[str]:
    """Return a heading's parts: the group and its size, median and quartiles, zeros."""
    known = values[~np.isnan(values)]
    unit, missing = unit_of(column, columns), len(values) - len(known)
    n = counted(len(known), *of, *([f"{column} known"] if missing else []))
    size = f"n={n}" + (f", {counted(missing, *of, f'{column} missing')} missing" if missing else "")
    said = [f"{text} ({size})" if text else size]
    if known.size and not str(n).startswith("<"):
        said.append(f"median {fmt.median_iqr(known, digits=digits)} {unit}".rstrip())
        zeros = int((known == 0).sum())
        if zeros and known.min() >= 0 and counted is as_it_is:  # blocks of patients hide how many are at 0
            share = fmt.percent(zeros / len(known), digits=percent_digits)
            said.append(f"zero in {zeros} ({share} %)")
    return said


def _in_lines(said: list[str], lines: int) -> str:
    return f"{said[0]}\n{'; '.join(said[1:])}" if lines == 2 and len(said) > 1 else "; ".join(said)


def _number_axis(axes: Axes, edges: np.ndarray, scale: str, width: str) -> None:
    """Set the axis's scale, and on a logarithmic one numbers of 1, 2 and 5 that stand apart."""
    span = edges[-1] - edges[0]
    if scale == "linear":
        axes.set_xlim(edges[0] - 0.01 * span, edges[-1] + 0.01 * span)
        return
    axes.set_xscale("function", functions=(_log1p, np.expm1))
    ends = np.log1p(edges[[0, -1]])
    pad = 0.01 * (ends[1] - ends[0])
    axes.set_xlim(*np.expm1([ends[0] - pad, ends[1] + pad]))
    decades = 10.0 ** np.arange(-3, 7)
    wanted = [0.0, *(digit * decade for decade in decades for digit in (1, 2, 5))]
    gap, kept = _LEAST_GAP[width] * (ends[1] - ends[0]), []
    for value in wanted:
        place = np.log1p(value)
        if ends[0] - pad <= place <= ends[1] + pad and (not kept or place - np.log1p(kept[-1]) >= gap):
            kept.append(value)
    axes.xaxis.set_major_locator(FixedLocator(kept))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(FixedLocator([]))


def _log1p(values: np.ndarray) -> np.ndarray:
    return np.log1p(np.maximum(values, -1 + 1e-9))
