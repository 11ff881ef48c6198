"""Fixtures that the tests of every kind of synthetic cohort share: made once a kind, named in its conftest."""

from copy import deepcopy
from importlib import import_module

import numpy as np
import pytest

from recohort.core.schema import load_schema, part_for, with_defaults


def subjects(n: int, *, width: int = 3) -> list[str]:
    """Return the identifiers of n subjects."""
    return [f"sub-{number:0{width}d}" for number in range(1, n + 1)]


def cohort_fixtures(kind: str, *, study: str) -> tuple:
    """Return the fixtures schema, completed, settings, needed, ids, draw, cohort of a kind."""
    population = import_module(f"recohort.modalities.{kind}.population")

    @pytest.fixture(scope="session")
    def schema() -> dict:
        return load_schema(f"synthetic/{kind}")

    @pytest.fixture(scope="session")
    def completed(schema) -> dict:
        return with_defaults({"kind": kind}, schema)

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
        """The participants of the default cohort."""
        return subjects(completed["n_subjects"])

    @pytest.fixture(scope="session")
    def draw(ids, completed, needed):
        """Draw a cohort: (participants, truth)."""

        def one(seed=0, participants=ids, section=completed):
            return population.draw(participants, study=study, seed=seed, **needed("population", section))

        return one

    @pytest.fixture(scope="session")
    def cohort(draw):
        return draw()

    return schema, completed, settings, needed, ids, draw, cohort


def many_fixture(n_draws: int):
    """Return the fixture of one large cohort, as many patients as so many cohorts of the default size."""

    @pytest.fixture(scope="session")
    def many(draw, completed):
        """Participants and truth as one frame."""
        participants, truth = draw(participants=subjects(completed["n_subjects"] * n_draws, width=5))
        return participants.merge(truth, on="participant_id")

    return many


def simulate_fixture(kind: str, *, study: str):
    """Return the fixture that simulates the images of a participant."""
    simulation = import_module(f"recohort.modalities.{kind}.simulation")

    @pytest.fixture
    def simulate(tmp_path, completed, needed):
        """Simulate a participant as the rule does, the grid through a file: (dataset, files, truth)."""

        def one(participant, section=completed, seed=0):
            np.savez(tmp_path / "anatomy.npz", **simulation.anatomy(**needed("anatomy", section)))
            shared = dict(np.load(tmp_path / "anatomy.npz"))
            root, given = tmp_path / "synthetic", needed("images", section)
            return root, *simulation.simulate(participant, shared, root, study=study, seed=seed, **given)

        return one

    return simulate
