"""The love plot shows every sample that the balance holds."""

import numpy as np
import pandas as pd
import pytest

from recohort.figures.love import draw

COLUMNS = {
    "age": {"type": "number", "label": "Age", "unit": "years"},
    "sex": {"type": "boolean", "label": "Female"},
    "site": {"type": "category", "levels": ["lobe", "stem", "basal"], "label": "Site"},
}
ROWS = [("age", ""), ("sex", ""), ("site", "lobe"), ("site", "stem"), ("site", "basal"), ("site", "")]
SIZES = {"all": [0.6, -0.3, 0.2, -0.25, 0.05, 0.31], "matched": [0.05, 0.02, -0.11, 0.08, 0.01, 0.12]}
SIZES["weighted"] = [0.001, -0.002, 0.0, 0.001, -0.003, 0.004]


def balance(*samples):
    rows = [
        {
            "sample": sample,
            "covariate": name,
            "level": level,
            "n_treated": 30 if sample == "matched" else 40,
            "n_control": 56 if sample == "matched" else 115,
            "smd_pooled": size,
            "smd_treated": 2 * size,
        }
        for sample in samples
        for (name, level), size in zip(ROWS, SIZES[sample], strict=True)
    ]
    return {"cohort/balance": pd.DataFrame(rows).replace({"level": {"": np.nan}})}


def drawn(*samples, width="single", smd="smd_pooled"):
    return draw(balance(*samples), columns=COLUMNS, synthetic=False, smd=smd, threshold=0.1, width=width)


@pytest.mark.parametrize("samples", [("all", "matched"), ("all", "weighted"), ("all", "matched", "weighted")])
def test_every_sample_has_its_points_and_its_word(samples):
    figure = drawn(*samples)
    axes = figure.axes[0]
    points = {one.get_label(): one.get_offsets() for one in axes.collections if not one.get_label().startswith("_")}
    words = {"all": "Before (n=155)", "matched": "After matching (n=86)", "weighted": "After weighting (n=155)"}
    assert list(points) == [words[sample] for sample in samples]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    for sample in samples:
        place = points[words[sample]]
        assert place[labels.index("Age")][0] == pytest.approx(abs(SIZES[sample][0]))
        assert place[labels.index("Site: Stem")][0] == pytest.approx(abs(SIZES[sample][3]))


def test_covariates_are_in_order_of_their_difference_before():
    labels = [text.get_text() for text in drawn("all", "matched").axes[0].get_yticklabels()]
    assert labels[-1] == "Age"
    assert labels[0] == "Site: Basal"


def test_the_other_difference_can_be_drawn():
    points = drawn("all", smd="smd_treated").axes[0].collections[1].get_offsets()
    assert points[:, 0].max() == pytest.approx(1.2)


def test_a_difference_that_is_missing_leaves_its_line_empty():
    frames = balance("all", "matched")
    frames["cohort/balance"].loc[0, "smd_pooled"] = np.nan
    figure = draw(frames, columns=COLUMNS, synthetic=True, smd="smd_pooled", threshold=0.1, width="single")
    assert len(figure.axes[0].get_yticklabels()) == 6
