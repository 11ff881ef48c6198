"""The RO-Crate is valid, says what the record says, and invents nothing."""

import json

import pytest
from crates import TERMS, issues

from recohort.provenance.crate import CONTEXT
from recohort.provenance.record import CRATE, RECORD


@pytest.fixture
def graph(folder):
    return {entity["@id"]: entity for entity in json.loads((folder / CRATE).read_text())["@graph"]}


@pytest.mark.parametrize("profile", ["provenance-run-crate", "workflow-run-crate"])
def test_it_keeps_what_its_profiles_require(folder, profile):
    assert issues(folder, profile=profile) == []


@pytest.mark.parametrize(
    ("entity", "key", "said"),
    [
        ("./", "license", "license"),
        ("./", "mainEntity", "mainEntity"),
        ("./", "datePublished", "datePublished"),
        ("#run", "instrument", "instrument"),
        ("#seed", "additionalType", "additionalType"),
        ("provenance/Snakefile", "hasPart", "orchestrated tools"),
        ("provenance/Snakefile", "step", "HowToStep must be referred to"),
        ("#step/fit_model", "workExample", "HowToStep must refer to its corresponding tool"),
        ("#control/fit_model", "instrument", "ControlAction must reference a HowToStep"),
        ("#control/fit_model", "object", "ControlAction must reference the action"),
        ("#snakemake", "instrument", "workflow engine"),
        ("#snakemake", "object", "ControlAction instances"),
        ("#snakemake", "result", "workflow run via result"),
        ("#job/models/cox/crude.tsv", "instrument", "instrument property"),
    ],
)
def test_the_validator_finds_what_is_left_out(folder, entity, key, said):
    content = json.loads((folder / CRATE).read_text())
    del next(found for found in content["@graph"] if found["@id"] == entity)[key]
    (folder / CRATE).write_text(json.dumps(content))
    assert any(said in issue for issue in issues(folder))


def test_the_validator_finds_a_result_that_is_not_there(folder):
    (folder / "tables" / "table2.csv").unlink()
    assert any("tables/table2.csv" in issue for issue in issues(folder))


def test_the_validator_finds_steps_of_what_is_no_how_to(folder):
    content = json.loads((folder / CRATE).read_text())
    next(found for found in content["@graph"] if found["@id"] == "provenance/Snakefile")["@type"].remove("HowTo")
    (folder / CRATE).write_text(json.dumps(content))
    assert issues(folder) == ["A ComputationalWorkflow that links to steps MUST have the HowTo type"]


def test_every_term_is_one_of_the_contexts(graph):
    known = {*json.loads(TERMS.read_text())["@context"], *CONTEXT[1], "@id", "@type"}
    types = {kind for e in graph.values() for kind in (e["@type"] if isinstance(e["@type"], list) else [e["@type"]])}
    assert {key for entity in graph.values() for key in entity} | types <= known


def test_every_reference_leads_somewhere(graph):
    def references(value):
        if isinstance(value, dict):
            yield value["@id"]
        for item in value if isinstance(value, list) else []:
            yield from references(item)

    told = {name for entity in graph.values() for value in entity.values() for name in references(value)}
    assert {name for name in told if not name.startswith("http")} <= set(graph)


def test_the_run_names_its_inputs_and_results_with_the_records_checksums(folder, graph):
    record = json.loads((folder / RECORD).read_text())
    results = {name["@id"] for name in graph["#run"]["result"]}
    recorded = {entry["path"]: entry["sha256"] for entry in record["outputs"]}
    files = {name: graph[name]["sha256"] for name in results if graph[name]["@type"] == "File"}
    assert files == {name: digest for name, digest in recorded.items() if name not in (CRATE, "provenance/Snakefile")}
    assert results - set(files) == {"images/"}
    assert {"@id": "#data/published/demo.csv"} in graph["#run"]["object"]
    assert graph["#data/published/demo.csv"]["sha256"] == record["inputs"][0]["sha256"]
    assert graph["#seed-value"]["value"] == "7"
    assert json.loads(graph["#study-value"]["value"]) == record["config"]


def test_each_step_has_its_script_its_jobs_and_a_place_after_what_it_reads(folder, graph):
    record = json.loads((folder / RECORD).read_text())
    steps = [graph[step["@id"]] for step in graph["provenance/Snakefile"]["step"]]
    assert {step["name"]: step["position"] for step in steps} == {"process_images": "1", "fit_model": "2"}
    digests = {entry["path"]: entry["sha256"] for entry in record["code"]}
    for step in steps:
        tool = graph[step["workExample"]["@id"]]
        assert tool["sha256"] == digests[f"workflow/scripts/{step['name']}.py"]
        control = graph[f"#control/{step['name']}"]
        assert control["instrument"]["@id"] == step["@id"]
        assert {graph[job["@id"]]["instrument"]["@id"] for job in control["object"]} == {tool["@id"]}
    assert graph["#snakemake"]["object"] == [{"@id": f"#control/{name}"} for name in ("fit_model", "process_images")]
    assert graph[graph["#snakemake"]["instrument"]["@id"]]["name"] == "snakemake"


def test_a_job_names_what_it_was_made_from_and_what_it_made(graph):
    made = {name: of for name, of in graph.items() if name.startswith("#job/")}
    assert len(made) == 4
    assert made["#job/models/cox/crude.tsv"]["object"] == [
        {"@id": "#data/published/demo.csv"},
        {"@id": "images/batches/sub-001_2.status.tsv"},
        {"@id": "images/batches/sub-001_2.tsv"},
    ]
    assert made["#job/models/cox/crude.tsv"]["result"] == [
        {"@id": "models/cox/crude.tsv"},
        {"@id": "tables/table2.csv"},
    ]
    assert made["#job/images/batches/sub-001_2.tsv"]["object"] == {"@id": "#data/demo/"}
    assert {"@id": "#data/demo/"} in graph["#run"]["object"]
    assert "object" not in made["#job/provenance/batches/sub-001_2.tsv"], "it is not known, so it is not said"
    assert {"#run", "#snakemake", *made} == {name["@id"] for name in graph["./"]["mentions"]}


def test_nobody_and_no_time_is_invented(graph):
    assert not {"agent", "author", "creator", "startTime", "endTime"} & {key for e in graph.values() for key in e}
    assert graph["./"]["datePublished"] == "2024-05-06T05:08:09+00:00"


def test_without_a_commit_there_is_no_date(record_again, tmp_path):
    folder = record_again(tmp_path / "other", id="unknown", date="unknown", dirty="unknown")
    assert "datePublished" not in (folder / CRATE).read_text()


def test_the_same_results_elsewhere_give_the_same_bytes(folder, record_again, tmp_path):
    other = record_again(tmp_path / "a" / "longer" / "path")
    for name in (CRATE, RECORD):
        assert (other / name).read_bytes() == (folder / name).read_bytes()
        assert str(tmp_path) not in (folder / name).read_text()
