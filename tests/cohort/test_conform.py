"""A foreign table is renamed and recoded as declared, and says what it lacks."""

import pandas as pd
import pytest

from recohort.cohort.conform import conform
from recohort.core.errors import InputError

TABLE = pd.DataFrame({"id": [7, 9], "mar": ["married", "not married"], "week": [20, 52]})
COLUMNS = {
    "married": {"type": "boolean", "from": "mar", "recode": {"married": "1", "not married": "0"}},
    "week": {"type": "number"},
}


def test_renames_recodes_and_numbers():
    frame = conform(TABLE, columns=COLUMNS, identifier=None)
    assert frame.to_dict("list") == {"participant_id": ["sub-001", "sub-002"], "married": ["1", "0"], "week": [20, 52]}


def test_identifiers_become_labels():
    assert conform(TABLE, columns=COLUMNS, identifier="id").participant_id.tolist() == ["sub-7", "sub-9"]


def test_every_missing_column_at_once():
    columns = {"age": {"type": "number"}, "sex": {"type": "category"}}
    with pytest.raises(InputError, match=r"'age'(.|\n)*'sex'"):
        conform(TABLE, columns=columns, identifier=None)


def test_a_cell_that_the_recoding_does_not_name():
    columns = {"married": {**COLUMNS["married"], "recode": {"married": "1"}}}
    with pytest.raises(InputError, match="column 'mar': found 'not married'"):
        conform(TABLE, columns=columns, identifier=None)
