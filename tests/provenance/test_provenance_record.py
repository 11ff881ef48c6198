"""The record's own words: equal content gives equal bytes; what is a manifest; which versions; which commit."""

import os
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from recohort.provenance.commit import UNKNOWN, commit_of
from recohort.provenance.record import is_manifest, listed_below, made_by, raw_files
from recohort.provenance.sources import code, in_repository
from recohort.provenance.versions import imported, locked, packages, project_version

CONFIGURATION = {
    "data": {"synthetic": {"kind": "qsm"}},
    "images": {"kind": "qsm"},
    "cohort": {"matching": {}},
    "models": {"cox": {"crude": {}, "full": {}}},
    "tables": {"table2": {"kind": "cox"}},
    "figures": {"figure1": {"kind": "forest"}},
}
PATTERNS = {
    "fit_model": [r"models/(?P<kind>[a-z_]+)/(?P<name>[a-z][a-z0-9_]*)\.tsv"],
    "process_images": [r"images/batches/(?P<batch>[A-Za-z0-9-]+)\.tsv"],
    "build_report": [r"report/index\.html"],
}


def test_a_result_is_made_by_the_rule_that_declares_it_and_what_no_rule_declares_is_left_out():
    names = [
        "report/index.html",
        "models/cox/crude.tsv",
        "models/cox/crude.notes.tsv",
        "sensitivity/wider/models/cox/crude.tsv",
        "images/batches/a.tsv",
        "logs/models/cox/crude.tsv",
        "notes.txt",
        "backup/report/index.html",
    ]
    assert made_by(names, PATTERNS, []) == {
        "images/batches/a.tsv": "process_images",
        "models/cox/crude.tsv": "fit_model",
        "report/index.html": "build_report",
        "sensitivity/wider/models/cox/crude.tsv": "fit_model",
    }


def test_where_two_rules_declare_a_result_the_job_tells_which_made_it():
    patterns = {**PATTERNS, "fit_voxelwise": [r"models/voxelwise/(?P<name>[a-z][a-z0-9_]*)\.tsv"]}
    jobs = [{"rule": "fit_voxelwise", "inputs": [], "reads": [], "outputs": ["models/voxelwise/edss.tsv"]}]
    assert made_by(["models/voxelwise/edss.tsv"], patterns, jobs) == {"models/voxelwise/edss.tsv": "fit_voxelwise"}


def test_code_is_what_the_study_uses_and_nothing_of_another_kind():
    files = {in_repository(path) for path in code(CONFIGURATION)}
    assert {"Snakefile", "workflow/rules/models.smk", "workflow/scripts/fit_model.py"} <= files
    assert {"workflow/recohort/models/cox.py", "workflow/recohort/tables/cox.py", "workflow/report/style.css"} <= files
    assert "workflow/recohort/modalities/qsm/processing.py" in files
    assert not {"workflow/recohort/models/roc.py", "workflow/recohort/modalities/wml/processing.py"} & files


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("images/batches/sub-001_25.tsv", True),
        ("synthetic/batches/sub-001_25.tsv", True),
        ("provenance/batches/sub-001_25.tsv", True),
        ("sensitivity/wider/images/batches/sub-001_25.tsv", True),
        ("images/batches/sub-001_25.status.tsv", False),
        ("synthetic/batches/sub-001_25.truth.tsv", False),
        ("metrics/batches/sub-001_25.tsv", False),
        ("images/status.tsv", False),
    ],
)
def test_only_a_batchs_manifest_is_a_manifest(path, expected):
    assert is_manifest(path) is expected


def test_a_manifest_lists_what_lies_in_its_stage_or_in_the_dataset():
    assert listed_below("images/batches/a.tsv") == "images"
    assert listed_below("sensitivity/wider/images/batches/a.tsv") == "sensitivity/wider/images"
    assert listed_below("provenance/batches/a.tsv") is None


def test_raw_files_go_to_their_participant_derivatives_too(tmp_path):
    names = ["sub-01/a.nii", "derivatives/masks/sub-01/m.nii", "sub-02/a.nii"]
    found = raw_files([tmp_path / name for name in names], tmp_path, ["sub-01", "sub-02"])
    assert {key: len(paths) for key, paths in found.items()} == {"sub-01": 2, "sub-02": 1}


def test_versions_are_of_the_packages_the_code_imports(tmp_path):
    (tmp_path / "a.py").write_text(
        "import numpy.linalg as la\nfrom yaml import load\nimport json\nfrom recohort.core import io\n"
    )
    modules = imported([tmp_path / "a.py"])
    assert modules == {"numpy", "yaml"}
    found = packages(modules, "numpy==9.9 \\\n    --hash=sha256:0\n")
    assert found == {
        "numpy": {"installed": version("numpy"), "locked": "9.9"},
        "pyyaml": {"installed": version("pyyaml"), "locked": "not in the lock"},
    }


def test_a_lock_with_a_pin_per_python_keeps_both():
    text = "numpy==2.4.6 ; python_version < '3.12' \\\nnumpy==2.5.0 ; python_version >= '3.12' \\\nPy_YAML==6\n"
    assert locked(text) == {"numpy": "2.4.6 or 2.5.0", "py-yaml": "6"}
    assert project_version('[project]\nversion = "0.1.0"\n') == "0.1.0"
    assert project_version("") == "unknown"


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "workflow").mkdir()
    (tmp_path / "Snakefile").write_text("# rules\n")
    (tmp_path / "README.md").write_text("words\n")
    git(tmp_path, "init", "-q")
    save(tmp_path, "2024-05-06T07:08:09+02:00")
    return tmp_path


def git(root, *arguments, **environment):
    done = subprocess.run(
        ["git", "-C", root, "-c", "user.name=n", "-c", "user.email=n@example.org", *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return done.stdout.strip()


def save(root: Path, date: str) -> str:
    git(root, "add", "-A")
    git(root, "commit", "-qm", "change", GIT_COMMITTER_DATE=date)
    return git(root, "rev-parse", "HEAD")


def test_the_commit_is_the_last_that_changed_what_makes_results(checkout):
    first = git(checkout, "rev-parse", "HEAD")
    expected = {"id": first, "date": "2024-05-06T05:08:09+00:00", "dirty": False}
    assert commit_of(checkout) == expected
    (checkout / "README.md").write_text("more words\n")
    assert commit_of(checkout) == expected
    save(checkout, "2025-01-01T00:00:00+00:00")
    assert commit_of(checkout) == expected, "a commit of documents alone is no new one"
    (checkout / "workflow" / "new.py").write_text("")
    assert commit_of(checkout) == {**expected, "dirty": True}
    second = save(checkout, "2025-02-01T00:00:00+00:00")
    assert commit_of(checkout) == {"id": second, "date": "2025-02-01T00:00:00+00:00", "dirty": False}


def test_without_git_the_commit_is_unknown_and_an_archive_carries_its_own(checkout, tmp_path, tmp_path_factory):
    bare = tmp_path_factory.mktemp("bare")
    (bare / "Snakefile").write_text("")
    assert commit_of(bare) == UNKNOWN
    (checkout / "archived.txt").write_text("$Format:%H %cI$\n")
    (checkout / ".gitattributes").write_text("archived.txt export-subst\n")
    assert commit_of(bare, archived=checkout / "archived.txt") == UNKNOWN
    last = save(checkout, "2025-03-01T00:00:00+00:00")
    git(checkout, "archive", "--output", bare / "a.tar", "HEAD")
    subprocess.run(["tar", "xf", bare / "a.tar", "-C", bare], check=True)
    found = commit_of(bare, archived=bare / "archived.txt")
    assert found == {"id": last, "date": "2025-03-01T00:00:00+00:00", "dirty": "unknown"}


def test_a_folder_inside_somebody_elses_checkout_has_no_commit(checkout):
    inside = checkout / "elsewhere"
    inside.mkdir()
    (inside / "Snakefile").write_text("")
    assert commit_of(inside) == UNKNOWN
