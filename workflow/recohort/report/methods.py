"""The methods paragraph, written from the settings that this run used."""

import re
from collections.abc import Mapping

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
    return "none" if value is None else str(value).replace("_", " ")


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else "none"
