"""Specification curve: one estimate under every combination of choices, sorted, and below it the choices made.

Simonsohn U, Simmons JP, Nelson LD, Nat Hum Behav 2020;4:1208-1214 (doi 10.1038/s41562-020-0912-z).
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from recohort.core.errors import InputError
from recohort.core.quantities import is_ratio, no_effect
from recohort.figures.style import BLUE, GREY, ORANGE, PALE, VERMILLION, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.words import key_of, label_of, level_of, quantity_of, with_interval

LINE, HEADING = 3.6, 4.4
"""Height of a line of the matrix and of a decision's heading (mm)."""


class _Specification(NamedTuple):
    """One analysis: its row of the estimates and the choices that led to it."""

    row: pd.Series
    choices: dict[str, str]
    as_configured: bool = False


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    level: float | None,
    sensitivity: str | None,
    specifications: list[Mapping[str, object]],
    term: str,
    quantity: str,
    scale: str,
    labels: Mapping[str, str],
    published: Mapping[str, float] | None,
    digits: int,
    width: str,
) -> Figure:
    """Draw a specification curve.

    Parameters
    ----------
    frames : mapping
        ``models/<kind>/<name>`` of every specification, or ``sensitivity/<name>``.
    columns : mapping
        Declared columns: name -> label.
    synthetic : bool
        The cohort is synthetic.
    level : float or None
        Level of the models' intervals.
    sensitivity : str or None
        The sensitivity analysis that is drawn: its rows say what is drawn, and hold what was published.
    specifications : list of mapping
        ``model`` (``<kind>.<name>``) and ``choices``: decision -> what was chosen.
    term, quantity, scale : str
        The row that is drawn of each model; of the scale its beginning, empty for any.
    labels : mapping
        Decision, choice, quantity, term or scale -> how it is called.
    published : mapping or None
        ``estimate, conf_low, conf_high`` drawn as a line and a band.
    digits : int
        Decimals of numbers in the legend.
    width : str
        ``single | double``.

    Raises
    ------
    InputError
        A model has no such row or several, or none of them has an estimate.
    """
    if sensitivity is not None:
        found, printed = _gathered(pick.frame_of(frames, f"sensitivity/{sensitivity}"))
        term, quantity = found[0].row["term"], found[0].row["quantity"]
        published = published or printed
    else:
        found = [_found(frames, entry, term, quantity, scale) for entry in specifications]
    if not any(_known(one) for one in found):
        raise InputError(f"figure of kind 'specification': no model has an estimate of {quantity} for '{term}'")
    ordered = sorted(found, key=_place)
    decisions = {
        name: list(dict.fromkeys(one.choices[name] for one in found if name in one.choices))
        for name in dict.fromkeys(name for one in found for name in one.choices)
    }
    matrix = sum(HEADING + LINE * len(choices) for choices in decisions.values())
    heights = [56.0, 15.0, matrix + 2]
    figure = new_figure(width, sum(heights) + 20 + (5 if synthetic else 0), synthetic=synthetic)
    curve, sizes, dots = figure.subplots(3, 1, sharex=True, height_ratios=heights)
    _curve(curve, ordered, quantity, published, digits)
    limited = any(np.isfinite(one.row["conf_low"]) for one in ordered)
    what = labels.get(quantity) or quantity_of(quantity)
    what = with_interval(what, level) if limited else what
    said = _per(ordered)
    said = labels.get(said, said)
    curve.set_ylabel(f"{what}\n{labels.get(term) or label_of(term, columns)}" + (f", {said}" if said else ""))
    places = range(1, len(ordered) + 1)
    sizes.bar(places, [one.row["n"] for one in ordered], width=0.7, color=PALE, edgecolor=GREY, lw=0.3)
    sizes.yaxis.set_major_locator(MaxNLocator(2, integer=True, steps=[1, 2, 5, 10]))
    sizes.set_ylabel("n", rotation=0, ha="right", va="center")
    _matrix(dots, ordered, decisions, labels)
    dots.set_xlabel(f"{len(ordered)} specifications, sorted by estimate")
    dots.set_xlim(0.3, len(ordered) + 0.7)
    for place in (place for place, one in enumerate(ordered, 1) if one.as_configured):
        for axes in (curve, sizes, dots):
            said = {"label": "The study's own analysis"} if axes is curve else {}
            axes.axvspan(place - 0.5, place + 0.5, color=ORANGE, alpha=0.25, lw=0, zorder=0, **said)
    for axes in (curve, sizes):
        axes.tick_params(axis="x", length=0, labelbottom=False)
    figure.legend(*curve.get_legend_handles_labels(), loc="outside lower center", ncols=4 if width == "double" else 1)
    return figure


def _found(
    frames: Mapping[str, object], entry: Mapping[str, object], term: str, quantity: str, scale: str
) -> _Specification:
    kind, name = entry["model"].split(".", 1)
    estimates = pick.frame_of(frames, f"models/{kind}/{name}")
    where = {"term": term, "quantity": quantity} | ({"scale": scale} if scale else {})
    row = pick.one(estimates, f"models.{entry['model']}", **where)
    return _Specification(row, {decision: key_of(choice) for decision, choice in entry["choices"].items()})


def _gathered(frame: pd.DataFrame) -> tuple[list[_Specification], dict[str, float] | None]:
    """Return the specifications of a sensitivity analysis, and what was published."""
    decisions = [name for name in frame.columns[2 : list(frame.columns).index("term")]]
    printed = frame[frame["specification"] == "published"]
    found = [
        _Specification(row, {name: key_of(row[name]) for name in decisions if pd.notna(row[name])}, place == 0)
        for place, (_, row) in enumerate(frame.drop(printed.index).iterrows())
    ]
    if printed.empty:
        return found, None
    values = printed.iloc[0][["estimate", "conf_low", "conf_high"]].astype(float)
    return found, {name: value for name, value in values.items() if np.isfinite(value)}


def _known(one: _Specification) -> bool:
    """Return whether there is an estimate: a number, of a ratio one above 0."""
    value = one.row["estimate"]
    return bool(np.isfinite(value) and (value > 0 or not is_ratio(one.row["quantity"])))


def _place(one: _Specification) -> tuple[bool, float]:
    return (False, float(one.row["estimate"])) if _known(one) else (True, 0.0)


def _per(ordered: list[_Specification]) -> str:
    """Return the scale of the estimates; where an SD or the like differs between models only what it is per."""
    scales = [one.row["scale"] for one in ordered if _known(one)]
    scales = list(dict.fromkeys("" if pd.isna(scale) else str(scale) for scale in scales))
    if len(scales) == 1:
        return scales[0]
    beginnings = list(dict.fromkeys(scale.split(" (")[0] for scale in scales))
    return beginnings[0] if len(beginnings) == 1 else "scales differ"


def _curve(
    axes: Axes, ordered: list[_Specification], quantity: str, published: Mapping[str, float] | None, digits: int
) -> None:
    ratio = is_ratio(quantity)
    null = no_effect(quantity)
    estimates, lows, highs = (
        np.array([one.row[name] for one in ordered], dtype=float) for name in ("estimate", "conf_low", "conf_high")
    )
    places = np.arange(1, len(ordered) + 1)
    seen = np.array([_known(one) for one in ordered])
    bottom, top = _reach(estimates[seen], lows, highs, published, ratio=ratio, null=null)
    size = 3.6 if len(ordered) <= 30 else 2.6
    if published is not None:
        text = fmt.estimate(*(published.get(name) for name in ("estimate", "conf_low", "conf_high")), digits=digits)
        if published.get("conf_low") is not None and published.get("conf_high") is not None:
            axes.axhspan(published["conf_low"], published["conf_high"], color=VERMILLION, alpha=0.13, lw=0, zorder=0)
        axes.axhline(published["estimate"], color=VERMILLION, lw=1, label=f"Published: {text}", zorder=1)
    axes.axhline(null, color=GREY, ls=(0, (4, 2)), lw=0.8, zorder=1)
    limited = seen & ~np.isnan(lows) & ~np.isnan(highs)
    ends = np.maximum(lows[limited], bottom), np.minimum(highs[limited], top)
    axes.vlines(places[limited], *ends, color=BLUE, lw=0.9 if size > 3 else 0.7, zorder=2)
    apart = (lows > null) | (highs < null)
    groups = {
        f"Interval excludes {null:g}": (limited & apart, BLUE, "o"),
        f"Interval includes {null:g}": (limited & ~apart, "white", "o"),
        "No interval": (seen & ~limited, "white", "D"),
    }
    for text, (chosen, face, marker) in groups.items():
        if chosen.any():
            style = {"marker": marker, "ms": size, "mec": BLUE, "mfc": face, "mew": 0.7, "ls": "", "zorder": 3}
            axes.plot(places[chosen], estimates[chosen], label=text, **style)
    if not seen.all():
        lost, edge = places[~seen], axes.get_xaxis_transform()
        axes.plot(lost, [0.03] * len(lost), marker="x", ms=size, color=BLUE, ls="", label="No estimate", transform=edge)
    for unbounded, marker, end in ((limited & (highs > top), "^", top), (limited & (lows < bottom), "v", bottom)):
        if unbounded.any():
            ends = [end] * int(unbounded.sum())
            axes.plot(places[unbounded], ends, marker=marker, ms=size, color=BLUE, ls="", clip_on=False)
    axes.set_ylim(bottom, top)
    if ratio:
        _log_axis(axes, bottom, top)


def _reach(
    estimates: np.ndarray,
    lows: np.ndarray,
    highs: np.ndarray,
    published: Mapping[str, float] | None,
    *,
    ratio: bool,
    null: float,
) -> tuple[float, float]:
    """Return the ends of the axis: of what is finite, so that an unbounded limit runs off the axis."""
    others = [null, *([] if published is None else [value for value in published.values() if value is not None])]
    values = np.concatenate([estimates, lows, highs, others])
    values = values[np.isfinite(values) & ((values > 0) | (not ratio))]
    if ratio:
        values = np.log(values)
    margin = 0.04 * (np.ptp(values) or 1.0)
    ends = values.min() - margin, values.max() + margin
    return tuple(float(np.exp(end)) for end in ends) if ratio else (float(ends[0]), float(ends[1]))


def _log_axis(axes: Axes, bottom: float, top: float) -> None:
    axes.set_yscale("log")
    decades = math.log10(top / bottom)
    steps = (1.0,) if decades > 4 else (1.0, 2.0, 5.0) if decades > 1.2 else (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
    axes.yaxis.set_major_locator(LogLocator(subs=steps, numticks=20))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))


def _matrix(
    axes: Axes, ordered: list[_Specification], decisions: Mapping[str, list[str]], labels: Mapping[str, str]
) -> None:
    """Draw a line per choice, a dot where a specification made it."""
    ticks, words, bold, height = [], [], [], 0.0
    size = 3.0 if len(ordered) <= 30 else 2.2
    for decision, choices in decisions.items():
        ticks.append(height + HEADING / 2)
        words.append(labels.get(decision) or label_of(decision.rpartition(".")[2], {}))
        bold.append(True)
        height += HEADING
        for place, choice in enumerate(choices):
            middle = height + LINE / 2
            if place % 2 == 0:
                axes.axhspan(height, height + LINE, color="#F4F4F4", lw=0, zorder=0)
            made = [number for number, one in enumerate(ordered, 1) if one.choices.get(decision) == choice]
            axes.plot(made, [middle] * len(made), ls="", marker="o", ms=size, color="black", mew=0)
            ticks.append(middle)
            words.append(labels.get(choice) or level_of(choice))
            bold.append(False)
            height += LINE
    axes.set_ylim(height, 0)
    axes.set_yticks(ticks, words)
    for label, heavy in zip(axes.get_yticklabels(), bold, strict=True):
        label.set_fontweight("bold" if heavy else "normal")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True, steps=[1, 2, 5, 10]))
