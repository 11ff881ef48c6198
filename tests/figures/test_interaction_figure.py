import numpy as np
import pytest
from drawn import assert_legible, settings, texts
from made_trial import COLUMNS, frames

from recohort.core.errors import InputError
from recohort.figures import interaction


def draw(models, made=None, *, synthetic=False, **entry):
    entry = settings("interaction", models=models, **entry)
    return interaction.draw(made or frames(), columns=COLUMNS, synthetic=synthetic, **entry)


def words(figure):
    return " ".join(text.get_text() for text in texts(figure))


@pytest.mark.parametrize("axis", ["linear", "log1p"])
@pytest.mark.parametrize("quantity", ["odds_ratio", "risk_difference"])
@pytest.mark.parametrize("width", ["single", "double"])
def test_words_are_legible(axis, quantity, width):
    models = {"As it is": "linear", "Logarithm": "log1p", "Spline": "spline"}
    figure = draw(models, synthetic=True, axis=axis, quantity=quantity, width=width)
    assert_legible(figure)
    assert "Synthetic cohort" in words(figure)


def test_axes_name_exposure_modifier_and_unit():
    axes = draw({"A": "linear"}).axes[0]
    assert axes.get_xlabel() == "Lesion volume (mL)"
    assert axes.get_ylabel() == "Odds ratio, Aspirin (log scale)"
    assert axes.get_yscale() == "log"


def test_line_and_band_are_those_of_the_curve():
    made = frames()
    axes = draw({"A": "linear"}, made).axes[0]
    curve = made["models/logistic/linear.curve"].query("part == 'interaction'")
    assert np.allclose(axes.lines[0].get_ydata(), curve["estimate"])
    edges = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert edges.min() == pytest.approx(curve["conf_low"].min())
    assert edges.max() == pytest.approx(curve["conf_high"].max())


def test_shading_ends_where_the_analysis_says():
    made = frames()
    axes = draw({"A": "linear"}, made).axes[0]
    bounds = made["models/logistic/linear"].query("quantity == 'johnson_neyman'")["estimate"].astype(float).tolist()
    shaded = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
    assert shaded[0][1] == pytest.approx(bounds[0], rel=0.01)
    assert shaded[1][0] == pytest.approx(bounds[1], rel=0.01)


def test_every_patient_within_the_axis_has_a_stroke():
    made = frames()
    axes = draw({"A": "linear"}, made).axes[0]
    rug = made["models/logistic/linear.curve"].query("part == 'rug'")["value"]
    low, high = axes.get_xlim()
    strokes = next(line for line in axes.lines if line.get_marker() == "|")
    assert len(strokes.get_xdata()) == ((rug >= low) & (rug <= high)).sum()


def test_size_p_and_share_of_patients_are_said():
    said = words(draw({"A": "linear"}))
    assert "n=628, 47 events; interaction p<0.001" in said
    assert "Shaded: CI above 1 in 80.1 %, below 1 in 2.2 % of patients" in said


def test_exposure_of_three_levels_has_two_lines_and_no_shading():
    figure = draw({"A": "arms"})
    assert "brainstem against lobar" in words(figure)
    assert not figure.axes[0].patches


def test_model_without_a_numeric_modifier_is_refused():
    with pytest.raises(InputError, match="expected a numeric modifier"):
        draw({"A": "region"})
