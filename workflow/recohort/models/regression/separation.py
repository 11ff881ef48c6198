"""Is a likelihood without a maximum? Decided by a linear programme, not by watching the iterations.

Albert A, Anderson JA, Biometrika 1984;71:1-10 (doi 10.1093/biomet/71.1.1).
"""

import numpy as np

_ZERO = 1e-7


def direction_of_separation(rows: np.ndarray) -> np.ndarray | None:
    """Return a direction d along which no ``rows @ d`` falls below zero and some rise above, or None.

    Along such a direction a likelihood whose terms grow with ``rows @ beta`` grows without bound or stays.

    Parameters
    ----------
    rows : ndarray, shape (n, p)
        For a logistic model ``(2 y - 1) x``, intercept among the columns of x.

    Returns
    -------
    direction : ndarray, shape (p,), or None
        In the unit of the columns, its largest part scaled column at most 1; exact zeros where it does not point.
    """
    from scipy.optimize import linprog

    scale = np.sqrt((rows**2).mean(axis=0))
    scale[scale == 0] = 1.0
    scaled = rows / scale
    found = linprog(-scaled.mean(axis=0), A_ub=-scaled, b_ub=np.zeros(len(rows)), bounds=(-1, 1), method="highs")
    if found.x is None or -found.fun < _ZERO:
        return None
    direction = np.where(np.abs(found.x) < _ZERO, 0.0, found.x)
    return direction / scale if (scaled @ direction > _ZERO).any() else None


def is_separated_by(rows: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Return which rows rise along the direction, shape (n,)."""
    size = np.sqrt((rows**2).mean(axis=0)) * np.abs(direction)
    return rows @ direction > 1e-6 * max(size.max(), 1e-300)


def independent_columns(x: np.ndarray, preferred: np.ndarray) -> np.ndarray:
    """Return which columns form a basis of all, shape (p,): the preferred ones first, then in order."""
    order = np.r_[np.flatnonzero(preferred), np.flatnonzero(~preferred)]
    kept, basis = np.zeros(x.shape[1], dtype=bool), np.empty((len(x), 0))
    for column in order:
        rest = x[:, column] - basis @ (basis.T @ x[:, column])
        rest -= basis @ (basis.T @ rest)
        size = np.linalg.norm(rest)
        if size > 1e-9 * max(np.linalg.norm(x[:, column]), 1e-300):
            kept[column], basis = True, np.column_stack([basis, rest / size])
    return kept
