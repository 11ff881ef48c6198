"""One study's rows of ``results/index.csv``: where a table is, what made it, whether its numbers come out."""

from collections.abc import Iterable, Mapping

import pandas as pd

from recohort.report.verdict import of_sources, summary

COLUMNS = ("study", "item", "title", "file", "rule", "script", "models", "published", "verdict")


def rows(
    study: str,
    items: Mapping[str, Mapping[str, object]],
    reproduction: pd.DataFrame,
    *,
    endings: Mapping[str, Iterable[str]],
    rules: Mapping[str, str],
    synthetic: bool,
) -> pd.DataFrame:
    """List a study's tables and figures.

    Parameters
    ----------
    study : str
        Name of the study.
    items : mapping
        ``tables/<name>`` or ``figures/<name>`` -> ``title`` and ``sources`` (paths below ``results/<study>/``).
    reproduction : DataFrame
        Of `compare`.
    endings : mapping
        ``tables``, ``figures`` -> endings of their files.
    rules : mapping
        ``tables``, ``figures`` -> the rule that makes them.
    synthetic : bool
        The cohort is synthetic; said of an item with no published number too.

    Returns
    -------
    DataFrame
        `COLUMNS`; a row per file, in the order of `items`. `models` are the analyses it is made from, as ``kind.name``;
        `published` is how many published numbers stand in the item.
    """
    listed = []
    for item, entry in items.items():
        stage, name = item.split("/")
        found = of_sources(reproduction, entry["sources"])
        models = dict.fromkeys(_model(path) for path in entry["sources"] if _is_model(path))
        for ending in endings[stage]:
            listed.append(
                {
                    "study": study,
                    "item": name,
                    "title": entry["title"],
                    "file": f"results/{study}/{item}.{ending}",
                    "rule": rules[stage],
                    "script": f"workflow/scripts/{rules[stage]}.py",
                    "models": "; ".join(models),
                    "published": len(found),
                    "verdict": summary(found) or ("synthetic" if synthetic else ""),
                }
            )
    return pd.DataFrame(listed, columns=list(COLUMNS))


def _is_model(path: str) -> bool:
    return path.startswith("models/") and not path.endswith(".warnings.tsv")


def _model(path: str) -> str:
    kind, file = path.split("/")[1:]
    return f"{kind}.{file.partition('.')[0]}"
