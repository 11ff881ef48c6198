"""Joining the tables, and naming every disagreement at once."""

import pandas as pd
import pytest
from cohort_cases import codes

from recohort.cohort.assemble import assemble
from recohort.core.errors import InputError

COLUMNS = {
    "age": {"type": "number", "unit": "years"},
    "sex": {"type": "category", "levels": ["female", "male"]},
    "bleeds": {"type": "integer"},
    "bled": {"type": "boolean"},
    "months": {"type": "number", "unit": "months"},
}
OUTCOME = {"time": "months", "event": "bled"}


@pytest.fixture
def participants():
    return pd.DataFrame(
        {
            "participant_id": ["sub-001", "sub-002", "sub-003"],
            "age": [40.5, None, 61],
            "sex": ["male", "female", None],
            "bleeds": [0, 2, 1],
            "bled": [1, 0, 0],
            "months": [3.0, 24.0, 12.0],
        }
    )


@pytest.fixture
def metrics():
    ids = ["sub-001", "sub-001", "sub-002", "sub-002"]
    names = ["lesion_median", "lesion_volume"] * 2
    values = [0.4, 1.2, 0.3, None]
    return pd.DataFrame({"participant_id": ids, "metric": names, "value": values, "unit": ["ppm", "mL"] * 2})


@pytest.fixture
def status():
    ids = ["sub-001", "sub-002", "sub-003"]
    words = ["reconstructed", "imported", "excluded"]
    return pd.DataFrame({"participant_id": ids, "status": words, "reason": [None, None, "phase is missing"]})


def test_tables_are_joined(participants, metrics, status):
    frame, warnings = assemble(participants, metrics, status, columns=COLUMNS, outcome=OUTCOME, derived={})
    assert frame.columns.tolist() == ["participant_id", *COLUMNS, "lesion_median", "lesion_volume", "exclusion"]
    assert frame["lesion_median"].tolist()[:2] == [0.4, 0.3]
    assert frame["exclusion"].tolist() == ["", "", "phase is missing"]
    assert frame["bled"].tolist() == [1, 0, 0]
    assert codes(warnings) == ["metric_missing"]
    assert warnings["message"][0] == "lesion_volume is missing in 1 of 2 participants with images."


def test_a_study_may_have_no_images(participants):
    frame, warnings = assemble(participants, None, None, columns=COLUMNS, outcome=None, derived={})
    assert frame["exclusion"].tolist() == ["", "", ""]
    assert warnings.empty


def test_numeric_levels_are_text(participants):
    columns = {**COLUMNS, "grade": {"type": "category", "levels": ["1", "2"]}}
    frame = assemble(
        participants.assign(grade=[1.0, 2.0, None]), None, None, columns=columns, outcome=None, derived={}
    ).frame
    assert frame["grade"].tolist() == ["1", "2", None]


def test_every_disagreement_is_named_at_once(participants, metrics, status):
    participants = pd.concat([participants, participants.iloc[[0]]], ignore_index=True)
    participants = participants.astype({"age": object, "bleeds": float, "months": float})
    participants.loc[0, ["age", "bleeds", "months"]] = ["old", 1.5, float("nan")]
    participants.loc[1, ["sex", "bled", "months"]] = ["unknown", 3, -1.0]
    participants.loc[2, "participant_id"] = None
    participants["iron"] = 1
    columns = {
        **COLUMNS,
        "centre": {"type": "category", "levels": ["a", "b"]},
        "lesion_median": {"type": "number", "unit": "ppb"},
    }
    metrics = pd.concat([metrics, metrics.iloc[[0]].assign(value=0.9)], ignore_index=True)
    metrics.loc[len(metrics)] = ["sub-009", "lesion_median", 0.1, "ppm"]
    with pytest.raises(InputError) as raised:
        assemble(participants, metrics, status, columns=columns, outcome=OUTCOME, derived={})
    said = str(raised.value).split("\n")
    assert said == [
        "participants: 1 identifiers are empty (line 4)",
        "participants: sub-001: more than once in the table",
        "participants: column 'iron' is in the table, but not declared in data.columns",
        "participants: column 'age': found 'old' (sub-001), expected a number",
        "participants: column 'sex': found 'unknown' (sub-002), expected one of female, male",
        "participants: column 'bleeds': found '1.5' (sub-001), expected a whole number",
        "participants: column 'bled': found '3' (sub-002), expected 0 or 1",
        "participants: column 'centre' is declared, but neither in the table nor among the metrics",
        "participants: sub-001: found bled = 1 without months, expected the time of the event",
        "participants: column 'months': found '-1.0' (sub-002), expected 0 or more",
        "participants: sub-003: in the images, but not in the table",
        "participants: sub-001 (lesion_median): several values of one metric, expected one (of one session)",
        "participants: metric 'lesion_median' comes in ppm, but is declared in ppb",
        "participants: sub-009: in the metrics, but not in the table",
    ]


def test_participants_without_images_or_metrics_are_named(participants, metrics, status):
    with pytest.raises(InputError, match="sub-003: in the table, but not in the images"):
        assemble(participants, metrics, status.iloc[:2], columns=COLUMNS, outcome=None, derived={})
    with pytest.raises(InputError, match="sub-002: in the table, but without metrics"):
        assemble(participants, metrics.iloc[:2], status, columns=COLUMNS, outcome=None, derived={})


def test_an_excluded_subject_keeps_no_metrics(participants, metrics, status):
    metrics.loc[len(metrics)] = ["sub-003", "lesion_median", 9.0, "ppm"]
    frame = assemble(participants, metrics, status, columns=COLUMNS, outcome=None, derived={}).frame
    assert frame["lesion_median"].isna().tolist() == [False, False, True]


def test_a_metric_that_is_no_number_is_named(participants, metrics, status):
    metrics = metrics.astype({"value": object})
    metrics.loc[0, "value"] = "high"
    with pytest.raises(
        InputError, match=r"column 'value': found 'high' \(sub-001\), expected finite numbers in the metrics"
    ):
        assemble(participants, metrics, status, columns=COLUMNS, outcome=None, derived={})


def test_derived_columns_are_composites(participants):
    marked = participants.assign(pet=[1, 0, None], biopsy=[0, 0, 0])
    columns = {**COLUMNS, "pet": {"type": "boolean"}, "biopsy": {"type": "boolean"}}
    criteria = [{"column": "pet", "equals": 1}, {"column": "biopsy", "equals": 1}]
    derived = {
        "failure": {"label": "Failure", "any_of": criteria},
        "success": {"label": "Success", "any_of": [{"column": "failure", "equals": 0}]},
    }
    frame = assemble(marked, None, None, columns=columns, outcome=None, derived=derived).frame
    assert frame["failure"].astype(object).where(frame["failure"].notna(), None).tolist() == [1, 0, None]
    assert frame["success"].astype(object).where(frame["success"].notna(), None).tolist() == [0, 1, None]


def test_a_derived_column_does_not_hide_another(participants):
    with pytest.raises(InputError, match=r"cohort.derived.age: there is a column of that name already"):
        derived = {"age": {"label": "Age", "any_of": [{"column": "age", "above": 1}]}}
        assemble(participants, None, None, columns=COLUMNS, outcome=None, derived=derived)
