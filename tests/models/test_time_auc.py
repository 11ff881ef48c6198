"""Time-dependent AUC against riskRegression (tests/reference/R/prediction.R), by its definition, and by hand."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import time_auc as kind
from recohort.models.accuracy.delong import auc
from recohort.models.survival.cumulative_auc import time_auc
from recohort.models.survival.ipcw import Censoring

TIMES = [500, 1000, 1500]


def fit(frame, settings, **entry):
    columns = declare(frame, time={"type": "number", "unit": "days"})
    return kind.fit(frame, **settings("time_auc", **entry), seed=5, columns=columns)


@pytest.fixture
def breast(inputs):
    frame = inputs["gbsg2"]
    row = np.arange(1, len(frame) + 1)
    event = frame["cens"]
    return frame.assign(
        untied=frame["time"] + row / 1024,
        first=((event == 1) & (row % 4 != 0)).astype(int),
        other=((event == 1) & (row % 4 == 0)).astype(int),
    )


CASES = {
    # Riskregression leaves a factor out at ties, which a derivative of the estimator has: six digits there.
    "tied": ({"duration": "time", "event": "cens"}, 5e-6),
    "untied": ({"duration": "untied", "event": "cens"}, 1e-8),
    "competing": ({"duration": "untied", "event": "first", "competing": "other"}, 1e-8),
}


@pytest.mark.parametrize("case", CASES)
def test_areas_errors_and_differences_agree_with_riskregression(case, breast, settings, reference):
    entry, tolerance = CASES[case]
    result = fit(breast, settings, scores=["tsize", "pnodes"], times=TIMES, **entry)
    for _, line in reference("prediction", f"time_auc_{case}").iterrows():
        term, _, moment = line["term"].rpartition(" ")
        quantity = "time_auc_difference" if "against" in term else "time_auc"
        scale = f"{moment} days" if entry["duration"] == "time" else moment
        found = pick(result, term=term, quantity=quantity, scale=scale)[line["quantity"]]
        rel = 1e-12 if line["quantity"] == "estimate" else tolerance
        assert found == pytest.approx(line["value"], rel=rel)


def by_definition(score, time, event, moment, other):
    """Every pair, weighted."""
    lost = (event == 0) & ~other

    def g(u, before):
        value = 1.0
        for s in np.unique(time[lost]):
            if s < u or (s == u and not before):
                at_risk = ((time > s) | ((time == s) & lost)).sum()
                value *= 1 - ((time == s) & lost).sum() / at_risk
        return value

    top = bottom = 0.0
    for i in np.flatnonzero((event == 1) & (time <= moment)):
        for j in np.flatnonzero((time > moment) | (other & (time <= moment))):
            weight = 1 / g(time[i], True) / (g(moment, False) if time[j] > moment else g(time[j], True))
            top += weight * ((score[i] > score[j]) + 0.5 * (score[i] == score[j]))
            bottom += weight
    return top / bottom


@pytest.fixture
def drawn():
    rng = np.random.default_rng(11)
    n = 60
    score = rng.integers(0, 8, n).astype(float)
    time = np.ceil(rng.exponential(6 / (1 + score / 4)))
    kinds = rng.choice(3, n, p=[0.35, 0.45, 0.2])
    return score, time, (kinds == 1).astype(float), kinds == 2


@pytest.mark.parametrize("moment", [1, 2, 4.5, 7])
@pytest.mark.parametrize("competing", [False, True])
def test_area_is_the_weighted_share_of_pairs(drawn, moment, competing):
    score, time, event, other = drawn
    other = other if competing else np.zeros(len(time), bool)
    found = time_auc(score[None], time, event, moment, competing=other)
    assert found.area[0] == pytest.approx(by_definition(score, time, event, moment, other), rel=1e-12)


@pytest.mark.parametrize("competing", [False, True])
def test_influence_is_the_derivative_by_a_subjects_weight(drawn, competing):
    """Every subject 2,000 times, one of them once more or less: the change of the area is its influence."""
    score, time, event, other = drawn
    other = other if competing else np.zeros(len(time), bool)
    found = time_auc(score[None], time, event, 4, competing=other).influence[0]
    n, copies = len(time), 2000
    many = np.repeat(np.arange(n), copies)

    def area(rows):
        return time_auc(score[rows][None], time[rows], event[rows], 4, competing=other[rows]).area[0]

    for k in range(0, n, 7):
        change = area(np.r_[many, k]) - area(np.delete(many, k * copies))
        assert change / 2 * n * copies == pytest.approx(found[k], abs=2e-4)
    assert found.mean() == pytest.approx(0, abs=1e-12)


def test_without_censoring_it_is_the_plain_area_and_delongs_error():
    rng = np.random.default_rng(2)
    time, score = rng.exponential(5, 300), rng.normal(size=300)
    score -= 0.2 * time
    found = time_auc(score[None], time, np.ones(300), 4.0)
    area, error = auc(score, (time <= 4).astype(float))
    assert found.area[0] == pytest.approx(area, rel=1e-13)
    assert np.sqrt((found.influence[0] ** 2).sum()) / 300 == pytest.approx(error, rel=5e-3)


def test_censoring_curve_puts_events_before_censorings():
    censoring = Censoring(np.array([1.0, 2, 2, 3]), np.array([False, True, False, True]))
    assert censoring.at_risk.tolist() == [3, 2, 1]
    assert censoring.before().tolist() == [1, 1, 1, 0.5]
    assert censoring.at(2) == 0.5
    assert censoring.at(3) == 0


def test_lower_scores_may_speak_for_the_event(breast, settings):
    entry = {"duration": "time", "event": "cens", "times": [1000]}
    up = pick(fit(breast, settings, scores=["pnodes"], **entry), quantity="time_auc")
    turned = breast.assign(pnodes=-breast["pnodes"]).sample(frac=1, random_state=1)
    down = pick(fit(turned, settings, scores=["pnodes"], lower=["pnodes"], **entry), quantity="time_auc")
    assert up["estimate"] == pytest.approx(down["estimate"], rel=1e-13)
    assert up["std_error"] == pytest.approx(down["std_error"], rel=1e-12)


def test_bootstrap_is_near_the_influence_function_and_seeded(breast, settings):
    entry = {"scores": ["pnodes"], "duration": "time", "event": "cens", "times": [1000]}
    exact = pick(fit(breast, settings, **entry), quantity="time_auc")
    one, two = (fit(breast, settings, **entry, interval="bootstrap", bootstrap=600) for _ in range(2))
    pd.testing.assert_frame_equal(one.estimates, two.estimates)
    sampled = pick(one, quantity="time_auc")
    assert sampled["std_error"] == pytest.approx(exact["std_error"], rel=0.1)
    assert sampled["conf_low"] == pytest.approx(exact["conf_low"], abs=0.01)


def test_intervals_cover_in_simulated_cohorts():
    """600 cohorts of 200, a third censored: between 92.5 and 97 % of the 95 % intervals hold the truth."""
    rng = np.random.default_rng(4)
    big = rng.normal(size=400_000)
    late = rng.exponential(np.exp(-big))
    truth = auc(big, (late <= 1).astype(float))[0]
    hits = 0
    for _ in range(600):
        score = rng.normal(size=200)
        event_time, censored = rng.exponential(np.exp(-score)), rng.exponential(2.5, 200)
        found = time_auc(score[None], np.minimum(event_time, censored), (event_time <= censored).astype(float), 1.0)
        half = 1.96 * np.sqrt((found.influence[0] ** 2).sum() / (200 * 199))
        hits += abs(found.area[0] - truth) < half
    assert 0.925 < hits / 600 < 0.97


def test_curve_has_a_point_for_every_score_and_time(breast, settings):
    result = fit(breast, settings, scores=["pnodes", "tsize"], duration="time", event="cens", times=[1500, 500])
    assert list(result.curve.columns) == ["term", "time", "auc", "conf_low", "conf_high"]
    assert result.curve["time"].tolist() == [500, 500, 1500, 1500]
    assert pick(result, term="pnodes", scale="500 days")["n_events"] == ((breast["time"] <= 500) & breast["cens"]).sum()


def test_times_without_cases_or_controls_are_said(breast, settings):
    result = fit(breast, settings, scores=["pnodes"], duration="time", event="cens", times=[5, 80, 9000])
    assert codes(result).count("no_case_or_control") == 2
    assert result.estimates["estimate"].isna().tolist() == [True, False, True]
    assert "few_cases_or_controls" in codes(result)


def test_one_event_has_an_area_without_interval(settings):
    frame = pd.DataFrame({"s": [1.0, 2, 3, 4], "time": [1.0, 2, 3, 4], "d": [0, 1, 0, 0]})
    for interval in ("influence", "bootstrap"):
        found = pick(
            fit(frame, settings, scores=["s"], duration="time", event="d", times=[3], interval=interval), term="s"
        )
        assert found["estimate"] == 0
        assert np.isnan(found["conf_low"])


@pytest.mark.parametrize(
    ("change", "entry", "sentence"),
    [
        ({"cens": 0}, {}, "column 'cens': found no event among 686 rows"),
        ({"pnodes": 2}, {}, "column 'pnodes': all 686 rows are 2, expected a score that varies"),
        ({"pnodes": np.nan}, {}, "no row is complete"),
        ({}, {"lower": ["age"]}, "lower: found 'age'"),
        ({}, {"competing": "first"}, "both are 1 in .* rows, expected one of them at most"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(breast, settings, change, entry, sentence):
    entry = {"scores": ["pnodes"], "duration": "time", "event": "cens", "times": [1000], **entry}
    with pytest.raises(InputError, match=sentence):
        fit(breast.assign(**change), settings, **entry)
