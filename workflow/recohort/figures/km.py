"""Survival by stratum: curves, bands, censored patients, and how many are still at risk."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recohort.figures.style import BLACK, DASHES, GREY, SERIES, VERMILLION, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.words import level_of, warnings_of

TERM = "stratum"


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    model: str,
    levels: list[str],
    tick: float,
    time_unit: str,
    time_max: float | None,
    y_label: str,
    p_digits: int,
    width: str,
    height: float,
) -> Figure:
    """Draw Kaplan-Meier curves over a table of the numbers at risk, aligned to the ticks.

    Parameters
    ----------
    frames : mapping
        ``models/kaplan_meier/<model>`` (log-rank test) and ``models/kaplan_meier/<model>.curve``.
    columns : mapping
        Declared columns (unused here; every kind has the same face).
    synthetic : bool
        The cohort is synthetic.
    model : str
        Name of the Kaplan-Meier analysis.
    levels : list of str
        Strata in drawn order; all in the order of the curve where none is named.
    tick : float
        Distance of the ticks of time, and of the columns at risk.
    time_unit : str
        Unit of time, as printed.
    time_max : float or None
        End of the axis; the longest follow-up where none is given.
    y_label : str
        What the curves show.
    p_digits : int
        Decimals of the p-value.
    width : str
        ``single | double``.
    height : float
        Height in mm.
    """
    curve = pick.frame_of(frames, f"models/kaplan_meier/{model}.curve")
    levels = levels or list(dict.fromkeys(curve[TERM]))
    last = time_max or tick * np.ceil(curve["time"].max() / tick)
    ticks = np.arange(0, last + tick / 2, tick)
    figure = new_figure(width, height + (5 if synthetic else 0), synthetic=synthetic)
    axes, table = figure.subplots(2, 1, sharex=True, height_ratios=[height - 22 - 4 * len(levels), 4 + 4 * len(levels)])
    for place, level in enumerate(levels):
        steps = curve[curve[TERM] == level].sort_values("time", kind="stable")
        _curve(axes, steps, level, SERIES[place % len(SERIES)], DASHES[place % len(DASHES)])
        _at_risk(table, steps, ticks, place)
    axes.set(xlim=(0, last), ylim=(0, 1.02), ylabel=y_label, xlabel=f"Time ({time_unit})")
    axes.set_xticks(ticks)
    axes.tick_params(labelbottom=True)
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    test = pick.first(pick.frame_of(frames, f"models/kaplan_meier/{model}"), quantity="log_rank")
    if test is not None:
        text = f"Log-rank {fmt.p_phrase(pick.value(test, 'p_value'), digits=p_digits)}"
        axes.text(0.02, 0.04, text, transform=axes.transAxes)
    if "matched_on_outcome" in warnings_of(frames).values():
        figure.supxlabel(
            "Matched on the outcome: not absolute risks", x=0.01, ha="left", fontsize=6.5, color=VERMILLION
        )
    table.set(ylim=(len(levels) - 0.5, -0.5))
    table.set_yticks(range(len(levels)), [level_of(level) for level in levels])
    for label, colour in zip(table.get_yticklabels(), SERIES, strict=False):
        label.set(color=colour, fontweight="bold")
    table.set_title("Number at risk", loc="left", fontsize=6.5)
    table.tick_params(length=0, labelbottom=False, pad=9)
    table.spines[:].set_visible(False)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=len(levels), handlelength=2.6)
    return figure


def _curve(axes: Axes, steps: pd.DataFrame, level: str, colour: str, dashes: object) -> None:
    time = np.concatenate([[0.0], steps["time"]])
    shares = {name: np.concatenate([[1.0], steps[name]]) for name in ("survival", "conf_low", "conf_high")}
    axes.step(time, shares["survival"], where="post", color=colour, ls=dashes, label=level_of(level))
    axes.fill_between(time, shares["conf_low"], shares["conf_high"], step="post", color=colour, alpha=0.13, lw=0)
    censored = steps[steps["n_censor"] > 0]
    axes.plot(censored["time"], censored["survival"], ls="none", marker="|", ms=4, mew=0.7, color=colour)


def _at_risk(axes: Axes, steps: pd.DataFrame, ticks: np.ndarray, place: int) -> None:
    for when in ticks:
        ahead = steps[steps["time"] >= when - 1e-9]
        number = 0 if ahead.empty else ahead["n_risk"].iloc[0]
        axes.text(when, place, fmt.count(number), ha="center", va="center", color=BLACK if number else GREY)
