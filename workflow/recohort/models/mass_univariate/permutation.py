"""Permutation tests of every voxel with the greatest statistic of each map: Freedman and Lane's, in batches.

Freedman D, Lane D, J Bus Econ Stat 1983;1:292-298 (doi 10.1080/07350015.1983.10509354); Winkler AM et al., NeuroImage
2014;92:381-397 (doi 10.1016/j.neuroimage.2014.01.060). Residuals e of the model without the exposure are permuted; the
fit that is added back does not change t. With e and the exposure's own direction u of length 1, and Q a basis of the
nuisance columns, t = a sqrt(df / (1 - |Q'Pe|^2 - a^2)) where a = u'Pe: products of [u, Q] in permuted order with e.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numba import njit

from recohort.models.mass_univariate.enhancement import Neighbours, enhance
from recohort.models.mass_univariate.fits import Block, Fits

_BATCH = 32
_AT_ONCE = 2048
_LEAST = 1e-6
_TIE = 1e-5


class Tests(NamedTuple):
    """Voxels judged by the permutations.

    Attributes
    ----------
    p_max_t : ndarray, shape (v,)
        Share of all orders, the observed one among them, whose greatest |t| reaches the voxel's.
    greatest_t : ndarray, shape (1 + permutations,)
        Greatest |t| of each order; the observed one's first.
    tfce, p_tfce, greatest_tfce : ndarray or None
        The same of the enhanced map, which has the sign of t.
    """

    p_max_t: np.ndarray
    greatest_t: np.ndarray
    tfce: np.ndarray | None
    p_tfce: np.ndarray | None
    greatest_tfce: np.ndarray | None


def draw_orders(n: int, permutations: int, generator: np.random.Generator) -> np.ndarray:
    """Return orders of the rows, shape (1 + permutations, n); the first is the observed one."""
    return np.stack([np.arange(n), *(generator.permutation(n) for _ in range(permutations))]).astype(np.int32)


def judge(
    residuals: np.ndarray,
    fits: Fits,
    orders: np.ndarray,
    *,
    covariates: np.ndarray | None,
    around: Neighbours | None,
    tfce: dict | None,
) -> Tests:
    """Return p-values corrected for all voxels together, two-sided.

    Parameters
    ----------
    residuals : ndarray of float32, shape (n, v)
        What `fit_voxels` left of the maps.
    fits : Fits
        What it found.
    orders : ndarray of int, shape (1 + permutations, n)
        The first is the observed order.
    covariates : ndarray of float32, shape (n, v), or None
        What `fit_voxels` left of voxels' own covariates; None where there is none, or a few columns.
    around : Neighbours or None
        Of the voxels, for `tfce`.
    tfce : dict or None
        ``extent, height, steps`` of `enhance`; None for none.
    """
    greatest_t, greatest_tfce, t, enhanced = [], [], None, None
    for batch in permuted_t(residuals, fits, orders, covariates=covariates):
        t = batch[0].copy() if t is None else t
        greatest_t.append(np.abs(batch).max(axis=1))
        if tfce is not None:
            maps = enhance(batch, around, **tfce)
            enhanced = maps[0].copy() if enhanced is None else enhanced
            greatest_tfce.append(np.abs(maps).max(axis=1))
    greatest_t = np.concatenate(greatest_t)
    p_max_t = reached(t, greatest_t)
    if tfce is None:
        return Tests(p_max_t, greatest_t, None, None, None)
    greatest_tfce = np.concatenate(greatest_tfce)
    return Tests(p_max_t, greatest_t, enhanced, reached(enhanced, greatest_tfce), greatest_tfce)


def permuted_t(
    residuals: np.ndarray, fits: Fits, orders: np.ndarray, *, covariates: np.ndarray | None
) -> Iterator[np.ndarray]:
    """Yield t in a few orders of the rows at a time, float32, shape (orders, v); 0 where t is undefined."""
    for start in range(0, len(orders), _BATCH):
        batch = orders[start : start + _BATCH]
        t = np.empty((len(batch), residuals.shape[1]), np.float32)
        for block in fits.blocks:
            rows = np.ascontiguousarray(block.columns.T[:, batch]).reshape(-1, len(residuals))
            for first in range(block.voxels.start, block.voxels.stop, _AT_ONCE):
                part = slice(first, min(first + _AT_ONCE, block.voxels.stop))
                found = (rows @ residuals[:, part]).reshape(-1, len(batch), part.stop - first)
                along, explained = found[0], np.einsum("kbv,kbv->bv", found[1:], found[1:])
                if block.slope is not None:
                    along, explained = _beside_own(along, explained, block, part, covariates, residuals, batch)
                left = np.maximum(1 - explained - along * along, np.float32(_LEAST))
                np.multiply(along, np.sqrt(np.float32(fits.df) / left), out=t[:, part])
        yield t


def reached(observed: np.ndarray, greatest: np.ndarray) -> np.ndarray:
    """Return the share of orders whose greatest size reaches each observed one's; equal up to rounding is reached."""
    below = np.searchsorted(np.sort(greatest), np.abs(observed) * np.float32(1 - _TIE), side="left")
    return (len(greatest) - below) / len(greatest)


def _beside_own(
    along: np.ndarray,
    explained: np.ndarray,
    block: Block,
    part: slice,
    covariates: np.ndarray,
    residuals: np.ndarray,
    batch: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return both products where every voxel's own covariate is one more nuisance column."""
    own = np.zeros_like(along)
    _products(covariates, residuals, batch, part.start, own)
    return (along - block.slope[part] * own) / block.rest[part], explained + own * own


@njit("void(float32[:, ::1], float32[:, ::1], int32[:, ::1], int64, float32[:, ::1])")
def _products(covariates, residuals, orders, first, found):
    """Add up covariates in permuted order times residuals, voxel by voxel, a few voxels at a time to stay in cache."""
    for start in range(0, found.shape[1], 64):
        stop = min(start + 64, found.shape[1])
        for p in range(orders.shape[0]):
            total = found[p, start:stop]
            for i in range(orders.shape[1]):
                own = covariates[orders[p, i], first + start : first + stop]
                left = residuals[i, first + start : first + stop]
                for j in range(total.size):
                    total[j] += own[j] * left[j]
