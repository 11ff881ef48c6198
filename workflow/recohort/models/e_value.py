"""E-values: how strong unmeasured confounding would have to be to explain a ratio away."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.models.result import Result, result, row

RATIOS = {
    "hazard_ratio": "hazard",
    "subdistribution_hazard_ratio": "hazard",
    "odds_ratio": "odds",
    "risk_ratio": "risk",
    "rate_ratio": "risk",
}


def fit(
    *,
    members: list[str],
    quantity: str | None,
    term: str | None,
    scale: str | None,
    rare: bool,
    results: Mapping[str, pd.DataFrame],
) -> Result:
    """Give the E-value of each analysis's ratio and of its limit nearest 1.

    VanderWeele TJ, Ding P, Ann Intern Med 2017;167:268-274 (doi 10.7326/M16-2607).

    Parameters
    ----------
    members : list of str
        Analyses, ``<kind>.<name>``.
    quantity : {"hazard_ratio", "subdistribution_hazard_ratio", "odds_ratio", "risk_ratio", "rate_ratio"} or None
        None: the first of these that the analysis has.
    term, scale : str or None
        The term, and the beginning of its scale; None for the first row.
    rare : bool
        The outcome is rare (below 15 % by the end of follow-up), so that hazard and odds ratios are near risk ratios.
        Otherwise a hazard ratio h becomes (1 - 0.5^sqrt(h)) / (1 - 0.5^sqrt(1/h)), an odds ratio its root.
    results : mapping
        ``models/<kind>/<name>`` -> estimates, of every member.

    Returns
    -------
    Result
        By member (`term` is its name without its kind, `scale` the ratio's term and scale): ``risk_ratio``, the ratio
        as a risk ratio with its limits; ``e_value`` of the ratio; ``e_value_limit`` of the limit nearest 1, which is 1
        where the interval holds 1.

    Raises
    ------
    InputError
        A member has no such ratio, or one that is not positive.
    """
    rows, warnings = [], []
    for member in members:
        ratio = _ratio(member, results[f"models/{member.replace('.', '/')}"], quantity, term, scale)
        name = member.split(".", 1)[-1]
        limits = [float(ratio[key]) for key in ("estimate", "conf_low", "conf_high")]
        if np.isfinite(limits[0]) and not limits[0] > 0:
            raise InputError(f"e_value member '{member}': found the ratio {limits[0]:g}, expected one above 0")
        converted = [as_risk_ratio(value, RATIOS[ratio["quantity"]], rare=rare) for value in limits]
        spoken = f"{ratio['term']}, {ratio['scale']}".rstrip(", ")
        counts = {"n": ratio["n"], "n_events": ratio["n_events"]}
        method = _words(ratio["quantity"], rare)
        bounds = {"conf_low": converted[1], "conf_high": converted[2]}
        rows.append(row(name, "risk_ratio", spoken, method, estimate=converted[0], **bounds, **counts))
        rows.append(row(name, "e_value", spoken, method, estimate=e_value(converted[0]), **counts))
        rows.append(row(name, "e_value_limit", spoken, method, estimate=_nearest(*converted), **counts))
        if np.isnan(converted).any():
            warnings.append(("no_e_value", f"{name}: a ratio without finite estimate or interval has no E-value."))
    return result(rows, warnings=warnings)


def e_value(risk_ratio: float) -> float:
    """Return RR + sqrt(RR (RR - 1)), of 1 / RR below 1.

    Examples
    --------
    >>> round(e_value(3.9), 2), round(e_value(1 / 3.9), 2), e_value(1.0)
    (7.26, 7.26, 1.0)
    """
    away = max(risk_ratio, 1 / risk_ratio) if risk_ratio > 0 else np.nan
    return float(away + np.sqrt(away * (away - 1)))


def as_risk_ratio(ratio: float, kind: str, *, rare: bool) -> float:
    """Return a hazard or odds ratio as the risk ratio that it comes to; `kind` is ``hazard``, ``odds`` or ``risk``."""
    if not np.isfinite(ratio):
        return float("nan")
    if rare or kind == "risk":
        return float(ratio)
    if kind == "odds":
        return float(np.sqrt(ratio))
    if ratio == 0:
        return 0.0
    return float(np.expm1(np.log(0.5) * np.sqrt(ratio)) / np.expm1(np.log(0.5) * np.sqrt(1 / ratio)))


def _ratio(member: str, frame: pd.DataFrame, quantity: str | None, term: str | None, scale: str | None) -> pd.Series:
    offered = [quantity] if quantity else [word for word in RATIOS if (frame["quantity"] == word).any()]
    found = frame[frame["quantity"] == offered[0]] if offered else frame[:0]
    if term is not None:
        found = found[found["term"] == term]
    if scale is not None:
        found = found[found["scale"].fillna("").astype(str).str.startswith(scale)]
    if found.empty:
        sought = " of ".join([quantity or "a ratio", *([term] if term else [])]) + (f" {scale}" if scale else "")
        raise InputError(f"e_value member '{member}': found no row of {sought}, expected one")
    chosen = found.iloc[0].copy()
    chosen["scale"] = "" if pd.isna(chosen["scale"]) else chosen["scale"]
    return chosen


def _nearest(estimate: float, low: float, high: float) -> float:
    if np.isnan([estimate, low, high]).any():
        return float("nan")
    if low <= 1 <= high:
        return 1.0
    return e_value(low if low > 1 else high)


def _words(quantity: str, rare: bool) -> str:
    kind = RATIOS[quantity]
    if kind == "risk":
        return "VanderWeele and Ding, risk ratio"
    return f"VanderWeele and Ding, {kind} ratio, outcome {'rare' if rare else 'common'}"
