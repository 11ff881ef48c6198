"""``ro-crate-metadata.json``: the record in the words of Workflow Run RO-Crate, which archives and other tools read.

RO-Crate 1.1 (https://w3id.org/ro/crate/1.1), Workflow Run Crate 0.5 (https://w3id.org/ro/wfrun/workflow/0.5) and, for
the steps, Provenance Run Crate 0.5 (https://w3id.org/ro/wfrun/provenance/0.5). Who ran it and when is not recorded and
not invented: no action has an agent or a time; the crate's date is its commit's.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from urllib.parse import quote

from recohort.provenance.actions import ref, refs, step_entities
from recohort.provenance.record import CRATE, RECORD, WORKFLOW_COPY, is_manifest, listed_below

SPECIFICATION = "https://w3id.org/ro/crate/1.1"
CONTEXT = [f"{SPECIFICATION}/context", {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}]
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
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
    inputs = [_outside(entry) for entry in [*record["inputs"], *record["lock"]]] + _datasets(record["steps"])
    software = _software(record["versions"])
    engine = next(entity["@id"] for entity in software if entity["name"] == "snakemake")
    steps = step_entities(record, outside=_outside_id)
    workflow = {
        **_file(next(entry for entry in record["outputs"] if entry["path"] == WORKFLOW_COPY)),
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
        "name": "recohort",
        "encodingFormat": "text/plain",
        "version": record["versions"]["recohort"],
        "description": f"Commit {record['commit']['id']}; {RECORD} lists the other source files with checksums.",
        "license": ref(LICENCE),
        "programmingLanguage": ref(SNAKEMAKE),
        "softwareRequirements": [ref(entity["@id"]) for entity in software],
        "input": [ref(entity["exampleOfWork"]["@id"]) for entity in settings],
        "hasPart": refs(entity["@id"] for entity in steps["tool"]),
        "step": refs(entity["@id"] for entity in steps["step"]),
    }
    action = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"Run of the study {record['study']}",
        "description": f"snakemake {record['study']}",
        "instrument": ref(WORKFLOW_COPY),
        "object": [ref(entity["@id"]) for entity in [*inputs, *settings]],
        "result": [ref(entity["@id"]) for entity in [*outputs, *folders]],
    }
    organized = {
        "@id": "#snakemake",
        "@type": "OrganizeAction",
        "name": "Snakemake",
        "instrument": ref(engine),
        "object": refs(entity["@id"] for entity in steps["control"]),
        "result": ref("#run"),
    }
    cited = {"@id": f"https://doi.org/{study['doi']}", "@type": "ScholarlyArticle", "name": study["reference"]}
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": study["title"],
        "description": f"Results of the study {record['study']}: cohort, models, tables, figures and their comparison "
        "with the published numbers. Where to start: report/index.html.",
        "license": ref("#licence"),
        "conformsTo": [ref(profile) for profile in PROFILES],
        "mainEntity": ref(WORKFLOW_COPY),
        "mentions": [ref(entity["@id"]) for entity in [action, organized, *steps["action"]]],
        "hasPart": [ref(entity["@id"]) for entity in [workflow, recorded, *outputs, *folders]],
        **({"datePublished": record["commit"]["date"]} if record["commit"]["date"] != "unknown" else {}),
        **({"citation": ref(cited["@id"])} if study["doi"] else {}),
    }
    about = [ref(SPECIFICATION), ref("https://w3id.org/workflowhub/workflow-ro-crate/1.0")]
    descriptor = {"@id": CRATE, "@type": "CreativeWork", "about": ref("./"), "conformsTo": about}
    described = [recorded, *outputs, *folders, *inputs, *settings, *_parameters(settings), *software]
    described += [entity for of_kind in steps.values() for entity in of_kind]
    return {
        "@context": CONTEXT,
        "@graph": [
            descriptor,
            root,
            workflow,
            action,
            organized,
            *described,
            *([cited] if study["doi"] else []),
            *_context(),
        ],
    }


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


def _outside_id(path: str) -> str:
    return f"#{quote(path)}"


def _outside(entry: Mapping) -> dict:
    """An input: named and fingerprinted, not part of the crate, as it may be patients' data."""
    of = f" of the Python package {entry['package']}" if "package" in entry else ""
    return {
        "@id": _outside_id(entry["path"]),
        "@type": "CreativeWork",
        "name": entry["path"],
        "description": f"An input{of}, not part of this crate; {entry['bytes']} bytes.",
        "sha256": entry["sha256"],
    }


def _datasets(steps: Iterable[Mapping]) -> list[dict]:
    """The folders among the inputs of jobs: the images of a real dataset."""
    return [
        {
            "@id": _outside_id(folder),
            "@type": "CreativeWork",
            "name": folder,
            "description": "The images, not part of this crate; with checksums in provenance/batches/<batch>.tsv.",
        }
        for folder in sorted({name for step in steps for job in step["jobs"] for name in job["inputs"]})
        if folder.endswith("/")
    ]


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
            "exampleOfWork": ref(f"#{name}"),
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
            "workExample": ref(entity["@id"]),
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
            "identifier": ref("https://doi.org/10.1093/bioinformatics/bts480"),
            "url": ref("https://snakemake.readthedocs.io"),
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
