"""``recohort verify results/<study>``: whether results are what the run recorded."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from recohort.core.errors import InputError
from recohort.provenance.verify import verify

SLOW = 500_000_000
"""Bytes from which progress is said: about a second of reading."""


def main(argv: Sequence[str]) -> int:
    """Verify folders of results; return 0 where each is as recorded, 1 where one is not, 2 where one has no record.

    Parameters
    ----------
    argv : sequence of str
        The folders.
    """
    parser = argparse.ArgumentParser(prog="recohort verify", description="Compare results with their provenance.json.")
    parser.add_argument("folder", nargs="+", type=Path, help="results/<study>, or a copy of it")
    return max([_verify(folder) for folder in parser.parse_args(argv).folder])


def _verify(folder: Path) -> int:
    try:
        verdict = verify(folder, say=_progress(folder))
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for line in [*verdict.absent, *verdict.departures]:
        sys.stdout.write(f"{line}\n")
    read = f"{verdict.files} files, {verdict.bytes / 1e6:.1f} MB"
    count = len(verdict.departures)
    end = f"{count} {'departure' if count == 1 else 'departures'} from the record" if count else "as recorded"
    sys.stdout.write(f"{folder}: {end} ({read} compared)\n")
    return 1 if count else 0


def _progress(folder: Path) -> Callable[[int, int], None]:
    """Say every twentieth of a large set, on the screen's error stream."""
    said = 0

    def say(read: int, total: int) -> None:
        nonlocal said
        if total >= SLOW and read * 20 // total > said:
            said = read * 20 // total
            sys.stderr.write(f"{folder}: {read / 1e9:.1f} of {total / 1e9:.1f} GB\n")

    return say
