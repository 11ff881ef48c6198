"""The odds ratio of an exposure over a modifier, or its risk difference, with where the patients are."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter

from recohort.core.errors import InputError
from recohort.figures.style import DASHES, GREY, PALE, SERIES, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.words import label_of, labelled

RATIOS = tuple(step * 10.0**power for power in range(-6, 6) for step in (1, 2, 5))
BEYOND = 6.0
"""How far beyond the estimates the axis follows the interval."""
LOG1P = (0, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    models: Mapping[str, str],
    quantity: str,
    axis: str,
    p_digits: int,
    percent_digits: int,
    width: str,
) -> Figure:
    """Draw one panel per model: estimate, pointwise interval, and a stroke for every patient at the bottom.

    Shaded is where the interval excludes no effect (Johnson and Neyman's region), for an odds ratio.

    Parameters
    ----------
    frames : mapping
        ``models/logistic/<name>`` and ``models/logistic/<name>.curve`` of every model; each has a numeric modifier.
    columns : mapping
        Declared columns: name -> label, unit.
    synthetic : bool
        The cohort is synthetic.
    models : mapping
        Heading of a panel -> name of its model.
    quantity : {"odds_ratio", "risk_difference"}
        What is drawn.
    axis : {"linear", "log1p"}
        Axis of the modifier: as it is, or as log(1 + x).
    p_digits, percent_digits : int
        Decimals of the p-value of interaction and of the share of patients.
    width : str
        ``single | double``.
    """
    across = min({"single": 1, "double": 2}[width], len(models))
    down = -(-len(models) // across)
    figure = new_figure(width, down * 68 + (6 if synthetic else 0), synthetic=synthetic)
    panels = np.atleast_1d(figure.subplots(down, across, squeeze=False)).ravel()
    for axes, (heading, name) in zip(panels, models.items(), strict=False):
        _panel(axes, heading, name, frames, columns, quantity, axis, p_digits, percent_digits)
    for axes in panels[len(models) :]:
        axes.remove()
    return figure


def _panel(
    axes: Axes,
    heading: str,
    name: str,
    frames: Mapping[str, object],
    columns: Mapping[str, dict],
    quantity: str,
    axis: str,
    p_digits: int,
    percent_digits: int,
) -> None:
    estimates = pick.frame_of(frames, f"models/logistic/{name}")
    curve = pick.frame_of(frames, f"models/logistic/{name}.curve")
    part = {"odds_ratio": "interaction", "risk_difference": "risk_difference"}[quantity]
    lines = curve[curve["part"] == part] if "part" in curve else curve
    if lines.empty:
        raise InputError(f"models.logistic.{name}: has no curve of the {quantity}, expected a numeric modifier")
    test = pick.one(estimates, f"models.logistic.{name}", quantity="interaction_test")
    exposure, modifier = test["term"].split(":")
    drawn, none = list(dict.fromkeys(lines["term"])), 1.0 if quantity == "odds_ratio" else 0.0
    for place, term in enumerate(drawn):
        line = lines[lines["term"] == term]
        colour = SERIES[place % len(SERIES)]
        axes.fill_between(line["value"], line["conf_low"], line["conf_high"], color=colour, alpha=0.18, lw=0)
        label = term.removeprefix(f"{exposure} (").removesuffix(")") if len(drawn) > 1 else None
        axes.plot(line["value"], line["estimate"], color=colour, ls=DASHES[place % len(DASHES)], label=label)
    axes.axhline(none, color=GREY, ls=(0, (4, 2)), lw=0.8, zorder=1)
    left, right = lines["value"].min(), lines["value"].max()
    _across(axes, left, right, axis)
    said = [f"n={fmt.count(test['n'])}, {fmt.count(test['n_events'])} events"]
    scale = "" if quantity == "odds_ratio" else " of odds ratios"
    said[0] += f"; interaction{scale} {fmt.p_phrase(pick.value(test, 'p_value'), digits=p_digits)}"
    if quantity == "odds_ratio":
        _ratio_axis(axes, lines)
        if len(drawn) == 1:
            _shade(axes, lines, none)
            said.append(_shares(estimates, percent_digits))
    else:
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None, symbol=""))
    values = curve[curve["part"] == "rug"]["value"]
    seen = values[(values >= left) & (values <= right)]
    axes.plot(
        seen, np.zeros(len(seen)), "|", color=GREY, ms=5, mew=0.35, alpha=0.6, transform=axes.get_xaxis_transform()
    )
    words = {"odds_ratio": "Odds ratio, {} (log scale)", "risk_difference": "Risk difference, {} (% points)"}
    axes.set_ylabel(words[quantity].format(label_of(exposure, columns)))
    axes.set_xlabel(labelled(modifier, columns) + (", axis as log(1 + x)" if axis == "log1p" else ""))
    said = [text for text in said if text]
    axes.set_title(heading, loc="left", fontweight="bold", pad=5 + 8.5 * len(said))
    place = {"xycoords": "axes fraction", "textcoords": "offset points"}
    axes.annotate("\n".join(said), (0, 1), xytext=(0, 4), fontsize=6.5, **place).set_in_layout(False)
    if len(drawn) > 1:
        axes.legend(loc="best")


def _across(axes: Axes, left: float, right: float, axis: str) -> None:
    if axis == "log1p":
        axes.set_xscale("function", functions=(np.log1p, np.expm1))
        ticks, kept = [tick for tick in LOG1P if left <= tick <= right], []
        for tick in ticks:  # leave out what would touch its neighbour
            if not kept or np.log1p(tick) - np.log1p(kept[-1]) > 0.07 * (np.log1p(right) - np.log1p(left)):
                kept.append(tick)
        axes.xaxis.set_major_locator(FixedLocator(kept))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(left, right)


def _ratio_axis(axes: Axes, lines: pd.DataFrame) -> None:
    estimate, low, high = (lines[key].to_numpy(float) for key in ("estimate", "conf_low", "conf_high"))
    drawn = estimate[np.isfinite(estimate) & (estimate > 0)]
    if not drawn.size:
        raise InputError("the odds ratio over the modifier is not finite anywhere, expected a model without separation")
    bottom = min(max(np.nanmin(low) / 1.3, drawn.min() / BEYOND), 0.8)
    top = max(min(np.nanmax(high) * 1.15, drawn.max() * BEYOND), 1.25)
    axes.set_yscale("log")
    axes.set_ylim(bottom, top)
    ticks = [tick for tick in RATIOS if bottom <= tick <= top]
    if len(ticks) > 10:
        ticks = [tick for tick in ticks if f"{tick:e}".startswith("1")]
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))


def _shade(axes: Axes, lines: pd.DataFrame, none: float) -> None:
    """Shade where the band excludes `none`, edges interpolated between the drawn points."""
    value, low, high = (lines[key].to_numpy(float) for key in ("value", "conf_low", "conf_high"))
    margin = np.maximum(np.log(low / none), -np.log(high / none))
    edges = np.flatnonzero(margin[:-1] * margin[1:] < 0)
    at = value[edges] - margin[edges] * np.diff(value)[edges] / np.diff(margin)[edges]
    bounds = np.r_[value[0], at, value[-1]]
    for begin, end in pairwise(bounds):
        if np.interp((begin + end) / 2, value, margin) > 0:
            axes.axvspan(begin, end, color=PALE, alpha=0.45, lw=0, zorder=0)


def _shares(estimates: pd.DataFrame, digits: int) -> str:
    """Say how many patients lie where the interval excludes 1."""
    shares = {
        side: pick.value(pick.first(estimates, quantity="johnson_neyman_share", scale=f"odds ratio {side} 1"))
        for side in ("above", "below")
    }
    if None in shares.values():
        return ""
    held = [f"{side} 1 in {fmt.percent(share, digits=digits)} %" for side, share in shares.items() if share > 0]
    return f"Shaded: CI {', '.join(held)} of patients" if held else "CI includes 1 for every patient"
