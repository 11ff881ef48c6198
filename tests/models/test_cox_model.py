"""What a Cox model says: units, scales, warnings, refusals."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import cox
from recohort.models.result import COLUMNS
from recohort.models.survival.concordance import concordance

ENTRY = {"duration": "time", "event": "event"}


@pytest.fixture
def cohort():
    rng = np.random.default_rng(5)
    n = 120
    frame = pd.DataFrame({"chi": rng.normal(0.4, 0.185, n), "age": rng.normal(50, 10, n)})
    time = rng.exponential(20 * np.exp(-3 * (frame["chi"] - 0.4)))
    frame["time"], frame["event"] = np.minimum(time, 30), (time < 30).astype(int)
    return frame


def fit(frame, settings, kinds=None, **entry):
    columns = declare(frame, **({"chi": {"type": "number", "unit": "ppm"}} | (kinds or {})))
    return cox.fit(frame, **settings("cox", **{**ENTRY, **entry}), columns=columns)


def test_result_has_the_agreed_columns(cohort, settings):
    result = fit(cohort, settings, exposure="chi", covariates=["age"])
    assert tuple(result.estimates.columns) == COLUMNS
    assert list(result.warnings.columns) == ["code", "message"]
    assert result.curve.empty


def test_exposure_is_reported_per_unit_per_tenth_per_sd_and_per_iqr(cohort, settings):
    result = fit(cohort, settings, exposure="chi", covariates=["age"], scales=["unit", 0.1, "sd", "iqr"])
    rows = result.estimates.query("term == 'chi' and quantity == 'hazard_ratio'")
    sd, iqr = cohort["chi"].std(ddof=1), cohort["chi"].quantile(0.75) - cohort["chi"].quantile(0.25)
    words = ["per 1 ppm", "per 0.1 ppm", f"per SD ({sd:.3g} ppm)", f"per IQR ({iqr:.3g} ppm)"]
    assert rows["scale"].tolist() == words
    beta = pick(result, term="chi", quantity="coefficient")["estimate"]
    np.testing.assert_allclose(rows["estimate"], np.exp(beta * np.array([1, 0.1, sd, iqr])), rtol=1e-12)
    assert len(set(rows["p_value"])) == 1
    assert result.estimates.query("term == 'age' and quantity == 'hazard_ratio'")["scale"].tolist() == ["per 1"]


def test_hazard_ratio_does_not_depend_on_the_unit(cohort, settings):
    ppm = pick(fit(cohort, settings, exposure="chi"), quantity="hazard_ratio", scale="per 1 ppm")
    in_ppb = fit(cohort.assign(chi=1000 * cohort["chi"]), settings, exposure="chi", scales=["unit"])
    ppb = pick(in_ppb, quantity="hazard_ratio")
    for name in ("estimate", "conf_low", "conf_high"):
        assert ppb[name] == pytest.approx(ppm[name] ** (1 / 1000), rel=1e-12)


def test_category_is_compared_with_its_first_declared_level(cohort, settings):
    stratum = pd.cut(cohort["chi"], 3, labels=["low", "intermediate", "high"]).astype(str)
    kinds = {"stratum": {"type": "category", "levels": ["low", "intermediate", "high"]}}
    result = fit(cohort.assign(stratum=stratum), settings, kinds, exposure="stratum")
    rows = result.estimates.query("quantity == 'hazard_ratio'")
    assert rows["scale"].tolist() == ["intermediate against low", "high against low"]
    assert pick(result, term="stratum", quantity="ph_test")["df"] == 2


def test_levels_are_the_same_as_text_and_as_numbers(cohort, settings):
    kinds = {"grade": {"type": "category", "levels": ["1", "2"]}}
    grade = np.where(cohort["age"] > 50, 2, 1)
    one = fit(cohort.assign(grade=grade), settings, kinds, exposure="grade")
    two = fit(cohort.assign(grade=grade.astype(float)), settings, kinds, exposure="grade")
    pd.testing.assert_frame_equal(one.estimates, two.estimates)


def test_incomplete_rows_are_counted_by_column(cohort, settings):
    cohort.loc[:4, "age"] = np.nan
    result = fit(cohort, settings, exposure="chi", covariates=["age"])
    message = result.warnings.set_index("code").loc["incomplete_rows", "message"]
    assert message == "5 of 120 rows are left out because a value is missing (age 5)."
    assert pick(result, term="chi", quantity="coefficient")["n"] == 115


def test_few_events_are_warned_about(cohort, settings):
    cohort["event"] = 0
    cohort.loc[cohort.index[:15], "event"] = 1
    assert "events_per_variable" in codes(fit(cohort, settings, exposure="chi", covariates=["age"]))


def test_one_event_is_fitted_or_called_separated(cohort, settings):
    cohort["event"] = 0
    middle = cohort["chi"].sub(cohort["chi"].median()).abs().idxmin()
    cohort.loc[middle, ["event", "time"]] = [1, 1.0]
    result = fit(cohort, settings, exposure="chi")
    assert "events_per_variable" in codes(result)
    assert np.isfinite(pick(result, quantity="coefficient")["estimate"])
    cohort["event"] = 0
    cohort.loc[cohort["chi"].idxmax(), ["event", "time"]] = [1, 1.0]
    result = fit(cohort, settings, exposure="chi")
    assert "monotone_likelihood" in codes(result)


@pytest.mark.parametrize("share", [0.5, 0.04])
def test_separation_gives_no_finite_number(cohort, settings, share):
    carrier = (np.arange(120) < 120 * share).astype(int)
    cohort["event"] = np.where(carrier == 1, 0, cohort["event"])
    kinds = {"carrier": {"type": "boolean"}}
    result = fit(cohort.assign(carrier=carrier), settings, kinds, exposure="carrier", covariates=["age"])
    assert "monotone_likelihood" in codes(result)
    ratio = pick(result, term="carrier", quantity="hazard_ratio")
    assert ratio["estimate"] == 0
    assert np.isnan(ratio["p_value"])
    assert np.isnan(ratio["conf_high"])
    other = pick(result, term="age", quantity="coefficient")
    left = fit(cohort[carrier == 0].reset_index(drop=True), settings, covariates=["age"])
    assert other["estimate"] == pytest.approx(pick(left, term="age", quantity="coefficient")["estimate"], rel=1e-6)
    assert other["std_error"] == pytest.approx(pick(left, term="age", quantity="coefficient")["std_error"], rel=1e-6)
    assert result.estimates.query("quantity == 'ph_test'").empty


def refusals(cohort):
    twin = cohort.assign(twin=2 * cohort["chi"] - cohort["age"])
    only_early = cohort.assign(late=(cohort["time"] < cohort.loc[cohort["event"] == 1, "time"].min()).astype(int))
    only_early.loc[0, ["time", "event", "late"]] = [1e-6, 0, 1]
    return {
        "no event": (cohort.assign(event=0), {"exposure": "chi"}, "found no event among 120 rows"),
        "constant": (cohort.assign(age=40.0), {"covariates": ["chi", "age"]}, "age: does not vary among those at risk"),
        "collinear": (twin, {"covariates": ["chi", "age", "twin"]}, "chi, age, twin: are collinear"),
        "not at risk": (only_early, {"covariates": ["chi", "late"]}, "late: does not vary among those at risk"),
        "negative": (cohort.assign(time=cohort["time"] - 5), {"exposure": "chi"}, "expected no negative follow-up"),
        "no 0 or 1": (cohort.assign(event=2), {"exposure": "chi"}, "column 'event': found 2, expected 0 or 1"),
        "text": (cohort.assign(age="old"), {"exposure": "age"}, "column 'age': found 'old', expected a number"),
        "absent": (cohort, {"exposure": "iron"}, "column 'iron': not found in the cohort's table"),
        "twice": (cohort, {"exposure": "chi", "covariates": ["chi"]}, "column 'chi': is listed twice"),
        "nothing": (cohort, {}, "neither exposure nor covariates"),
        "all missing": (cohort.assign(age=np.nan), {"exposure": "age"}, "no row is complete"),
    }


@pytest.mark.parametrize(
    "case",
    [
        "no event",
        "constant",
        "collinear",
        "not at risk",
        "negative",
        "no 0 or 1",
        "text",
        "absent",
        "twice",
        "nothing",
        "all missing",
    ],
)
def test_bad_input_is_refused_in_a_sentence(case, cohort, settings):
    frame, entry, sentence = refusals(cohort)[case]
    with pytest.raises(InputError, match=sentence.replace("(", r"\(")):
        fit(frame, settings, **entry)


def test_undeclared_level_is_refused(cohort, settings):
    kinds = {"sex": {"type": "category", "levels": ["female", "male"]}}
    with pytest.raises(InputError, match="column 'sex': found 'unsure', expected one of female, male"):
        fit(cohort.assign(sex="unsure"), settings, kinds, exposure="sex")


def test_absent_reference_level_is_announced(cohort, settings):
    kinds = {"site": {"type": "category", "levels": ["pons", "medulla", "midbrain"]}}
    site = np.where(cohort["age"] > 50, "medulla", "midbrain")
    result = fit(cohort.assign(site=site), settings, kinds, exposure="site")
    message = result.warnings.set_index("code").loc["level_absent", "message"]
    assert message == "site: no analysed row has the level pons; the reference is medulla instead."


def test_concordance_counts_pairs():
    rng = np.random.default_rng(2)
    time, event = rng.integers(1, 12, 80).astype(float), rng.integers(0, 2, 80)
    score, strata = rng.integers(0, 6, 80).astype(float), rng.integers(0, 3, 80)
    won = total = 0.0
    for i in range(80):
        for j in range(80):
            later = time[j] > time[i] or (time[j] == time[i] and not event[j])
            if i != j and event[i] and later and strata[i] == strata[j]:
                total += 1
                won += 1.0 if score[i] > score[j] else 0.5 * (score[i] == score[j])
    assert concordance(time, event, score, strata)[0] == pytest.approx(won / total, rel=1e-14)


@pytest.mark.slow
def test_intervals_cover_the_truth(settings):
    """Over 2,000 simulated cohorts the 95 % interval holds the true log hazard ratio in 94 to 96.2 % of them."""
    rng, beta, covered = np.random.default_rng(11), np.log(1.8), 0
    entry = settings("cox", duration="time", event="event", exposure="x", covariates=["z"], scales=["unit"])
    for _ in range(2000):
        x, z = rng.normal(size=150), rng.integers(0, 2, 150)
        time = rng.exponential(np.exp(-beta * x - 0.5 * z))
        censored = rng.exponential(1.5, 150)
        frame = pd.DataFrame(
            {"time": np.minimum(time, censored), "event": (time <= censored).astype(int), "x": x, "z": z}
        )
        result = cox.fit(frame, **entry, columns=declare(frame))
        row = pick(result, term="x", quantity="coefficient")
        covered += row["conf_low"] <= beta <= row["conf_high"]
    assert 0.94 <= covered / 2000 <= 0.962
