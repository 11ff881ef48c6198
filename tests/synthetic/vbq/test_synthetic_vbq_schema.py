import json

import pytest
from jsonschema import Draft202012Validator

from recohort.core.schema import SCHEMAS, sentences


def keys(schema, path=()):
    for name, rule in schema.get("properties", {}).items():
        yield (*path, name), rule, name in schema.get("required", ())
        yield from keys(rule, (*path, name))


def test_schema_is_valid_and_its_defaults_satisfy_it(schema, completed):
    Draft202012Validator.check_schema(schema)
    assert sentences(completed, schema) == []


def test_every_key_is_described_and_every_optional_key_has_a_default(schema):
    for path, rule, required in keys(schema):
        assert rule.get("description"), path
        assert required or path == ("kind",) or "default" in rule, path


@pytest.mark.parametrize("section", [(), ("anatomy",), ("marrow",), ("defects",), ("spines",), ("outcome",)])
def test_unknown_keys_are_refused(schema, settings, section):
    target = settings
    for name in section:
        target = target[name]
    target["typo"] = 1
    assert any("typo: unknown key" in sentence for sentence in sentences(settings, schema))


def test_each_step_gets_what_it_needs_and_no_more(completed, needed):
    images = needed("images", completed)
    assert set(needed("anatomy", completed)) == {"anatomy"}
    assert set(needed("population", completed)) == {"covariates", "marrow", "fractures", "defects", "outcome"}
    assert set(images) == {"covariates", "marrow", "fractures", "defects", "spines", "acquisition"}
    assert set(images["covariates"]) == {"bmi", "high_field_share"}


def test_the_labels_are_those_of_the_scheme_that_the_images_are_read_by(completed):
    scheme = json.loads((SCHEMAS.parent / "schemes" / "totalspineseg.json").read_text())
    known = {name: scheme[name] for name in ("cord", "canal", "sacrum")} | scheme["vertebrae"]
    known |= {"disc_" + name.replace("-", "_"): number for name, number in scheme["discs"].items()}
    labels = completed["anatomy"]["labels"]
    assert labels == {name: known[name] for name in labels}
