"""Linear regression and analysis of covariance: coefficients, tests of terms, adjusted means and their differences."""

from itertools import combinations

import numpy as np
import pandas as pd

from recohort.core.columns import as_text
from recohort.core.errors import InputError
from recohort.models.comparison.mean_tests import FTest, eta_squared, standardised
from recohort.models.comparison.tails import f_p, noncentral_t, t_p, t_quantile
from recohort.models.design import complete_rows, numbers, per
from recohort.models.regression.least_squares import LeastSquares, least_squares, wald_f
from recohort.models.regression.linear_terms import Matrix, at_levels, expand, matrix, middle
from recohort.models.result import Result, result, row

_POINTS = 101


def fit(
    cohort: pd.DataFrame,
    *,
    outcome: str,
    exposure: str | None,
    covariates: list[str],
    interactions: list[list[str]],
    scales: list[str | float],
    robust: str | None,
    cluster: str | None,
    weights: str | None,
    lines: str | None,
    level: float,
    columns: dict[str, dict],
) -> Result:
    """Fit a linear model.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    outcome : str
        Numeric column.
    exposure : str or None
        The column of interest; its rows come first.
    covariates : list of str
        Columns to adjust for; categories are dummy coded against their first declared level.
    interactions : list of [str, str]
        Products of two of these columns; the term is ``a:b``.
    scales : list of "unit", "sd", "iqr" or number
        What a numeric exposure's ``mean_difference`` is per; SD (n - 1) and IQR are those of the analysed rows.
    robust : {"hc0", "hc1", "hc2", "hc3", "cluster"} or None
        Covariance; see `least_squares`.
    cluster : str or None
        Column of the clusters.
    weights : str or None
        Column of weights inverse to the variance.
    lines : str or None
        A category or boolean of the model whose levels have a line each in the curve.
    level : float
        Confidence level.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        ``coefficient`` by term; ``mean_difference`` of the exposure per scale; ``standardised_coefficient`` and
        ``partial_r_squared`` (neither with weights or a robust covariance); ``f_test`` of each term given all others
        (type III, sum contrasts) and of the term ``model``; ``residual_df``, ``residual_sd``, ``r_squared``,
        ``adjusted_r_squared`` of ``model``. Of an exposure with levels ``adjusted_mean`` by level,
        ``adjusted_difference`` and ``adjusted_cohen_d`` of every two.
        The curve of a numeric exposure: ``part, group, value, estimate, conf_low, conf_high, term, outcome``, parts
        ``line`` and ``point`` (an observed outcome); `term` is the exposure.

    Raises
    ------
    InputError
        No term, no more rows than coefficients, a constant or collinear column, a weight not above 0, one cluster.
    """
    wanted = ([exposure] if exposure else []) + covariates
    if not wanted:
        raise InputError("the linear model has neither exposure nor covariates, expected at least one column")
    if (robust == "cluster") != (cluster is not None):
        raise InputError(f"the linear model has robust {robust} and cluster {cluster}, expected both or neither")
    more = [name for name in (cluster, weights) if name]
    rows, warnings = complete_rows(cohort, [outcome, *wanted, *more])
    y = numbers(rows, outcome)
    made, said = matrix(rows, wanted, interactions, columns=columns)
    warnings += said
    settings = {
        "weights": _weights(rows, weights),
        "robust": robust,
        "clusters": _clusters(rows, cluster),
        "names": ["intercept"] + [f"{b.name} ({scale})" for b in made.blocks for scale in b.scales],
    }
    fitted = least_squares(made.x, y, **settings)
    coded = least_squares(made.contrasts, y, **settings)
    if np.isnan(fitted.covariance).any():
        what = "does not vary" if np.isnan(fitted.r_squared) else "is fitted perfectly"
        warnings.append(("no_residual", f"{outcome} {what}: there is no interval and no test."))
    elif robust == "cluster" and fitted.df < 29:
        warnings.append(("few_clusters", f"{fitted.df + 1:.0f} clusters are few: intervals may be too narrow."))
    plain = weights is None and robust is None
    words = _words(robust, weights)
    shared = {"n": len(rows), "method": f"{words}, t"}
    estimates = _coefficients(fitted, made, level, shared)
    if exposure:
        estimates += _scaled(fitted, made, exposure, scales, level, shared)
    if plain:
        estimates += _standardised(fitted, made, y, level, len(rows))
    estimates += _term_tests(coded, made, plain, level, {"n": len(rows), "method": f"{words}, type III F"})
    estimates += _overall(fitted, coded, len(rows), words)
    if exposure and made.terms[exposure].kind in ("category", "boolean"):
        estimates += _adjusted(fitted, made, exposure, plain, level, shared)
    curve = None
    if exposure and made.terms[exposure].kind in ("number", "integer"):
        curve = _curve(fitted, made, rows, y, exposure, lines, level).assign(term=exposure, outcome=outcome)
    return result(estimates, curve=curve, warnings=warnings)


def _weights(rows: pd.DataFrame, name: str | None) -> np.ndarray | None:
    if name is None:
        return None
    values = numbers(rows, name)
    if not (values > 0).all():
        raise InputError(f"column '{name}': found the weight {values.min():g}, expected weights above 0")
    return values


def _clusters(rows: pd.DataFrame, name: str | None) -> np.ndarray | None:
    if name is None:
        return None
    codes = pd.factorize(as_text(rows[name]))[0]
    if codes.max() < 1:
        raise InputError(f"column '{name}': all rows are of one cluster, expected at least two")
    return codes


def _words(robust: str | None, weights: str | None) -> str:
    squares = "least squares" if weights is None else "weighted least squares"
    return (
        squares if robust is None else f"{squares}, {'clustered' if robust == 'cluster' else robust.upper()} variance"
    )


def _tested(estimate: float, error: float, df: float, level: float) -> dict:
    half = t_quantile(level, df) * error
    t = estimate / error if error > 0 else np.nan
    limits = {"conf_low": estimate - half, "conf_high": estimate + half}
    return {"estimate": estimate, "std_error": error, **limits, "statistic": t, "df": df, "p_value": t_p(t, df)}


def _at(fitted: LeastSquares, point: np.ndarray, level: float) -> dict:
    """Return a linear combination of the coefficients with its test."""
    variance = point @ fitted.covariance @ point
    return _tested(float(point @ fitted.beta), float(np.sqrt(max(variance, 0.0))), fitted.df, level)


def _coefficients(fitted: LeastSquares, made: Matrix, level: float, shared: dict) -> list[dict]:
    rows = [
        row(block.name, "coefficient", scale, **_one(fitted, index, 1.0, level), **shared)
        for block in made.blocks
        for index, scale in zip(block.where, block.scales, strict=True)
    ]
    return [*rows, row("intercept", "coefficient", **_one(fitted, 0, 1.0, level), **shared)]


def _one(fitted: LeastSquares, index: int, amount: float, level: float) -> dict:
    error = float(np.sqrt(fitted.covariance[index, index]))
    return _tested(float(amount * fitted.beta[index]), amount * error, fitted.df, level)


def _scaled(
    fitted: LeastSquares, made: Matrix, exposure: str, scales: list[str | float], level: float, shared: dict
) -> list[dict]:
    term = made.terms[exposure]
    block = next(block for block in made.blocks if block.name == exposure)
    if term.kind not in ("number", "integer"):
        pairs = zip(block.where, block.scales, strict=True)
        return [row(exposure, "mean_difference", words, **_one(fitted, i, 1.0, level), **shared) for i, words in pairs]
    values, rows = made.coded[:, term.where.start], []
    for scale in scales:
        if scale in ("sd", "iqr"):
            amount = values.std(ddof=1) if scale == "sd" else float(np.subtract(*np.percentile(values, [75, 25])))
            words = f"per {scale.upper()} ({f'{amount:.3g} {term.unit}'.rstrip()})"
            amount = amount if amount > 0 else np.nan
        else:
            amount = 1.0 if scale == "unit" else float(scale)
            words = per(amount, term.unit)
        rows.append(row(exposure, "mean_difference", words, **_one(fitted, block.where[0], amount, level), **shared))
    return rows


def _standardised(fitted: LeastSquares, made: Matrix, y: np.ndarray, level: float, n: int) -> list[dict]:
    """Return SDs of the outcome per SD of each numeric main effect, the SDs taken as known."""
    rows, spread = [], y.std(ddof=1)
    for block in made.blocks:
        if len(block.parts) == 1 and made.terms[block.name].kind in ("number", "integer") and spread > 0:
            amount = made.coded[:, made.terms[block.name].where.start].std(ddof=1) / spread
            tested = _one(fitted, block.where[0], amount, level)
            rows.append(row(block.name, "standardised_coefficient", "SD per SD", "SDs of the sample", n=n, **tested))
    return rows


def _term_tests(coded: LeastSquares, made: Matrix, plain: bool, level: float, shared: dict) -> list[dict]:
    rows = []
    for block in made.blocks:
        f, df = wald_f(coded.beta, coded.covariance, block.where), len(block.where)
        p = f_p(f, df, coded.df)
        rows.append(row(block.name, "f_test", statistic=f, df=df, p_value=p, **shared))
        if plain:
            share, low, high = eta_squared(FTest(f, df, coded.residual_df, p), level)
            limits = {"conf_low": low, "conf_high": high}
            counts = {"n": shared["n"], "method": "noncentral F"}
            rows.append(row(block.name, "partial_r_squared", estimate=share, **limits, **counts))
    return rows


def _overall(fitted: LeastSquares, coded: LeastSquares, n: int, words: str) -> list[dict]:
    df = len(fitted.beta) - 1
    f = wald_f(coded.beta, coded.covariance, np.arange(1, df + 1))
    adjusted = 1 - (1 - fitted.r_squared) * (n - 1) / fitted.residual_df
    return [
        row("model", "f_test", "", f"{words}, F", statistic=f, df=df, p_value=f_p(f, df, fitted.df), n=n),
        row("model", "residual_df", "", words, estimate=fitted.df, n=n),
        row("model", "residual_sd", "", words, estimate=fitted.sigma, n=n),
        row("model", "r_squared", "", words, estimate=fitted.r_squared, n=n),
        row("model", "adjusted_r_squared", "", words, estimate=adjusted, n=n),
    ]


def _adjusted(fitted: LeastSquares, made: Matrix, exposure: str, plain: bool, level: float, shared: dict) -> list[dict]:
    points = [(name, expand(made, point[None, :])[0]) for name, point in at_levels(made, exposure, middle(made))]
    means = [row(exposure, "adjusted_mean", name, **_at(fitted, point, level), **shared) for name, point in points]
    differences, sizes = [], []
    for (first, from_point), (second, to_point) in combinations(points, 2):
        found, scale = _at(fitted, to_point - from_point, level), f"{second} against {first}"
        differences.append(row(exposure, "adjusted_difference", scale, **found, **shared))
        if plain and np.isfinite(found["statistic"]):
            per_t = found["std_error"] / fitted.sigma
            limits = tuple(per_t * limit for limit in noncentral_t(found["statistic"], fitted.df, level))
            d, low, high = standardised(found["statistic"] * per_t, limits, fitted.df)["cohen_d"]
            words = {"method": "residual SD, noncentral t", "n": shared["n"]}
            sizes.append(row(exposure, "adjusted_cohen_d", scale, estimate=d, conf_low=low, conf_high=high, **words))
    return means + differences + sizes


def _curve(
    fitted: LeastSquares,
    made: Matrix,
    rows: pd.DataFrame,
    y: np.ndarray,
    exposure: str,
    lines: str | None,
    level: float,
) -> pd.DataFrame:
    """Return lines over the exposure, covariates at the reference point, and the observed points."""
    place = made.terms[exposure].where.start
    observed, groups, parts = made.coded[:, place], np.full(len(rows), ""), [("", middle(made))]
    if lines is not None:
        if lines not in made.terms or made.terms[lines].kind not in ("category", "boolean"):
            raise InputError(f"lines '{lines}': expected a category or boolean among the covariates")
        parts, groups = at_levels(made, lines, middle(made)), as_text(rows[lines]).to_numpy()
    frames, limit = [], t_quantile(level, fitted.df)
    for name, point in parts:
        own = observed[groups == name]
        value = np.linspace(own.min(), own.max(), _POINTS)
        points = np.tile(point, (_POINTS, 1))
        points[:, place] = value
        x = expand(made, points)
        mean, error = x @ fitted.beta, np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", x, fitted.covariance, x), 0))
        limits = {"conf_low": mean - limit * error, "conf_high": mean + limit * error}
        frames.append(pd.DataFrame({"part": "line", "group": name, "value": value, "estimate": mean, **limits}))
    points = {
        "part": "point",
        "group": groups,
        "value": observed,
        "estimate": y,
        "conf_low": np.nan,
        "conf_high": np.nan,
    }
    return pd.concat([*frames, pd.DataFrame(points)], ignore_index=True)
