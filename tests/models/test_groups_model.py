"""Two groups against R's wilcox.test, t.test and quantile (tests/reference/R/groups.R)."""

import numpy as np
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import groups

CASES = {"small": ("small", "group", "value", "0"), "gbsg2_pnodes": ("gbsg2", "horTh", "pnodes", "no")}
KINDS = {"group": {"type": "boolean"}, "horTh": {"type": "category", "levels": ["no", "yes"]}}


def fitted(case, inputs, settings, **entry):
    name, group, variable, _ = CASES[case]
    frame = inputs[name]
    entry = settings("groups", group=group, variables=[variable], **entry)
    return groups.fit(frame, **entry, columns=declare(frame, **KINDS))


@pytest.mark.parametrize("test", ["mann_whitney", "welch", "student"])
@pytest.mark.parametrize("case", CASES)
def test_difference_agrees_with_r(case, test, inputs, settings, reference):
    row = pick(fitted(case, inputs, settings, test=test), quantity="difference")
    expected = reference("groups", case).set_index("quantity")["value"]
    assert row["statistic"] == pytest.approx(expected[f"{test}_statistic"], rel=1e-12)
    assert row["p_value"] == pytest.approx(expected[f"{test}_p"], rel=1e-10)
    if test != "mann_whitney":
        assert row["df"] == pytest.approx(expected[f"{test}_df"], rel=1e-12)
        assert row["conf_low"] == pytest.approx(expected[f"{test}_low"], rel=1e-11)
        assert row["conf_high"] == pytest.approx(expected[f"{test}_high"], rel=1e-11)


@pytest.mark.parametrize("case", CASES)
def test_quartiles_agree_with_r(case, inputs, settings, reference):
    result, expected = fitted(case, inputs, settings), reference("groups", case).set_index("quantity")["value"]
    for quantity in ("q1", "median", "q3"):
        row = pick(result, quantity=quantity, scale=CASES[case][3])
        assert row["estimate"] == pytest.approx(expected[f"first_{quantity}"], rel=1e-14)


def test_method_says_which_distribution_was_used(inputs, settings):
    assert pick(fitted("small", inputs, settings), quantity="difference")["method"] == "Mann-Whitney, exact"
    method = pick(fitted("gbsg2_pnodes", inputs, settings), quantity="difference")["method"]
    assert method == "Mann-Whitney, normal with continuity correction"


def test_degenerate_groups(inputs, settings):
    frame = inputs["small"]
    entry = settings("groups", group="group", variables=["value"])
    constant = groups.fit(frame.assign(value=1.0), **entry, columns=declare(frame, **KINDS))
    assert codes(constant) == ["constant_variable"]
    assert np.isnan(pick(constant, quantity="difference")["p_value"])
    with pytest.raises(InputError, match="column 'group': found the levels 1, expected two"):
        groups.fit(frame.assign(group=1), **entry, columns=declare(frame, **KINDS))
    lonely = frame[(frame["group"] == 1) | (frame.index == 0)]
    with pytest.raises(InputError, match="column 'value': 1 value with group 0, expected at least two"):
        groups.fit(lonely, **entry, columns=declare(frame, **KINDS))
