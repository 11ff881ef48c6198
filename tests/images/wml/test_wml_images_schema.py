"""Keys of the section are described, have one default, and are the keywords of their functions."""

import inspect

import pytest

from recohort.core.schema import kinds, load_schema, sentences, with_defaults
from recohort.images.wml.brain import brain_mask
from recohort.images.wml.threshold import by_threshold
from recohort.metrics.wml import find_ventricles, measure_wml
from recohort.modalities.wml import processing

REQUIRED = {"kind", "segmentation", "model"}


def walk(schema, path=""):
    for key, part in schema.get("properties", {}).items():
        yield f"{path}{key}", part
        yield from walk(part, f"{path}{key}.")
    for alternative in schema.get("oneOf", []):
        yield from walk(alternative, path)


def segmenters():
    section = load_schema("images/wml")["properties"]["segmentation"]
    return {one["properties"]["kind"]["const"]: one for one in section["oneOf"]}


@pytest.mark.parametrize("name", ["images/wml", "metrics/wml", "network"])
def test_every_key_is_described_and_optional_ones_have_a_default(name):
    schema = load_schema(name)
    for key, part in walk(schema):
        assert part.get("description"), key
        if "properties" in part:
            assert part["additionalProperties"] is False, key
        if name != "network" and key.rpartition(".")[2] not in REQUIRED:
            assert "default" in part, key


def test_a_segmentation_has_to_be_chosen():
    assert "wml" in kinds("images")
    assert sentences({"kind": "wml"}, load_schema("images")) == ["the file: key 'segmentation' is missing"]


@pytest.mark.parametrize("kind", ["mask", "onnx", "nnunet", "threshold"])
def test_each_kind_completes_to_what_its_segmenter_takes(kind):
    least = {"kind": kind, **({"model": "a/b.onnx"} if kind in ("onnx", "nnunet") else {})}
    schema = load_schema("images")
    made = with_defaults({"kind": "wml", "segmentation": least}, schema)
    assert sentences(made, schema) == []
    if kind != "threshold":
        taken = set(inspect.signature(processing.SEGMENTERS[kind]).parameters)
        assert set(made["segmentation"]) - {"kind"} == taken - {"files", "ct", "brain", "affine"}


def test_every_kind_has_a_segmenter():
    assert set(segmenters()) == set(processing.SEGMENTERS)


@pytest.mark.parametrize(
    ("keys", "function"),
    [
        (lambda: set(load_schema("images/wml")["properties"]["brain"]["properties"]) - {"source"}, brain_mask),
        (lambda: set(segmenters()["threshold"]["properties"]) - {"kind"}, by_threshold),
        (lambda: set(load_schema("metrics/wml")["properties"]["ventricles"]["properties"]), find_ventricles),
        (lambda: set(load_schema("metrics/wml")["properties"]), measure_wml),
    ],
)
def test_sections_are_the_keywords_of_their_functions(keys, function):
    parameters = inspect.signature(function).parameters
    for key in keys():
        assert parameters[key].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[key].default is inspect.Parameter.empty


def test_findings_name_the_key():
    schema = load_schema("images")
    found = sentences({"kind": "wml", "segmentation": {"kind": "onnx", "modle": "a.onnx"}}, schema)
    assert any("segmentation.modle: unknown key; did you mean 'model'?" in line for line in found)
    found = sentences({"kind": "wml", "segmentation": {"kind": "magic"}}, schema)
    assert any(
        "segmentation.kind: found 'magic', expected one of mask, onnx, nnunet, threshold" in line for line in found
    )
