"""Defaults of the schema, a cohort, the shared anatomy and one participant, for all tests of these synthetic images."""

from copy import deepcopy

import pytest

from recohort.core.schema import load_schema, part_for, with_defaults
from recohort.modalities.nuclei import population
from recohort.synthetic.nuclei.acquisition import simulate_participant
from recohort.synthetic.nuclei.anatomy import build_anatomy
from recohort.synthetic.nuclei.cohort import draw_imaged

STUDY = "ms_qsm"
APART = ("scanner_drift_per_year", "unusable_share")


@pytest.fixture(scope="session")
def schema() -> dict:
    return load_schema("synthetic/nuclei")


@pytest.fixture(scope="session")
def completed(schema) -> dict:
    return with_defaults({"kind": "nuclei"}, schema)


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
    """Draw a cohort: (participants, truth)."""

    def one(seed=0, participants=ids, section=completed):
        return population.draw(participants, study=STUDY, seed=seed, **needed("population", section))

    return one


@pytest.fixture(scope="session")
def cohort(draw):
    return draw()


@pytest.fixture(scope="session")
def anatomy(completed):
    return build_anatomy(**completed["anatomy"])


@pytest.fixture(scope="session")
def imaged(completed, needed):
    """Draw what of a participant shows in images: (nuclei, usable)."""

    def one(participant="sub-001", section=completed, seed=0):
        drawn = needed("population", section)
        apart = {name: section["acquisition"][name] for name in APART}
        return draw_imaged(participant, study=STUDY, seed=seed, **apart, **drawn)

    return one


@pytest.fixture(scope="session")
def simulate(anatomy, completed, imaged):
    """Simulate the images of a participant, with some settings or drawn values changed."""

    def one(participant="sub-001", *, shared=anatomy, nuclei=None, seed=0, **changes):
        settings = completed["heads"] | {k: v for k, v in completed["acquisition"].items() if k not in APART} | changes
        drawn = imaged(participant, seed=seed)[0] | (nuclei or {})
        return simulate_participant(shared, drawn, participant_id=participant, study=STUDY, seed=seed, **settings)

    return one


@pytest.fixture(scope="session")
def made(simulate):
    return simulate()
