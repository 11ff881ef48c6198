"""The images' quality checks in a few numbers, and whose pictures are worth a look."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from recohort.tables import format as fmt

COLUMNS = ("check", "n", "median", "range", "missing")

PER_SD = 1.4826
"""The SD of a normal distribution over its median absolute deviation."""


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


def pictured(status: pd.DataFrame) -> pd.Series:
    """Return who has a picture (column ``overlay``): participant -> its path below the images."""
    if "overlay" not in status:
        return pd.Series(dtype=object)
    return status.dropna(subset=["overlay"]).set_index("participant_id")["overlay"]


def extremes(status: pd.DataFrame, *, quality: Mapping[str, str], limit: int, digits: int) -> list[dict]:
    """Choose the participants whose pictures are shown: the lowest and the highest of each check.

    Of two in one place the first by name is taken. They are ranked by the distance from the median in robust SDs
    (`robust_z`), the farthest first; who is at the median of a check is no extreme of it.

    Parameters
    ----------
    status : DataFrame
        ``participant_id, overlay``, and a column per check, a row per participant.
    quality : mapping
        Column -> label.
    limit : int
        Participants at most.
    digits : int
        Decimals of what is printed.

    Returns
    -------
    list of dict
        ``participant, path, why`` (texts, the farthest first), ``checks`` (label -> text).
    """
    shown = status[status["participant_id"].isin(pictured(status).index)].sort_values("participant_id")
    found = []
    for column, label in quality.items():
        values = shown.set_index("participant_id")[column].dropna().astype(float)
        distance = robust_z(values)
        for word, who in (("lowest", values.argmin), ("highest", values.argmax)) if len(values) else ():
            z = distance.iloc[who()]
            if abs(z) > 0:
                found.append((values.index[who()], abs(z), f"{label} {word}, {fmt.number(z, digits=1)} robust SD"))
    why: dict[str, list[str]] = {}
    for participant, _, text in sorted(found, key=lambda one: -one[1]):
        why.setdefault(participant, []).append(text)
    rows = shown.set_index("participant_id")
    return [
        {
            "participant": participant,
            "path": rows.loc[participant, "overlay"],
            "why": texts,
            "checks": {label: said(rows.loc[participant, column], digits) for column, label in quality.items()},
        }
        for participant, texts in list(why.items())[:limit]
    ]


def robust_z(values: pd.Series) -> pd.Series:
    """Return each number's distance from the median in robust SDs.

    The robust SD is 1.4826 times the median absolute deviation; where more than half of the numbers are one, and that
    is 0, the mean absolute deviation times the square root of pi/2. Both are the SD of a normal distribution. All are 0
    where all numbers are one.

    Examples
    --------
    >>> robust_z(pd.Series([1.0, 2.0, 3.0, 4.0, 9.0])).round(2).tolist()
    [-1.35, -0.67, 0.0, 0.67, 4.05]
    """
    apart = values - values.median()
    spread = PER_SD * apart.abs().median() or np.sqrt(np.pi / 2) * apart.abs().mean()
    return apart / spread if spread else apart


def said(value: object, digits: int) -> str:
    """Return a check's value; a whole number without decimals."""
    return fmt.number(value, digits=0 if pd.notna(value) and float(value).is_integer() else digits)
