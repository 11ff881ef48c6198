import json

from recohort.core.schema import SCHEMAS


def test_each_step_gets_what_it_needs_and_no_more(completed, needed):
    images = needed("images", completed)
    assert set(needed("anatomy", completed)) == {"anatomy"}
    assert set(needed("population", completed)) == {"covariates", "marrow", "fractures", "defects", "outcome"}
    assert set(images) == {"covariates", "marrow", "fractures", "defects", "spines", "acquisition"}
    assert set(images["covariates"]) == {"bmi", "high_field_share"}


def test_the_labels_are_those_of_the_scheme_that_the_images_are_read_by(completed):
    scheme = json.loads((SCHEMAS.parent / "schemes" / "totalspineseg.json").read_text())
    known = {name: scheme[name] for name in ("cord", "canal", "sacrum")} | scheme["vertebrae"]
    known |= {"disc_" + name.replace("-", "_"): number for name, number in scheme["discs"].items()}
    labels = completed["anatomy"]["labels"]
    assert labels == {name: known[name] for name in labels}
