"""What becomes of every series: an image with a BIDS name, or a reason why not."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from recohort.core.errors import Findings, InputError
from recohort.dicom.frames import frames_of
from recohort.dicom.headers import Folder, Plane
from recohort.dicom.mapping import NUMBERED, ORDER, fits, name_of
from recohort.dicom.parts import Part, parts_of
from recohort.dicom.people import Visit

COLUMNS = ("participant_id", "session", "series", "SeriesDescription", "image", "slices", "volumes", "files")
COLUMNS += ("rule", "becomes", "note")
"""Of the report."""


@dataclass(frozen=True)
class Image:
    """An image to make: `frames` is one list of planes for each volume, `times` are s and empty without dynamics."""

    name: str
    part: Part
    frames: list[list[Plane]]
    times: list[float]
    sidecar: dict


@dataclass
class Plan:
    """Images to make, a row for every part of every series, and what stands in the way."""

    images: list[Image] = field(default_factory=list)
    rows: list[dict] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)


def plan(
    folder: Folder, mapping: Mapping[str, object], visits: Mapping[tuple[str, str], Visit], absent: Iterable[str]
) -> Plan:
    """Decide for every part of every series.

    Parameters
    ----------
    folder : Folder
        Headers.
    mapping : dict
        Complete.
    visits : mapping
        Of `people.visits`.
    absent : iterable of str
        Participants of the table who have no DICOM.
    """
    made, groups, used = Plan(), defaultdict(list), set()
    for part in parts_of(folder.planes):
        visit = visits.get((part.scan.patient, part.scan.study))
        rule, reason = _choose(part, visit, mapping, used)
        if rule is None:
            made.rows.append(_row([part], visit, mapping, note=reason))
        else:
            session = mapping["rules"][rule].get("session", visit.session)
            groups[visit.participant, session, rule].append((part, visit))
    for scan in folder.pictureless:
        visit = visits.get((scan.patient, scan.study))
        made.rows.append(_bare(visit, scan.number, f"left out: a DICOM object without an image ({scan.modality})"))
    for key in sorted(groups):
        _images(key, groups[key], mapping, made)
    for index, rule in enumerate(mapping["rules"]):
        _unmet(index, rule, groups, visits, made)
    for participant in absent:
        made.rows.append({"participant_id": participant, "note": "in the table, no DICOM of this participant"})
    made.findings.extend(
        f"leave_out.{index}: no image of {entry['participant']} is series {entry['series']}"
        for index, entry in enumerate(mapping["leave_out"])
        if index not in used
    )
    if not made.images:
        made.findings.add("no series fits any rule, so there is nothing to convert")
    _one_each(made)
    _whole_files(folder, made)
    made.rows.sort(key=lambda row: (row.get("participant_id", ""), row.get("session", ""), row.get("series") or 0))
    return made


def _choose(part, visit, mapping, used):
    """Return the index of a part's rule, or None and the reason."""
    if visit is None:
        return None, "left out: its PatientID is not in the table"
    for index, entry in enumerate(mapping["leave_out"]):
        asked = (entry["participant"], entry.get("session", visit.session), entry["series"])
        if asked == (visit.participant, visit.session, part.scan.number):
            used.add(index)
            return None, f"left out: {entry['reason']}"
    if part.scan.burned_in:
        return None, "left out: its header says that text is burned into the image (BurnedInAnnotation)"
    found = next((index for index, rule in enumerate(mapping["rules"]) if fits(part, rule["match"])), None)
    return found, "left out: no rule fits"


def _images(key, members, mapping, made):
    participant, session, index = key
    rule = mapping["rules"][index]
    visit = members[0][1]
    parts = [part for part, _ in members]
    numbers = {
        entity: sorted({value for part in parts if (value := NUMBERED[by](part)) is not None})
        for entity, by in rule["numbered"].items()
    }
    dynamic = rule.get("dynamic")
    if dynamic and dynamic["join"]:
        parts = [Part(tuple(plane for part in parts for plane in part.planes))]
    for part in parts:
        entities = dict(rule["entities"])
        for entity, values in numbers.items():
            value = NUMBERED[rule["numbered"][entity]](part)
            if value is not None:
                entities[entity] = values.index(value) + 1
        name = _name(participant, session, rule, entities)
        try:
            frames, times, note = _volumes(part, dynamic)
        except InputError as error:
            made.findings.add(f"{name}: {_series([part])}: {error}")
            frames, times, note = [], [], str(error)
        made.rows.append(_row([part], visit, mapping, rule=rule, becomes=name, note=note) | {"session": session})
        made.images.append(Image(name, part, frames, times, rule["sidecar"]))


def _volumes(part, dynamic):
    if gap := part.gap():
        raise InputError(gap)
    if dynamic:
        return frames_of(part, time=dynamic["time"])
    if part.volumes > 1:
        raise InputError(
            f"it has {part.volumes} images at a slice position and the rule is not dynamic, expected one: say dynamic, "
            "or match fewer by volumes"
        )
    return [list(part.planes)], [], ""


def _name(participant, session, rule, entities) -> str:
    stem = [participant, *([f"ses-{session}"] if session else [])]
    words = [f"{entity}-{entities[entity]}" for entity in ORDER if entity in entities]
    return "/".join([*stem, rule["datatype"], "_".join([*stem, *words, rule["suffix"]])])


def _unmet(index, rule, groups, visits, made):
    filled = {(participant, session) for participant, session, number in groups if number == index}
    if not filled and not rule["optional"]:
        made.findings.add(f"rules.{index}: '{name_of(rule)}' fits no series, expected one; or say optional: true")
    expected = {(visit.participant, rule.get("session", visit.session)) for visit in visits.values()}
    for participant, session in sorted(expected - filled):
        note = "no series fits this rule"
        made.rows.append({"participant_id": participant, "session": session, "rule": name_of(rule), "note": note})


def _one_each(made):
    named = defaultdict(list)
    for image in made.images:
        named[image.name].append(image.part)
    made.findings.extend(
        f"{name}: {_series(parts)} would all become it, expected one: number them (numbered), match fewer, or name one "
        "in leave_out"
        for name, parts in sorted(named.items())
        if len(parts) > 1
    )


def _whole_files(folder, made):
    """A multi-frame file is converted as a whole, so that all its frames must be of one image."""
    held = Counter(plane.path for plane in folder.planes)
    for image in made.images:
        mine = Counter(plane.path for plane in image.part.planes)
        if image.part.enhanced and (any(held[path] > mine[path] for path in mine) or len(mine) > 1):
            made.findings.add(
                f"{image.name}: {_series([image.part])}: its multi-frame file holds other echoes or parts, too, or is "
                "one of several; export it as classic DICOM, one image per file"
            )


def _series(parts) -> str:
    return "series " + ", ".join(str(part.scan.number) for part in parts)


def _row(parts, visit, mapping, *, note, rule=None, becomes="") -> dict:
    part = parts[0]
    shown = "SeriesDescription" not in mapping["omit"] and visit is not None
    return _bare(visit, part.scan.number, note) | {
        "SeriesDescription": part.scan.description if shown else "",
        "image": _described(part),
        "slices": part.slices,
        "volumes": part.volumes,
        "files": len({plane.path for plane in part.planes}),
        "rule": name_of(rule) if rule else "",
        "becomes": f"{becomes}.nii.gz" if becomes else "",
    }


def _bare(visit, series, note) -> dict:
    who = (visit.participant, visit.session) if visit else ("", "")
    return {"participant_id": who[0], "session": who[1], "series": series, "note": note}


def _described(part) -> str:
    first = part.first
    echo = f"echo {first.echo_time:g} ms" if first.echo_time else ""
    angle = f"flip {first.flip_angle:g} deg" if first.flip_angle else ""
    return ", ".join(filter(None, (part.scan.modality, first.part, echo, angle)))
