"""Areas, chosen thresholds, incorporation and base rates, against scipy, R and curves drawn at random."""

import numpy as np
import pytest
from audited_rows import only, verdict
from scipy import stats

from recohort.audit.accuracy import youden_optimism
from recohort.core.seeds import generator


def curve(rng):
    """Return area, sensitivities and specificities of a score drawn at random, often a bad one."""
    ill, well = rng.integers(5, 40, 2)
    score = np.concatenate([rng.normal(rng.normal(0.8, 1), rng.uniform(0.3, 2), ill), rng.normal(0, 1, well)])
    cuts = np.sort(score)
    area = stats.mannwhitneyu(score[:ill], score[ill:]).statistic / (ill * well)
    return area, (score[:ill, None] >= cuts).mean(axis=0), (score[ill:, None] < cuts).mean(axis=0)


def rows(area, sensitivity, specificity, words="area over"):
    return (
        {"measure": "auc", "value": f"{area:.3f}", "relation": f"{words} y z"},
        {"measure": "sensitivity", "value": f"{100 * sensitivity:.1f}", "unit": "%"},
        {"measure": "specificity", "value": f"{100 * specificity:.1f}", "unit": "%"},
    )


def test_no_curve_breaks_the_bounds_of_its_points():
    rng = generator(1, "curves")
    for _ in range(100):
        area, se, sp = curve(rng)
        at, best = rng.integers(len(se)), np.argmax(se + sp)
        assert verdict("auc_against_sens_spec", *rows(area, se[at], sp[at])) == "consistent"
        assert verdict("auc_against_sens_spec", *rows(area, se[best], sp[best], "youden area over")) == "consistent"


def test_the_bounds_are_reached_and_not_passed():
    least, most = 0.9 * 0.8, 1 - 0.1 * 0.2
    for area, expected in (
        (least, "consistent"),
        (least - 0.005, "inconsistent"),
        (most, "consistent"),
        (most + 0.005, "inconsistent"),
    ):
        assert verdict("auc_against_sens_spec", *rows(area, 0.9, 0.8)) == expected
    youden = 1 - 0.3**2 / 2  # below the line of sensitivity + specificity = 1.7
    assert verdict("auc_against_sens_spec", *rows(youden, 0.9, 0.8, "youden area over")) == "consistent"
    assert verdict("auc_against_sens_spec", *rows(youden + 0.005, 0.9, 0.8, "youden area over")) == "inconsistent"


def test_a_curve_that_is_not_concave_is_said():
    assert "not concave" in only("auc_against_sens_spec", *rows(0.80, 0.9, 0.8)).remark
    assert only("auc_against_sens_spec", *rows(0.90, 0.9, 0.8)).remark == ""


@pytest.mark.parametrize(
    ("ill", "well", "area", "apparent", "true"),
    [(30, 56, 0.759, 0.45541, 0.35845), (20, 40, 0.65, 0.32599, 0.18921), (11, 38, 0.90, 0.72911, 0.60158)],
)
def test_the_optimism_of_a_chosen_cut_is_that_of_r(ill, well, area, apparent, true):
    """4000 samples in R 4.2, each cut by a loop over all scores; both simulations have an error of about 0.002."""
    assert youden_optimism(ill, well, area) == pytest.approx((apparent, true), abs=0.008)


def test_a_threshold_chosen_among_rows_or_numbers():
    area = {"measure": "auc", "value": "0.759"}
    counts = {"measure": "count", "value": "30"}, {"measure": "count", "value": "56"}
    named = only("threshold_optimism", area | {"relation": "threshold chosen among y z"}, *counts)
    assert named.finding == only("threshold_optimism", area | {"relation": "threshold chosen among 30 56"}).finding
    assert (
        verdict("threshold_optimism", area | {"relation": "threshold chosen among 30 56", "value": "0.45"})
        == "cannot be checked"
    )


def test_the_index_test_that_is_a_criterion():
    criterion = {"item": "c", "measure": "count", "value": "7"}
    sensitivity = {
        "measure": "sensitivity",
        "value": "82",
        "unit": "%",
        "n": "11",
        "relation": "index test is criterion c",
    }
    assert verdict("incorporation", sensitivity | {"count": "9"}, criterion) == "inconsistent"
    same = only("incorporation", sensitivity | {"count": "7", "value": "64"}, criterion)
    assert same.verdict == "consistent"
    assert "Incorporation bias" in same.remark
    specificity = sensitivity | {"measure": "specificity", "n": "38", "value": "47"}
    assert "20 of 38" in only("incorporation", specificity | {"count": "18"}, criterion).finding
    assert verdict("incorporation", specificity | {"count": "38", "value": "100"}, criterion) == "consistent"


def base_rate(count, n, mean="3.44", sd="0.82", of="60"):
    high = {"measure": "percentage", "value": f"{100 * count / n:.0f}", "count": str(count), "n": str(n), "unit": "%"}
    high |= {"relation": "share above y of z"}
    threshold = {"measure": "threshold", "value": "3.0"}
    return only("base_rate", high, threshold, {"measure": "mean", "value": mean, "sd": sd, "n": of})


def test_a_share_among_the_affected_against_all():
    found = base_rate(17, 20)
    share = stats.norm.sf(3.0, 3.44, 0.82)
    high = round(60 * share)
    p = stats.fisher_exact([[17, 3], [high - 17, 40 - (high - 17)]]).pvalue
    assert high == 42
    assert f"Fisher's p = {p:.3f}" in found.remark
    below = [
        k
        for k in range(17, 58)
        if stats.fisher_exact([[17, 3], [k - 17, 57 - k]]).pvalue < 0.05 and (k - 17) / 40 < 17 / 20
    ]
    assert f"only if at most {max(below)} of all are above" in found.remark


def test_a_share_that_could_never_differ():
    assert "not below 0.05 for any number" in base_rate(3, 10, of="12").remark
    assert "everybody is above" in base_rate(20, 20, mean="30.0").remark
