"""What identifies a person in DICOM headers, and whether any of it stands in what is written."""

import re
import unicodedata
from collections.abc import Iterable

NUMBERS = {
    "PatientID": "a patient's ID",
    "OtherPatientIDs": "a patient's ID",
    "MedicalRecordLocator": "a patient's ID",
    "AdmissionID": "an admission's ID",
    "AccessionNumber": "an accession number",
    "StudyID": "a study's ID",
    "RequestedProcedureID": "a procedure's ID",
    "ScheduledProcedureStepID": "a procedure's ID",
    "PerformedProcedureStepID": "a procedure's ID",
    "FillerOrderNumberImagingServiceRequest": "an order's number",
    "PlacerOrderNumberImagingServiceRequest": "an order's number",
    "PatientTelephoneNumbers": "a telephone number",
    "PatientAddress": "an address",
    "InstitutionName": "an institution",
    "InstitutionAddress": "an institution's address",
    "InstitutionalDepartmentName": "a department",
    "PatientInstitutionResidence": "an institution",
    "CurrentPatientLocation": "a place",
    "PerformedLocation": "a place",
    "StationName": "a scanner's name",
    "PerformedStationName": "a scanner's name",
    "ScheduledStationName": "a scanner's name",
    "PerformedStationAETitle": "a scanner's name",
    "ScheduledStationAETitle": "a scanner's name",
    "DeviceSerialNumber": "a scanner's serial number",
}
"""Keyword -> what it is. Persons' names (PN), dates (DA, DT) and UIDs (UI) are taken from every element."""
STANDARD = "1.2.840.10008."
"""UIDs of DICOM itself, which identify nobody."""
PLACEHOLDERS = {"anon", "anonymous", "anonymized", "anonymised", "unknown", "none", "removed"}
SHORTEST, ANYWHERE, APART = 3, 5, 6
"""Characters: shorter values are not looked for; with letters, values this long are found inside words, and this long
where separators stand between."""
CUT = 20
"""Characters of a UID that are enough to know it by."""

_YEAR_FIRST = re.compile(r"(?<!\d)(?=(\d{4})[-./_ :]?(\d{2})[-./_ :]?(\d{2})(?:(?!\d)|\d{6}))")
_YEAR_LAST = re.compile(r"(?<!\d)(?=(\d{2})[-./_ ]?(\d{2})[-./_ ]?(\d{4})(?!\d))")
_UID = re.compile(r"\d+(?:\.\d+){3,}")


class Identifiers:
    """The identifying values of many headers."""

    def __init__(self):
        self.names: set[str] = set()
        self.words: dict[str, str] = {}
        self.dates: set[str] = set()
        self.uids: set[str] = set()

    def collect(self, header) -> None:
        """Add what identifies in a header, in its sequences and private elements, too."""
        for element in header.iterall():
            if element.VR == "UI" or element.VR in ("DA", "DT", "PN") or element.keyword in NUMBERS:
                for value in element.value if element.VM > 1 else [element.value]:
                    self._add(element.VR, element.keyword, str(value).strip() if value is not None else "")

    def _add(self, kind: str, keyword: str, value: str) -> None:
        if kind == "UI":
            if value and not value.startswith(STANDARD):
                self.uids.add(value)
        elif kind in ("DA", "DT"):
            digits = re.sub(r"\D", "", value)[:8]
            if len(digits) == 8:
                self.dates.add(digits)
        elif kind == "PN":
            self._name(value)
        elif len(word := plain(value)) >= SHORTEST and word not in PLACEHOLDERS:
            self.words.setdefault(word, NUMBERS[keyword])

    def _name(self, value: str) -> None:
        for written in value.split("="):
            parts = [part for part in plain(written).split() if part not in PLACEHOLDERS]
            self.names.update(part for part in parts if len(part) >= SHORTEST)
            for whole in (" ".join(parts), " ".join(reversed(parts))):
                if len(whole.replace(" ", "")) >= SHORTEST:
                    self.names.update({whole, whole.replace(" ", "")})

    def found_in(self, text: str, *, harmless: Iterable[str] = ()) -> str | None:
        """Return what a text gives away, in words, or None.

        Parameters
        ----------
        text : str
            Any text; upper and lower case, accents and separators do not matter.
        harmless : iterable of str
            Values that identify nobody although a header has them as a name or a number.
        """
        if any(self._uid(token) for token in _UID.findall(text)):
            return "a UID"
        if self.dates & _dates(text):
            return "a date"
        allowed, sought = {plain(word) for word in harmless}, plain(text)
        if not sought:
            return None
        if any(_stands(name, sought) for name in self.names - allowed):
            return "a person's name"
        return next((what for word, what in self.words.items() if word not in allowed and _stands(word, sought)), None)

    def _uid(self, token: str) -> bool:
        """A UID, or the start of one that was cut off."""
        if token in self.uids:
            return True
        return len(token) >= CUT and any(uid.startswith(token) for uid in self.uids)


def plain(text: str) -> str:
    """Return a text in lower case, without accents, every run of separators a space."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
    return re.sub(r"[\W_]+", " ", bare).strip()


def _stands(value: str, text: str) -> bool:
    joined = value.replace(" ", "")
    if len(joined) >= APART and not joined.isdigit() and joined in text.replace(" ", ""):
        return True
    if value not in text:
        return False
    if len(value) >= ANYWHERE and not value.isdigit():
        return True
    like = r"\d" if value.isdigit() else r"[^\W\d]" if value.isalpha() else r"\w"
    return re.search(rf"(?<!{like}){re.escape(value)}(?!{like})", text) is not None


def _dates(text: str) -> set[str]:
    found = {year + month + day for year, month, day in _YEAR_FIRST.findall(text)}
    for first, second, year in _YEAR_LAST.findall(text):
        found |= {year + first + second, year + second + first}
    return found
