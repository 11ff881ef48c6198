"""Settings as a study gets them, and a participant of two sessions on disk."""

import pytest
from dce_phantom import phantom, write_session

from recohort.core.schema import load_schema, with_defaults


@pytest.fixture(scope="session")
def study_images():
    """The section `images` of a study, complete."""

    def made(t10=None, **changes):
        return with_defaults({"kind": "dce", "t10": t10 or {"kind": "mapped"}, **changes}, load_schema("images/dce"))

    return made


@pytest.fixture(scope="session")
def scans():
    """Before and after: vp .10 and .04; T1 of the tumour 1.10 s, and 0.80 s once its marrow is fat."""
    return {"pre": phantom(1, vp=0.10), "post": phantom(2, vp=0.04, t10=0.80, delay=2.0)}


@pytest.fixture
def dataset(tmp_path, scans):
    root = tmp_path / "data"
    for session, scan in scans.items():
        write_session(root, "sub-001", session, scan)
    return root
