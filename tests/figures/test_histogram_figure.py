import numpy as np
import pandas as pd
import pytest
from drawn import assert_legible, settings, texts

from recohort.core.errors import InputError
from recohort.figures import histogram

COLUMNS = {
    "volume": {"type": "number", "unit": "mL", "label": "White matter lesion volume"},
    "score": {"type": "integer", "label": "Score"},
    "arm": {"type": "category"},
}
LEVELS = {"1": "Aspirin", "0": "No aspirin"}


def patients(n=300):
    rng = np.random.default_rng(4)
    volume = np.round(np.exp(rng.normal(-0.4, 1.8, n)), 2)
    volume[: n // 5] = 0
    return pd.DataFrame({"volume": volume, "score": rng.integers(0, 7, n), "arm": np.arange(n) % 2})


def draw(frame=None, *, synthetic=False, **entry):
    frames = {"cohort/eligible": patients() if frame is None else frame}
    entry = {"cohort": "eligible", "column": "volume", **entry}
    return histogram.draw(frames, columns=COLUMNS, synthetic=synthetic, **settings("histogram", **entry))


def heights(axes):
    return [patch.get_height() for patch in axes.patches if patch.get_zorder() == 2]


def words(figure):
    return "\n".join(text.get_text() for text in texts(figure))


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("scale", ["linear", "log1p"])
@pytest.mark.parametrize("group", [{}, {"group": "arm", "group_levels": LEVELS}])
def test_every_form_is_legible(width, scale, group):
    assert_legible(draw(width=width, scale=scale, synthetic=True, **group))


@pytest.mark.parametrize("scale", ["linear", "log1p"])
def test_every_patient_is_counted_once(scale):
    axes = draw(scale=scale, bins=17).axes[0]
    assert len(heights(axes)) == 17 and sum(heights(axes)) == 300


def test_panels_share_bars_and_divide_the_patients():
    figure = draw(group="arm", group_levels=LEVELS)
    first, second = figure.axes
    assert sum(heights(first)) == sum(heights(second)) == 150
    whole = heights(draw().axes[0])
    assert [one + other for one, other in zip(heights(first), heights(second), strict=True)] == whole
    assert "Aspirin (n=150)" in words(figure) and "No aspirin (n=150)" in words(figure)


def test_median_quartiles_and_zeros_are_said_and_drawn():
    frame = pd.DataFrame({"volume": [0.0, 0, 1, 2, 3, 4, 5, 6, 7, np.nan], "arm": 0})
    figure = draw(frame, digits=1)
    assert "n=9, 1 missing" in words(figure)
    assert "median 3.0 [1.0–5.0] mL" in words(figure) and "zero in 2 (22.2 %)" in words(figure)
    axes = figure.axes[0]
    assert list(axes.lines[0].get_xdata()) == [3.0, 3.0]
    box = next(patch for patch in axes.patches if patch.get_zorder() == 0)
    assert [box.get_x(), box.get_x() + box.get_width()] == [1.0, 5.0]


def test_zeros_of_a_number_with_both_signs_are_not_told():
    assert "zero" not in words(draw(pd.DataFrame({"volume": [-1.0, 0, 2]})))


def test_the_rug_has_a_stroke_for_every_patient_or_is_left_out():
    with_rug, without = (draw(rug=rug).axes[0].collections for rug in (True, False))
    assert sum(len(lines.get_segments()) for lines in with_rug) == 300 and not len(without)


def test_bars_of_a_logarithmic_axis_are_equally_wide_on_it_and_zero_is_named():
    figure = draw(scale="log1p")
    bars = [patch for patch in figure.axes[0].patches if patch.get_zorder() == 2]
    ends = np.log1p([[bar.get_x(), bar.get_x() + bar.get_width()] for bar in bars])
    np.testing.assert_allclose(np.diff(ends, axis=1), ends[0, 1] - ends[0, 0], rtol=1e-6)
    labels = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert labels[0] == "0" and "10" in labels


def test_bars_of_whole_numbers_stand_on_them():
    axes = draw(column="score").axes[0]
    bars = [patch for patch in axes.patches if patch.get_zorder() == 2]
    assert [bar.get_x() + bar.get_width() / 2 for bar in bars] == [0, 1, 2, 3, 4, 5, 6]
    assert heights(axes) == patients()["score"].value_counts().sort_index().tolist()


def test_one_value_alone_is_drawn():
    assert_legible(draw(pd.DataFrame({"volume": [0.4, 0.4]}), scale="log1p"))
    assert sum(heights(draw(pd.DataFrame({"volume": [0.4, 0.4]})).axes[0])) == 2


def test_a_group_without_patients_has_an_empty_panel():
    figure = draw(group="arm", group_levels={**LEVELS, "2": "Heparin"})
    assert "Heparin (n=0)" in words(figure) and sum(heights(figure.axes[2])) == 0


@pytest.mark.parametrize(
    ("frame", "entry", "sentence"),
    [
        (pd.DataFrame({"volume": [np.nan]}), {}, "no value of volume is known"),
        (pd.DataFrame({"volume": [-1.0, 2]}), {"scale": "log1p"}, "expected above -1"),
        (None, {"group": "arm"}, "both group and group_levels"),
        (None, {"group": "arm", "group_levels": {"x": "X"}}, "none of x occurs in arm"),
    ],
)
def test_what_cannot_be_drawn_is_said(frame, entry, sentence):
    with pytest.raises(InputError, match=sentence):
        draw(frame, **entry)
