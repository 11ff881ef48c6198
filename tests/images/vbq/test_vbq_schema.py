"""Keys of the section are described, have one default, and are the keywords of their functions."""

import inspect

import pytest

from recohort.core.schema import kinds, load_schema, sentences, with_defaults
from recohort.images.bias import correct_bias
from recohort.images.vbq.acquisition import outside
from recohort.images.vbq.levels import check_levels
from recohort.images.vbq.regions import fluid, marrow
from recohort.metrics.vbq import measure_vbq, signals_of


def walk(schema, path=""):
    for key, part in schema.get("properties", {}).items():
        yield f"{path}{key}", part
        yield from walk(part, f"{path}{key}.")


@pytest.mark.parametrize("name", ["images/vbq", "metrics/vbq"])
def test_every_key_is_described_and_optional_ones_have_a_default(name):
    for key, part in walk(load_schema(name)):
        assert part.get("description"), key
        if key not in ("kind", "scheme"):
            assert "default" in part, key


def test_a_scheme_has_to_be_chosen():
    assert "vbq" in kinds("images")
    schema = load_schema("images")
    assert sentences({"kind": "vbq"}, schema) == ["the file: key 'scheme' is missing"]
    for scheme in ("totalspineseg", {"file": "own.json"}):
        assert sentences(with_defaults({"kind": "vbq", "scheme": scheme}, schema), schema) == []
    assert sentences(with_defaults({"kind": "vbq", "scheme": "totalspine"}, schema), schema) != []


@pytest.mark.parametrize(
    ("section", "beside", "function"),
    [
        ("window", {"on_outside"}, outside),
        ("bias", {"air", "around_mm"}, correct_bias),
        ("levels", {"sacrum", "on_doubt", "on_transitional"}, check_levels),
        ("body", {"margin_mm"}, marrow),
        ("csf", {"source", "level", "fallback"}, fluid),
        (None, {"part"}, measure_vbq),
        (None, {"levels", "rule", "minimum_levels", "minimum_voxels"}, signals_of),
    ],
)
def test_sections_are_the_keywords_of_their_functions(section, beside, function):
    schema = load_schema("images/vbq")["properties"][section] if section else load_schema("metrics/vbq")
    parameters = inspect.signature(function).parameters
    for key in set(schema["properties"]) - beside:
        assert parameters[key].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[key].default is inspect.Parameter.empty
