"""The images' quality checks in a few numbers."""

from collections.abc import Mapping

import pandas as pd

from recohort.tables import format as fmt

COLUMNS = ("check", "n", "median", "range", "missing")


def summarise(status: pd.DataFrame, *, quality: Mapping[str, str], digits: int) -> pd.DataFrame:
    """Summarise the columns of the images' status.

    Parameters
    ----------
    status : DataFrame
        ``status``, and a column per check, a row per participant.
    quality : mapping
        Column -> label.
    digits : int
        Decimals of what is printed.

    Returns
    -------
    DataFrame
        `COLUMNS`, all text: first how many maps have each status, then a row per check.
    """
    rows = [
        {"check": f"Maps {word}", "n": str(n), "median": "", "range": "", "missing": ""}
        for word, n in status["status"].value_counts().sort_index().items()
    ]
    for column, label in quality.items():
        values = status[column].dropna().astype(float)
        rows.append(
            {
                "check": label,
                "n": str(len(values)),
                "median": fmt.number(values.median(), digits=digits),
                "range": fmt.limits(values.min(), values.max(), digits=digits),
                "missing": str(int(status[column].isna().sum())),
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))
