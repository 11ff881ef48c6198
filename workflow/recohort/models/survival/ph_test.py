"""Score test of proportional hazards, as ``cox.zph`` of R's survival 3.

Grambsch PM, Therneau TM, Biometrika 1994;81:515-526 (doi 10.1093/biomet/81.3.515), in the score form of Therneau's
survival 3.0: the test of theta = 0 in the hazard ratio exp((beta + theta g(t)) x), with the full information of
(beta, theta).
"""

import numpy as np

from recohort.core.errors import InputError
from recohort.models.design import Term
from recohort.models.distributions import chi2_p
from recohort.models.survival.coxph import CoxFit


def ph_test(
    fit: CoxFit, terms: list[Term], time: np.ndarray, event: np.ndarray, *, transform: str
) -> list[tuple[str, float, int, float]]:
    """Return ``(term, chi-squared, df, p)`` for each term, then for all together (``GLOBAL``).

    Parameters
    ----------
    fit : CoxFit
        With no diverged coefficient.
    terms : list of Term
        Columns of the design by term; a factor is tested as a whole.
    time, event : ndarray, shape (n,)
        As fitted.
    transform : {"km", "rank", "identity", "log"}
        g(t); ``km`` is one minus the left-continuous Kaplan-Meier curve of all rows.

    Raises
    ------
    InputError
        The logarithm of an event at time 0 is asked for.
    """
    sets, moments = fit.risk_sets, fit.moments
    g = _transformed(sets.moment, time, event, transform)
    if not np.isfinite(g).all():
        raise InputError("test of proportional hazards: time 0 has no logarithm, expected another ph_transform")
    g = g - g.mean()
    u = sets.schoenfeld(moments) @ g
    corner = sets.information(moments)
    cross, square = sets.information(moments, g), sets.information(moments, g**2)
    # The information of theta given beta: theta's block less what beta explains.
    adjusted = square - cross @ np.linalg.solve(corner, cross)
    parts = [(term.name, term.where) for term in terms] + [("GLOBAL", slice(0, len(u)))]
    tests = []
    for name, where in parts:
        block = adjusted[where, where]
        if np.linalg.matrix_rank(block, tol=1e-9 * max(1.0, np.abs(block).max())) < len(block):
            tests.append((name, np.nan, len(block), np.nan))  # too few event times to tell
            continue
        statistic = float(u[where] @ np.linalg.solve(block, u[where]))
        tests.append((name, statistic, len(block), chi2_p(statistic, len(block))))
    return tests


def _transformed(moment: np.ndarray, time: np.ndarray, event: np.ndarray, transform: str) -> np.ndarray:
    """Return g at the times of death; ranks are among all rows, those censored included."""
    if transform == "identity":
        return moment
    if transform == "log":
        with np.errstate(divide="ignore"):
            return np.log(moment)
    ordered = np.sort(time)
    if transform == "rank":
        return (np.searchsorted(ordered, moment, "left") + np.searchsorted(ordered, moment, "right") + 1) / 2
    times, deaths = np.unique(time[event == 1], return_counts=True)
    survival = np.cumprod(1 - deaths / (len(time) - np.searchsorted(ordered, times, "left")))
    return 1 - np.r_[1.0, survival][np.searchsorted(times, moment, "left")]
