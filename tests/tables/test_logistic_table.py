import sys
from pathlib import Path

import pytest

from recohort.core.errors import InputError
from recohort.models.result import result, row
from recohort.tables import interaction, logistic

sys.path.insert(0, str(Path(__file__).parents[1] / "figures"))
from drawn import settings
from made_trial import COLUMNS, frames


def ratios(made=None, **entry):
    entry = settings("logistic", "tables", **entry)
    return logistic.build(made or frames(), columns=COLUMNS, synthetic=False, level=0.95, **entry)


def interactions(made=None, **entry):
    entry = settings("interaction", "tables", **entry)
    return interaction.build(made or frames(), columns=COLUMNS, synthetic=False, level=0.95, **entry)


def test_terms_of_a_model_with_its_product():
    table = ratios(models={"A": ["linear"]}, c_statistic=True)
    assert [line.cells[0] for line in table.rows] == [
        "Aspirin",
        "Age (years)",
        "Lesion volume (mL)",
        "Aspirin × Lesion volume, 1 against 0, per 1 mL",
    ]
    assert table.rows[0].cells[2] == "6.92 (2.93–16.34)"
    assert table.rows[3].cells[2] == "0.86 (0.77–0.96)"
    assert "n=628, 47 events, C statistic 0.70." in table.footnotes


def test_that_a_ratio_holds_where_the_modifier_is_zero_is_said():
    notes = " ".join(ratios(models={"A": ["linear"]}).footnotes)
    assert "Aspirin: in the model with a product, where volume is 0." in notes
    assert "Aspirin" not in " ".join(ratios(models={"A": ["overall"]}).footnotes)


def test_a_spline_has_coefficients_and_no_ratio():
    table = ratios(models={"A": ["spline"]}, terms=["volume"])
    assert [line.cells[0] for line in table.rows] == [
        "Lesion volume (mL), below the first knot",
        "Lesion volume (mL), bend 1",
    ]
    assert {line.cells[2] for line in table.rows} == {"–"}


def test_models_side_by_side_with_scales_and_levels():
    table = ratios(models={"A": ["arms"]}, layout="models", scales=["per 1", "per SD"])
    assert [line.cells[0] for line in table.rows] == [
        "Region: Deep against lobar",
        "Region: Brainstem against lobar",
        "Lesion volume (mL)",
    ]
    assert [column.label for column in table.columns] == ["Predictor", "n (events)", "per unit", "per SD", "p"]
    assert table.rows[0].cells[1] == "628 (47)"


def test_family_of_interactions():
    family = result([row("linear", "p_adjusted", "aspirin:volume", "holm", p_value=0.012)]).estimates
    made = {**frames(), "models/family/f": family}
    table = interactions(made, models={"Recurrence": {"Aspirin": "linear"}}, families=["f"])
    assert table.columns[-1].label == "p (Holm, k=1)"
    assert table.rows[0].cells == (
        "Aspirin",
        "628 (47)",
        "5.11 (2.38–11.00)",
        "1.53 (0.59–3.99)",
        "0.86 (0.77–0.96)",
        "0.006",
        "<0.001",
        "0.012",
    )
    assert [column.label for column in table.columns[2:4]] == ["Lesion volume 2 mL", "Lesion volume 10 mL"]
    assert table.footnotes == ("Ratio of odds ratios: per 1 mL, lesion volume.",)


def test_sections_are_outcomes_and_places_that_models_do_not_share_are_left_out():
    table = interactions(models={"One": {"Aspirin": "linear"}, "Two": {"Aspirin": "severe"}})
    assert [line.cells[0] for line in table.rows] == ["One", "Aspirin", "Two", "Aspirin"]
    assert [column.label for column in table.columns][:3] == [
        "Exposure",
        "n (events)",
        "Ratio of odds ratios (95 % CI)",
    ]


def test_ratio_per_standard_deviation_is_found_by_its_beginning():
    plain = interactions(models={"A": {"Aspirin": "linear"}})
    table = interactions(models={"A": {"Aspirin": "linear"}}, per="per SD")
    assert table.rows[0].cells[4] != plain.rows[0].cells[4]
    assert table.footnotes[0].startswith("Ratio of odds ratios: per SD (9.74 mL)")


def test_spline_has_a_test_and_no_ratio():
    table = interactions(models={"A": {"Aspirin": "spline"}})
    assert table.rows[0].cells[2:] == ("–", "–", "0.003")
    assert "spline" in table.footnotes[0]


def test_model_without_a_modifier_is_refused():
    with pytest.raises(InputError, match="expected a model with a modifier"):
        interactions(models={"A": {"Aspirin": "overall"}})
