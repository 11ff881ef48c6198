"""What a figure rests on is named on top of it, whatever its kind."""

import pytest
from drawn import texts
from made_items import FIGURES, figure
from matplotlib.backends.backend_agg import FigureCanvasAgg

from recohort.figures.style import LINE, MM, marked

REAL = [name for name in FIGURES if name != "figure8_recovery"]


def said(drawn):
    return [text.get_text() for text in texts(drawn)]


def assert_alone(drawn):
    """Nothing reaches into the strip of the caveats, which itself lies within the figure; no legend lies on a panel."""
    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    renderer = canvas.get_renderer()
    strip = next(text for text in drawn.texts if "Demonstration" in text.get_text()).get_window_extent(renderer)
    assert strip.y1 < drawn.bbox.y1
    assert strip.x0 > 0
    shown = [text for text in texts(drawn) if text.axes is None or text.axes.axison or text in text.axes.texts]
    others = [text for text in shown if "Demonstration" not in text.get_text()]
    boxes = [artist.get_window_extent(renderer) for artist in [*others, *drawn.axes, *drawn.legends]]
    assert max(box.y1 for box in boxes) < strip.y0 + 1
    for legend in drawn.legends:
        box = legend.get_window_extent(renderer)
        assert not any(box.overlaps(axes.get_window_extent(renderer)) for axes in drawn.axes)


@pytest.mark.parametrize("name", REAL)
def test_a_demonstration_on_real_images_is_said_and_nothing_overlaps(name, columns, frames):
    plain = figure(name, columns, frames, synthetic=False)
    height = plain.get_figheight()
    drawn = marked(plain, ["demonstration"])
    assert drawn.get_figheight() == pytest.approx(height + LINE * MM)
    assert "Demonstration segmentation" in said(drawn)
    assert "Synthetic cohort" not in said(drawn)
    assert_alone(drawn)


@pytest.mark.parametrize("name", FIGURES)
def test_both_are_said_in_one_line_whether_the_kind_has_said_the_first_or_not(name, columns, frames):
    drawn = figure(name, columns, frames, synthetic=True)
    height = drawn.get_figheight()
    drawn = marked(drawn, ["synthetic", "demonstration"])
    assert drawn.get_figheight() == height
    assert said(drawn).count("Synthetic cohort · Demonstration segmentation") == 1
    assert_alone(drawn)


def test_without_caveats_nothing_changes(columns, frames):
    plain = figure("figure6_km", columns, frames, synthetic=False)
    height, words = plain.get_figheight(), said(plain)
    assert marked(plain, []).get_figheight() == height
    assert said(plain) == words
