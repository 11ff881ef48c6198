"""``recohort convert FOLDER data/<study>``: DICOM of many patients to a study's dataset, without who they are."""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from recohort.core.errors import InputError
from recohort.dicom.dataset import REPORT, write
from recohort.dicom.headers import read_folder
from recohort.dicom.mapping import keywords, read_mapping
from recohort.dicom.people import visits
from recohort.dicom.plan import COLUMNS, Plan, plan


def main(argv: Sequence[str]) -> int:
    """Convert, or with --dry-run say what would be; 0 where all is well, 2 where something stands in the way."""
    parser = argparse.ArgumentParser(prog="recohort convert", description="Convert DICOM to the dataset of a study.")
    parser.add_argument("folder", type=Path, help="DICOM of any number of patients, in any tree of folders")
    parser.add_argument("target", type=Path, help="data/<study>; is made, must not hold anything")
    parser.add_argument("--mapping", type=Path, required=True, help="YAML: who is who, which series becomes what")
    parser.add_argument("--dry-run", action="store_true", help="print what would become of each series; write nothing")
    asked = parser.parse_args(argv)
    try:
        return _convert(asked)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _convert(asked: argparse.Namespace) -> int:
    mapping = read_mapping(asked.mapping)
    folder = read_folder(asked.folder, keywords=keywords(mapping))
    scans = [*{plane.path: plane.scan for plane in folder.planes}.values(), *folder.pictureless]
    people, absent = visits(scans, mapping, asked.mapping.parent)
    made = plan(folder, mapping, people, absent)
    for count, what in ((folder.others, "is no DICOM image and was left out"), (folder.copies, "is a copy of another")):
        if count:
            sys.stdout.write(f"{count} {'file' if count == 1 else 'files'}: each {what}\n")
    if asked.dry_run:
        sys.stdout.write(as_text(made))
    made.findings.raise_if_any()
    if not asked.dry_run:
        write(asked.target, made, people.values(), mapping, folder.identifiers, say=_progress)
    sys.stdout.write(summary(made, asked.target, dry=asked.dry_run))
    return 0


def as_text(made: Plan) -> str:
    """Return the report for the screen, a line for each row."""
    lines = ["\t".join(COLUMNS)]
    lines += ["\t".join(str(row.get(column, "")) for column in COLUMNS) for row in made.rows]
    return "\n".join(lines) + "\n"


def summary(made: Plan, target: Path, *, dry: bool) -> str:
    """Return how many images and what was left out, in words."""
    notes = Counter(row["note"] for row in made.rows if not row.get("becomes"))
    people = len({image.name.partition("/")[0] for image in made.images})
    lines = [f"{target}: {len(made.images)} images of {people} participants{' would be written' if dry else ''}"]
    lines += [f"  {count} x {note}" for note, count in sorted(notes.items())]
    return "\n".join([*lines, *([] if dry else [f"  what became of each series: {target / REPORT}"])]) + "\n"


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done} of {total} images" + ("\n" if done == total else ""))
