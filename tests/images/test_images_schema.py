"""The schema is the only place of defaults, and its keys are the functions' keywords."""

import inspect

import pytest

from recohort.core.schema import load_schema, sentences, with_defaults
from recohort.images.qsm.background import remove_background
from recohort.images.qsm.inversion import invert
from recohort.images.qsm.mask import brain_mask, trim_edge
from recohort.images.qsm.phase import phase_scale
from recohort.images.qsm.reconstruction import reconstruct
from recohort.images.qsm.reference import reference_value
from recohort.images.qsm.unwrap import unwrap
from recohort.metrics.lesion import measure_lesion

OWN = {"kind", "session", "batch_size", "on_invalid_subject", "overlay", "save"}


def walk(schema, path=""):
    for key, part in schema.get("properties", {}).items():
        yield f"{path}{key}", part
        yield from walk(part, f"{path}{key}.")


@pytest.mark.parametrize("name", ["images/qsm", "metrics/lesion"])
def test_every_key_is_described_and_has_a_default(name):
    for key, part in walk(load_schema(name)):
        assert part.get("description"), key
        if key == "kind":
            continue
        assert "default" in part, key
        if "properties" in part:
            assert part["additionalProperties"] is False, key


@pytest.mark.parametrize(("name", "least"), [("images", {"kind": "qsm"}), ("metrics", {"lesion": {}})])
def test_defaults_satisfy_their_schema(name, least):
    schema = load_schema(name)
    assert sentences(with_defaults(least, schema), schema) == []


@pytest.mark.parametrize(
    ("section", "function"),
    [
        ("phase", phase_scale),
        ("mask", brain_mask),
        ("unwrapping", unwrap),
        ("trimming", trim_edge),
        ("background", remove_background),
        ("inversion", invert),
        ("reference", reference_value),
    ],
)
def test_sections_are_the_keywords_of_their_functions(section, function):
    keywords = inspect.signature(function).parameters
    for key in load_schema("images/qsm")["properties"][section]["properties"]:
        assert keywords[key].kind is inspect.Parameter.KEYWORD_ONLY
        assert keywords[key].default is inspect.Parameter.empty


def test_reconstruct_takes_every_section():
    keywords = inspect.signature(reconstruct).parameters
    assert set(load_schema("images/qsm")["properties"]) - OWN <= set(keywords)


def test_measure_lesion_takes_its_section():
    keys = set(load_schema("metrics")["properties"]["lesion"]["properties"]) - {"mask"}
    assert keys < set(inspect.signature(measure_lesion).parameters)


def test_a_typing_error_is_found():
    schema = load_schema("images")
    assert "images" not in sentences({"kind": "qsm", "inversion": {"treshold": 0.2}}, schema)[0]
    assert sentences({"kind": "qsm", "phase": {"units": "degrees"}}, schema)
