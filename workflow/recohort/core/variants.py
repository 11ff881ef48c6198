"""Alternatives of a study: which keys they change, how each is called, and the configuration that results."""

import itertools
import re
from collections.abc import Mapping
from typing import NamedTuple

from recohort.core.errors import InputError
from recohort.core.job import WITHIN
from recohort.core.references import MADE_BY, model_sources
from recohort.core.schema import chosen, load_schema, subschema_of, with_defaults

FOLDER = WITHIN.strip("/")
"""Below a study's results: what its alternatives make, a folder each."""

AS_IS = ""
"""The alternative that is the study itself."""


class Specification(NamedTuple):
    """One way to an estimate.

    Attributes
    ----------
    variant : str
        Name of the changed study, `AS_IS` where nothing is changed.
    changes : dict
        Key with points -> its value, where it is not the study's own.
    model, term : str
        What is read.
    choices : dict of str
        Every key that any alternative varies and that this estimate is made with -> what its value is called here.
    """

    variant: str
    changes: dict[str, object]
    model: str
    term: str
    choices: dict[str, str]


def specifications(entry: Mapping, study: Mapping) -> list[Specification]:
    """Return the alternatives of one entry of ``sensitivity``, the study as it is first, each once.

    Parameters
    ----------
    entry : mapping
        ``model, term, alternatives``.
    study : mapping
        The study's configuration, complete.

    Raises
    ------
    InputError
        Two alternatives would bear one name.
    """
    names = _names(entry["alternatives"])
    asked = [({}, entry["model"], entry["term"])]
    for alternative in entry["alternatives"]:
        values = {key: _values(given) for key, given in alternative["vary"].items()}
        model, term = alternative["model"] or entry["model"], alternative["term"] or entry["term"]
        for combination in itertools.product(*values.values()):
            asked.append((dict(zip(values, combination, strict=True)), model, term))
    several = len({(model, term) for _, model, term in asked}) > 1
    found = {}
    for wanted, model, term in asked:
        changes = {key: value for key, value in wanted.items() if not _same(study, key, value, value_at(study, key))}
        called = {key: _called(study, key, changes.get(key, value_at(study, key)), names[key]) for key in names}
        variant = "+".join(f"{_short(key)}-{_slug(called[key])}" for key in sorted(changes)) if changes else AS_IS
        behind = _behind(model, changed(study, changes))
        choices = {key: name for key, name in called.items() if any(key.startswith(part) for part in behind)}
        choices |= {"model": model if term == entry["term"] else f"{model}, {term}"} if several else {}
        one = Specification(variant, changes, model, term, choices)
        same = found.setdefault((variant, model, term), one)
        if same.changes != changes:
            raise InputError(f"two alternatives are both called '{variant}', expected other names of their values")
    return list(found.values())


def variants(study: Mapping) -> dict[str, dict]:
    """Return the changed studies that all of ``sensitivity`` needs: name -> changes.

    Raises
    ------
    InputError
        Two of them would bear one name.
    """
    found: dict[str, dict] = {}
    for name, entry in study.get("sensitivity", {}).items():
        try:
            for one in specifications(entry, study):
                if one.variant and found.setdefault(one.variant, one.changes) != one.changes:
                    raise InputError(f"'{one.variant}' means another change elsewhere, expected other names of values")
        except InputError as error:
            raise InputError(f"sensitivity.{name}: {error}") from None
    return found


def changed(content: Mapping, changes: Mapping[str, object]) -> dict:
    """Return a configuration with some keys changed or added; what is not changed is shared, not copied."""
    content = dict(content)
    for key, value in changes.items():
        *folders, last = key.split(".")
        place = content
        for folder in folders:
            place[folder] = dict(place.get(folder) or {})
            place = place[folder]
        place[last] = value
    return content


def value_at(study: Mapping, key: str) -> object:
    """Return what stands under a key with points; None where it does not stand."""
    for part in key.split("."):
        study = study.get(part) if isinstance(study, Mapping) else None
    return study


def _behind(model: str, study: Mapping) -> list[str]:
    """Return the beginnings of the keys that an analysis is made with."""
    kind, name = model.split(".")
    parts = [f"models.{model}.", "images.", "metrics.", "cohort.outcome", "cohort.derived", "cohort.eligibility"]
    for source in model_sources(kind, study["models"][kind][name]):
        stage, _, rest = source.partition("/")
        if stage == "models" and not source.endswith(".curve"):
            parts += _behind(rest.replace("/", "."), study)
        parts += [f"cohort.{section}" for section, made in MADE_BY.items() if source == f"cohort/{made}"]
    return parts


def _same(study: Mapping, key: str, one: object, other: object) -> bool:
    """Return whether two values of a key are one, once the schema's defaults are added to both."""
    schema, place = load_schema("study"), study
    for part in key.split("."):
        schema = subschema_of(chosen(schema, place), part)
        place = place.get(part) if isinstance(place, Mapping) else None
    return _equal(with_defaults(one, schema), with_defaults(other, schema))


def _equal(one: object, other: object) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(part, other[key]) for key, part in one.items())
    return one == other and type(one) is type(other)


def _values(given: list | Mapping) -> list:
    return list(given.values()) if isinstance(given, Mapping) else list(given)


def _names(alternatives: list[Mapping]) -> dict[str, list[tuple[str, object]]]:
    """Return key -> (what it is called, value) of every value that is given a name."""
    names: dict[str, list] = {}
    for key, given in ((key, given) for alternative in alternatives for key, given in alternative["vary"].items()):
        names.setdefault(key, []).extend(given.items() if isinstance(given, Mapping) else [])
    return names


def _called(study: Mapping, key: str, value: object, names: list[tuple[str, object]]) -> str:
    for name, named in names:
        if _same(study, key, named, value):
            return name
    if isinstance(value, (list, dict)):
        return "as configured"
    words = {None: "none", True: "yes", False: "no"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def _short(key: str) -> str:
    return _slug(".".join(key.split(".")[-2:]))


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-.")
