"""The template, the settings of a study without any, and two heads that are known."""

from types import SimpleNamespace

import pytest
from made_heads import ECHO_EDGE, ECHO_SHAPE, T1W_EDGE, T1W_SHAPE, Head, grid_of, template

from recohort.core.schema import load_schema, with_defaults
from recohort.images.registration.grid import Brain


@pytest.fixture(scope="session")
def brain_of_template():
    image, affine = template()
    return Brain(image, image > 0.2, affine)


@pytest.fixture(scope="session")
def defaults():
    return with_defaults({"kind": "nuclei"}, load_schema("images"))


@pytest.fixture(scope="session")
def heads():
    """Two heads with what they look like at the size of the synthetic cohort."""
    made = []
    for seed in (1, 2):
        head = Head(seed)
        t1w = head.image(T1W_SHAPE, grid_of(T1W_EDGE, T1W_SHAPE))
        echo = head.image(ECHO_SHAPE, grid_of(ECHO_EDGE, ECHO_SHAPE), echo=True)
        made.append(SimpleNamespace(head=head, t1w=t1w, echo=echo))
    return made
