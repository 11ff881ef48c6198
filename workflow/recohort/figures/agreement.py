"""Two measurements of the same patients: their difference over their mean, with limits of agreement."""

import textwrap
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from recohort.figures.style import BLUE, GREY, VERMILLION, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.words import label_of, unit_of

LINES = {"limit_high": "Upper limit", "bias": "Mean", "limit_low": "Lower limit"}


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    model: str,
    digits: int,
    p_digits: int,
    width: str,
) -> Figure:
    """Draw a Bland-Altman plot: every patient, mean difference and limits of agreement with their intervals.

    Parameters
    ----------
    frames : mapping
        ``models/paired/<model>`` and its ``.curve`` (mean, difference).
    columns : mapping
        Declared columns: name -> unit, label.
    synthetic : bool
        The cohort is synthetic.
    model : str
        The paired comparison.
    digits, p_digits : int
        Decimals of differences and of p-values.
    width : str
        ``single | double``.
    """
    estimates = pick.frame_of(frames, f"models/paired/{model}")
    points = pick.frame_of(frames, f"models/paired/{model}.curve")
    tested = pick.one(estimates, f"models.paired.{model}", quantity="difference")
    first, second = str(tested["scale"]).removeprefix("against "), tested["term"]
    unit = unit_of(second, columns)
    figure = new_figure(width, {"single": 84, "double": 100}[width] + (5 if synthetic else 0), synthetic=synthetic)
    axes = figure.add_subplot()
    axes.axhline(0, color=GREY, lw=0.7, ls=(0, (2, 2)), zorder=1)
    for quantity, words in LINES.items():
        row = pick.first(estimates, quantity=quantity)
        value, low, high = pick.interval(row)
        if value is None:
            continue
        colour = BLUE if quantity == "bias" else VERMILLION
        axes.axhline(value, color=colour, lw=1.1, ls="-" if quantity == "bias" else (0, (5, 2)), zorder=2)
        if None not in (low, high):
            axes.axhspan(low, high, color=colour, alpha=0.13, lw=0, zorder=0)
        text = f"{words} {fmt.number(value, digits=digits)}\n({fmt.limits(low, high, digits=digits)})"
        place = {"xy": (1.02, value), "xycoords": ("axes fraction", "data")}
        axes.annotate(text, **place, va="center", ha="left", fontsize=6.5, color=colour, annotation_clip=False)
    axes.scatter(points["mean"], points["difference"], s=9, color="black", alpha=0.55, linewidths=0, zorder=3)
    in_unit = f" ({unit})" if unit else ""
    names = [label_of(name, columns) for name in (first, second)]
    axes.set_xlabel(f"Mean of both{in_unit}")
    label = f"{names[1]}\n− {_lower(names[0])}{in_unit}"
    axes.set_ylabel(label if len(label) > 44 else label.replace("\n", " "))
    axes.margins(y=0.08)
    lines = _heading(estimates, fmt.count(tested["n"]), digits, p_digits)
    broken = [textwrap.fill(line, {"single": 56, "double": 120}[width]) for line in lines]
    figure.legend([], [], loc="outside lower left", title="\n".join(broken), alignment="left")
    return figure


def _heading(estimates: object, n: str, digits: int, p_digits: int) -> list[str]:
    limits = pick.first(estimates, quantity="limit_low")
    lines = [f"n={n}"]
    if limits is not None:
        _, share, interval = str(limits["method"]).split(", ")
        lines[0] += f"; {share} limits of agreement; shaded: confidence intervals ({interval.split()[0]})"
    slope = pick.first(estimates, quantity="proportional_bias")
    if slope is not None and pick.value(slope) is not None:
        decimals = digits + max(0, int(np.ceil(-np.log10(abs(slope["estimate"]) + 1e-12))) - 1) if digits else 2
        text = fmt.estimate(*pick.interval(slope), digits=min(decimals, 6))
        lines.append(
            f"Slope of difference on mean {text}, {fmt.p_phrase(pick.value(slope, 'p_value'), digits=p_digits)}"
        )
    return lines


def _lower(text: str) -> str:
    """Return a label as it stands within a phrase; an abbreviation keeps its capitals."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
