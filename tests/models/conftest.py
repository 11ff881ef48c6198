import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from recohort.core.schema import load_schema, with_defaults

REFERENCE = Path(__file__).parents[1] / "reference"


@pytest.fixture(scope="session")
def inputs():
    spec = importlib.util.spec_from_file_location("reference_inputs", REFERENCE / "inputs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: load() for name, load in module.INPUTS.items()}


@pytest.fixture(scope="session")
def reference():
    """Values that R printed, by file and analysis."""

    def read(name: str, analysis: str) -> pd.DataFrame:
        table = pd.read_csv(REFERENCE / f"{name}.csv", dtype={"term": str}, float_precision="round_trip")
        found = table[table["analysis"] == analysis]
        assert len(found)
        return found

    return read


@pytest.fixture(scope="session")
def settings():
    """Settings of one entry of a kind, completed by the schema, as the rules pass them."""

    def complete(kind: str, **entry) -> dict:
        schema = load_schema("models")["properties"][kind]["additionalProperties"]
        filled = with_defaults(entry, schema)
        return {key: value for key, value in filled.items() if key not in ("cohort", "join")}

    return complete
