"""One analysis made in every imputation, and its estimates pooled by Rubin's rules.

Rubin DB, Multiple Imputation for Nonresponse in Surveys, 1987, ch. 3; degrees of freedom: Barnard J, Rubin DB,
Biometrika 1999;86:948-955 (doi 10.1093/biomet/86.4.948).
"""

import re
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from recohort.core.errors import InputError
from recohort.core.quantities import is_ratio, is_share
from recohort.models.result import COLUMNS, Result, result, row

SMALLEST_SHARE = 1e-4
"""Least share of the variance taken to come from missing values, as mice: keeps the degrees of freedom finite."""

_KEY = ["term", "quantity", "per"]


def fit_each(fit: Callable[..., Result], cohort: pd.DataFrame, settings: Mapping[str, object]) -> Result:
    """Fit a model in every imputation of a cohort, and pool.

    Parameters
    ----------
    fit : callable
        ``models.<kind>.fit``.
    cohort : DataFrame
        ``imputation`` (1 to m) and the columns that `fit` expects.
    settings : mapping
        Keyword arguments of `fit`.

    Raises
    ------
    InputError
        What `fit` says of one imputation, with its number; or the kind makes a column for other models.
    """
    found = []
    for number, part in cohort.groupby("imputation", sort=True):
        try:
            found.append(fit(part.drop(columns="imputation").reset_index(drop=True), **settings))
        except InputError as error:
            raise InputError(f"imputation {number}: {error}") from None
    return pool(found, level=settings.get("level"))


def pool(results: list[Result], *, level: float | None) -> Result:
    """Pool the results of one analysis in several imputations.

    Parameters
    ----------
    results : list of Result, length m
        One for each imputation.
    level : float or None
        Level of the t-based limits; None for a kind without intervals.

    Returns
    -------
    Result
        Rows are those of term, quantity and scale of the first imputation. A row with a std_error has the mean
        estimate, its total variance, Barnard and Rubin's ``df``, and, where the single fits have them, limits, Wald
        statistic and p-value by the t distribution; ratios are pooled as logarithms, limits of shares are cut
        at 0 and 1. Beside it stands a row ``fmi``, the fraction of missing information, whose
        ``method`` names the quantity. A row without a std_error stays as it is where all imputations agree, and
        else has the median of its numbers and no p-value, as Rubin's rules say nothing of it. The curve is that of the
        first imputation. Degrees of freedom of the complete data are the row's own ``df`` where fits have one (residual
        df of a t test); else, as mice, n less the number of coefficients, or events less coefficients where the model
        has hazard ratios.

    Raises
    ------
    InputError
        The result is a column for other models, or there are fewer than two results.
    """
    if len(results) < 2:
        raise InputError(f"pooling: found {len(results)} imputation, expected two or more")
    if "participant_id" in results[0].curve:
        raise InputError(
            "pooling: this kind makes a column for other models, which differs between imputations, "
            "expected another cohort than imputed"
        )
    stacked = pd.concat([_keyed(one, number) for number, one in enumerate(results)], ignore_index=True)
    freedom = _complete_df(results[0].estimates)
    rows, unpooled, partial = [], [], []
    for key, part in stacked.groupby([*_KEY, "turn"], sort=False):
        name = " ".join(filter(None, key[:3]))
        if len(part) < len(results):
            partial.append(f"{name} ({len(part)})")
            continue
        pooled = _pooled(part, level, freedom)
        if pooled is None and _alike(part):
            rows.append(part.iloc[0][list(COLUMNS)].to_dict())
        elif pooled is None:
            unpooled.append(name)
            rows.append(_middle(part))
        else:
            rows += pooled
    said = _gathered(results)
    if unpooled:
        message = (
            f"Rubin's rules do not pool {_listed(unpooled)}: the median over {len(results)} imputations is given, "
            "without p-value or interval."
        )
        said.append(("not_pooled", message))
    if partial:
        message = f"Not found in all {len(results)} imputations, and left out: {_listed(partial)}."
        said.append(("not_in_all_imputations", message))
    if len(results[0].curve):
        message = f"The curve is that of the first of {len(results)} imputations; the estimates are pooled."
        said.append(("curve_of_first_imputation", message))
    return result(rows, curve=results[0].curve, warnings=said)


def rubin(estimates: np.ndarray, errors: np.ndarray, *, complete_df: float) -> dict[str, float]:
    """Return Rubin's pooled estimate.

    Parameters
    ----------
    estimates, errors : ndarray, shape (m,)
        Estimates and standard errors, one for each imputation.
    complete_df : float
        Degrees of freedom had nothing been missing; inf for a large sample.

    Returns
    -------
    dict
        ``estimate``; ``std_error``, the root of U + (1 + 1/m) B; ``df`` (Barnard and Rubin); ``increase``, the relative
        increase of the variance; ``fmi``, the fraction of missing information.
    """
    m = len(estimates)
    within, between = float(np.mean(errors**2)), float(np.var(estimates, ddof=1))
    total = within + (1 + 1 / m) * between
    share = max((1 + 1 / m) * between / total, SMALLEST_SHARE) if total > 0 else SMALLEST_SHARE
    df = (m - 1) / share**2
    if np.isfinite(complete_df):
        observed = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
        df = df * observed / (df + observed) if observed > 0 else 0.0
    increase = (1 + 1 / m) * between / within if within > 0 else (np.inf if between > 0 else 0.0)
    fmi = (increase + 2 / (df + 3)) / (increase + 1) if np.isfinite(increase) else 1.0
    return {
        "estimate": float(np.mean(estimates)),
        "std_error": float(np.sqrt(total)),
        "df": df,
        "increase": increase,
        "fmi": fmi,
    }


def _keyed(one: Result, number: int) -> pd.DataFrame:
    """Return the estimates with what makes a row the same in another imputation: an SD differs, "per SD" does not."""
    frame = one.estimates.assign(imputation=number)
    frame["per"] = [re.sub(r"^(per (?:SD|IQR)) \(.*\)$", r"\1", scale) for scale in frame["scale"]]
    frame["turn"] = frame.groupby(_KEY).cumcount()
    return frame


def _complete_df(estimates: pd.DataFrame) -> float:
    """Return n, or the events of a model of hazards, less the number of coefficients; at least 1, as mice."""
    named = estimates.loc[estimates["quantity"] == "coefficient", ["term", "scale"]]
    coefficients = max(len(named.drop_duplicates()), 1)
    hazards = estimates["quantity"].str.contains("hazard_ratio").any()
    sizes = estimates["n_events" if hazards else "n"].astype(float)
    return np.inf if sizes.isna().all() else max(float(sizes.max()) - coefficients, 1.0)


def _pooled(part: pd.DataFrame, level: float | None, freedom: float) -> list[dict] | None:
    """Return the pooled row and its fraction of missing information; None where Rubin's rules do not apply."""
    first = part.iloc[0]
    numbers = {name: part[name].to_numpy(dtype=float) for name in ("estimate", "std_error", "statistic", "df")}
    estimate, error = numbers["estimate"], numbers["std_error"]
    ratio = is_ratio(first["quantity"])
    if not np.isfinite(error).all() or not np.isfinite(estimate).all() or (ratio and (estimate <= 0).any()):
        return None
    values = np.log(estimate) if ratio else estimate
    complete = float(numbers["df"].min()) if np.isfinite(numbers["df"]).all() else freedom
    found = rubin(values, error, complete_df=complete)
    centre, spread, df = found["estimate"], found["std_error"], found["df"]
    back = np.exp if ratio else float
    common = {name: float(np.median(part[name].astype(float))) for name in ("n", "n_events")}
    pooled = {"estimate": back(centre), "std_error": spread, "df": df}
    if level is not None and df > 0 and part[["conf_low", "conf_high"]].notna().all(axis=None):
        reach = float(stdtrit(df, (1 + level) / 2)) * spread
        pooled |= {"conf_low": back(centre - reach), "conf_high": back(centre + reach)}
        if is_share(first["quantity"]):
            pooled |= {"conf_low": max(pooled["conf_low"], 0.0), "conf_high": min(pooled["conf_high"], 1.0)}
    null = _null(values, error, numbers["statistic"])
    if null is not None and spread > 0 and df > 0:
        pooled["statistic"] = (centre - null) / spread
        pooled["p_value"] = float(2 * stdtr(df, -abs(pooled["statistic"])))
    interval = ", t interval" if "conf_low" in pooled else ""
    method = f"pooled over {len(part)} imputations (Rubin{interval}); each by: {first['method']}"
    scale = first["scale"] if (part["scale"] == first["scale"]).all() else first["per"]
    return [
        row(first["term"], first["quantity"], scale, method, **pooled, **common),
        row(first["term"], "fmi", scale, f"of {first['quantity']}", estimate=found["fmi"], **common),
    ]


def _alike(part: pd.DataFrame) -> bool:
    """Return whether a row without a std_error is the same in all imputations: no missing value had a part in it."""
    return bool(part["std_error"].isna().all()) and len(part[list(COLUMNS)].drop_duplicates()) == 1


def _null(values: np.ndarray, error: np.ndarray, statistic: np.ndarray) -> float | None:
    """Return the value that every fit's statistic tests, where that is one Wald test; else None."""
    if not np.isfinite(statistic).all() or (error <= 0).any():
        return None
    nulls = values - statistic * error
    return float(np.round(nulls.mean(), 9)) if np.abs(nulls - np.round(nulls.mean(), 9)).max() < 1e-6 else None


def _middle(part: pd.DataFrame) -> dict:
    first = part.iloc[0]
    numbers = {
        name: float(np.median(part[name].astype(float))) for name in ("estimate", "statistic", "df", "n", "n_events")
    }
    method = f"median over {len(part)} imputations; each by: {first['method']}"
    return row(first["term"], first["quantity"], first["per"], method, **numbers)


def _gathered(results: list[Result]) -> list[tuple[str, str]]:
    """Return the warnings of all imputations, one of each code, with how many imputations gave it."""
    every = pd.concat([one.warnings.assign(imputation=number) for number, one in enumerate(results)])
    said = []
    for code, part in every.groupby("code", sort=False):
        count, alike = part["imputation"].nunique(), len(set(part["message"])) == 1
        if alike and count == len(results):
            said += [(code, message) for message in part["message"].unique()]
        else:
            own = part[part["imputation"] == part["imputation"].iloc[0]]
            said += [(code, f"In {count} of {len(results)} imputations; in one: {text}") for text in own["message"]]
    return said


def _listed(names: list[str], shown: int = 8) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
