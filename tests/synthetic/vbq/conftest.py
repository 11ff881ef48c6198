"""Defaults of the schema and repeated cohorts, for all tests of the synthetic vertebroplasty cohort."""

from kind_fixtures import cohort_fixtures, many_fixture, simulate_fixture

STUDY = "vertebroplasty_vbq"

schema, completed, settings, needed, ids, draw, cohort = cohort_fixtures("vbq", study=STUDY)
many = many_fixture(n_draws=200)
simulate = simulate_fixture("vbq", study=STUDY)
