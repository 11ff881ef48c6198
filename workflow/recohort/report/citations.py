"""The methods section with its references: what the study says of itself, what its settings do, what it ran with."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from recohort.core.errors import InputError
from recohort.report.methods import paragraph, settings_at

_MARK = re.compile(r"\[(@[a-z0-9_]+(?:\s*;\s*@[a-z0-9_]+)*)\]")


class Written(NamedTuple):
    """The section's text, whose numbers in brackets count `references` from 1."""

    text: str
    references: tuple[str, ...]


def written(
    sentences: Sequence[str],
    settings: Mapping[str, object],
    *,
    methods: Sequence[Mapping[str, object]],
    references: Mapping[str, Mapping[str, object]],
    versions: Mapping[str, str],
) -> Written:
    """Write the methods section.

    Parameters
    ----------
    sentences : sequence of str
        Of the study. ``{section.key}`` stands for a setting, ``[@cox1972; @efron1977]`` cites.
    settings : mapping
        The study, complete.
    methods : sequence of mapping
        ``phrase, when, cite`` of what a study may do, in the order in which it is said.
    references : mapping
        Key -> ``authors, title, journal, year, pages`` and, where there is one, ``doi``.
    versions : mapping
        Software -> version that the run used, in printed order.

    Returns
    -------
    Written
        References are numbered in the order in which the text cites them, each once.

    Raises
    ------
    InputError
        A setting or a reference is not there.
    """
    doing = [_marked(method) for method in used(methods, settings)]
    said = [paragraph(list(sentences), settings)] if sentences else []
    said += [f"This run used {'; '.join(doing)}."] if doing else []
    said += [f"Software: {', '.join(f'{name} {version}' for name, version in versions.items())}."] if versions else []
    return _numbered(" ".join(said), references)


def used(methods: Iterable[Mapping[str, object]], settings: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return the methods that a study's settings call for.

    Parameters
    ----------
    methods : iterable of mapping
        `when` maps a path, ``*`` standing for any name, to the value it must have, to a list of such values, to
        ``{at_least: n}`` for as many entries, or to None for any that is neither 0, nor false, nor empty. All must
        hold, and where a path has a ``*``, at the same name.
    settings : mapping
        The study, complete.
    """
    return [method for method in methods if _holds(method["when"], settings)]


def formatted(reference: Mapping[str, object]) -> str:
    """Return a reference as it is printed.

    Examples
    --------
    >>> formatted({"authors": "Cox DR", "title": "T", "journal": "J", "year": 1972, "pages": "1:2-3", "doi": "10.1/x"})
    'Cox DR. T. J 1972;1:2-3. doi:10.1/x'
    """
    title = f"{reference['title']}{'' if str(reference['title']).endswith('?') else '.'}"
    text = f"{reference['authors']}. {title} {reference['journal']} {reference['year']};{reference['pages']}."
    return text + (f" doi:{reference['doi']}" if "doi" in reference else "")


def _holds(when: Mapping[str, object], settings: Mapping[str, object]) -> bool:
    """Return whether all conditions hold, those on entries at one of them."""
    shared: set[tuple[str, ...]] | None = None
    for path, wanted in when.items():
        found = {names for names, value in settings_at(path, settings) if _fits(value, wanted)}
        if not found:
            return False
        if "*" in path:
            shared = found if shared is None else shared & found
    return shared is None or bool(shared)


def _fits(value: object, wanted: object) -> bool:
    if wanted is None:
        return bool(value)
    if isinstance(wanted, Mapping):
        return len(value) >= wanted["at_least"]
    return value in wanted if isinstance(wanted, list) else value == wanted


def _marked(method: Mapping[str, object]) -> str:
    keys = "; ".join(f"@{key}" for key in method["cite"])
    return f"{method['phrase']} [{keys}]" if keys else str(method["phrase"])


def _numbered(text: str, references: Mapping[str, Mapping[str, object]]) -> Written:
    """Put numbers in the place of keys, in the order of their first use."""
    marks = [_keys(mark) for mark in _MARK.findall(text)]
    order = list(dict.fromkeys(key for keys in marks for key in keys))
    if missing := [key for key in order if key not in references]:
        raise InputError(f"report.methods: found '@{missing[0]}', expected a key of references.yaml")
    numbers = {key: number for number, key in enumerate(order, start=1)}

    def shown(mark: re.Match) -> str:
        return f"[{', '.join(str(number) for number in sorted(numbers[key] for key in _keys(mark[1])))}]"

    return Written(_MARK.sub(shown, text), tuple(formatted(references[key]) for key in order))


def _keys(mark: str) -> list[str]:
    return [key.strip().removeprefix("@") for key in mark.split(";")]
