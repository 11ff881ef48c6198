"""What the audit of a publication's numbers found, in the order in which it is read."""

from collections.abc import Mapping

import pandas as pd

INCONSISTENT, CONSISTENT, UNCHECKED = VERDICTS = ("inconsistent", "consistent", "cannot be checked")
"""Of the column `verdict`; these are read in this order."""


def audited(findings: pd.DataFrame, *, named: Mapping[str, str]) -> dict[str, object] | None:
    """Return the findings as a page shows them; None where there are none.

    Parameters
    ----------
    findings : DataFrame
        ``check, items, verdict, finding, remark, arithmetic, box``, all text.
    named : mapping
        Item -> what the number is.

    Returns
    -------
    dict or None
        ``counts`` (verdict -> checks, and ``to read``: remarks of checks that are not inconsistent), ``wrong``,
        ``read`` and ``rows``: the inconsistent ones, those with a remark, all; each a record whose ``items`` are pairs
        of an item and what it is.
    """
    if findings.empty:
        return None
    rows = [
        {**row, "items": [(item, named.get(item, "")) for item in row["items"].split()]}
        for row in findings.fillna("").to_dict("records")
    ]
    rows.sort(key=lambda row: VERDICTS.index(row["verdict"]))
    wrong = [row for row in rows if row["verdict"] == INCONSISTENT]
    read = [row for row in rows if row["verdict"] != INCONSISTENT and row["remark"]]
    counts = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in VERDICTS}
    return {"counts": counts, "to_read": len(read), "wrong": wrong, "read": read, "rows": rows}


def quantities(published: pd.DataFrame) -> dict[str, str]:
    """Return what each item of a table with ``item, quantity, group`` is.

    Examples
    --------
    >>> quantities(pd.DataFrame({"item": ["a"], "quantity": ["hazard ratio"], "group": ["old"]}))
    {'a': 'hazard ratio, old'}
    """
    cells = published[["item", "quantity", "group"]].fillna("")
    return {row.item: ", ".join(filter(None, (row.quantity, row.group))) for row in cells.itertuples()}
