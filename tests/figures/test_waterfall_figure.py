"""Bars of single patients: order, colours, both axes, what is cut off, who is missing, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from drawn import assert_legible, settings, texts
from matplotlib.colors import to_hex

from recohort.core.errors import InputError
from recohort.figures import waterfall
from recohort.figures.style import SERIES

COLUMNS = {"change": {"unit": "%", "label": "Change in plasma volume"}, "size": {"unit": "mm"}}
GROUPS = {"group": "group", "group_levels": {"success": "Success", "failure": "Failure"}}
VALUES = [-80.0, 40.0, -20.0, 0.0, 300.0, -57.0, np.nan]
LEVELS = ["success", "failure", "success", "success", "failure", "success", "failure"]


def draw(values=VALUES, levels=LEVELS, *, counted=None, **entry):
    frames = {"cohort/eligible": pd.DataFrame({"change": values, "size": values, "group": levels})}
    entry = {"cohort": "eligible", "column": "change", **entry}
    extra = {"counted": counted} if counted else {}
    return waterfall.draw(frames, columns=COLUMNS, synthetic=False, **settings("waterfall", **entry), **extra)


def bars(figure):
    return [bar for bar in figure.axes[0].patches if bar.get_width() == pytest.approx(0.8)]


def heights(figure):
    return [bar.get_height() for bar in bars(figure)]


def said(figure):
    return " ".join(text.get_text() for text in texts(figure))


def many(n=120, seed=0):
    values = np.random.default_rng(seed).lognormal(0, 1.2, n) * 100 - 100
    return values, np.where(np.arange(n) % 3, "success", "failure")


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("order", ["highest_first", "lowest_first"])
def test_words_are_legible(width, scale, order):
    values, levels = many()
    how = {"lines": {"Cut-off −20 %": -20, "Progression 20 %": 20}, "clip": [-85, 150], **GROUPS}
    assert_legible(draw(values, levels, width=width, scale=scale, order=order, **how))


def test_bars_are_the_known_values_sorted():
    known = [value for value in VALUES if value == value]
    assert heights(draw()) == sorted(known, reverse=True)
    assert heights(draw(order="lowest_first")) == sorted(known)
    assert "Patients, sorted (n=6; 1 without a value is not drawn)" in said(draw())
    assert "(n=2)" in said(draw([1.0, 2.0], LEVELS[:2]))


def test_colours_are_those_of_the_groups_with_their_numbers():
    figure = draw(**GROUPS)
    colours = [to_hex(bar.get_facecolor()).upper() for bar in bars(figure)]
    expected = [SERIES[1], SERIES[1], *[SERIES[0]] * 4]
    assert colours == [colour.upper() for colour in expected]
    assert "Success (n=4)" in said(figure) and "Failure (n=2)" in said(figure)


def test_who_has_no_group_is_not_drawn_and_counted():
    figure = draw(levels=[None, *LEVELS[1:]], **GROUPS)
    assert len(bars(figure)) == 5 and "n=5; 2 without a value are not drawn" in said(figure)


def test_on_the_logarithmic_axis_halving_is_as_long_as_doubling():
    figure = draw([-50.0, 100.0, 0.0], LEVELS[:3], scale="log", lines={"Cut": -50})
    up, none, down = heights(figure)
    assert up == pytest.approx(-down) and none == 0
    axes = figure.axes[0]
    ticks = dict(zip([text.get_text() for text in axes.get_yticklabels()], axes.get_yticks(), strict=True))
    assert ticks["100"] == pytest.approx(up) and ticks["−50"] == pytest.approx(down) and ticks["0"] == 0
    line = next(line for line in axes.lines if line.get_label() == "Cut")
    assert line.get_ydata()[0] == pytest.approx(down)


def test_what_is_cut_off_is_marked_and_written_in_the_bars_order():
    figure = draw([-80.0, 40.0, -60.0, 250.4, 300.0], LEVELS[:5], clip=[-70, 200], digits=1)
    assert heights(figure) == [200, 200, 40, -60, -70]
    words = said(figure)
    assert "Cut off: 300.0, 250.4" in words and "Cut off: −80.0" in words
    marks = [line.get_xdata().tolist() for line in figure.axes[0].lines if line.get_marker() in "^v"]
    assert marks == [[0, 1], [4]]
    assert "Cut off" not in said(draw(clip=[-90, 400]))


def test_lines_stand_at_their_values():
    lines = {line.get_label(): line.get_ydata()[0] for line in draw(lines={"Response": -20, "Worse": 20}).axes[0].lines}
    assert lines["Response"] == -20 and lines["Worse"] == 20


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(InputError, match="a bar is one patient, which disclosure does not let leave"):
        draw(counted=lambda n, *_: n)
    with pytest.raises(InputError, match="cohort eligible: found no known change, expected at least one"):
        draw([np.nan], ["success"])
    with pytest.raises(InputError, match="group_levels: found group 'other' in the cohort, expected a name for it"):
        draw(levels=["other", *LEVELS[1:]], **GROUPS)
    with pytest.raises(InputError, match=r"clip: found \[10, None\], expected the first below 0 and the second above"):
        draw(clip=[10, None])
    with pytest.raises(InputError, match="found log and size in 'mm', expected it in %"):
        draw(column="size", scale="log")
    with pytest.raises(InputError, match="found log and a change of -100 %, expected more than -100 %"):
        draw([-100.0, 5.0], LEVELS[:2], scale="log")
