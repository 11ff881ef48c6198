"""Defaults of the schema, a small anatomy and repeated cohorts, for all tests of the synthetic cohort."""

import pytest
from kind_fixtures import cohort_fixtures

from recohort.synthetic.qsm.anatomy import build_anatomy

STUDY = "cavernoma_qsm"

schema, completed, settings, needed, ids, draw, cohort = cohort_fixtures("qsm", study=STUDY)


@pytest.fixture
def population(settings, needed) -> dict:
    """Keyword arguments of ``draw_cohort`` and ``draw_subject``, but the seed."""
    return {"study": STUDY} | needed("population", settings)


@pytest.fixture(scope="session")
def cohorts(draw) -> list:
    """200 draws of the default cohort: (participants, truth)."""
    return [draw(seed) for seed in range(200)]


@pytest.fixture(scope="session")
def anatomy():
    return build_anatomy(matrix=[48, 60, 48], voxel_size_mm=[2.5, 2.5, 2.5], oversampling=2, obliquity_deg=8.0)
