"""A folder of results against its own record: what changed, what is missing, what nobody recorded."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from recohort.core.errors import InputError
from recohort.core.io import read_json, read_rows
from recohort.core.manifest import COLUMNS, sha256
from recohort.provenance.record import RECORD, is_log, is_manifest, listed_below, sealed

BESIDE = {"inputs": "input", "lock": "lock", "code": "code"}
"""What lies outside the results, and the word for one file of it."""


@dataclass(frozen=True)
class Expected:
    """One recorded file: where it should be, what it is called, what it held."""

    path: Path
    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Verdict:
    """What a comparison found.

    Attributes
    ----------
    departures : list of str
        A line for each file that changed, is missing or is not recorded.
    absent : list of str
        A line for what was recorded, lies outside the results and is not here.
    files, bytes : int
        How much was read and compared.
    """

    departures: list[str]
    absent: list[str]
    files: int
    bytes: int


def verify(folder: Path, *, say: Callable[[int, int], None]) -> Verdict:
    """Compare a study's results with its ``provenance.json``, by the SHA-256 of every file.

    Parameters
    ----------
    folder : Path
        ``results/<study>``, or a copy of it anywhere. Inputs and code are compared where the folder lies in its working
        directory.
    say : callable
        Is told the bytes read and the bytes there are, file by file.

    Raises
    ------
    InputError
        There is no record, or it cannot be read as one.
    """
    record = _read(folder)
    if (folder / RECORD).read_text(encoding="utf-8") != sealed(record):
        return Verdict([f"{RECORD}: changed, so that nothing can be compared with it"], [], 0, 0)
    expected, departures = _results(folder, record)
    beside, absent = _beside(folder, record)
    present = [file for file in [*expected, *beside] if file.path.is_file()]
    departures += [f"{file.name}: missing" for file in expected if not file.path.is_file()]
    departures += _changed(present, say)
    recorded = {file.name for file in expected}
    departures += [f"{name}: new, not recorded" for name in _found(folder) if name not in recorded]
    return Verdict(sorted(departures), absent, len(present), sum(file.bytes for file in present))


def _read(folder: Path) -> dict:
    path = folder / RECORD
    record = read_json(path)
    if not isinstance(record, dict) or not {"study", "seal", "outputs", *BESIDE} <= set(record):
        raise InputError(f"{path}: found no record of a study, expected what a run of recohort writes")
    return record


def _results(folder: Path, record: Mapping) -> tuple[list[Expected], list[str]]:
    """Every recorded result, those of the record and those its manifests list; a line for each unreadable manifest."""
    departures = []
    expected = [_expected(folder / entry["path"], entry["path"], entry) for entry in record["outputs"]]
    for manifest in [file for file in expected if is_manifest(file.name)]:
        root = listed_below(manifest.name)
        if root and manifest.path.is_file():
            rows = _rows(manifest.path)
            if rows is None:
                departures.append(f"{manifest.name}: not readable, the files it lists were not compared")
            expected += [_expected(folder / root / row["path"], f"{root}/{row['path']}", row) for row in rows or []]
    return expected, departures


def _rows(manifest: Path) -> list[dict] | None:
    try:
        rows = read_rows(manifest)
        return rows if all(set(row) == set(COLUMNS) and row["bytes"].isdigit() for row in rows) else None
    except (UnicodeDecodeError, AttributeError):
        return None


def _beside(folder: Path, record: Mapping) -> tuple[list[Expected], list[str]]:
    """Inputs, the lock and the code, where they are here; and a line for those that are not."""
    base, here, absent = folder.resolve().parents[1], [], []
    for kind, word in BESIDE.items():
        files = [_expected(_place(base, entry), f"{word} {entry['path']}", entry) for entry in record[kind]]
        here += [file for file in files if file.path.is_file()]
        gone = [file.name for file in files if not file.path.is_file()]
        absent += [f"source files, {len(gone)} of {len(files)}: not here"] if word == "code" and gone else []
        absent += [] if word == "code" else [f"{name}: not here" for name in gone]
    for entry in record["outputs"]:
        of_dataset = is_manifest(entry["path"]) and listed_below(entry["path"]) is None
        if of_dataset and (folder / entry["path"]).is_file():
            rows, root = _rows(folder / entry["path"]) or [], base / "data" / record["study"]
            if root.is_dir():
                here += [
                    _expected(root / row["path"], f"input data/{record['study']}/{row['path']}", row) for row in rows
                ]
            else:
                absent.append(f"{len(rows)} images listed in {entry['path']}: not here")
    return here, absent


def _place(base: Path, entry: Mapping) -> Path:
    package = find_spec(entry["package"]) if "package" in entry else None
    if package and package.origin:
        return Path(package.origin).parent / entry["file"]
    return base / entry["path"]


def _expected(path: Path, name: str, entry: Mapping) -> Expected:
    return Expected(path, name, int(entry["bytes"]), entry["sha256"])


def _changed(files: list[Expected], say: Callable[[int, int], None]) -> list[str]:
    """Compare sizes, then bytes; several files at a time, as hashing and reading wait for each other."""
    total, read, found = sum(file.bytes for file in files), 0, []
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for file, same in zip(files, pool.map(_same, files), strict=True):
            read += file.bytes
            say(read, total)
            found += [] if same else [f"{file.name}: changed"]
    return found


def _same(file: Expected) -> bool:
    return file.path.stat().st_size == file.bytes and sha256(file.path) == file.sha256


def _found(folder: Path) -> Iterator[str]:
    """Every file below the results, less the logs and the record itself."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != RECORD and not is_log(name):
            yield name
