"""Defaults of the schema and repeated cohorts, for all tests of the synthetic cohort with perfusion of metastases."""

from copy import deepcopy

import numpy as np
import pytest

from recohort.core.schema import load_schema, part_for, with_defaults
from recohort.modalities.dce import population, simulation

STUDY = "spine_dce"
N_DRAWS = 200


@pytest.fixture(scope="session")
def schema() -> dict:
    return load_schema("synthetic/dce")


@pytest.fixture(scope="session")
def completed(schema) -> dict:
    return with_defaults({"kind": "dce"}, schema)


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
def many(draw):
    """9800 patients as one frame of participants and truth: 200 cohorts of the default size."""
    participants, truth = draw(participants=[f"sub-{number:05d}" for number in range(1, 49 * N_DRAWS + 1)])
    return participants.merge(truth, on="participant_id")


@pytest.fixture
def simulate(tmp_path, needed):
    """Simulate a participant as the rule does, the grid through a file: (dataset, files, truth)."""

    def one(participant, section, seed=0):
        np.savez(tmp_path / "anatomy.npz", **simulation.anatomy(**needed("anatomy", section)))
        shared = dict(np.load(tmp_path / "anatomy.npz"))
        root, given = tmp_path / "synthetic", needed("images", section)
        return root, *simulation.simulate(participant, shared, root, study=STUDY, seed=seed, **given)

    return one
