"""The effect of an exposure at given values of a modifier, from the coefficients of a model with their product."""

from typing import NamedTuple

import numpy as np

from recohort.models.distributions import normal_p, two_sided_z
from recohort.models.regression.terms import Terms


class Linear(NamedTuple):
    """Linear combinations of coefficients, arrays of shape (m,); nan where one of the coefficients is not finite."""

    estimate: np.ndarray
    error: np.ndarray

    def ratio(self, level: float) -> dict[str, np.ndarray]:
        """Return the ratio exp(estimate) with its Wald interval, and z and p."""
        z = two_sided_z(level)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            statistic = self.estimate / self.error
            return {
                "estimate": np.exp(self.estimate),
                "std_error": self.error,
                "conf_low": np.exp(self.estimate - z * self.error),
                "conf_high": np.exp(self.estimate + z * self.error),
                "statistic": statistic,
                "p_value": normal_p(statistic),
            }


def linear(beta: np.ndarray, covariance: np.ndarray, contrasts: np.ndarray) -> Linear:
    """Return ``contrasts @ beta`` and its standard errors.

    Parameters
    ----------
    beta, covariance : ndarray, shapes (k,) and (k, k)
        Of a model; infinite or nan where a coefficient has no finite estimate.
    contrasts : ndarray, shape (m, k)
        Rows of factors.
    """
    known = np.isfinite(beta) & np.isfinite(np.diag(covariance))
    estimate = contrasts[:, known] @ beta[known]
    variance = np.einsum("ij,jk,ik->i", contrasts[:, known], covariance[np.ix_(known, known)], contrasts[:, known])
    lost = (contrasts[:, ~known] != 0).any(axis=1)
    return Linear(np.where(lost, np.nan, estimate), np.where(lost, np.nan, np.sqrt(np.maximum(variance, 0))))


def contrasts(terms: Terms, exposure: str, column: int, modifier: str, bases: np.ndarray, *, before: int) -> np.ndarray:
    """Return the factors of an exposure's log odds ratio at values of the modifier, shape (m, k).

    Parameters
    ----------
    terms : Terms
        The model's design, with the product of exposure and modifier.
    exposure, modifier : str
        Their columns.
    column : int
        Which column of the exposure: a category has one per level but the first.
    bases : ndarray, shape (m, c)
        Basis of the modifier's values.
    before : int
        How many coefficients of the model stand before those of the design: 1 for an intercept.
    """
    factors = np.zeros((len(bases), before + terms.x.shape[1]))
    main, product = terms.block(exposure), terms.block(exposure, modifier)
    factors[:, before + main.where.start + column] = 1.0
    size = bases.shape[1]
    if product.parts[0] == exposure:
        where = product.where.start + column * size + np.arange(size)
    else:
        where = product.where.start + column + np.arange(size) * (main.where.stop - main.where.start)
    factors[:, before + where] = bases
    return factors


def johnson_neyman(
    beta: np.ndarray,
    covariance: np.ndarray,
    terms: Terms,
    exposure: str,
    modifier: str,
    *,
    before: int,
    level: float,
) -> tuple[list[float], np.ndarray]:
    """Return where the interval of the exposure's ratio begins or ceases to include 1, and each row's side.

    Johnson PO, Neyman J, Stat Res Mem 1936;1:57-93; Bauer DJ, Curran PJ, Multivariate Behav Res 2005;40:373-400
    (doi 10.1207/s15327906mbr4003_5). With one coefficient for the modifier the bounds are the roots of a quadratic,
    and may lie outside the data; with a spline they are sought between the least and the greatest value.

    Parameters
    ----------
    beta, covariance, terms, exposure, modifier, before
        As in `contrasts` and `linear`; the exposure has one column, the modifier is a number.
    level : float
        Confidence level of the pointwise Wald intervals.

    Returns
    -------
    bounds : list of float
        Values of the modifier, rising.
    side : ndarray, shape (n,)
        -1 where a row's interval lies below 1, 1 where above, 0 where it includes 1 or is not known.
    """
    z, form, values = two_sided_z(level), terms.forms[modifier], terms.raw[modifier][:, 0]

    def margins(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = linear(beta, covariance, contrasts(terms, exposure, 0, modifier, form.basis(points), before=before))
        return found.estimate - z * found.error, found.estimate + z * found.error

    low, high = margins(values)
    side = np.where(low > 0, 1, np.where(high < 0, -1, 0))
    if not np.isfinite(low).all():
        return [], side
    if form.kind == "spline":
        return _crossings(margins, np.linspace(values.min(), values.max(), 2001)), side
    ends = contrasts(terms, exposure, 0, modifier, np.array([[0.0], [1.0]]), before=before)
    used = ends.any(axis=0)  # another coefficient may have no finite estimate
    first, second = ends[0, used], (ends[1] - ends[0])[used]
    known, spread = beta[used], covariance[np.ix_(used, used)]
    products = [(one @ spread @ two, (one @ known) * (two @ known)) for one, two in _pairs(first, second)]
    constant, cross, square = (size - z**2 * variance for variance, size in products)
    roots = np.roots([square, 2 * cross, constant])
    real = sorted(root.real for root in roots if abs(root.imag) <= 1e-12 * max(abs(root), 1e-300))
    with np.errstate(over="ignore"):
        return [form.inverse(root) for root in real], side


def _pairs(first: np.ndarray, second: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(first, first), (first, second), (second, second)]


def _crossings(margins: object, grid: np.ndarray) -> list[float]:
    """Return where one of the margins crosses zero, by halving between neighbours of the grid."""
    found = []
    for which in (0, 1):
        sign = np.sign(margins(grid)[which])
        for index in np.flatnonzero(sign[:-1] * sign[1:] < 0):
            low, high = grid[index], grid[index + 1]
            for _ in range(60):
                middle = (low + high) / 2
                same = np.sign(margins(np.array([middle]))[which][0]) == sign[index]
                low, high = (middle, high) if same else (low, middle)
            found.append(float((low + high) / 2))
    return sorted(found)
