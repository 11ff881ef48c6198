import numpy as np
import pandas as pd
import pytest
from drawn import assert_legible, settings, texts

from recohort.core.schema import load_schema, with_defaults
from recohort.figures import agreement
from recohort.models import paired
from recohort.models.inputs import WHOSE

COLUMNS = {
    "first": {"type": "number", "unit": "ppm", "label": "Susceptibility at entry"},
    "second": {"type": "number", "unit": "ppm", "label": "QSM at one year"},
}


def frames(second=None):
    index = np.arange(1, 26)
    first = 0.4 + 0.1 * np.sin(index)
    second = first + 0.02 + 0.03 * np.cos(2.1 * index) if second is None else second(first)
    cohort = pd.DataFrame({"first": first, "second": second})
    schema = load_schema("models")["properties"]["paired"]["additionalProperties"]
    entry = with_defaults({"first": "first", "second": "second"}, schema)
    entry = {key: value for key, value in entry.items() if key not in WHOSE}
    found = paired.fit(cohort, **entry, columns=COLUMNS)
    return {"models/paired/a": found.estimates, "models/paired/a.curve": found.curve}


def draw(made, *, synthetic=False, **entry):
    return agreement.draw(made, columns=COLUMNS, synthetic=synthetic, **settings("agreement", model="a", **entry))


@pytest.mark.parametrize("width", ["single", "double"])
def test_words_are_legible(width):
    figure = draw(frames(), synthetic=True, width=width, digits=3)
    assert_legible(figure)
    assert "Synthetic cohort" in [text.get_text() for text in texts(figure)]


def test_lines_lie_at_the_estimates_and_every_patient_is_drawn():
    made = frames()
    axes = draw(made).axes[0]
    estimates = made["models/paired/a"].set_index("quantity")["estimate"]
    drawn = sorted(float(line.get_ydata()[0]) for line in axes.lines)
    assert drawn == pytest.approx(sorted([0, estimates["bias"], estimates["limit_low"], estimates["limit_high"]]))
    points = next(part for part in axes.collections if len(part.get_offsets()) == 25)
    assert np.allclose(points.get_offsets(), made["models/paired/a.curve"][["mean", "difference"]])


def test_axes_name_both_columns_and_their_unit():
    axes = draw(frames()).axes[0]
    assert axes.get_ylabel() == "QSM at one year\n− susceptibility at entry (ppm)"
    assert axes.get_xlabel() == "Mean of both (ppm)"


def test_differences_that_are_all_equal_are_drawn_without_limits():
    figure = draw(frames(second=lambda first: first))
    assert len(figure.axes[0].lines) == 2
    assert any("n=25" in text.get_text() for text in texts(figure))
