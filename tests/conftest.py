"""What every room's tests share."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

REFERENCE = Path(__file__).parent / "reference"


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


def pytest_collection_modifyitems(items):
    """Mark what compares with the peers' values, so that `make parity` runs it beside the peers themselves."""
    for item in items:
        asks = "reference" in getattr(item, "fixturenames", ()) and item.path.parent.name != "synthetic"
        if asks or item.path.parent.name == "reference":
            item.add_marker(pytest.mark.parity)
