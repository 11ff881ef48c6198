"""A whole study's record: every result is in it, an altered byte is named, a new commit reruns nothing else."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from workdir import REPOSITORY, STUDY, small_study

sys.path.insert(0, str(Path(__file__).parents[1] / "provenance"))

from crates import issues

pytestmark = pytest.mark.slow
RECORD, CRATE = "provenance.json", "ro-crate-metadata.json"


@pytest.fixture
def run(finished, tmp_path):
    return finished.copy(tmp_path / "copy")


def results(workdir):
    return workdir.folder / "results" / STUDY


def verify(folder) -> tuple[int, list[str]]:
    command = "import sys; from recohort.provenance.command import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", command, folder],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "workflow")},
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


def commit(root, *, date):
    for arguments in (["init", "-q"], ["add", "Snakefile", "workflow"], ["commit", "-qm", "change"]):
        who = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=root, check=True, env={**os.environ, "GIT_COMMITTER_DATE": date})


def test_every_result_is_recorded_and_names_the_rule_that_made_it(finished):
    code, said = verify(results(finished))
    assert code == 0
    assert not [line for line in said if line.endswith(("changed", "missing", "new, not recorded"))]
    record = json.loads((results(finished) / RECORD).read_text())
    rules = {entry["path"]: entry["rule"] for entry in record["outputs"]}
    assert rules["tables/table4_roc.csv"] == "make_table"
    assert rules["metrics/metrics.tsv"] == "gather_metrics"
    assert rules["synthetic/truth.tsv"] == "gather_truth"
    assert all((REPOSITORY / "workflow" / "scripts" / f"{rule}.py").exists() for rule in rules.values())
    assert record["run"]["seed"] == 7
    assert record["config"]["images"]["batch_size"] == 12
    assert [entry["path"] for entry in record["inputs"]] == [record["config"]["report"]["published"]]


def test_the_record_knows_no_host_no_folder_and_no_user(finished):
    text = "".join((results(finished) / name).read_text() for name in (RECORD, CRATE))
    for word in (socket.gethostname(), str(finished.root), str(REPOSITORY), sys.prefix):
        assert word not in text


@pytest.mark.parametrize(
    "name",
    [
        "images/sub-007/anat/sub-007_Chimap.nii.gz",
        "synthetic/participants.tsv",
        "metrics/metrics.tsv",
        "cohort/matched.tsv",
        "cohort/flow.json",
        "models/cox/haemorrhage_median.tsv",
        "tables/table3_cox.csv",
        "figures/figure5_km.pdf",
        "figures/figure5_km.png",
        "report/index.html",
        "reproduction.csv",
        CRATE,
        "provenance/Snakefile",
    ],
)
def test_one_altered_byte_is_named(finished, tmp_path, name):
    folder = tmp_path / STUDY
    shutil.copytree(results(finished), folder, copy_function=os.link)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).unlink()
    (folder / name).write_bytes(content)
    code, said = verify(folder)
    assert code == 1
    assert [line for line in said if line.endswith(("changed", "missing", "new, not recorded"))] == [f"{name}: changed"]


def test_a_new_commit_reruns_the_record_alone_and_the_crate_is_valid(run):
    commit(run.root, date="2024-05-06T07:08:09+02:00")
    assert run.scheduled() == {"record_provenance": 1}
    run.run()
    record = json.loads((results(run) / RECORD).read_text())
    assert record["commit"]["date"] == "2024-05-06T05:08:09+00:00"
    assert record["commit"]["dirty"] is False
    assert issues(results(run)) == []
    assert verify(results(run))[0] == 0
    assert run.scheduled() == {}


def test_a_changed_output_is_recorded_anew(run):
    study = small_study()
    study["tables"]["table4_roc"]["title"] = "Table 4. Another title"
    run.configure(study)
    assert "record_provenance" in run.scheduled()
    run.run()
    assert verify(results(run))[0] == 0


def test_a_lost_output_is_named_and_can_be_asked_for_again(run, finished):
    lost = "models/roc/haemorrhage_median.curve.tsv"
    (results(run) / lost).unlink()
    assert f"{lost}: missing" in verify(results(run))[1]
    run.run(f"results/{STUDY}/{lost}")
    assert run.results() == finished.results()


def test_real_images_are_recorded_in_manifests_of_their_own(run, finished):
    """The synthetic dataset put where real data goes; only what records it is made."""
    source = results(finished) / "synthetic"
    target = run.folder / "data" / STUDY
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("batches", "truth.tsv", "sourcedata"))
    run.run(f"results/{STUDY}/{RECORD}", "--until", "record_raw")
    manifests = sorted((results(run) / "provenance" / "batches").glob("*.tsv"))
    listed = [line.split("\t")[1] for path in manifests for line in path.read_text().splitlines()[1:]]
    here = [str(path.relative_to(target)) for path in target.rglob("*") if path.is_file() and "sub-" in path.name]
    assert sorted(listed) == sorted(here)
