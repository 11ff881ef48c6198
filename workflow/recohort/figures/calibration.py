"""Calibration: the share that had the event against the risk that was predicted, and how the risks are spread."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recohort.figures.style import BLUE, GREY, PALE, VERMILLION, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.words import with_interval

LINES = {
    "calibration_slope": "Slope",
    "calibration_in_the_large": "Calibration-in-the-large",
    "observed_expected": "Observed/expected",
    "c_statistic": "C statistic",
}
CORRECTED = {"calibration_slope_corrected": "slope", "c_statistic_corrected": "C"}


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    level: float | None,
    model: str,
    x_label: str,
    y_label: str,
    axis_max: float | None,
    digits: int,
    width: str,
) -> Figure:
    """Draw the smooth curve with its band and the groups with their intervals over a histogram of the risks.

    Parameters
    ----------
    frames : mapping
        ``models/calibration/<model>`` and its curve (parts ``smooth, group, histogram``).
    columns : mapping
        Declared columns (unused here; every kind has the same face).
    synthetic : bool
        The cohort is synthetic.
    level : float or None
        Level of the intervals.
    model : str
        Name of the calibration analysis.
    x_label, y_label : str
        What is predicted, and what was seen.
    axis_max : float or None
        End of both axes; the next tenth above what is drawn where none is given.
    digits : int
        Decimals of slope, C statistic and the rest.
    width : str
        ``single | double``.
    """
    estimates = pick.frame_of(frames, f"models/calibration/{model}")
    curve = pick.frame_of(frames, f"models/calibration/{model}.curve")
    smooth, group, histogram = (curve[curve["part"] == part] for part in ("smooth", "group", "histogram"))
    end = axis_max or _end(smooth, group, histogram)
    said = _said(estimates, level, digits)
    side = {"single": 74, "double": 118}[width]
    height = side + 34 + 3.2 * len(said) + (5 if synthetic else 0)
    figure = new_figure(width, height, synthetic=synthetic)
    axes, spread = figure.subplots(2, 1, sharex=True, height_ratios=[side - 14, 12])
    axes.plot([0, end], [0, end], color=GREY, ls=(0, (2, 2)), lw=0.7, label="Ideal")
    if len(smooth):
        banded = smooth.dropna(subset=["conf_low", "conf_high"])
        axes.fill_between(banded["predicted"], banded["conf_low"], banded["conf_high"], color=BLUE, alpha=0.15, lw=0)
        axes.plot(smooth["predicted"], smooth["observed"], color=BLUE, label="Smooth curve")
    if len(group):
        _groups(axes, group)
    axes.set(xlim=(0, end), ylim=(0, end), ylabel=y_label)
    step = 0.2 if end > 0.6 else 0.1 if end > 0.25 else 0.05
    axes.set_yticks(np.arange(0, end + 1e-9, step))
    bin_width = histogram["predicted"].diff().iloc[-1]
    spread.bar(histogram["predicted"], histogram["n"], width=bin_width, color=PALE, edgecolor="white", lw=0.3)
    spread.set(xlabel=x_label, ylabel="Patients", ylim=(0, 1.05 * histogram["n"].max()))
    spread.set_xticks(np.arange(0, end + 1e-9, step))
    spread.set_yticks([0, int(histogram["n"].max())])
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", title="\n".join(said), ncols=len(labels), title_fontsize=6.5
    )
    return figure


def _groups(axes: Axes, group: pd.DataFrame) -> None:
    low = np.maximum(group["observed"] - group["conf_low"], 0)
    high = np.maximum(group["conf_high"] - group["observed"], 0)
    axes.errorbar(
        group["predicted"],
        group["observed"],
        yerr=[low.fillna(0), high.fillna(0)],
        fmt="s",
        ms=3,
        color=VERMILLION,
        elinewidth=0.7,
        mec="white",
        mew=0.4,
        label=f"Groups by risk ({len(group)})",
    )


def _end(smooth: pd.DataFrame, group: pd.DataFrame, histogram: pd.DataFrame) -> float:
    """Return the tenth above everything that is drawn."""
    filled = histogram[histogram["n"] > 0]["predicted"]
    highest = [filled.max(), smooth["observed"].max(), group["observed"].max(), group["conf_high"].max()]
    return min(1.0, np.ceil(10 * np.nanmax(highest) - 1e-9) / 10)


def _said(estimates: pd.DataFrame, level: float | None, digits: int) -> list[str]:
    """Return the lines over the legend: size, then the numbers of calibration with their intervals."""
    first = pick.one(estimates, "calibration", quantity="c_statistic")
    lines = [f"n={fmt.count(first['n'])}, {fmt.count(first['n_events'])} events"]
    for quantity, label in LINES.items():
        found = pick.first(estimates, quantity=quantity)
        if found is None or (quantity == "observed_expected" and "Calibration-in-the-large" in " ".join(lines)):
            continue
        lines.append(f"{with_interval(label, level)}: {fmt.estimate(*pick.interval(found), digits=digits)}")
    corrected = [
        f"{word} {fmt.number(pick.value(row), digits=digits)}"
        for quantity, word in CORRECTED.items()
        if (row := pick.first(estimates, quantity=quantity)) is not None
    ]
    if corrected:
        lines.append(f"Corrected for optimism: {', '.join(corrected)}")
    return lines
