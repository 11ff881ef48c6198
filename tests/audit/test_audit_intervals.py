"""Estimate, interval and p-value against scipy; the box of p against a grid of all that prints so."""

import numpy as np
import pytest
from audited_rows import audited, made, only, verdict
from scipy import stats

from recohort.audit.intervals import p_implied, standard_error
from recohort.core.seeds import generator

Z = stats.norm.ppf(0.975)


def ratio(value, low, high, **cells):
    return {"measure": "hazard_ratio", "value": value, "conf_low": low, "conf_high": high} | cells


def test_correctly_rounded_intervals_are_never_objected_to():
    rng = generator(1, "ratios")
    for _ in range(400):
        b, error, decimals = rng.normal(0, 1), rng.uniform(0.02, 0.8), int(rng.integers(1, 4))
        p = 2 * stats.norm.sf(abs(b / error))
        texts = [f"{np.exp(x):.{decimals}f}" for x in (b, b - Z * error, b + Z * error)]
        p_cells = {"p_value": f"{p:.3f}", "p_operator": "="} if p >= 0.001 else {"p_value": "0.001", "p_operator": "<"}
        if float(texts[0]) == 0:
            continue
        assert "inconsistent" not in {finding.verdict for finding in audited(ratio(*texts, **p_cells))}, texts


def test_an_interval_off_its_middle_is_found():
    assert verdict("ratio_ci_symmetry", ratio("1.50", "1.20", "1.88")) == "consistent"  # sqrt(1.20 x 1.88) = 1.502
    assert verdict("ratio_ci_symmetry", ratio("1.50", "1.20", "1.98")) == "inconsistent"
    assert verdict("ratio_ci_symmetry", ratio("1.50", "1.20", "1.98", interval="profile")) == "cannot be checked"
    coefficient = {"measure": "coefficient", "value": "1.5", "conf_low": "1.0", "conf_high": "2.0"}
    assert verdict("ci_symmetry", coefficient) == "consistent"
    assert verdict("ci_symmetry", coefficient | {"conf_high": "2.3"}) == "inconsistent"


def test_correlations_are_symmetric_on_fishers_scale():
    low, high = np.tanh(np.arctanh(0.8) + np.array([-1, 1]) * Z / np.sqrt(37))
    cells = {"measure": "correlation", "value": "0.80", "conf_low": f"{low:.2f}", "conf_high": f"{high:.2f}"}
    assert verdict("ci_symmetry", cells) == "consistent"
    assert verdict("ci_symmetry", cells | {"conf_low": "0.55", "conf_high": "0.99"}) == "inconsistent"


def test_an_estimate_outside_its_interval_and_a_lost_sign():
    cells = {"measure": "coefficient", "value": "0.42", "conf_low": "-0.69", "conf_high": "-0.15"}
    found = only("ci_symmetry", cells)
    assert found.verdict == "inconsistent"
    assert "With the other sign, -0.42" in found.remark
    assert verdict("ratio_ci_symmetry", ratio("-1.5", "-2", "-1")) == "inconsistent"


@pytest.mark.parametrize(
    ("texts", "measure"),
    [
        (("0.96", "0.93", "0.99"), "odds_ratio"),
        (("1.50", "1.24", "1.82"), "hazard_ratio"),
        (("0.5", "0.1", "0.9"), "difference"),
    ],
)
def test_the_box_of_p_is_that_of_a_grid_of_all_that_prints_so(texts, measure):
    row = made(dict(zip(("value", "conf_low", "conf_high"), texts, strict=True)) | {"measure": measure}).rows[0]
    point, box = p_implied(row)
    forth = np.log if measure.endswith("ratio") else np.asarray
    unit = 10.0 ** -len(texts[0].partition(".")[2])
    value, low, high = (float(text) for text in texts)
    a = forth(np.linspace(low - unit / 2, low + unit / 2, 401))[:, None]
    b = forth(np.linspace(high - unit / 2, high + unit / 2, 401))[None, :]
    middle = (a + b) / 2
    prints = (middle >= forth(value - unit / 2)) & (middle <= forth(value + unit / 2))
    p = 2 * stats.norm.sf(np.abs(middle / (b - a) * 2 * Z))[prints]
    assert box.low <= p.min() * (1 + 1e-9)
    assert box.high >= p.max() * (1 - 1e-9)
    assert (box.low, box.high) == pytest.approx((p.min(), p.max()), rel=0.02)  # the grid misses the very corners
    z = forth(value) / ((forth(high) - forth(low)) / (2 * Z))
    assert point == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-9)


def test_a_p_that_changes_the_conclusion_is_said():
    found = only("p_from_ci", ratio("1.50", "0.98", "2.30", p_value="0.03", p_operator="="))
    assert found.verdict == "inconsistent"
    assert "below 0.05" in found.remark
    assert verdict("p_from_ci", ratio("1.50", "1.24", "1.82", p_value="0.001", p_operator="<")) == "consistent"
    assert verdict("p_from_ci", ratio("1.50", "1.24", "1.82", p_value="0.12", p_operator="=")) == "inconsistent"


def test_small_samples_may_have_used_t():
    error, freedom, b = 1.0, 12, 2.5
    half = stats.t.ppf(0.975, freedom) * error
    cells = {"measure": "difference", "value": "2.500", "conf_low": f"{b - half:.3f}", "conf_high": f"{b + half:.3f}"}
    p = {"p_value": f"{2 * stats.t.sf(b, freedom):.3f}", "p_operator": "="}
    assert verdict("p_from_ci", cells | p | {"n": "14"}) == "consistent"
    assert verdict("p_from_ci", cells | p | {"n": "2000"}) == "inconsistent"


def test_the_interval_that_a_p_implies():
    found = only("ci_from_p", {"measure": "coefficient", "value": "-0.42", "p_value": "0.002", "p_operator": "="})
    error = 0.42 / stats.norm.isf(0.001)
    assert found.verdict == "cannot be checked"
    assert f"{-0.42 - Z * error:.3f} to {-0.42 + Z * error:.3f}" in found.finding


@pytest.mark.parametrize("t", [True, False])
def test_a_mean_and_its_sd_give_its_interval(t):
    q = stats.t.ppf(0.975, 24) if t else Z
    half = q * 1.3 / 5
    cells = {"measure": "mean", "value": "4.00", "sd": "1.30", "n": "25"}
    limits = {"conf_low": f"{4 - half:.2f}", "conf_high": f"{4 + half:.2f}"}
    assert verdict("mean_ci", cells | limits) == "consistent"
    assert verdict("mean_ci", cells | limits | {"n": "52"}) == "inconsistent"
    found = only("mean_ci", cells | {"conf_low": "2.70", "conf_high": "5.30"})
    assert "plus and minus one SD" in found.finding


def test_the_standard_error_of_an_interval():
    row = made(ratio("58.896", "8.544", "405.989")).rows[0]
    assert standard_error(row).low < np.log(405.989 / 8.544) / (2 * Z) < standard_error(row).high


def test_a_limit_that_prints_as_0_is_not_judged():
    assert verdict("ratio_ci_symmetry", ratio("0.05", "0.00", "1.20")) == "cannot be checked"
