"""A small picture of a segmentation: axial slices side by side, outlines in colours that everyone tells apart."""

import io

import numpy as np
from PIL import Image
from scipy import ndimage

GREYS = 32
SOLID, DASHED, LETTER = GREYS, GREYS + 1, GREYS + 2
PALETTE = np.vstack(
    [np.linspace(0, 255, GREYS).round()[:, None].repeat(3, 1), [230, 159, 0], [86, 180, 233], [255] * 3]
)
"""Red, green and blue of each number in a picture: greys, orange, sky blue, white."""

DASH = 3
MARGIN = 3
LETTERS = {
    "R": ("11110", "10001", "10001", "11110", "10100", "10010", "10001"),
    "L": ("10000", "10000", "10000", "10000", "10000", "10000", "11111"),
}


def fullest_slices(*masks: np.ndarray, count: int) -> list[int]:
    """Return the axial slices with most of the first mask, then of the second and so on, from below upwards.

    Parameters
    ----------
    *masks : ndarray of bool, (x, y, z)
        E.g. lesions, the true lesions, the brain; of slices with as much of all of them the lower comes first.
    count : int
        Slices at most.
    """
    areas = [-np.count_nonzero(mask, axis=(0, 1)) for mask in masks]
    return sorted(np.lexsort(areas[::-1])[:count].tolist())


def overlay(
    image: np.ndarray,
    found: np.ndarray,
    truth: np.ndarray | None,
    *,
    around: np.ndarray,
    margin: int,
    window: tuple[float, float],
) -> np.ndarray:
    """Draw axial slices side by side as radiologists see them: anterior above, the patient's right on the left.

    Parameters
    ----------
    image : ndarray, (x, y, slice)
        Axes to the right and to the front, of one spacing, which becomes a pixel.
    found, truth : ndarray of bool, (x, y, slice)
        What was segmented: a solid outline within it. What is true, or None: a dashed outline around it.
    around : ndarray of bool, (x, y, slice)
        What has to be in the picture, with `margin` voxels more on each side.
    window : tuple of float
        Values that are black and white.

    Returns
    -------
    ndarray of uint8, (row, column)
        Numbers of colours of `PALETTE`.
    """
    box = tuple(_span(around.any(axis=axes), margin) for axes in ((1, 2), (0, 2)))
    low, high = window
    tiles = []
    for place in range(image.shape[2]):
        part = (*box, place)
        grey = np.clip((image[part] - low) / (high - low), 0, 1) * (GREYS - 1)
        tile = grey.round().astype(np.uint8)
        if truth is not None:
            tile[_around(truth[part]) & _dashes(tile.shape)] = DASHED
        tile[found[part] & ~ndimage.binary_erosion(found[part])] = SOLID
        tiles.append(tile[::-1, ::-1].T)
    picture = np.hstack(tiles)
    _write(picture, "R", MARGIN)
    _write(picture, "L", picture.shape[1] - MARGIN - 2 * len(LETTERS["L"][0]))
    return picture


def png(picture: np.ndarray) -> bytes:
    """Return a picture as a PNG without metadata; equal pictures give equal bytes."""
    made = Image.fromarray(picture, "P")
    made.putpalette(PALETTE.astype(np.uint8).tobytes())
    stream = io.BytesIO()
    made.save(stream, "PNG", compress_level=6)
    return stream.getvalue()


def _span(line: np.ndarray, margin: int) -> slice:
    inside = np.flatnonzero(line)
    return slice(max(0, int(inside[0]) - margin), int(inside[-1]) + margin + 1) if len(inside) else slice(None)


def _around(mask: np.ndarray) -> np.ndarray:
    return ndimage.binary_dilation(mask) & ~mask


def _dashes(shape: tuple[int, ...]) -> np.ndarray:
    row, column = np.indices(shape)
    return (row + column) // DASH % 2 == 0


def _write(picture: np.ndarray, letter: str, left: int) -> None:
    """Write a letter below the upper edge, two pixels to a point."""
    points = np.array([[point == "1" for point in line] for line in LETTERS[letter]]).repeat(2, 0).repeat(2, 1)
    top, left = MARGIN, max(0, left)
    place = picture[top : top + points.shape[0], left : left + points.shape[1]]
    place[points[: place.shape[0], : place.shape[1]]] = LETTER
