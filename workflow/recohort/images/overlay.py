"""A small picture of a segmentation: axial slices side by side, outlines in colours that everyone tells apart."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy import ndimage

from recohort.images.grid import Grid

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


def spread_slices(mask: np.ndarray, *, count: int) -> list[int]:
    """Return axial slices through a mask (x, y, z), each in the middle of an equal share of it, from below upwards."""
    filled = np.cumsum(np.count_nonzero(mask, axis=(0, 1)))
    return sorted(set(np.searchsorted(filled, filled[-1] * (np.arange(count) + 0.5) / count).tolist()))


def axial(
    image: np.ndarray,
    affine: np.ndarray,
    found: np.ndarray,
    *,
    around: np.ndarray,
    slices: Callable[[np.ndarray], list[int]],
    pixel_mm: float,
    margin_mm: float,
    window: tuple[float, float],
) -> np.ndarray:
    """Draw axial slices of an image of any orientation and spacing; an oblique one stays oblique.

    Parameters
    ----------
    image : ndarray, (x, y, z)
        NaN where nothing is known.
    affine : ndarray, (4, 4)
        Its voxels to mm.
    found : ndarray of bool or int, (x, y, z)
        As `overlay`.
    around : ndarray of bool, (x, y, z)
        What has to be in the picture.
    slices : callable
        Takes `found` as a mask, its last axis upwards; returns the slices to draw.
    pixel_mm, margin_mm : float
        Edge of a pixel, and what is seen around `around`.
    window : tuple of float
        As `overlay`.

    Returns
    -------
    ndarray of uint8, (row, column)
        As `overlay`.
    """
    turned = Grid.between(image.shape, affine, orientation="RAS", spacing_mm=(None, None, None))
    labels = turned.there(found)
    chosen = slices(labels > 0)
    plane = Grid.between(
        (*turned.inner_shape[:2], len(chosen)),
        np.diag([*turned.spacing, 1]),
        orientation="RAS",
        spacing_mm=(pixel_mm, pixel_mm, None),
    )
    known = np.isfinite(image)

    def there(volume):
        return plane.there(turned.there(volume)[..., chosen])

    drawn = np.zeros(plane.inner_shape, np.uint8)
    for number, label in enumerate(np.unique(found[found > 0]), start=1):
        drawn[there(found == label) > 0.5] = number
    share = there(known)
    values = there(np.where(known, image, 0)) / np.where(share > 0.5, share, np.nan)
    return overlay(values, drawn, None, around=there(around) > 0.5, margin=round(margin_mm / pixel_mm), window=window)


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
        Axes to the right and to the front, of one spacing, which becomes a pixel. What is NaN is black.
    found : ndarray of bool or int, (x, y, slice)
        What was segmented, or labels of several structures: a solid outline within each.
    truth : ndarray of bool, (x, y, slice), or None
        What is true: a dashed outline around it.
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
        grey = np.nan_to_num(np.clip((image[part] - low) / (high - low), 0, 1)) * (GREYS - 1)
        tile = grey.round().astype(np.uint8)
        if truth is not None:
            tile[_around(truth[part]) & _dashes(tile.shape)] = DASHED
        tile[_edge(found[part])] = SOLID
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


def _edge(labels: np.ndarray) -> np.ndarray:
    """Pixels of a label that touch another, or none; the image's border is none."""
    padded = np.pad(labels, 1)
    inner = (slice(1, -1), slice(1, -1))
    beside = [np.roll(padded, shift, axis)[inner] for axis in (0, 1) for shift in (-1, 1)]
    return (labels != 0) & np.any([labels != other for other in beside], axis=0)


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
