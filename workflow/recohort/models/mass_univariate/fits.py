"""One linear model for every voxel of maps, in closed form on what the nuisance columns leave."""

from typing import NamedTuple

import numpy as np

from recohort.core.errors import InputError

_AT_ONCE = 4096
_COLLINEAR = 1e-9
_CONSTANT = 1e-20


class Block(NamedTuple):
    """Voxels that share a design.

    Attributes
    ----------
    voxels : slice
    columns : ndarray of float32, shape (n, 1 + q)
        The exposure's part that no nuisance column explains, of length 1; then an orthonormal basis of the nuisance
        columns without the constant, to which residuals and their permutations are orthogonal anyway.
    slope, rest : ndarray of float32, shape (size,), or None
        Where every voxel has a covariate of its own: that covariate's product with the exposure's part, and the length
        of what it leaves of it.
    """

    voxels: slice
    columns: np.ndarray
    slope: np.ndarray | None
    rest: np.ndarray | None


class Fits(NamedTuple):
    """Fitted voxels.

    Attributes
    ----------
    coefficient, t : ndarray, shape (v,)
        Of the exposure, calculated in float64; nan where the values do not vary about the reduced model.
    df : int
        Residual degrees of freedom.
    blocks : list of Block
    """

    coefficient: np.ndarray
    t: np.ndarray
    df: int
    blocks: list[Block]


def fit_voxels(
    y: np.ndarray,
    x: np.ndarray,
    nuisance: np.ndarray,
    *,
    covariates: np.ndarray | None,
    which: np.ndarray | None,
    names: list[str],
) -> Fits:
    """Fit ``y = x b + nuisance g + own covariate d + e`` in every voxel.

    `y` is overwritten by the residuals of the model without `x`, of length 1 in every voxel (0 where nothing is left);
    so are voxels' own covariates by their part that `nuisance` does not explain.

    Parameters
    ----------
    y : ndarray of float32, shape (n, v), C-contiguous
    x : ndarray, shape (n,)
        The exposure.
    nuisance : ndarray, shape (n, k)
        Its first column is the intercept.
    covariates : ndarray or None
        Shape (n, g), and `which` says whose voxel is which column's; or float32 of shape (n, v), a column a voxel.
    which : ndarray of int, shape (v,), or None
        Column of each voxel, never falling: voxels of one column stand together.
    names : list of str
        Of the nuisance columns, then of the g covariates, then of the exposure.

    Raises
    ------
    InputError
        A column is constant or a combination of the others, or there are too few rows.
    """
    n, k = nuisance.shape
    df = n - k - 1 - (covariates is not None)
    if df < 1:
        raise InputError(f"the voxelwise model has {n} rows for {n - df} coefficients, expected more rows")
    coefficient, t, blocks = np.empty(y.shape[1]), np.empty(y.shape[1]), []
    if covariates is None or which is not None:
        for voxels, column in _groups(y.shape[1], which):
            own = [] if column is None else [covariates[:, column]]
            said = names[:k] + [names[k + column] for _ in own] + names[-1:]
            basis, tested, length = _orthonormal(np.column_stack([nuisance, *own, x]), said)
            blocks.append(Block(voxels, np.column_stack([tested, basis[:, 1:]]).astype(np.float32), None, None))
            for part in _parts(voxels):
                along, defined = _residuals(y, part, basis, tested)
                coefficient[part], t[part] = _estimates(along, defined, 1.0, length, df)
        return Fits(coefficient, t, df, blocks)
    basis, tested, length = _orthonormal(np.column_stack([nuisance, x]), names[:k] + names[-1:])
    slope, rest = np.empty(y.shape[1], np.float32), np.empty(y.shape[1], np.float32)
    for part in _parts(slice(0, y.shape[1])):
        own = covariates[:, part].astype(float)
        total = (own**2).sum(axis=0)
        own -= basis @ (basis.T @ own)
        left = (own**2).sum(axis=0)
        own /= np.sqrt(np.where(left > _COLLINEAR**2 * total, left, np.inf))
        along_own = tested @ own
        free = np.sqrt(np.maximum(1 - along_own**2, 0))
        usable = (left > _COLLINEAR**2 * total) & (free > _COLLINEAR)
        free[~usable] = 1.0
        covariates[:, part] = own
        slope[part], rest[part] = along_own, free
        along, defined = _residuals(y, part, basis, (tested[:, None] - own * along_own) / free, own, usable)
        coefficient[part], t[part] = _estimates(along, defined, free, length, df)
    columns = np.column_stack([tested, basis[:, 1:]]).astype(np.float32)
    return Fits(coefficient, t, df, [Block(slice(0, y.shape[1]), columns, slope, rest)])


def _orthonormal(columns: np.ndarray, names: list[str]) -> tuple[np.ndarray, np.ndarray, float]:
    """Return an orthonormal basis of all columns but the last, the last one's own direction, and its length there."""
    lengths = np.sqrt((columns**2).sum(axis=0))
    lengths[lengths == 0] = 1.0
    q, r = np.linalg.qr(columns / lengths)
    if (bad := np.flatnonzero(abs(np.diag(r)) < _COLLINEAR)).size:
        raise InputError(
            f"'{names[bad[0]]}' is constant or a linear combination of the terms before it, expected terms that differ"
        )
    return q[:, :-1], q[:, -1] * np.sign(r[-1, -1]), float(abs(r[-1, -1]) * lengths[-1])


def _residuals(
    y: np.ndarray,
    part: slice,
    basis: np.ndarray,
    tested: np.ndarray,
    own: np.ndarray | None = None,
    usable: np.ndarray | bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Overwrite voxels by their unit residuals; return products with `tested` and squared lengths, nan if undefined."""
    values = y[:, part].astype(float)
    total = (values**2).sum(axis=0)
    values -= basis @ (basis.T @ values)
    if own is not None:
        values -= own * (own * values).sum(axis=0)
    squares = (values**2).sum(axis=0)
    squares = np.where(usable & (squares > _CONSTANT * total), squares, np.nan)
    y[:, part] = np.nan_to_num(values / np.sqrt(squares))
    return (tested.T @ values if own is None else (tested * values).sum(axis=0)), squares


def _estimates(
    along: np.ndarray, squares: np.ndarray, free: np.ndarray | float, length: float, df: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients and t from products with the exposure's unit direction and squared lengths of residuals."""
    with np.errstate(divide="ignore"):
        return along / (free * length) + 0 * squares, along * np.sqrt(df / np.maximum(squares - along**2, 0))


def _groups(v: int, which: np.ndarray | None) -> list[tuple[slice, int | None]]:
    if which is None:
        return [(slice(0, v), None)]
    if (np.diff(which) < 0).any():
        raise ValueError("voxels of one covariate must stand together, columns in rising order")
    starts = np.flatnonzero(np.r_[True, np.diff(which) > 0])
    return [(slice(int(a), int(b)), int(which[a])) for a, b in zip(starts, np.r_[starts[1:], v], strict=True)]


def _parts(voxels: slice) -> list[slice]:
    starts = range(voxels.start, voxels.stop, _AT_ONCE)
    return [slice(start, min(start + _AT_ONCE, voxels.stop)) for start in starts]
