import pytest
from jsonschema import Draft202012Validator


def keys(schema, path=()):
    for name, rule in schema.get("properties", {}).items():
        yield (*path, name), rule, name in schema.get("required", ())
        yield from keys(rule, (*path, name))


def test_schema_is_valid_and_its_defaults_satisfy_it(schema, settings):
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate({"kind": "qsm", **settings})


def test_every_key_is_described_and_every_optional_key_has_a_default(schema):
    for path, rule, required in keys(schema):
        assert "description" in rule, path
        assert required or path == ("kind",) or "default" in rule, path


@pytest.mark.parametrize("section", [(), ("anatomy",), ("acquisition",), ("lesion",), ("outcome",)])
def test_unknown_keys_are_refused(schema, settings, section):
    settings["kind"] = "qsm"
    target = settings
    for name in section:
        target = target[name]
    target["typo"] = 1
    assert not Draft202012Validator(schema).is_valid(settings)
