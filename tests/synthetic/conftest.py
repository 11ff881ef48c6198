"""Defaults of the schema, a small anatomy and repeated cohorts, for all tests of the synthetic cohort."""

from copy import deepcopy

import pytest

from recohort.core.schema import load_schema
from recohort.synthetic.qsm.anatomy import build_anatomy
from recohort.synthetic.qsm.cohort import draw_cohort

STUDY = "cavernoma_qsm"


def defaults(schema: dict) -> dict:
    """Return the defaults of a schema, section by section."""
    return {
        name: defaults(rule) if "properties" in rule and rule["default"] == {} else deepcopy(rule["default"])
        for name, rule in schema["properties"].items()
        if "const" not in rule
    }


def subjects(n: int) -> list[str]:
    """Return the identifiers of n subjects."""
    return [f"sub-{number:03d}" for number in range(1, n + 1)]


@pytest.fixture(scope="session")
def schema() -> dict:
    return load_schema("synthetic/qsm")


@pytest.fixture
def settings(schema) -> dict:
    return defaults(schema)


@pytest.fixture
def population(settings) -> dict:
    """Keyword arguments of ``draw_cohort`` and ``draw_subject``, but the seed."""
    return {"study": STUDY} | {name: settings[name] for name in ("covariates", "lesion", "outcome")}


@pytest.fixture(scope="session")
def population_of_the_schema(schema) -> dict:
    """The same as `population`, for fixtures that live longer than a test."""
    settings = defaults(schema)
    return {"study": STUDY} | {name: settings[name] for name in ("covariates", "lesion", "outcome")}


@pytest.fixture(scope="session")
def ids(schema) -> list[str]:
    """The subjects of the default cohort."""
    return subjects(defaults(schema)["n_subjects"])


@pytest.fixture(scope="session")
def cohorts(population_of_the_schema, ids) -> list:
    """200 draws of the default cohort: (participants, truth)."""
    return [draw_cohort(ids, seed=seed, **population_of_the_schema) for seed in range(200)]


@pytest.fixture(scope="session")
def anatomy():
    return build_anatomy(matrix=[48, 60, 48], voxel_size_mm=[2.5, 2.5, 2.5], oversampling=2, obliquity_deg=8.0)
