"""The figure of a restricted cubic spline shows what the model's curve holds."""

import numpy as np
import pandas as pd
import pytest
from drawn import assert_legible, settings, texts

from recohort.core.errors import InputError
from recohort.figures.spline import draw
from recohort.models.result import result, row

COLUMNS = {
    "age": {"type": "number", "unit": "years", "label": "Age at entry"},
    "nodes": {"type": "integer", "label": "Positive lymph nodes"},
}
VALUES = np.r_[np.full(30, 40.0), np.linspace(36, 68, 90)]


def model(name, low, high, *, quantity="hazard_ratio", values=VALUES, width=1.4):
    grid = np.linspace(low, high, 100)
    middle = (low + high) / 2
    log_ratio = 3 * ((grid - middle) / (high - low)) ** 2
    half = np.log(width) * np.abs(grid - middle) / (high - low) * 2
    limits = {"conf_low": np.exp(log_ratio - half), "conf_high": np.exp(log_ratio + half)}
    curve = pd.DataFrame({"part": "spline", "term": name, "value": grid, "estimate": np.exp(log_ratio), **limits})
    parts = [
        pd.DataFrame({"part": part, "term": name, "value": some})
        for part, some in (("reference", [middle]), ("knot", [low, middle, high]), ("rug", np.sort(values)))
    ]
    counts = {"n": 686, "n_events": 299}
    estimates = result(
        [
            row(name, "coefficient", "per 1", estimate=0.1, **counts),
            row(name, quantity, "61 against 46 (quartiles)", estimate=1.5, **counts),
            row(name, "nonlinearity_test", p_value=0.0123, df=2, **counts),
        ]
    ).estimates
    return estimates, pd.concat([curve, *parts], ignore_index=True)


def frames(**models):
    found = {}
    for name, (estimates, curve) in models.items():
        kind = "logistic" if (estimates["quantity"] == "odds_ratio").any() else "cox"
        found |= {f"models/{kind}/{name}": estimates, f"models/{kind}/{name}.curve": curve}
    return found


def drawn(found, models, *, synthetic=False, level=0.95, **entry):
    return draw(found, columns=COLUMNS, synthetic=synthetic, level=level, **settings("spline", models=models, **entry))


def said(figure):
    return [text.get_text() for text in texts(figure)]


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("synthetic", [True, False])
def test_words_are_legible(width, synthetic):
    found = frames(a=model("age", 36, 68), b=model("nodes", 1, 16))
    figure = drawn(found, {"Age, adjusted": "cox.a", "Nodes, adjusted": "cox.b"}, width=width, synthetic=synthetic)
    assert_legible(figure)
    assert ("Synthetic cohort" in said(figure)) == synthetic


def test_units_counts_reference_and_test_are_said():
    found = said(drawn(frames(a=model("age", 36, 68)), {"Alone": "cox.a"}))
    assert "Age at entry (years)" in found
    assert "Hazard ratio (95 % CI), log scale" in found
    assert "n=686, 299 events; non-linearity p=0.012\nReference 52 years" in found
    assert "Alone" not in found


def test_curve_band_reference_and_patients_are_those_of_the_model():
    estimates, curve = model("age", 36, 68)
    axes = drawn(frames(a=(estimates, curve)), {"A": "cox.a"}).axes[0]
    line = curve[curve["part"] == "spline"]
    (shown,) = [one for one in axes.lines if len(one.get_xdata()) == 100]
    np.testing.assert_allclose(shown.get_ydata(), line["estimate"])
    band = axes.collections[0].get_paths()[0].vertices
    assert {line["conf_low"].iloc[0], line["conf_high"].iloc[0]} <= set(band[:, 1])
    (mark,) = [one for one in axes.lines if one.get_marker() == "o"]
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (52.0, 1)
    strokes = axes.collections[1].get_segments()
    assert len(strokes) == len(np.unique(VALUES))
    lengths = {stroke[0][0]: stroke[1][1] for stroke in strokes}
    assert max(lengths, key=lengths.get) == 40.0
    assert axes.get_yscale() == "log"


def test_odds_ratio_of_a_logistic_model_is_called_so():
    found = frames(a=model("age", 36, 68, quantity="odds_ratio"))
    assert "Odds ratio (90 % CI), log scale" in said(drawn(found, {"A": "logistic.a"}, level=0.9))


def test_interval_without_end_does_not_flatten_the_curve():
    low, high = drawn(frames(a=model("age", 36, 68, width=1e9)), {"A": "cox.a"}).axes[0].get_ylim()
    assert low > 1e-2
    assert high < 30


def test_term_is_chosen_by_name():
    one, two = model("age", 36, 68), model("nodes", 1, 16)
    both = (pd.concat([one[0], two[0]]), pd.concat([one[1], two[1]]))
    assert "Age at entry (years)" in said(drawn(frames(a=both), {"A": "cox.a"}))
    assert "Positive lymph nodes" in said(drawn(frames(a=both), {"A": "cox.a"}, term="nodes"))
    with pytest.raises(InputError, match="has no spline of 'size', expected one of age, nodes"):
        drawn(frames(a=both), {"A": "cox.a"}, term="size")


def test_model_without_spline_is_refused():
    estimates, _ = model("age", 36, 68)
    with pytest.raises(InputError, match=r"models\.cox\.a: its curve has no spline"):
        drawn(frames(a=(estimates, pd.DataFrame())), {"A": "cox.a"})
