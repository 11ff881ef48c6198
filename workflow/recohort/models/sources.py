"""Which results an analysis reads: its cohort, and the earlier analyses it names."""

from collections.abc import Mapping


def sources(kind: str, entry: Mapping[str, object]) -> dict[str, str]:
    """Return name -> path below ``results/<study>/`` of what one analysis is made from.

    A name is its path without the ending.

    Examples
    --------
    >>> sources("cox", {"cohort": "matched", "join": ["risk"]})
    {'cohort/matched': 'cohort/matched.tsv', 'models/strata/risk.curve': 'models/strata/risk.curve.tsv'}
    """
    if kind == "family":
        paths = [f"models/{member.replace('.', '/')}.tsv" for member in entry["members"]]
    else:
        paths = [f"cohort/{entry['cohort']}.tsv"]
        paths += [f"models/strata/{name}.curve.tsv" for name in entry.get("join", [])]
        paths += [f"models/roc/{name}.tsv" for name in _thresholds_from(entry)]
    return {path.removesuffix(".tsv"): path for path in dict.fromkeys(paths)}


def _thresholds_from(entry: Mapping[str, object]) -> list[str]:
    return [rule["from"] for rule in entry.get("thresholds", {}).values() if "from" in rule]
