"""Survival and incidence at times as a journal prints them."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from recohort.core.errors import InputError
from recohort.tables import format as fmt
from recohort.tables.render import to_csv, to_html

sys.path.insert(0, str(Path(__file__).parents[1] / "figures"))

from curve_results import fitted, made

GRADES = {"low": "Low grade", "middle": "Middle", "high": "High"}


def build(frames, **entry):
    entry = {"kind": "survival", "group_levels": GRADES, "times": [12, 24], **entry}
    return made("tables", frames, **entry)


def estimate(frames, kind, **where):
    rows = frames[f"models/{kind}/x"]
    for column, wanted in where.items():
        rows = rows[rows[column] == wanted]
    assert len(rows) == 1
    return rows.iloc[0]


def test_survival_by_stratum():
    frames = fitted("kaplan_meier", group="grade")
    table = build(frames, kaplan_meier="x")
    assert [(column.spanner, column.label) for column in table.columns] == [
        *(("", "Stratum"), ("", "n"), ("", "Events")),
        *(("At 12 months", "At risk"), ("At 12 months", "Survival, % (95 % CI)")),
        *(("At 24 months", "At risk"), ("At 24 months", "Survival, % (95 % CI)")),
        *(("", "Median (95 % CI), months"), ("", "Restricted mean to 24 (95 % CI), months")),
    ]
    first = table.rows[0].cells
    row = estimate(frames, "kaplan_meier", term="low", quantity="survival", scale="12 months")
    shown = fmt.percent_estimate(row["estimate"], row["conf_low"], row["conf_high"], digits=1)
    assert (first[0], first[1], first[4]) == ("Low grade", "50", shown)
    at_risk = estimate(frames, "kaplan_meier", term="low", quantity="at_risk", scale="12 months")["estimate"]
    assert first[3] == f"{at_risk:.0f}"
    assert [row.cells[0] for row in table.rows[3:]] == [
        *("Middle minus Low grade", "Middle over Low grade", "High minus Low grade", "High over Low grade")
    ]
    row = estimate(frames, "kaplan_meier", quantity="survival_difference", scale="24 months, high against low")
    assert table.rows[5].cells[6].startswith(fmt.percent(row["estimate"], digits=1))
    assert table.rows[5].cells[6].endswith(fmt.p_phrase(row["p_value"], digits=3))
    row = estimate(frames, "kaplan_meier", quantity="rmst_ratio", scale="24 months, high against low")
    assert table.rows[6].cells[-1].startswith(fmt.number(row["estimate"], digits=2))
    assert set(table.rows[6].cells[1:-1]) == {""}


def test_tests_are_said_beneath():
    frames = fitted("kaplan_meier", group="grade", trend=True, pairwise=True, stratify=["treated"])
    notes = build(frames, kaplan_meier="x").footnotes
    assert notes[0].startswith("Log-rank test, stratified by treated: p")
    assert any("trend over low, middle, high: p" in note for note in notes)
    pairs = [note for note in notes if "Holm over 3 pairs" in note]
    assert [note.split(", ")[-1].split(":")[0] for note in pairs] == [
        *("Middle against Low grade", "High against Low grade", "High against Middle")
    ]


def test_incidence_of_both_events():
    frames = fitted("competing_risks", group="grade")
    labels = {"event_label": "Relapse", "competing_label": "Death"}
    table = build(frames, competing_risks="x", **labels, one_minus_km=True)
    assert [row.cells[0] for row in table.rows if row.section] == ["Relapse", "Death"]
    names = [row.cells[0] for row in table.rows]
    assert names.count("Low grade") == 2 and names.count("High minus Low grade") == 2
    naive = next(row for row in table.rows if row.cells[0] == "High, 1 − Kaplan-Meier")
    row = estimate(frames, "competing_risks", term="high", quantity="one_minus_km", scale="24 months")
    assert naive.cells[-1] == fmt.percent(row["estimate"], digits=1)
    low = [row for row in table.rows if row.cells[0] == "Low grade"]
    for shown, quantity in zip(low, ("incidence", "competing_incidence"), strict=True):
        row = estimate(frames, "competing_risks", term="low", quantity=quantity, scale="12 months")
        assert shown.cells[2] == f"{row['n_events']:.0f}"
        assert shown.cells[4].startswith(fmt.percent(row["estimate"], digits=1))
    assert [note.split(":")[0] for note in table.footnotes[:2]] == ["Gray's test (Relapse)", "Gray's test (Death)"]


def test_numbers_at_risk_can_be_left_out():
    table = build(fitted("kaplan_meier", group="grade", rmst=None), kaplan_meier="x", at_risk=False, times=[24])
    assert [column.label for column in table.columns] == [
        *("Stratum", "n", "Events", "Survival, % (95 % CI)", "Median (95 % CI), months")
    ]


def test_one_group_is_called_all():
    table = build(fitted("kaplan_meier"), kaplan_meier="x", group_levels={"all": "All patients"})
    assert [row.cells[0] for row in table.rows] == ["All patients"]
    assert table.footnotes == ()


@pytest.mark.parametrize("kind", ["kaplan_meier", "competing_risks"])
def test_absolute_risks_are_withheld_after_matching_on_the_outcome(kind):
    frames = fitted(kind, group="grade")
    frames[f"models/{kind}/x.warnings"] = pd.DataFrame({"code": ["matched_on_outcome"], "message": ["Matched."]})
    table = build(frames, **{kind: "x"})
    assert "%" not in "".join(cell for row in table.rows for cell in row.cells)
    assert not any("(" in cell for row in table.rows for cell in row.cells)
    assert any("withheld" in note for note in table.footnotes)


@pytest.mark.parametrize("kind", ["kaplan_meier", "competing_risks"])
def test_it_is_written_as_text_and_page(kind):
    table = build(fitted(kind, group="grade"), **{kind: "x"})
    assert "Low grade" in to_csv(table)
    assert "Low grade" in to_html(table, name="survival")


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({}, "both or neither of kaplan_meier and competing_risks"),
        ({"kaplan_meier": "x", "times": [13]}, r"models\.kaplan_meier\.x: found no survival at 13"),
    ],
)
def test_what_is_not_there_is_refused(entry, sentence):
    with pytest.raises(InputError, match=sentence):
        build(fitted("kaplan_meier", group="grade"), **entry)
