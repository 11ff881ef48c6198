"""Which participants' images to look at first, and which pictures fit into a page."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from recohort.report.quality import pictured, robust_z, said
from recohort.tables import format as fmt


class Picture(NamedTuple):
    """A participant's picture: the PNG's bytes, why it is shown, its quality checks (label -> text), where it lies."""

    participant: str
    png: bytes
    why: Sequence[str]
    checks: Mapping[str, str]
    path: str


def looked_at(status: pd.DataFrame, *, quality: Mapping[str, str], digits: int) -> list[dict]:
    """List every participant, whoever is farthest from the others first.

    Parameters
    ----------
    status : DataFrame
        ``participant_id, status, reason``, a column per check and, where there are pictures, ``overlay``.
    quality : mapping
        Column -> label of the check.
    digits : int
        Decimals of what is printed.

    Returns
    -------
    list of dict
        ``participant, status, reason, path`` (of the picture, below the images; empty where there is none), ``checks``
        (label -> text), ``z`` (the greatest distance from the median over all checks, in robust SDs, as text) and
        ``check`` (where it is that). Who is not measured comes last.
    """
    paths = pictured(status)
    rows = status.set_index("participant_id").sort_index()
    values = rows.reindex(columns=list(quality)).astype(float)
    distances = pd.DataFrame({column: robust_z(values[column].dropna()) for column in values}, index=rows.index)
    farthest = distances.abs().max(axis=1).fillna(-1.0)
    listed = []
    for participant in farthest.sort_values(ascending=False, kind="stable").index:
        row, apart = rows.loc[participant], distances.loc[participant].dropna()
        check = apart.abs().idxmax() if len(apart) else None
        listed.append(
            {
                "participant": participant,
                "status": row["status"],
                "reason": "" if pd.isna(row.get("reason")) else row["reason"],
                "path": paths.get(participant, ""),
                "checks": {quality[column]: said(value, digits) for column, value in values.loc[participant].items()},
                "z": fmt.number(apart[check], digits=1) if check else "",
                "check": quality[check] if check else "",
            }
        )
    return listed


def fitting(pictures: Sequence[Picture], *, budget: int) -> list[Picture]:
    """Return the first pictures that together hold no more bytes than `budget`."""
    kept, size = [], 0
    for picture in pictures:
        size += len(picture.png)
        if size > budget:
            break
        kept.append(picture)
    return kept
