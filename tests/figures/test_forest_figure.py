"""Forest plots of models of several kinds."""

import numpy as np
import pytest
from drawn import assert_legible, settings, texts

from recohort.core.errors import InputError
from recohort.core.references import item_sources
from recohort.figures.forest import draw
from recohort.figures.ratios import ratio_ticks
from recohort.models.result import result, row

COLUMNS = {
    "size": {"type": "number", "unit": "mm", "label": "Lesion size"},
    "age": {"type": "number", "unit": "years", "label": "Age"},
    "grade": {"type": "category", "levels": ["low", "high"], "label": "Tumour grade"},
    "treated": {"type": "boolean", "label": "Treated"},
}


def ratio(term, scale, value, quantity="hazard_ratio", spread=1.4, p=0.02):
    limits = {"conf_low": value / spread, "conf_high": value * spread}
    return row(term, quantity, scale, estimate=value, **limits, p_value=p, n=686, n_events=299)


def frames(*rows, odds=()):
    found = {"models/cox/one": result(rows).estimates}
    if odds:
        found["models/logistic/two"] = result(odds).estimates
    return found


def drawn(found, models=None, width="double", **entry):
    models = models or {"Adjusted": ["cox.one"]}
    chosen = settings("forest", models=models, width=width, **entry)
    return draw(found, columns=COLUMNS, synthetic=True, level=0.95, **chosen)


def said(figure):
    return [text.get_text().replace("\n", " ") for text in texts(figure)]


MIXED = (
    ratio("size", "per 1 mm where treated is no", 1.01),
    ratio("size", "per SD (14.3 mm) where treated is no", 1.21),
    ratio("size", "per 1 mm where treated is yes", 1.02),
    ratio("size", "per SD (14.3 mm) where treated is yes", 1.25),
    ratio("age", "per 1 years", 1.001),
    ratio("grade", "middle against low", 2.36),
    ratio("grade", "high against low", 2.94),
    ratio("treated", "1 against 0", 0.7),
)


@pytest.mark.parametrize("width", ["single", "double"])
def test_words_are_legible(width):
    figure = drawn(frames(*MIXED), {"One": ["cox.one"], "Again": ["cox.one"]}, width=width)
    assert_legible(figure)
    assert figure.get_figwidth() * 25.4 == pytest.approx({"single": 89, "double": 183}[width])


def test_settings_levels_and_other_scales_are_named():
    found = said(drawn(frames(*MIXED)))
    for label in (
        "Lesion size, treated no",
        "Lesion size, treated yes",
        "Age (per 1 years)",
        "Tumour grade: middle against low",
        "Tumour grade: high against low",
        "Treated",
    ):
        assert label in found
    assert "1.21 (0.86–1.69)" in found
    assert "1.01 (0.72–1.41)" not in found
    assert found.count("686 (299)") == 6
    assert "Hazard ratio (log scale)" in found  # not all are per SD


def test_axis_names_the_scale_where_all_have_it():
    assert "Hazard ratio per SD (log scale)" in said(drawn(frames(*MIXED), terms=["size"]))


def test_kinds_stand_beside_each_other():
    found = frames(ratio("age", "per SD (9 years)", 1.3), odds=[ratio("age", "per SD (9 years)", 2.0, "odds_ratio")])
    one = said(drawn(found, {"Odds": ["logistic.two"]}))
    assert "Odds ratio (95 % CI)" in one
    assert "Odds ratio per SD (log scale)" in one
    both = said(drawn(found, {"Hazards": ["cox.one"], "Odds": ["logistic.two"]}))
    assert "Ratio (95 % CI)" in both
    assert {"Hazards", "Odds", "1.30 (0.93–1.82)", "2.00 (1.43–2.80)"} <= set(both)


def test_level_of_the_intervals_is_printed():
    chosen = settings("forest", models={"": ["cox.one"]})
    figure = draw(frames(*MIXED), columns=COLUMNS, synthetic=False, level=0.9, **chosen)
    assert "Hazard ratio (90 % CI)" in said(figure)


def test_another_quantity_can_be_asked_for_and_its_absence_is_said():
    product = ratio("size:treated", "per 1 mm, 1 against 0", 1.4, "ratio_of_hazard_ratios")
    found = said(drawn(frames(*MIXED, product), quantity="ratio_of_hazard_ratios"))
    assert "Lesion size × Treated (per 1 mm, 1 against 0)" in found
    assert "Ratio of hazard ratios (log scale)" in found
    with pytest.raises(InputError, match=r"models\.cox\.one: has no odds_ratio"):
        drawn(frames(*MIXED), quantity="odds_ratio")
    with pytest.raises(InputError, match=r"models\.cox\.one: has no ratio"):
        drawn(frames(row("age", "mean", estimate=3.0)))


def test_limits_beyond_the_axis_end_in_an_arrow_and_infinite_ones_are_not_drawn():
    wide = ratio("age", "per SD (9 years)", 5.0, spread=1e5)
    away = ratio("size", "per SD (9 mm)", 0.0) | {"conf_low": np.nan, "conf_high": np.nan}
    axes = drawn(frames(wide, away)).axes[0]
    assert axes.get_xlim() == pytest.approx((1e-3, 1e3))
    markers = [line.get_marker() for line in axes.lines]
    assert sorted(marker for marker in markers if marker in ("<", ">", "s")) == ["<", ">", "s"]


def test_positions_are_those_of_the_estimates():
    axes = drawn(frames(*MIXED), terms=["grade"]).axes[0]
    points = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "s"]
    assert points == [2.36, 2.94]
    spans = [tuple(line.get_xdata()) for line in axes.lines if line.get_marker() == "None" and line.get_alpha() is None]
    assert (pytest.approx(2.36 / 1.4), pytest.approx(2.36 * 1.4)) in spans


def test_models_are_read_where_their_names_say():
    entry = {"kind": "forest", "models": {"A": ["cox.one"], "B": ["logistic.two"]}, "terms": [], "warnings": []}
    sources = item_sources("figures", entry)
    assert sources["models/logistic/two"] == "models/logistic/two.tsv"
    assert sources["models/cox/one.warnings"] == "models/cox/one.warnings.tsv"


@pytest.mark.parametrize(("low", "high"), [(0.9, 1.1), (0.5, 2.1), (0.01, 200), (1e-3, 1e3), (0.96, 5.3), (0.6, 1.3)])
def test_ticks_are_neither_crowded_nor_lacking(low, high):
    ticks = np.array(ratio_ticks(low, high, least=3))
    assert 3 <= len(ticks) <= 9
    assert ticks.min() >= low
    assert ticks.max() <= high
    assert np.diff(np.log(ticks)).min() > 0.06 * np.log(high / low)
    assert 1.0 in ticks


def test_missing_numbers_are_dashes():
    empty = ratio("age", "per SD (9 years)", np.nan, p=np.nan)
    assert "–" in said(drawn(frames(empty, ratio("size", "per SD (2 mm)", 1.5))))
