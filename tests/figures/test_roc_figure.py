"""The ROC figure with bands."""

import pytest
from matplotlib.collections import PolyCollection
from predictions import check_layout, digest, made, words

from recohort.figures import roc

FIGURES = [{"kind": "roc", "models": ["chi", "a"]}, {"kind": "roc", "models": ["chi"], "width": "double"}]


@pytest.mark.parametrize("synthetic", [True, False])
@pytest.mark.parametrize("entry", FIGURES)
def test_nothing_overlaps_or_is_cut_off_and_synthetic_is_said(entry, synthetic):
    check_layout(made("figures", roc, entry, synthetic=synthetic), synthetic=synthetic)


@pytest.mark.parametrize("entry", FIGURES)
def test_the_same_entry_gives_the_same_bytes(entry, tmp_path):
    digests = {digest(made("figures", roc, entry), tmp_path / f"{place}.png") for place in range(2)}
    assert len(digests) == 1


def test_roc_band_is_said_and_drawn_where_there_is_one():
    entry = FIGURES[0]
    drawn = made("figures", roc, entry, level=0.9)
    assert any("band (90 % CI)" in text for text in words(drawn))
    assert sum(isinstance(part, PolyCollection) for part in drawn.axes[0].collections) == 2
