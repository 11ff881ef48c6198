"""Keys of the section are described, have one default, and are the keywords of their functions."""

import inspect

import pytest

from recohort.core.schema import kinds, load_schema, sentences, with_defaults
from recohort.images.dce.concentration import to_concentration
from recohort.images.dce.kinetics import FREE
from recohort.images.dce.motion import align
from recohort.images.dce.perfusion import perfusion
from recohort.images.dce.relaxation import FITS
from recohort.modalities.dce import processing


def walk(schema, path=""):
    for key, part in schema.get("properties", {}).items():
        yield f"{path}{key}", part
        yield from walk(part, f"{path}{key}.")
    for alternative in schema.get("oneOf", []):
        yield from walk(alternative, path)


def section(name):
    return load_schema("images/dce")["properties"][name]["properties"]


def test_every_key_is_described_and_optional_ones_have_a_default():
    for key, part in walk(load_schema("images/dce")):
        assert part.get("description"), key
        if "properties" in part:
            assert part["additionalProperties"] is False, key
        if key.rpartition(".")[2] not in ("kind", "t10"):
            assert "default" in part, key


def test_t1_has_to_be_chosen():
    assert "dce" in kinds("images")
    assert sentences({"kind": "dce"}, load_schema("images")) == ["the file: key 't10' is missing"]


@pytest.mark.parametrize("t10", ["mapped", "fixed", "flip_angles"])
@pytest.mark.parametrize("aif", ["mask", "automatic", "population"])
def test_every_choice_completes_to_what_satisfies_the_schema(t10, aif):
    made = with_defaults({"kind": "dce", "t10": {"kind": t10}, "aif": {"kind": aif}}, load_schema("images"))
    assert sentences(made, load_schema("images")) == []
    taken = set(inspect.signature(processing.T10[t10]).parameters) - {"files", "masks"}
    assert set(made["t10"]) - {"kind"} == taken


def test_choices_are_those_of_the_code():
    assert set(section("fit")["model"]["enum"]) == set(FREE)
    (angles,) = [one for one in load_schema("images/dce")["properties"]["t10"]["oneOf"] if "fit" in one["properties"]]
    assert set(angles["properties"]["fit"]["enum"]) == set(FITS)


@pytest.mark.parametrize(("name", "function"), [("concentration", to_concentration), ("motion", align)])
def test_sections_are_the_keywords_of_their_functions(name, function):
    parameters = inspect.signature(function).parameters
    for key in section(name):
        assert parameters[key].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[key].default is inspect.Parameter.empty


def test_perfusion_takes_the_other_sections():
    assert {"concentration", "aif", "delay", "fit"} <= set(inspect.signature(perfusion).parameters)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"t10": {"kind": "guess"}}, "t10.kind: found 'guess', expected one of mapped, fixed, flip_angles"),
        ({"aif": {"kind": "mask", "t10": "maped"}}, "aif.t10"),
        ({"delay": {"methd": "roi"}}, "delay.methd: unknown key; did you mean 'method'?"),
    ],
)
def test_findings_name_the_key(wrong, said):
    found = sentences({"kind": "dce", "t10": {"kind": "fixed"}, **wrong}, load_schema("images"))
    assert any(said in line for line in found), found
