"""Who a series is of: participants instead of patients, sessions instead of dates."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from recohort.core.bids import check_participant
from recohort.core.errors import Findings, InputError
from recohort.core.io import read_rows
from recohort.dicom.headers import Scan
from recohort.dicom.identity import plain

MONTHS = {"Y": 12.0, "M": 1.0, "W": 7 / 30.4375, "D": 1 / 30.4375}
"""Unit of a DICOM age -> months."""


@dataclass(frozen=True)
class Visit:
    """A participant's session; `days` after the first, None without a date; age in whole years as text."""

    participant: str
    session: str
    days: int | None
    age: str
    sex: str


def visits(
    scans: Iterable[Scan], mapping: Mapping[str, object], beside: Path
) -> tuple[dict[tuple[str, str], Visit], list[str]]:
    """Return the visit of each (PatientID, StudyInstanceUID), and the participants of the table without any image.

    A patient who is not in the table has no visit.

    Parameters
    ----------
    scans : iterable of Scan
        Of every file.
    mapping : dict
        Complete; ``participants``, ``sessions``.
    beside : Path
        Folder that the table's path is relative to.

    Raises
    ------
    InputError
        The table is wrong, PatientID is missing, or a patient has other days of study than sessions.
    """
    scans = set_of(scans)
    if unnamed := sum(not scan.patient for scan in scans):
        raise InputError(f"PatientID is missing in {unnamed} series, expected one for every patient")
    patients = sorted({scan.patient for scan in scans})
    asked = mapping["participants"]
    if "table" in asked:
        rows = _table(beside / asked["table"], patients, mapping["sessions"])
    else:
        rows = {patient: (name, mapping["sessions"]) for patient, name in _numbered(patients, asked["salt"]).items()}
    findings, found = Findings(), {}
    scanned = {patient: row for patient, row in rows.items() if patient in patients}
    days = {patient: _days(patient, scans) for patient in scanned}
    begun = {}
    for patient, (participant, _) in scanned.items():
        begun[participant] = min(filter(None, (begun.get(participant), *days[patient])), default=None)
    for patient, (participant, sessions) in scanned.items():
        dates = days[patient]
        if sessions and len(dates) != len(sessions):
            findings.add(
                f"{participant}: found studies of {len(dates)} days, expected one for each session "
                f"({', '.join(sessions)}); a table with a column session can say which there are"
            )
            continue
        for scan in scans:
            if scan.patient == patient:
                place = dates.index(scan.day) if scan.day in dates else 0
                first = begun[participant]
                since = (scan.day - first).days if scan.day and first else None
                session = sessions[place] if sessions else ""
                found[patient, scan.study] = Visit(participant, session, since, _age(scan), _sex(scan))
    if mapping["interval"] and not all(visit.session for visit in found.values()):
        findings.add("interval: there is no session for every study, expected them in sessions or in the table")
    findings.raise_if_any()
    seen = {visit.participant for visit in found.values()}
    return found, sorted({participant for participant, _ in rows.values()} - seen)


def set_of(scans: Iterable[Scan]) -> list[Scan]:
    """Return one scan per patient, study and series."""
    return list({(scan.patient, scan.study, scan.series): scan for scan in scans}.values())


def _days(patient, scans) -> list[date]:
    return sorted({scan.day for scan in scans if scan.patient == patient and scan.day})


def _numbered(patients, salt) -> dict[str, str]:
    order = sorted(patients, key=lambda patient: hashlib.sha256(f"{salt}/{patient}".encode()).digest())
    width = max(3, len(str(len(patients))))
    return {patient: f"sub-{number:0{width}d}" for number, patient in enumerate(order, start=1)}


def _table(path: Path, patients, usual) -> dict[str, tuple[str, list[str]]]:
    try:
        rows = read_rows(path, delimiter="\t" if path.suffix == ".tsv" else ",")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    findings, given = Findings(str(path)), defaultdict(list)
    for column in ("PatientID", "participant_id"):
        if not rows or column not in rows[0]:
            findings.add(f"there is no column '{column}'")
    findings.raise_if_any()
    for line, row in enumerate(rows, start=2):
        name, patient, session = (row.get(key) or "" for key in ("participant_id", "PatientID", "session"))
        if sentence := check_participant(name, f"line {line}"):
            findings.add(sentence)
        elif len(plain(patient)) > 2 and plain(patient).replace(" ", "") in plain(name).replace(" ", ""):
            findings.add(f"line {line}: participant_id holds the PatientID, expected another label")
        if session and not session.isalnum():
            findings.add(f"line {line}: found session '{session}', expected letters or digits")
        given[patient].append((name, session))
    taken = Counter(pair for pairs in given.values() for pair in pairs)
    findings.extend(
        f"{' '.join(filter(None, pair))} stands {count} times, expected once"
        for pair, count in sorted(taken.items())
        if count > 1
    )
    found = {}
    for patient, pairs in given.items():
        if len({name for name, _ in pairs}) > 1:
            findings.add(f"one PatientID has {len(pairs)} participants, {', '.join(sorted(n for n, _ in pairs))}")
        else:
            sessions = [session for _, session in pairs]
            if len(sessions) > 1 and not all(sessions):
                findings.add(f"{pairs[0][0]} stands {len(sessions)} times, expected a session in each of its rows")
            found[patient] = (pairs[0][0], [session for session in sessions if session] or usual)
    if not {*found} & {*patients}:
        findings.add(f"holds none of the {len(patients)} PatientIDs of the images")
    findings.raise_if_any()
    return found


def _age(scan) -> str:
    text = scan.age.strip()
    if text[-1:] in MONTHS and text[:-1].isdigit():
        return str(int(int(text[:-1]) * MONTHS[text[-1]] // 12))
    if scan.birth and scan.day:
        before = (scan.day.month, scan.day.day) < (scan.birth.month, scan.birth.day)
        return str(scan.day.year - scan.birth.year - before)
    return ""


def _sex(scan) -> str:
    return scan.sex if scan.sex in ("F", "M", "O") else ""
