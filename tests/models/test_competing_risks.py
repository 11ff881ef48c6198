"""Cumulative incidence and Gray's test against R's survfit and cuminc (tests/reference/R/competing.R), and by hand."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import competing_risks, kaplan_meier

GROUPS = {
    "tgrade": {"type": "category", "levels": ["I", "II", "III"]},
    "menostat": {"type": "category", "levels": ["Post", "Pre"]},
    "horTh": {"type": "boolean"},
}
BOTH = {"event": "event", "competing": "competing"}
CASES = {
    "months": {"duration": "month", "group": "tgrade", "times": [4, 12, 24, 36]},
    "days": {"duration": "day", "group": "horTh", "times": [365, 1000, 2000]},
    "weighted": {"duration": "month", "group": "horTh", "times": [4, 12, 24, 36], "reweight": "weight"},
}
QUANTITIES = {"event": "incidence", "competing": "competing_incidence"}


def run(frame, settings, **entry):
    return competing_risks.fit(frame, **settings("competing_risks", **BOTH, **entry), columns=declare(frame, **GROUPS))


def values(reference, case, quantity):
    rows = reference("competing", case)
    return rows[rows["quantity"] == quantity].set_index("term")["value"].astype(float)


@pytest.mark.parametrize("confidence", ["log_log", "log", "plain"])
@pytest.mark.parametrize("case", CASES)
def test_incidence_agrees_with_survfit_of_several_states(case, confidence, inputs, settings, reference):
    result, word = (
        run(inputs["competing"], settings, **CASES[case], confidence=confidence),
        confidence.replace("_", "-"),
    )
    assert not result.warnings["code"].isin(["beyond_follow_up"]).any()
    for cause, quantity in QUANTITIES.items():
        rows = result.estimates.query(f"quantity == '{quantity}'")
        estimate = values(reference, case, cause)
        assert [f"{term} {scale}" for term, scale in zip(rows["term"], rows["scale"], strict=True)] == list(
            estimate.index
        )
        np.testing.assert_allclose(rows["estimate"], estimate, rtol=1e-13)
        begun = estimate.to_numpy() > 0  # before the first event R gives limits that are not numbers, or 0
        assert rows["conf_low"][~begun].isna().all()
        for column, theirs in (("std_error", "error"), ("conf_low", f"low_{word}"), ("conf_high", f"high_{word}")):
            wanted = values(reference, case, f"{cause}_{theirs}").to_numpy()[begun]
            if column == "conf_low" and confidence == "plain":
                wanted = np.maximum(wanted, 0)
            np.testing.assert_allclose(rows[column][begun], wanted, rtol=1e-12, err_msg=column)


def test_incidence_agrees_with_cuminc(inputs, settings, reference):
    result = run(inputs["competing"], settings, **CASES["months"])
    wanted = values(reference, "months_cuminc", "incidence")
    for label, theirs in wanted.items():
        level, cause, time = label.split()
        quantity = QUANTITIES[{"1": "event", "2": "competing"}[cause]]
        assert pick(result, term=level, quantity=quantity, scale=time)["estimate"] == pytest.approx(theirs, rel=1e-12)


def test_one_less_kaplan_meier_stands_beside_and_is_never_below(inputs, settings, reference):
    result = run(inputs["competing"], settings, **CASES["months"])
    naive = result.estimates.query("quantity == 'one_minus_km'")["estimate"].to_numpy()
    np.testing.assert_allclose(naive, values(reference, "months", "one_minus_km"), rtol=1e-12, atol=1e-15)
    assert (naive >= result.estimates.query("quantity == 'incidence'")["estimate"].to_numpy() - 1e-15).all()
    assert (result.curve["one_minus_km"] >= result.curve["incidence"] - 1e-12).all()
    late = [pick(result, term="III", quantity=quantity, scale="36") for quantity in ("one_minus_km", "incidence")]
    assert late[0]["estimate"] - late[1]["estimate"] > 0.02


@pytest.mark.parametrize(
    ("case", "duration", "group"),
    [
        ("gray_months", "month", "tgrade"),
        ("gray_days", "day", "tgrade"),
        ("gray_therapy", "month", "horTh"),
        ("gray_menostat", "time", "menostat"),
        ("gray_exhausted", "month", "horTh"),
    ],
)
def test_gray_agrees_with_cuminc(case, duration, group, inputs, settings, reference):
    frame = inputs["competing"]
    if case == "gray_exhausted":
        frame = frame[(frame["horTh"] == 0) | ((frame["cens"] == 1) & (frame["month"] < 20))]
    result = run(frame, settings, duration=duration, group=group)
    for quantity, cause in (("gray_test", "event"), ("gray_test_competing", "competing")):
        row = pick(result, quantity=quantity)
        assert row["statistic"] == pytest.approx(values(reference, case, "gray")[cause], rel=1e-11)
        assert row["p_value"] == pytest.approx(values(reference, case, "gray_p")[cause], rel=1e-5, abs=1e-15)
        assert row["df"] == frame[group].nunique() - 1


@pytest.fixture
def cohort():
    return pd.DataFrame(
        {
            "months": [2.0, 4.0, 4.0, 4.0, 6.0, 8.0, 1.0, 3.0, 5.0, 5.0, 7.0, 9.0],
            "relapse": [1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0],
            "died": [0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0],
            "arm": ["a"] * 6 + ["b"] * 6,
        }
    )


COLUMNS = {
    "months": {"type": "number", "unit": "months"},
    "relapse": {"type": "boolean"},
    "died": {"type": "boolean"},
    "arm": {"type": "category", "levels": ["a", "b", "c"]},
}


def fit(frame, settings, **more):
    entry = {"duration": "months", "event": "relapse", "competing": "died", "group": "arm", **more}
    return competing_risks.fit(frame, **settings("competing_risks", **entry), columns=COLUMNS)


def test_incidence_with_ties_of_all_kinds_by_hand(cohort, settings):
    result = fit(cohort, settings, times=[4, 6], minimum_at_risk=0)
    row = pick(result, term="a", quantity="incidence", scale="4 months")
    assert row["estimate"] == pytest.approx(1 / 6 + 5 / 6 * 1 / 5)
    assert (row["n"], row["n_events"], row["method"]) == (6, 3, "Aalen-Johansen, log-log interval")
    assert pick(result, term="a", quantity="competing_incidence", scale="4 months")["estimate"] == pytest.approx(1 / 6)
    later = pick(result, term="a", quantity="incidence", scale="6 months")
    assert later["estimate"] == pytest.approx(1 / 3 + 1 / 2 * 1 / 2)
    assert pick(result, term="a", quantity="at_risk", scale="4 months")["estimate"] == 5
    naive = pick(result, term="a", quantity="one_minus_km", scale="6 months")
    assert naive["estimate"] == pytest.approx(1 - 5 / 6 * 4 / 5 * 1 / 2)
    assert list(result.curve.columns) == [
        *("stratum", "cause", "time", "n_risk", "n_event", "n_censor", "incidence", "conf_low", "conf_high"),
        "one_minus_km",
    ]
    assert codes(result) == []


def test_without_censoring_the_incidence_is_a_proportion(settings):
    index = np.arange(40)
    frame = pd.DataFrame({"months": 1.0 + index % 7, "relapse": index % 3 == 0, "died": index % 3 != 0}).astype(float)
    row = pick(fit(frame, settings, group=None, times=[4]), quantity="incidence")
    share = ((frame["months"] <= 4) & (frame["relapse"] == 1)).mean()
    assert row["estimate"] == pytest.approx(share)
    assert row["std_error"] == pytest.approx(np.sqrt(share * (1 - share) / 40))


def test_incidences_and_freedom_from_both_sum_to_one(cohort, settings):
    drawn = fit(cohort, settings).curve.groupby(["stratum", "time"])["incidence"].sum()
    either = cohort.assign(either=cohort["relapse"] + cohort["died"])
    entry = settings("kaplan_meier", duration="months", event="either", group="arm")
    free = kaplan_meier.fit(either, **entry, columns=COLUMNS | {"either": {"type": "boolean"}}).curve
    free = free.query("part == 'survival'").set_index(["stratum", "time"])["survival"]
    np.testing.assert_allclose(drawn, 1 - free.reindex(drawn.index), rtol=1e-13, atol=1e-15)


def test_without_competing_events_it_is_one_less_kaplan_meier(cohort, settings):
    frame = cohort.assign(died=0)
    result = fit(frame, settings, times=[4, 6], confidence="plain", minimum_at_risk=0)
    entry = settings("kaplan_meier", duration="months", event="relapse", group="arm", times=[4, 6], confidence="plain")
    other = kaplan_meier.fit(frame, **entry, columns=COLUMNS).estimates.query("quantity == 'survival'")
    rows = result.estimates.query("quantity == 'incidence'")
    np.testing.assert_allclose(rows["estimate"], 1 - other["estimate"], rtol=1e-13)
    np.testing.assert_allclose(rows["std_error"], other["std_error"], rtol=1e-13)
    np.testing.assert_allclose(rows["conf_low"], 1 - other["conf_high"], rtol=1e-12)
    assert (result.estimates.query("quantity == 'competing_incidence'")["estimate"] == 0).all()
    assert result.estimates.query("quantity == 'competing_incidence'")["conf_high"].isna().all()
    assert codes(result) == ["no_competing_event"]
    assert np.isnan(pick(result, quantity="gray_test_competing")["p_value"])


def test_all_censored(cohort, settings):
    result = fit(cohort.assign(relapse=0, died=0), settings, times=[4])
    assert (result.estimates.query("quantity == 'incidence'")["estimate"] == 0).all()
    assert np.isnan(pick(result, quantity="gray_test")["p_value"])
    assert {"no_event", "no_competing_event"} <= set(codes(result))


def test_nothing_is_said_beyond_follow_up(cohort, settings):
    result = fit(cohort, settings, times=[8.5])
    assert np.isnan(pick(result, term="a", quantity="incidence")["estimate"])
    assert np.isnan(pick(result, term="a", quantity="one_minus_km")["estimate"])
    assert np.isfinite(pick(result, term="b", quantity="incidence")["estimate"])
    assert np.isnan(pick(result, quantity="incidence_difference")["estimate"])
    assert "beyond_follow_up" in codes(result)


def test_difference_is_that_of_the_two_incidences(cohort, settings):
    result = fit(cohort, settings, times=[5])
    a, b = (pick(result, term=arm, quantity="incidence") for arm in "ab")
    row = pick(result, quantity="incidence_difference", scale="5 months, b against a")
    assert row["estimate"] == pytest.approx(b["estimate"] - a["estimate"])
    assert row["std_error"] == pytest.approx(np.hypot(a["std_error"], b["std_error"]))
    assert (row["n"], row["n_events"]) == (12, 5)


def test_a_weight_of_two_is_two_patients_in_the_curve(cohort, settings):
    double = fit(cohort.assign(weight=[2.0, 1.0] * 6), settings, times=[5], reweight="weight")
    twice = fit(cohort.loc[cohort.index.repeat([2, 1] * 6)], settings, times=[5])
    for quantity in ("incidence", "competing_incidence", "one_minus_km"):
        ours = double.estimates.query(f"quantity == '{quantity}'")["estimate"]
        np.testing.assert_allclose(ours, twice.estimates.query(f"quantity == '{quantity}'")["estimate"], rtol=1e-13)
    assert pick(double, term="a", quantity="at_risk")["estimate"] == 2
    assert (
        pick(double, quantity="gray_test")["statistic"]
        == pick(fit(cohort, settings), quantity="gray_test")["statistic"]
    )


def test_order_of_rows_does_not_matter(cohort, settings):
    first = fit(cohort, settings, times=[5])
    again = fit(cohort.sample(frac=1, random_state=1), settings, times=[5])
    pd.testing.assert_frame_equal(first.estimates, again.estimates, rtol=1e-12)


def test_exchanging_the_events_exchanges_their_rows(cohort, settings):
    first = fit(cohort, settings, times=[5])
    again = fit(cohort.rename(columns={"relapse": "died", "died": "relapse"}), settings, times=[5])
    for ours, theirs in (("incidence", "competing_incidence"), ("gray_test", "gray_test_competing")):
        columns = ["estimate", "std_error", "conf_low", "statistic", "n_events"]
        left = first.estimates.query(f"quantity == '{ours}'")[columns].to_numpy(float)
        right = again.estimates.query(f"quantity == '{theirs}'")[columns].to_numpy(float)
        np.testing.assert_allclose(left, right, rtol=1e-12)


def test_landmark_counts_from_there(cohort, settings):
    moved = fit(cohort, settings, landmark=2, times=[2])
    later = cohort[cohort["months"] > 2].assign(months=lambda frame: frame["months"] - 2)
    pd.testing.assert_frame_equal(moved.estimates, fit(later, settings, times=[2]).estimates)


def test_one_subject(cohort, settings):
    result = fit(cohort.head(1), settings, group=None, times=[1, 2])
    assert pick(result, quantity="incidence", scale="1 months")["estimate"] == 0
    row = pick(result, quantity="incidence", scale="2 months")
    assert row["estimate"] == 1
    assert np.isnan(row["conf_low"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"died": 1}, "columns 'relapse' and 'died': both are 1 in 5 rows"),
        ({"died": 2}, "column 'died': found 2, expected 0 or 1"),
        ({"arm": "a"}, "only the level 'a' occurs"),
        ({"months": -1.0}, "expected no negative follow-up"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(cohort, settings, change, sentence):
    with pytest.raises(InputError, match=sentence):
        fit(cohort.assign(**change), settings)
