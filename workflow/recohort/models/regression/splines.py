"""Restricted cubic splines: a smooth curve between outer knots, straight beyond them.

Durrleman S, Simon R, Stat Med 1989;8:551-561 (doi 10.1002/sim.4780080504); Harrell FE, Regression Modeling Strategies
(2nd ed. 2015), section 2.4.5.
"""

import numpy as np

from recohort.core.errors import InputError

OUTER = {3: 0.1, 4: 0.05, 5: 0.05, 6: 0.05, 7: 0.025}


def knots_of(x: np.ndarray, count: int) -> np.ndarray:
    """Return knots at Harrell's quantiles (linear interpolation, type 7), shape (count,).

    They are spread evenly from the quantile 0.1 to 0.9 (3 knots), 0.05 to 0.95 (4 to 6) or 0.025 to 0.975 (7).

    Parameters
    ----------
    x : ndarray, shape (n,)
        Values; missing ones are left out.
    count : int
        3 to 7.

    Raises
    ------
    InputError
        Another number of knots, or values so often tied that two quantiles fall together.
    """
    if count not in OUTER:
        raise InputError(f"found {count} knots, expected 3 to 7 or a list of values")
    seen = x[~np.isnan(x)]
    if not seen.size:
        raise InputError("found no value to place knots on, expected some")
    outer = OUTER[count]
    return checked_knots(np.quantile(seen, np.linspace(outer, 1 - outer, count)))


def checked_knots(knots: list[float] | np.ndarray) -> np.ndarray:
    """Return knots as an array, shape (k,).

    Raises
    ------
    InputError
        There are fewer than three, or they do not increase.
    """
    knots = np.asarray(knots, float)
    said = ", ".join(f"{knot:g}" for knot in knots)
    if knots.size < 3:
        raise InputError(f"found the knots {said}, expected three or more")
    if not (np.diff(knots) > 1e-12 * np.abs(knots).max()).all():
        raise InputError(f"found the knots {said}, expected each above the one before it; name other or fewer knots")
    return knots


def restricted_cubic(x: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return the basis of a restricted cubic spline, as Hmisc's ``rcspline.eval(x, knots, norm = 2, inclx = TRUE)``.

    Column j + 1 is ``(x - t_j)+^3 - (x - t_(k-1))+^3 (t_k - t_j) / d + (x - t_k)+^3 (t_(k-1) - t_j) / d`` over
    ``(t_k - t_1)^2``, with ``d = t_k - t_(k-1)``: every column has the unit of `x`.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Values.
    knots : ndarray, shape (k,)
        Increasing.

    Returns
    -------
    basis : ndarray, shape (n, k - 1)
        `x` itself, then k - 2 columns that are zero below the first knot.
    """
    cube = np.maximum(x[:, None] - knots, 0.0) ** 3
    inner, before, last = knots[:-2], knots[-2], knots[-1]
    bends = cube[:, :-2] + (cube[:, [-1]] * (before - inner) - cube[:, [-2]] * (last - inner)) / (last - before)
    return np.column_stack([x, bends / (last - knots[0]) ** 2])
