"""Survival by stratum: curves, bands, censored patients, how many are still at risk, and how far the curves differ."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recohort.core.errors import InputError
from recohort.figures.at_risk import at_risk_table, called
from recohort.figures.style import DASHES, GREY, SERIES, VERMILLION, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.words import warnings_of

TERM = "stratum"
DIFFERENCE = 42
"""Height of the panel of differences, mm."""


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    model: str,
    levels: list[str],
    labels: dict[str, str],
    tick: float,
    time_unit: str,
    time_max: float | None,
    y_label: str,
    difference: bool,
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
    labels : dict
        Stratum to how it is called; one that is not named is called by its own name.
    tick : float
        Distance of the ticks of time, and of the columns at risk.
    time_unit : str
        Unit of time, as printed.
    time_max : float or None
        End of the axis; the longest follow-up where none is given.
    y_label : str
        What the curves show.
    difference : bool
        Add a panel beneath: each level's survival less the first's.
    p_digits : int
        Decimals of the p-value.
    width : str
        ``single | double``.
    height : float
        Height in mm, without the panel of differences.

    Raises
    ------
    InputError
        A difference is asked for that the analysis does not have.
    """
    curve = pick.frame_of(frames, f"models/kaplan_meier/{model}.curve")
    drawn = curve[curve["part"] == "survival"] if "part" in curve else curve
    levels = levels or list(dict.fromkeys(drawn[TERM]))
    last = time_max or tick * np.ceil(max(drawn["time"][np.isfinite(drawn["time"].astype(float))], default=tick) / tick)
    ticks = np.arange(0, last + tick / 2, tick)
    whole = height + (5 if synthetic else 0) + (DIFFERENCE if difference else 0)
    figure = new_figure(width, whole, synthetic=synthetic)
    heights = [height - 22 - 4 * len(levels), 4 + 4 * len(levels)] + [DIFFERENCE - 12] * difference
    axes, table, *beneath = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    steps_of = {level: drawn[drawn[TERM] == level].sort_values("time", kind="stable") for level in levels}
    for place, (level, steps) in enumerate(steps_of.items()):
        _curve(axes, steps, called(level, labels), SERIES[place % len(SERIES)], DASHES[place % len(DASHES)])
    axes.set(xlim=(0, last), ylim=(0, 1.02), ylabel=y_label, xlabel=f"Time ({time_unit})")
    axes.set_xticks(ticks)
    axes.tick_params(labelbottom=True)
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    test = pick.first(pick.frame_of(frames, f"models/kaplan_meier/{model}"), quantity="log_rank")
    p = pick.value(test, "p_value")
    if p is not None:
        text = f"{_test_name(test)} {fmt.p_phrase(p, digits=p_digits)}"
        axes.text(0.02, 0.04, text, transform=axes.transAxes)
    if "matched_on_outcome" in warnings_of(frames).values():
        figure.supxlabel(
            "Matched on the outcome: not absolute risks", x=0.01, ha="left", fontsize=6.5, color=VERMILLION
        )
    at_risk_table(table, {called(level, labels): steps for level, steps in steps_of.items()}, ticks)
    if difference:
        _differences(beneath[0], curve, {level: called(level, labels) for level in levels}, model)
        beneath[0].set_xlabel(f"Time ({time_unit})")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=len(levels), handlelength=2.6)
    return figure


def _curve(axes: Axes, steps: pd.DataFrame, name: str, colour: str, dashes: object) -> None:
    time = np.concatenate([[0.0], steps["time"]])
    shares = {name: np.concatenate([[1.0], steps[name]]) for name in ("survival", "conf_low", "conf_high")}
    axes.step(time, shares["survival"], where="post", color=colour, ls=dashes, label=name)
    axes.fill_between(time, shares["conf_low"], shares["conf_high"], step="post", color=colour, alpha=0.13, lw=0)
    censored = steps[steps["n_censor"] > 0]
    axes.plot(censored["time"], censored["survival"], ls="none", marker="|", ms=4, mew=0.7, color=colour)


def _test_name(test: pd.Series) -> str:
    method = str(pick.value(test, "method") or "")
    name = "Fleming-Harrington" if method.startswith("Fleming") else "Log-rank"
    return (
        f"Stratified {name[0].lower() + name[1:] if name == 'Log-rank' else name}" if "stratified" in method else name
    )


def _differences(axes: Axes, curve: pd.DataFrame, names: Mapping[str, str], model: str) -> None:
    """Draw each level's survival less that of the level it is compared with, with its band, around a line at 0."""
    parts = curve[curve["part"] == "difference"] if "part" in curve else curve.iloc[:0]
    pairs = [
        (place, level, other)
        for place, level in enumerate(names)
        for other in names
        if (parts[TERM] == f"{level} against {other}").any()
    ]
    if not pairs:
        raise InputError(
            f"models.kaplan_meier.{model}: has no difference between {', '.join(names)}, expected it of a group"
        )
    axes.axhline(0, color=GREY, lw=0.6)
    for place, level, other in pairs:
        steps = parts[parts[TERM] == f"{level} against {other}"].sort_values("time", kind="stable")
        colour, dashes = SERIES[place % len(SERIES)], DASHES[place % len(DASHES)]
        axes.step(steps["time"], steps["estimate"], where="post", color=colour, ls=dashes)
        band = {"step": "post", "color": colour, "alpha": 0.13, "lw": 0}
        axes.fill_between(steps["time"], steps["conf_low"], steps["conf_high"], **band)
    _, level, other = pairs[0]
    compared = names[level] if len(pairs) == 1 else "Each stratum"
    axes.set_title(f"{compared} minus {names[other]}", loc="left", fontsize=6.5)
    axes.set_ylabel("Difference\n(percentage points)")
    axes.yaxis.set_major_formatter(lambda share, _: fmt.number(100 * share, digits=0))
    axes.tick_params(labelbottom=True)
