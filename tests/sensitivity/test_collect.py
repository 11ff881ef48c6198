"""Estimates of all alternatives in one table."""

import pandas as pd
import pytest

from recohort.core.errors import InputError
from recohort.models.result import COLUMNS
from recohort.sensitivity.collect import AS_CONFIGURED, PUBLISHED, collect


def estimates(value, **cells):
    row = {
        "term": "drug",
        "quantity": "odds_ratio",
        "scale": "1 against 0",
        "estimate": value,
        "method": "logistic, Wald",
    }
    return pd.DataFrame([{**row, **cells}], columns=list(COLUMNS))


def one(variant, **choices):
    return {"variant": variant, "model": "logistic.a", "term": "drug", "choices": choices, "path": f"{variant}/a.tsv"}


KEYS = {"quantity": "odds_ratio", "scale": "", "method": ""}


def test_rows_keep_their_choices_and_where_they_come_from():
    found = collect(
        [one("", ratio="2"), one("ratio-1", ratio="1")], [estimates(1.5), estimates(2.0)], **KEYS, published=None
    )
    assert found["specification"].tolist() == [AS_CONFIGURED, "ratio-1"]
    assert found["results"].tolist() == ["/a.tsv", "ratio-1/a.tsv"]
    assert found["ratio"].tolist() == ["2", "1"] and found["estimate"].tolist() == [1.5, 2.0]


def test_a_choice_that_a_specification_does_not_make_is_missing():
    found = collect([one("", ratio="2"), one("", model="b")], [estimates(1.5), estimates(2.0)], **KEYS, published=None)
    assert found["ratio"].isna().tolist() == [False, True] and found["model"].isna().tolist() == [True, False]


def test_the_published_number_comes_last():
    printed = {"value": "58.9", "conf_low": "8.5", "conf_high": ""}
    found = collect([one("", ratio="2")], [estimates(1.5)], **KEYS, published=printed)
    last = found.iloc[-1]
    assert last["specification"] == PUBLISHED and last["estimate"] == 58.9 and last["conf_low"] == 8.5
    assert pd.isna(last["conf_high"])


def test_scale_chooses_by_whole_words_at_its_beginning_and_method_by_words_in_it():
    both = pd.concat([estimates(1.1, scale="per 1 mL"), estimates(9.0, scale="per 10 mL")])
    found = collect([one("", a="b")], [both], **{**KEYS, "scale": "per 1"}, published=None)
    assert found["estimate"].tolist() == [1.1]
    both = pd.concat([estimates(1.1), estimates(1.2, method="logistic, profile")])
    found = collect([one("", a="b")], [both], **{**KEYS, "method": "Wald"}, published=None)
    assert found["estimate"].tolist() == [1.1]


@pytest.mark.parametrize(
    ("frame", "count"), [(estimates(1.0, term="age"), 0), (pd.concat([estimates(1), estimates(2)]), 2)]
)
def test_no_row_or_several_are_one_sentence(frame, count):
    with pytest.raises(InputError, match=f"x/a.tsv: found {count} rows of odds_ratio of drug, expected one"):
        collect([one("x", a="b")], [frame], **KEYS, published=None)
