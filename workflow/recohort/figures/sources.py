"""Which results a figure is made from, so that one rule can collect them."""

from collections.abc import Callable, Mapping

from recohort.tables.sources import model, named


def sources(entry: Mapping[str, object]) -> dict[str, str]:
    """Return name -> path below ``results/<study>/`` of every result that a figure's entry names.

    A map is made from ``images/status``: `map.example` chooses the patient, whose images are then the frames.

    Examples
    --------
    >>> sources({"kind": "love", "warnings": []})
    {'cohort/balance': 'cohort/balance.tsv'}
    """
    return named([*KINDS[entry["kind"]](entry), *entry["warnings"]])


def settings(entry: Mapping[str, object]) -> dict[str, object]:
    """Return the keys of a figure's entry that `draw` takes, beside ``columns`` and ``synthetic``."""
    beside = {"kind", "title", "caption", "warnings", "participant"}
    return {key: value for key, value in entry.items() if key not in beside}


def _forest(entry: Mapping[str, object]) -> list[str]:
    return [path for names in entry["models"].values() for name in names for path in model("cox", name)]


def _roc(entry: Mapping[str, object]) -> list[str]:
    return [path for name in entry["models"] for path in model("roc", name, ".curve")]


KINDS: dict[str, Callable[[Mapping[str, object]], list[str]]] = {
    "flow": lambda entry: ["cohort/flow.json"],
    "love": lambda entry: ["cohort/balance.tsv"],
    "box": lambda entry: [f"cohort/{entry['cohort']}.tsv"],
    "forest": _forest,
    "roc": _roc,
    "km": lambda entry: model("kaplan_meier", entry["model"], ".curve"),
    "map": lambda entry: ["images/status.tsv"],
    "recovery": lambda entry: ["cohort/assembled.tsv", "synthetic/truth.tsv"],
}
