"""What is odd in five published papers comes out of their CSVs by general checks; numbers by scipy and statsmodels."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from audited_rows import SCHEMA
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from recohort.audit.checks import audit
from recohort.audit.paper import read_paper

PUBLISHED = Path(__file__).parents[2] / "data" / "published"


@cache
def findings(study):
    return tuple(audit(read_paper(PUBLISHED / f"{study}.csv", SCHEMA)))


def finding(study, check, item):
    (found,) = [f for f in findings(study) if f.check == check and f.items.split()[0] == item]
    return found


def percent(x, n, method):
    return " to ".join(f"{100 * limit:.1f}" for limit in proportion_confint(x, n, method=method))


def inconsistent(study):
    return {(f.check, f.items.split()[0]) for f in findings(study) if f.verdict == "inconsistent"}


def test_1_the_news_page_lost_its_minus_signs():
    assert inconsistent("ms_qsm") == {
        ("direction", "S3.thal_ms_news"),
        ("repeats", "S3.thal_ms_news"),
        ("repeats", "S3.thal_hc_news"),
    }
    words = finding("ms_qsm", "direction", "S3.thal_ms_news")
    assert "27.5 is not lower than 21.1" in words.finding
    assert "-7.5 against -1.1" in words.remark
    assert "other sign" in words.remark
    assert finding("ms_qsm", "direction", "S3.thal_ms").verdict == "consistent"
    assert finding("ms_qsm", "direction", "S3.bg_ms").verdict == "consistent"


def test_2_three_of_four_intervals_do_not_follow_from_the_counts():
    fits = finding("spine_dce", "proportion_ci", "S5.vp_spec")
    assert fits.verdict == "consistent"
    assert "by Wilson." in fits.finding
    assert percent(33, 38, "wilson") == "72.7 to 94.2"
    assert "Wilson 72.7 to 94.2" in fits.arithmetic
    for item, x, n in (("vp_sens", 10, 11), ("size_sens", 9, 11), ("size_spec", 18, 38)):
        found = finding("spine_dce", "proportion_ci", f"S5.{item}")
        assert found.verdict == "inconsistent"
        assert "by none of 7 methods" in found.finding
        assert f"Wilson {percent(x, n, 'wilson')}" in found.arithmetic
        assert f"Clopper-Pearson {percent(x, n, 'beta')}" in found.arithmetic


@pytest.mark.parametrize(("item", "first", "last"), [("S5.vp_sens", 50, 70), ("S5.size_sens", 41, 55)])
def test_2_so_narrow_an_interval_takes_more_patients(item, first, last):
    remark = finding("spine_dce", "proportion_ci", item).remark
    low, high = (int(word) for word in remark.split(" takes ")[1].split(" patients")[0].split(" to "))
    assert low < last
    assert high > first
    assert low > 3 * 11


def test_2_the_specificity_of_size_has_the_interval_of_its_complement():
    remark = finding("spine_dce", "proportion_ci", "S5.size_spec").remark
    low, high = (100 * limit for limit in proportion_confint(20, 38, method="wilson"))
    assert f"Wilson's interval of the complement 20 of 38 ({low:.2f} to {high:.2f})" in remark
    assert "cut off, not rounded" in remark


def test_3_criteria_overlap_and_one_is_the_index_test():
    (found,) = [f for f in findings("spine_dce") if f.check == "sums" and f.verdict == "inconsistent"]
    assert found.items.startswith("S5.failure ")
    assert found.arithmetic == "5 + 1 + 7 = 13, printed 11"
    assert "count 2 too many" in found.remark
    for item in ("S5.size_sens", "S5.size_spec"):
        assert "Incorporation bias" in finding("spine_dce", "incorporation", item).remark
    assert "20 of 38" in finding("spine_dce", "incorporation", "S5.size_spec").finding


def test_4_the_unit_of_the_hazard_ratio():
    for item, sd, per_sd, tenth in (
        ("S1.hr_median", 0.185, "2.13 (1.49 to 3.04)", "1.50 (1.24 to 1.82)"),
        ("S1.hr_iqr", 0.226, "2.15 (1.50 to 3.08)", "1.40 (1.20 to 1.65)"),
    ):
        found = finding("cavernoma_qsm", "unit_plausibility", item)
        assert f"an SD of {sd} units" in found.finding
        assert f"per SD it is {per_sd}, per 0.1 unit {tenth}" in found.remark
    error = np.log(405.989 / 8.544) / (2 * stats.norm.ppf(0.975))
    assert f"{1 / (error * np.sqrt(30)):.3f}" == "0.185"


def test_5_absolute_risks_of_a_sample_matched_on_its_outcome():
    factor = (155 - 30) / 56
    for item, survival in (("low", 0.833), ("int", 0.628), ("high", 0.357)):
        found = finding("cavernoma_qsm", "risk_from_matched_sample", f"S1.hfs2_{item}")
        assert "35 % of it had the event" in found.finding
        assert f"about {100 * survival * factor / (survival * factor + 1 - survival):.0f}." in found.remark


def test_6_the_ratio_of_the_strata_is_not_that_of_their_survival():
    found = finding("cavernoma_qsm", "hr_against_survival", "S1.hr_high_low")
    hazard = np.log(0.357) / np.log(0.833)
    corners = [np.log(a) / np.log(b) for a in (0.3565, 0.3575) for b in (0.8325, 0.8335)]
    assert f"{hazard:.2f} ({min(corners):.2f} to {max(corners):.2f})" == "5.64 (5.61 to 5.66)"
    assert "5.64 (5.61 to 5.66)" in found.finding
    assert f"risk ratio {0.643 / 0.167:.2f}" in found.finding
    assert f"odds ratio {0.643 / 0.357 / (0.167 / 0.833):.2f}" in found.finding
    assert "7.7 is none of the three" in found.remark


def test_7_high_vbq_among_the_fractured_is_weak():
    found = finding("vertebroplasty_vbq", "base_rate", "S4.fx_high")
    high = round(60 * stats.norm.sf(3.0, 3.44, 0.82))
    p = {k: stats.fisher_exact([[17, 3], [k - 17, 57 - k]]).pvalue for k in (40, 41, high)}
    assert high == 42
    assert p[40] < 0.05 < p[41] < p[42]
    assert "about 42" in found.finding
    assert f"17 of 42 above (40 %) and 3 of 18 below (17 %) are affected, Fisher's p = {p[42]:.3f}" in found.remark
    assert "only if at most 40 of all are above" in found.remark


def test_8_one_of_eight_tests_and_an_effect_that_turns_in_the_far_tail():
    (family,) = [f for f in findings("stroke_wml") if f.check == "multiplicity"]
    raw = [0.01, 0.95, 0.52, 0.30, 0.53, 0.26, 0.08, 0.63]
    assert {f"{multipletests(raw, method=method)[1][0]:.2f}" for method in ("bonferroni", "holm", "fdr_bh")} == {"0.08"}
    assert "0.080 by Bonferroni, Holm and Benjamini-Hochberg" in family.finding
    assert f"{1 - 0.95**8:.2f}" in family.remark
    printed, crude = [f for f in findings("stroke_wml") if f.check == "effect_crosses"]
    for found, odds_ratio in ((printed, 1.95), (crude, 0.14 / 0.86 / (0.072 / 0.928))):
        at = np.log(odds_ratio) / -np.log(0.96)
        assert 16 < at < 19
        assert f"reaches 1 at {at:.1f}" in found.finding
        assert f"The median is 0.59: the effect turns round at {at / 0.59:.0f} times that" in found.remark


def test_9_the_rest_recomputes():
    for item, p in (("S1.hr_median", 3.5e-5), ("S1.hr_iqr", 2.7e-5)):
        assert finding("cavernoma_qsm", "ratio_ci_symmetry", item).verdict == "consistent"
        implied = finding("cavernoma_qsm", "p_from_ci", item)
        assert implied.verdict == "consistent"
        assert f"{p:.1e}" in implied.finding
    for item in ("S1.padj_median", "S1.padj_iqr"):
        assert finding("cavernoma_qsm", "adjusted_p", item).verdict == "consistent"
    assert inconsistent("cavernoma_qsm") == inconsistent("vertebroplasty_vbq") == inconsistent("stroke_wml") == set()
    interval = finding("stroke_wml", "p_from_ci", "aor_int")
    assert interval.verdict == "consistent"
    z = np.log(0.96) / (np.log(0.99 / 0.93) / (2 * stats.norm.ppf(0.975)))
    assert f"{2 * stats.norm.sf(abs(z)):.2f}" == "0.01"
    assert "p = 0.010" in interval.finding
    for item in ("S4.fx", "S4.fx_high", "S4.fx_late", "S4.female"):
        assert finding("vertebroplasty_vbq", "grim", item).verdict == "consistent"
    (events,) = [f for f in findings("stroke_wml") if f.check == "sums" and f.items.startswith("parent_asp")]
    assert "65 or 66 patients" in events.finding


def test_9_the_p_of_two_vbq_is_that_of_pairs():
    found = finding("vertebroplasty_vbq", "paired_or_unpaired", "S4.vbq_excl")
    unpaired = stats.ttest_ind_from_stats(3.44, 0.82, 60, 3.40, 0.84, 60).pvalue
    sd = 0.04 * np.sqrt(60) / stats.t.isf(0.401 / 2, 59)
    r = (0.82**2 + 0.84**2 - sd**2) / (2 * 0.82 * 0.84)
    assert found.verdict == "consistent"
    assert found.remark == "The p-value is that of pairs."
    assert f"gives p = {unpaired:.2f} (" in found.finding
    assert f"a correlation of {r:.2f} (" in found.finding
    low, high = (float(x) for x in found.finding.split("correlation of 0.90 (")[1].split(")")[0].split(" to "))
    assert (low, high) == pytest.approx((0.85, 0.95), abs=0.006)


@pytest.mark.parametrize("study", ["recidivism", "breast_gbsg2", "cass", "nsw"])
def test_textbook_analyses_have_no_inconsistency(study):
    assert inconsistent(study) == set()
    assert sum(f.verdict == "consistent" for f in findings(study)) >= 8
