"""An outcome over a numeric exposure: every patient, and the line of a linear model with its band."""

from collections.abc import Callable, Mapping

import pandas as pd
from matplotlib.figure import Figure

from recohort.core.errors import InputError
from recohort.core.guard import as_it_is
from recohort.figures.style import DASHES, MARKERS, SERIES, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.words import key_of, labelled, level_of


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    model: str,
    group_levels: Mapping[str, str],
    scale: str,
    digits: int,
    p_digits: int,
    width: str,
    counted: Callable[..., int | str] = as_it_is,
) -> Figure:
    """Draw the points and lines of a linear model with a numeric exposure.

    Parameters
    ----------
    frames : mapping
        ``models/linear/<model>`` and its ``.curve`` (part, group, value, estimate, conf_low, conf_high, term, outcome).
    columns : mapping
        Declared columns: name -> unit, label.
    synthetic : bool
        The cohort is synthetic.
    model : str
        The linear model.
    group_levels : mapping
        How the levels with a line of their own are called; their names where none is given.
    scale : str
        Beginning of the scale at which the slope is printed.
    digits, p_digits : int
        Decimals of the slope and of p-values.
    width : str
        ``single | double``.
    counted : callable
        What is printed for a count; see `core.guard.as_it_is`. Lines are named without numbers where it withholds any.
    """
    estimates = pick.frame_of(frames, f"models/linear/{model}")
    curve = pick.frame_of(frames, f"models/linear/{model}.curve")
    if curve.empty:
        raise InputError(f"figure of kind 'scatter': models.linear.{model} has no line, expected a numeric exposure")
    curve = curve.assign(group=["" if pd.isna(level) else key_of(level) for level in curve["group"]])
    exposure, outcome = curve["term"].iloc[0], curve["outcome"].iloc[0]
    levels = list(dict.fromkeys(curve.loc[curve["part"] == "line", "group"]))
    height = {"single": 80, "double": 100}[width] + 4 * len(levels) + (5 if synthetic else 0)
    figure = new_figure(width, height, synthetic=synthetic)
    axes = figure.add_subplot()
    for place, level in enumerate(levels):
        colour, own = SERIES[place % len(SERIES)], curve[curve["group"] == level]
        line, points = own[own["part"] == "line"], own[own["part"] == "point"]
        marker = MARKERS[place % len(MARKERS)]
        axes.scatter(
            points["value"], points["estimate"], s=8, color=colour, alpha=0.45, linewidths=0, marker=marker, zorder=2
        )
        axes.fill_between(line["value"], line["conf_low"], line["conf_high"], color=colour, alpha=0.18, lw=0, zorder=1)
        text = group_levels.get(level, level_of(level)) if level else "Regression line"
        axes.plot(
            line["value"],
            line["estimate"],
            color=colour,
            ls=DASHES[place % len(DASHES)],
            label=f"{text} (n={len(points)})" if counted is as_it_is else text,
            zorder=3,
        )
    axes.set(xlabel=labelled(exposure, columns), ylabel=labelled(outcome, columns))
    said = _said(estimates, exposure, len(levels), scale, digits, p_digits)
    title = "\n".join(said) if width == "single" else "; ".join(said)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", title=title)
    return figure


def _said(estimates: pd.DataFrame, exposure: str, lines: int, scale: str, digits: int, p_digits: int) -> list[str]:
    """Return the slope, or the test of different slopes where the model has it."""
    tests = pick.rows(estimates, quantity="f_test")
    products = tests[tests["term"].map(lambda term: exposure in str(term).split(":") and ":" in str(term))]
    if len(products) and lines > 1:
        p = pick.value(products.iloc[0], "p_value")
        return [f"Test of equal slopes: {fmt.p_phrase(p, digits=p_digits)}", "Shaded: confidence intervals of the mean"]
    slopes = pick.rows(estimates, quantity="mean_difference", term=exposure)
    row = pick.first(slopes, scale=scale)
    row = slopes.iloc[0] if row is None else row
    p = fmt.p_phrase(pick.value(row, "p_value"), digits=p_digits)
    slope = f"Slope {row['scale']}: {fmt.estimate(*pick.interval(row), digits=digits)}, {p}"
    return [slope, f"Shaded: confidence interval{'s' if lines > 1 else ''} of the mean"]
