"""The methods paragraph, written from the settings that this run used."""

import re
from collections.abc import Iterable, Iterator, Mapping

from recohort.core.errors import InputError

_PLACE = re.compile(r"\{([a-z0-9_.]+)\}")


def paragraph(sentences: list[str], settings: Mapping[str, object]) -> str:
    """Fill sentences with settings.

    Parameters
    ----------
    sentences : list of str
        ``{section.key}`` stands for a setting.
    settings : mapping
        The study's configuration, complete.

    Returns
    -------
    str

    Raises
    ------
    InputError
        A sentence names a setting that is not there.

    Examples
    --------
    >>> paragraph(["Ratio 1:{cohort.ratio}."], {"cohort": {"ratio": 2}})
    'Ratio 1:2.'
    """
    return " ".join(_PLACE.sub(lambda found: _said(_at(found[1], settings)), sentence) for sentence in sentences)


def places(sentences: Iterable[str]) -> list[str]:
    """Return the settings that sentences name, each once.

    Examples
    --------
    >>> places(["Ratio 1:{cohort.ratio}, caliper {cohort.caliper}; ratio {cohort.ratio}."])
    ['cohort.ratio', 'cohort.caliper']
    """
    return list(dict.fromkeys(path for sentence in sentences for path in _PLACE.findall(sentence)))


def settings_at(path: str, settings: Mapping[str, object]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield every setting that a path stands for with the names that its ``*`` stand for; those that say nothing not.

    None, False and what is empty say nothing.

    Examples
    --------
    >>> list(settings_at("models.cox.*.ties", {"models": {"cox": {"a": {"ties": "efron"}, "b": {"ties": None}}}}))
    [(('a',), 'efron')]
    """
    found: list[tuple[tuple[str, ...], object]] = [((), settings)]
    for word in path.split("."):
        inside = [(names, node) for names, node in found if isinstance(node, Mapping)]
        if word == "*":
            found = [((*names, key), value) for names, node in inside for key, value in node.items()]
        else:
            found = [(names, node[word]) for names, node in inside if word in node]
    yield from (
        (names, value) for names, value in found if not (value is None or value is False or value in ("", [], {}))
    )


def values_at(path: str, settings: Mapping[str, object]) -> list[object]:
    """Return the settings of `settings_at` without their names."""
    return [value for _, value in settings_at(path, settings)]


def _at(path: str, settings: Mapping[str, object]) -> object:
    node: object = settings
    for word in path.split("."):
        if not isinstance(node, Mapping) or word not in node:
            raise InputError(f"report.methods: '{{{path}}}' names no setting of this study")
        node = node[word]
    return node


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return _listed([f"{key} {_said(part)}" for key, part in value.items()])
    if isinstance(value, list):
        return _listed([_said(part) for part in value])
    text = "none" if value is None else str(value)
    return text if "/" in text else text.replace("_", " ")  # a path is said as it is


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else "none"
