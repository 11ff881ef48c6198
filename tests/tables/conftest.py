import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import made_items
import made_results


@pytest.fixture
def frames():
    return made_results.frames()


@pytest.fixture
def columns():
    return made_results.COLUMNS


@pytest.fixture
def entries():
    return made_items.TABLES
