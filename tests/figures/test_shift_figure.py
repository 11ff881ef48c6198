import numpy as np
import pytest
from drawn import assert_legible, settings, texts
from made_trial import COLUMNS, fitted, frames, trial

from recohort.core.errors import InputError
from recohort.figures import shift

ARMS = {"1": "Aspirin", "0": "Placebo"}


def draw(made=None, *, synthetic=False, **entry):
    entry = settings("shift", **{"model": "mrs", "arms": ARMS, **entry})
    return shift.draw(made or frames(), columns=COLUMNS, synthetic=synthetic, **entry)


@pytest.mark.parametrize("width", ["single", "double"])
def test_words_are_legible(width):
    figure = draw(synthetic=True, width=width)
    assert_legible(figure)
    assert "Synthetic cohort" in [text.get_text() for text in texts(figure)]


def test_bars_are_the_shares_and_each_arm_is_whole():
    axes = draw().axes[0]
    share = trial().query("aspirin == 1")["mrs"].value_counts(normalize=True).sort_index()
    first = [bar.get_width() for bar in axes.patches[:7]]
    assert first == pytest.approx(share.tolist())
    assert np.sum([bar.get_width() for bar in axes.patches]) == pytest.approx(2)


def test_common_odds_ratio_and_its_direction_are_said():
    assert "Common odds ratio 0.64 (0.49–0.85), p=0.002\n(above 1: higher level" in draw().axes[0].get_xlabel()


def test_direction_follows_the_model():
    turned = fitted("ordinal", trial(), outcome="mrs", exposure="aspirin", reverse=True)
    made = {"models/ordinal/mrs": turned.estimates}
    assert "(above 1: lower level" in draw(made).axes[0].get_xlabel()


def test_with_a_modifier_there_is_no_common_odds_ratio_to_print():
    assert draw(model="modified").axes[0].get_xlabel().strip() == "Patients (%)"


def test_arm_that_the_model_has_not_is_refused():
    with pytest.raises(InputError, match="'2' is no level"):
        draw(arms={"1": "Aspirin", "2": "Other"})
