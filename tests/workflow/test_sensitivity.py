"""Sensitivity analyses: the same DAG, only the stages that a change touches, each point traceable to its settings."""

import shutil

import pandas as pd
import pytest
import yaml
from workdir import REPOSITORY, Workdir, merge

pytestmark = pytest.mark.slow

ALTERNATIVES = [
    {"vary": {"cohort.matching.ratio": [1, 2]}},
    {"vary": {"models.linear.matched_adjusted.level": [0.9]}},
    {"model": "linear.adjusted"},
]


def study(alternatives):
    text = (REPOSITORY / "config" / "studies" / "nsw.yaml").read_text()
    content = merge(yaml.safe_load(text), {"sensitivity": {"effect": {"alternatives": alternatives}}})
    content["tables"] = {}
    content["figures"] = {"figure4_sensitivity": content["figures"]["figure4_sensitivity"]}
    content["report"] = {"order": ["figure4_sensitivity"]}
    return content


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    workdir = Workdir(tmp_path_factory.mktemp("sensitivity") / "copy")
    workdir.configure(study(ALTERNATIVES), name="nsw")
    shutil.copytree(REPOSITORY / "data" / "tables", workdir.folder / "data" / "tables")
    workdir.run()
    return workdir


def gathered(run):
    return pd.read_csv(run.folder / "results" / "nsw" / "sensitivity" / "effect.tsv", sep="\t")


def test_each_alternative_is_made_from_its_own_settings_and_no_more(run):
    results = run.folder / "results" / "nsw" / "sensitivity"
    made = {str(path.relative_to(results)) for path in results.rglob("*.tsv") if "logs" not in path.parts}
    ratio, level = "matching.ratio-2", "matched_adjusted.level-0.9"
    assert made == {
        "effect.tsv",
        *(f"{ratio}/cohort/{name}.tsv" for name in ("matched", "matched.warnings", "supported")),
        *(
            f"{each}/models/linear/matched_adjusted{end}.tsv"
            for each in (ratio, level)
            for end in ("", ".curve", ".warnings")
        ),
    }
    assert gathered(run)["specification"].tolist() == ["as configured", ratio, level, "as configured"]


def test_an_alternative_is_what_the_study_would_be_with_that_setting(run, tmp_path):
    other = Workdir(tmp_path / "other")
    content = merge(study(ALTERNATIVES[2:]), {"cohort": {"matching": {"ratio": 2}}})
    other.configure(content, name="nsw")
    shutil.copytree(REPOSITORY / "data" / "tables", other.folder / "data" / "tables")
    target = "results/nsw/models/linear/matched_adjusted.tsv"
    other.run(target)
    alternative = run.folder / "results" / "nsw" / "sensitivity" / "matching.ratio-2" / "models" / "linear"
    assert (alternative / "matched_adjusted.tsv").read_bytes() == (other.folder / target).read_bytes()


def test_a_second_run_does_nothing(run):
    assert run.scheduled() == {}


def test_one_more_alternative_runs_its_own_stages_alone_and_one_less_is_removed(run, tmp_path):
    copy = run.copy(tmp_path / "copy")
    more = [{"vary": {"cohort.matching.ratio": [1, 3]}}, *ALTERNATIVES[1:]]
    copy.configure(study(more), name="nsw")
    after = copy.scheduled()
    assert {rule: after[rule] for rule in ("match_cohort", "fit_model", "gather_sensitivity")} == {
        "match_cohort": 1,
        "fit_model": 1,
        "gather_sensitivity": 1,
    }
    assert not {"assemble_cohort", "select_eligible", "import_table"} & set(after)
    copy.run()
    folders = {path.name for path in (copy.folder / "results" / "nsw" / "sensitivity").iterdir() if path.is_dir()}
    assert folders == {"matching.ratio-3", "matched_adjusted.level-0.9"}


def test_an_edited_setting_of_the_study_reaches_its_alternatives(run, tmp_path):
    copy = run.copy(tmp_path / "copy")
    copy.configure(merge(study(ALTERNATIVES), {"cohort": {"matching": {"order": "smallest"}}}), name="nsw")
    assert copy.scheduled()["match_cohort"] == 2


def test_an_impossible_alternative_is_said_before_any_work(run, tmp_path):
    copy = run.copy(tmp_path / "copy")
    copy.configure(study([{"vary": {"cohort.matching.ratio": [0]}}]), name="nsw")
    done = copy.run(check=False)
    assert done.returncode != 0
    assert "nsw.yaml, alternative matching.ratio-0: cohort.matching.ratio: found 0, expected" in done.stderr
    copy.configure(study([{"vary": {"cohort.matching.ratoi": [2]}}]), name="nsw")
    assert "cohort.matching.ratoi: unknown key" in copy.run(check=False).stderr


def test_a_published_item_that_is_not_there_is_said_before_any_work(run, tmp_path):
    copy = run.copy(tmp_path / "copy")
    content = study([{"vary": {"cohort.matching.ratoi": [2, 3]}}])
    copy.configure(merge(content, {"sensitivity": {"effect": {"published": "no_such_item"}}}), name="nsw")
    said = copy.run(check=False).stderr
    assert "sensitivity.effect.published: 'no_such_item' is no item of any table" in said
    assert said.count("unknown key") == 1, "one sentence for one fault, however many alternatives have it"
