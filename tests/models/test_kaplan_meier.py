"""Survival curves against R's survfit and survdiff (tests/reference/R/survival.R), and by hand."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import kaplan_meier

CASES = {
    "km_lung": ("lung", "time", "status", "sex", [0, 11, 100, 365, 500]),
    "km_rossi": ("rossi", "week", "arrest", "fin", [10, 26, 52]),
    "km_weighted": ("lung", "time", "status", "sex", [11, 100, 365, 500]),
}
GROUPS = {
    "sex": {"type": "category", "levels": ["1", "2"]},
    "fin": {"type": "boolean"},
    "tgrade": {"type": "category", "levels": ["I", "II", "III"]},
}


def fitted(case, inputs, settings, **more):
    name, duration, event, group, times = CASES[case]
    frame = inputs[name]
    if case == "km_weighted":
        frame, more = frame.assign(weight=1 + (frame["age"] % 5) / 2), {"reweight": "weight", **more}
    entry = {"duration": duration, "event": event, "group": group, "times": times, **more}
    return kaplan_meier.fit(frame, **settings("kaplan_meier", **entry), columns=declare(frame, **GROUPS))


def expected(reference, quantity):
    rows = reference[reference["quantity"] == quantity]
    return rows["value"].to_numpy(float)


@pytest.mark.parametrize("confidence", ["log_log", "log", "plain"])
@pytest.mark.parametrize("case", CASES)
def test_survival_agrees_with_survfit(case, confidence, inputs, settings, reference):
    rows = fitted(case, inputs, settings, confidence=confidence).estimates.query("quantity == 'survival'")
    values, word = reference("survival", case), confidence.replace("_", "-")
    np.testing.assert_allclose(rows["estimate"], expected(values, "survival"), rtol=1e-12)
    inside = rows["estimate"].to_numpy() < 1  # where nobody has died yet R gives limits of 1 or none
    for name, theirs in (("conf_low", f"low_{word}"), ("conf_high", f"high_{word}"), ("std_error", "std_error")):
        np.testing.assert_allclose(rows[name][inside], expected(values, theirs)[inside], rtol=1e-10)
        assert rows[name][~inside].isna().all()


@pytest.mark.parametrize("confidence", ["log_log", "log", "plain"])
@pytest.mark.parametrize("case", CASES)
def test_median_agrees_with_survfit(case, confidence, inputs, settings, reference):
    rows = fitted(case, inputs, settings, confidence=confidence).estimates.query("quantity == 'median'")
    values, word = reference("survival", case), confidence.replace("_", "-")
    np.testing.assert_array_equal(rows["estimate"], expected(values, "median"))
    np.testing.assert_array_equal(rows["conf_low"], expected(values, f"median_low_{word}"))
    np.testing.assert_array_equal(rows["conf_high"], expected(values, f"median_high_{word}"))


@pytest.mark.parametrize("case", ["km_lung", "km_rossi"])
def test_numbers_at_risk_are_those_just_before(case, inputs, settings, reference):
    rows = fitted(case, inputs, settings).estimates.query("quantity == 'at_risk'")
    np.testing.assert_array_equal(rows["estimate"], expected(reference("survival", case), "at_risk"))


@pytest.mark.parametrize(
    ("case", "name", "duration", "event", "group"),
    [
        ("logrank_lung", "lung", "time", "status", "sex"),
        ("logrank_rossi", "rossi", "week", "arrest", "fin"),
        ("logrank_gbsg2", "gbsg2", "time", "cens", "tgrade"),
    ],
)
def test_log_rank_agrees_with_survdiff(case, name, duration, event, group, inputs, settings, reference):
    frame = inputs[name]
    entry = settings("kaplan_meier", duration=duration, event=event, group=group)
    row = pick(kaplan_meier.fit(frame, **entry, columns=declare(frame, **GROUPS)), quantity="log_rank")
    values = reference("survival", case)
    assert row["statistic"] == pytest.approx(expected(values, "log_rank")[0], rel=1e-12)
    assert row["df"] == expected(values, "df")[0]


@pytest.fixture
def cohort():
    return pd.DataFrame(
        {
            "months": [3.0, 5.0, 5.0, 8.0, 12.0, 2.0, 6.0, 6.0, 9.0, 24.0],
            "bled": [1, 1, 0, 1, 0, 1, 1, 1, 0, 0],
            "risk": ["low"] * 5 + ["high"] * 5,
            "sampling_weight": [1.0, 1.0, 3.0, 1.0, 3.0, 1.0, 1.0, 1.0, 3.0, 3.0],
        }
    )


COLUMNS = {
    "months": {"type": "number", "unit": "months"},
    "bled": {"type": "boolean"},
    "risk": {"type": "category", "levels": ["low", "intermediate", "high"]},
}


def fit(frame, settings, **more):
    entry = {"duration": "months", "event": "bled", "group": "risk", "times": [6], **more}
    return kaplan_meier.fit(frame, **settings("kaplan_meier", **entry), columns=COLUMNS)


def test_curve_by_hand(cohort, settings):
    result = fit(cohort, settings, group=None)
    assert list(result.curve.columns) == [
        *("stratum", "time", "n_risk", "n_event", "n_censor", "survival", "conf_low", "conf_high", "part", "estimate")
    ]
    assert set(result.curve["part"]) == {"survival"}
    steps = result.curve.set_index("time")
    by_hand = np.cumprod([1, 9 / 10, 8 / 9, 7 / 8, 4 / 6, 3 / 4])
    np.testing.assert_allclose(steps.loc[[0, 2, 3, 5, 6, 8], "survival"], by_hand, rtol=1e-15)
    assert steps["n_risk"].tolist() == [10, 10, 9, 8, 6, 4, 3, 2, 1]
    assert steps["n_censor"].sum() + steps["n_event"].sum() == 10
    assert set(result.estimates["term"]) == {"all"}


def test_rows_of_a_stratum(cohort, settings):
    result = fit(cohort, settings)
    row = pick(result, term="high", quantity="survival", scale="6 months")
    assert (row["estimate"], row["n"], row["n_events"]) == (pytest.approx(2 / 5), 5, 3)
    assert row["method"] == "Kaplan-Meier, log-log interval"
    assert pick(result, term="high", quantity="at_risk")["estimate"] == 4
    assert "few_at_risk" in codes(result)


def test_weighted_curve_by_hand_and_its_own_words(cohort, settings):
    result = fit(cohort, settings, reweight="sampling_weight")
    row = pick(result, term="high", quantity="survival")
    assert row["estimate"] == pytest.approx((1 - 1 / 9) * (1 - 2 / 8))
    assert row["method"] == "Kaplan-Meier reweighted to the full cohort, log-log interval"
    assert pick(result, term="high", quantity="at_risk")["estimate"] == 4
    assert "matched_on_outcome" not in codes(result)
    plain = fit(cohort, settings)
    assert "matched_on_outcome" in codes(plain)
    np.testing.assert_array_equal(result.curve["n_risk"], plain.curve["n_risk"])


def test_nothing_is_said_beyond_follow_up(cohort, settings):
    result = fit(cohort, settings, times=[24, 25])
    assert np.isnan(pick(result, term="high", quantity="survival", scale="25 months")["estimate"])
    assert pick(result, term="high", quantity="survival", scale="24 months")["estimate"] == pytest.approx(0.4)
    assert pick(result, term="low", quantity="at_risk", scale="24 months")["estimate"] == 0
    assert codes(result).count("beyond_follow_up") == 3


def test_nobody_with_an_event(cohort, settings):
    result = fit(cohort.assign(bled=0), settings)
    assert pick(result, term="low", quantity="survival")["estimate"] == 1
    assert np.isnan(pick(result, term="low", quantity="survival")["conf_low"])
    assert np.isnan(pick(result, quantity="log_rank")["p_value"])


def test_everyone_with_an_event_ends_at_zero(cohort, settings):
    result = fit(cohort.assign(bled=1), settings, times=[24])
    row = pick(result, term="high", quantity="survival")
    assert row["estimate"] == 0
    assert np.isnan(row["conf_high"])


@pytest.mark.parametrize(
    ("change", "entry", "sentence"),
    [
        ({"risk": "low"}, {}, "column 'risk': only the level 'low' occurs"),
        ({"risk": "medium"}, {}, "found 'medium', expected one of low, intermediate, high"),
        ({"months": -1.0}, {}, "expected no negative follow-up"),
        ({"sampling_weight": np.nan}, {"reweight": "sampling_weight"}, "column 'sampling_weight': is empty"),
        ({"sampling_weight": 0.0}, {"reweight": "sampling_weight"}, "expected weights above 0"),
        ({}, {"group": "months"}, "is declared number, expected category or boolean"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(cohort, settings, change, entry, sentence):
    with pytest.raises(InputError, match=sentence):
        fit(cohort.assign(**change), settings, **entry)
