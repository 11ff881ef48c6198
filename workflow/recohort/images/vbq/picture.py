"""A small picture of what was measured: a sagittal slice, anterior on the left, with outlines and the levels' names."""

import numpy as np
from scipy import ndimage

from recohort.images.grid import Grid
from recohort.images.overlay import DASHED, GREYS, LETTER, SOLID

PIXEL_MM, MARGIN_MM, AWAY = 0.7, 14.0, 5
"""The edge of a pixel; what is seen around the bodies; pixels between a body and its name."""
BRIGHT = 1.7
"""What is white, in medians of the marrow."""
DIGITS = {
    "L": ("100", "100", "100", "100", "111"),
    "1": ("010", "110", "010", "010", "111"),
    "2": ("110", "001", "010", "100", "111"),
    "3": ("110", "001", "010", "001", "110"),
    "4": ("101", "101", "111", "001", "001"),
    "5": ("111", "100", "110", "001", "110"),
    "6": ("011", "100", "110", "101", "010"),
    "7": ("111", "001", "010", "010", "010"),
}


def sagittal(image: np.ndarray, marrow: dict[str, np.ndarray], fluid: np.ndarray, spacing) -> np.ndarray:
    """Draw the slice that holds most of what was measured.

    Parameters
    ----------
    image : ndarray, (x, y, z)
        Axes to the right, to the front and upwards.
    marrow : dict of str to ndarray of bool, (x, y, z)
        What is measured of each level: a solid outline in the first colour, within it.
    fluid : ndarray of bool, (x, y, z)
        CSF that is measured: a solid outline in the second colour.
    spacing : tuple of float
        mm.

    Returns
    -------
    ndarray of uint8, (row, column)
        Numbers of colours of `overlay.PALETTE`. A level that is measured in another slice has a dotted outline.
    """
    everything = np.any([fluid, *marrow.values()], axis=0)
    number = int(everything.sum(axis=(1, 2)).argmax())
    square = Grid.between(
        (1, *image.shape[1:]), np.diag([*spacing, 1.0]), orientation="RAS", spacing_mm=(None, PIXEL_MM, PIXEL_MM)
    )

    def plane(array):
        return square.there(array[None])[0].T[::-1, ::-1]

    white = BRIGHT * np.median(image[np.any(list(marrow.values()), axis=0)])
    grey = np.clip(plane(image[number]) / white, 0, 1) * (GREYS - 1)
    picture = grey.round().astype(np.uint8)
    for name, mask in marrow.items():
        here = mask[number].any()
        inside = plane((mask[number] if here else mask.any(axis=0)).astype(float)) > 0.5
        edge = inside & ~ndimage.binary_erosion(inside)
        picture[edge if here else edge & _dots(edge.shape)] = SOLID
        _write(picture, name, inside)
    inside = plane(fluid.any(axis=0).astype(float)) > 0.5
    picture[inside & ~ndimage.binary_erosion(inside)] = DASHED
    return picture[_crop(plane(everything.any(axis=0).astype(float)) > 0.5)]


def _crop(inside: np.ndarray) -> tuple[slice, slice]:
    made, margin = [], round(MARGIN_MM / PIXEL_MM)
    for axis, wide in ((1, 1), (0, 3)):
        line = np.flatnonzero(inside.any(axis=axis))
        made.append(slice(max(0, int(line[0]) - wide * margin), int(line[-1]) + 1 + wide * margin))
    return tuple(made)


def _dots(shape: tuple[int, int]) -> np.ndarray:
    row, column = np.indices(shape)
    return (row + column) // 2 % 2 == 0


def _write(picture: np.ndarray, name: str, inside: np.ndarray) -> None:
    """Write a name in front of a body, on black, two pixels to a point."""
    if not inside.any() or not all(letter in DIGITS for letter in name):
        return
    words = [np.array([[point == "1" for point in line] for line in DIGITS[letter]]) for letter in name]
    points = np.hstack([np.pad(word, ((1, 1), (1, 0))) for word in words])
    points = np.pad(points, ((0, 0), (0, 1))).repeat(2, 0).repeat(2, 1)
    rows, columns = np.nonzero(inside)
    top = max(0, round(float(rows.mean())) - points.shape[0] // 2)
    left = max(0, int(columns.min()) - AWAY - points.shape[1])
    place = picture[top : top + points.shape[0], left : left + points.shape[1]]
    place[:] = np.where(points[: place.shape[0], : place.shape[1]], LETTER, 0)
