"""What the comparison amounts to: counted, and for one table or figure."""

from collections.abc import Iterable

import pandas as pd

from recohort.report.compare import ABSENT, AGREEMENTS
from recohort.tables.words import CAVEATS

SENTENCES = {
    "match": "equal as far as it is printed",
    "within CI": "not equal, but inside the published interval, or the published number inside ours",
    "differs": "different",
    "not reproducible": "not a number this analysis can give",
    "synthetic": "computed from a synthetic cohort: it neither confirms nor refutes the publication",
    "demonstration": "rests on images segmented for demonstration: it neither confirms nor refutes the publication",
}


def counts(reproduction: pd.DataFrame) -> dict[str, int]:
    """Return how many numbers have each verdict, every possible one of this run listed."""
    gravest = _gravest(reproduction)
    return {word: int((reproduction["verdict"] == word).sum()) for word in ([gravest] if gravest else AGREEMENTS)}


def summary(reproduction: pd.DataFrame) -> str:
    """Return the verdicts in one line: ``5 match, 1 differs``; empty where nothing was published.

    Examples
    --------
    >>> summary(pd.DataFrame({"verdict": ["match", "differs", "match"]}))
    '2 match, 1 differs'
    """
    said = ", ".join(f"{n} {word}" for word, n in counts(reproduction).items() if n)
    return _gravest(reproduction) or said


def of_sources(reproduction: pd.DataFrame, paths: Iterable[str]) -> pd.DataFrame:
    """Return the compared numbers that come from the results of one table or figure."""
    return reproduction[reproduction["result"].isin(set(paths)) & (reproduction["agreement"] != ABSENT)]


def _gravest(reproduction: pd.DataFrame) -> str | None:
    return next((word for word in CAVEATS if (reproduction["verdict"] == word).any()), None)
