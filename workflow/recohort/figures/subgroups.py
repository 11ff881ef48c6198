"""Odds ratios in subgroups: events of each arm, estimates on a logarithmic axis, and the test of interaction."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from recohort.core.errors import InputError
from recohort.figures.style import BLUE, GREY, PALE, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.words import level_of, with_interval

TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
EVENTS = "events/n"


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    level: float | None,
    models: Mapping[str, str],
    overall: str | None,
    arms: Mapping[str, str],
    test: str,
    digits: int,
    p_digits: int,
    width: str,
) -> Figure:
    """Draw a section per model, a line per subgroup.

    Parameters
    ----------
    frames : mapping
        ``models/logistic/<name>`` of every model; each has a modifier, subgroups and an exposure of two levels.
    columns : mapping
        Declared columns.
    synthetic : bool
        The cohort is synthetic.
    level : float or None
        Level of the intervals.
    models : mapping
        Heading of a section -> name of its model.
    overall : str or None
        A model of the same exposure without modifier; its odds ratio is the first line.
    arms : mapping
        Levels of the exposure, first the one whose odds ratio it is -> how each is called.
    test : {"heterogeneity", "interaction"}
        Whose p-value is printed: of the product with the subgroups, or with the modifier itself.
    digits, p_digits : int
        Decimals of odds ratios and of p-values.
    width : str
        ``single | double``.
    """
    lines = _lines(frames, models, overall, list(arms), test, columns)
    figure = new_figure(width, 22 + 5 * len(lines) + (5 if synthetic else 0), synthetic=synthetic)
    left, axes, right = figure.subplots(1, 3, sharey=True, width_ratios=[1.75, 1.35, 1.2])
    for side in (left, right):
        side.set_xlim(0, 1)
        side.axis("off")
        side.set_xticks([])
        side.tick_params(labelleft=False)
    shades = [index for index, line in enumerate(lines) if line["section"] and line["numbers"] is None]
    low, high = _range(lines)
    for place, line in enumerate(lines):
        weight = "bold" if line["section"] else "normal"
        left.text(0 if line["section"] else 0.04, place, line["label"], va="center", fontweight=weight)
        for where, cell in zip((0.73, 1.0), line["arms"], strict=False):
            left.text(where, place, cell, va="center", ha="right")
        if line["numbers"] is not None:
            _mark(axes, place, line["numbers"], low, high, line["section"])
            right.text(0.02, place, fmt.estimate(*line["numbers"], digits=digits), va="center")
        if line["p"] is not None:
            right.text(1, place, fmt.p_value(line["p"], digits=p_digits), va="center", ha="right")
        if place in shades:
            for side in (left, axes, right):
                side.axhspan(place - 0.5, place + 0.5, color=PALE, alpha=0.35, lw=0, zorder=-1)
    heads = [
        (left, 0, "Subgroup", "left"),
        (right, 0.02, with_interval("OR", level), "left"),
        (right, 1, f"p {test}", "right"),
    ]
    for where, called in zip((0.73, 1.0), arms.values(), strict=False):
        heads.append((left, where, f"{called}\n{EVENTS}", "right"))
    for side, where, text, align in heads:
        side.text(where, -1, text, va="center", ha=align, fontweight="bold", linespacing=1.1)
    axes.axvline(1, color=GREY, ls=(0, (4, 2)), lw=0.8, zorder=0)
    axes.set(xscale="log", ylim=(len(lines) - 0.4, -1.7), xlim=(low, high))
    axes.tick_params(axis="y", left=False, labelleft=False)
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in TICKS if low <= tick <= high]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("Odds ratio (log scale)")
    return figure


def _lines(
    frames: Mapping[str, object],
    models: Mapping[str, str],
    overall: str | None,
    arms: list[str],
    test: str,
    columns: Mapping[str, dict],
) -> list[dict]:
    lines = []
    if overall is not None:
        estimates = pick.frame_of(frames, f"models/logistic/{overall}")
        row = estimates[estimates["quantity"] == "odds_ratio"].iloc[0]
        called = f"All patients (n={fmt.count(row['n'])}, {fmt.count(row['n_events'])} events)"
        lines.append(_line(called, section=True, numbers=pick.interval(row)))
    for heading, name in models.items():
        estimates = pick.frame_of(frames, f"models/logistic/{name}")
        groups = estimates[estimates["quantity"] == "subgroup_odds_ratio"]
        found = estimates[estimates["quantity"] == f"{test}_test"]
        if groups.empty or found.empty:
            raise InputError(f"models.logistic.{name}: has no subgroups, expected a modifier and the key subgroups")
        lines.append(_line(heading, section=True, p=pick.value(found.iloc[0], "p_value")))
        modifier = found["term"].iloc[0].split(":")[1]
        for _, row in groups.iterrows():
            words = row["scale"].rpartition(" (n=")[0]
            cells = [_events(estimates, arm, words) for arm in arms]
            called = level_of(words.removeprefix(f"{modifier} "))
            if columns.get(modifier, {}).get("type") == "boolean":
                called = {"0": "No", "1": "Yes"}[called]
            lines.append(_line(called, arms=cells, numbers=pick.interval(row)))
    return lines


def _line(
    label: str, *, section: bool = False, arms: list | None = None, numbers: tuple | None = None, p: float | None = None
) -> dict:
    return {"label": label, "section": section, "arms": arms or [], "numbers": numbers, "p": p}


def _events(estimates: pd.DataFrame, arm: str, words: str) -> str:
    found = estimates[(estimates["quantity"] == "subgroup_risk") & (estimates["scale"] == f"{arm}, {words}")]
    return fmt.MISSING if found.empty else f"{fmt.count(found['n_events'].iloc[0])}/{fmt.count(found['n'].iloc[0])}"


def _range(lines: list[dict]) -> tuple[float, float]:
    held = [value for line in lines for value in line["numbers"] or () if value is not None]
    held = [value for value in held if np.isfinite(value) and value > 0]
    return max(min([*held, 0.8]) / 1.2, TICKS[0]), min(max([*held, 1.25]) * 1.2, TICKS[-1])


def _mark(axes: Axes, place: int, numbers: tuple, low: float, high: float, whole: bool) -> None:
    ratio, begin, end = numbers
    if None in numbers or not np.isfinite(ratio):
        return
    shown = np.clip([begin, end], low, high)
    axes.plot(shown, [place, place], color=BLUE, lw=1.1)
    for beyond, where, marker in ((begin < low, low, "<"), (end > high, high, ">")):
        if beyond:
            axes.plot([where], [place], marker=marker, ms=3, color=BLUE, clip_on=False)
    if low <= ratio <= high:
        axes.plot([ratio], [place], marker="D" if whole else "s", ms=5 if whole else 4, color=BLUE)
