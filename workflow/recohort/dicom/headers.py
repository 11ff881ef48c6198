"""Reading DICOM headers: every image plane of a folder with what its header says, and what identifies a person."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from recohort.core.errors import InputError
from recohort.dicom.identity import Identifiers

PHASE, MAGNITUDE = {"P", "PHASE", "PHASE MAP"}, {"M", "MAGNITUDE"}
GE_PART = (0x0043, 0x102F)
"""GE's private number of what an image shows: 0 magnitude, 1 phase, 2 real, 3 imaginary."""
PARTS = ("mag", "phase", "real", "imag")


@dataclass(frozen=True, slots=True)
class Scan:
    """What a file says of all its planes; text is empty and a number None where the header is silent."""

    patient: str
    study: str
    series: str
    number: int
    day: date | None
    modality: str
    description: str
    protocol: str
    rows: int
    columns: int
    repetition_time: float | None
    temporal_resolution: float | None
    temporal_positions: int | None
    age: str
    sex: str
    birth: date | None
    burned_in: bool
    header: dict[str, str]


@dataclass(frozen=True, slots=True)
class Plane:
    """One image plane: a file, or a frame of an enhanced multi-frame file. Times are s, `echo_time` is ms."""

    path: Path
    frame: int
    scan: Scan
    image_type: tuple[str, ...]
    part: str
    echo_time: float | None
    flip_angle: float | None
    inversion_time: float | None
    orientation: tuple[float, ...]
    position: tuple[float, ...]
    instance: int
    acquired: float | None
    trigger: float | None
    temporal: int | None
    content: float | None


@dataclass(frozen=True)
class Folder:
    """What a folder holds: planes, DICOM files without an image, numbers of files that are no DICOM, and of copies."""

    planes: tuple[Plane, ...]
    pictureless: tuple[Scan, ...]
    others: int
    copies: int
    identifiers: Identifiers


def read_folder(folder: Path, *, keywords: Iterable[str]) -> Folder:
    """Read the headers of every DICOM file at any depth of a folder; no pixels.

    Parameters
    ----------
    folder : Path
        A tree of files in any order.
    keywords : iterable of str
        Further DICOM keywords whose text the rules ask for.

    Raises
    ------
    InputError
        There is no such folder, or no DICOM image in it, or an element of a header is not what its type says.
    """
    import pydicom

    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    planes, pictureless, others, copies, identifiers = [], [], 0, 0, Identifiers()
    keywords, seen = sorted(keywords), set()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True)
        except (pydicom.errors.InvalidDicomError, EOFError, OSError):
            others += 1
            continue
        if "DirectoryRecordSequence" in header:
            others += 1
            continue
        if (uid := _text(header, "SOPInstanceUID")) in seen:
            copies += 1
            continue
        seen.add(uid)
        try:
            identifiers.collect(header)
            scan = _scan(header, keywords)
            found = list(_planes(header, path, scan)) if "Rows" in header else []
        except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError) as error:
            raise InputError(f"{path}: an element of its header cannot be read ({type(error).__name__})") from None
        planes += found
        if not found:
            pictureless.append(scan)
    if not planes:
        raise InputError(f"{folder}: found no DICOM image among {others + len(pictureless)} files")
    return Folder(tuple(planes), tuple(pictureless), others, copies, identifiers)


def _scan(header, keywords) -> Scan:
    shared = _group(header, "SharedFunctionalGroupsSequence")
    timing = _group(shared, "MRTimingAndRelatedParametersSequence")
    return Scan(
        patient=_text(header, "PatientID"),
        study=_text(header, "StudyInstanceUID"),
        series=_text(header, "SeriesInstanceUID"),
        number=int(_number(header, "SeriesNumber") or 0),
        day=_day(_text(header, "StudyDate") or _text(header, "AcquisitionDate")),
        modality=_text(header, "Modality"),
        description=_text(header, "SeriesDescription"),
        protocol=_text(header, "ProtocolName"),
        rows=int(_number(header, "Rows") or 0),
        columns=int(_number(header, "Columns") or 0),
        repetition_time=_first(header, timing, keyword="RepetitionTime"),
        temporal_resolution=_number(header, "TemporalResolution"),
        temporal_positions=_whole(header, "NumberOfTemporalPositions"),
        age=_text(header, "PatientAge"),
        sex=_text(header, "PatientSex"),
        birth=_day(_text(header, "PatientBirthDate")),
        burned_in=_text(header, "BurnedInAnnotation") == "YES",
        header={keyword: _text(header, keyword) for keyword in keywords},
    )


def _planes(header, path, scan):
    if "PerFrameFunctionalGroupsSequence" not in header:
        yield _classic(header, path, scan)
        return
    shared = _group(header, "SharedFunctionalGroupsSequence")
    for frame, own in enumerate(header.PerFrameFunctionalGroupsSequence):
        yield _enhanced(header, shared, own, path, frame, scan)


def _classic(header, path, scan) -> Plane:
    image_type = _words(header, "ImageType")
    return Plane(
        path=path,
        frame=0,
        scan=scan,
        image_type=image_type,
        part=_part(image_type, _text(header, "ComplexImageComponent"), header.get(GE_PART)),
        echo_time=_number(header, "EchoTime"),
        flip_angle=_number(header, "FlipAngle"),
        inversion_time=_number(header, "InversionTime"),
        orientation=_numbers(header, "ImageOrientationPatient"),
        position=_numbers(header, "ImagePositionPatient"),
        instance=int(_number(header, "InstanceNumber") or 0),
        acquired=_moment(header, "Acquisition"),
        trigger=_seconds(_number(header, "TriggerTime")),
        temporal=_whole(header, "TemporalPositionIdentifier"),
        content=_moment(header, "Content"),
    )


def _enhanced(header, shared, own, path, frame, scan) -> Plane:
    def group(name):
        return _group(own, name) or _group(shared, name)

    content = _group(own, "FrameContentSequence")
    kind = group("MRImageFrameTypeSequence") or group("CTImageFrameTypeSequence")
    image_type = _words(kind, "FrameType") or _words(header, "ImageType")
    timing = group("MRTimingAndRelatedParametersSequence")
    inversion = _numbers(group("MRModifierSequence"), "InversionTimes")
    offset = _number(group("TemporalPositionSequence"), "TemporalPositionTimeOffset")
    delay = _number(group("CardiacSynchronizationSequence"), "NominalCardiacTriggerDelayTime")
    return Plane(
        path=path,
        frame=frame,
        scan=scan,
        image_type=image_type,
        part=_part(image_type, _text(kind, "ComplexImageComponent"), None),
        echo_time=_first(group("MREchoSequence"), header, keyword="EffectiveEchoTime"),
        flip_angle=_first(timing, header, keyword="FlipAngle"),
        inversion_time=inversion[0] if inversion else None,
        orientation=_numbers(group("PlaneOrientationSequence"), "ImageOrientationPatient"),
        position=_numbers(group("PlanePositionSequence"), "ImagePositionPatient"),
        instance=frame + 1,
        acquired=_instant(_text(content, "FrameAcquisitionDateTime")),
        trigger=offset if offset is not None else _seconds(delay),
        temporal=_whole(content, "TemporalPositionIndex"),
        content=None,
    )


def _part(image_type, component, ge) -> str:
    words = {*image_type[2:], component}
    if words & PHASE:
        return "phase"
    if words & {"R", "REAL"}:
        return "real"
    if words & {"I", "IMAGINARY"}:
        return "imag"
    if ge is not None and str(ge.value) in "0123":
        return PARTS[int(ge.value)]
    return "mag" if words & MAGNITUDE or any(word.startswith("M_") for word in words) else ""


def _group(source, name):
    items = source.get(name) if source is not None else None
    return items[0] if items else None


def _text(source, keyword) -> str:
    value = source.get(keyword) if source is not None else None
    if value is None:
        return ""
    return "\\".join(map(str, value)) if not isinstance(value, str) and hasattr(value, "__iter__") else str(value)


def _words(source, keyword) -> tuple[str, ...]:
    text = _text(source, keyword)
    return tuple(text.upper().split("\\")) if text else ()


def _numbers(source, keyword) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in _text(source, keyword).split("\\") if word)
    except ValueError:
        return ()


def _number(source, keyword) -> float | None:
    found = _numbers(source, keyword)
    return found[0] if found else None


def _whole(source, keyword) -> int | None:
    found = _number(source, keyword)
    return None if found is None else int(found)


def _first(*sources, keyword) -> float | None:
    return next((found for source in sources if (found := _number(source, keyword)) is not None), None)


def _seconds(milliseconds) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text.replace(".", "")[:8], "%Y%m%d").date()
    except ValueError:
        return None


def _moment(header, which: str) -> float | None:
    """Return seconds since some midnight, of the day itself where the header has the date."""
    if which == "Acquisition" and (found := _instant(_text(header, "AcquisitionDateTime"))) is not None:
        return found
    return _instant((_text(header, f"{which}Date") or "00010101") + _text(header, f"{which}Time"))


def _instant(text: str) -> float | None:
    match = re.match(r"(\d{8})(\d\d)(\d\d)?(\d\d(?:\.\d+)?)?", text.replace(":", ""))
    if not match or not (day := _day(match[1])):
        return None
    return day.toordinal() * 86400 + int(match[2]) * 3600 + int(match[3] or 0) * 60 + float(match[4] or 0)
