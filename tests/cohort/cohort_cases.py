"""What tests of the cohort share."""

from pathlib import Path

import pandas as pd

from recohort.core.schema import load_schema, with_defaults

BINARY = ["treat", "black", "hispan", "married", "nodegree"]
LALONDE = ["age", "educ", "black", "hispan", "married", "nodegree", "re74", "re75"]


def lalonde() -> tuple[pd.DataFrame, dict[str, dict]]:
    frame = pd.read_csv(Path(__file__).parents[2] / "data" / "tables" / "lalonde.csv")
    columns = {name: {"type": "boolean" if name in BINARY else "number"} for name in frame.columns}
    return frame, columns


def matching(**entry) -> dict:
    """Settings of the matching section, completed by the schema, as the rules pass them to `match`."""
    schema = load_schema("cohort")["properties"]["matching"]
    settings = with_defaults({"target": "exposure", **entry}, schema)
    return {key: value for key, value in settings.items() if key != "balance"}


def codes(warnings: pd.DataFrame) -> list[str]:
    return warnings["code"].tolist()
