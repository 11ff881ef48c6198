"""Defaults of the schema and repeated trials, for all tests of the synthetic stroke trial."""

from copy import deepcopy

import pytest

from recohort.core.schema import load_schema, part_for, with_defaults
from recohort.modalities.wml import population

STUDY = "stroke_wml"
N_DRAWS = 200


@pytest.fixture(scope="session")
def schema() -> dict:
    return load_schema("synthetic/wml")


@pytest.fixture(scope="session")
def completed(schema) -> dict:
    return with_defaults({"kind": "wml"}, schema)


@pytest.fixture
def settings(completed) -> dict:
    """The section with its defaults, to be changed by a test."""
    return deepcopy(completed)


@pytest.fixture(scope="session")
def needed(schema):
    """What a step is handed of a section."""
    return lambda step, section: part_for(step, section, schema)


@pytest.fixture(scope="session")
def ids(completed) -> list[str]:
    return [f"sub-{number:03d}" for number in range(1, completed["n_subjects"] + 1)]


@pytest.fixture(scope="session")
def draw(ids, completed, needed):
    """Draw a trial: (participants, truth)."""

    def one(seed=0, participants=ids, section=completed):
        return population.draw(participants, study=STUDY, seed=seed, **needed("population", section))

    return one


@pytest.fixture(scope="session")
def trial(draw):
    return draw()


@pytest.fixture(scope="session")
def trials(draw) -> list:
    """Trials of different seeds, each one frame of participants and truth."""
    return [participants.merge(truth, on="participant_id") for participants, truth in map(draw, range(N_DRAWS))]
