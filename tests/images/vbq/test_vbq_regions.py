"""Bodies, regions and levels on shapes small enough to count."""

import numpy as np
import pytest

from recohort.core.errors import InputError
from recohort.images.vbq.bodies import body_of, pieces
from recohort.images.vbq.levels import check_levels
from recohort.images.vbq.regions import central, eroded, fluid, in_front

SPACING = (4.0, 1.0, 1.0)
LEVELS = {"required": ["L1"], "needs_sacrum": False, "contact_mm": 20, "spacing_ratio": [0.6, 1.5], "minimum_slices": 1}
FLUID = {"slices": 0, "erosion_mm": 1, "front": 1, "minimum_voxels": 5, "maximum_ratio": 1.3}


def box(x, y, z, shape=(9, 60, 80)):
    made = np.zeros(shape, bool)
    made[x, y, z] = True
    return made


BODY = box(slice(1, 8), slice(35, 55), slice(30, 50))
ARCH = box([2, 6], slice(20, 35), slice(35, 40)) | box(slice(4, 5), slice(5, 22), slice(25, 40))
CANAL = box(slice(3, 6), slice(22, 35), slice(0, 80))


@pytest.mark.parametrize("canal", [CANAL, np.zeros_like(CANAL)])
def test_the_body_is_what_lies_in_front_of_the_canal(canal):
    """Pedicles join body and arch in two slices; without a canal the gap behind the body serves."""
    np.testing.assert_array_equal(body_of(BODY | ARCH, canal, SPACING, name="L1", margin_mm=0), BODY)


def test_a_margin_is_left_out():
    found = body_of(BODY | ARCH, CANAL, SPACING, name="L1", margin_mm=3)
    np.testing.assert_array_equal(found, BODY & (np.arange(60) > 37)[:, None])


def test_a_stray_voxel_of_the_canal_cuts_nothing():
    stray = CANAL | box(4, 50, 40)
    np.testing.assert_array_equal(body_of(BODY | ARCH, stray, SPACING, name="L1", margin_mm=0), BODY)


def test_without_canal_or_gap_there_is_no_body():
    with pytest.raises(InputError, match="there is no gap behind the body of L1: its body cannot be told"):
        body_of(BODY, np.zeros_like(BODY), SPACING, name="L1", margin_mm=0)
    with pytest.raises(InputError, match="the label map has no canal beside L1"):
        body_of(BODY, CANAL & (np.arange(80) > 60), SPACING, name="L1", margin_mm=0)


def test_pieces_large_and_small():
    speck = box(0, 0, slice(0, 3))
    found, count = pieces(BODY | speck)
    np.testing.assert_array_equal(found, BODY)
    assert count == 1
    other = box(slice(1, 8), slice(35, 55), slice(60, 70))
    assert pieces(BODY | other)[1] == 2


def test_erosion_is_in_plane_and_in_mm():
    found = eroded(BODY, (4.0, 1.0, 0.5), erosion_mm=2)
    np.testing.assert_array_equal(found, box(slice(1, 8), slice(37, 53), slice(34, 46)))
    whole = np.ones((2, 7, 7), bool)
    assert eroded(whole, SPACING, erosion_mm=2).sum() == 2 * 3 * 3, "the edge of the image is an edge"


@pytest.mark.parametrize(
    ("places", "slices", "expected"),
    [
        (slice(1, 8), 1, [4]),
        (slice(1, 8), 3, [3, 4, 5]),
        (slice(1, 7), 1, [3, 4]),
        (slice(1, 7), 2, [3, 4]),
        (slice(1, 8), 0, range(9)),
    ],
)
def test_central_slices_and_ties(places, slices, expected):
    mask = box(places, slice(35, 55), slice(30, 50))
    assert np.flatnonzero(central(mask, slices=slices)).tolist() == list(expected)
    assert np.flatnonzero(central(mask[::-1], slices=slices)).tolist() == [8 - one for one in reversed(list(expected))]


def test_the_front_of_the_canal():
    np.testing.assert_array_equal(in_front(CANAL, share=0.5), CANAL & (np.arange(60) >= 28)[:, None])
    np.testing.assert_array_equal(in_front(CANAL, share=1), CANAL)


def test_fluid_is_taken_where_there_is_enough_and_it_is_dark():
    bodies = {"L2": np.roll(BODY, 25, axis=2), "L3": BODY, "L4": np.roll(BODY, -25, axis=2)}
    image = np.full(BODY.shape, 100.0)

    def taken(image=image, csf=CANAL, order=("L3", "L2", "L4"), **changes):
        return fluid(image, csf, CANAL, bodies, SPACING, levels=order, **{**FLUID, **changes})

    mask, level = taken()
    assert level == "L3"
    assert mask.sum() == 3 * 11 * 20
    assert taken(csf=CANAL & (np.arange(80) > 52))[1] == "L2"
    assert taken(minimum_voxels=5000)[1] == ""
    assert not taken(minimum_voxels=5000)[0].any()
    bright = image.copy()
    bright[..., 30:50] = 140
    assert taken(bright)[1] == "L2"
    assert taken(bright, maximum_ratio=1.5)[1] == "L3"
    assert taken(bright, order=("L3",))[1] == "L3", "alone it is the darkest"


def checked(bodies, sacrum=None, **changes):
    sacrum = np.zeros_like(BODY) if sacrum is None else sacrum
    return check_levels(bodies, sacrum, dict.fromkeys(bodies, 1), SPACING, **{**LEVELS, **changes})


def test_levels_without_doubt():
    bodies = {
        name: box(slice(2, 7), slice(30, 40), slice(low, low + 8)) for name, low in (("L1", 60), ("L2", 48), ("L5", 36))
    }
    found = checked(bodies, box(slice(2, 7), slice(30, 40), slice(20, 33)))
    assert (found.doubts, found.transitional) == ([], False)
    assert (found.spacing_mm, found.sacrum_mm, found.slices) == (12, 4, 5)


def test_a_sliver_of_a_level_that_is_not_needed_raises_no_doubt():
    bodies = {
        name: box(slice(2, 7), slice(30, 40), slice(low, low + 8)) for name, low in (("L1", 60), ("L2", 48), ("L3", 36))
    }
    bodies["T12"] = box(slice(2, 7), slice(30, 40), slice(79, 80))
    assert checked({**bodies, "L1": np.roll(bodies["L1"], 2, axis=2)}).doubts == []
