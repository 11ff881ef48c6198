"""A function of patches over a whole image: overlapping windows, blended."""

from collections.abc import Callable, Iterator

import numpy as np


def over_windows(
    predict: Callable[[np.ndarray], np.ndarray], image: np.ndarray, *, patch, overlap: float, blending: str, batch: int
) -> np.ndarray:
    """Return what `predict` says of an image, window by window.

    Parameters
    ----------
    predict : callable
        Takes (n, x, y, z) of the patch's shape, returns (n, channel, x, y, z).
    image : ndarray, (x, y, z)
        An image smaller than a patch is padded with 0.
    patch : sequence of 3 int
        Voxels of a window.
    overlap : float
        Least part of a window, along each axis, that the next one covers too; the last window ends with the image.
    blending : {"gaussian", "uniform"}
        Weight of a window's voxels where windows overlap: uniform, or falling towards its edge (SD an eighth of it).
    batch : int
        Windows that are predicted at once.

    Returns
    -------
    ndarray of float32, (channel, x, y, z)
        Weighted mean of the windows.
    """
    short = [max(0, size - n) for size, n in zip(patch, image.shape, strict=True)]
    padded = np.pad(image, [(n // 2, n - n // 2) for n in short])
    places = [starts(n, size, overlap) for n, size in zip(padded.shape, patch, strict=True)]
    windows = [(x, y, z) for x in places[0] for y in places[1] for z in places[2]]
    weight = _weight(patch, blending)
    total, weights = None, np.zeros(padded.shape, np.float32)
    for group in _groups(windows, batch):
        cuts = [tuple(slice(a, a + n) for a, n in zip(window, patch, strict=True)) for window in group]
        made = predict(np.stack([padded[cut] for cut in cuts]))
        if total is None:
            total = np.zeros((made.shape[1], *padded.shape), np.float32)
        for cut, one in zip(cuts, made, strict=True):
            total[(slice(None), *cut)] += weight * one
            weights[cut] += weight
    inner = tuple(slice(n // 2, n // 2 + size) for n, size in zip(short, image.shape, strict=True))
    return (total / weights)[(slice(None), *inner)]


def starts(count: int, size: int, overlap: float) -> list[int]:
    """Return where windows of `size` begin so that they cover `count` voxels evenly.

    Examples
    --------
    >>> starts(10, 4, 0.5)
    [0, 2, 4, 6]
    >>> starts(4, 4, 0.5)
    [0]
    """
    step = max(1, int(size * (1 - overlap)))
    windows = 1 + -(-(count - size) // step)
    return [round(i * (count - size) / max(windows - 1, 1)) for i in range(windows)]


def _groups(windows: list, size: int) -> Iterator[list]:
    for first in range(0, len(windows), size):
        yield windows[first : first + size]


def _weight(patch, blending: str) -> np.ndarray:
    if blending == "uniform":
        return np.ones(patch, np.float32)
    profiles = [np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / (n / 8)) ** 2) for n in patch]
    weight = np.einsum("i,j,k->ijk", *profiles)
    return np.maximum(weight, 1e-3).astype(np.float32)
