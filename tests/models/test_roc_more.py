"""Partial areas, targets, bands and bootstrap intervals of ROC curves against pROC (tests/reference/R/roc_more.R)."""

import time

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.core.seeds import generator
from recohort.models import roc
from recohort.models.accuracy.delong import partial_area, points, reaching, sensitivity_at
from recohort.models.accuracy.optimism import threshold_optimism
from recohort.models.accuracy.roc_sampling import bootstrap_areas, bootstrap_bands

SCORES = {
    "pnodes": ("gbsg2", "cens", "pnodes", 1),
    "progrec": ("gbsg2", "cens", "progrec", -1),
    "rossi_age": ("rossi", "arrest", "age", -1),
}


def curve_of(inputs, name):
    table, outcome, score, sign = SCORES[name]
    frame = inputs[table]
    return points(sign * frame[score].to_numpy(float), frame[outcome].to_numpy(float))


def fit(frame, settings, **entry):
    entry = {"score": "chi", "outcome": "bled", "bootstrap": 0, **entry}
    return roc.fit(frame, **settings("roc", **entry), seed=3, columns=declare(frame))


@pytest.fixture
def cohort():
    rng = np.random.default_rng(8)
    case = (np.arange(86) < 30).astype(int)
    return pd.DataFrame({"chi": rng.normal(0.4 + 0.18 * case, 0.19).round(2), "bled": case})


@pytest.mark.parametrize("name", SCORES)
def test_partial_areas_agree_with_proc(name, inputs, reference):
    curve = curve_of(inputs, name)
    for term, rows in reference("roc_more", f"partial_{name}").groupby("term"):
        focus, low, _, high = term.split()
        area, corrected = partial_area(curve, focus, float(low), float(high))
        expected = rows.set_index("quantity")["value"]
        assert area == pytest.approx(expected["partial_auc"], rel=1e-13)
        if np.isnan(expected["partial_auc_corrected"]):
            assert np.isnan(corrected)
        else:
            assert corrected == pytest.approx(expected["partial_auc_corrected"], rel=1e-13)


def test_partial_areas_of_neighbouring_ranges_add_up_to_the_whole(inputs):
    curve = curve_of(inputs, "pnodes")
    parts = [partial_area(curve, "specificity", low, low + 0.25)[0] for low in (0, 0.25, 0.5, 0.75)]
    assert sum(parts) == pytest.approx(partial_area(curve, "sensitivity", 0, 1)[0], rel=1e-13)


def test_standardised_partial_area_is_half_on_the_diagonal_and_one_for_a_perfect_score():
    case = np.tile([0.0, 1.0], 50)
    diagonal = points(np.repeat(np.arange(50.0), 2), case)
    assert partial_area(diagonal, "specificity", 0.8, 0.95)[1] == pytest.approx(0.5)
    assert partial_area(points(case, case), "sensitivity", 0.3, 0.4)[1] == pytest.approx(1)


def test_sensitivity_at_a_specificity_agrees_with_proc(inputs, reference):
    expected = reference("roc_more", "band_progrec")
    found = sensitivity_at(curve_of(inputs, "progrec"), 1 - expected["term"].astype(float).to_numpy())
    np.testing.assert_allclose(found, expected["value"], rtol=1e-13)


@pytest.mark.parametrize("name", ["pnodes", "progrec"])
def test_targets_are_reached_where_proc_reaches_them(name, inputs, reference, settings):
    table, outcome, score, sign = SCORES[name]
    for term, rows in reference("roc_more", f"target_{name}").groupby("term"):
        rule, target = term.split()
        frame = inputs[table]
        entry = {"score": score, "outcome": outcome, "direction": "higher" if sign > 0 else "lower"}
        result = fit(frame, settings, **entry, threshold={"rule": rule, "value": float(target)})
        for quantity, value in rows.set_index("quantity")["value"].items():
            assert pick(result, quantity=quantity)["estimate"] == pytest.approx(value, rel=1e-13)
        assert "threshold_tested_on_same_data" in codes(result)
        assert f"{rule} of at least {target}" in pick(result, quantity="threshold")["method"]


def test_a_target_that_only_calling_everybody_positive_reaches_is_refused(settings):
    frame = pd.DataFrame({"chi": [1.0, 2.0, 3.0, 4.0], "bled": [1, 0, 0, 1]})
    with pytest.raises(InputError, match="sensitivity of 1 is reached only where everybody is positive"):
        fit(frame, settings, threshold={"rule": "sensitivity", "value": 1})
    frame["bled"] = [0, 1, 1, 0]
    with pytest.raises(InputError, match=r"specificity of 0\.9 is reached only where nobody is positive"):
        fit(frame, settings, threshold={"rule": "specificity", "value": 0.9})
    with pytest.raises(InputError, match="expected a share above 0, at most 1"):
        fit(frame, settings, threshold={"rule": "specificity", "value": 90})


@pytest.mark.parametrize(("rule", "target"), [("sensitivity", 0.8), ("specificity", 0.9), ("specificity", 0.99)])
def test_optimism_of_a_target_equals_a_plain_loop(cohort, rule, target):
    score, case = cohort["chi"].round(1).to_numpy(), cohort["bled"].to_numpy(float)
    found = threshold_optimism(score, case, rule=rule, target=target, bootstrap=60, generator=generator(1, "a"))
    values = np.unique(score)[::-1]
    weights = [np.array([((score == v) & (case == c)).sum() for v in values]) for c in (1, 0)]
    rng = generator(1, "a")
    drawn = [rng.multinomial(group.sum(), group / group.sum(), 60) for group in weights]
    for b in range(60):
        sample = np.r_[np.repeat(values, drawn[0][b]), np.repeat(values, drawn[1][b])]
        label = np.r_[np.ones(weights[0].sum()), np.zeros(weights[1].sum())]
        curve = points(sample, label)
        best = reaching(curve, rule, target)
        cut = curve.threshold[best]
        if not np.isfinite(cut):
            assert np.isnan(found[0][b])
            assert found[1][b] == found[2][b] == 0
            continue
        assert found[0][b] == pytest.approx(cut)
        assert found[1][b] == pytest.approx(curve.sensitivity[best] - np.mean(score[case == 1] >= cut), abs=1e-14)
        assert found[2][b] == pytest.approx(curve.specificity[best] - np.mean(score[case == 0] < cut), abs=1e-14)


def test_a_fixed_threshold_beyond_the_scores_is_said(cohort, settings):
    result = fit(cohort, settings, threshold={"rule": "fixed", "value": 50})
    assert "threshold_outside_scores" in codes(result)
    assert pick(result, quantity="sensitivity")["estimate"] == 0
    assert np.isnan(pick(result, quantity="ppv")["estimate"])


def test_bootstrapped_areas_are_those_of_the_samples():
    """The counting over sorted controls, repeated with every drawn pair."""
    rng = np.random.default_rng(3)
    case = (np.arange(40) < 15).astype(float)
    scores = np.array([rng.integers(0, 6, 40) + case, rng.normal(size=40)])
    found = bootstrap_areas(scores, case, bootstrap=30, generator=generator(4, "b"))
    source = generator(4, "b")
    controls = source.integers(0, 25, (30, 25), dtype=np.uint16)
    cases = source.integers(0, 15, (30, 15), dtype=np.uint16)
    for b in range(30):
        for k, score in enumerate(scores):
            gap = score[case == 1][cases[b]][:, None] - score[case == 0][controls[b]]
            assert found[b, k] == pytest.approx(np.mean((gap > 0) + 0.5 * (gap == 0)), rel=1e-13)


def test_bootstrap_interval_is_near_delongs(cohort, settings):
    sampled = pick(fit(cohort, settings, auc_interval="bootstrap", bootstrap=2000), quantity="auc")
    exact = pick(fit(cohort, settings), quantity="auc")
    assert sampled["estimate"] == exact["estimate"]
    assert sampled["std_error"] == pytest.approx(exact["std_error"], rel=0.06)
    assert sampled["conf_low"] == pytest.approx(exact["conf_low"], abs=0.015)


def test_areas_of_two_thousand_samples_take_less_than_a_fifth_of_procs_time():
    """pROC 1.18.0 takes 5.5 s for 10,000 patients."""
    rng = np.random.default_rng(1)
    case = (rng.random(10_000) < 0.3).astype(float)
    score = rng.normal(size=10_000) + case
    start = time.process_time()
    bootstrap_areas(score[None], case, bootstrap=2000, generator=rng)
    assert time.process_time() - start < 1.1


def test_band_holds_the_curve_and_is_that_of_the_samples(cohort, settings):
    curve = fit(cohort, settings, band=True, bootstrap=400).curve
    assert list(curve.columns)[-2:] == ["conf_low", "conf_high"]
    inner = curve[curve["false_positive_rate"].between(0.05, 0.95)]
    assert (inner["conf_low"] <= inner["sensitivity"]).all()
    assert (inner["conf_high"] >= inner["sensitivity"]).mean() > 0.9
    score, case = cohort["chi"].to_numpy(), cohort["bled"].to_numpy(float)
    heights, _ = bootstrap_bands(
        score, case, at=np.array([0.2]), partial=None, bootstrap=5, generator=generator(1, "band")
    )
    source = generator(1, "band")
    for b in range(5):
        drawn = [source.integers(0, size, size) for size in (30, 56)]
        sample = points(np.r_[score[case == 1][drawn[0]], score[case == 0][drawn[1]]], np.r_[np.ones(30), np.zeros(56)])
        assert heights[b, 0] == pytest.approx(sensitivity_at(sample, np.array([0.2]))[0], rel=1e-12)


def test_a_large_curve_has_limits_at_some_of_its_points(settings):
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"chi": rng.normal(size=3000), "bled": (rng.random(3000) < 0.4).astype(int)})
    limits = fit(frame, settings, band=True, bootstrap=20).curve[["false_positive_rate", "conf_low"]].dropna()
    assert 400 < limits["false_positive_rate"].nunique() <= 500


def test_partial_area_has_an_interval_from_samples_alone(cohort, settings):
    part = {"of": "specificity", "from": 0.8, "to": 1}
    without = pick(fit(cohort, settings, partial=part), quantity="partial_auc")
    assert np.isnan(without["conf_low"])
    sampled = pick(fit(cohort, settings, partial=part, bootstrap=500), quantity="partial_auc")
    assert sampled["conf_low"] < sampled["estimate"] == without["estimate"] < sampled["conf_high"]
    assert sampled["scale"] == "specificity 0.8 to 1"


@pytest.mark.parametrize("entry", [{"band": True}, {"auc_interval": "bootstrap"}])
def test_a_band_without_samples_is_refused(cohort, settings, entry):
    with pytest.raises(InputError, match="found 0 samples"):
        fit(cohort, settings, **entry)


def test_a_single_event_has_no_interval_of_any_kind(cohort, settings):
    cohort["bled"] = (np.arange(86) == 3).astype(int)
    for entry in ({}, {"auc_interval": "bootstrap", "bootstrap": 100}):
        result = fit(
            cohort.assign(chi=np.arange(86.0) % 50), settings, **entry, threshold={"rule": "fixed", "value": 1}
        )
        assert np.isnan(pick(result, quantity="auc")["conf_low"])
        assert "single_case" in codes(result)
