import pytest

from recohort.core.schema import load_schema, with_defaults
from recohort.models.inputs import WHOSE


@pytest.fixture(scope="session")
def settings():
    """Settings of one entry of a kind, completed by the schema, as the rules pass them."""

    def complete(kind: str, **entry) -> dict:
        schema = load_schema("models")["properties"][kind]["additionalProperties"]
        filled = with_defaults(entry, schema)
        return {key: value for key, value in filled.items() if key not in WHOSE}

    return complete
