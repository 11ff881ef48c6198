"""Which results an entry of the configuration reads: the schemas say it, so that rules need not know the kinds."""

from recohort.core.schema import annotated, entry_schema


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


def item_settings(section: str, entry: dict) -> dict:
    """Return the keys of a table's or a figure's entry that its kind takes, beside ``columns`` and ``synthetic``."""
    for_the_page = {"title", "caption", "participant"} if section == "figures" else set()
    return {key: value for key, value in entry.items() if key not in {"kind", "warnings", *for_the_page}}


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
