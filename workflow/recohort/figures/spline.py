"""A ratio over the values of a column that enters a model as a restricted cubic spline."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from recohort.core.errors import InputError
from recohort.figures.ratios import main_ratio, ratio_ticks
from recohort.figures.style import BLUE, GREY, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.words import labelled, quantity_of, unit_of, with_interval

FURTHEST = 5.0
"""How many times beyond the estimates the axis follows the interval."""


RUG = 0.08
"""Share of the height that the longest stroke takes."""


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    level: float | None,
    models: Mapping[str, str],
    term: str | None,
    p_digits: int,
    width: str,
) -> Figure:
    """Draw one panel per model: ratio, pointwise interval, reference, and a stroke for every patient at the bottom.

    Parameters
    ----------
    frames : mapping
        ``models/<kind>/<name>`` and ``models/<kind>/<name>.curve`` of every model.
    columns : mapping
        Declared columns: name -> label, unit.
    synthetic : bool
        The cohort is synthetic.
    level : float or None
        Of the intervals.
    models : mapping
        Heading of a panel -> its model, ``<kind>.<name>``.
    term : str or None
        Column of the spline; None for the first one of each model.
    p_digits : int
        Decimals of the p-value of non-linearity.
    width : str
        ``single | double``.
    """
    across = min({"single": 1, "double": 2}[width], len(models))
    down = -(-len(models) // across)
    figure = new_figure(width, down * 66 + (6 if synthetic else 0), synthetic=synthetic)
    panels = np.atleast_1d(figure.subplots(down, across, squeeze=False)).ravel()
    for axes, (heading, model) in zip(panels, models.items(), strict=False):
        _panel(axes, heading if len(models) > 1 else "", model, frames, columns, level, term, p_digits)
    for axes in panels[len(models) :]:
        axes.remove()
    return figure


def _panel(
    axes: Axes,
    heading: str,
    model: str,
    frames: Mapping[str, object],
    columns: Mapping[str, dict],
    level: float | None,
    term: str | None,
    p_digits: int,
) -> None:
    path = f"models/{model.replace('.', '/')}"
    estimates, curve = pick.frame_of(frames, path), pick.frame_of(frames, f"{path}.curve")
    splines = curve[curve["part"] == "spline"] if "part" in curve else curve
    if splines.empty:
        raise InputError(f"models.{model}: its curve has no spline, expected a model with one")
    name = splines["term"].iloc[0] if term is None else term
    line = splines[splines["term"] == name]
    if line.empty:
        raise InputError(
            f"models.{model}: has no spline of '{name}', expected one of {', '.join(dict.fromkeys(splines['term']))}"
        )
    axes.fill_between(line["value"], line["conf_low"], line["conf_high"], color=BLUE, alpha=0.18, lw=0)
    axes.plot(line["value"], line["estimate"], color=BLUE)
    axes.axhline(1, color=GREY, ls=(0, (4, 2)), lw=0.8, zorder=0)
    _axis_of_ratios(axes, line)
    first, last = line["value"].iloc[0], line["value"].iloc[-1]
    axes.set_xlim(first - 0.015 * (last - first), last + 0.015 * (last - first))
    others = curve[(curve["term"] == name) & (curve["part"] != "spline")].groupby("part")["value"]
    parts = {part: values.to_numpy() for part, values in others}
    if "reference" in parts:
        (reference,) = parts["reference"]
        if first <= reference <= last:
            axes.plot([reference], [1], marker="o", ms=4, mfc="white", color=BLUE, clip_on=False, zorder=4)
    _strokes(axes, parts.get("rug", np.empty(0)), first, last)
    axes.set_xlabel(labelled(name, columns))
    axes.set_ylabel(f"{with_interval(quantity_of(main_ratio(estimates) or 'ratio'), level)}, log scale")
    _say(axes, heading, estimates, name, columns, parts, p_digits)


def _axis_of_ratios(axes: Axes, line: pd.DataFrame) -> None:
    """Let a logarithmic axis hold the curve and its interval, the latter up to `FURTHEST` times beyond it."""
    low = max(line["conf_low"].min(), line["estimate"].min() / FURTHEST, 1e-5)
    high = min(line["conf_high"].max(), line["estimate"].max() * FURTHEST, 1e5)
    low, high = min(low, 0.9), max(high, 1.1)
    low, high = low * (low / high) ** RUG / 1.02, high * 1.03  # room for the strokes
    axes.set(yscale="log", ylim=(low, high))
    axes.yaxis.set_major_locator(FixedLocator(ratio_ticks(low, high, least=4)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))


def _strokes(axes: Axes, values: np.ndarray, first: float, last: float) -> None:
    """Draw a stroke at the bottom for each observed value, the longer the more patients share it."""
    seen, counts = np.unique(values[(values >= first) & (values <= last)], return_counts=True)
    if len(seen):
        heights = RUG * (0.3 + 0.7 * counts / counts.max())
        axes.vlines(seen, 0, heights, color=GREY, lw=0.5, transform=axes.get_xaxis_transform(), zorder=1)


def _say(
    axes: Axes,
    heading: str,
    estimates: pd.DataFrame,
    name: str,
    columns: Mapping[str, dict],
    parts: Mapping[str, np.ndarray],
    p_digits: int,
) -> None:
    """Write above a panel its heading, how many patients it is of, the p-value of non-linearity and the reference."""
    row = pick.first(estimates, term=name)
    said = [f"n={fmt.count(pick.value(row, 'n'))}"]
    if (n_events := pick.value(row, "n_events")) is not None:
        said[0] += f", {fmt.count(n_events)} events"
    test = pick.first(estimates, term=name, quantity="nonlinearity_test")
    if (p := pick.value(test, "p_value")) is not None:
        said.append(f"non-linearity {fmt.p_phrase(p, digits=p_digits)}")
    text = "; ".join(said)
    if "reference" in parts:
        text += f"\nReference {parts['reference'][0]:.3g} {unit_of(name, columns)}".rstrip()
    axes.set_title(heading, loc="left", fontweight="bold", pad=8 + 8 * (text.count("\n") + 1))
    axes.text(0, 1.02, text, transform=axes.transAxes, fontsize=6.5, va="bottom")
