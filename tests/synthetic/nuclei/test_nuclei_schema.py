def test_each_step_gets_what_it_needs_and_no_more(completed, needed):
    drawn = {"groups", "covariates", "susceptibility", "volumes"}
    assert set(needed("anatomy", completed)) == {"anatomy"}
    assert set(needed("population", completed)) == drawn
    assert set(needed("images", completed)) == drawn | {"heads", "acquisition"}
