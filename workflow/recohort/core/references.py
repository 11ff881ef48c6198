"""Which results an entry of the configuration reads: the schemas say it, so that rules need not know the kinds."""

import inspect
from collections.abc import Callable

from recohort.core.errors import InputError
from recohort.core.schema import annotated, entry_schema

MADE_BY = {"weighting": "weighted", "matching": "matched", "imputation": "imputed"}
"""Section of ``cohort`` -> the cohort that it makes, in order."""

DERIVED = ("e_value", "family")
"""Kinds of models whose rows are calculated from those of other analyses, each named by `scale`."""

VIEWED = ("voxelwise",)
"""Kinds of figures that have a page to look through beside them, ``figures/<name>.html``."""


def model_sources(kind: str, entry: dict) -> dict[str, str]:
    """Return name -> path below ``results/<study>/`` of what one analysis is made from.

    A name is its path without the ending: the key under which the frame is found.

    Examples
    --------
    >>> model_sources("cox", {"cohort": "matched", "join": ["risk"]})["models/strata/risk.curve"]
    'models/strata/risk.curve.tsv'
    """
    return _named(entry, entry_schema("models", entry, kind), ("", ".curve"))


def item_sources(section: str, entry: dict) -> dict[str, str]:
    """Return name -> path below ``results/<study>/`` of what a table or a figure is made from.

    Parameters
    ----------
    section : {"tables", "figures"}
        Where the entry stands.
    entry : dict
        Its settings, complete.

    Examples
    --------
    >>> item_sources("figures", {"kind": "flow", "warnings": []})
    {'cohort/flow': 'cohort/flow.json'}
    """
    return _named(entry, entry_schema(section, entry), ("", ".curve", ".warnings"))


def item_settings(section: str, entry: dict, make: Callable | None = None, **offered: object) -> dict:
    """Return the keys of a table's or a figure's entry that its kind takes, beside ``columns`` and ``synthetic``.

    `offered` (``level=0.95``) is added where `make`, the kind's ``build`` or ``draw``, asks for it by name.
    """
    for_the_page = {"title", "caption", "participant"} if section == "figures" else set()
    elsewhere = {"kind", "warnings", "among", *for_the_page}
    settings = {key: value for key, value in entry.items() if key not in elsewhere}
    asked = inspect.signature(make).parameters if make else {}
    return settings | {key: value for key, value in offered.items() if key in asked}


def interval_level(section: str, entry: dict, study: dict) -> float | None:
    """Return the level of the confidence intervals that a table or a figure prints; None where its models have none.

    Parameters
    ----------
    section : {"tables", "figures"}
        Where the entry stands.
    entry : dict
        Its settings, complete.
    study : dict
        The study's configuration, complete.

    Raises
    ------
    InputError
        Its models have different levels, but its headings name one.
    """
    levels = _levels(entry, entry_schema(section, entry), study)
    if len(set(levels.values())) > 1:
        said = ", ".join(f"{model} {level:g}" for model, level in levels.items())
        raise InputError(f"{section}: '{entry['title']}': found intervals of several levels ({said}), expected one")
    return next(iter(levels.values()), None)


def _levels(entry: dict, schema: dict, study: dict) -> dict[str, float]:
    """Return the level of every model that an entry refers to, or of those that such a model is made from."""
    found = {}
    for _, value, target in annotated(entry, schema, "refersTo"):
        if target == "sensitivity":
            value, target = study["sensitivity"][value]["model"], "model"
        if target.split(".")[0] != "model" or target == "model.family":  # a family's p-values have no intervals
            continue
        kind, _, name = value.partition(".") if target == "model" else (target.split(".")[1], "", value)
        model = study["models"][kind][name]
        if "level" in model:
            found[f"{kind}.{name}"] = model["level"]
        elif kind != "family":
            found |= _levels(model, entry_schema("models", model, kind), study)
    return found


def _named(entry: dict, schema: dict, endings: tuple[str, ...]) -> dict[str, str]:
    """Collect the files: those of a cohort or model that is referred to, and paths of ``reads`` ({} is the value)."""
    paths = []
    for _, value, target in annotated(entry, schema, "refersTo"):
        if target == "cohort":
            paths.append(f"cohort/{value}.tsv")
        elif target.split(".")[0] == "model":
            member = value.replace(".", "/") if target == "model" else f"{target.split('.')[1]}/{value}"
            paths += [f"models/{member}{ending}.tsv" for ending in endings]
    for _, value, files in annotated(entry, schema, "reads"):
        paths += [path.format(value) for path in files.split()] if value else []
    return {path.rpartition(".")[0]: path for path in dict.fromkeys(paths)}
