"""A study's results of six kinds of files, recorded."""

from pathlib import Path

import pytest

from recohort.core.manifest import write_manifest
from recohort.provenance.crate import crate
from recohort.provenance.record import CRATE, RECORD, WORKFLOW_COPY, describe, file_entry, sealed, text, with_output

RESULTS = {
    "tables/table2.csv": b"a,b\n1,2\n",
    "figures/figure1.png": bytes(range(256)),
    "models/cox/crude.tsv": b"term\testimate\nage\t1.02\n",
    "report/index.html": b"<html>page</html>\n",
    "images/batches/sub-001_2.status.tsv": b"participant_id\tstatus\nsub-001\treconstructed\n",
    WORKFLOW_COPY: b"# rules\n",
}
MAPS = {"sub-001/anat/map.nii.gz": b"\x1f\x8b map 1", "sub-002/anat/map.nii.gz": b"\x1f\x8b map 2"}
RAW = {"sub-001/anat/raw.nii.gz": b"\x1f\x8b raw 1", "sub-002/anat/raw.nii.gz": b"\x1f\x8b raw 2"}
OUTSIDE = {
    "data/published/demo.csv": b"item\n",
    "workflow/scripts/fit_model.py": b"pass\n",
    "workflow/scripts/process_images.py": b"import this\n",
    "requirements.lock": b"a==1\n",
}
STEPS = [
    {
        "rule": "fit_model",
        "jobs": [
            {
                "inputs": ["data/published/demo.csv"],
                "reads": ["images/batches/sub-001_2.status.tsv", "images/batches/sub-001_2.tsv"],
                "outputs": ["models/cox/crude.tsv", "tables/table2.csv"],
            },
            {
                "inputs": [],
                "reads": ["models/cox/crude.tsv"],
                "outputs": ["report/index.html", "figures/figure1.png"],
            },
        ],
    },
    {
        "rule": "process_images",
        "jobs": [
            {
                "inputs": ["data/demo/"],
                "reads": [],
                "outputs": ["images/batches/sub-001_2.tsv", "images/batches/sub-001_2.status.tsv"],
            },
            {"inputs": [], "reads": [], "outputs": ["provenance/batches/sub-001_2.tsv"]},
        ],
    },
]
"""Not in the order of the work, and in fewer rules than a study has."""


def write(root: Path, files: dict[str, bytes]) -> dict[str, list[Path]]:
    by_participant: dict[str, list[Path]] = {}
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        by_participant.setdefault(name.partition("/")[0], []).append(path)
    return by_participant


def recorded(base: Path, commit: dict) -> Path:
    folder = base / "results" / "demo"
    write(folder, RESULTS)
    write(base, OUTSIDE)
    write_manifest(folder / "images/batches/sub-001_2.tsv", folder / "images", write(folder / "images", MAPS))
    raw = base / "data" / "demo"
    write_manifest(folder / "provenance/batches/sub-001_2.tsv", raw, write(raw, RAW))
    made = [*RESULTS, "images/batches/sub-001_2.tsv", "provenance/batches/sub-001_2.tsv"]
    inputs, fitting, processing, lock = (file_entry(base / name, name) for name in OUTSIDE)
    record = describe(
        study="demo",
        configuration={"study": {"title": "Demonstration", "doi": "10.1000/182", "reference": "A paper"}, "models": {}},
        run={"seed": 7, "figure_formats": ["png"]},
        commit=commit,
        versions={
            "recohort": "0.1.0",
            "packages": {name: {"installed": "2.4.6", "locked": "2.4.6"} for name in ("numpy", "snakemake")},
        },
        lock=[lock],
        inputs=[inputs],
        code=[fitting, processing],
        outputs=[file_entry(folder / name, name, rule="fit_model") for name in made],
        steps=STEPS,
    )
    (folder / CRATE).write_text(text(crate(record)))
    record = with_output(record, file_entry(folder / CRATE, CRATE, rule="record_provenance"))
    (folder / RECORD).write_text(sealed(record))
    return folder


@pytest.fixture
def commit():
    return {"id": "0" * 40, "date": "2024-05-06T05:08:09+00:00", "dirty": False}


@pytest.fixture
def folder(tmp_path, commit):
    return recorded(tmp_path / "work", commit)


@pytest.fixture
def record_again(commit):
    return lambda base, **changes: recorded(base, {**commit, **changes})
