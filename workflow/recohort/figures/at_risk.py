"""Numbers at risk beneath curves over follow-up, aligned to the ticks of time."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from recohort.figures.style import BLACK, GREY, SERIES
from recohort.tables import format as fmt
from recohort.tables.words import level_of


def called(level: str, labels: Mapping[str, str]) -> str:
    """Return how a stratum is called: its label, else its own name as words."""
    return labels.get(str(level)) or level_of(level)


def at_risk_table(axes: Axes, curves: Mapping[str, pd.DataFrame], ticks: np.ndarray, *, named: bool = True) -> None:
    """Write the number at risk just before each tick, one line per stratum in the colour of its curve.

    Parameters
    ----------
    axes : Axes
        An empty one that shares the axis of time.
    curves : mapping
        What each stratum is called, to its curve, columns ``time, n_risk``, times rising.
    ticks : ndarray
        Times.
    named : bool
        Write the strata and the heading beside the numbers.
    """
    for place, steps in enumerate(curves.values()):
        for when in ticks:
            ahead = steps[steps["time"] >= when - 1e-9]
            number = 0 if ahead.empty else ahead["n_risk"].iloc[0]
            axes.text(when, place, fmt.count(number), ha="center", va="center", color=BLACK if number else GREY)
    axes.set(ylim=(len(curves) - 0.5, -0.5))
    axes.set_yticks(range(len(curves)), [name if named else "" for name in curves])
    for label, colour in zip(axes.get_yticklabels(), SERIES, strict=False):
        label.set(color=colour, fontweight="bold")
    if named:
        axes.set_title("Number at risk", loc="left", fontsize=6.5)
    axes.tick_params(length=0, labelbottom=False, pad=11)
    axes.spines[:].set_visible(False)
