"""``ro-crate-metadata.json``: the record in the words of Workflow Run RO-Crate, which archives and other tools read.

RO-Crate 1.1 (https://w3id.org/ro/crate/1.1), Workflow Run Crate 0.5 (https://w3id.org/ro/wfrun/workflow/0.5). Who
ran it and when is not recorded and not invented: the action has no agent and no time; the crate's date is its commit's.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from urllib.parse import quote

from recohort.provenance.record import CRATE, RECORD, WORKFLOW_COPY, is_manifest, listed_below

SPECIFICATION = "https://w3id.org/ro/crate/1.1"
CONTEXT = [f"{SPECIFICATION}/context", {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}]
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
LICENCE = "https://spdx.org/licenses/Apache-2.0"
FORMATS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".npz": "application/zip",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tsv": "text/tab-separated-values",
}


def crate(record: Mapping) -> dict:
    """Return the RO-Crate of a study's results.

    Parameters
    ----------
    record : mapping
        Of `describe`.

    Returns
    -------
    dict
        Content of ``ro-crate-metadata.json``. Images are one entity per folder: their manifests, which are files of the
        crate, list them with checksums. Inputs lie outside the crate and are named, with checksums, not included.
    """
    study = {"reference": "", "doi": "", **record["config"]["study"]}
    outputs = [_file(entry) for entry in record["outputs"] if entry["path"] not in (WORKFLOW_COPY, CRATE)]
    folders = _image_folders(entry["path"] for entry in record["outputs"])
    recorded = {"@id": RECORD, "@type": "File", "name": "The record", "encodingFormat": FORMATS[".json"]}
    settings = _settings(record)
    inputs = [_outside(entry) for entry in [*record["inputs"], *record["lock"]]]
    software = _software(record["versions"])
    workflow = {
        **_file(next(entry for entry in record["outputs"] if entry["path"] == WORKFLOW_COPY)),
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": "recohort",
        "encodingFormat": "text/plain",
        "version": record["versions"]["recohort"],
        "description": f"Commit {record['commit']['id']}; {RECORD} lists the other source files with checksums.",
        "license": _ref(LICENCE),
        "programmingLanguage": _ref(SNAKEMAKE),
        "softwareRequirements": [_ref(entity["@id"]) for entity in software],
        "input": [_ref(entity["exampleOfWork"]["@id"]) for entity in settings],
    }
    action = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"Run of the study {record['study']}",
        "description": f"snakemake {record['study']}",
        "instrument": _ref(WORKFLOW_COPY),
        "object": [_ref(entity["@id"]) for entity in [*inputs, *settings]],
        "result": [_ref(entity["@id"]) for entity in [*outputs, *folders]],
    }
    cited = {"@id": f"https://doi.org/{study['doi']}", "@type": "ScholarlyArticle", "name": study["reference"]}
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": study["title"],
        "description": f"Results of the study {record['study']}: cohort, models, tables, figures and their comparison "
        "with the published numbers. Where to start: report/index.html.",
        "license": _ref("#licence"),
        "conformsTo": [_ref(profile) for profile in PROFILES],
        "mainEntity": _ref(WORKFLOW_COPY),
        "mentions": _ref("#run"),
        "hasPart": [_ref(entity["@id"]) for entity in [workflow, recorded, *outputs, *folders]],
        **({"datePublished": record["commit"]["date"]} if record["commit"]["date"] != "unknown" else {}),
        **({"citation": _ref(cited["@id"])} if study["doi"] else {}),
    }
    about = [_ref(SPECIFICATION), _ref("https://w3id.org/workflowhub/workflow-ro-crate/1.0")]
    descriptor = {"@id": CRATE, "@type": "CreativeWork", "about": _ref("./"), "conformsTo": about}
    described = [recorded, *outputs, *folders, *inputs, *settings, *_parameters(settings), *software]
    return {
        "@context": CONTEXT,
        "@graph": [descriptor, root, workflow, action, *described, *([cited] if study["doi"] else []), *_context()],
    }


def _ref(identifier: str) -> dict[str, str]:
    return {"@id": identifier}


def _file(entry: Mapping) -> dict:
    suffix = PurePosixPath(entry["path"]).suffix
    made_by = {"description": f"made by the rule {entry['rule']}"} if "rule" in entry else {}
    return {
        "@id": quote(entry["path"]),
        "@type": "File",
        "name": entry["path"],
        "contentSize": str(entry["bytes"]),
        "sha256": entry["sha256"],
        **({"encodingFormat": FORMATS[suffix]} if suffix in FORMATS else {}),
        **made_by,
    }


def _outside(entry: Mapping) -> dict:
    """An input: named and fingerprinted, not part of the crate, as it may be patients' data."""
    of = f" of the Python package {entry['package']}" if "package" in entry else ""
    return {
        "@id": f"#{quote(entry['path'])}",
        "@type": "CreativeWork",
        "name": entry["path"],
        "description": f"An input{of}, not part of this crate; {entry['bytes']} bytes.",
        "sha256": entry["sha256"],
    }


def _image_folders(paths: Iterable[str]) -> list[dict]:
    stages = {listed_below(path) for path in paths if is_manifest(path)} - {None}
    return [
        {
            "@id": f"{stage}/",
            "@type": "Dataset",
            "name": stage,
            "description": f"Files by participant, with checksums in {stage}/batches/<batch>.tsv.",
        }
        for stage in sorted(stages)
    ]


def _settings(record: Mapping) -> list[dict]:
    values = {"study": record["config"], **record["run"]}
    return [
        {
            "@id": f"#{name}-value",
            "@type": "PropertyValue",
            "name": name,
            "value": json.dumps(value, sort_keys=True, ensure_ascii=False),
            "exampleOfWork": _ref(f"#{name}"),
        }
        for name, value in sorted(values.items())
    ]


def _parameters(settings: Iterable[Mapping]) -> list[dict]:
    return [
        {
            "@id": entity["exampleOfWork"]["@id"],
            "@type": "FormalParameter",
            "name": entity["name"],
            "description": "config/studies/<study>.yaml with every default, as JSON"
            if entity["name"] == "study"
            else f"config/config.yaml: {entity['name']}, as JSON",
            "additionalType": "Integer" if entity["name"] == "seed" else "PropertyValue",
            "workExample": _ref(entity["@id"]),
        }
        for entity in settings
    ]


def _software(versions: Mapping) -> list[dict]:
    python = ("Python", versions["python"], "https://www.python.org/")
    pypi = [
        (name, found["installed"], f"pkg:pypi/{name}@{found['installed']}")
        for name, found in versions["packages"].items()
    ]
    return [
        {"@id": place, "@type": "SoftwareApplication", "name": name, "softwareVersion": version, "identifier": place}
        for name, version, place in [python, *pypi]
    ]


def _context() -> list[dict]:
    profiles = [
        {"@id": url, "@type": "CreativeWork", "name": name, "version": version}
        for url, (name, version) in PROFILES.items()
    ]
    return [
        *profiles,
        {
            "@id": SNAKEMAKE,
            "@type": "ComputerLanguage",
            "name": "Snakemake",
            "identifier": _ref("https://doi.org/10.1093/bioinformatics/bts480"),
            "url": _ref("https://snakemake.readthedocs.io"),
        },
        {
            "@id": "#licence",
            "@type": "CreativeWork",
            "name": "Licence of the results: not stated",
            "description": "No licence is declared for these results; those of the data they were made from hold. "
            "The workflow itself is under the licence Apache-2.0.",
        },
        {"@id": LICENCE, "@type": "CreativeWork", "name": "Apache License 2.0", "description": "Licence of the code."},
    ]
