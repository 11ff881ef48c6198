"""The dataset that is written, and the search of all of it for what identifies a person."""

import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from recohort.core.derivatives import describe_dataset
from recohort.core.errors import InputError
from recohort.core.io import open_image, read_json, read_rows, sidecar_of, write_json, write_rows
from recohort.dicom.dcm2niix import program, version
from recohort.dicom.identity import Identifiers
from recohort.dicom.people import Visit
from recohort.dicom.plan import COLUMNS, Plan
from recohort.dicom.volumes import make

REPORT = "sourcedata/conversion.tsv"
IGNORED = "ct/\n*_dce.*\n"
"""A ``.bidsignore``: what is not yet BIDS."""
DESCRIBED = {
    "age": {"Description": "Age at the first session in whole years", "Units": "year"},
    "sex": {"Description": "Sex as the DICOM headers say", "Levels": {"F": "female", "M": "male", "O": "other"}},
}
DIGITS = 5
"""A whole number in a table or a sidecar with fewer digits identifies nobody."""


def write(
    target: Path,
    made: Plan,
    visits: Iterable[Visit],
    mapping: Mapping[str, object],
    identifiers: Identifiers,
    *,
    say: Callable[[int, int], None],
) -> None:
    """Write the whole dataset, or nothing.

    Parameters
    ----------
    target : Path
        Folder of the dataset; there is none yet, or an empty one.
    made : Plan
        Without findings.
    visits : iterable of Visit
        Of everybody.
    mapping : dict
        Complete.
    identifiers : Identifiers
        Of all headers.
    say : callable
        Told how many images of how many are made.

    Raises
    ------
    InputError
        The folder holds something, dcm2niix failed, or an identifying value stands in what would be written.
    """
    if target.exists() and any(target.iterdir()):
        raise InputError(f"{target}: holds files already, expected an empty folder or none")
    dcm2niix = program()
    room = target.with_name(f".{target.name}.converting")
    shutil.rmtree(room, ignore_errors=True)
    try:
        _images(room, dcm2niix, made, mapping, say)
        _tables(room, made, visits, mapping, version(dcm2niix))
        search(room, identifiers, mapping["harmless"])
        if target.exists():
            target.rmdir()
        room.rename(target)
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _images(room, dcm2niix, made, mapping, say):
    rows = {row["becomes"]: row for row in made.rows if row.get("becomes")}
    for number, image in enumerate(made.images, start=1):
        path = room / f"{image.name}.nii.gz"
        try:
            content, sidecar, note = make(dcm2niix, image, omit=mapping["omit"])
        except InputError as error:
            raise InputError(f"{image.name}: {error}") from None
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        write_json(sidecar, sidecar_of(path))
        row = rows[f"{image.name}.nii.gz"]
        row["note"] = "; ".join(filter(None, (row["note"], note)))
        say(number, len(made.images))


def _tables(room, made, visits, mapping, program_version):
    held = {image.name.partition("/")[0] for image in made.images}
    people = {}
    for visit in sorted(visits, key=lambda visit: (visit.participant, visit.days or 0, visit.session)):
        people.setdefault(visit.participant, []).append(visit)
    columns = mapping["participants"]["columns"]
    write_rows(
        room / "participants.tsv",
        [
            {"participant_id": name, **{column: getattr(people[name][0], column) for column in columns}}
            for name in sorted(held)
        ],
        ["participant_id", *columns],
    )
    write_json({column: DESCRIBED[column] for column in columns}, room / "participants.json")
    if mapping["interval"]:
        for name in sorted(held):
            days = {visit.session: visit.days for visit in people[name]}
            rows = [{"session_id": f"ses-{session}", "days": since} for session, since in days.items()]
            write_rows(room / name / f"{name}_sessions.tsv", rows, ["session_id", "days"])
    origin = [{"Name": "recohort"}, {"Name": "dcm2niix", "Version": program_version}]
    write_json(describe_dataset(mapping["title"], "raw") | {"GeneratedBy": origin}, room / "dataset_description.json")
    (room / ".bidsignore").write_text(IGNORED, encoding="utf-8")
    write_rows(room / REPORT, made.rows, list(COLUMNS))


def search(room: Path, identifiers: Identifiers, harmless: Iterable[str]) -> None:
    """Read a whole dataset back and refuse what identifies: names, sidecars, tables, texts of NIfTI headers.

    Raises
    ------
    InputError
        The first value found: in which file, where, and what it is; not the value.
    """
    labels = re.compile("|".join(rf"\b{name.name}(?![A-Za-z0-9])" for name in sorted(room.glob("sub-*"))))
    for path in sorted(
        (path for path in room.rglob("*") if path.is_file()), key=lambda path: (path.suffix == ".tsv", path)
    ):
        name = path.relative_to(room).as_posix()
        for where, text in [("its name", name), *_texts(path)]:
            if what := identifiers.found_in(labels.sub("", text), harmless=harmless):
                raise InputError(
                    f"{name}, {where}: holds {what} of the DICOM headers, so nothing was written; name the element in "
                    "omit, or the word in harmless where it identifies nobody"
                )


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    if path.name == "dataset_description.json":
        yield "Name", read_json(path)["Name"]
    elif path.suffix == ".json":
        for key, value in read_json(path).items():
            yield from ((key, text) for text in _leaves(value))
    elif path.suffix == ".tsv":
        for row in read_rows(path):
            yield from ((column, text) for column, cell in row.items() for text in _leaves(_cell(cell)))
    elif path.name.endswith(".nii.gz"):
        block = open_image(path).header.binaryblock.decode("latin-1")
        yield from (("NIfTI header", text) for text in re.findall(r"[\w .,;:=^/@-]{4,}", block))


def _cell(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _leaves(value) -> Iterator[str]:
    """Yield the texts of a JSON value; of numbers only whole ones that are long enough to identify."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif isinstance(value, int | float) and float(value).is_integer() and len(str(int(value))) >= DIGITS:
        yield str(int(value))
