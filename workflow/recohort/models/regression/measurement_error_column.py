"""The column that is measured with error: its scales, and what is told or known of its error."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.models.design import numbers
from recohort.models.distributions import two_sided_z
from recohort.models.regression.measurement_error_calibration import (
    Calibration,
    from_known_error,
    from_validation,
)
from recohort.models.regression.terms import Terms
from recohort.models.result import row


class Error(NamedTuple):
    """Error of measurement on its scale.

    Attributes
    ----------
    slope, bias, sd : float
        A measured value is ``bias + slope * true`` and an error of this SD.
    source : str
        Where they come from.
    true : ndarray, shape (n,), or None
        Known true values on the scale, nan elsewhere.
    """

    slope: float
    bias: float
    sd: float
    source: str
    true: np.ndarray | None

    def taken_off(self, measured: np.ndarray) -> np.ndarray:
        """Return measured values free of bias and slope: the true ones, but for an error of SD `spread`."""
        return (measured - self.bias) / self.slope

    @property
    def spread(self) -> float:
        """SD of what is left once bias and slope are taken off."""
        return self.sd / self.slope


class Column:
    """The mismeasured column: its scales, and the designs of its other values."""

    def __init__(self, terms: Terms, name: str, scale: str, form: str):
        n = len(terms.x)
        self.name, self.scale, self.form, self.terms = name, scale, form, terms
        self.base = terms.rebuilt({name: np.zeros((n, 1))})
        self.direction = terms.rebuilt({name: np.ones((n, 1))}) - self.base

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Return values on the scale of the error."""
        if self.scale == "linear":
            return values
        if (values <= -1).any():
            raise InputError(f"column '{self.name}': found {np.nanmin(values):g}, expected above -1 for its logarithm")
        return np.log1p(values)

    def entering(self, values: np.ndarray) -> np.ndarray:
        """Return values on the error's scale as they enter the model."""
        return values if self.scale == self.form else np.expm1(values)

    def designs(self, values: np.ndarray) -> np.ndarray:
        """Return designs, shape (B, n, p), of values that enter, shape (B, n)."""
        return self.base + values[:, :, None] * self.direction

    def others(self) -> np.ndarray:
        """Return the design's columns that stand without the mismeasured one, after an intercept."""
        kept = [block.where for block in self.terms.blocks if self.name not in block.parts]
        return np.column_stack([np.ones(len(self.base)), *(self.terms.x[:, where] for where in kept)])


def told(error: Mapping[str, object], rows: pd.DataFrame, column: Column) -> Error:
    """Return the error that settings tell of a column, or that rows with a true value show.

    Raises
    ------
    InputError
        Not exactly one of ``sd``, ``limits`` and ``reference``, one beside what it holds itself, or too few rows.
    """
    given = [key for key in ("sd", "limits", "reference") if error[key] is not None]
    if len(given) != 1:
        raise InputError(f"error: found {' and '.join(given) or 'none'} of sd, limits, reference, expected one of them")
    for name in ("bias", "slope"):
        if error[name] is not None and given != ["sd"]:
            raise InputError(f"error: found {name} beside {given[0]}, which tells it itself, expected it beside sd")
    if given == ["sd"]:
        slope = 1.0 if error["slope"] is None else float(error["slope"])
        return Error(slope, float(error["bias"] or 0.0), float(error["sd"]), "given SD", None)
    if given == ["limits"]:
        low, high = error["limits"]
        if not low < high:
            raise InputError(f"error.limits: found {low:g} and {high:g}, expected the lower limit first")
        return Error(1.0, (low + high) / 2, (high - low) / (2 * two_sided_z(0.95)), "limits of agreement", None)
    name = error["reference"]
    true = column.scaled(numbers(rows, name))
    measured = column.scaled(column.terms.raw[column.name][:, 0])
    known = ~np.isnan(true)
    needed = column.others().shape[1] + 3
    if known.sum() < needed:
        raise InputError(f"column '{name}': is known in {known.sum()} analysed rows, expected at least {needed}")
    away = (measured - true)[known]
    return Error(1.0, float(away.mean()), float(away.std(ddof=1)), f"reference known in {known.sum()} rows", true)


def check_size(error: Error, given: float, name: str) -> None:
    """Refuse an error whose variance is not below that of the column given the others, `given`."""
    if given <= 0 or error.spread**2 >= given * (1 - 1e-9):
        raise InputError(
            f"mismeasured '{name}': the error's SD of {error.spread:.4g} is not below the SD of the measured values "
            f"given the other columns, {np.sqrt(max(given, 0)):.4g}, so nothing is left to correct; expected a "
            "smaller error or another scale"
        )


def calibrated(measured: np.ndarray, others: np.ndarray, error: Error) -> Calibration:
    """Return the expected true values of a column, free of bias and slope, from its error or from known true values."""
    if error.true is None:
        return from_known_error(measured, others, error.spread)
    known = ~np.isnan(error.true)
    if np.linalg.matrix_rank(np.column_stack([others, measured])[known]) <= others.shape[1]:
        raise InputError(
            "error.reference: among the rows with a true value a column of the model does not vary or is collinear, "
            "expected rows like the others"
        )
    return from_validation(measured, others, error.true)


def column_rows(
    name: str,
    columns: dict[str, dict],
    error: Error,
    measured: np.ndarray,
    calibration: Calibration,
    scale: str,
    n: int,
) -> list[dict]:
    """Return reliability, attenuation factor, and the error, of a column free of bias and slope."""
    unit = columns[name].get("unit") or ""
    on, method = ("of log(1 + x)" if scale == "log1p" else unit), f"error from {error.source}"
    share = 1 - error.spread**2 / measured.var(ddof=1)
    return [
        row(name, "reliability", "", f"{method}; 1 - error variance / variance", estimate=share, n=n),
        row(name, "attenuation_factor", "", f"{method}; given the other columns", estimate=calibration.factor, n=n),
        row(name, "error_sd", on, method, estimate=error.sd, n=n),
        row(name, "error_bias", on, method, estimate=error.bias, n=n),
        row(name, "error_slope", "", method, estimate=error.slope, n=n),
    ]
