"""Defaults of the schema, a cohort, the shared anatomy and one participant, for all tests of these synthetic images."""

import pytest
from kind_fixtures import cohort_fixtures

from recohort.synthetic.nuclei.acquisition import simulate_participant
from recohort.synthetic.nuclei.anatomy import build_anatomy
from recohort.synthetic.nuclei.cohort import draw_imaged

STUDY = "ms_qsm"
APART = ("scanner_drift_per_year", "unusable_share")

schema, completed, settings, needed, ids, draw, cohort = cohort_fixtures("nuclei", study=STUDY)


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
