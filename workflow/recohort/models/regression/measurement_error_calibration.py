"""Regression calibration: what a column's true value is expected to be, and the error that comes of estimating that.

Carroll RJ, Ruppert D, Stefanski LA, Crainiceanu CM, Measurement Error in Nonlinear Models, 2nd ed. 2006, ch. 4;
Rosner B, Willett WC, Spiegelman D, Stat Med 1989;8:1051-1069 (doi 10.1002/sim.4780080905).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from recohort.models.regression.measurement_error_fits import Fitted, Regression


class Calibration(NamedTuple):
    """Expected true values given the measurement and the other columns.

    Attributes
    ----------
    expected : ndarray, shape (n,)
        On the scale of the error.
    residual : float
        Variance of the true value given measurement and other columns.
    factor : float
        Slope of the expected on the measured value.
    influence : ndarray, shape (n, q)
        Of each row on the q calibration parameters.
    slopes : ndarray, shape (n, q)
        Derivatives of `expected` by the parameters.
    residual_slopes : ndarray, shape (q,)
        Derivatives of `residual`.
    known : ndarray of bool, shape (n,)
        Rows whose true value is known; it is `expected` then, whatever the parameters.
    """

    expected: np.ndarray
    residual: float
    factor: float
    influence: np.ndarray
    slopes: np.ndarray
    residual_slopes: np.ndarray
    known: np.ndarray


def residual_variance(measured: np.ndarray, others: np.ndarray) -> float:
    """Return the variance of the measured values given the other columns, shape (n, q), an intercept among them."""
    left = measured - others @ np.linalg.lstsq(others, measured, rcond=None)[0]
    return float(left @ left) / (len(left) - others.shape[1])


def from_known_error(measured: np.ndarray, others: np.ndarray, sd: float) -> Calibration:
    """Return the calibration for an error of known SD, less than that of the measured values given the others.

    With v the residual variance of the measured W on the others Z, E(X | W, Z) = m(Z) + (1 - sd^2 / v) (W - m(Z)).

    Parameters
    ----------
    measured : ndarray, shape (n,)
        Free of bias.
    others : ndarray, shape (n, q)
        The other columns of the model, an intercept first.
    sd : float
        Of the error.
    """
    n, q = others.shape
    gamma = np.linalg.lstsq(others, measured, rcond=None)[0]
    middle = others @ gamma
    left = measured - middle
    variance = float(left @ left) / (n - q)
    factor = 1 - sd**2 / variance
    on_gamma = left[:, None] * (others @ np.linalg.inv(others.T @ others))
    on_variance = left**2 / (n - q) - variance / n
    slopes = np.column_stack([(1 - factor) * others, sd**2 / variance**2 * left])
    return Calibration(
        middle + factor * left,
        factor * sd**2,
        factor,
        np.column_stack([on_gamma, on_variance]),
        slopes,
        np.r_[np.zeros(q), sd**4 / variance**2],
        np.zeros(n, dtype=bool),
    )


def from_validation(measured: np.ndarray, others: np.ndarray, true: np.ndarray) -> Calibration:
    """Return the calibration from rows whose true value is known: their regression on measurement and other columns.

    Parameters
    ----------
    measured, others
        As in `from_known_error`.
    true : ndarray, shape (n,)
        nan where it is not known; known in more rows than there are columns.
    """
    known = ~np.isnan(true)
    x = np.column_stack([others, measured])
    q = x.shape[1]
    inverse = np.linalg.inv(x[known].T @ x[known])
    gamma = np.linalg.lstsq(x[known], true[known], rcond=None)[0]
    left = np.where(known, true - x @ gamma, 0.0)
    freedom = known.sum() - q
    variance = float(left @ left) / freedom
    influence = np.column_stack([left[:, None] * (x @ inverse), known * (left**2 / freedom - variance / known.sum())])
    expected = np.where(known, true, x @ gamma)
    slopes = np.column_stack([np.where(known[:, None], 0.0, x), np.zeros(len(x))])
    return Calibration(expected, variance, float(gamma[-1]), influence, slopes, np.r_[np.zeros(q), 1.0], known)


def fitted_to(
    regression: Regression,
    design: Callable[[np.ndarray], np.ndarray],
    direction: np.ndarray,
    calibration: Calibration,
    *,
    exponential: bool,
    variance: str,
) -> Fitted:
    """Fit the model to the expected values, with a covariance that knows that they are estimated.

    The sandwich of calibration and model stacked (Carroll et al., appendix A.6): each row's influence on the
    coefficients is that of its score, and that of its part in the calibration. Or the model's own covariance with the
    calibration's part added, which holds if the model is right, as the score is then unrelated to the calibration.

    Parameters
    ----------
    regression : Regression
        The outcome and its model.
    design : callable
        From values of the column as it enters the model, shape (n,), to the design, shape (n, p).
    direction : ndarray, shape (n, p)
        Derivative of the design by the column.
    calibration : Calibration
        Of the column, on the scale of the error.
    exponential : bool
        The error's scale is log(1 + x) and the model's is x, whose expectation is exp(m + r / 2) - 1.
    variance : {"sandwich", "model"}
        Which covariance.
    """
    values, slopes = calibration.expected, calibration.slopes
    if exponential:
        spread = np.where(calibration.known, 0.0, calibration.residual)
        moving = np.where(calibration.known[:, None], 0.0, calibration.residual_slopes)
        values = np.exp(values + spread / 2)
        slopes = values[:, None] * (slopes + moving / 2)
        values = values - 1
    x = design(values)
    fit = regression.one(x)
    carried = np.array([regression.slope(x, direction * column[:, None], fit.beta) for column in slopes.T])
    if variance == "model":
        influence = calibration.influence @ carried @ fit.inverse
        return Fitted(fit.beta, fit.covariance + influence.T @ influence, fit.inverse)
    influence = (regression.scores(x, fit.beta) + calibration.influence @ carried) @ fit.inverse
    return Fitted(fit.beta, influence.T @ influence, fit.inverse)
