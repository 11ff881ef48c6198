"""Rules and flow: every participant is kept or excluded for one named reason."""

import numpy as np
import pandas as pd
import pytest

from recohort.cohort.eligibility import select
from recohort.cohort.flow import flow
from recohort.core.errors import InputError

ADULT = {"name": "adult", "label": "Adults", "keep": {"column": "age", "at_least": 18}}


@pytest.fixture
def assembled():
    return pd.DataFrame(
        {
            "participant_id": [f"sub-{i:03d}" for i in range(1, 9)],
            "age": [17, 18, 40, None, 60, 33, 90, 25],
            "site": ["pons", "pons", "medulla", "pons", None, "thalamus", "pons", "medulla"],
            "surgery": [0, 0, 0, 0, 0, 0, 0, 1],
            "exclusion": [None, "", "phase is missing", "", "", "", "", ""],
        }
    )


def test_rules_in_order(assembled):
    rules = [
        ADULT,
        {"name": "brainstem", "label": "In the brainstem", "keep": {"column": "site", "one_of": ["pons", "medulla"]}},
        {"name": "untreated", "label": "Not operated on", "keep": {"column": "surgery", "equals": False}},
    ]
    eligible, steps = select(assembled, rules=rules)
    assert eligible["participant_id"].tolist() == ["sub-002", "sub-007"]
    assert "exclusion" not in eligible
    assert [step["excluded"] for step in steps] == [
        [{"reason": "phase is missing", "n": 1}],
        [{"reason": "age below 18", "n": 1}, {"reason": "age unknown", "n": 1}],
        [{"reason": "site none of pons, medulla", "n": 1}, {"reason": "site unknown", "n": 1}],
        [{"reason": "surgery not 0", "n": 1}],
    ]


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        ({"at_least": 18}, [18, 40, 60, 33, 90, 25]),
        ({"above": 18}, [40, 60, 33, 90, 25]),
        ({"at_most": 40}, [17, 18, 40, 33, 25]),
        ({"below": 40}, [17, 18, 33, 25]),
        ({"at_least": 18, "below": 60}, [18, 40, 33, 25]),
        ({"equals": 40}, [40]),
        ({"one_of": [17, 90.0]}, [17, 90]),
        ({"is_present": True}, [17, 18, 40, 60, 33, 90, 25]),
    ],
)
def test_conditions(assembled, keep, kept):
    rule = {"name": "x", "label": "X", "keep": {"column": "age", **keep}}
    eligible, _ = select(assembled.drop(columns="exclusion"), rules=[rule])
    assert eligible["age"].tolist() == kept


def test_counts_sum_over_random_rules():
    rng = np.random.default_rng(4)
    for _ in range(100):
        n = int(rng.integers(5, 60))
        frame = pd.DataFrame({"participant_id": np.arange(n).astype(str)})
        for name in "abc":
            frame[name] = np.where(rng.random(n) < 0.1, np.nan, rng.integers(0, 10, n))
        frame["exclusion"] = rng.choice(["", "", "", "blurred", "no mask"], n)
        words = rng.choice(["at_least", "at_most", "above", "below", "equals", "is_present"], 4)
        rules = [
            {
                "name": f"r{i}",
                "label": f"R{i}",
                "keep": {"column": str(rng.choice(list("abc"))), word: int(rng.integers(0, 10))},
            }
            for i, word in enumerate(words)
        ]
        try:
            eligible, steps = select(frame, rules=rules)
        except InputError as error:
            assert "nobody is left" in str(error)
            continue
        assert steps[0]["n_in"] == n
        for step in steps:
            assert step["n_in"] - step["n_excluded"] == step["n_out"]
            assert sum(entry["n"] for entry in step["excluded"]) == step["n_excluded"]
        assert [step["n_out"] for step in steps[:-1]] == [step["n_in"] for step in steps[1:]]
        assert steps[-1]["n_out"] == len(eligible)


def test_a_rule_on_an_absent_column_is_refused(assembled):
    rule = {"name": "x", "label": "X", "keep": {"column": "iron", "above": 1}}
    with pytest.raises(InputError, match="eligibility rule 'x': column 'iron' is not in the cohort's table"):
        select(assembled, rules=[rule])


def test_text_is_not_compared_with_a_number(assembled):
    rule = {"name": "x", "label": "X", "keep": {"column": "site", "above": 1}}
    with pytest.raises(InputError, match="column 'site': found 'pons', expected a number"):
        select(assembled, rules=[rule])


def test_an_empty_cohort_is_refused(assembled):
    rule = {"name": "old", "label": "Old", "keep": {"column": "age", "above": 200}}
    with pytest.raises(
        InputError, match=r"nobody is left after the step 'old': age not above 200 \(6\); age unknown \(1\)"
    ):
        select(assembled, rules=[rule])


GROUPS = {"column": "bled", "levels": {"1": "Haemorrhage", "0": "Haemorrhage-free"}}


def test_flow_ends_with_matching_and_groups():
    eligible = pd.DataFrame({"participant_id": list("abcdef"), "age": 30, "bled": [1, 1, 0, 0, 0, 0]})
    _, steps = select(eligible, rules=[ADULT])
    drawn = flow(steps, eligible, eligible.iloc[[0, 2, 3]], groups=GROUPS)
    assert drawn["steps"][-1] == {
        "name": "matched",
        "label": "Matched",
        "n_in": 6,
        "n_excluded": 3,
        "n_out": 3,
        "excluded": [{"reason": "no match: Haemorrhage", "n": 1}, {"reason": "no match: Haemorrhage-free", "n": 2}],
    }
    assert [(group["label"], group["n"]) for group in drawn["groups"]] == [("Haemorrhage", 1), ("Haemorrhage-free", 2)]


def test_flow_without_matching_or_groups():
    eligible = pd.DataFrame({"age": [30, 40]})
    _, steps = select(eligible, rules=[ADULT])
    assert flow(steps, eligible, None, groups=None) == {"steps": steps, "groups": []}


def test_flow_refuses_an_unnamed_level():
    eligible = pd.DataFrame({"bled": [1, 2]})
    with pytest.raises(InputError, match="flow: column 'bled' holds '2', expected one of 1, 0"):
        flow([], eligible, None, groups=GROUPS)
