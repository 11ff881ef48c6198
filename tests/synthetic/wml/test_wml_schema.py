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


@pytest.mark.parametrize("section", [(), ("anatomy",), ("covariates",), ("trial",), ("heads",), ("outcome", "sich")])
def test_unknown_keys_are_refused(schema, settings, section):
    target = settings
    for name in section:
        target = target[name]
    target["typo"] = 1
    assert any("typo: unknown key" in sentence for sentence in sentences(settings, schema))


def test_each_step_gets_what_it_needs_and_no_more(completed, needed):
    images = needed("images", completed)
    assert set(needed("anatomy", completed)) == {"anatomy"}
    assert set(needed("population", completed)) == {"covariates", "wml", "trial", "outcome"}
    assert set(images) == {"covariates", "wml", "trial", "heads"}
    assert set(images["covariates"]) == {"age_years"}
    assert set(images["trial"]) == {"without_ct"}


@pytest.mark.parametrize(
    ("section", "key", "value", "sentence"),
    [
        ("heads", "noise_hu", [4.0], "heads.noise_hu: found [4.0], expected at least 2 items"),
        ("heads", "skull_mm", [0, 8], "heads.skull_mm.0: found 0, expected more than 0"),
        ("anatomy", "sublayers", 0, "anatomy.sublayers: found 0, expected at least 1"),
        ("trial", "moderate_stops_after", -1, "trial.moderate_stops_after: found -1, expected at least 0"),
        ("wml", "correlation_age", 1, "wml.correlation_age: found 1, expected less than 1"),
    ],
)
def test_a_bad_setting_is_one_sentence(schema, settings, section, key, value, sentence):
    settings[section][key] = value
    assert sentences(settings, schema) == [sentence]
