"""Cumulative incidences of both events as the analysis has them."""

import numpy as np
import pytest
from curve_results import cohort, fitted, made
from matplotlib.backends.backend_agg import FigureCanvasAgg
from test_figures import _texts, words

from recohort.figures.style import MM, WIDTHS

LABELS = {"event_label": "Relapse", "competing_label": "Death before relapse"}


def draw(frames, **entry):
    entry = {"kind": "cumulative_incidence", "model": "x", "tick": 12, **LABELS, **entry}
    return made("figures", frames, **entry)


def curves(axes):
    return [line for line in axes.lines if line.get_linewidth() > 1]


@pytest.mark.parametrize("one_minus_km", [False, True])
@pytest.mark.parametrize(("width", "height"), [("single", 120), ("double", 80)])
def test_no_two_words_overlap(width, height, one_minus_km):
    frames = fitted("competing_risks", group="grade")
    drawn = draw(frames, width=width, height=height, one_minus_km=one_minus_km, synthetic=True)
    assert round(drawn.get_figwidth() / MM) == WIDTHS[width]
    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent(canvas.get_renderer())) for text in _texts(drawn)]
    for place, (text, box) in enumerate(boxes):
        assert box.x0 > -1 and box.x1 < drawn.bbox.x1 + 1, f"'{text}' leaves the figure"
        assert box.y0 > -1 and box.y1 < drawn.bbox.y1 + 1, f"'{text}' leaves the figure"
        for other, its in boxes[place + 1 :]:
            wide, high = min(box.x1, its.x1) - max(box.x0, its.x0), min(box.y1, its.y1) - max(box.y0, its.y0)
            assert wide < 1 or high < 1, f"'{text}' and '{other}' overlap"


@pytest.mark.parametrize("width", ["single", "double"])
def test_each_event_has_its_panel_and_its_test(width):
    frames = fitted("competing_risks", group="grade")
    drawn = draw(frames, width=width, height=110)
    curve = frames["models/competing_risks/x.curve"]
    for axes, cause, title in zip(drawn.axes, ("event", "competing"), LABELS.values(), strict=False):
        assert axes.get_title(loc="left") == title
        assert any(text.get_text().startswith("Gray's test p") for text in axes.texts)
        for line, level in zip(curves(axes), ("low", "middle", "high"), strict=True):
            steps = curve[(curve["cause"] == cause) & (curve["stratum"] == level)]
            np.testing.assert_allclose(line.get_ydata()[1:], steps["incidence"])


def test_both_panels_share_one_scale_that_holds_every_band():
    frames = fitted("competing_risks", group="grade")
    drawn = draw(frames)
    tops = {axes.get_ylim()[1] for axes in drawn.axes[:2]}
    assert len(tops) == 1
    assert tops.pop() >= frames["models/competing_risks/x.curve"]["conf_high"].max()
    assert draw(frames, y_max=1).axes[0].get_ylim()[1] == 1


def test_numbers_at_risk_are_those_of_the_curve():
    frames = fitted("competing_risks", group="treated")
    table = draw(frames, labels={"1": "Drug"}).axes[2]
    shown = {text.get_position(): text.get_text() for text in table.texts}
    months, treated = cohort()["months"], cohort()["treated"]
    for place in (0, 1):
        for when in (0.0, 12.0, 24.0):
            assert shown[when, place] == str(int(((months >= when) & (treated == place)).sum()))
    assert [label.get_text() for label in table.get_yticklabels()] == ["0", "Drug"]


def test_one_minus_kaplan_meier_lies_above_and_is_explained():
    drawn = draw(fitted("competing_risks", group="grade"), one_minus_km=True)
    thin = [line for line in drawn.axes[0].lines if line.get_linewidth() < 1]
    assert len(thin) == 3
    for line, naive in zip(curves(drawn.axes[0]), thin, strict=True):
        assert (naive.get_ydata() >= line.get_ydata()[1:] - 1e-12).all()
        assert naive.get_color() == line.get_color()
    assert any("1 − Kaplan-Meier" in text for text in words(drawn))
    assert not [line for line in drawn.axes[1].lines if line.get_linewidth() < 1]


def test_one_group_has_no_test():
    drawn = draw(fitted("competing_risks"))
    assert not any("Gray" in text for text in words(drawn))
    assert len(curves(drawn.axes[0])) == 1


def test_nobody_with_either_event_leaves_flat_lines():
    patients = cohort().assign(relapse=0, died=0)
    drawn = draw(fitted("competing_risks", patients, group="treated"))
    assert all((line.get_ydata() == 0).all() for line in curves(drawn.axes[0]))
    assert not any("Gray" in text for text in words(drawn))
