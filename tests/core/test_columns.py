"""The columns that the metrics give by their settings."""

import pytest

from recohort.core.columns import BY_SETTINGS, METRICS, NUCLEI, cohort_columns, metric_columns
from recohort.core.errors import InputError
from recohort.core.schema import kinds, load_schema, with_defaults
from recohort.metrics.vbq import measure_vbq

POOLS = {"thalamus": ["thalamus_left", "thalamus_right"], "csf": ["csf"]}


def nuclei(**section):
    return with_defaults({"nuclei": {"structures": POOLS, **section}}, load_schema("metrics"))["nuclei"]


def test_a_section_without_such_settings_keeps_its_table():
    found = metric_columns("lesion", {})
    assert list(found) == [f"lesion_{statistic}" for statistic in METRICS["lesion"]]
    assert found["lesion_volume"] == {"type": "number", "unit": "mL", "label": "Lesion volume"}


def test_columns_of_nuclei_follow_structures_aggregates_and_sides():
    found = metric_columns("nuclei", nuclei(aggregates={"deep_grey": ["thalamus"]}))
    assert list(found) == [f"{name}_{statistic}" for name in ("thalamus", "csf", "deep_grey") for statistic in NUCLEI]
    assert found["deep_grey_content"] == {
        "type": "number",
        "unit": "ppb mL",
        "label": "Deep grey susceptibility times volume",
    }
    sides = metric_columns("nuclei", nuclei(sides=True))
    assert set(sides) - set(found) == {
        f"thalamus_{end}_{what}" for end in ("left", "right") for what in ("mean", "volume")
    }
    assert sides["thalamus_left_mean"]["label"] == "Thalamus left mean susceptibility"


def test_columns_stand_between_the_declared_ones_and_strata():
    study = {"data": {"columns": {"age": {}}}, "metrics": {"nuclei": nuclei()}, "models": {}, "cohort": {}}
    assert list(cohort_columns(study))[:2] == ["age", "thalamus_mean"]


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (
            {"aggregates": {"all": ["thalamus", "talamus"]}},
            r"aggregates\.all: 'talamus' is no structure, expected some of",
        ),
        ({"aggregates": {"csf": ["thalamus"]}}, "'csf' is named twice"),
        ({"aggregates": {"thalamus_left": ["thalamus"]}, "sides": True}, "'thalamus_left' is named twice"),
        (
            {"structures": {**POOLS, "grey": ["thalamus_left", "other"]}, "sides": True},
            "'thalamus_left' is named twice",
        ),
    ],
)
def test_names_that_clash_are_refused(section, said):
    with pytest.raises(InputError, match=said):
        metric_columns("nuclei", nuclei(**section))


def test_every_section_of_the_metrics_declares_its_columns():
    """A new kind of metrics needs columns: a table, or a function of its settings."""
    assert set(kinds("metrics")) <= {*METRICS, *BY_SETTINGS}


def test_columns_of_vertebrae_follow_the_levels():
    section = with_defaults({"vbq": {"levels": ["L2", "L3"]}}, load_schema("metrics"))["vbq"]
    settings = {key: value for key, value in section.items() if key != "part"}
    rows = measure_vbq({}, fractured=[], doubt="", notes=[], **settings)
    declared = {name: column["unit"] for name, column in metric_columns("vbq", section).items()}
    assert declared == {row["metric"]: row["unit"] for row in rows}
