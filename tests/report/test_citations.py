import re
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from recohort.core.errors import InputError
from recohort.core.schema import kinds, load_schema
from recohort.report.citations import formatted, used, written

FILE = Path(__file__).parents[2] / "workflow" / "references.yaml"
TABLE = yaml.safe_load(FILE.read_text(encoding="utf-8"))
METHODS, REFERENCES = TABLE["methods"], TABLE["references"]

COX = {
    "ties": "efron",
    "penalty": "none",
    "robust": False,
    "weights": None,
    "cluster": None,
    "landmark": None,
    "bootstrap": 0,
}
STUDY = {
    "cohort": {"matching": {"ratio": 2, "balance": {"threshold": 0.1}}},
    "models": {
        "cox": {"main": COX},
        "kaplan_meier": {"curve": {"group": None, "rho": 0, "rmst": None, "landmark": None}},
    },
}


def phrases(study):
    return [method["phrase"] for method in used(METHODS, study)]


def changed(path, value):
    study = deepcopy(STUDY)
    *above, last = path.split(".")
    node = study
    for word in above:
        node = node[word]
    node[last] = value
    return study


def text(sentences=(), study=STUDY, versions=None, references=REFERENCES):
    return written(sentences, study, methods=METHODS, references=references, versions=versions or {})


def test_the_table_is_whole():
    said = [method["phrase"] for method in METHODS]
    assert len(set(said)) == len(said)
    assert all(set(method) == {"phrase", "when", "cite"} for method in METHODS)
    assert all({"authors", "title", "journal", "year", "pages"} <= set(one) for one in REFERENCES.values())
    assert {key for method in METHODS for key in method["cite"]} == set(REFERENCES)
    for key, reference in REFERENCES.items():
        assert key.startswith(re.sub(r"\W+", "_", reference["authors"].split(",")[0].rsplit(" ", 1)[0].lower()))
        assert str(reference["year"]) in key
        assert re.fullmatch(r"10\.\d{4,9}/\S+", reference.get("doi", "10.1000/x"))


def test_every_kind_of_model_is_said():
    """Whatever a study fits, the section names it."""
    paths = {path for method in METHODS for path in method["when"]}
    for kind in kinds("models"):
        assert any(path.startswith(f"models.{kind}.") or path == f"models.{kind}" for path in paths), kind


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("models.groups.*.test", "models/groups.test"),
        ("models.correlation.*.method", "models/correlation.method"),
        ("models.family.*.method", "models/family.method"),
        ("models.cox.*.ties", "models/cox.ties"),
        ("models.measurement_error.*.method", "models/measurement_error.method"),
        ("cohort.weighting.estimand", "cohort.weighting.estimand"),
        ("images.unwrapping.method", "images/qsm.unwrapping.method"),
        ("images.background.method", "images/qsm.background.method"),
        ("images.inversion.method", "images/qsm.inversion.method"),
    ],
)
def test_every_choice_of_a_method_is_said(path, keys):
    section, *words = keys.split(".")
    node = load_schema(section)
    node = node["additionalProperties"] if section.startswith("models/") else node
    for word in words:
        node = node["properties"][word]
    said = [value for method in METHODS for value in [method["when"].get(path)] if isinstance(value, str)]
    assert sorted(said) == sorted(node["enum"])


@pytest.mark.parametrize("path", sorted({path for method in METHODS for path in method["when"]}))
def test_a_condition_names_a_setting(path):
    """A path that no schema has would silently never be said."""
    section, *words = path.split(".")
    if section == "models" and words[0] != "*":
        starts = [(load_schema(f"models/{words[0]}"), words[1:])]
    elif section == "models":
        starts = [(load_schema(f"models/{kind}"), words[1:]) for kind in kinds("models")]
    elif section == "images":
        starts = [(load_schema(f"images/{kind}"), words) for kind in kinds("images")]
    else:
        starts = [(load_schema(section), words)]
    assert any(_has(node, below) for node, below in starts)


def _has(node, words):
    if not words:
        return True
    if words[0] == "*":
        return isinstance(node.get("additionalProperties"), dict) and _has(node["additionalProperties"], words[1:])
    inside = [one.get("properties", {}) for one in (node, *node.get("oneOf", []))]
    return any(_has(properties[words[0]], words[1:]) for properties in inside if words[0] in properties)


def test_only_what_the_study_does_is_said():
    assert phrases(STUDY) == [
        "nearest-neighbour matching on the propensity score",
        "standardised mean differences after matching",
        "Kaplan-Meier curves",
        "Cox proportional hazards models",
        "Efron's handling of ties",
        "tests of proportional hazards",
    ]
    assert phrases({"models": {}, "cohort": {}}) == []


@pytest.mark.parametrize(
    ("path", "value", "phrase"),
    [
        ("models.kaplan_meier.curve.group", "sex", "log-rank tests"),
        ("models.kaplan_meier.curve.rmst", 24, "restricted mean survival times"),
        ("models.kaplan_meier.curve.landmark", 6, "landmark analyses"),
        ("models.cox.main.robust", True, "robust standard errors of Cox models"),
        ("models.cox.main.weights", "weight", "standard errors of Cox models robust to weights"),
        ("models.cox.main.penalty", "firth", "Firth's penalised likelihood in Cox models"),
        ("models.cox.main.ties", "breslow", "Breslow's handling of ties"),
        ("models.cox.main.bootstrap", 200, "bootstrap correction of the optimism of Cox models"),
        ("models.cox.main.cohort", "imputed", "Rubin's rules with Barnard and Rubin's degrees of freedom"),
        ("cohort.weighting", {"estimand": "ato", "truncate": None}, "overlap weighting by the propensity score"),
        ("images", {"segmentation": {"kind": "nnunet"}}, "segmentation by nnU-Net"),
    ],
)
def test_a_setting_brings_its_phrase(path, value, phrase):
    assert phrase not in phrases(STUDY)
    assert phrase in phrases(changed(path, value))


def test_conditions_hold_at_one_entry():
    """A group of one analysis and the weights of another make no weighted test."""
    curves = {"a": {"group": "sex", "rho": 0}, "b": {"group": None, "rho": 1}}
    assert "log-rank tests weighted by survival" not in phrases({"models": {"kaplan_meier": curves}})
    curves["b"]["group"] = "sex"
    assert {"log-rank tests", "log-rank tests weighted by survival"} <= set(
        phrases({"models": {"kaplan_meier": curves}})
    )


def test_one_test_is_compared_with_none():
    tests = {"a": {"column": "x"}}
    study = {"models": {"diagnostic": {"one": {"compare": True, "tests": tests}}}}
    assert "paired comparison of tests" not in phrases(study)
    tests["b"] = {"column": "y"}
    assert "paired comparison of tests" in phrases(study)


def test_references_are_numbered_in_the_order_of_use():
    found = text(
        ["First [@efron1977; @cox1972], 1:{cohort.matching.ratio}.", "Again [@cox1972]."], versions={"recohort": "1.0"}
    )
    assert found.text.startswith("First [1, 2], 1:2. Again [2]. This run used nearest-neighbour matching")
    assert "Cox proportional hazards models [2]; Efron's handling of ties [1];" in found.text
    assert found.text.endswith("Software: recohort 1.0.")
    assert found.references[0] == formatted(REFERENCES["efron1977"])
    assert found.references[1].startswith(
        "Cox DR. Regression models and life-tables. J R Stat Soc B 1972;34:187-220. doi:10.1111/"
    )
    numbers = {int(number) for mark in re.findall(r"\[([\d, ]+)\]", found.text) for number in mark.split(",")}
    assert numbers == set(range(1, len(found.references) + 1))
    assert len(set(found.references)) == len(found.references)
    assert found == text(
        ["First [@efron1977; @cox1972], 1:{cohort.matching.ratio}.", "Again [@cox1972]."], versions={"recohort": "1.0"}
    )


def test_nothing_done_is_nothing_said():
    assert text(study={"models": {}, "cohort": {}}) == ("", ())
    assert text(["Plain."], study={"models": {}, "cohort": {}}) == ("Plain.", ())


def test_an_unknown_reference_is_refused():
    with pytest.raises(InputError, match=r"report\.methods: found '@nobody2000', expected a key of references\.yaml"):
        text(["As [@nobody2000]."])


def test_a_question_keeps_its_mark():
    assert "iron metabolism? NeuroImage 2011;54" in formatted(REFERENCES["schweser2011"])
