"""Finding files in a BIDS dataset by their entities."""

import re
from pathlib import Path

from recohort.core.errors import InputError

PARTICIPANT = re.compile(r"sub-[A-Za-z0-9]+")


TRUTH = "truth"
"""The pipeline in ``derivatives/`` that holds what a synthetic cohort's generator knows; never an input."""


def find(
    folder: Path, participant: str, suffix: str, *, session: str | None = None, datatype: str = "anat", **entities: str
) -> list[Path]:
    """Return a participant's NIfTI files of one suffix that carry all these entities, sorted by echo, then by name.

    Parameters
    ----------
    folder : Path
        A dataset, or a derivatives folder.
    participant : str
        ``sub-001``.
    suffix : str
        ``MEGRE``, ``mask``, ``Chimap`` ...
    session : str, optional
        Session label without ``ses-``; None for a dataset without sessions.
    datatype : str
        The folder that the files lie in: ``anat``, ``ct``.
    **entities : str
        E.g. ``part="phase"``, ``label="lesion"``.
    """
    within = folder / participant / (f"ses-{session}" if session else "") / datatype
    matches = [
        path
        for path in within.glob(f"{participant}_*{suffix}.nii*")
        if path.name.partition(".")[0].endswith(f"_{suffix}")
        and all(entity_of(path, name) == value for name, value in entities.items())
    ]
    return sorted(matches, key=lambda path: (int(entity_of(path, "echo") or 0), path.name))


def find_derivative(
    root: Path, participant: str, suffix: str, *, session: str | None = None, datatype: str = "anat", **entities: str
) -> Path | None:
    """Return the one such file below ``derivatives/*/``, or None; what only a generator knows is no such file.

    Raises
    ------
    InputError
        Two pipelines offer the same file.
    """
    found = [
        path
        for pipeline in sorted((root / "derivatives").glob("*/"))
        if pipeline.name != TRUTH
        for path in find(pipeline, participant, suffix, session=session, datatype=datatype, **entities)
    ]
    if len(found) > 1:
        listed = ", ".join(str(path.relative_to(root)) for path in found)
        raise InputError(
            f"{root}: {participant} has {len(found)} files that could be its {suffix}: {listed}; expected one"
        )
    return found[0] if found else None


def entity_of(path: Path, name: str) -> str | None:
    """Return the value of one entity in a file's name, or None."""
    match = re.search(rf"(?:^|_){name}-([A-Za-z0-9]+)", path.name)
    return match.group(1) if match else None


def check_participant(identifier: str, where: str) -> str | None:
    """Return a sentence when this is no BIDS participant label (which also keeps paths inside the dataset)."""
    if PARTICIPANT.fullmatch(identifier):
        return None
    return f"{where}: found participant_id '{identifier}', expected 'sub-' and letters or digits"
