"""What drawn slices of images share: their axes, the letters at their edges."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation

EDGE = [withStroke(linewidth=1.2, foreground="black")]
"""What keeps white words legible on an image."""


def canonical(data: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the image with its axes running to the right, to the front and upwards, and its affine."""
    orientation = io_orientation(affine)
    return apply_orientation(data, orientation), affine @ inv_ornt_aff(orientation, data.shape)


def edge_letters(axes: Axes, letters: str, *, height: float) -> None:
    """Write the letters of the left and the right edge, e.g. ``LR``; `height` 0 is the lower edge, 1 the upper."""
    for x, letter, align in ((0.03, letters[0], "left"), (0.97, letters[1], "right")):
        place = {"transform": axes.transAxes, "ha": align, "va": "center"}
        axes.text(x, height, letter, color="white", fontsize=6.5, path_effects=EDGE, **place)
