"""A study that its schema accepts, and that still does not fit together."""

import copy

import pytest
import yaml

from recohort.core.config import read_study
from recohort.core.errors import InputError

STUDY = {
    "study": {"title": "Lungs"},
    "data": {"table": {"file": "lung.csv"}, "columns": {name: {"type": "number"} for name in ("days", "age")}},
    "cohort": {},
    "models": {"cox": {"plain": {"duration": "days", "event": "died", "covariates": ["age"]}}},
}
STUDY["data"]["columns"]["died"] = {"type": "boolean"}


def read(tmp_path, changes):
    study = copy.deepcopy(STUDY)
    for path, value in changes.items():
        place = study
        *above, last = path.split(".")
        for key in above:
            place = place.setdefault(key, {})
        place[last] = value
    (tmp_path / "lung.yaml").write_text(yaml.safe_dump(study))
    return read_study(tmp_path / "lung.yaml")


WIDE = {"duration": "days", "event": "died", "covariates": ["age"], "level": 0.9}
BASELINE = {"kind": "baseline", "title": "Table 1", "variables": {"age": "mean_sd"}, "group": "died"}
IMPUTED = {"imputation": {"columns": ["age"]}}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"models.cox.plain.covariates": ["agee"]}, "'agee' is no declared column; did you mean 'age'?"),
        ({"models.cox.plain.cohort": "matched"}, "'matched' is no declared cohort"),
        (
            {"models.cox.wide": WIDE, "tables.two": {"kind": "cox", "title": "T", "models": {"A": ["plain", "wide"]}}},
            r"intervals of several levels \(cox.plain 0.95, cox.wide 0.9\), expected one",
        ),
        (
            {"tables.one": {**BASELINE, "smd": "pooled"}},
            "tables.one: compares the balance of groups, expected cohort.mat",
        ),
        ({"figures.love": {"kind": "love", "title": "F"}}, "figures.love: compares the balance of groups"),
        (
            {
                "cohort": IMPUTED,
                "figures.box": {
                    **{"kind": "box", "title": "F", "group": "died", "metrics": ["age"], "cohort": "imputed"},
                    "group_levels": {"0": "no", "1": "yes"},
                },
            },
            "figures.box: describes patients, expected another cohort than imputed",
        ),
    ],
)
def test_what_does_not_fit_is_one_sentence(tmp_path, changes, sentence):
    with pytest.raises(InputError, match=sentence):
        read(tmp_path, changes)


def test_analysed_is_the_last_cohort_a_study_makes(tmp_path):
    assert read(tmp_path, {})["models"]["cox"]["plain"]["cohort"] == "eligible"
    assert read(tmp_path, {"cohort": IMPUTED})["models"]["cox"]["plain"]["cohort"] == "imputed"
