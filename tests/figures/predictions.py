"""Analyses of predictions in a made-up cohort, as the figures of predictions read them."""

import functools
import hashlib

import numpy as np
import pandas as pd
from matplotlib.axis import Tick
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from recohort.core.references import item_settings, item_sources
from recohort.core.schema import entry_schema, with_defaults
from recohort.figures.save import save
from recohort.figures.style import MM, WIDTHS
from recohort.models import calibration, decision_curve, diagnostic, roc
from recohort.models.inputs import WHOSE

COLUMNS = {
    name: {"type": "number"} for name in ("a", "b", "noise", "risk", "time", "bled", "late", "first", "second")
} | {"chi": {"type": "number", "unit": "ppm", "label": "Lesion susceptibility"}}


@functools.cache
def cohort(n=400):
    rng = np.random.default_rng(12)
    a, b, noise = rng.normal(size=(3, n))
    linear = -1 + 0.9 * a + 0.6 * b
    bled = (rng.random(n) < 1 / (1 + np.exp(-linear))).astype(int)
    frame = pd.DataFrame(
        {"a": a, "b": b, "noise": noise, "bled": bled, "chi": 0.45 + 0.15 * bled + rng.normal(0, 0.2, n)}
    )
    hidden, lost = rng.exponential(40 / np.exp(linear + 1)), rng.uniform(10, 60, n)
    return frame.assign(
        risk=1 / (1 + np.exp(-1.5 * linear)),
        time=np.minimum(hidden, lost),
        late=(hidden <= lost).astype(int),
        first=(a > 0.3).astype(int),
        second=(a + rng.normal(size=n) > 0.3).astype(int),
    )


def fitted(kind, name, entry):
    """Frames of one analysis, completed by its schema."""
    settings = with_defaults(entry, entry_schema("models", entry, kind.__name__.rpartition(".")[2]))
    asked = {key: value for key, value in settings.items() if key not in WHOSE}
    seeded = {} if kind is diagnostic else {"seed": 1}
    found = kind.fit(cohort(), **asked, **seeded, columns=COLUMNS)
    path = f"models/{kind.__name__.rpartition('.')[2]}/{name}"
    return {path: found.estimates, f"{path}.curve": found.curve, f"{path}.warnings": found.warnings}


@functools.cache
def frames():
    late = {"duration": "time", "event": "late", "time": 24}
    model = {"covariates": ["a", "b", "noise"]}
    plans = {"chart": {"risk": "risk"}, "model": model}
    tests = {"first": {"column": "first"}, "second": {"column": "second"}}
    return {
        **fitted(calibration, "given", {"outcome": "bled", "risk": "risk", "bootstrap": 60}),
        **fitted(calibration, "late", {**late, **model, "bootstrap": 40, "groups": 5}),
        **fitted(decision_curve, "plain", {"outcome": "bled", "strategies": plans, "bootstrap": 60}),
        **fitted(decision_curve, "late", {**late, "strategies": {"full_model": model}, "bootstrap": 30}),
        **fitted(roc, "chi", {"score": "chi", "outcome": "bled", "band": True, "bootstrap": 200}),
        **fitted(roc, "a", {"score": "a", "outcome": "bled", "band": True, "bootstrap": 200}),
        **fitted(diagnostic, "tests", {"reference": "bled", "tests": tests, "prevalence": 0.05}),
    }


def made(section, module, entry, *, synthetic=False, level=0.95):
    """Draw or build an entry, completed by its schema."""
    entry = with_defaults({"title": "Title", **entry}, entry_schema(section, entry))
    make = getattr(module, "draw" if section == "figures" else "build")
    chosen = {key: frames()[key] for key in item_sources(section, entry)}
    return make(chosen, columns=COLUMNS, synthetic=synthetic, level=level, **item_settings(section, entry))


def words(drawn):
    return [text.get_text() for text in drawn.findobj(Text) if text.get_visible() and text.get_text()]


def shown(drawn):
    left_out = set()
    for axes in drawn.axes:
        for axis in (axes.xaxis, axes.yaxis):
            labels = {label for tick in axis.findobj(Tick) for label in (tick.label1, tick.label2)}
            left_out |= labels - {tick.label1 for tick in axis._update_ticks()}
    return [
        text for text in drawn.findobj(Text) if text.get_visible() and text.get_text().strip() and text not in left_out
    ]


def check_layout(drawn, *, synthetic):
    """No text leaves the figure or lies on another; a synthetic cohort is named; the width is one of the house's."""
    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent(canvas.get_renderer())) for text in shown(drawn)]
    for text, box in boxes:
        assert box.x0 > -1 and box.x1 < drawn.bbox.x1 + 1, f"'{text}' leaves the figure"
        assert box.y0 > -1 and box.y1 < drawn.bbox.y1 + 1, f"'{text}' leaves the figure"
    for place, (text, box) in enumerate(boxes):
        for other, its in boxes[place + 1 :]:
            wide, high = min(box.x1, its.x1) - max(box.x0, its.x0), min(box.y1, its.y1) - max(box.y0, its.y0)
            assert wide < 1 or high < 1, f"'{text}' and '{other}' overlap"
    assert ("Synthetic cohort" in words(drawn)) == synthetic
    assert round(drawn.get_figwidth() / MM) in WIDTHS.values()


def digest(drawn, path):
    """Return the checksum of the file that a figure becomes."""
    save(drawn, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()
