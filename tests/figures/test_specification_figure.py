"""Specification curve: what is drawn is what the models hold."""

import itertools

import numpy as np
import pandas as pd
import pytest
from made_items import completed
from made_results import estimate
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from recohort.core.errors import InputError
from recohort.core.references import item_settings, item_sources
from recohort.figures import specification

COLUMNS = {"lesion_median": {"label": "Lesion median susceptibility", "unit": "ppm"}}
DECISIONS = {
    "matching": ["none", "1:1", "1:2", "1:3", "weighting"],
    "caliper": ["0.1", "0.2", "none"],
    "covariates": ["none", "age and sex", "all"],
    "method": ["median", "mean"],
}


def made(count, quantity="hazard_ratio", spread=0.5):
    """Return frames and entries of as many specifications."""
    rng = np.random.default_rng(11)
    frames, entries = {}, []
    for number, chosen in enumerate(itertools.islice(itertools.product(*DECISIONS.values()), count)):
        middle, half = rng.normal(0.6, spread), rng.uniform(0.3, 0.8)
        values = (middle, middle - half, middle + half)
        if quantity.endswith("ratio"):
            values = tuple(np.exp(values))
        row = estimate("lesion_median", quantity, f"per SD (0.1{number} ppm)", *values, n=int(rng.integers(60, 156)))
        frames[f"models/cox/s{number}"] = pd.DataFrame([row])
        entries.append({"model": f"cox.s{number}", "choices": dict(zip(DECISIONS, chosen, strict=True))})
    return frames, entries


def drawn(frames, entries, *, synthetic=False, level=0.95, columns=COLUMNS, **changes):
    entry = {"kind": "specification", "title": "T", "term": "lesion_median", "quantity": "hazard_ratio"}
    entry = completed("figures", {**entry, "specifications": entries, **changes})
    settings = item_settings("figures", entry)
    return specification.draw(frames, columns=columns, synthetic=synthetic, level=level, **settings)


def words(figure):
    FigureCanvasAgg(figure).draw()
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible() and text.get_text()]


def points(figure):
    """Return place and estimate of every marker of the curve."""
    lines = [line for line in figure.axes[0].lines if line.get_marker() in ("o", "D")]
    return np.array(sorted(tuple(point) for line in lines for point in line.get_xydata()))


def test_sources_are_the_models():
    _, entries = made(2)
    entry = {"kind": "specification", "title": "T", "specifications": entries, "term": "x", "quantity": "auc"}
    assert {"models/cox/s0", "models/cox/s1.warnings"} < set(item_sources("figures", completed("figures", entry)))


def test_estimates_are_sorted_and_all_drawn():
    frames, entries = made(30)
    found = points(drawn(frames, entries))
    expected = sorted(frame["estimate"].iloc[0] for frame in frames.values())
    assert found[:, 0].tolist() == list(range(1, 31))
    assert found[:, 1] == pytest.approx(expected)


def test_dots_are_the_choices_of_each_specification():
    frames, entries = made(12)
    figure = drawn(frames, entries)
    order = sorted(range(12), key=lambda number: frames[f"models/cox/s{number}"]["estimate"].iloc[0])
    dots = [line.get_xdata().tolist() for line in figure.axes[2].lines]
    chosen = [entries[number]["choices"]["caliper"] for number in order]
    assert [place for place, choice in enumerate(chosen, 1) if choice == "0.2"] in dots
    assert sum(map(len, dots)) == 12 * len(DECISIONS)


def test_n_of_each_stands_below_its_estimate():
    frames, entries = made(9)
    ordered = sorted(frames.values(), key=lambda frame: frame["estimate"].iloc[0])
    heights = [bar.get_height() for bar in drawn(frames, entries).axes[1].patches]
    assert heights == [frame["n"].iloc[0] for frame in ordered]


def test_order_of_the_specifications_does_not_matter():
    frames, entries = made(10)
    assert np.array_equal(points(drawn(frames, entries)), points(drawn(frames, entries[::-1])))


def test_ratio_has_a_logarithmic_axis_and_a_difference_a_linear_one():
    assert drawn(*made(5)).axes[0].get_yscale() == "log"
    frames, entries = made(5, quantity="risk_difference")
    figure = drawn(frames, entries, quantity="risk_difference")
    assert figure.axes[0].get_yscale() == "linear"
    assert any("Interval excludes 0" in text for text in words(figure))


def test_published_value_is_drawn_and_told():
    frames, entries = made(6)
    figure = drawn(frames, entries, published={"estimate": 2.13, "conf_low": 1.49, "conf_high": 3.04})
    assert "Published: 2.13 (1.49–3.04)" in words(figure)
    assert any(line.get_ydata()[0] == 2.13 for line in figure.axes[0].lines)
    low, high = figure.axes[0].get_ylim()
    assert low < 1.49 < 3.04 < high


def test_level_is_that_of_the_models():
    assert any("(90 % CI)" in text for text in words(drawn(*made(3), level=0.9)))


def test_interval_decides_which_points_are_filled():
    frames, entries = made(2)
    for number, low in ((0, 1.1), (1, 0.9)):
        frames[f"models/cox/s{number}"][["estimate", "conf_low", "conf_high"]] = [1.5, low, 2.0]
    faces = {line.get_label(): line.get_markerfacecolor() for line in drawn(frames, entries).axes[0].lines}
    assert faces["Interval excludes 1"] != faces["Interval includes 1"] == "white"


def test_missing_and_unbounded_numbers_are_not_hidden():
    frames, entries = made(8)
    frames["models/cox/s0"][["estimate", "conf_low", "conf_high"]] = np.nan
    frames["models/cox/s1"]["conf_high"] = np.inf
    frames["models/cox/s2"][["conf_low", "conf_high"]] = np.nan
    figure = drawn(frames, entries)
    text = words(figure)
    assert "No estimate" in text
    assert "No interval" in text
    assert np.isfinite(figure.axes[0].get_ylim()).all()
    assert len(points(figure)) == 7
    assert len(figure.axes[0].collections[-1].get_segments()) == 6
    arrows = [line.get_xdata().size for line in figure.axes[0].lines if line.get_marker() in "^v"]
    assert arrows == [1]


def test_scale_that_differs_only_in_its_size_is_named_once():
    figure = drawn(*made(4), scale="per SD")
    assert figure.axes[0].get_ylabel() == "Hazard ratio (95 % CI)\nLesion median susceptibility, per SD"


def gathered(*rows):
    """Return what a sensitivity analysis gathers: a row per (choice, scale, numbers)."""
    listed = [
        {**estimate("lesion_median", "hazard_ratio", scale, *numbers, n=90 if numbers else np.nan), "choice": choice}
        for choice, scale, *numbers in rows
    ]
    frame = pd.DataFrame(listed).assign(specification="as configured", results="a.tsv")
    frame["reason"] = ["" if numbers else "nobody is matched" for _, _, *numbers in rows]
    return frame[["specification", "results", "choice", *(name for name in listed[0] if name != "choice"), "reason"]]


def of_analysis(frame, **changes):
    entry = completed("figures", {"kind": "specification", "title": "T", "sensitivity": "a", **changes})
    settings = item_settings("figures", entry)
    return specification.draw({"sensitivity/a": frame}, columns=COLUMNS, synthetic=False, level=0.95, **settings)


def test_an_alternative_without_an_answer_stands_last_without_a_point_and_without_a_scale():
    rows = ("tight", None), ("as configured", "per 1 ppm", 1.4, 1.1, 2.0), ("wide", "per 1 ppm", 1.2, 0.9, 1.6)
    figure = of_analysis(gathered(*rows))
    assert "No estimate" in words(figure)
    assert points(figure).tolist() == [[1, 1.2], [2, 1.4]]
    assert figure.axes[0].get_ylabel().endswith("Lesion median susceptibility, per 1 ppm")
    heights = [bar.get_height() for bar in figure.axes[1].patches if bar.get_facecolor() != (0, 0, 0, 0)]
    assert heights[:2] == [90, 90] and np.isnan(heights[2])
    assert figure.axes[1].get_ylim()[1] > 90


@pytest.mark.parametrize("value", [0.0, np.inf])
def test_a_ratio_without_a_finite_logarithm_is_no_estimate_and_stands_last(value):
    frame = gathered(("a", "per 1 ppm", 1.4, 1.1, 2.0), ("b", "per 2 ppm", value, np.nan, np.nan))
    figure = of_analysis(frame)
    assert points(figure).tolist() == [[1, 1.4]]
    lost = [line for line in figure.axes[0].lines if line.get_label() == "No estimate"]
    assert lost[0].get_xdata().tolist() == [2]
    assert figure.axes[0].get_ylabel().endswith(", per 1 ppm")
    with pytest.raises(InputError, match="no model has an estimate"):
        of_analysis(frame[1:])


def test_labels_rename_the_term():
    frame = gathered(("a", "per 1 ppm", 1.4, 1.1, 2.0), ("b", "per 1 ppm", 1.2, 1.1, 2.0))
    figure = of_analysis(frame, labels={"lesion_median": "Susceptibility of the lesion"})
    assert figure.axes[0].get_ylabel() == "Hazard ratio (95 % CI)\nSusceptibility of the lesion, per 1 ppm"


def test_labels_rename_the_scale_and_no_interval_is_promised_where_there_is_none():
    frame = gathered(("a", "1", 1.4, np.nan, np.nan), ("b", "1", 1.2, np.nan, np.nan))
    figure = of_analysis(frame, labels={"1": "failures"})
    assert figure.axes[0].get_ylabel().startswith("Hazard ratio\n")
    assert figure.axes[0].get_ylabel().endswith(", failures")


def test_models_without_the_estimate_are_refused():
    frames, entries = made(3)
    with pytest.raises(
        InputError, match=r"models\.cox\.s0: found 0 rows with term=lesion_median; quantity=auc, expected one"
    ):
        drawn(frames, entries, quantity="auc")
    for frame in frames.values():
        frame["estimate"] = np.nan
    with pytest.raises(InputError, match="no model has an estimate of hazard_ratio for 'lesion_median'"):
        drawn(frames, entries)


@pytest.mark.parametrize("count", [2, 12, 60])
@pytest.mark.parametrize("width", ["single", "double"])
def test_words_neither_overlap_nor_leave_the_figure(count, width):
    frames, entries = made(count)
    figure = drawn(
        frames, entries, synthetic=True, width=width, published={"estimate": 2.0, "conf_low": 1.2, "conf_high": 3.3}
    )
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    shown = []
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            shown += [tick.label1 for tick in axis._update_ticks() if tick.label1.get_visible()]
            shown.append(axis.label)
    shown += [text for legend in figure.legends for text in legend.texts]
    boxes = [(text.get_text(), text.get_window_extent(canvas.get_renderer())) for text in shown if text.get_text()]
    for place, (text, box) in enumerate(boxes):
        assert box.x0 > -1 and box.x1 < figure.bbox.x1 + 1 and box.y0 > -1 and box.y1 < figure.bbox.y1 + 1, text
        for other, its in boxes[place + 1 :]:
            wide = min(box.x1, its.x1) - max(box.x0, its.x0)
            high = min(box.y1, its.y1) - max(box.y0, its.y0)
            assert wide < 1 or high < 1, f"'{text}' and '{other}' overlap"
