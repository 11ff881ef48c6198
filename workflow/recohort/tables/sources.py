"""Which results a table is made from, so that one rule can collect them."""

from collections.abc import Callable, Mapping


def sources(entry: Mapping[str, object]) -> dict[str, str]:
    """Return name -> path below ``results/<study>/`` of every result that a table's entry names.

    A name is its path without the ending: the key under which `build` finds the frame.

    Examples
    --------
    >>> sources({"kind": "roc", "models": ["median"], "warnings": []})["models/roc/median"]
    'models/roc/median.tsv'
    """
    return named([*KINDS[entry["kind"]](entry), *entry["warnings"]])


def settings(entry: Mapping[str, object]) -> dict[str, object]:
    """Return the keys of a table's entry that `build` takes, beside ``columns`` and ``synthetic``."""
    return {key: value for key, value in entry.items() if key not in ("kind", "warnings")}


def named(paths: list[str]) -> dict[str, str]:
    """Return paths by name, each once."""
    return {path.rpartition(".")[0]: path for path in dict.fromkeys(paths)}


def model(kind: str, name: str | None, *endings: str) -> list[str]:
    """Return the files of one model: estimates, warnings, other endings; none without a name."""
    return [] if name is None else [f"models/{kind}/{name}{ending}.tsv" for ending in ("", *endings, ".warnings")]


def _baseline(entry: Mapping[str, object]) -> list[str]:
    return [f"cohort/{name}.tsv" for name in (["eligible", "matched", "balance"] if entry["matched"] else ["eligible"])]


def _group_metrics(entry: Mapping[str, object]) -> list[str]:
    tests = [*model("groups", entry["model"]), *model("family", entry["family"])]
    return [f"cohort/{entry['cohort']}.tsv", *tests]


def _cox(entry: Mapping[str, object]) -> list[str]:
    names = [name for names in entry["models"].values() for name in names]
    return [*(path for name in names for path in model("cox", name)), *model("family", entry["family"])]


def _roc(entry: Mapping[str, object]) -> list[str]:
    return [path for name in entry["models"] for path in model("roc", name)]


def _strata(entry: Mapping[str, object]) -> list[str]:
    survival = [*model("kaplan_meier", entry["kaplan_meier"]), *model("kaplan_meier", entry["reweighted"])]
    return [*survival, *model("cox", entry["cox"])]


KINDS: dict[str, Callable[[Mapping[str, object]], list[str]]] = {
    "baseline": _baseline,
    "group_metrics": _group_metrics,
    "cox": _cox,
    "roc": _roc,
    "strata": _strata,
}
