"""Decision curves: net benefit over the thresholds at which patients would be treated."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from recohort.core.errors import InputError
from recohort.figures.style import BLACK, DASHES, GREY, SERIES, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.words import level_of, with_interval

REFERENCES = {"all": ("Treat all", GREY, (0, (4, 1.5))), "none": ("Treat none", BLACK, "-")}


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    level: float | None,
    model: str,
    strategies: Mapping[str, str],
    corrected: bool,
    band: bool,
    width: str,
    height: float,
) -> Figure:
    """Draw the net benefit of each strategy, named at its end, beside treating all and none.

    Parameters
    ----------
    frames : mapping
        ``models/decision_curve/<model>`` and its curve (``strategy, threshold, net_benefit, conf_low, conf_high,
        corrected``).
    columns : mapping
        Declared columns (unused here; every kind has the same face).
    synthetic : bool
        The cohort is synthetic.
    level : float or None
        Level of the bands.
    model : str
        Name of the decision curve analysis.
    strategies : mapping
        Strategies in drawn order, and how they are called; all of them where none is named.
    corrected : bool
        Draw a strategy corrected for optimism where that is known.
    band : bool
        Draw the bands of the curves that are drawn as found.
    width : str
        ``single | double``.
    height : float
        Height in mm.

    Raises
    ------
    InputError
        A strategy is not one of the analysis.
    """
    estimates = pick.frame_of(frames, f"models/decision_curve/{model}")
    curve = pick.frame_of(frames, f"models/decision_curve/{model}.curve")
    found = [name for name in dict.fromkeys(curve["strategy"]) if name not in REFERENCES]
    if strange := [name for name in strategies if name not in found]:
        raise InputError(f"decision curve '{model}': found no strategy '{strange[0]}', expected {', '.join(found)}")
    names = dict(strategies) or {name: level_of(name) for name in found}
    figure = new_figure(width, height + (5 if synthetic else 0), synthetic=synthetic)
    axes = figure.add_subplot()
    notes, lines, amended_names, highest = [], [], [], []
    for place, (name, text) in enumerate(names.items()):
        part = curve[curve["strategy"] == name]
        amended = corrected and part["corrected"].notna().any()
        values = part["corrected"] if amended else part["net_benefit"]
        colour = SERIES[place % len(SERIES)]
        if amended:
            amended_names.append(text)
        elif band and part["conf_low"].notna().any():
            axes.fill_between(part["threshold"], part["conf_low"], part["conf_high"], color=colour, alpha=0.13, lw=0)
            notes.append(with_interval("band", level))
            highest.append(part["conf_high"].max())
        axes.plot(part["threshold"], values, color=colour, ls=DASHES[place % len(DASHES)], zorder=3)
        lines.append((text, colour, part["threshold"], values))
    for name, (text, colour, dashes) in REFERENCES.items():
        part = curve[curve["strategy"] == name]
        axes.plot(part["threshold"], part["net_benefit"], color=colour, ls=dashes, lw=0.8, zorder=2)
        lines.append((text, colour, part["threshold"], part["net_benefit"]))
    ends = curve["threshold"].min(), curve["threshold"].max()
    top = 1.06 * np.nanmax([*(values.max() for *_, values in lines), *highest, 0.0])
    top = top or 0.05
    axes.set(xlim=ends, ylim=(-0.16 * top, top), xlabel="Threshold probability (%)", ylabel="Net benefit")
    axes.xaxis.set_major_locator(MultipleLocator(0.1 if np.ptp(ends) > 0.25 else 0.05))
    axes.xaxis.set_major_formatter(lambda tick, _: f"{100 * tick:g}")
    _name(axes, lines, height)
    size = pick.first(estimates, quantity="net_benefit")
    counted = [] if size is None else [f"n={fmt.count(size['n'])}, {fmt.count(size['n_events'])} events"]
    if gone := [text for text, _, _, values in lines if values.isna().all()]:
        notes.append(f"no net benefit is given of {', '.join(gone)}")
    if amended_names:
        notes.append(f"corrected for optimism: {', '.join(amended_names)}")
    figure.supxlabel("; ".join([*counted, *dict.fromkeys(notes)]), x=0.99, ha="right", fontsize=6.5)
    return figure


def _name(axes: Axes, lines: list[tuple[str, str, pd.Series, pd.Series]], height: float) -> None:
    """Write each line's name at its right end, moved apart; at the bottom where it leaves the axes there."""
    low, high = axes.get_ylim()
    gap = (high - low) * 3.4 / (height - 22)
    inside = []
    for text, colour, thresholds, values in lines:
        known = values.dropna()
        if known.empty:
            continue
        if known.iloc[-1] >= low:
            inside.append((float(known.iloc[-1]), text, colour))
            continue
        leaving = thresholds[known.index[known >= low]]
        if len(leaving):
            axes.text(leaving.iloc[-1], low + 0.3 * gap, f" {text}", color=colour, ha="left", va="bottom")
    inside.sort(key=lambda one: one[0])
    places = np.array([place for place, *_ in inside])
    places = low + gap / 2 + _apart(places - low - gap / 2, gap)
    for place, (_, text, colour) in zip(places, inside, strict=True):
        axes.annotate(
            text,
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            annotation_clip=False,
        )


def _apart(places: np.ndarray, gap: float) -> np.ndarray:
    """Return rising places at least `gap` apart and not below 0, each as near as pushing upwards leaves it."""
    steps = gap * np.arange(len(places))
    return np.maximum.accumulate(np.maximum(places, 0) - steps) + steps
