"""Estimates of all alternatives in one table."""

import pandas as pd
import pytest

from recohort.core.errors import InputError, NoAnswer
from recohort.models.result import COLUMNS
from recohort.report.locate import locate
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
    printed = {"item": "a", "value": "58.9", "conf_low": "8.5", "conf_high": "", "unit": ""}
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


def test_an_alternative_without_an_answer_keeps_its_choices_and_says_why():
    specifications = [one("", ratio="2"), one("ratio-9", ratio="9"), one("ratio-1", ratio="1")]
    found = collect(specifications, [estimates(1.5), NoAnswer("nobody"), estimates(2.0)], **KEYS, published=None)
    assert list(found.columns) == ["specification", "results", "ratio", *COLUMNS, "reason"]
    assert found["reason"].tolist() == ["", "nobody", ""]
    told = ["specification", "results", "ratio", "term", "quantity", "reason"]
    assert found.loc[1, told].tolist() == ["ratio-9", "ratio-9/a.tsv", "9", "drug", "odds_ratio", "nobody"]
    assert found.loc[1].drop(told).isna().all()


def test_the_study_as_it_is_must_have_an_answer():
    with pytest.raises(InputError, match=r"/a\.tsv: the study as it is has no estimate: nobody"):
        collect([one("", a="b"), one("x", a="c")], [NoAnswer("nobody"), estimates(1)], **KEYS, published=None)


@pytest.mark.parametrize(
    ("quantity", "value", "why"),
    [
        ("hazard_ratio", 0.0, "the hazard ratio is 0, which is no estimate (separation)"),
        ("hazard_ratio", float("inf"), "the hazard ratio is infinite, which is no estimate (separation)"),
        ("coefficient", -float("inf"), "the coefficient is infinite, which is no estimate (separation)"),
        ("coefficient", float("nan"), "the model gives no coefficient"),
        ("coefficient", 0.0, ""),
        ("hazard_ratio", 1e-9, ""),
    ],
)
def test_a_number_that_is_no_estimate_says_so(quantity, value, why):
    keys = {**KEYS, "quantity": quantity}
    results = [estimates(1.5, quantity=quantity), estimates(value, quantity=quantity)]
    assert collect([one("", a="b"), one("x", a="c")], results, **keys, published=None)["reason"].tolist() == ["", why]


@pytest.mark.parametrize("unit", ["", "%", "points"])
def test_a_published_number_is_converted_as_where_it_is_compared(unit):
    """What `report.locate` makes of the run's number is printed; what `collect` makes of the printed is the run's."""
    printed = {"item": "a", "value": "82.6", "conf_low": "70.1", "conf_high": "91.3", "unit": unit}
    factor = 100 if unit == "%" else 1
    run = estimates(82.6 / factor, conf_low=70.1 / factor, conf_high=91.3 / factor)
    where = {"result": "a.tsv", "where": "term=drug", "column": ""}
    compared = locate({**printed, **where}, {"a.tsv": run})
    assert (compared.value, compared.low, compared.high) == pytest.approx((82.6, 70.1, 91.3), rel=1e-15)
    last = collect([one("", a="b")], [run], **KEYS, published=printed).iloc[-1]
    expected = [0.826, 0.701, 0.913] if unit == "%" else [82.6, 70.1, 91.3]
    assert last[["estimate", "conf_low", "conf_high"]].tolist() == expected


@pytest.mark.parametrize("text", ["", "<0.001", "in May"])
def test_a_published_number_that_is_none_is_refused(text):
    printed = {"item": "a.b", "value": text, "conf_low": "", "conf_high": "", "unit": ""}
    with pytest.raises(InputError, match=f"published number 'a.b': found '{text}', expected a number"):
        collect([one("", a="b")], [estimates(1.5)], **KEYS, published=printed)
