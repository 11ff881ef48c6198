"""Where a study's data comes from: a real dataset, a table, or the synthetic cohort that stands in."""

from dataclasses import dataclass
from pathlib import Path

from recohort.core.bids import check_participant
from recohort.core.errors import Findings, InputError
from recohort.core.io import read_rows


@dataclass(frozen=True)
class Dataset:
    """A study's data.

    Attributes
    ----------
    kind : {"bids", "table", "synthetic"}
        What it is.
    root : Path
        Its folder (`bids`, `synthetic`).
    participants : tuple of str
        Identifiers known before any work is done; empty for a table.
    """

    kind: str
    root: Path
    participants: tuple[str, ...]

    @property
    def synthetic(self) -> bool:
        """Whether results made from it are to be called synthetic."""
        return self.kind == "synthetic"


def locate(study: str, config: dict) -> Dataset:
    """Return a study's dataset: ``data/<study>/`` where there is one, else its table, else its synthetic cohort.

    Raises
    ------
    InputError
        There is none of them, or ``participants.tsv`` names a participant twice or badly.
    """
    real = Path("data") / study
    if (real / "participants.tsv").exists():
        return Dataset("bids", real, _participants(real / "participants.tsv"))
    if "table" in config["data"]:
        return Dataset("table", Path(), ())
    if "synthetic" in config["data"]:
        size = config["data"]["synthetic"]["n_subjects"]
        names = tuple(f"sub-{number:0{max(3, len(str(size)))}d}" for number in range(1, size + 1))
        return Dataset("synthetic", Path("results") / study / "synthetic", names)
    sought = "neither data.table nor data.synthetic in its configuration"
    raise InputError(f"study {study}: found no {real / 'participants.tsv'}, and {sought}")


def _participants(path: Path) -> tuple[str, ...]:
    findings, names = Findings(str(path)), []
    for number, row in enumerate(read_rows(path), start=2):
        name = row.get("participant_id") or ""
        if sentence := check_participant(name, f"line {number}"):
            findings.add(sentence)
        elif name in names:
            findings.add(f"line {number}: participant '{name}' stands here a second time")
        names.append(name)
    if not names:
        findings.add("found no participants, expected a column participant_id and a row each")
    findings.raise_if_any()
    return tuple(names)
