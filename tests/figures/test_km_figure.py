"""The panel of differences beneath the curves, and the words of tests and strata."""

import numpy as np
import pytest
from curve_results import cohort, fitted, made
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from test_figures import _texts, words

from recohort.core.errors import InputError
from recohort.figures.style import MM


def draw(frames, **entry):
    return made("figures", frames, **{"kind": "km", "model": "x", "tick": 12, "y_label": "Survival", **entry})


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("group", ["treated", "grade"])
def test_no_two_words_overlap_with_differences(group, width):
    drawn = draw(fitted("kaplan_meier", group=group), difference=True, width=width, synthetic=True)
    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent(canvas.get_renderer())) for text in _texts(drawn)]
    for place, (text, box) in enumerate(boxes):
        assert box.x0 > -1 and box.x1 < drawn.bbox.x1 + 1, f"'{text}' leaves the figure"
        for other, its in boxes[place + 1 :]:
            wide, high = min(box.x1, its.x1) - max(box.x0, its.x0), min(box.y1, its.y1) - max(box.y0, its.y0)
            assert wide < 1 or high < 1, f"'{text}' and '{other}' overlap"


def test_differences_are_those_of_the_curve_around_a_line_at_zero():
    frames = fitted("kaplan_meier", group="treated")
    panel = draw(frames, difference=True).axes[2]
    curve = frames["models/kaplan_meier/x.curve"].query("part == 'difference'")
    zero, line = panel.lines
    np.testing.assert_array_equal(zero.get_ydata(), [0, 0])
    np.testing.assert_allclose(line.get_ydata(), curve["estimate"])
    np.testing.assert_allclose(line.get_xdata(), curve["time"])
    assert "1 minus 0" in words(panel.figure)


def test_each_stratum_is_compared_with_the_first_in_its_own_colour():
    drawn = draw(fitted("kaplan_meier", group="grade"), difference=True)
    curves, _, panel = drawn.axes
    steps = [line for line in curves.lines if line.get_marker() == "None"]
    assert [line.get_color() for line in panel.lines[1:]] == [line.get_color() for line in steps[1:]]
    assert "Each stratum minus Low" in words(drawn)


def test_the_panel_comes_on_top_of_the_height():
    frames = fitted("kaplan_meier", group="treated")
    plain, more = draw(frames), draw(frames, difference=True)
    assert len(plain.axes) == 2 and len(more.axes) == 3
    assert more.get_figheight() / MM == pytest.approx(plain.get_figheight() / MM + 42)


def test_curves_do_not_change_beneath_which_differences_are_drawn():
    frames = fitted("kaplan_meier", group="treated")
    curves = frames["models/kaplan_meier/x.curve"]
    lines = [line for line in draw(frames).axes[0].lines if line.get_marker() == "None"]
    assert len(lines) == 2
    for line, (_, steps) in zip(lines, curves.query("part == 'survival'").groupby("stratum"), strict=True):
        np.testing.assert_allclose(line.get_ydata()[1:], steps["survival"])


def test_strata_are_called_by_their_labels():
    drawn = draw(fitted("kaplan_meier", group="treated"), labels={"0": "Control", "1": "Drug"}, difference=True)
    assert {"Control", "Drug", "Drug minus Control"} <= set(words(drawn))
    assert [label.get_text() for label in drawn.axes[1].get_yticklabels()] == ["Control", "Drug"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({}, "Log-rank p="),
        ({"stratify": ["grade"]}, "Stratified log-rank p="),
        ({"rho": 1}, "Fleming-Harrington p="),
    ],
)
def test_the_test_is_called_what_it_is(entry, said):
    drawn = draw(fitted("kaplan_meier", group="treated", **entry))
    assert any(text.get_text().startswith(said) for text in drawn.findobj(Text))


def test_a_difference_without_groups_is_refused():
    with pytest.raises(InputError, match=r"models\.kaplan_meier\.x: has no difference between all"):
        draw(fitted("kaplan_meier"), difference=True)


def test_a_single_curve_is_drawn():
    assert "All" in words(draw(fitted("kaplan_meier", cohort())))
