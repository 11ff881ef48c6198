def test_each_step_gets_what_it_needs_and_no_more(completed, needed):
    assert set(needed("anatomy", completed)) == {"anatomy"}
    assert set(needed("population", completed)) == {"groups", "covariates", "kinetics"}
    images = {"groups", "covariates", "kinetics", "protocol", "tissues", "sessions"}
    assert set(needed("images", completed)) == images
