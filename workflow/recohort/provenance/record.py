"""``provenance.json``: what a study was made from, by what, and what came out, each file with its SHA-256."""

import hashlib
import json
import platform
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from recohort.core.manifest import sha256

RECORD, CRATE, WORKFLOW_COPY = "provenance.json", "ro-crate-metadata.json", "provenance/Snakefile"
VARIANT = re.compile(r"^sensitivity/[^/]+/")
MANIFEST = re.compile(r"(?:sensitivity/[^/]+/)?(?:synthetic|images|provenance)/batches/[^/.]+\.tsv")


def file_entry(path: Path, name: str, **more: str) -> dict[str, str | int]:
    """Return a file as it is recorded: `name`, bytes and SHA-256, and what else is known of it."""
    return {"path": name, "bytes": path.stat().st_size, "sha256": sha256(path), **more}


def table_entry(path: Path, table: Mapping[str, str]) -> dict[str, str | int]:
    """Return the file behind ``data.table``; in a package, it is named by the package."""
    if "package" not in table:
        return file_entry(path, table["file"])
    inside = {"package": table["package"], "file": table["file"]}
    return file_entry(path, f"{table['package']}/{table['file']}", **inside)


def made_by(names: Iterable[str], patterns: Mapping[str, Iterable[str]], jobs: Iterable[Mapping]) -> dict[str, str]:
    """Return which rule made a result; what no rule declares is left out.

    Parameters
    ----------
    names : iterable of str
        Files below ``results/<study>``.
    patterns : mapping of str to iterable of str
        Rule to the regular expressions of its outputs below a study's results. Those of an alternative in a sensitivity
        analysis (``sensitivity/<alternative>/``) are made by the same rules.
    jobs : iterable of mapping
        Of `steps.jobs_behind`: where two rules declare a file, they know which made it.

    Returns
    -------
    dict of str to str
        File to rule, sorted by file.
    """
    declared = [(re.compile(pattern), rule) for rule, of_rule in patterns.items() for pattern in of_rule]
    known = {output: job["rule"] for job in jobs for output in job["outputs"]}
    found = {}
    for name in sorted(names):
        candidates = (name, VARIANT.sub("", name))
        matching = (rule for one in candidates for regex, rule in declared if regex.fullmatch(one))
        rule = known.get(name) or next(matching, None)
        if rule and not is_log(name):
            found[name] = rule
    return found


def is_log(path: str) -> bool:
    """Whether a file is what a run said while it worked, which is no result and is not recorded."""
    return VARIANT.sub("", path).startswith("logs/")


def is_manifest(path: str) -> bool:
    """Whether a result lists further files with their checksums: ``<stage>/batches/<batch>.tsv``."""
    return MANIFEST.fullmatch(path) is not None


def listed_below(manifest: str) -> str | None:
    """Return the folder below the study's results of what a manifest lists; None where that is the dataset."""
    stage = manifest.rpartition("/batches/")[0]
    return None if stage == "provenance" else stage


def describe(
    *,
    study: str,
    configuration: Mapping,
    run: Mapping,
    commit: Mapping,
    versions: Mapping,
    lock: Iterable[Mapping],
    inputs: Iterable[Mapping],
    code: Iterable[Mapping],
    outputs: Iterable[Mapping],
    steps: Iterable[Mapping],
) -> dict:
    """Return the record of one study, without its seal.

    Parameters
    ----------
    study : str
        Name of the study.
    configuration : mapping
        Its completed configuration: every default that held is in it.
    run : mapping
        What holds for every study of the run: the seed, the formats of figures.
    commit : mapping
        Of `commit_of`.
    versions : mapping
        ``recohort`` and ``packages``.
    lock, inputs, code, outputs : iterable of mapping
        Of `file_entry`; outputs relative to ``results/<study>``.
    steps : iterable of mapping
        Of `steps.steps`.

    Returns
    -------
    dict
        Lists of files are sorted by path.
    """
    by_path = {
        name: sorted(entries, key=lambda entry: entry["path"])
        for name, entries in {"lock": lock, "inputs": inputs, "code": code, "outputs": outputs}.items()
    }
    return {
        "study": study,
        "config": dict(configuration),
        "run": dict(run),
        "commit": dict(commit),
        "versions": {"python": platform.python_version(), **versions},
        **by_path,
        "steps": list(steps),
    }


def text(content: object) -> str:
    """Return JSON of which equal content has equal bytes."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def with_output(record: Mapping, entry: Mapping) -> dict:
    """Return the record with one output more."""
    return {**record, "outputs": sorted([*record["outputs"], entry], key=lambda output: output["path"])}


def sealed(record: Mapping) -> str:
    """Return the text of ``provenance.json``: the record with the SHA-256 of everything else in it as ``seal``."""
    rest = {key: value for key, value in record.items() if key != "seal"}
    return text({**rest, "seal": hashlib.sha256(text(rest).encode()).hexdigest()})


def raw_files(files: Iterable[Path], root: Path, members: Iterable[str]) -> dict[str, list[Path]]:
    """Return a dataset's files by participant, as `write_manifest` takes them.

    Parameters
    ----------
    files : iterable of Path
        Files of these participants, ``<root>/sub-*/...`` or ``<root>/derivatives/*/sub-*/...``.
    root : Path
        The dataset.
    members : iterable of str
        The participants.
    """
    listed = [(path, path.relative_to(root).parts) for path in files]
    return {name: [path for path, parts in listed if name in parts] for name in members}
