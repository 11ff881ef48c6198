"""Fine and Gray's model against R's finegray with coxph, and crr (tests/reference/R/competing.R), and by simulation."""

from time import perf_counter

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import cox, fine_gray
from recohort.models.survival.subdistribution import fit_subdistribution, uncensored

GROUPS = {
    "horTh": {"type": "boolean"},
    "menostat": {"type": "category", "levels": ["Pre", "Post"]},
    "tgrade": {"type": "category", "levels": ["I", "II", "III"]},
}
TERMS = ["horTh", "age", "pnodes", "menostat", "tgrade"]
BOTH = {"event": "event", "competing": "competing"}


def run(frame, settings, **entry):
    entry = settings("fine_gray", **BOTH, **entry)
    return fine_gray.fit(frame, **entry, columns=declare(frame, **GROUPS))


def values(reference, case, quantity):
    rows = reference("competing", case)
    return rows[rows["quantity"] == quantity]["value"].to_numpy(float)


@pytest.mark.parametrize(
    ("case", "duration", "ties"),
    [
        ("finegray_months", "month", "efron"),
        ("finegray_months_breslow", "month", "breslow"),
        ("finegray_days", "day", "efron"),
    ],
)
def test_model_agrees_with_finegray_and_coxph(case, duration, ties, inputs, settings, reference):
    result = run(inputs["competing"], settings, duration=duration, covariates=TERMS, ties=ties)
    rows = result.estimates.query("quantity == 'coefficient'")
    np.testing.assert_allclose(rows["estimate"], values(reference, case, "coefficient"), rtol=1e-10)
    np.testing.assert_allclose(rows["std_error"], values(reference, case, "std_error"), rtol=1e-10)
    loglik = pick(result, quantity="log_likelihood")["estimate"]
    assert loglik == pytest.approx(values(reference, case, "log_likelihood")[0], rel=1e-12)
    assert pick(result, quantity="wald_test")["statistic"] == pytest.approx(
        values(reference, case, "wald_test")[0], rel=1e-10
    )


def test_crr_gives_the_same_coefficients_where_no_times_are_tied(inputs, settings, reference):
    result = run(inputs["competing"], settings, duration="day", covariates=TERMS)
    rows = result.estimates.query("quantity == 'coefficient'")
    np.testing.assert_allclose(rows["estimate"], values(reference, "crr_days", "coefficient"), rtol=1e-7)
    np.testing.assert_allclose(rows["std_error"], values(reference, "crr_days", "std_error"), rtol=2e-3)


def test_crr_departs_in_the_third_digit_where_times_are_tied(inputs, settings, reference):
    result = run(inputs["competing"], settings, duration="month", covariates=TERMS, ties="breslow")
    rows = result.estimates.query("quantity == 'coefficient'")
    np.testing.assert_allclose(rows["estimate"], values(reference, "crr_months", "coefficient"), rtol=1e-2)


def test_ratios_are_per_what_they_say(inputs, settings):
    frame = inputs["competing"]
    result = run(frame, settings, duration="month", exposure="age", covariates=["tgrade"], scales=["unit", "sd", 10])
    beta = pick(result, term="age", quantity="coefficient")
    spread = frame["age"].std()
    for scale, amount in (("per 1", 1), (f"per SD ({spread:.3g})", spread), ("per 10", 10)):
        row = pick(result, term="age", quantity="subdistribution_hazard_ratio", scale=scale)
        assert row["estimate"] == pytest.approx(np.exp(amount * beta["estimate"]))
        assert row["std_error"] == pytest.approx(amount * beta["std_error"])
        assert row["conf_low"] == pytest.approx(np.exp(amount * beta["conf_low"]))
        assert row["p_value"] == beta["p_value"]
    row = pick(result, term="tgrade", quantity="subdistribution_hazard_ratio", scale="III against I")
    assert (row["n"], row["n_events"]) == (len(frame), frame["event"].sum())
    assert row["method"] == "Fine-Gray (efron), robust Wald interval"
    assert pick(result, quantity="n_competing")["estimate"] == frame["competing"].sum()
    assert result.curve.empty


def test_without_competing_events_it_is_a_cox_model(inputs, settings):
    frame = inputs["rossi"].assign(died=0)
    names = ["fin", "age", "prio"]
    entry = {"duration": "week", "event": "arrest", "covariates": names}
    ours = fine_gray.fit(frame, **settings("fine_gray", competing="died", **entry), columns=declare(frame))
    theirs = cox.fit(frame, **settings("cox", **entry), columns=declare(frame))
    for name in names:
        left, right = (pick(result, term=name, quantity="coefficient") for result in (ours, theirs))
        assert left["estimate"] == pytest.approx(right["estimate"], rel=1e-9)
        assert left["std_error"] == pytest.approx(right["std_error"], rel=0.2)
        assert left["std_error"] != right["std_error"]
    assert codes(ours) == ["no_competing_event"]


def test_without_censoring_who_had_the_competing_event_stays_at_risk_for_good(inputs, settings):
    """Then the subdistribution hazard is the hazard of a time that the competing event sets to infinity."""
    frame = inputs["competing"].query("cens == 1")
    forever = frame.assign(day=frame["day"].where(frame["event"] == 1, 1e6))
    ours = run(frame, settings, duration="day", covariates=["age", "pnodes"])
    theirs = cox.fit(
        forever, **settings("cox", duration="day", event="event", covariates=["age", "pnodes"]), columns=declare(frame)
    )
    for name in ("age", "pnodes"):
        left, right = (pick(result, term=name, quantity="coefficient") for result in (ours, theirs))
        assert left["estimate"] == pytest.approx(right["estimate"], rel=1e-9)


def test_order_of_rows_and_units_do_not_matter(inputs, settings):
    frame = inputs["competing"]
    first = run(frame, settings, duration="month", covariates=["age", "pnodes"])
    again = run(frame.sample(frac=1, random_state=2), settings, duration="month", covariates=["age", "pnodes"])
    pd.testing.assert_frame_equal(first.estimates, again.estimates, rtol=1e-9)
    scaled = run(
        frame.assign(age=-1000 * frame["age"], month=7 * frame["month"]),
        settings,
        duration="month",
        covariates=["age", "pnodes"],
    )
    ours, theirs = (pick(result, term="age", quantity="coefficient") for result in (first, scaled))
    assert theirs["estimate"] == pytest.approx(-ours["estimate"] / 1000, rel=1e-9)
    assert theirs["p_value"] == pytest.approx(ours["p_value"], rel=1e-8)


def test_being_uncensored_by_hand():
    time, cause = np.array([1.0, 2, 2, 2, 3, 4]), np.array([0, 1, 0, 2, 0, 1])
    steps = uncensored(time, cause, np.array([1.0, 1.5, 2, 3, 4, 9]))
    np.testing.assert_allclose(steps, [1, 5 / 6, 5 / 6, 5 / 6 * 2 / 3, 5 / 6 * 2 / 3 / 2, 5 / 6 * 2 / 3 / 2])


def test_landmark_leaves_out_who_is_gone(inputs, settings):
    frame = inputs["competing"]
    moved = run(frame, settings, duration="month", covariates=["age"], landmark=12)
    later = frame.query("month > 12").assign(month=lambda rows: rows["month"] - 12)
    pd.testing.assert_frame_equal(moved.estimates, run(later, settings, duration="month", covariates=["age"]).estimates)
    assert "landmark" in codes(moved)


def test_separation_is_recognised(settings, inputs):
    frame = inputs["competing"].copy()
    frame["flag"] = 1 - frame["event"].where(frame["age"] > 50, 0)
    frame = frame[(frame["event"] == 0) | (frame["flag"] == 0)]
    result = run(frame, settings, duration="month", covariates=["flag", "age"])
    row = pick(result, term="flag", quantity="coefficient")
    assert row["estimate"] == -np.inf
    assert np.isnan(row["std_error"])
    assert pick(result, term="flag", quantity="subdistribution_hazard_ratio")["estimate"] == 0
    assert np.isfinite(pick(result, term="age", quantity="coefficient")["std_error"])
    assert "monotone_likelihood" in codes(result)
    assert np.isnan(pick(result, quantity="wald_test")["p_value"])


@pytest.mark.parametrize("censored", [0.0, 0.3])
def test_planted_subdistribution_hazard_is_covered(censored):
    """Fine and Gray's own design: F1 = 1 - (1 - p (1 - exp(-t)))^exp(beta x), the rest competing."""
    rng = np.random.default_rng(17)
    beta, p, covered, estimates = 0.7, 0.4, 0, []
    for _ in range(300):
        x = rng.integers(0, 2, 250).astype(float)
        ratio = np.exp(beta * x)
        reach = 1 - (1 - p) ** ratio
        first = rng.random(250) < reach
        inverse = -np.log(1 - (1 - (1 - rng.random(250) * reach) ** (1 / ratio)) / p)
        time = np.where(first, inverse, rng.exponential(1 / ratio))
        end = rng.exponential(1 / censored, 250) if censored else np.full(250, np.inf)
        cause = np.where(end < time, 0, np.where(first, 1, 2))
        found = fit_subdistribution(np.minimum(time, end), cause, x[:, None], ties="efron", names=["x"])
        estimates.append(found.beta[0])
        covered += abs(found.beta[0] - beta) < 1.96 * np.sqrt(found.covariance[0, 0])
    assert np.mean(estimates) == pytest.approx(beta, abs=0.04)
    assert 0.92 <= covered / 300 <= 0.98


def test_ten_thousand_patients_take_less_than_seconds():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(10_000, 6))
    follow = np.ceil(1000 * rng.exponential(size=10_000)) / 10
    start = perf_counter()
    fit_subdistribution(follow, rng.integers(0, 3, 10_000), x, ties="efron", names=list("abcdef"))
    assert perf_counter() - start < 3


@pytest.mark.parametrize(
    ("change", "entry", "sentence"),
    [
        ({}, {"covariates": []}, "neither exposure nor covariates"),
        ({"event": 0}, {}, "found no event among 686 rows"),
        ({"competing": 1}, {}, "columns 'event' and 'competing': both are 1"),
        ({"age": 50}, {}, "age: does not vary among those at risk"),
        ({}, {"covariates": ["age", "twice"]}, "age, twice: are collinear"),
        ({}, {"landmark": 1000}, "landmark 1000: the longest month is"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(inputs, settings, change, entry, sentence):
    frame = inputs["competing"].assign(**change)
    frame["twice"] = 2 * frame["age"]
    with pytest.raises(InputError, match=sentence):
        run(frame, settings, **{"duration": "month", "covariates": ["age"], **entry})
