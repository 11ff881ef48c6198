import numpy as np
import pandas as pd
import pytest
from drawn import assert_legible, settings, texts

from recohort.core.errors import InputError
from recohort.core.schema import load_schema, with_defaults
from recohort.figures import scatter
from recohort.models import linear
from recohort.models.inputs import WHOSE

COLUMNS = {
    "age": {"type": "number", "unit": "years", "label": "Age"},
    "chi": {"type": "number", "unit": "ppm", "label": "Susceptibility"},
    "sex": {"type": "boolean"},
}


def frames(**entry):
    index = np.arange(60)
    age = 30 + 0.7 * index
    cohort = pd.DataFrame({"age": age, "chi": 0.2 + 0.004 * age + 0.05 * np.sin(3 * index), "sex": index % 2})
    schema = load_schema("models")["properties"]["linear"]["additionalProperties"]
    entry = with_defaults({"outcome": "chi", **entry}, schema)
    entry = {key: value for key, value in entry.items() if key not in WHOSE}
    found = linear.fit(cohort, **entry, columns=COLUMNS)
    # as read from a file, where an empty group is missing
    curve = found.curve.assign(group=found.curve["group"].replace("", None)) if len(found.curve) else found.curve
    return {"models/linear/a": found.estimates, "models/linear/a.curve": curve}


def draw(made, *, synthetic=False, **entry):
    return scatter.draw(made, columns=COLUMNS, synthetic=synthetic, **settings("scatter", model="a", **entry))


@pytest.mark.parametrize("width", ["single", "double"])
def test_words_are_legible(width):
    made = frames(exposure="age", covariates=["sex"], interactions=[["age", "sex"]], lines="sex")
    figure = draw(made, synthetic=True, width=width, group_levels={"0": "Women", "1": "Men"})
    assert_legible(figure)
    words = " ".join(text.get_text() for text in texts(figure))
    assert "Women (n=30)" in words and "Men (n=30)" in words and "Test of equal slopes: p" in words


def test_one_line_with_its_slope_per_declared_unit():
    made = frames(exposure="age")
    figure = draw(made, digits=4)
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Age (years)", "Susceptibility (ppm)")
    line = made["models/linear/a.curve"].query("part == 'line'")
    assert np.allclose(axes.lines[0].get_ydata(), line["estimate"])
    slope = made["models/linear/a"].query("quantity == 'coefficient' and term == 'age'")["estimate"].iloc[0]
    assert any(f"Slope per 1 years: {slope:.4f}" in text.get_text() for text in texts(figure))
    assert len(axes.collections[0].get_offsets()) == 60


def test_parallel_lines_share_the_slope():
    figure = draw(frames(exposure="age", covariates=["sex"], lines="sex"))
    assert len(figure.axes[0].lines) == 2
    assert any(text.get_text().startswith("Slope per 1 years") for text in texts(figure))


def test_an_exposure_with_levels_has_no_line():
    with pytest.raises(InputError, match=r"models.linear.a has no line, expected a numeric exposure"):
        draw(frames(exposure="sex"))
