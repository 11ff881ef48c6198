"""What a regression's coefficients would be had one column been measured without error."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.core.seeds import generator
from recohort.models.design import binary, complete_rows, declared, numbers
from recohort.models.distributions import two_sided_z
from recohort.models.follow_up import follow_up
from recohort.models.regression.measurement_error_calibration import fitted_to, residual_variance
from recohort.models.regression.measurement_error_column import (
    Column,
    Error,
    calibrated,
    check_size,
    column_rows,
    told,
)
from recohort.models.regression.measurement_error_fits import Hazards, Linear, Logistic, Regression
from recohort.models.regression.measurement_error_rows import Answer, Effects, effect_curve, effect_rows
from recohort.models.regression.measurement_error_simex import Simex, simex, symmetric_noise
from recohort.models.regression.terms import Terms, expand
from recohort.models.result import Result, result


def fit(
    cohort: pd.DataFrame,
    *,
    regression: str,
    outcome: str | None,
    duration: str | None,
    event: str | None,
    ties: str,
    penalty: str,
    exposure: str | None,
    covariates: list[str],
    modifier: str | None,
    mismeasured: str,
    error: Mapping[str, object],
    scale: str,
    form: str,
    method: str,
    variance: str,
    lambdas: list[float],
    replicates: int,
    extrapolation: str,
    scales: list[str | float],
    evaluate: list[float],
    level: float,
    name: str,
    seed: int,
    columns: dict[str, dict],
) -> Result:
    """Fit a regression as measured and corrected for the error of one column.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    regression : {"logistic", "linear", "cox"}
        With `outcome`, or for ``cox`` `duration`, `event` and `ties`.
    outcome, duration, event : str or None
        Columns.
    ties : {"efron", "breslow"}
        Handling of tied event times.
    penalty : {"none", "firth"}
        Of logistic models, the one as measured and every one that a correction fits.
    exposure, covariates, modifier
        Columns of the model, as for the logistic kind; a modifier's product with the exposure joins.
    mismeasured : str
        The column measured with error, one of these.
    error : mapping
        ``sd``, ``bias`` and ``slope``, or ``limits`` of agreement, or ``reference``, a column of true values; the
        others None.
    scale : {"linear", "log1p"}
        On which the error is added.
    form : {"linear", "log1p"}
        How the column enters the model.
    method : {"simex", "regression_calibration"}
        See `measurement_error_simex.simex` and `measurement_error_calibration.fitted_to`.
    variance : {"sandwich", "model"}
        Of regression calibration.
    lambdas, replicates, extrapolation
        Of simex.
    scales : list of "unit" or number
        What a ratio of the mismeasured column is per.
    evaluate : list of float
        Values of the modifier at which the exposure's effect is given.
    level : float
        Confidence level.
    name : str
        Of the entry.
    seed : int
        The run's seed.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        By term ``coefficient`` and, of the model as measured, ``coefficient_naive``; with and without ``_naive``
        ``odds_ratio``, ``ratio_of_odds_ratios``, ``odds_ratio_at`` (cox: ``hazard_ratio`` ...; linear:
        ``mean_difference`` ...) and ``interaction_test``. Of the mismeasured column ``reliability``,
        ``attenuation_factor``, ``error_sd``, ``error_bias``, ``error_slope``. Curve: ``part, term, scale, value,
        estimate, conf_low, conf_high``, parts ``simex`` (mean coefficient at each lambda), ``extrapolation`` (the
        curve through them, from -1), ``interaction`` and ``interaction_naive`` (the exposure's effect over the
        modifier).

    Raises
    ------
    InputError
        Settings contradict each other, the error varies as much as the column, or the model cannot be fitted.
    """
    wanted = list(dict.fromkeys(([exposure] if exposure else []) + covariates + ([modifier] if modifier else [])))
    followed = _check(regression, outcome, duration, event, wanted, exposure, modifier, mismeasured, evaluate)
    if penalty == "firth" and regression != "logistic":
        raise InputError(f"penalty firth with regression {regression}: expected regression logistic, or penalty none")
    if form == "log1p" and scale == "linear":
        raise InputError(
            f"form log1p of '{mismeasured}' with an error on the scale linear: a value less its error may have no "
            "logarithm, expected scale: log1p"
        )
    rows, warnings = complete_rows(cohort, [*followed, *wanted])
    if declared(mismeasured, columns)["type"] not in ("number", "integer"):
        raise InputError(f"mismeasured '{mismeasured}': is declared {columns[mismeasured]['type']}, expected a number")
    terms, said = expand(
        rows,
        wanted,
        forms={mismeasured: (form, None)},
        products=[(exposure, modifier)] if modifier else [],
        columns=columns,
    )
    warnings += said
    column = Column(terms, mismeasured, scale, form)
    found_error = told(error, rows, column)
    measured = found_error.taken_off(column.scaled(terms.raw[mismeasured][:, 0]))
    task = _regression(regression, rows, followed, ties, penalty, terms.names())
    engine = "Firth logistic" if penalty == "firth" else _WORDS[regression]
    naive = task.one(terms.x)
    others = column.others()
    given = residual_variance(measured, others)
    check_size(found_error, given, mismeasured)
    calibration = calibrated(measured, others, found_error)
    if found_error.true is None or method == "simex":
        warnings += _said(found_error, measured, terms.raw[mismeasured][:, 0], mismeasured, scale)
    if method == "simex":
        source = generator(seed, "measurement_error", name, mismeasured)
        found = simex(
            task,
            lambda values: column.designs(column.entering(values)),
            measured,
            found_error.spread,
            lambdas=np.asarray(lambdas, float),
            noise=symmetric_noise(source, replicates, len(rows)),
            extrapolation=extrapolation,
        )
        beta, covariance = found.beta, found.covariance
        warnings += _simex_said(found, replicates, terms, task, mismeasured, extrapolation, calibration.factor)
        labels = [f"{engine}, SIMEX, {curve.kind}, Stefanski-Cook variance" for curve in found.curves]
    else:
        found = None
        fitted = fitted_to(
            task,
            lambda values: column.designs(values[None])[0],
            column.direction,
            calibration,
            exponential=scale == "log1p" and form == "linear",
            variance=variance,
        )
        beta, covariance = fitted.beta, fitted.covariance
        labels = [f"{engine}, regression calibration, {_VARIANCES[variance]} variance"] * len(beta)
    if (np.diag(covariance) <= 0).any():
        message = (
            "The extrapolated variance of a corrected coefficient is not above 0: it has no interval and no test; "
            "regression calibration, or more patients, would give one."
        )
        warnings.append(("no_variance", message))
    counts = {"n": len(rows)} | _events(regression, rows, followed)
    effects = Effects(terms, exposure, modifier, mismeasured, regression, scales, evaluate, level, task, counts)
    corrected = Answer(beta, covariance, labels, "")
    plain = Answer(naive.beta, naive.covariance, [f"{engine}, as measured, Wald"] * len(beta), "_naive")
    estimates = effect_rows(effects, corrected) + effect_rows(effects, plain)
    estimates += column_rows(mismeasured, columns, found_error, measured, calibration, scale, len(rows))
    curves = effect_curve(effects, corrected) + effect_curve(effects, plain)
    if found is not None:
        curves += _simex_curve(effects, found)
    curve = pd.concat(curves, ignore_index=True) if curves else None
    return result(estimates, curve=curve, warnings=warnings)


_QUADRATIC_ENOUGH = 0.75
"""Attenuation factor below which a quadratic leaves more than about a twentieth of the truth uncorrected."""

_VARIANCES = {"sandwich": "sandwich", "model": "model's and calibration's"}
_WORDS = {"logistic": "logistic", "linear": "least squares", "cox": "Cox"}


def _check(
    regression: str,
    outcome: str | None,
    duration: str | None,
    event: str | None,
    wanted: list[str],
    exposure: str | None,
    modifier: str | None,
    mismeasured: str,
    evaluate: list[float],
) -> list[str]:
    """Return the columns of the outcome."""
    cox = regression == "cox"
    if (outcome is None) != cox or (duration is None) == cox or (event is None) == cox:
        expected = "duration and event, and no outcome" if cox else "an outcome, and neither duration nor event"
        raise InputError(
            f"regression {regression} with outcome '{outcome}', duration '{duration}', event '{event}': "
            f"expected {expected}"
        )
    if mismeasured not in wanted:
        raise InputError(f"mismeasured '{mismeasured}': is not in the model, expected one of {', '.join(wanted)}")
    if modifier and (not exposure or modifier == exposure):
        raise InputError(f"modifier '{modifier}': expected an exposure, another column, whose effect it modifies")
    if evaluate and not modifier:
        raise InputError("evaluate: there is no modifier, expected the column whose values these are")
    return [duration, event] if cox else [outcome]


def _regression(
    kind: str, rows: pd.DataFrame, followed: list[str], ties: str, penalty: str, names: list[str]
) -> Regression:
    if kind == "cox":
        return Hazards(*follow_up(rows, *followed), ties, names)
    if kind == "linear":
        return Linear(numbers(rows, *followed), names)
    return Logistic(binary(rows, followed[0]), names, firth=penalty == "firth")


def _events(kind: str, rows: pd.DataFrame, followed: list[str]) -> dict[str, float]:
    return {} if kind == "linear" else {"n_events": numbers(rows, followed[-1]).sum()}


def _said(error: Error, measured: np.ndarray, values: np.ndarray, name: str, scale: str) -> list[tuple[str, str]]:
    source = error.source if error.true is None else f"{error.source}, whose number is not reckoned with"
    message = (
        f"{name}: the error's bias and SD ({source}) are taken as known and as the same in these patients: corrected "
        "intervals do not hold their uncertainty."
    )
    said = [("error_taken_as_known", message)]
    if error.sd > 0 and values.min() >= 0:
        near = int((measured < two_sided_z(0.95) * error.spread).sum())
        if near > 0.05 * len(values):
            message = (
                f"{name}: {near} of {len(values)} values ({int((values == 0).sum())} of them 0) lie within 1.96 SD of "
                "the error from 0, so the error assumed makes values below 0, which do not exist, of some of them"
                + ("; an error that grows with the value (scale log1p) is likelier." if scale == "linear" else ".")
            )
            said.append(("error_crosses_zero", message))
    return said


def _simex_said(
    found: Simex, replicates: int, terms: Terms, task: Regression, name: str, extrapolation: str, factor: float
) -> list[tuple[str, str]]:
    said = []
    if found.failed:
        total = replicates * (len(found.lambdas) - 1)
        message = (
            f"{found.failed} of {total} simulated data sets have no finite estimate (separation) and are left out "
            f"({found.least} of {replicates} are left where there are fewest): corrected estimates lean to no effect."
        )
        said.append(("replicates_left_out", message))
    if extrapolation == "quadratic" and factor < _QUADRATIC_ENOUGH:
        message = (
            f"{name}: the attenuation factor is {factor:.2f}; so large an error a quadratic extrapolation corrects too "
            "little (coefficients too small, intervals too narrow): see rational and regression calibration."
        )
        said.append(("weak_extrapolation", message))
    touched = [
        task.intercept + place
        for block in terms.blocks
        if name in block.parts
        for place in range(block.where.start, block.where.stop)
    ]
    if extrapolation == "rational" and any(found.curves[place].kind != "rational" for place in touched):
        message = f"{name}: no rational curve follows its coefficients, a quadratic one is taken."
        said.append(("extrapolated_by_quadratic", message))
    return said


def _simex_curve(effects: Effects, found: Simex) -> list[pd.DataFrame]:
    grid, frames = np.linspace(-1, found.lambdas[-1], 61), []
    for place, (term, scale) in enumerate(effects.labels()):
        for part, values, estimate in (
            ("simex", found.lambdas, found.means[:, place]),
            ("extrapolation", grid, found.curves[place].at(grid)),
        ):
            frame = {"part": part, "term": term, "scale": scale, "value": values, "estimate": estimate}
            frames.append(pd.DataFrame(frame | {"conf_low": np.nan, "conf_high": np.nan}))
    return frames
