def test_each_step_gets_what_it_needs_and_no_more(completed, needed):
    images = needed("images", completed)
    assert set(needed("anatomy", completed)) == {"anatomy"}
    assert set(needed("population", completed)) == {"covariates", "wml", "trial", "outcome"}
    assert set(images) == {"covariates", "wml", "trial", "heads"}
    assert set(images["covariates"]) == {"age_years"}
    assert set(images["trial"]) == {"without_ct"}
