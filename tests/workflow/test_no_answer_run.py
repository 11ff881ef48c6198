"""An alternative without an answer is an answer: the run goes on and the page says why; the study's own stops it."""

import re
import shutil

import pandas as pd
import pytest
import yaml
from workdir import REPOSITORY, Workdir, merge

pytestmark = pytest.mark.slow

ADJUSTED = "models.linear.matched_adjusted"
ALTERNATIVES = [
    {"vary": {"cohort.matching.ratio": [1, 2]}},
    {
        "vary": {
            "cohort.eligibility": {
                "Nobody": [{"name": "old", "label": "Over 99", "keep": {"column": "age", "at_least": 99}}]
            }
        }
    },
    {"vary": {f"{ADJUSTED}.among": {"Everyone": None, "Over 99": {"column": "age", "at_least": 99}}}},
]
NOBODY, OLD = "cohort.eligibility-Nobody", "matched_adjusted.among-Over-99"


def study(**changes):
    text = (REPOSITORY / "config" / "studies" / "nsw.yaml").read_text()
    content = merge(yaml.safe_load(text), {"sensitivity": {"effect": {"alternatives": ALTERNATIVES}}})
    content["tables"] = {}
    content["figures"] = {"figure4_sensitivity": content["figures"]["figure4_sensitivity"]}
    content["report"] = {"order": ["figure4_sensitivity"]}
    return merge(content, changes)


def configured(root, content):
    workdir = Workdir(root)
    workdir.configure(content, name="nsw")
    shutil.copytree(REPOSITORY / "data" / "tables", workdir.folder / "data" / "tables", dirs_exist_ok=True)
    return workdir


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    workdir = configured(tmp_path_factory.mktemp("no_answer") / "copy", study())
    return workdir, workdir.run()


def gathered(workdir):
    table = pd.read_csv(workdir.folder / "results" / "nsw" / "sensitivity" / "effect.tsv", sep="\t")
    return table.set_index("specification")


def test_the_run_ends_well_and_the_others_keep_their_estimates(done):
    workdir, _ = done
    found = gathered(workdir)
    assert found.index.tolist() == ["as configured", "matching.ratio-2", NOBODY, OLD]
    assert found["reason"].notna().tolist() == found["estimate"].isna().tolist() == [False, False, True, True]
    assert found["cohort.eligibility"].tolist() == ["as configured", "as configured", "Nobody", "as configured"]
    for name in ("report/index.html", "provenance.json", "figures/figure4_sensitivity.png"):
        assert (workdir.folder / "results" / "nsw" / name).exists()


def test_the_sentence_of_the_stage_that_failed_reaches_screen_log_table_and_page(done):
    workdir, run = done
    results, found = workdir.folder / "results" / "nsw", gathered(workdir)
    page = re.sub(r"\s+", " ", (results / "report" / "index.html").read_text())
    assert "This is of those with an estimate, 2 of 4 alternatives." in page
    for variant, log in ((NOBODY, "cohort/select_eligible.log"), (OLD, "models/linear/matched_adjusted.log")):
        said = f"nsw, alternative {variant}, has no estimate: {found.loc[variant, 'reason']}\n"
        assert run.stderr.count(said) == 1
        assert (results / "sensitivity" / variant / "logs" / log).read_text() == said
        assert f"No estimate: {found.loc[variant, 'reason']}".replace("'", "&#39;") in page
    assert "nobody is left" in found.loc[NOBODY, "reason"] and "among" in found.loc[OLD, "reason"]
    passed = results / "sensitivity" / NOBODY
    markers = {path: pd.read_csv(path, sep="\t")["no_estimate"].item() for path in passed.rglob("*.tsv")}
    assert set(markers.values()) == {found.loc[NOBODY, "reason"]}
    assert {path.parent.name for path in markers} == {"cohort", "linear"}


def test_it_is_cached_and_made_anew_like_any_other(done, tmp_path):
    workdir, _ = done
    assert workdir.scheduled() == {}
    copy = workdir.copy(tmp_path / "copy")
    copy.configure(study(cohort={"matching": {"order": "smallest"}}), name="nsw")
    assert copy.scheduled()["match_cohort"] == 3, "the study, and two alternatives of which one has no answer"
    module = copy.root / "workflow" / "recohort" / "models" / "linear.py"
    copy.configure(study(), name="nsw")
    module.write_text(module.read_text() + "\n# edited\n")
    assert copy.scheduled()["fit_model"] >= 4


def test_the_study_s_own_failure_stops_the_run(done, tmp_path):
    copy = done[0].copy(tmp_path / "copy")
    among = {"models": {"linear": {"matched_adjusted": {"among": {"column": "age", "at_least": 99}}}}}
    copy.configure(study(**among), name="nsw")
    failed = copy.run(check=False)
    assert failed.returncode != 0
    assert f"\n{gathered(done[0]).loc[OLD, 'reason']}\n" in failed.stderr
    assert not (copy.folder / "results" / "nsw" / "models" / "linear" / "matched_adjusted.tsv").exists()
