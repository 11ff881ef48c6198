import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tables"))

import made_items
import made_results


@pytest.fixture
def frames():
    return {**made_results.frames(), **made_results.images()}


@pytest.fixture
def columns():
    return made_results.COLUMNS


@pytest.fixture
def entries():
    return made_items.FIGURES
