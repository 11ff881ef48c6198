"""One study's rows of ``results/index.csv``: which file holds which table, and whether its numbers come out."""

from collections.abc import Iterable, Mapping

import pandas as pd

from recohort.report.verdict import of_sources, summary

COLUMNS = ("study", "item", "title", "file", "rule", "model", "published", "verdict")


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
        The cohort is synthetic.

    Returns
    -------
    DataFrame
        `COLUMNS`; a row per file, in the order of `items`. `published` is how many published numbers stand in the item.
    """
    listed = []
    for item, entry in items.items():
        stage, name = item.split("/")
        found = of_sources(reproduction, entry["sources"])
        models = [path.removeprefix("models/").rpartition(".")[0] for path in entry["sources"] if _is_model(path)]
        for ending in endings[stage]:
            listed.append(
                {
                    "study": study,
                    "item": name,
                    "title": entry["title"],
                    "file": f"results/{study}/{item}.{ending}",
                    "rule": rules[stage],
                    "model": "; ".join(models),
                    "published": len(found),
                    "verdict": "synthetic" if synthetic else summary(found),
                }
            )
    return pd.DataFrame(listed, columns=list(COLUMNS))


def _is_model(path: str) -> bool:
    return path.startswith("models/") and not path.endswith((".warnings.tsv", ".curve.tsv"))
