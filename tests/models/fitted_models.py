"""What tests of models share."""

import pandas as pd


def declare(frame: pd.DataFrame, **kinds) -> dict[str, dict]:
    """Every column as a plain number, but those named."""
    return {name: kinds.get(name, {"type": "number"}) for name in frame.columns}


def pick(result, **where):
    """The one row of estimates that fits."""
    rows = result.estimates
    for column, wanted in where.items():
        rows = rows[rows[column] == wanted]
    assert len(rows) == 1, (where, len(rows))
    return rows.iloc[0]


def codes(result) -> list[str]:
    return result.warnings["code"].tolist()
