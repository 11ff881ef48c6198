"""The calibration figure draws what the analysis found."""

import numpy as np
import pytest
from predictions import check_layout, digest, frames, made, words

from recohort.figures import calibration

FIGURES = [
    {"kind": "calibration", "model": "given"},
    {"kind": "calibration", "model": "late", "width": "double"},
]


@pytest.mark.parametrize("synthetic", [True, False])
@pytest.mark.parametrize("entry", FIGURES)
def test_nothing_overlaps_or_is_cut_off_and_synthetic_is_said(entry, synthetic):
    check_layout(made("figures", calibration, entry, synthetic=synthetic), synthetic=synthetic)


@pytest.mark.parametrize("entry", FIGURES)
def test_the_same_entry_gives_the_same_bytes(entry, tmp_path):
    digests = {digest(made("figures", calibration, entry), tmp_path / f"{place}.png") for place in range(2)}
    assert len(digests) == 1


def test_calibration_draws_curve_groups_and_histogram_of_the_analysis():
    drawn = made("figures", calibration, FIGURES[0])
    axes, spread = drawn.axes
    curve = frames()["models/calibration/given.curve"]
    smooth = curve[curve["part"] == "smooth"]
    lines = {line.get_label(): line for line in axes.lines}
    np.testing.assert_allclose(lines["Smooth curve"].get_xydata(), smooth[["predicted", "observed"]])
    assert lines["Ideal"].get_xydata().tolist() == [[0, 0], [1, 1]]
    points = axes.containers[0].lines[0].get_xydata()
    np.testing.assert_allclose(points, curve.loc[curve["part"] == "group", ["predicted", "observed"]])
    assert sum(bar.get_height() for bar in spread.patches) == 400
    said = "\n".join(words(drawn))
    estimates = frames()["models/calibration/given"].set_index("quantity")
    assert f"Slope (95 % CI): {estimates.loc['calibration_slope', 'estimate']:.2f}" in said
    assert "n=400, 116 events" in said


def test_calibration_of_a_fitted_model_gives_what_is_corrected():
    said = "\n".join(words(made("figures", calibration, FIGURES[1])))
    assert "Corrected for optimism: slope" in said
    assert "Observed/expected (95 % CI)" in said


def test_calibration_axes_end_above_what_is_drawn_or_where_they_are_told():
    entry = FIGURES[0]
    assert made("figures", calibration, entry).axes[0].get_xlim() == (0, 1)
    assert made("figures", calibration, {**entry, "axis_max": 0.4}).axes[0].get_ylim() == (0, 0.4)
