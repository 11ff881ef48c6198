"""The jobs behind results are those Snakemake made them by, whichever of them a run repeats; steps have an order."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from recohort.provenance.steps import positions, steps

PACKAGE = Path(__file__).resolve().parents[2] / "workflow"
SNAKEFILE = """
from recohort.provenance.steps import jobs_behind

ruleorder: fit_voxelwise > fit_model

wildcard_constraints:
    study="demo(/sensitivity/[a-z]+)?", name="[a-z]+"

rule process_images:
    input: raw=["data/demo/sub-01/a.nii", "data/demo/sub-02/a.nii"], code="code.py"
    output: manifest="results/{study}/images/b.tsv", status="results/{study}/images/a.tsv"
    shell: "cat {input} > {output[0]} && cp {output[0]} {output[1]}"

rule fit_model:
    input: results=lambda wildcards: "results/demo/images/b.tsv", given="data/published.csv", code="code.py"
    output: "results/{study}/models/{kind}/{name}.tsv"
    log: "results/{study}/logs/models/{kind}/{name}.log"
    shell: "cat {input} > {output}"

rule fit_voxelwise:
    input: results="results/{study}/models/cox/crude.tsv"
    output: "results/{study}/models/voxelwise/{name}.tsv", "results/{study}/models/voxelwise/{name}.nii"
    shell: "cat {input} | tee {output}"

rule unasked:
    output: "results/{study}/unasked.tsv"
    shell: "touch {output}"

rule gather:
    input: "results/demo/models/voxelwise/edss.tsv", "results/demo/sensitivity/wider/models/cox/crude.tsv", "code.py"
    output: "results/{study}/table.csv"
    shell: "cat {input} > {output}"

rule record_provenance:
    input:
        made=lambda wildcards: ["results/demo/table.csv", "results/demo/images/a.tsv"], raw=[],
        given=["data/published.csv", "data/demo/participants.tsv"], table=[], code="code.py",
    output: "results/{study}/provenance.json"
    params: jobs=lambda wildcards: jobs_behind(wildcards.study, rules=list(workflow.rules), dataset="data/demo/")
    script: "write.py"
"""
JOBS = [
    {"rule": "process_images", "inputs": ["data/demo/"], "reads": [], "outputs": ["images/b.tsv", "images/a.tsv"]},
    {
        "rule": "fit_model",
        "inputs": ["data/published.csv"],
        "reads": ["images/b.tsv"],
        "outputs": ["models/cox/crude.tsv"],
    },
    {
        "rule": "fit_model",
        "inputs": ["data/published.csv"],
        "reads": ["images/b.tsv"],
        "outputs": ["sensitivity/wider/models/cox/crude.tsv"],
    },
    {
        "rule": "fit_voxelwise",
        "inputs": [],
        "reads": ["models/cox/crude.tsv"],
        "outputs": ["models/voxelwise/edss.tsv", "models/voxelwise/edss.nii"],
    },
    {
        "rule": "gather",
        "inputs": [],
        "reads": ["models/voxelwise/edss.tsv", "sensitivity/wider/models/cox/crude.tsv"],
        "outputs": ["table.csv"],
    },
]


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "results/demo/provenance.json", "--cores", "1", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PACKAGE), "PYTHONHASHSEED": "random"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def workflow(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workflow")
    files = ["code.py", "data/published.csv", *(f"data/demo/{name}/a.nii" for name in ("sub-01", "sub-02"))]
    for name in [*files, "data/demo/participants.tsv"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"# {name}\n")
    (folder / "Snakefile").write_text(SNAKEFILE)
    (folder / "write.py").write_text(
        "import json\nfrom pathlib import Path\n"
        "Path(snakemake.output[0]).write_text(json.dumps(snakemake.params.jobs))\n"
    )
    run(folder)
    return folder


def written(folder: Path) -> list[dict]:
    return json.loads((folder / "results/demo/provenance.json").read_text())


def test_every_job_is_told_with_what_it_is_made_from(workflow):
    assert written(workflow) == JOBS


def test_snakemake_made_each_result_so(workflow):
    """Its own notes of the run (``.snakemake/metadata``, a file per output) name the same rule and results."""
    notes = {}
    for path in (workflow / ".snakemake" / "metadata").rglob("*"):
        if path.is_file():
            name = base64.b64decode(path.relative_to(workflow / ".snakemake" / "metadata").as_posix()).decode()
            notes[name.removeprefix("results/demo/")] = json.loads(path.read_text())
    told = {output: job for job in written(workflow) for output in job["outputs"]}
    assert set(told) == set(notes) - {"provenance.json"}
    for output, job in told.items():
        read = {name.removeprefix("results/demo/") for name in notes[output]["input"] if name.startswith("results/")}
        assert (notes[output]["rule"], read) == (job["rule"], set(job["reads"]))


def test_it_is_the_same_for_a_part_of_a_run_and_reruns_nothing(workflow):
    before = written(workflow)
    assert "Nothing to be done" in run(workflow, "--dry-run")
    said = run(workflow, "--forcerun", "gather")
    assert "rule record_provenance" in said
    assert "rule fit_model" not in said
    assert written(workflow) == before
    assert "Nothing to be done" in run(workflow, "--dry-run")


def test_a_step_has_the_jobs_of_its_rule_under_their_recorded_names():
    rules = {output: job["rule"] for job in JOBS for output in job["outputs"] if output != "images/a.tsv"}
    found = steps(JOBS, rules, {"data/published.csv": "package/published.csv"})
    assert [step["rule"] for step in found] == ["process_images", "fit_model", "fit_voxelwise", "gather"]
    assert found[0]["jobs"] == [{"inputs": ["data/demo/"], "reads": [], "outputs": ["images/b.tsv"]}], "as recorded"
    assert [job["inputs"] for job in found[1]["jobs"]] == [["package/published.csv"]] * 2


def test_of_a_result_that_no_job_makes_it_is_not_said_what_it_was_made_from():
    rules = {"table.csv": "gather", "truth.tsv": "gather_truth", "images/c.tsv": "process_images"}
    found = {step["rule"]: step["jobs"] for step in steps([JOBS[0], JOBS[-1]], {**rules, "images/b.tsv": "x"}, {})}
    assert found["gather_truth"] == [{"inputs": [], "reads": [], "outputs": ["truth.tsv"]}]
    assert found["process_images"][1] == {"inputs": [], "reads": [], "outputs": ["images/c.tsv"]}


def test_a_place_is_after_those_whose_results_are_read_in_whatever_order_the_rules_are():
    again = {"rule": "fit_model", "inputs": [], "reads": ["models/cox/crude.tsv"], "outputs": ["models/cox/more.tsv"]}
    jobs = [*JOBS, again]
    rules = {output: job["rule"] for job in jobs for output in job["outputs"]}
    expected = {"process_images": 1, "fit_model": 2, "fit_voxelwise": 3, "gather": 4}
    assert positions(steps(jobs, rules, {})) == expected
    assert positions(steps(jobs[::-1], rules, {})) == expected


def test_where_two_rules_read_each_other_there_are_no_places():
    family = {"rule": "fit_model", "inputs": [], "reads": ["models/voxelwise/edss.tsv"], "outputs": ["models/f.tsv"]}
    jobs = [*JOBS, family]
    assert positions(steps(jobs, {output: job["rule"] for job in jobs for output in job["outputs"]}, {})) == {}
