import pytest
from jsonschema import Draft202012Validator

from recohort.core.schema import sentences


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


@pytest.mark.parametrize("section", [(), ("groups",), ("kinetics", "success"), ("protocol",), ("tissues", "fat")])
def test_unknown_keys_are_refused(schema, settings, section):
    target = settings
    for name in section:
        target = target[name]
    target["typo"] = 1
    assert any("typo: unknown key" in sentence for sentence in sentences(settings, schema))


def test_each_step_gets_what_it_needs_and_no_more(completed, needed):
    assert set(needed("anatomy", completed)) == {"anatomy"}
    assert set(needed("population", completed)) == {"groups", "covariates", "kinetics"}
    images = {"groups", "covariates", "kinetics", "protocol", "tissues", "sessions"}
    assert set(needed("images", completed)) == images
