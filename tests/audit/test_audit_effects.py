"""Effects in the light of other numbers, against scipy's and statsmodels' fits and closed formulas."""

import numpy as np
import pytest
from audited_rows import audited, only, verdict
from lifelines import CoxPHFitter

from recohort.core.seeds import generator


def survival(hazard, high="35.7", low="83.3", measure="hazard_ratio"):
    rows = [{"measure": "survival", "value": value, "unit": "%"} for value in (high, low)]
    return only(
        "hr_against_survival", {"measure": measure, "value": hazard, "relation": "survival ratio of y z"}, *rows
    )


def test_ratios_that_two_survivals_imply():
    found = survival("7.7")
    grid = [np.log(a) / np.log(b) for a in np.linspace(0.3565, 0.3575, 11) for b in np.linspace(0.8325, 0.8335, 11)]
    assert f"{np.log(0.357) / np.log(0.833):.2f} ({min(grid):.2f} to {max(grid):.2f})" in found.finding
    assert found.verdict == "cannot be checked"
    assert "none of the three" in found.remark


@pytest.mark.parametrize(
    ("ratio", "measure", "expected"),
    [
        ("5.64", "hazard_ratio", "consistent"),
        ("3.85", "hazard_ratio", "consistent"),
        ("3.85", "risk_ratio", "consistent"),
        ("8.98", "odds_ratio", "consistent"),
        ("0.18", "hazard_ratio", "inconsistent"),
    ],
)
def test_which_ratio_it_is(ratio, measure, expected):
    found = survival(ratio, measure=measure)
    assert found.verdict == expected
    assert ("It is the risk ratio" in found.remark) == (ratio == "3.85" and measure == "hazard_ratio")


@pytest.mark.parametrize("sd", [0.2, 5.0])
def test_the_sd_that_a_cox_interval_implies_is_that_of_the_predictor(sd):
    """1/(SE sqrt(events)) against Cox's regression of 2000 patients; good to 10 % as the effect is modest."""
    import pandas as pd

    rng = generator(1, "cox", sd)
    x = rng.normal(0, sd, 2000)
    time = rng.exponential(np.exp(-0.3 * x / sd))
    seen = time < 1.0
    frame = pd.DataFrame({"x": x, "t": np.minimum(time, 1.0), "e": seen})
    fit = CoxPHFitter().fit(frame, "t", "e").summary.loc["x"]
    cells = {"measure": "hazard_ratio", "unit": "per unit"}
    cells |= {"value": f"{fit['exp(coef)']:.4f}", "conf_low": f"{fit['exp(coef) lower 95%']:.4f}"}
    cells |= {"conf_high": f"{fit['exp(coef) upper 95%']:.4f}", "relation": f"events {seen.sum()}"}
    found = only("unit_plausibility", cells)
    implied = float(found.finding.split("SD of ")[1].split(" units")[0])
    assert implied == pytest.approx(sd, rel=0.1)
    assert only("unit_plausibility", cells | {"sd": f"{sd:.2f}"}).verdict == "consistent"
    assert only("unit_plausibility", cells | {"sd": f"{sd / 3:.3f}"}).verdict == "inconsistent"


def test_a_ratio_per_a_unit_that_nobody_has_is_said_per_sd_and_per_tenth():
    cells = {"measure": "hazard_ratio", "value": "58.896", "conf_low": "8.544", "conf_high": "405.989"}
    found = only("unit_plausibility", cells | {"relation": "events 30"})
    tenth = [f"{x**0.1:.2f}" for x in (58.896, 8.544, 405.989)]
    assert f"per 0.1 unit {tenth[0]} ({tenth[1]} to {tenth[2]})" in found.remark
    modest = {"measure": "hazard_ratio", "value": "1.50", "conf_low": "1.24", "conf_high": "1.82"}
    assert only("unit_plausibility", modest | {"relation": "events 30"}).remark == ""


def test_a_risk_of_a_sample_matched_on_its_outcome_is_reweighted():
    cells = {"measure": "survival", "value": "70.0", "unit": "%", "relation": "matched on outcome 30 60 of 300"}
    found = only("risk_from_matched_sample", cells)
    free, had = 0.7 * 90 * (270 / 60), 0.3 * 90  # had all 90 been one group at 70 %
    assert f"about {100 * free / (free + had):.0f}." in found.remark
    assert "10 % of 300" in found.remark
    assert verdict("risk_from_matched_sample", cells | {"relation": "matched on outcome 30 60 of 80"}) == "inconsistent"


def crossing(*main, ratio="0.96", relation="crosses 1 from y with median u", low="0.93", high="0.99"):
    interaction = {"measure": "ratio_of_odds_ratios", "value": ratio, "conf_low": low, "conf_high": high}
    names = [dict(row, item="yz"[i]) for i, row in enumerate(main)]
    median = {"item": "u", "measure": "median", "value": "0.59", "unit": "mL"}
    return only("effect_crosses", interaction | {"item": "x", "relation": relation}, *names, median)


def test_where_an_interaction_brings_an_effect_to_none():
    found = crossing({"measure": "odds_ratio", "value": "1.95"})
    at = np.log(1.95) / -np.log(0.96)
    box = [np.log(a) / -np.log(b) for a in (1.945, 1.955) for b in (0.955, 0.965)]
    assert f"reaches 1 at {at:.1f} ({min(box):.1f} to {max(box):.1f}) mL" in found.finding
    assert f"{at / 0.59:.0f} times" in found.remark
    assert f"{np.log(1.95) / -np.log(0.93):.2f} to {np.log(1.95) / -np.log(0.99):.1f}" in found.remark


def test_the_main_effect_may_be_two_shares():
    shares = [{"measure": "percentage", "value": value, "unit": "%", "n": "300"} for value in ("14", "7.2")]
    found = crossing(*shares, relation="crosses 1 from y z with median u")
    assert f"{np.log(0.14 / 0.86 / (0.072 / 0.928)) / -np.log(0.96):.1f} (" in found.finding


def test_an_effect_that_grows_never_crosses():
    assert (
        "never reach 1"
        in crossing({"measure": "odds_ratio", "value": "1.95"}, ratio="1.04", low="1.01", high="1.07").finding
    )


def test_words_against_numbers():
    low, high = {"measure": "mean", "value": "2.1"}, {"measure": "mean", "value": "2.2"}
    assert verdict("direction", low | {"relation": "lower than y"}, high) == "consistent"
    assert verdict("direction", high | {"relation": "lower than y"}, low) == "inconsistent"
    assert verdict("direction", low | {"relation": "higher than y"}, high) == "inconsistent"
    assert (
        verdict("direction", low | {"relation": "lower than y"}, low | {"value": "2.10"}) == "consistent"
    )  # 2.06, 2.10
    ratio = {"measure": "odds_ratio", "value": "0.80"}
    assert verdict("direction", ratio | {"relation": "raises"}) == "inconsistent"
    assert verdict("direction", ratio | {"relation": "lowers"}) == "consistent"


def test_a_minus_sign_that_was_lost():
    rows = {"measure": "mean", "value": "7.5", "relation": "lower than y"}, {"measure": "mean", "value": "1.1"}
    assert "With minus signs (-7.5 against -1.1)" in only("direction", *rows).remark
    repeated = {"measure": "mean", "value": "7.5", "relation": "same as y"}, {"measure": "mean", "value": "-7.5"}
    assert only("repeats", *repeated).remark == "The sign was lost."


def count(value, **cells):
    return {"measure": "count", "value": str(value)} | cells


def test_sums_and_parts():
    assert verdict("sums", count(11, relation="sum of y z"), count(5), count(6)) == "consistent"
    overlap = only("sums", count(11, relation="sum of y z"), count(6), count(7))
    assert overlap.verdict == "inconsistent"
    assert "count 2 too many" in overlap.remark
    assert verdict("sums", count(11, relation="any of y z"), count(6), count(7)) == "consistent"
    assert verdict("sums", count(14, relation="any of y z"), count(6), count(7)) == "inconsistent"
    assert verdict("sums", count(5, relation="any of y z"), count(6), count(7)) == "inconsistent"
    assert verdict("sums", count(5, relation="part of y"), count(4)) == "inconsistent"
    share = {"measure": "percentage", "value": "50", "n": "20", "relation": "part of y"}
    assert verdict("sums", share, count(20)) == "consistent"
    assert verdict("sums", share, count(21)) == "inconsistent"


def test_rounded_parts_add_up_within_their_rounding():
    parts = [{"measure": "other", "value": "33.3"} for _ in range(3)]
    assert verdict("sums", {"measure": "other", "value": "100", "relation": "sum of y z u"}, *parts) == "consistent"
    assert verdict("sums", {"measure": "other", "value": "101.0", "relation": "sum of y z u"}, *parts) == "inconsistent"


def test_two_groupings_of_the_same_patients():
    def share(value, n):
        return {"measure": "percentage", "value": value, "n": str(n), "unit": "%"}

    rows = [share("14", 310), share("7.2", 318), share("13", 332), share("7.4", 296)]
    counts = [
        {x for x in range(n + 1) if abs(100 * x / n - float(v)) <= u}
        for v, n, u in (("14", 310, 0.5), ("7.2", 318, 0.05), ("13", 332, 0.5), ("7.4", 296, 0.05))
    ]
    common = sorted({a + b for a in counts[0] for b in counts[1]} & {a + b for a in counts[2] for b in counts[3]})
    found = only("sums", rows[0] | {"relation": "plus y equals z u"}, *rows[1:])
    assert found.verdict == "consistent"
    assert f"can hold {' or '.join(map(str, common))} patients" in found.finding
    assert verdict("sums", rows[0] | {"relation": "plus y equals z u", "value": "18"}, *rows[1:]) == "inconsistent"


@pytest.mark.parametrize(
    ("relation", "cells", "sources", "right", "wrong"),
    [
        ("exp of y", {"measure": "hazard_ratio"}, ["-0.3794"], "0.684", "0.694"),
        ("quotient of y z", {"measure": "statistic"}, ["-0.3794", "0.1914"], "-1.983", "-1.893"),
        ("difference of y z", {"measure": "difference"}, ["3.44", "3.40"], "0.04", "0.40"),
        ("share of y in y z", {"measure": "sensitivity", "unit": "%"}, ["502", "106"], "82.6", "86.2"),
        ("youden of y z", {"measure": "youden_index"}, ["0.826", "0.741"], "0.567", "0.657"),
        ("positive likelihood ratio of y z", {"measure": "likelihood_ratio"}, ["0.826", "0.741"], "3.2", "2.3"),
        ("negative likelihood ratio of y z", {"measure": "likelihood_ratio"}, ["0.826", "0.741"], "0.23", "0.32"),
    ],
)
def test_numbers_that_follow_from_others(relation, cells, sources, right, wrong):
    measure = "count" if relation.startswith("share") else "specificity" if "0.741" in sources else "other"
    rows = [{"measure": measure, "value": value} for value in sources]
    assert verdict("derived", cells | {"value": right, "relation": relation}, *rows) == "consistent"
    assert verdict("derived", cells | {"value": wrong, "relation": relation}, *rows) == "inconsistent"


def test_a_p_against_its_z():
    z = {"measure": "statistic", "value": "-1.983"}
    p = {"measure": "p", "p_operator": "=", "relation": "p of y"}
    assert verdict("derived", p | {"p_value": "0.047"}, z) == "consistent"
    assert verdict("derived", p | {"p_value": "0.074"}, z) == "inconsistent"


def test_what_is_not_printed_cannot_be_checked():
    for relation in (
        "sum of y",
        "exp of y",
        "lower than y",
        "part of y",
        "survival ratio of y y",
        "youden of y y",
        "events y",
    ):
        found = audited({"relation": relation, "measure": "other"}, {"measure": "other"})
        assert {finding.verdict for finding in found} == {"cannot be checked"}, relation
