"""The small picture of a segmentation, in numbers of its palette."""

import io

import numpy as np
import pytest
from PIL import Image

from recohort.images.overlay import (
    DASHED,
    GREYS,
    LETTER,
    PALETTE,
    SOLID,
    axial,
    fullest_slices,
    overlay,
    png,
    spread_slices,
)

SHAPE = (60, 70, 2)


@pytest.fixture
def head():
    around = np.zeros(SHAPE, bool)
    around[10:50, 10:60] = True
    found = np.zeros(SHAPE, bool)
    found[15:25, 40:50, 0] = True
    return np.full(SHAPE, 40.0), found, around


def drawn(head, truth=None, margin=5, window=(0.0, 80.0)):
    image, found, around = head
    return overlay(image, found, truth, around=around, margin=margin, window=window)


def test_slices_lie_side_by_side_cropped_to_the_margin(head):
    assert drawn(head).shape == (50 + 2 * 5, 2 * (40 + 2 * 5))
    assert drawn(head, margin=500).shape == (70, 120), "no further than the image"


def test_anterior_is_above_and_the_patients_right_on_the_left(head):
    """The lesion has low x, the patient's left, and high y: right of the middle and above it in its slice."""
    rows, columns = np.nonzero(drawn(head) == SOLID)
    assert (columns.min(), columns.max()) == (50 - 1 - (25 - 1 - 5), 50 - 1 - (15 - 5))
    assert (rows.min(), rows.max()) == (60 - 1 - (50 - 1 - 5), 60 - 1 - (40 - 5))


def test_the_outline_lies_within_what_was_found_and_the_truth_around_what_is_true(head):
    found = head[1]
    picture = drawn(head, truth=found)
    assert (picture == SOLID).sum() == 4 * 9, "the edge of 10 x 10 pixels"
    around = 4 * 10
    assert 0.3 * around < (picture == DASHED).sum() < 0.8 * around, "dashes of the ring"
    assert (drawn(head) == DASHED).sum() == 0


def test_greys_keep_the_window(head):
    image = head[0].copy()
    image[..., 1] = np.linspace(-500, 500, SHAPE[0])[:, None]
    picture = drawn((image, np.zeros(SHAPE, bool), head[2]))
    middle = picture[30, 50:]
    values = np.linspace(-500, 500, SHAPE[0])[5:55][::-1]
    np.testing.assert_array_equal(middle[values <= 0], 0)
    np.testing.assert_array_equal(middle[values >= 80], GREYS - 1)
    assert PALETTE[middle[(values > 30) & (values < 50)]].mean() == pytest.approx(127.5, abs=20)


def test_both_sides_have_their_letter(head):
    _, columns = np.nonzero(drawn(head) == LETTER)
    assert columns.min() < 5
    assert columns.max() > 2 * 50 - 6


def test_slices_with_most_of_the_first_mask_then_of_the_next():
    mask, other = np.zeros((4, 4, 6), bool), np.ones((4, 4, 6), bool)
    for slice_, size in ((1, 2), (3, 4), (4, 3)):
        mask[:size, :size, slice_] = True
    assert fullest_slices(mask, other, count=2) == [3, 4]
    assert fullest_slices(mask, np.arange(6) * other == 5, count=4) == [1, 3, 4, 5]
    assert fullest_slices(mask & False, mask, count=1) == [3]
    assert fullest_slices(mask & False, other, count=3) == [0, 1, 2]
    assert fullest_slices(mask & False, count=9) == [0, 1, 2, 3, 4, 5]


def test_labels_that_touch_have_an_outline_each(head):
    """Two halves of 5 x 10 pixels side by side: 2 x 26 pixels of outline, not the 36 of the whole."""
    image, found, around = head
    labels = found.astype(np.int16)
    labels[20:25] *= 2
    assert (drawn((image, labels, around)) == SOLID).sum() == 2 * 26


def test_what_is_unknown_is_black(head):
    image, found, around = head
    holed = np.where(np.arange(SHAPE[1])[:, None] < 30, np.nan, image)
    picture = drawn((holed, found & False, around))
    assert (picture[-20:, 20:30] == 0).all()
    assert (picture[25, 20:30] > 0).all()


def test_slices_through_a_structure_are_spread_over_it():
    mask = np.zeros((4, 4, 20), bool)
    mask[1:3, 1:3, 5:14] = True
    assert spread_slices(mask, count=3) == [6, 9, 12]
    assert spread_slices(mask & (np.arange(20) == 7), count=3) == [7]


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, 1), (1, -1, -1)])
def test_an_image_of_any_orientation_gives_one_picture(signs):
    """A head of 2 x 1 x 3 mm voxels: flipped axes change no pixel, and a label keeps its place and its size in mm."""
    size, shape = np.array([2.0, 1.0, 3.0]), (40, 90, 12)
    image = np.broadcast_to(np.linspace(0, 1, shape[1])[:, None], shape).astype(np.float32)
    labels = np.zeros(shape, np.int16)
    labels[25:30, 50:60, 3:9] = 1
    around = np.zeros(shape, bool)
    around[5:35, 10:80] = True
    flip = tuple(slice(None, None, sign) for sign in signs)
    affine = np.diag([*size * signs, 1.0])
    settings = {
        "slices": lambda mask: spread_slices(mask, count=2),
        "pixel_mm": 1.0,
        "margin_mm": 2.0,
        "window": (0, 1),
    }
    plain = axial(image, np.diag([*size, 1.0]), labels, around=around, **settings)
    np.testing.assert_array_equal(axial(image[flip], affine, labels[flip], around=around[flip], **settings), plain)
    assert plain.shape == (70 + 4, 2 * (60 + 4))
    rows, columns = np.nonzero(plain[:, :64] == SOLID)
    assert np.ptp(rows) + 1 == 10
    assert np.ptp(columns) + 1 == 10
    assert columns.mean() < 32, "high x, the patient's right, is on the left"


def test_the_file_holds_the_picture_and_nothing_else(head):
    picture = drawn(head, truth=head[1])
    content = png(picture)
    assert content == png(picture.copy())
    image = Image.open(io.BytesIO(content))
    np.testing.assert_array_equal(np.asarray(image), picture)
    np.testing.assert_array_equal(np.asarray(image.convert("RGB")), PALETTE[picture])
    chunks = {content[place + 4 : place + 8] for place in _chunks(content)}
    assert chunks == {b"IHDR", b"PLTE", b"IDAT", b"IEND"}


def _chunks(content):
    place = 8
    while place < len(content):
        yield place
        place += 12 + int.from_bytes(content[place : place + 4], "big")
