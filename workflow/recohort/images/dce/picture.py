"""The tumour on the map of plasma volume, before and after treatment."""

import numpy as np

from recohort.images.grid import Grid
from recohort.images.overlay import fullest_slices, overlay

WINDOW, PIXEL_MM, MARGIN_MM = (0.0, 0.15), 0.5, 40
"""What is black and white (fraction), the edge of a pixel, what is seen around the tumour."""


def side_by_side(sessions) -> np.ndarray:
    """Draw the axial slice with most tumour of each session, the first on the left.

    Parameters
    ----------
    sessions : list of (vp, affine, tumour)
        Map (x, y, z), NaN where nothing was fitted, its affine and mask; each session on its own grid.

    Returns
    -------
    ndarray of uint8, (row, column)
        Numbers of colours of `overlay.PALETTE`; black where a session's picture is the smaller.
    """
    pictures = [_slice(*session) for session in sessions]
    rows = max(picture.shape[0] for picture in pictures)
    return np.hstack([np.pad(picture, ((0, rows - picture.shape[0]), (0, 0))) for picture in pictures])


def _slice(vp, affine, tumour) -> np.ndarray:
    grid = Grid.between(vp.shape, affine, orientation="RAS", spacing_mm=(PIXEL_MM, PIXEL_MM, None))
    tumour = grid.there(tumour) > 0.5
    shown = fullest_slices(tumour, count=1)
    return overlay(
        grid.there(np.nan_to_num(vp))[..., shown],
        tumour[..., shown],
        None,
        around=tumour[..., shown],
        margin=round(MARGIN_MM / PIXEL_MM),
        window=WINDOW,
    )
