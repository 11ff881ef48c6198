"""What every room's tests share."""

import pytest


def pytest_collection_modifyitems(items):
    """Mark what compares with the peers' values, so that `make parity` runs it beside the peers themselves."""
    for item in items:
        asks = "reference" in getattr(item, "fixturenames", ()) and item.path.parent.name in ("models", "cohort")
        if asks or item.path.parent.name == "reference":
            item.add_marker(pytest.mark.parity)
