"""The table of diagnostic accuracy says what the analysis found."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "figures"))

from predictions import frames, made

from recohort.core.errors import InputError
from recohort.tables import diagnostic

ENTRY = {"kind": "diagnostic", "model": "tests"}


def test_each_test_has_its_counts_and_percentages():
    built = made("tables", diagnostic, ENTRY)
    estimates = frames()["models/diagnostic/tests"]
    row = estimates[(estimates["term"] == "first") & (estimates["quantity"] == "sensitivity")].iloc[0]
    first = built.rows[0].cells
    assert first[0] == "First"
    assert first[1] == f"{row['n_events']}/{row['n']}"
    assert first[2].startswith(f"{100 * row['estimate']:.1f} (")
    assert [column.label for column in built.columns][:3] == ["Test", "n/N", "% (95 % CI)"]


def test_differences_stand_under_the_tests_with_their_p():
    rows = made("tables", diagnostic, ENTRY).rows
    assert rows[2].section
    assert rows[3].cells[0] == "First − Second"
    assert rows[3].cells[1].startswith("p")


def test_predictive_values_at_a_prevalence_are_noted():
    notes = made("tables", diagnostic, ENTRY).footnotes
    assert any("at a prevalence of 0.05: First" in note for note in notes)
    assert any("116 positive by the reference standard" in note for note in notes)


def test_tests_may_be_chosen_and_renamed():
    built = made("tables", diagnostic, {**ENTRY, "tests": {"second": "Second reader"}})
    assert [row.cells[0] for row in built.rows] == ["Second reader"]
    with pytest.raises(InputError, match="found no test 'third', expected first, second"):
        made("tables", diagnostic, {**ENTRY, "tests": {"third": "Third"}})
