"""The schema speaks in sentences that name the key, what was found and what was expected."""

import pytest
import yaml

from recohort.core import schema as schemas
from recohort.core.schema import annotated, load_schema, sentences, with_defaults

OUTER = """
type: object
additionalProperties: false
required: [title]
properties:
  title: {type: string}
  images: {$ref: inner.schema.yaml}
  models:
    type: object
    default: {}
    propertyNames: {refersTo: model}
    additionalProperties:
      type: object
      additionalProperties: false
      properties:
        covariates: {type: array, items: {type: string}, refersTo: column, default: []}
        share: {$ref: "#/$defs/share"}
$defs:
  share: {type: number, minimum: 0, maximum: 1, default: 0.5}
"""
INNER = """
type: object
additionalProperties: false
properties:
  method: {enum: [tkd, l2, tv], default: tkd}
  phase:
    type: object
    default: {}
    additionalProperties: false
    properties: {polarity: {enum: [1, -1], default: 1}}
"""


@pytest.fixture
def schema(tmp_path, monkeypatch):
    (tmp_path / "outer.schema.yaml").write_text(OUTER)
    (tmp_path / "inner.schema.yaml").write_text(INNER)
    monkeypatch.setattr(schemas, "SCHEMAS", tmp_path)
    return load_schema("outer")


def test_defaults_are_filled_at_every_depth(schema):
    filled = with_defaults({"title": "t", "images": {}, "models": {"a": {}}}, schema)
    assert filled["images"] == {"method": "tkd", "phase": {"polarity": 1}}
    assert filled["models"] == {"a": {"covariates": [], "share": 0.5}}


def test_a_section_that_is_absent_stays_absent(schema):
    assert "images" not in with_defaults({"title": "t"}, schema)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{}", "the file: key 'title' is missing"),
        ("{title: t, imges: {}}", "imges: unknown key; did you mean 'images'?"),
        ("{title: t, images: {method: tdk}}", "images.method: found 'tdk', expected one of tkd, l2, tv"),
        ("{title: 3}", "title: found 3, expected a value of type string"),
        ("{title: t, models: {a: {share: 2}}}", "models.a.share: found 2, expected at most 1"),
        ("{title: t, images: {phase: {zzz: 1}}}", "images.phase.zzz: unknown key; known keys are polarity"),
    ],
)
def test_each_departure_has_its_sentence(schema, text, sentence):
    assert sentences(yaml.safe_load(text), schema) == [sentence]


def test_all_departures_come_at_once(schema):
    assert len(sentences({"imges": 1, "models": {"a": {"share": "x"}}}, schema)) == 3


def test_references_are_found_with_their_path(schema):
    instance = {"title": "t", "models": {"a": {"covariates": ["age", "sex"]}}}
    assert list(annotated(instance, schema, "refersTo")) == [
        (("models", "a", "covariates"), "age", "column"),
        (("models", "a", "covariates"), "sex", "column"),
        (("models", "a"), "a", "model"),
    ]
