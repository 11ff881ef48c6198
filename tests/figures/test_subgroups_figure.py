import numpy as np
import pytest
from drawn import assert_legible, settings, texts
from made_trial import COLUMNS, frames

from recohort.core.errors import InputError
from recohort.figures import subgroups

MODELS = {"Lesion volume": "linear", "Region": "region", "Severe stroke": "severe"}
ARMS = {"1": "Aspirin", "0": "Placebo"}


def draw(models=MODELS, made=None, *, synthetic=False, **entry):
    entry = settings("subgroups", models=models, arms=ARMS, **{"overall": "overall", **entry})
    return subgroups.draw(made or frames(), columns=COLUMNS, synthetic=synthetic, level=0.95, **entry)


def words(figure):
    return [text.get_text() for text in texts(figure)]


def test_words_are_legible():
    figure = draw(synthetic=True)
    assert_legible(figure)
    assert "Synthetic cohort" in words(figure)


def test_every_subgroup_has_its_events_in_both_arms_and_its_words():
    said = words(draw())
    assert {"Up to 2.1 mL", "Above 4.6 mL", "Lobar", "No", "Yes", "17/111", "4/102"} <= set(said)
    assert "All patients (n=628, 47 events)" in said


def test_marks_lie_at_the_odds_ratios():
    made = frames()
    axes = draw({"Region": "region"}, made, overall=None).axes[1]
    expected = made["models/logistic/region"].query("quantity == 'subgroup_odds_ratio'")["estimate"].astype(float)
    marks = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "s"]
    assert marks == pytest.approx(expected.tolist())


@pytest.mark.parametrize(("test", "p"), [("heterogeneity", "0.194"), ("interaction", "<0.001")])
def test_p_is_that_of_the_test_that_is_asked_for(test, p):
    assert p in words(draw({"Lesion volume": "linear"}, test=test, overall=None))


def test_infinite_and_missing_odds_ratios_are_written_and_not_drawn():
    made = frames()
    rows = made["models/logistic/region"]["quantity"] == "subgroup_odds_ratio"
    places = made["models/logistic/region"].index[rows]
    made["models/logistic/region"].loc[places[0], ["estimate", "conf_low", "conf_high"]] = [np.inf, np.nan, np.nan]
    made["models/logistic/region"].loc[places[1], ["estimate", "conf_low", "conf_high"]] = np.nan
    figure = draw({"Region": "region"}, made, overall=None)
    assert {"∞", "–"} <= set(words(figure))
    assert len([line for line in figure.axes[1].lines if line.get_marker() == "s"]) == 1


def test_interval_beyond_the_axis_ends_in_an_arrow():
    made = frames()
    rows = made["models/logistic/region"]["quantity"] == "subgroup_odds_ratio"
    made["models/logistic/region"].loc[made["models/logistic/region"].index[rows][0], "conf_high"] = 5000.0
    figure = draw({"Region": "region"}, made)
    assert any(line.get_marker() == ">" for line in figure.axes[1].lines)
    assert_legible(figure)


def test_model_without_subgroups_is_refused():
    with pytest.raises(InputError, match="the key subgroups"):
        draw({"A": "spline"})
