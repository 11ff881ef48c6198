"""Intervals of a share against statsmodels and R; which method was used, or none."""

import numpy as np
import pytest
from audited_rows import only, verdict
from statsmodels.stats.proportion import proportion_confint

from recohort.audit.proportions import proportion_limits

STATSMODELS = {
    "wald": "normal",
    "wilson": "wilson",
    "clopper_pearson": "beta",
    "agresti_coull": "agresti_coull",
    "jeffreys": "jeffreys",
}
R = {  # prop.test(x, n, correct=TRUE); plogis(coef +- z se) of glm(cbind(x, n - x) ~ 1, binomial), R 4.2
    "wilson_continuity": {
        (10, 11): (0.571169192357, 0.995236127628),
        (18, 38): (0.313079063916, 0.639503196237),
        (3, 57): (0.0136917030806, 0.1554718861116),
    },
    "logit": {(10, 11): (0.561427558668, 0.987360550478), (33, 38): (0.720407855210, 0.944152012703)},
}


@pytest.mark.parametrize("method", STATSMODELS)
@pytest.mark.parametrize(("x", "n"), [(1, 9), (10, 11), (18, 38), (33, 38), (3, 57), (199, 500)])
def test_limits_are_those_of_statsmodels(method, x, n):
    expected = np.clip(proportion_confint(x, n, alpha=0.1, method=STATSMODELS[method]), 0, 1)
    assert proportion_limits(x, n, method=method, level=0.9) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("method", "counts"), [(method, counts) for method in R for counts in R[method]])
def test_limits_are_those_of_r(method, counts):
    found = proportion_limits(*counts, method=method, level=0.95)
    assert found == pytest.approx(R[method][counts], abs=1e-6)  # glm stops iterating there


@pytest.mark.parametrize("x", [0, 20])
def test_none_and_all(x):
    expected = proportion_confint(x, 20, method="beta")
    expected = [0 if np.isnan(expected[0]) else expected[0], 1 if np.isnan(expected[1]) else expected[1]]
    assert proportion_limits(x, 20, method="clopper_pearson", level=0.95) == pytest.approx(expected, abs=1e-12)
    assert np.isnan(proportion_limits(x, 20, method="wald", level=0.95)).all()


def row(x, n, low, high, **cells):
    share = {"measure": "sensitivity", "value": f"{100 * x / n:.0f}", "count": str(x), "n": str(n), "unit": "%"}
    return share | {"conf_low": low, "conf_high": high} | cells


def test_the_methods_that_fit_are_named():
    found = only("proportion_ci", row(33, 38, "73", "94"))
    assert found.verdict == "consistent"
    assert "by Wilson." in found.finding


def test_a_method_that_the_paper_names_must_be_the_one():
    assert verdict("proportion_ci", row(33, 38, "73", "94", interval="wilson")) == "consistent"
    found = only("proportion_ci", row(33, 38, "73", "94", interval="clopper_pearson"))
    assert found.verdict == "inconsistent"
    assert "fits Wilson" in found.finding
    assert verdict("proportion_ci", row(33, 38, "73", "94", interval="bootstrap")) == "cannot be checked"


def test_another_level_and_shares_below_1():
    low, high = proportion_confint(7, 30, alpha=0.1, method="beta")
    cells = {"value": f"{7 / 30:.3f}", "unit": "", "level": "90"}
    assert verdict("proportion_ci", row(7, 30, f"{low:.3f}", f"{high:.3f}", **cells)) == "consistent"
    assert (
        verdict("proportion_ci", row(7, 30, f"{low:.3f}", f"{high:.3f}", **cells | {"level": "95"})) == "inconsistent"
    )


def test_without_a_count_any_that_prints_so_may_be_meant():
    low, high = (100 * limit for limit in proportion_confint(101, 503, method="wilson"))
    cells = {"count": "", "value": "20"}
    assert verdict("proportion_ci", row(101, 503, f"{low:.0f}", f"{high:.0f}", **cells)) == "consistent"


def test_the_interval_of_the_complement_is_recognised():
    low, high = (100 * limit for limit in proportion_confint(31, 40, method="beta"))
    found = only("proportion_ci", row(9, 40, f"{low:.0f}", f"{high:.0f}"))
    assert found.verdict == "inconsistent"
    assert "Clopper-Pearson's interval of the complement 31 of 40" in found.remark


def test_how_many_patients_an_interval_needs():
    low, high = (100 * limit for limit in proportion_confint(45, 60, method="wilson"))
    found = only("proportion_ci", row(9, 12, f"{low:.1f}", f"{high:.1f}", value="75.0"))
    first, last = (int(word) for word in found.remark.split(" takes ")[1].split(" patients")[0].split(" to "))
    assert first <= 60 <= last
    assert last - first < 12
