"""Conditions of the configuration: rules of eligibility, rows of a model, derived columns."""

import numpy as np
import pandas as pd
import pytest

from recohort.core.conditions import failures, rows_where
from recohort.core.errors import InputError

TABLE = pd.DataFrame({"age": [40, 50, np.nan, 70], "group": ["ms", "control", "ms", None], "treated": [1, 0, None, 1]})


@pytest.mark.parametrize(
    ("condition", "reasons"),
    [
        ({"column": "age", "at_least": 50}, ["age below 50", "", "age unknown", ""]),
        ({"column": "age", "above": 40, "below": 70}, ["age not above 40", "", "age unknown", "age not below 70"]),
        ({"column": "group", "equals": "ms"}, ["", "group not ms", "", "group unknown"]),
        ({"column": "treated", "equals": True}, ["", "treated not 1", "treated unknown", ""]),
        ({"column": "treated", "one_of": [0, 1]}, ["", "", "treated unknown", ""]),
        ({"column": "age", "is_present": True}, ["", "", "age unknown", ""]),
    ],
)
def test_every_row_has_its_reason(condition, reasons):
    assert failures(TABLE, condition, where="here").tolist() == reasons


def test_rows_where_keeps_those_alone():
    assert rows_where(TABLE, {"column": "group", "equals": "ms"}, where="here")["age"].tolist()[0] == 40


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"column": "weight", "above": 1}, "here: column 'weight' is not in the cohort's table"),
        ({"column": "group", "above": 1}, "column 'group': found 'ms', expected a number"),
        (
            {"column": "age", "above": 99},
            "here: no row of the cohort is among those asked for .* expected at least one",
        ),
    ],
)
def test_what_cannot_be_judged_is_said(condition, said):
    with pytest.raises(InputError, match=said):
        rows_where(TABLE, condition, where="here")
