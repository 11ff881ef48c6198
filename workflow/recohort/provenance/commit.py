"""Which commit of the repository a result was made with, and on what day that was."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

UNKNOWN = {"id": "unknown", "date": "unknown", "dirty": "unknown"}
MAKES_RESULTS = ("Snakefile", "workflow", "config", "data", "requirements.lock")
"""What a result can depend on: a commit that touches none of it, such as one of the documents, is not a new one."""
ARCHIVED = Path(__file__).with_name("archived.txt")
"""``git archive`` writes the commit into this file (``export-subst``), so that a downloaded archive knows it too."""


def commit_of(repository: Path, *, archived: Path = ARCHIVED) -> dict[str, str | bool]:
    """Return the last commit that changed what makes results.

    Parameters
    ----------
    repository : Path
        Folder of the Snakefile.
    archived : Path
        The file in which an archive carries its commit.

    Returns
    -------
    dict
        ``id``, ``date`` (of the commit, ISO 8601, UTC) and ``dirty`` (whether any of `MAKES_RESULTS` differs from the
        commit). Each is ``unknown`` where `repository` is no checkout; of an archive, ``dirty`` is.
    """
    if _git(repository, "ls-files", "Snakefile") is None:
        return _archived(archived)
    there = [name for name in MAKES_RESULTS if (repository / name).exists()]
    found = _git(repository, "log", "-1", "--format=%H %cI", "--", *there)
    if not found:
        return UNKNOWN
    changed = _git(repository, "status", "--porcelain", "--", *there)
    return {**_parsed(found), "dirty": changed is None or bool(changed)}


def _git(repository: Path, *arguments: str) -> str | None:
    """Return what git says, or None where it says nothing useful: not installed, no checkout."""
    command = ["git", "--no-optional-locks", "-C", str(repository), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    if done.returncode or (arguments[0] == "ls-files" and not done.stdout):
        return None
    return done.stdout.strip()


def _archived(path: Path) -> dict[str, str | bool]:
    text = path.read_text(encoding="utf-8").strip() if path.exists() else "$"
    return UNKNOWN if "$" in text else {**_parsed(text), "dirty": "unknown"}


def _parsed(text: str) -> dict[str, str]:
    identifier, date = text.split()
    return {"id": identifier, "date": datetime.fromisoformat(date).astimezone(UTC).isoformat()}
