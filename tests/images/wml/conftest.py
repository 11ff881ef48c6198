"""A simulated patient on disk, and settings as a study gets them."""

import pytest

from recohort.core.schema import load_schema, part_for, with_defaults
from recohort.modalities.wml import simulation

STUDY = "wml_tests"


@pytest.fixture(scope="session")
def schema():
    return load_schema("images/wml")


@pytest.fixture(scope="session")
def study_images(schema):
    """The section `images` of a study, complete."""

    def made(segmentation, **changes):
        return with_defaults({"kind": "wml", "segmentation": segmentation, **changes}, schema)

    return made


@pytest.fixture(scope="session")
def patient(tmp_path_factory):
    """A dataset of one simulated patient with lesions: (root, participant, truth)."""
    section = load_schema("synthetic/wml")
    settings = with_defaults({"kind": "wml"}, section)
    shared = simulation.anatomy(**part_for("anatomy", settings, section))
    needed = part_for("images", settings, section)
    needed["wml"]["volume_ml"] = {"median": 6.0, "p95": 7.0, "maximum": 80.0}
    root = tmp_path_factory.mktemp("patient")
    _, truth = simulation.simulate("sub-001", shared, root, study=STUDY, seed=3, **needed)
    return root, "sub-001", truth
