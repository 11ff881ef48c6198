"""Alternatives of a study: what is crossed, what each is called, what it changes."""

import pytest
import yaml

from recohort.core.config import read_study
from recohort.core.errors import InputError
from recohort.core.variants import AS_IS, changed, specifications, value_at, variants
from recohort.study import Studies, Study

WRITTEN = {
    "study": {"title": "Alternatives"},
    "data": {
        "table": {"file": "data/cohort.csv"},
        "columns": {
            "ill": {"type": "boolean", "label": "Ill"},
            "drug": {"type": "boolean", "label": "Drug"},
            "age": {"type": "number", "label": "Age"},
            "sex": {"type": "boolean", "label": "Sex"},
        },
    },
    "cohort": {"matching": {"target": "exposure", "treatment": "drug", "covariates": ["age"], "ratio": 2}},
    "models": {
        "logistic": {
            "matched": {"outcome": "ill", "exposure": "drug", "cohort": "matched"},
            "everyone": {"outcome": "ill", "exposure": "drug", "cohort": "eligible"},
        }
    },
}
ENTRY = {"model": "logistic.matched", "term": "drug", "quantity": "odds_ratio"}
TENTH = {"0.1 SD": {"width": 0.1}, "0.2 SD": {"width": 0.2}, "none": None}


@pytest.fixture
def declare(tmp_path):
    """Write a study with these alternatives and read it."""

    def written(*alternatives, **changes):
        content = changed(
            {**WRITTEN, "sensitivity": {"effect": {**ENTRY, "alternatives": list(alternatives)}}}, changes
        )
        path = tmp_path / "study.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return read_study(path)

    return written


def listed(study):
    return specifications(study["sensitivity"]["effect"], study)


def test_keys_of_one_alternative_are_crossed_and_the_study_itself_comes_first(declare):
    study = declare({"vary": {"cohort.matching.ratio": [1, 2, 3], "cohort.matching.caliper": TENTH}})
    found = listed(study)
    assert found[0].variant == AS_IS and found[0].changes == {}
    assert found[0].choices == {"cohort.matching.ratio": "2", "cohort.matching.caliper": "0.2 SD"}
    pairs = [tuple(one.choices.values()) for one in found]
    assert sorted(pairs) == sorted((ratio, name) for ratio in "123" for name in TENTH)


def test_only_keys_that_differ_from_the_study_are_changes(declare):
    found = listed(declare({"vary": {"cohort.matching.ratio": [1, 2], "cohort.matching.caliper": TENTH}}))
    by_name = {one.variant: one.changes for one in found}
    assert by_name["matching.ratio-1"] == {"cohort.matching.ratio": 1}
    assert by_name["matching.caliper-none"] == {"cohort.matching.caliper": None}
    assert by_name["matching.caliper-0.1-SD+matching.ratio-1"] == {
        "cohort.matching.caliper": {"width": 0.1},
        "cohort.matching.ratio": 1,
    }


def test_the_same_alternative_declared_twice_stands_once(declare):
    once = declare({"vary": {"cohort.matching.ratio": [1, 3]}})
    twice = declare({"vary": {"cohort.matching.ratio": [1, 3]}}, {"vary": {"cohort.matching.ratio": [3]}})
    assert listed(once) == listed(twice)


def test_a_model_without_matching_bears_no_choice_of_matching(declare):
    study = declare({"vary": {"cohort.matching.ratio": [1]}}, {"model": "logistic.everyone"})
    by_model = {one.model: one.choices for one in listed(study)}
    assert by_model["logistic.everyone"] == {"model": "logistic.everyone"}
    assert by_model["logistic.matched"]["cohort.matching.ratio"] == "1"


def test_a_boolean_is_not_the_number_one(declare):
    study = declare({"vary": {"cohort.matching.replace": [True]}}, **{"cohort.matching.ratio": 1})
    assert [one.choices["cohort.matching.replace"] for one in listed(study)] == ["no", "yes"]


def test_two_values_with_one_name_are_refused(declare):
    alternatives = [
        {"vary": {"cohort.matching.covariates": {"more": ["age", "sex"]}}},
        {"vary": {"cohort.matching.covariates": {"more": ["sex"]}}},
    ]
    with pytest.raises(
        InputError, match=r"sensitivity\.effect: two alternatives are both called 'matching\.covariates-more'"
    ):
        variants(declare(*alternatives))


def test_changing_shares_what_it_leaves_alone_and_leaves_the_original():
    content = {"cohort": {"matching": {"ratio": 2}, "groups": {}}, "models": {}}
    other = changed(content, {"cohort.matching.ratio": 1, "cohort.weighting.treatment": "drug"})
    assert value_at(other, "cohort.matching.ratio") == 1 and value_at(content, "cohort.matching.ratio") == 2
    assert other["cohort"]["weighting"] == {"treatment": "drug"} and "weighting" not in content["cohort"]
    assert other["models"] is content["models"]


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ({"data.columns.age.unit": ["days"]}, "sensitivity.effect.alternatives"),
        ({"cohort.matching.ratio": []}, "sensitivity.effect.alternatives"),
    ],
)
def test_what_cannot_be_varied_is_refused(declare, vary, said):
    with pytest.raises(InputError, match=said):
        declare({"vary": vary})


@pytest.fixture
def studies(declare, tmp_path, monkeypatch):
    """The study in a run, with a broken alternative among its alternatives."""
    config = declare(
        {"vary": {"cohort.matching.ratio": [1]}},
        {"vary": {"models.logistic.matched.penalty": ["firth", "ridge"]}},
        {"model": "logistic.everyone"},
    )
    (tmp_path / "config" / "studies").mkdir(parents=True)
    (tmp_path / "study.yaml").rename(tmp_path / "config" / "studies" / "mine.yaml")
    monkeypatch.chdir(tmp_path)
    return Studies(mine=Study("mine", config, None, {}))


def test_an_alternative_takes_over_what_its_change_does_not_touch(studies):
    ratio = studies["mine/sensitivity/matching.ratio-1"]
    assert ratio.place("cohort/eligible.tsv") == "results/mine/cohort/eligible.tsv"
    assert ratio.place("cohort/matched.tsv") == "results/mine/sensitivity/matching.ratio-1/cohort/matched.tsv"
    assert ratio.place("models/logistic/matched.tsv").startswith("results/mine/sensitivity/matching.ratio-1/")
    assert ratio.place("models/logistic/everyone.tsv") == "results/mine/models/logistic/everyone.tsv"
    firth = studies["mine/sensitivity/matched.penalty-firth"]
    assert firth.place("cohort/matched.tsv") == "results/mine/cohort/matched.tsv"
    assert firth.model_results("logistic", "matched") == ["results/mine/cohort/matched.tsv"]
    assert firth.place("models/logistic/matched.tsv").startswith("results/mine/sensitivity/matched.penalty-firth/")


def test_a_value_that_the_schema_refuses_is_a_sentence_that_names_the_alternative(studies):
    with pytest.raises(
        InputError, match=r"mine\.yaml, alternative matched\.penalty-ridge: models\.logistic\.matched\.penalty"
    ):
        studies["mine/sensitivity/matched.penalty-ridge"]


def test_what_is_no_alternative_is_no_study(studies):
    with pytest.raises(KeyError):
        studies["mine/sensitivity/matching.ratio-7"]
    with pytest.raises(KeyError):
        studies["yours"]


@pytest.mark.parametrize(("less", "kept"), [({}, []), ({"age": {"knots": 4}}, ["age"])])
def test_a_mapping_with_fewer_entries_is_a_change(declare, less, kept):
    """An empty or smaller mapping of one's own names is no shorter way to write the one that stands."""
    key = "models.logistic.everyone.splines"
    standing = {"age": {"knots": 4}, "sex": {"knots": 3}}
    alternative = {"model": "logistic.everyone", "vary": {key: {"Some": less, "Both": standing}}}
    found = {one.choices.get(key): one.changes.get(key) for one in listed(declare(alternative, **{key: standing}))}
    assert list(found["Some"]) == kept and found["Both"] is None


def test_a_value_with_its_defaults_left_out_is_what_stands(declare):
    study = declare({"vary": {"cohort.matching.caliper": TENTH}}, **{"cohort.matching.caliper": {"width": 0.1}})
    assert set(study["cohort"]["matching"]["caliper"]) > {"width"}, "the schema adds more"
    assert listed(study)[0].choices == {"cohort.matching.caliper": "0.1 SD"}
    assert [one.variant for one in listed(study)] == [AS_IS, "matching.caliper-0.2-SD", "matching.caliper-none"]
