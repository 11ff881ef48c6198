"""Restricted means, differences and the further log-rank tests against R (tests/reference/R/curves.R), and by hand."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import kaplan_meier
from recohort.models.survival.logrank import overall, tally

GROUPS = {
    "sex": {"type": "category", "levels": ["1", "2"]},
    "fin": {"type": "boolean"},
    "tgrade": {"type": "category", "levels": ["I", "II", "III"]},
}
LUNG = {"duration": "time", "event": "status", "group": "sex"}
ROSSI = {"duration": "week", "event": "arrest", "group": "fin"}
GRADE = {"duration": "time", "event": "cens", "group": "tgrade"}


def run(frame, settings, **entry):
    return kaplan_meier.fit(frame, **settings("kaplan_meier", **entry), columns=declare(frame, **GROUPS))


def value(reference, analysis, quantity, term="model"):
    rows = reference("curves", analysis)
    found = rows[(rows["quantity"] == quantity) & (rows["term"] == str(term))]
    assert len(found) == 1
    return found["value"].iloc[0]


def assert_contrast(row, reference, analysis, quantity, term="model"):
    for column, suffix in (("estimate", ""), ("std_error", "_error"), ("conf_low", "_low"), ("conf_high", "_high")):
        wanted = value(reference, analysis, f"{quantity}{suffix}", term)
        np.testing.assert_allclose(row[column], wanted, rtol=1e-11, atol=1e-13, err_msg=column)
    assert row["p_value"] == pytest.approx(value(reference, analysis, f"{quantity}_p", term), rel=1e-10)


@pytest.mark.parametrize(
    ("analysis", "name", "entry", "tau"),
    [
        ("rmst_lung", "lung", LUNG, 500),
        ("rmst_lung_tie", "lung", LUNG, 351),
        ("rmst_rossi", "rossi", ROSSI, 52),
        ("rmst_landmark", "lung", {**LUNG, "landmark": 180}, 365),
    ],
)
def test_restricted_means_agree_with_survfit(analysis, name, entry, tau, inputs, settings, reference):
    result = run(inputs[name], settings, **entry, rmst=tau)
    for level in result.estimates.query("quantity == 'rmst'")["term"]:
        row = pick(result, term=level, quantity="rmst", scale=f"{tau}")
        assert row["estimate"] == pytest.approx(value(reference, analysis, "rmst", level), rel=1e-12)
        assert row["std_error"] == pytest.approx(value(reference, analysis, "rmst_error", level), rel=1e-11)
    assert_contrast(pick(result, quantity="rmst_difference"), reference, analysis, "rmst_difference")
    assert_contrast(pick(result, quantity="rmst_ratio"), reference, analysis, "rmst_ratio")


def weighted(inputs):
    return inputs["lung"].assign(weight=1 + (inputs["lung"]["age"] % 5) / 2)


def test_weighted_restricted_mean_agrees_with_the_influence_of_survfit(inputs, settings, reference):
    result = run(weighted(inputs), settings, **LUNG, rmst=500, reweight="weight")
    for level in ("1", "2"):
        row = pick(result, term=level, quantity="rmst")
        assert row["estimate"] == pytest.approx(value(reference, "rmst_weighted", "rmst", level), rel=1e-12)
        assert row["std_error"] == pytest.approx(value(reference, "rmst_weighted", "rmst_error", level), rel=1e-11)


@pytest.mark.parametrize(
    ("analysis", "name", "entry", "times"),
    [
        ("difference_lung", "lung", LUNG, [100, 365, 500]),
        ("difference_weighted", "weighted", {**LUNG, "reweight": "weight"}, [100, 365, 500]),
        ("difference_rossi", "rossi", ROSSI, [26, 52]),
    ],
)
def test_differences_of_survival_agree_with_survfit(analysis, name, entry, times, inputs, settings, reference):
    frame = weighted(inputs) if name == "weighted" else inputs[name]
    result = run(frame, settings, **entry, times=times)
    levels = result.curve["stratum"].drop_duplicates().tolist()
    drawn = result.curve.query("part == 'difference'").set_index("time")
    for time in times:
        row = pick(result, quantity="survival_difference", scale=f"{time}, {levels[1]} against {levels[0]}")
        assert_contrast(row, reference, analysis, "survival_difference", time)
        step = drawn[drawn.index <= time].iloc[-1]
        for column in ("estimate", "conf_low", "conf_high"):
            assert step[column] == pytest.approx(row[column], rel=1e-13)


@pytest.mark.parametrize(
    ("analysis", "name", "entry"),
    [
        ("grade", "gbsg2", GRADE),
        ("grade_strata", "gbsg2", {**GRADE, "stratify": ["horTh", "menostat"]}),
        ("grade_rho", "gbsg2", {**GRADE, "rho": 1}),
        ("grade_all", "gbsg2", {**GRADE, "rho": 0.5, "stratify": ["horTh"]}),
        ("lung_rho", "lung", {**LUNG, "rho": 1}),
        ("rossi_rho", "rossi", {**ROSSI, "rho": 1}),
        ("rossi_strata", "rossi", {**ROSSI, "stratify": ["race", "wexp"]}),
    ],
)
def test_weighted_and_stratified_log_rank_agree_with_survdiff(analysis, name, entry, inputs, settings, reference):
    result = run(inputs[name], settings, **entry, trend=True)
    row = pick(result, quantity="log_rank")
    assert row["statistic"] == pytest.approx(value(reference, analysis, "chisq"), rel=1e-12)
    trend = pick(result, quantity="log_rank_trend")
    assert trend["df"] == 1
    if name == "gbsg2":
        assert trend["statistic"] == pytest.approx(value(reference, analysis, "trend"), rel=1e-12)
    else:
        assert trend["statistic"] == pytest.approx(row["statistic"], rel=1e-12)


def test_trend_is_the_score_test_of_the_discrete_cox_model(inputs, settings, reference):
    result = run(inputs["gbsg2"], settings, **GRADE, trend=True)
    wanted = value(reference, "grade", "trend_of_cox")
    assert pick(result, quantity="log_rank_trend")["statistic"] == pytest.approx(wanted, rel=1e-11)


@pytest.mark.parametrize(("method", "theirs"), [("bonferroni", "bonferroni"), ("holm", "holm"), ("bh", "BH")])
def test_pairs_agree_with_survdiff_on_each_and_p_adjust(method, theirs, inputs, settings, reference):
    result = run(inputs["gbsg2"], settings, **GRADE, pairwise=True, pairwise_adjust=method)
    rows = result.estimates.query("quantity == 'log_rank_pair'")
    assert rows["scale"].tolist() == ["II against I", "III against I", "III against II"]
    for scale in rows["scale"]:
        tested = pick(result, quantity="log_rank_pair", scale=scale)
        assert tested["statistic"] == pytest.approx(value(reference, "pairs", "chisq", scale), rel=1e-12)
        adjusted = pick(result, quantity="log_rank_pair_adjusted", scale=scale)
        assert adjusted["p_value"] == pytest.approx(value(reference, "pairs", theirs, scale), rel=1e-10)


@pytest.fixture
def cohort():
    return pd.DataFrame(
        {
            "months": [3.0, 5.0, 5.0, 8.0, 12.0, 2.0, 6.0, 6.0, 9.0, 24.0],
            "bled": [1, 1, 0, 1, 0, 1, 1, 1, 0, 0],
            "risk": ["low"] * 5 + ["high"] * 5,
            "site": list("ababababaa"),
        }
    )


COLUMNS = {
    "months": {"type": "number", "unit": "months"},
    "bled": {"type": "boolean"},
    "risk": {"type": "category", "levels": ["low", "intermediate", "high"]},
    "site": {"type": "category", "levels": ["a", "b"]},
}


def fit(frame, settings, **more):
    entry = {"duration": "months", "event": "bled", "group": "risk", **more}
    return kaplan_meier.fit(frame, **settings("kaplan_meier", **entry), columns=COLUMNS)


def test_restricted_mean_by_hand(cohort, settings):
    result = fit(cohort, settings, rmst=8)
    low = 3 + 2 * 0.8 + 3 * 0.6
    high = 2 + 4 * 0.8 + 2 * 0.4
    assert pick(result, term="low", quantity="rmst", scale="8 months")["estimate"] == pytest.approx(low)
    assert pick(result, term="high", quantity="rmst")["estimate"] == pytest.approx(high)
    row = pick(result, quantity="rmst_difference", scale="8 months, high against low")
    assert (row["term"], row["estimate"], row["n"], row["n_events"]) == ("risk", pytest.approx(high - low), 10, 6)
    assert pick(result, quantity="rmst_ratio")["estimate"] == pytest.approx(high / low)


def test_restricted_mean_is_the_sample_mean_where_everyone_has_the_event(cohort, settings):
    result = fit(cohort.assign(bled=1), settings, rmst=1000, group=None)
    row, time = pick(result, quantity="rmst"), cohort["months"]
    assert row["estimate"] == pytest.approx(time.mean())
    assert row["std_error"] == pytest.approx(time.std(ddof=0) / np.sqrt(len(time)))


def test_restricted_mean_beyond_follow_up_is_missing_and_said(cohort, settings):
    result = fit(cohort, settings, rmst=20)
    assert np.isnan(pick(result, term="low", quantity="rmst")["estimate"])
    assert pick(result, term="high", quantity="rmst")["estimate"] > 0
    assert np.isnan(pick(result, quantity="rmst_difference")["estimate"])
    assert np.isnan(pick(result, quantity="rmst_ratio")["p_value"])
    assert codes(result) == ["beyond_follow_up"]


def test_a_stratum_without_events_has_no_interval_and_is_named(cohort, settings):
    frame = cohort.assign(bled=cohort["bled"].where(cohort["risk"] == "high", 0))
    result = fit(frame, settings, rmst=8, times=[6])
    assert pick(result, term="low", quantity="rmst")["estimate"] == 8
    for quantity in ("rmst_difference", "rmst_ratio", "survival_difference"):
        row = pick(result, quantity=quantity)
        assert np.isfinite(row["estimate"])
        assert np.isnan([row["std_error"], row["conf_low"], row["p_value"]]).all()
    assert result.warnings.set_index("code")["message"]["stratum_without_event"].startswith("No event in stratum low")


def test_difference_ends_where_the_first_of_both_does(cohort, settings):
    result = fit(cohort, settings, times=[12, 13])
    assert np.isfinite(pick(result, quantity="survival_difference", scale="12 months, high against low")["estimate"])
    assert np.isnan(pick(result, quantity="survival_difference", scale="13 months, high against low")["estimate"])
    drawn = result.curve.query("part == 'difference'")
    assert (drawn["time"].min(), drawn["time"].max()) == (0, 12)
    assert drawn["estimate"].iloc[0] == 0


def test_landmark_moves_time_and_leaves_out_who_is_gone(cohort, settings):
    moved = fit(cohort, settings, landmark=4, times=[2])
    later = cohort[cohort["months"] > 4].assign(months=lambda frame: frame["months"] - 4)
    plain = fit(later, settings, times=[2])
    pd.testing.assert_frame_equal(moved.estimates, plain.estimates)
    assert "landmark" in codes(moved)


def test_order_of_rows_and_unit_of_time_do_not_matter(cohort, settings):
    entry = {"trend": True, "pairwise": True, "stratify": ["site"], "rho": 1}
    first = fit(cohort, settings, times=[6], rmst=8, **entry)
    again = fit(cohort.sample(frac=1, random_state=3), settings, times=[6], rmst=8, **entry)
    pd.testing.assert_frame_equal(first.estimates, again.estimates, rtol=1e-12)
    tenfold = fit(cohort.assign(months=10 * cohort["months"]), settings, times=[60], rmst=80, **entry)
    for quantity in ("rmst_ratio", "survival_difference", "log_rank", "log_rank_trend"):
        ours, theirs = pick(first, quantity=quantity), pick(tenfold, quantity=quantity)
        assert theirs["p_value"] == pytest.approx(ours["p_value"], rel=1e-12)


def test_trend_does_not_turn_with_the_order_of_levels(cohort, settings):
    turned = COLUMNS | {"risk": {"type": "category", "levels": ["high", "intermediate", "low"]}}
    entry = settings("kaplan_meier", duration="months", event="bled", group="risk", trend=True)
    row = pick(kaplan_meier.fit(cohort, **entry, columns=turned), quantity="log_rank_trend")
    wanted = pick(fit(cohort, settings, trend=True), quantity="log_rank_trend")
    assert row["statistic"] == pytest.approx(wanted["statistic"], rel=1e-12)


def test_groups_that_never_meet_are_not_counted_as_compared():
    """Two pairs of groups, each within its own stratum: two comparisons, not three."""
    time, group = np.arange(1.0, 41.0), np.tile([0, 1], 20) + np.repeat([0, 2], 20)
    statistic, df, _ = overall(tally(time, np.ones(40), group, strata=group // 2))
    parts = [overall(tally(time[half], np.ones(20), group[half] % 2))[0] for half in (slice(0, 20), slice(20, 40))]
    assert df == 2
    assert statistic == pytest.approx(sum(parts), rel=1e-12)


def test_all_at_one_time_leaves_nothing_to_test(cohort, settings):
    result = fit(cohort.assign(months=5.0, bled=1), settings, rmst=5, trend=True, pairwise=True)
    assert np.isnan(pick(result, quantity="log_rank")["p_value"])
    assert np.isnan(pick(result, quantity="log_rank_trend")["p_value"])
    assert np.isnan(pick(result, quantity="log_rank_pair_adjusted")["p_value"])
    assert pick(result, term="low", quantity="rmst")["estimate"] == 5


def test_one_subject(cohort, settings):
    result = fit(cohort.head(1), settings, group=None, times=[2, 3], rmst=2)
    assert pick(result, quantity="survival", scale="2 months")["estimate"] == 1
    assert pick(result, quantity="survival", scale="3 months")["estimate"] == 0
    assert pick(result, quantity="rmst")["estimate"] == 2


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"group": None, "trend": True}, "trend: the analysis has no group"),
        ({"group": None, "stratify": ["site"]}, "stratify: the analysis has no group"),
        ({"stratify": ["risk"]}, "stratify: names the group 'risk' itself"),
        ({"landmark": 24}, "landmark 24: the longest months is 24"),
        ({"stratify": ["ward"]}, "column 'ward': not found"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(cohort, settings, entry, sentence):
    with pytest.raises(InputError, match=sentence):
        fit(cohort, settings, **entry)
