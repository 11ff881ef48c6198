"""Shares of the levels of an ordered outcome in each arm, as stacked bars."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from recohort.core.errors import InputError
from recohort.figures.style import GREY, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.words import label_of, level_of


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    model: str,
    arms: Mapping[str, str],
    digits: int,
    p_digits: int,
    width: str,
) -> Figure:
    """Draw a bar per arm, divided into the levels of the outcome, and print the common odds ratio.

    Parameters
    ----------
    frames : mapping
        ``models/ordinal/<model>``, of an exposure that is boolean or a category.
    columns : mapping
        Declared columns.
    synthetic : bool
        The cohort is synthetic.
    model : str
        Name of the ordinal model.
    arms : mapping
        Levels of the exposure in drawn order -> how each is called.
    digits, p_digits : int
        Decimals of the common odds ratio and of its p-value.
    width : str
        ``single | double``.
    """
    estimates = pick.frame_of(frames, f"models/ordinal/{model}")
    shares = estimates[estimates["quantity"] == "proportion"]
    if shares.empty:
        raise InputError(f"models.ordinal.{model}: has no shares of levels, expected an exposure that is no number")
    outcome = estimates[estimates["quantity"] == "threshold"]["term"].iloc[0]
    parts = {arm: shares[shares["scale"].str.startswith(f"{arm}, {outcome} ")] for arm in arms}
    if absent := [arm for arm, part in parts.items() if part.empty]:
        raise InputError(f"arms: '{absent[0]}' is no level of {shares['term'].iloc[0]}, expected one of the model's")
    first = next(iter(parts.values()))
    levels = [scale.partition(f", {outcome} ")[2] for scale in first["scale"]]
    colours = [mpl.colormaps["cividis"](place) for place in np.linspace(0.97, 0.05, len(levels))]
    figure = new_figure(width, 26 + 13 * len(arms) + (5 if synthetic else 0), synthetic=synthetic)
    axes = figure.add_subplot()
    edges = {}
    for place, part in enumerate(parts.values()):
        share = part["estimate"].to_numpy(float)
        starts = np.r_[0, np.cumsum(share)]
        edges[place] = starts
        for index, colour in enumerate(colours):
            axes.barh(place, share[index], left=starts[index], height=0.58, color=colour, ec="white", lw=0.5)
            text = fmt.percent(share[index], digits=0)
            if share[index] > {"single": 0.055, "double": 0.025}[width]:
                ink = "black" if np.dot(to_rgb(colour), (0.299, 0.587, 0.114)) > 0.5 else "white"
                axes.text(
                    starts[index] + share[index] / 2, place, text, ha="center", va="center", color=ink, fontsize=6.5
                )
    for place in range(len(arms) - 1):
        for above, below in zip(edges[place][1:-1], edges[place + 1][1:-1], strict=True):
            axes.plot([above, below], [place + 0.29, place + 0.71], color=GREY, lw=0.5)
    axes.set_yticks(
        range(len(arms)), [f"{arms[arm]}\n(n={fmt.count(part['n'].iloc[0])})" for arm, part in parts.items()]
    )
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set(
        xlim=(0, 1),
        ylim=(len(arms) - 0.5, -0.5),
        xlabel=f"Patients (%)\n{_effect(estimates, shares, digits, p_digits)}",
    )
    axes.xaxis.set_major_formatter(PercentFormatter(1, symbol=""))
    handles = [mpl.patches.Patch(color=colour) for colour in colours]
    title = label_of(outcome, columns)
    figure.legend(
        handles,
        [level_of(level) for level in levels],
        loc="outside upper left",
        ncols=min(len(levels), 7),
        title=title,
        alignment="left",
        handlelength=1,
        columnspacing=1.2,
    )
    return figure


def _effect(estimates: pd.DataFrame, shares: pd.DataFrame, digits: int, p_digits: int) -> str:
    """Say the common odds ratio of an exposure of two levels; with a modifier there is none."""
    rows = pick.rows(estimates, quantity="common_odds_ratio", term=shares["term"].iloc[0])
    if len(rows) != 1 or (estimates["quantity"] == "interaction_test").any():
        return ""
    row = rows.iloc[0]
    said = f"Common odds ratio {fmt.estimate(*pick.interval(row), digits=digits)}"
    said += f", {fmt.p_phrase(pick.value(row, 'p_value'), digits=p_digits)}"
    return f"{said}\n({row['method'].rpartition('; ')[2]} of the outcome)"
