"""Cumulative incidence of an event and of the event that competes with it, by stratum, over the numbers at risk."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recohort.figures.at_risk import at_risk_table, called
from recohort.figures.style import DASHES, SERIES, VERMILLION, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.words import warnings_of

CAUSES = {"event": "gray_test", "competing": "gray_test_competing"}


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    model: str,
    levels: list[str],
    labels: dict[str, str],
    event_label: str,
    competing_label: str,
    tick: float,
    time_unit: str,
    time_max: float | None,
    y_label: str,
    y_max: float | None,
    one_minus_km: bool,
    p_digits: int,
    width: str,
    height: float,
) -> Figure:
    """Draw a panel per event, side by side at double width, else one above the other.

    Parameters
    ----------
    frames : mapping
        ``models/competing_risks/<model>`` (Gray's tests) and ``models/competing_risks/<model>.curve``.
    columns : mapping
        Declared columns (unused here; every kind has the same face).
    synthetic : bool
        The cohort is synthetic.
    model : str
        Name of the analysis.
    levels : list of str
        Strata in drawn order; all in the order of the curve where none is named.
    labels : dict
        Stratum to how it is called; one that is not named is called by its own name.
    event_label, competing_label : str
        What the two events are, above their panels.
    tick : float
        Distance of the ticks of time, and of the columns at risk.
    time_unit : str
        Unit of time, as printed.
    time_max : float or None
        End of the axis; the longest follow-up where none is given.
    y_label : str
        What the curves show.
    y_max : float or None
        End of the axis of incidence, a fraction; what the bands need where none is given.
    one_minus_km : bool
        Draw 1 less Kaplan-Meier of the event beside it.
    p_digits : int
        Decimals of the p-values.
    width : str
        ``single | double``.
    height : float
        Height in mm.
    """
    curve = pick.frame_of(frames, f"models/competing_risks/{model}.curve")
    levels = levels or list(dict.fromkeys(curve["stratum"]))
    curve = curve[curve["stratum"].isin(levels)]
    last = time_max or tick * np.ceil(max(curve["time"][np.isfinite(curve["time"].astype(float))], default=tick) / tick)
    ticks = np.arange(0, last + tick / 2, tick)
    figure = new_figure(width, height + (5 if synthetic else 0), synthetic=synthetic)
    panels, tables = _grid(figure, width, height, len(levels))
    top = y_max or _top(curve[curve["time"] <= last], one_minus_km)
    tests = pick.frame_of(frames, f"models/competing_risks/{model}")
    for axes, cause, title in zip(panels, CAUSES, (event_label, competing_label), strict=True):
        of_cause = curve[curve["cause"] == cause]
        for place, level in enumerate(levels):
            steps = of_cause[of_cause["stratum"] == level].sort_values("time", kind="stable")
            _curve(axes, steps, called(level, labels), place, naive=one_minus_km and cause == "event")
        axes.set_title(title, loc="left")
        axes.set(xlim=(0, last), ylim=(0, top), ylabel=y_label, xlabel=f"Time ({time_unit})")
        axes.set_xticks(ticks)
        axes.tick_params(labelbottom=True, labelleft=True)
        axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
        test = pick.first(tests, quantity=CAUSES[cause])
        p = pick.value(test, "p_value")
        said = [] if p is None else [f"Gray's test {fmt.p_phrase(p, digits=p_digits)}"]
        said += ["Thin: 1 − Kaplan-Meier, too high"] if one_minus_km and cause == "event" else []
        axes.text(0.02, 0.98, "\n".join(said), transform=axes.transAxes, va="top", linespacing=1.4)
    first = curve[curve["cause"] == "event"]
    steps_of = {
        called(level, labels): first[first["stratum"] == level].sort_values("time", kind="stable") for level in levels
    }
    for place, axes in enumerate(tables):
        at_risk_table(axes, steps_of, ticks, named=place == 0)
    if "matched_on_outcome" in warnings_of(frames).values():
        figure.supxlabel(
            "Matched on the outcome: not absolute risks", x=0.01, ha="left", fontsize=6.5, color=VERMILLION
        )
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", ncols=len(levels), handlelength=2.6)
    return figure


def _grid(figure: Figure, width: str, height: float, n_levels: int) -> tuple[list[Axes], list[Axes]]:
    """Return the panels of the two events and the axes of the numbers at risk, which share the axis of time."""
    table = 4 + 4 * n_levels
    if width == "double":
        axes = figure.subplots(2, 2, sharex=True, height_ratios=[height - 18 - table, table])
        return list(axes[0]), list(axes[1])
    panel = (height - 18 - table) / 2
    axes = figure.subplots(3, 1, sharex=True, height_ratios=[panel, panel, table])
    return list(axes[:2]), [axes[2]]


def _top(curve: pd.DataFrame, one_minus_km: bool) -> float:
    """Return the next tenth above all that is drawn."""
    names = ["incidence", "conf_high"] + ["one_minus_km"] * one_minus_km
    highest = np.nanmax(curve[names].to_numpy(float), initial=0.0)
    return min(1.02, np.ceil(max(highest, 0.05) * 10 + 0.5) / 10)


def _curve(axes: Axes, steps: pd.DataFrame, name: str, place: int, *, naive: bool) -> None:
    colour, dashes = SERIES[place % len(SERIES)], DASHES[place % len(DASHES)]
    time = np.concatenate([[0.0], steps["time"]])
    shares = {name: np.concatenate([[0.0], steps[name]]) for name in ("incidence", "conf_low", "conf_high")}
    axes.step(time, shares["incidence"], where="post", color=colour, ls=dashes, label=name)
    axes.fill_between(time, shares["conf_low"], shares["conf_high"], step="post", color=colour, alpha=0.13, lw=0)
    if naive:
        axes.step(steps["time"], steps["one_minus_km"], where="post", color=colour, ls=":", lw=0.7)
