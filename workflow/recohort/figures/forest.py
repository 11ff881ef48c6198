"""Ratios beside each other on a logarithmic axis, with their numbers."""

import re
import textwrap
from collections.abc import Mapping
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from recohort.core.errors import InputError
from recohort.figures.ratios import main_ratio, ratio_ticks
from recohort.figures.style import BLUE, GREY, MM, WIDTHS, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.scales import comparison, is_amount, said_of, setting
from recohort.tables.words import label_of, quantity_of, with_interval

FURTHEST = 1000.0
"""The axis ends here and at its inverse; an arrow stands for a limit beyond."""


NARROWEST = {"single": 18.0, "double": 50.0}
"""Smallest width of the axis, mm."""
BESIDE = 6.0
"""Width of what lies between labels, axis and columns, mm."""


class Line(NamedTuple):
    """One line of the figure: its words, and its row of estimates; None for a heading."""

    text: str
    row: pd.Series | None = None


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    level: float | None,
    models: Mapping[str, list[str]],
    terms: list[str],
    scale: str,
    quantity: str | None,
    digits: int,
    p_digits: int,
    width: str,
) -> Figure:
    """Draw the ratios of several models of any kind.

    Parameters
    ----------
    frames : mapping
        ``models/<kind>/<name>`` of every model.
    columns : mapping
        Declared columns: name -> label.
    synthetic : bool
        The cohort is synthetic.
    level : float or None
        Of the intervals.
    models : mapping
        Heading of a section -> its models, ``<kind>.<name>``.
    terms : list of str
        Terms that are drawn; every term where none is named.
    scale : str
        Beginning of the scale, ``per SD``. A term without it is drawn at its first scale, which its line then names; a
        category at each of its levels.
    quantity : str or None
        The ratio drawn; None for the main one of each model (`ratios.RATIOS`).
    digits, p_digits : int
        Decimals of ratios and of p-values.
    width : str
        ``single | double``.
    """
    lines = _lines(frames, models, terms, scale, quantity, columns)
    rows = [line.row for line in lines if line.row is not None]
    drawn = list(dict.fromkeys(row["quantity"] for row in rows))
    word = quantity_of(drawn[0]) if len(drawn) == 1 else "Ratio"
    cells = _cells(lines, with_interval(word if width == "double" else "Ratio", level), width, digits, p_digits)
    wide = [max(_wide(text, bold=place == 0) for place, text in enumerate(column)) + 3.5 for column in cells]
    labels = [_broken(line, WIDTHS[width] - sum(wide) - NARROWEST[width] - BESIDE) for line in lines]
    taken = max(
        _wide(part, bold=line.row is None)
        for line, text in zip(lines, labels, strict=True)
        for part in text.split("\n")
    )
    height = max(5.5, 1.5 + 3 * max(len(text.split("\n")) for text in labels))
    figure = new_figure(width, 20 + height * len(lines) + (5 if synthetic else 0), synthetic=synthetic)
    room = max(WIDTHS[width] - taken - sum(wide) - BESIDE, NARROWEST[width])
    axes, words = figure.subplots(1, 2, sharey=True, width_ratios=(room, sum(wide)))
    words.set_xlim(0, sum(wide))
    words.axis("off")
    left, right = _span(rows)
    for place, line in enumerate(lines):
        if line.row is not None:
            _mark(axes, place, line.row, left, right)
    for where, column in zip(np.cumsum([0, *wide]), cells, strict=False):
        for place, text in enumerate(column):
            words.text(where, place - 1, text, va="center", fontweight="bold" if place == 0 else "normal")
    axes.axvline(1, color=GREY, ls=(0, (4, 2)), lw=0.8, zorder=0)
    axes.set(xscale="log", ylim=(len(lines) - 0.4, -1.5), xlim=(left, right))
    axes.set_yticks(range(len(lines)), labels)
    axes.tick_params(axis="y", length=0)
    for label, line in zip(axes.get_yticklabels(), lines, strict=True):
        label.set_fontweight("bold" if line.row is None else "normal")
    axes.xaxis.set_major_locator(FixedLocator(ratio_ticks(left, right, least=3)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
    axes.spines["left"].set_visible(False)
    shared = all(_at(row, scale) for row in rows)
    axes.set_xlabel(f"{word} {scale} (log scale)" if shared else f"{word} (log scale)")
    return figure


def _broken(line: Line, room: float) -> str:
    """Return a line's words, broken after a comma, a colon or a word where they are wider than `room` in mm."""
    wide = _wide(line.text, bold=line.row is None)
    if wide <= room:
        return line.text
    parts = re.split("(?<=[:,]) ", line.text)
    if len(parts) > 1 and all(_wide(part, bold=False) <= room for part in parts):
        return "\n".join(parts)
    return textwrap.fill(line.text, max(int(len(line.text) * room / wide), 12), break_long_words=False)


def _mark(axes: Axes, place: int, row: pd.Series, left: float, right: float) -> None:
    """Draw interval and estimate; an arrow where a limit lies beyond the axis, nothing that is not finite."""
    ratio, low, high = pick.interval(row)
    if None in (ratio, low, high) or not np.isfinite([ratio, low, high]).all():
        return
    axes.plot([max(low, left), min(high, right)], [place, place], color=BLUE, lw=1.1)
    for beyond, edge, marker in ((low < left, left, "<"), (high > right, right, ">")):
        if beyond:
            axes.plot([edge], [place], marker=marker, ms=4, color=BLUE, clip_on=False)
    if left <= ratio <= right:
        axes.plot([ratio], [place], marker="s", ms=4, color=BLUE)


def _span(rows: list[pd.Series]) -> tuple[float, float]:
    intervals = [pick.interval(row) for row in rows]
    finite = [part for part in intervals if None not in part and np.isfinite(part).all()]
    low = min([1.0, *(part[1] for part in finite)]) / 1.15
    high = max([1.0, *(part[2] for part in finite)]) * 1.15
    return max(low, 1 / FURTHEST), min(high, FURTHEST)


def _cells(lines: list[Line], heading: str, width: str, digits: int, p_digits: int) -> list[list[str]]:
    """Return the columns beside the axis, each with its heading first."""
    columns = [["n (events)"], [heading], ["p"]]
    for line in lines:
        texts = ["", "", ""]
        if line.row is not None:
            n, n_events = pick.value(line.row, "n"), pick.value(line.row, "n_events")
            size = fmt.count(n) if n_events is None else f"{fmt.count(n)} ({fmt.count(n_events)})"
            ratio = fmt.estimate(*pick.interval(line.row), digits=digits)
            texts = [size, ratio, fmt.p_value(pick.value(line.row, "p_value"), digits=p_digits)]
        for column, text in zip(columns, texts, strict=True):
            column.append(text)
    return columns if width == "double" else columns[1:]


def _wide(text: str, *, bold: bool) -> float:
    """Return the width of a text in mm."""
    if not text:
        return 0.0
    family = mpl.rcParams["font.family"]
    font = FontProperties(family=family, weight="bold" if bold else "normal", size=mpl.rcParams["font.size"])
    return TextPath((0, 0), text, prop=font).get_extents().width / 72 / MM


def _lines(
    frames: Mapping[str, object],
    models: Mapping[str, list[str]],
    terms: list[str],
    scale: str,
    quantity: str | None,
    columns: Mapping[str, dict],
) -> list[Line]:
    lines = []
    for section, names in models.items():
        lines += [Line(section)] if len(models) > 1 else []
        for name in names:
            estimates = pick.frame_of(frames, f"models/{name.replace('.', '/')}")
            wanted = quantity or main_ratio(estimates)
            if wanted not in set(estimates["quantity"]):
                raise InputError(f"models.{name}: has no {wanted or 'ratio'}, expected a model with one")
            ratios = estimates[estimates["quantity"] == wanted]
            for term in dict.fromkeys(ratios["term"]):
                if not terms or term in terms:
                    lines += _of_term(ratios[ratios["term"] == term], label_of(term, columns), scale, columns)
    return lines


def _of_term(rows: pd.DataFrame, label: str, scale: str, columns: Mapping[str, dict]) -> list[Line]:
    at_scale = rows[[_at(row, scale) for _, row in rows.iterrows()]]
    if len(at_scale):
        return [Line(label + setting(row["scale"], columns), row) for _, row in at_scale.iterrows()]
    said = rows["scale"].map(said_of)
    amounts = said[rows["scale"].map(is_amount)]
    rows = rows[said == amounts.iloc[0]] if len(amounts) else rows  # the first amount, in each setting
    added = f" ({amounts.iloc[0]})" if len(amounts) else ""
    return [
        Line(f"{label}{added}{comparison(row['scale'])}{setting(row['scale'], columns)}", row)
        for _, row in rows.iterrows()
    ]


def _at(row: pd.Series, scale: str) -> bool:
    return f"{said_of(row['scale'])} ".startswith(f"{scale} ")
