"""Rules: which series becomes which image of the dataset."""

import re
from collections.abc import Mapping
from pathlib import Path

from recohort.core.config import complete, read_yaml
from recohort.core.errors import Findings
from recohort.dicom.parts import Part

ORDER = ("acq", "ce", "rec", "dir", "run", "echo", "flip", "inv", "part", "desc")
"""BIDS entities in the order of a file's name, after subject and session."""
NUMBERED = {
    "EchoTime": lambda part: part.first.echo_time,
    "FlipAngle": lambda part: part.first.flip_angle,
    "InversionTime": lambda part: part.first.inversion_time,
    "SeriesNumber": lambda part: part.scan.number,
}
"""What an entity can be numbered by."""


def read_mapping(path: Path) -> dict:
    """Read the mapping of ``dicom.schema.yaml`` with its defaults.

    Raises
    ------
    InputError
        Every departure from the schema, every expression that is none, a sentence each.
    """
    mapping = complete(read_yaml(path), "dicom", str(path))
    findings = Findings(str(path))
    for number, rule in enumerate(mapping["rules"]):
        match = rule["match"]
        for key, text in [*match.items(), *((f"header.{key}", text) for key, text in match["header"].items())]:
            if isinstance(text, str) and key not in ("part", "modality"):
                try:
                    re.compile(text)
                except re.error as error:
                    findings.add(f"rules.{number}.match.{key}: '{text}' is no regular expression: {error}")
        both = sorted({*rule["entities"]} & {*rule["numbered"]})
        findings.extend(f"rules.{number}: entity '{name}' is given and numbered, expected one" for name in both)
    names = [name_of(rule) for rule in mapping["rules"]]
    findings.extend(f"rules: '{name}' stands twice" for name in sorted({n for n in names if names.count(n) > 1}))
    findings.raise_if_any()
    return mapping


def name_of(rule: Mapping[str, object]) -> str:
    """Return what a rule is called: its own name, or suffix and entities."""
    words = [f"{key}-{value}" for key, value in rule["entities"].items()]
    return rule.get("name") or "_".join(filter(None, (rule.get("session"), *words, rule["suffix"])))


def keywords(mapping: Mapping[str, object]) -> set[str]:
    """Return the DICOM keywords that the rules ask for by ``header``."""
    return {keyword for rule in mapping["rules"] for keyword in rule["match"]["header"]}


def fits(part: Part, match: Mapping[str, object]) -> bool:
    """Say whether a part of a series is what a rule's ``match`` describes."""
    scan, first, words = part.scan, part.first, set(part.first.image_type)
    texts = {"description": scan.description, "protocol": scan.protocol}
    texts |= {keyword: scan.header.get(keyword, "") for keyword in match["header"]}
    sought = {key: match[key] for key in ("description", "protocol") if key in match} | match["header"]
    numbers = {
        "echo_time": first.echo_time,
        "flip_angle": first.flip_angle,
        "slices": part.slices,
        "volumes": part.volumes,
        "series": scan.number,
    }
    return (
        all(re.search(pattern, texts[key], re.IGNORECASE) for key, pattern in sought.items())
        and match.get("modality", scan.modality) == scan.modality
        and match.get("part", first.part) == first.part
        and {word.upper() for word in match["image_type"]} <= words
        and not {word.upper() for word in match["without"]} & words
        and all(_within(numbers[key], match[key]) for key in numbers if key in match)
    )


def _within(value: float | None, limits: list[float]) -> bool:
    return value is not None and limits[0] <= value <= limits[1]
