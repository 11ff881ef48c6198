"""Defaults of the schema and repeated cohorts, for all tests of the synthetic cohort with perfusion of metastases."""

from kind_fixtures import cohort_fixtures, many_fixture, simulate_fixture

STUDY = "spine_dce"

schema, completed, settings, needed, ids, draw, cohort = cohort_fixtures("dce", study=STUDY)
many = many_fixture(n_draws=200)
simulate = simulate_fixture("dce", study=STUDY)
