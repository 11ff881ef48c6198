"""Simulation and extrapolation: more error is added to a column, and what it does is followed back to no error.

Cook JR, Stefanski LA, J Am Stat Assoc 1994;89:1314-1328 (doi 10.1080/01621459.1994.10476871); variance: Stefanski LA,
Cook JR, J Am Stat Assoc 1995;90:1247-1256 (doi 10.1080/01621459.1995.10476629).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from recohort.models.regression.measurement_error_fits import Regression

_GRID = np.linspace(0.0, 0.99, 100)
_BENDS = (1e-3, 0.985)


class Simex(NamedTuple):
    """What simulation and extrapolation found; k coefficients.

    Attributes
    ----------
    lambdas : ndarray, shape (m,)
        Added error variance over that of the measurement, the first 0.
    means : ndarray, shape (m, k)
        Mean coefficients of the replicates.
    beta : ndarray, shape (k,)
        Extrapolated to -1, where there is no error.
    covariance : ndarray, shape (k, k)
        Extrapolated; a diagonal element may not be above 0 where the data say too little.
    curves : tuple of Extrapolant, length k
    failed : int
        Replicates without a finite estimate, left out.
    least : int
        Replicates that were left at the multiple with the fewest.
    """

    lambdas: np.ndarray
    means: np.ndarray
    beta: np.ndarray
    covariance: np.ndarray
    curves: tuple["Extrapolant", ...]
    failed: int
    least: int


class Extrapolant(NamedTuple):
    """A curve over lambda: ``quadratic`` c0 + c1 l + c2 l^2, or ``rational`` c0 + c1 / (1 + c2 l)."""

    kind: str
    parameters: np.ndarray

    def at(self, lambdas: np.ndarray | float) -> np.ndarray:
        """Return the curve's values."""
        first, second, third = self.parameters
        if self.kind == "quadratic":
            return first + second * lambdas + third * np.square(lambdas)
        return first + second / (1 + third * lambdas)


def symmetric_noise(source: np.random.Generator, replicates: int, n: int) -> np.ndarray:
    """Return standard normal errors, shape (replicates, n), every second replicate the mirror image of the one before.

    What is odd in the error cancels in the mean; so the replicates' number is even.
    """
    half = source.standard_normal((replicates // 2, n))
    return np.stack([half, -half], axis=1).reshape(-1, n)


def simex(
    regression: Regression,
    designs: Callable[[np.ndarray], np.ndarray],
    measured: np.ndarray,
    sd: float,
    *,
    lambdas: np.ndarray,
    noise: np.ndarray,
    extrapolation: str,
) -> Simex:
    """Add error, fit, and extrapolate to no error.

    Parameters
    ----------
    regression : Regression
        The outcome and its model.
    designs : callable
        From values of the column, shape (B, n), to designs, shape (B, n, p).
    measured : ndarray, shape (n,)
        The column, on the scale on which the error is added.
    sd : float
        Of the error of measurement.
    lambdas : ndarray
        Multiples of its variance, above 0.
    noise : ndarray, shape (B, n)
        Standard normal errors; the same serve at every multiple.
    extrapolation : {"quadratic", "rational"}
        Curve of each coefficient. Where the rational one is not determined, the quadratic one is taken. The
        covariance (mean of the replicates' less their spread, divisor B) is always extrapolated by a quadratic.

    Raises
    ------
    InputError
        The model without added error cannot be fitted.
    """
    plain = regression.one(designs(measured[None])[0])
    lambdas = np.r_[0.0, np.sort(lambdas)]
    means, covariances, kept = [plain.beta], [plain.covariance], [len(noise)]
    step = max(1, 2_000_000 // (measured.size * max(len(plain.beta), 1)))
    for multiple in lambdas[1:]:
        betas, spreads = [], []
        for low in range(0, len(noise), step):
            values = measured + np.sqrt(multiple) * sd * noise[low : low + step]
            found = regression.many(designs(values), plain.beta)
            betas.append(found.beta[~found.failed])
            spreads.append(found.covariance[~found.failed])
        beta, covariance = np.concatenate(betas), np.concatenate(spreads)
        kept.append(len(beta))
        if not len(beta):
            means.append(np.full_like(plain.beta, np.nan))
            covariances.append(np.full_like(plain.covariance, np.nan))
            continue
        away = beta - beta.mean(axis=0)
        means.append(beta.mean(axis=0))
        covariances.append(covariance.mean(axis=0) - away.T @ away / len(beta))
    means = np.array(means)
    curves = tuple(extrapolant(lambdas, column, extrapolation) for column in means.T)
    covariance = _extrapolated(lambdas, np.array(covariances), extrapolation)
    beta = np.array([float(curve.at(-1.0)) for curve in curves])
    return Simex(lambdas, means, beta, covariance, curves, int(sum(len(noise) - k for k in kept)), min(kept))


def extrapolant(lambdas: np.ndarray, values: np.ndarray, kind: str) -> Extrapolant:
    """Return the least-squares curve of one coefficient over lambda, shape (m,); quadratic where rational fails."""
    if not np.isfinite(values).all():
        return Extrapolant("quadratic", np.full(3, np.nan))
    if kind == "rational" and (found := _rational(lambdas, values)) is not None:
        return Extrapolant("rational", found)
    powers = np.column_stack([np.ones_like(lambdas), lambdas, lambdas**2])
    return Extrapolant("quadratic", np.linalg.lstsq(powers, values, rcond=None)[0])


def _extrapolated(lambdas: np.ndarray, values: np.ndarray, kind: str) -> np.ndarray:
    """Return matrices over lambda, shape (m, k, k), element by element at -1."""
    flat = values.reshape(len(lambdas), -1).T
    found = [float(extrapolant(lambdas, element, kind).at(-1.0)) for element in flat]
    return np.array(found).reshape(values.shape[1:])


def _rational(lambdas: np.ndarray, values: np.ndarray) -> np.ndarray | None:
    """Return a, b, u of a + b / (1 + u l), 0 < u < 1; None where the curve bends otherwise or hardly."""
    spread = np.ptp(values)
    if spread <= 1e-12 * np.abs(values).max():
        return None

    def linear_part(bend: float) -> tuple[float, np.ndarray]:
        basis = np.column_stack([np.ones_like(lambdas), 1 / (1 + bend * lambdas)])
        factors = np.linalg.lstsq(basis, values, rcond=None)[0]
        return float(((values - basis @ factors) ** 2).sum()), factors

    losses = [linear_part(bend)[0] for bend in _GRID[1:]]
    bend = float(_GRID[1 + int(np.argmin(losses))])
    found = np.array([*linear_part(bend)[1], bend])
    for _ in range(100):  # Gauss and Newton's steps on all three, to the last digits
        falling = 1 / (1 + found[2] * lambdas)
        left = values - found[0] - found[1] * falling
        slopes = np.column_stack([np.ones_like(lambdas), falling, -found[1] * lambdas * falling**2])
        step = np.linalg.lstsq(slopes, left, rcond=None)[0]
        share = 1.0
        while share > 1e-6 and not 0 < found[2] + share * step[2] < 1:
            share /= 2
        found = found + share * step
        if not np.isfinite(found).all() or np.abs(step[2]) < 1e-14:
            break
    inside = np.isfinite(found).all() and _BENDS[0] < found[2] < _BENDS[1]
    return found if inside and abs(step[2]) < 1e-8 else None
