"""Adjusted p-values against statsmodels."""

import numpy as np
import pytest
from audited_rows import audited, only, verdict
from statsmodels.stats.multitest import multipletests

from recohort.audit.multiplicity import benjamini_hochberg, holm
from recohort.core.seeds import generator


@pytest.mark.parametrize(("ours", "theirs"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_adjustment_is_that_of_statsmodels(ours, theirs):
    rng = generator(1, "p")
    for k in (1, 2, 5, 20):
        p = rng.uniform(0, 1, k) ** 2
        assert ours(list(p)) == pytest.approx(multipletests(p, method=theirs)[1], abs=1e-14)


@pytest.mark.parametrize(("words", "method"), [("bonferroni", "bonferroni"), ("holm", "holm"), ("bh", "fdr_bh")])
def test_printed_adjusted_p_values(words, method):
    raw = np.array([0.0041, 0.0321, 0.0217, 0.4102])
    after = multipletests(raw, method=method)[1]
    among = "x4" if words == "bonferroni" else "among x y z u"
    rows = [{"measure": "p", "p_value": f"{p:.4f}", "p_operator": "="} for p in raw]
    for i, name in enumerate("xyzu"):
        last = {"item": "adjusted", "measure": "p", "p_operator": "=", "relation": f"{words} of {name} {among}"}
        assert verdict("adjusted_p", *rows, last | {"p_value": f"{after[i]:.3f}"}) == "consistent"
        assert verdict("adjusted_p", *rows, last | {"p_value": f"{min(1, after[i] * 1.5 + 0.02):.3f}"}) in (
            ["inconsistent"] if after[i] < 0.6 else ["inconsistent", "consistent"]
        )


def test_a_raw_p_that_prints_as_a_bound_is_narrowed_by_its_interval():
    row = {"measure": "hazard_ratio", "value": "58.896", "conf_low": "8.544", "conf_high": "405.989"}
    row |= {"p_value": "0.001", "p_operator": "<"}
    after = {"item": "a", "measure": "p", "p_operator": "=", "relation": "bonferroni of x x 4"}
    assert verdict("adjusted_p", row, after | {"p_value": "0.0001"}) == "consistent"
    assert verdict("adjusted_p", row, after | {"p_value": "0.0003"}) == "inconsistent"


def test_a_family_is_said_with_every_method():
    raw = [0.002, 0.03, 0.009, 0.03]
    rows = [{"measure": "p", "p_value": str(p), "p_operator": "=", "relation": "family f"} for p in raw]
    found = only("multiplicity", *rows)
    kept = {
        method: int((multipletests(raw, method=method)[1] < 0.05).sum()) for method in ("bonferroni", "holm", "fdr_bh")
    }
    assert found.verdict == "consistent"
    assert (
        f"Bonferroni keeps {kept['bonferroni']}; Holm keeps {kept['holm']}; Benjamini-Hochberg keeps {kept['fdr_bh']}"
        in found.remark
    )
    assert f"{1 - 0.95**4:.2f}" in found.remark


def test_a_family_that_survives_has_no_remark_and_two_families_are_two():
    strong = [{"measure": "p", "p_value": "0.001", "p_operator": "<", "relation": "family f"} for _ in range(2)]
    weak = [{"measure": "p", "p_value": "0.5", "p_operator": "=", "relation": "family g"} for _ in range(2)]
    found = [finding for finding in audited(*strong, *weak) if finding.check == "multiplicity"]
    assert [finding.remark for finding in found] == ["", ""]
