import numpy as np
import pandas as pd
import pytest
from drawn import assert_legible, settings
from matplotlib.collections import PolyCollection

from recohort.figures import box

COLUMNS = {"grade": {"type": "category"}, "chi": {"type": "number", "unit": "ppm", "label": "Susceptibility"}}
LEVELS = {"I": "Grade one", "II": "Grade two", "III": "Grade three", "IV": "Grade four", "V": "Grade five"}


def draw(values=None, *, levels=LEVELS, **entry):
    grade = np.repeat(list(LEVELS), 9)
    chi = np.sin(np.arange(45.0)) if values is None else values
    frames = {"cohort/matched": pd.DataFrame({"grade": grade, "chi": chi})}
    entry = {"cohort": "matched", "group": "grade", "group_levels": levels, "metrics": ["chi"], **entry}
    return box.draw(frames, columns=COLUMNS, synthetic=False, **settings("box", **entry))


@pytest.mark.parametrize("style", ["box", "violin"])
@pytest.mark.parametrize("width", ["single", "double"])
def test_five_levels_are_legible(style, width):
    assert_legible(draw(style=style, width=width))


def test_a_violin_stands_behind_every_level_and_every_patient():
    axes = draw(style="violin").axes[0]
    bodies = [part for part in axes.collections if isinstance(part, PolyCollection)]
    points = [len(part.get_offsets()) for part in axes.collections if not isinstance(part, PolyCollection)]
    assert len(bodies) == 5 and points == [9] * 5


def test_median_and_quartiles_of_a_violin_are_those_of_the_values():
    axes = draw(style="violin").axes[0]
    first = np.sin(np.arange(9.0))
    quartiles, median = axes.lines[0].get_ydata(), axes.lines[1].get_ydata()
    assert list(quartiles) == pytest.approx(list(np.percentile(first, [25, 75])))
    assert median[0] == pytest.approx(np.median(first))


def test_levels_without_spread_or_without_patients_have_no_violin():
    values = np.sin(np.arange(45.0))
    values[:9], values[9:18] = 0.5, np.nan
    axes = draw(values, style="violin").axes[0]
    assert sum(isinstance(part, PolyCollection) for part in axes.collections) == 3
