"""ROC analyses against R's pROC 1.18.0 (tests/reference/R/roc.R), and by hand."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import roc
from recohort.models.accuracy.delong import points, youden
from recohort.models.accuracy.proportion import proportion_interval

CASES = {
    "gbsg2_pnodes": ("gbsg2", "cens", "pnodes", "higher"),
    "gbsg2_progrec": ("gbsg2", "cens", "progrec", "lower"),
    "gbsg2_time": ("gbsg2", "cens", "time", "lower"),
    "rossi_age": ("rossi", "arrest", "age", "lower"),
    "lung_age": ("lung", "status", "age", "higher"),
}


def fit(frame, settings, **entry):
    entry = {"bootstrap": 0, **entry}
    return roc.fit(
        frame, **settings("roc", **entry), seed=3, columns=declare(frame, chi={"type": "number", "unit": "ppm"})
    )


@pytest.mark.parametrize("case", CASES)
def test_area_threshold_and_accuracy_agree_with_proc(case, inputs, settings, reference):
    name, outcome, score, direction = CASES[case]
    result = fit(inputs[name], settings, score=score, outcome=outcome, direction=direction)
    expected = reference("roc", case).set_index("quantity")["value"]
    area = pick(result, quantity="auc")
    assert area["estimate"] == pytest.approx(expected["auc"], rel=1e-13)
    for quantity in ("std_error", "conf_low", "conf_high"):
        assert area[quantity] == pytest.approx(expected[quantity], rel=1e-12)
    assert expected["n_best"] == 1
    for quantity in ("threshold", "sensitivity", "specificity", "ppv", "npv"):
        assert pick(result, quantity=quantity)["estimate"] == pytest.approx(expected[quantity], rel=1e-13)


@pytest.fixture
def cohort():
    rng = np.random.default_rng(8)
    case = (np.arange(86) < 30).astype(int)
    return pd.DataFrame({"chi": rng.normal(0.4 + 0.18 * case, 0.19), "bled": case})


ENTRY = {"score": "chi", "outcome": "bled"}


def test_area_is_the_share_of_concordant_pairs(cohort, settings):
    cohort["chi"] = cohort["chi"].round(1)
    cases, controls = cohort["chi"][cohort["bled"] == 1], cohort["chi"][cohort["bled"] == 0]
    pairs = cases.to_numpy()[:, None] - controls.to_numpy()
    share = np.mean((pairs > 0) + 0.5 * (pairs == 0))
    assert pick(fit(cohort, settings, **ENTRY), quantity="auc")["estimate"] == pytest.approx(share, rel=1e-14)


def test_reversed_score_gives_the_same_answers(cohort, settings):
    up = fit(cohort, settings, **ENTRY, bootstrap=50)
    down = fit(cohort.assign(chi=-cohort["chi"]), settings, **ENTRY, direction="lower", bootstrap=50)
    for quantity in ("auc", "sensitivity", "specificity", "youden_optimism"):
        assert pick(up, quantity=quantity)["estimate"] == pytest.approx(pick(down, quantity=quantity)["estimate"])
    assert pick(up, quantity="threshold")["estimate"] == -pick(down, quantity="threshold")["estimate"]
    low, high = pick(up, quantity="threshold")["conf_low"], pick(down, quantity="threshold")["conf_high"]
    assert low == pytest.approx(-high, rel=1e-12)


def test_counts_add_up_at_a_fixed_threshold(cohort, settings):
    result = fit(cohort, settings, **ENTRY, threshold={"rule": "fixed", "value": 0.5})
    found = {name: pick(result, quantity=name)["estimate"] for name in ("true_positives", "false_positives")}
    assert found["true_positives"] == ((cohort["chi"] >= 0.5) & (cohort["bled"] == 1)).sum()
    assert found["false_positives"] == ((cohort["chi"] >= 0.5) & (cohort["bled"] == 0)).sum()
    assert "threshold_tested_on_same_data" not in codes(result)
    assert result.estimates.query("quantity == 'sensitivity_optimism'").empty


def test_a_score_at_the_fixed_threshold_is_positive(settings):
    frame = pd.DataFrame({"vbq": [2.0, 3.0, 3.0, 4.0], "bled": [0, 0, 1, 1]})
    entry = {"score": "vbq", "outcome": "bled", "threshold": {"rule": "fixed", "value": 3.0}}
    assert pick(fit(frame, settings, **entry), quantity="true_positives")["estimate"] == 2


def test_optimism_is_seeded_and_favourable(cohort, settings):
    one, two = (fit(cohort, settings, **ENTRY, bootstrap=300) for _ in range(2))
    pd.testing.assert_frame_equal(one.estimates, two.estimates)
    optimism = pick(one, quantity="youden_optimism")["estimate"]
    assert 0.02 < optimism < 0.2
    corrected = pick(one, quantity="youden_corrected")["estimate"]
    assert corrected == pytest.approx(pick(one, quantity="youden")["estimate"] - optimism)
    assert "threshold_tested_on_same_data" in codes(one)


def test_optimism_equals_a_plain_loop(cohort):
    """The vectorised draws, repeated one by one: choose in the sample, apply to the original."""
    from recohort.core.seeds import generator
    from recohort.models.accuracy.optimism import threshold_optimism

    score, case = cohort["chi"].round(1).to_numpy(), cohort["bled"].to_numpy(float)
    found = threshold_optimism(score, case, rule="youden", target=None, bootstrap=40, generator=generator(1, "a"))
    values = np.unique(score)[::-1]
    weights = [np.array([((score == v) & (case == c)).sum() for v in values]) for c in (1, 0)]
    rng = generator(1, "a")
    drawn = [rng.multinomial(group.sum(), group / group.sum(), 40) for group in weights]
    for b in range(40):
        sample = np.r_[np.repeat(values, drawn[0][b]), np.repeat(values, drawn[1][b])]
        label = np.r_[np.ones(weights[0].sum()), np.zeros(weights[1].sum())]
        curve = points(sample, label)
        best = youden(curve)[0]
        cut = curve.threshold[best]
        assert found[0][b] == pytest.approx(cut)
        sensitivity, specificity = np.mean(score[case == 1] >= cut), np.mean(score[case == 0] < cut)
        assert found[1][b] == pytest.approx(curve.sensitivity[best] - sensitivity, abs=1e-14)
        assert found[2][b] == pytest.approx(curve.specificity[best] - specificity, abs=1e-14)


def test_curve_runs_from_corner_to_corner(cohort, settings):
    curve = fit(cohort, settings, **ENTRY).curve
    assert list(curve.columns) == ["threshold", "false_positive_rate", "sensitivity", "specificity"]
    assert curve.iloc[0].tolist() == [np.inf, 0, 0, 1]
    assert curve.iloc[-1].tolist() == [-np.inf, 1, 1, 0]


def test_complete_separation_has_no_interval(cohort, settings):
    result = fit(cohort.assign(chi=cohort["bled"] + 0.0), settings, **ENTRY)
    area = pick(result, quantity="auc")
    assert area["estimate"] == 1
    assert np.isnan(area["conf_low"])
    assert "perfect_discrimination" in codes(result)


def test_equally_good_thresholds_are_named(settings):
    frame = pd.DataFrame({"chi": [1.0, 2.0, 3.0, 4.0], "bled": [0, 1, 0, 1]})
    result = fit(frame, settings, **ENTRY)
    assert "threshold_not_unique" in codes(result)
    assert pick(result, quantity="threshold")["estimate"] == 3.5


@pytest.mark.parametrize(
    ("change", "entry", "sentence"),
    [
        ({"chi": 0.4}, {}, "column 'chi': all 86 rows are 0.4, expected a score that varies"),
        ({"bled": 0}, {}, "column 'bled': all 86 rows are 0, expected events and non-events"),
        ({"chi": np.nan}, {}, "no row is complete"),
        ({}, {"threshold": {"rule": "fixed"}}, "the rule fixed has no value"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(cohort, settings, change, entry, sentence):
    with pytest.raises(InputError, match=sentence):
        fit(cohort.assign(**change), settings, **ENTRY, **entry)


def test_a_direction_that_never_helps_is_refused(settings):
    frame = pd.DataFrame({"chi": [1.0, 2.0, 3.0, 4.0], "bled": [1, 1, 0, 0]})
    with pytest.raises(InputError, match="expected the other direction"):
        fit(frame, settings, **ENTRY)


def test_intervals_of_published_proportions():
    """33/38 by Wilson is 72.7 to 94.2 %, 10/11 by Clopper and Pearson 58.7 to 99.8 %."""
    wilson = proportion_interval(33, 38, interval="wilson", level=0.95)
    exact = proportion_interval(10, 11, interval="clopper_pearson", level=0.95)
    assert [round(100 * limit, 1) for limit in wilson + exact] == [72.7, 94.2, 58.7, 99.8]
    assert proportion_interval(0, 5, interval="clopper_pearson", level=0.95)[0] == 0
    assert np.isnan(proportion_interval(0, 0, interval="wilson", level=0.95)).all()
