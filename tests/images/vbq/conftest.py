"""A spine made by hand, and the section of a study."""

from pathlib import Path

import numpy as np
import pytest
import spine_by_hand
from scipy import ndimage

from recohort.core.schema import load_schema, with_defaults
from recohort.modalities.vbq import measuring, processing

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def study_images():
    """The section of a study, complete."""

    def made(scheme="totalspineseg", **changes):
        return with_defaults({"kind": "vbq", "scheme": scheme, **changes}, load_schema("images"))

    return made


@pytest.fixture(scope="session")
def phantom():
    """A blurred, noisy T1w under a bias field of 35 %, the structures, and the affine."""
    signal, masks, affine = spine_by_hand.spine()
    blurred = np.stack([ndimage.gaussian_filter(plane, 0.8) for plane in signal])
    return spine_by_hand.noisy(blurred * spine_by_hand.field(signal.shape)), masks, affine


@pytest.fixture
def schemes():
    """The shipped schemes' JSON."""
    names = ("totalspineseg", "totalsegmentator_vertebrae_mr")
    return {name: spine_by_hand.scheme_of(REPOSITORY, name) for name in names}


@pytest.fixture
def run(tmp_path, study_images):
    """Process and measure one participant; returns the row of status and the metrics by name."""

    def made(root, images=None, **metrics):
        row, _ = processing.process(root, "sub-001", tmp_path / "made", images=images or study_images(), metrics={})
        read = {key: "" if value is None or value != value else str(value) for key, value in row.items()}
        settings = with_defaults({"vbq": metrics}, load_schema("metrics"))
        rows = measuring.measure(read, tmp_path / "made", metrics=settings)
        return row, {one["metric"]: one for one in rows}

    return made
