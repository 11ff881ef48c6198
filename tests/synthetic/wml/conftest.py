"""Defaults of the schema and repeated trials, for all tests of the synthetic stroke trial."""

import pytest
from kind_fixtures import cohort_fixtures, simulate_fixture

STUDY = "stroke_wml"
N_DRAWS = 200

schema, completed, settings, needed, ids, draw, trial = cohort_fixtures("wml", study=STUDY)
simulate = simulate_fixture("wml", study=STUDY)


@pytest.fixture(scope="session")
def trials(draw) -> list:
    """Trials of different seeds, each one frame of participants and truth."""
    return [participants.merge(truth, on="participant_id") for participants, truth in map(draw, range(N_DRAWS))]
