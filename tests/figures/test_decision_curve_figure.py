"""The figure of decision curves draws and names what the analysis found."""

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from predictions import check_layout, digest, frames, made, words

from recohort.core.errors import InputError
from recohort.figures import decision_curve
from recohort.figures.decision_curve import _apart

FIGURES = [
    {"kind": "decision_curve", "model": "plain", "band": True},
    {"kind": "decision_curve", "model": "late", "width": "double"},
]


@pytest.mark.parametrize("synthetic", [True, False])
@pytest.mark.parametrize("entry", FIGURES)
def test_nothing_overlaps_or_is_cut_off_and_synthetic_is_said(entry, synthetic):
    check_layout(made("figures", decision_curve, entry, synthetic=synthetic), synthetic=synthetic)


@pytest.mark.parametrize("entry", FIGURES)
def test_the_same_entry_gives_the_same_bytes(entry, tmp_path):
    digests = {digest(made("figures", decision_curve, entry), tmp_path / f"{place}.png") for place in range(2)}
    assert len(digests) == 1


def test_decision_curve_draws_the_corrected_curve_unless_told_otherwise():
    entry = FIGURES[0]
    curve = frames()["models/decision_curve/plain.curve"]
    model = curve[curve["strategy"] == "model"]
    for corrected, column in ((True, "corrected"), (False, "net_benefit")):
        drawn = made("figures", decision_curve, {**entry, "corrected": corrected})
        np.testing.assert_allclose(drawn.axes[0].lines[1].get_ydata(), model[column])
        bands = [part for part in drawn.axes[0].collections if isinstance(part, PolyCollection)]
        assert len(bands) == (1 if corrected else 2)
        assert any("corrected for optimism: Model" in text for text in words(drawn)) == corrected


def test_decision_curve_names_its_lines():
    entry = FIGURES[0]
    said = words(made("figures", decision_curve, {**entry, "strategies": {"model": "Three markers"}}))
    assert "Three markers" in said and "Treat none" in said and any("Treat all" in text for text in said)
    assert "Chart" not in said
    with pytest.raises(InputError, match="found no strategy 'card', expected chart, model"):
        made("figures", decision_curve, {**entry, "strategies": {"card": "Card"}})


def test_names_are_moved_apart_and_keep_their_order():
    moved = _apart(np.array([-0.1, 0.0, 0.05, 0.5]), 0.1)
    assert (np.diff(moved) >= 0.1 - 1e-12).all()
    assert moved[0] == 0 and moved[-1] == 0.5
