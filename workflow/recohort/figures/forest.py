"""Hazard ratios beside each other on a logarithmic axis, with their numbers."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from recohort.figures.style import BLUE, GREY, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.words import label_of

TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    models: Mapping[str, list[str]],
    terms: list[str],
    scale: str,
    digits: int,
    p_digits: int,
    width: str,
) -> Figure:
    """Draw the hazard ratios of several Cox models.

    Parameters
    ----------
    frames : mapping
        ``models/cox/<name>`` of every model.
    columns : mapping
        Declared columns: name -> label.
    synthetic : bool
        The cohort is synthetic.
    models : mapping
        Heading of a section -> names of its models.
    terms : list of str
        Terms that are drawn; every term where none is named.
    scale : str
        Beginning of the scale, ``per SD``; the first scale of a term that has no such.
    digits, p_digits : int
        Decimals of hazard ratios and of p-values.
    width : str
        ``single | double``.
    """
    lines = _lines(frames, models, terms, scale, columns)
    figure = new_figure(width, 20 + 5.5 * len(lines) + (5 if synthetic else 0), synthetic=synthetic)
    axes, words = figure.subplots(1, 2, sharey=True, width_ratios=[1.25, 1])
    words.set_xlim(0, 1)
    words.axis("off")
    lows, highs = [1.0], [1.0]
    for place, (_, row) in enumerate(lines):
        if row is not None:
            ratio, low, high = pick.interval(row)
            if None not in (ratio, low, high) and np.isfinite([low, high]).all():
                lows, highs = [*lows, low], [*highs, high]
                axes.plot([low, high], [place, place], color=BLUE, lw=1.1)
                axes.plot([ratio], [place], marker="s", ms=4, color=BLUE)
            words.text(0, place, fmt.estimate(ratio, low, high, digits=digits), va="center")
            words.text(0.78, place, fmt.p_value(pick.value(row, "p_value"), digits=p_digits), va="center")
    words.text(0, -1, "Hazard ratio (95 % CI)", va="center", fontweight="bold")
    words.text(0.78, -1, "p", va="center", fontweight="bold")
    left, right = min(lows) / 1.15, max(highs) * 1.15
    axes.axvline(1, color=GREY, ls=(0, (4, 2)), lw=0.8, zorder=0)
    axes.set(xscale="log", ylim=(len(lines) - 0.4, -1.5), xlim=(left, right))
    axes.set_yticks(range(len(lines)), [text for text, _ in lines])
    axes.tick_params(axis="y", length=0)
    for label, (_, row) in zip(axes.get_yticklabels(), lines, strict=True):
        label.set_fontweight("bold" if row is None else "normal")
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in TICKS if left <= tick <= right]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(f"Hazard ratio {scale} (log scale)")
    return figure


def _lines(
    frames: Mapping[str, object],
    models: Mapping[str, list[str]],
    terms: list[str],
    scale: str,
    columns: Mapping[str, dict],
) -> list[tuple[str, object]]:
    lines = []
    for section, names in models.items():
        lines += [(section, None)] if len(models) > 1 else []
        for name in names:
            ratios = pick.rows(pick.frame_of(frames, f"models/cox/{name}"), quantity="hazard_ratio")
            for term in dict.fromkeys(ratios["term"]):
                if not terms or term in terms:
                    row = pick.first(ratios, term=term, scale=scale)
                    lines.append((label_of(term, columns), pick.first(ratios, term=term) if row is None else row))
    return lines
