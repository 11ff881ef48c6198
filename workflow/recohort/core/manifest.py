"""A batch's manifest: which files it made, so that a file lost or altered afterwards is noticed."""

import hashlib
from pathlib import Path

from recohort.core.io import read_rows, write_rows

COLUMNS = ["participant_id", "path", "bytes", "sha256"]


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_manifest(manifest: Path, root: Path, files: dict[str, list[Path]]) -> None:
    """Write the manifest of one batch.

    Parameters
    ----------
    manifest : Path
        Where to write it.
    root : Path
        Folder to which the paths in the manifest are relative.
    files : dict of str to list of Path
        Participant to the files made for it.
    """
    rows = [
        {
            "participant_id": participant,
            "path": path.relative_to(root).as_posix(),
            "bytes": path.stat().st_size,
            "sha256": sha256(path),
        }
        for participant, paths in files.items()
        for path in sorted(paths)
    ]
    write_rows(manifest, rows, COLUMNS)


def departures(manifest: Path, root: Path) -> list[str]:
    """Return one sentence per file that is no longer what the manifest says.

    A file of the recorded size that is not younger than the manifest counts as unchanged; only others are read again.
    """
    written = manifest.stat().st_mtime_ns
    found = []
    for row in read_rows(manifest):
        path = root / row["path"]
        if not path.exists():
            found.append(f"{path}: is gone")
        elif path.stat().st_size != int(row["bytes"]) or (
            path.stat().st_mtime_ns > written and sha256(path) != row["sha256"]
        ):
            found.append(f"{path}: was altered after it was made")
    return found
