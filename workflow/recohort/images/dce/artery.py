"""The arterial input: concentration of contrast medium in the plasma that feeds the tissue."""

from dataclasses import dataclass

import numpy as np
from scipy.integrate import cumulative_trapezoid
from scipy.interpolate import CubicSpline
from scipy.ndimage import binary_erosion, uniform_filter
from scipy.stats import rankdata

from recohort.core.errors import InputError
from recohort.images.geometry import voxel_size

STEP_S = 0.5
"""Step of the grid on which an input is straight between points, finer than its first pass."""

HIGH, LOW_SIGNAL = 0.98, 0.05
"""Of an automatic artery: candidates peak above this quantile; their baseline is above this share of that quantile."""


@dataclass(frozen=True)
class Artery:
    """Plasma concentration, straight between its own points, and as it begins and ends beyond them.

    Attributes
    ----------
    time : ndarray, (points,)
        Seconds, increasing.
    plasma : ndarray, (points,)
        mM.
    """

    time: np.ndarray
    plasma: np.ndarray

    def at(self, times, delay: float):
        """Input `delay` seconds later than measured: on a grid that holds every bend of it and all of `times`.

        Returns
        -------
        minutes : ndarray, (grid,)
            The grid, minutes.
        plasma, area : ndarray, (grid,)
            mM, and its integral from the first point, mM min. Both are exact for a curve of straight pieces.
        where : ndarray of int, (times,)
            Which of the grid are `times`.
        """
        asked = np.asarray(times, dtype=float) - delay
        grid, where = np.unique(np.concatenate([asked, self.time[self.time < asked[-1]]]), return_inverse=True)
        plasma = np.interp(grid, self.time, self.plasma)
        minutes = grid / 60
        area = cumulative_trapezoid(plasma, minutes, initial=0)
        return minutes, plasma, area, where[: len(asked)]


def measured(times, plasma) -> Artery:
    """Return the input that a cubic spline draws through the frames: straight lines would cut its first pass.

    Parameters
    ----------
    times : array_like, (frames,)
        Seconds.
    plasma : array_like, (frames,)
        mM.
    """
    fine = _fine(times)
    return Artery(fine, CubicSpline(times, plasma)(fine))


def _fine(times) -> np.ndarray:
    steps = int(np.ceil((times[-1] - times[0]) / STEP_S))
    return np.linspace(times[0], times[-1], steps + 1)


def plasma_of(blood, *, haematocrit: float):
    """Plasma concentration of a blood concentration: contrast medium stays out of the cells."""
    return np.asarray(blood, dtype=float) / (1 - haematocrit)


def parker(times, *, arrival: float) -> np.ndarray:
    """Mean blood concentration, mM, of Parker et al 2006 (doi 10.1002/mrm.21066) at `times`, s; by dcmri.

    Without recirculation before `arrival`, s: 0 there.
    """
    from dcmri import aif_parker

    times = np.asarray(times, dtype=float)
    return np.where(times < arrival, 0.0, aif_parker(times, BAT=arrival) * 1000)


def population(times, *, arrival: float, haematocrit: float) -> Artery:
    """Return the input of Parker et al, arriving at `arrival` (s), on a grid finer than the frames."""
    fine = _fine(times)
    return Artery(fine, plasma_of(parker(fine, arrival=arrival), haematocrit=haematocrit))


def core(mask: np.ndarray, affine: np.ndarray, *, edge_voxels: int) -> np.ndarray:
    """Take voxels off the edge of a mask, within the slices: there movement and partial volume mix in other tissue.

    Parameters
    ----------
    mask : ndarray of bool, (x, y, z)
        The artery.
    affine : ndarray, (4, 4)
        Slices are across the longest edge of a voxel.
    edge_voxels : int
        How many voxels.

    Raises
    ------
    InputError
        Nothing is left.
    """
    if edge_voxels == 0 or not mask.any():
        return mask
    square = np.ones([1 if axis == int(np.argmax(voxel_size(affine))) else 3 for axis in range(3)])
    left = binary_erosion(mask, square, iterations=edge_voxels)
    if not left.any():
        raise InputError(
            f"the mask of aorta has {int(mask.sum())} voxels and none once {edge_voxels} are taken off its edge, "
            "expected a larger one, or images.aif.edge_voxels 0"
        )
    return left


def find_artery(series, *, before: int, skip_first: int, voxels: int) -> np.ndarray:
    """Choose voxels that enhance early, high and briefly; the same voxels for the same images.

    The frames are smoothed over 3 voxels along each axis, as noise would choose itself among the highest peaks, and the
    middle of a vessel is wanted. Candidates are the voxels whose relative enhancement peaks above the quantile `HIGH`.
    They are ranked by height of the peak, by when half of it is reached, and by how long the curve stays above half of
    it; the lowest sums win, the lower index among equals.

    Parameters
    ----------
    series : array_like, (x, y, z, frames)
        Arbitrary units.
    before, skip_first : int
        Frames before the tissue enhances, and how many of them, the first, are skipped.
    voxels : int
        How many are chosen.

    Returns
    -------
    ndarray of bool, (x, y, z)

    Raises
    ------
    InputError
        There are fewer candidates.
    """
    smooth = uniform_filter(np.asarray(series, dtype=np.float32), (3, 3, 3, 1), mode="nearest")
    signal = smooth.reshape(-1, smooth.shape[-1])
    base = signal[:, skip_first : max(before, skip_first + 1)].mean(axis=1)
    seen = np.flatnonzero(np.isfinite(signal).all(axis=1) & (base > LOW_SIGNAL * np.quantile(base, HIGH)))
    rise = signal[seen, skip_first:] / base[seen, None] - 1
    height = rise.max(axis=1)
    chosen = height >= np.quantile(height, HIGH)
    seen, rise, height = seen[chosen], rise[chosen], height[chosen]
    if len(seen) < voxels:
        raise InputError(
            f"found {len(seen)} voxels that enhance like an artery, expected {voxels} (images.aif.voxels): "
            "give a mask of the aorta"
        )
    above = rise >= height[:, None] / 2
    first = above.argmax(axis=1)
    rows = np.arange(len(seen))
    earlier = rise[rows, np.maximum(first - 1, 0)]
    reached = first - (rise[rows, first] - height / 2) / np.maximum(rise[rows, first] - earlier, 1e-6)
    score = rankdata(-height) + rankdata(reached) + rankdata(above.sum(axis=1))
    mask = np.zeros(len(signal), dtype=bool)
    mask[seen[np.argsort(score, kind="stable")[:voxels]]] = True
    return mask.reshape(smooth.shape[:3])
