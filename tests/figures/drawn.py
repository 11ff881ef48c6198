"""What tests of single figures share."""

from matplotlib.axis import Tick
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from recohort.core.schema import entry_schema, with_defaults


def settings(kind, section="figures", **entry):
    """Keys that a kind's `draw` or `build` takes, completed by its schema."""
    filled = with_defaults({"kind": kind, "title": "A title", **entry}, entry_schema(section, {"kind": kind}))
    left_out = {"kind", "caption", "warnings", "among"} | ({"title"} if section == "figures" else set())
    return {key: value for key, value in filled.items() if key not in left_out}


def texts(figure):
    """Texts that are really drawn: no labels of ticks beyond the limits."""
    FigureCanvasAgg(figure).draw()
    left_out = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            labels = {label for tick in axis.findobj(Tick) for label in (tick.label1, tick.label2)}
            left_out |= labels - {tick.label1 for tick in axis._update_ticks()}
    shown = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [text for text in shown if text not in left_out]


def assert_legible(figure):
    """No text leaves the figure, no two overlap."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent(canvas.get_renderer())) for text in texts(figure)]
    for text, box in boxes:
        assert box.x0 > -1 and box.x1 < figure.bbox.x1 + 1, f"'{text}' leaves the figure"
        assert box.y0 > -1 and box.y1 < figure.bbox.y1 + 1, f"'{text}' leaves the figure"
    for place, (text, box) in enumerate(boxes):
        for other, its in boxes[place + 1 :]:
            wide, high = min(box.x1, its.x1) - max(box.x0, its.x0), min(box.y1, its.y1) - max(box.y0, its.y0)
            assert wide < 1 or high < 1, f"'{text}' and '{other}' overlap"
