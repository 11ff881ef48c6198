"""Two means, their SDs and the p of their comparison, against scipy."""

import numpy as np
import pytest
from audited_rows import only, verdict
from scipy import stats

from recohort.core.seeds import generator


def printed(x, **cells):
    return {"measure": "mean", "value": f"{x.mean():.2f}", "sd": f"{x.std(ddof=1):.2f}", "n": str(len(x))} | cells


def p_cells(p):
    return {"p_value": f"{p:.3f}", "p_operator": "="}


@pytest.mark.parametrize("equal", [True, False])
def test_t_tests_of_two_groups_are_never_objected_to(equal):
    rng = generator(1, "means")
    for _ in range(200):
        x, y = rng.normal(5, 1, rng.integers(5, 60)), rng.normal(5.4, 2, rng.integers(5, 60))
        p = stats.ttest_ind(x, y, equal_var=equal).pvalue
        assert (
            verdict("paired_or_unpaired", printed(x, relation="t test against y", **p_cells(p)), printed(y))
            == "consistent"
        )


def test_a_wrong_p_is_found():
    rng = generator(2, "means")
    x, y = rng.normal(5, 1, 40), rng.normal(6, 1, 40)
    row = printed(x, relation="t test against y", **p_cells(0.2))
    found = only("paired_or_unpaired", row, printed(y))
    assert found.verdict == "inconsistent"


def test_a_paired_p_is_told_from_one_of_two_groups_and_its_correlation_found():
    rng = generator(3, "means")
    x = rng.normal(3.4, 0.8, 60)
    y = x + rng.normal(0.05, 0.3, 60)
    p = stats.ttest_rel(x, y).pvalue
    exact = (
        {"value": f"{x.mean():.6f}", "sd": f"{x.std(ddof=1):.6f}"},
        {"value": f"{y.mean():.6f}", "sd": f"{y.std(ddof=1):.6f}"},
    )
    p_exact = {"p_value": f"{p:.8f}", "p_operator": "="}
    found = only(
        "paired_or_unpaired", printed(x, relation="compared with y") | exact[0] | p_exact, printed(y) | exact[1]
    )
    assert found.verdict == "consistent"
    assert found.remark == "The p-value is that of pairs."
    assert f"a correlation of {np.corrcoef(x, y)[0, 1]:.2f} " in found.finding
    against = only(
        "paired_or_unpaired", printed(x, relation="t test against y") | exact[0] | p_exact, printed(y) | exact[1]
    )
    assert against.verdict == "inconsistent"
    assert "A paired test would fit" in against.remark


def test_a_paired_test_that_no_correlation_gives():
    rows = (
        {"measure": "mean", "value": "3.0", "sd": "1.0", "n": "20"},
        {"measure": "mean", "value": "5.0", "sd": "1.0", "n": "20"},
    )
    weak = {"relation": "paired t test against y", "p_value": "0.9", "p_operator": "="}
    assert verdict("paired_or_unpaired", rows[0] | weak, rows[1]) == "inconsistent"


def test_without_sds_the_p_implies_them():
    rows = {"measure": "mean", "value": "-7.5", "n": "600"}, {"measure": "mean", "value": "-1.1", "n": "250"}
    below = {"relation": "compared with y", "p_value": "0.001", "p_operator": "<"}
    found = only("paired_or_unpaired", rows[0] | below, rows[1])
    sd = 6.5 / (stats.t.isf(0.0005, 848) * np.sqrt(1 / 600 + 1 / 250))
    assert found.verdict == "cannot be checked"
    assert f"at most {sd:.1f}" in found.finding
