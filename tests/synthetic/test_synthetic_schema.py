"""What holds for the schema of every kind of synthetic cohort."""

import pytest
from jsonschema import Draft202012Validator

from recohort.core.schema import load_schema, sentences, with_defaults

SECTIONS = {
    "qsm": [(), ("anatomy",), ("acquisition",), ("lesion",), ("outcome",)],
    "dce": [(), ("groups",), ("kinetics", "success"), ("protocol",), ("tissues", "fat")],
    "nuclei": [
        (),
        ("groups",),
        ("covariates",),
        ("susceptibility", "structures", "thalamus"),
        ("volumes",),
        ("anatomy",),
        ("heads",),
    ],
    "vbq": [(), ("anatomy",), ("marrow",), ("defects",), ("spines",), ("outcome",)],
    "wml": [(), ("anatomy",), ("covariates",), ("trial",), ("heads",), ("outcome", "sich")],
}
BAD = {
    "nuclei": [
        ("groups", "control", -1, "groups.control: found -1, expected at least 0"),
        ("acquisition", "snr", 0, "acquisition.snr: found 0, expected more than 0"),
        ("anatomy", "oversampling", 0, "anatomy.oversampling: found 0, expected at least 1"),
        ("heads", "warp_spacing_mm", 5, "heads.warp_spacing_mm: found 5, expected at least 20"),
    ],
    "wml": [
        ("heads", "noise_hu", [4.0], "heads.noise_hu: found [4.0], expected at least 2 items"),
        ("heads", "skull_mm", [0, 8], "heads.skull_mm.0: found 0, expected more than 0"),
        ("anatomy", "sublayers", 0, "anatomy.sublayers: found 0, expected at least 1"),
        ("trial", "moderate_stops_after", -1, "trial.moderate_stops_after: found -1, expected at least 0"),
        ("wml", "correlation_age", 1, "wml.correlation_age: found 1, expected less than 1"),
    ],
}


def keys(schema, path=()):
    for name, rule in schema.get("properties", {}).items():
        yield (*path, name), rule, name in schema.get("required", ())
        yield from keys(rule, (*path, name))


def of_kind(kind):
    """Return a kind's schema and its section with all defaults."""
    schema = load_schema(f"synthetic/{kind}")
    return schema, with_defaults({"kind": kind}, schema)


@pytest.mark.parametrize("kind", SECTIONS)
def test_schema_is_valid_and_its_defaults_satisfy_it(kind):
    schema, completed = of_kind(kind)
    Draft202012Validator.check_schema(schema)
    assert sentences(completed, schema) == []


@pytest.mark.parametrize("kind", SECTIONS)
def test_every_key_is_described_and_every_optional_key_has_a_default(kind):
    for path, rule, required in keys(of_kind(kind)[0]):
        assert rule.get("description"), path
        assert required or path == ("kind",) or "default" in rule, path


@pytest.mark.parametrize(("kind", "section"), [(kind, section) for kind in SECTIONS for section in SECTIONS[kind]])
def test_unknown_keys_are_refused(kind, section):
    schema, completed = of_kind(kind)
    target = completed
    for name in section:
        target = target[name]
    target["typo"] = 1
    assert any("typo: unknown key" in sentence for sentence in sentences(completed, schema))


@pytest.mark.parametrize(
    ("kind", "section", "key", "value", "sentence"), [(kind, *row) for kind in BAD for row in BAD[kind]]
)
def test_a_bad_setting_is_one_sentence(kind, section, key, value, sentence):
    schema, completed = of_kind(kind)
    completed[section][key] = value
    assert sentences(completed, schema) == [sentence]
