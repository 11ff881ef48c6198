"""Regression of a cumulative incidence: subdistribution hazard ratios where a competing event prevents the event."""

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.models.design import Term, binary, complete_rows, design, per
from recohort.models.distributions import chi2_p, normal_p, two_sided_z
from recohort.models.follow_up import after_landmark, follow_up
from recohort.models.result import Result, result, row
from recohort.models.survival.subdistribution import Subdistribution, fit_subdistribution


def fit(
    cohort: pd.DataFrame,
    *,
    duration: str,
    event: str,
    competing: str,
    exposure: str | None,
    covariates: list[str],
    scales: list[str | float],
    landmark: float | None,
    ties: str,
    level: float,
    columns: dict[str, dict],
) -> Result:
    """Fit Fine and Gray's model.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    duration, event, competing : str
        Columns of follow-up, of the event, 0 or 1, and of the competing event that ended follow-up instead, 0 or 1.
    exposure : str or None
        The column of interest; its rows come first.
    covariates : list of str
        Columns to adjust for; categories are dummy coded against their first level that occurs.
    scales : list of "unit", "sd", "iqr" or number
        What a numeric exposure's ratio is per; SD (n - 1) and IQR are those of the analysed rows.
    landmark : float or None
        Time from which follow-up counts; see `follow_up.after_landmark`.
    ties : {"efron", "breslow"}
        Handling of tied events.
    level : float
        Confidence level of the Wald intervals.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        Quantities ``coefficient`` and ``subdistribution_hazard_ratio`` by term, with robust standard errors;
        ``wald_test`` and ``log_likelihood`` (of the weighted partial likelihood: no ground for a likelihood ratio test)
        of the term ``model``; ``n_competing``. No curve.

    Raises
    ------
    InputError
        No term, no event, a row with both events, a negative time, an undeclared, constant or collinear column.
    """
    wanted = ([exposure] if exposure else []) + covariates
    if not wanted:
        raise InputError("the Fine-Gray model has neither exposure nor covariates, expected at least one column")
    both = (binary(cohort, event) == 1) & (binary(cohort, competing) == 1)
    if both.any():
        raise InputError(
            f"columns '{event}' and '{competing}': both are 1 in {int(both.sum())} rows, "
            "expected the one that ended follow-up"
        )
    rows, warnings = complete_rows(cohort, [duration, event, competing, *wanted])
    follow_up(rows, duration, event)
    rows, said = after_landmark(rows, duration, landmark)
    warnings += said
    time, happened = follow_up(rows, duration, event)
    cause = (happened + 2 * binary(rows, competing)).astype(int)
    x, terms, said = design(rows, wanted, columns=columns)
    names = [term.name for term in terms for _ in term.scales]
    fitted = fit_subdistribution(time, cause, x, ties=ties, names=names)
    counts = {"n": len(rows), "n_events": happened.sum()}
    warnings += said + _said(cause, fitted, terms)
    estimates = []
    for term in terms:
        amounts = _amounts(term, x[:, term.where.start], scales if term.name == exposure else ["unit"])
        method = f"Fine-Gray ({ties}), robust Wald interval"
        estimates += _effects(fitted, term, amounts, level, {**counts, "method": method})
    return result(estimates + _overall(fitted, cause, counts), warnings=warnings)


def _amounts(term: Term, values: np.ndarray, scales: list[str | float]) -> list[tuple[str, float]]:
    """Return what the ratio of a numeric term is per: words and amount."""
    if term.kind not in ("number", "integer"):
        return [(scale, 1.0) for scale in term.scales]
    amounts = []
    for scale in scales:
        if scale in ("sd", "iqr"):
            spread = values.std(ddof=1) if scale == "sd" else float(np.subtract(*np.percentile(values, [75, 25])))
            words = f"per {scale.upper()} ({f'{spread:.3g} {term.unit}'.rstrip()})"
            amounts.append((words, spread if spread > 0 else np.nan))
        else:
            amount = 1.0 if scale == "unit" else float(scale)
            amounts.append((per(amount, term.unit), amount))
    return amounts


def _effects(
    fitted: Subdistribution, term: Term, amounts: list[tuple[str, float]], level: float, common: dict
) -> list[dict]:
    """Return the coefficients of a term, then its ratios."""
    z_limit = two_sided_z(level)
    coefficients, ratios = [], []
    numeric = term.kind in ("number", "integer")
    for place, scale in enumerate(term.scales):
        index = term.where.start + place
        beta, error = fitted.beta[index], np.sqrt(fitted.covariance[index, index])
        test = {"statistic": beta / error, "p_value": normal_p(beta / error), **common}
        limits = {"conf_low": beta - z_limit * error, "conf_high": beta + z_limit * error}
        coefficients.append(row(term.name, "coefficient", scale, estimate=beta, std_error=error, **limits, **test))
        for words, amount in amounts if numeric else [amounts[place]]:
            with np.errstate(over="ignore", invalid="ignore"):
                ratio = {key: np.exp(amount * value) for key, value in {"estimate": beta, **limits}.items()}
            ratios.append(
                row(term.name, "subdistribution_hazard_ratio", words, std_error=amount * error, **ratio, **test)
            )
    return coefficients + ratios


def _overall(fitted: Subdistribution, cause: np.ndarray, counts: dict) -> list[dict]:
    wald, df = np.nan, len(fitted.beta)
    if not fitted.diverged.any():
        wald = float(fitted.beta @ np.linalg.solve(fitted.covariance, fitted.beta))
    test = {"statistic": wald, "df": df, "p_value": chi2_p(wald, df)}
    return [
        row("model", "wald_test", method="chi-squared, robust", **test, **counts),
        row("model", "log_likelihood", method="weighted partial likelihood", estimate=fitted.loglik, **counts),
        row("model", "n_competing", method="count", estimate=(cause == 2).sum(), **counts),
    ]


def _said(cause: np.ndarray, fitted: Subdistribution, terms: list[Term]) -> list[tuple[str, str]]:
    """Return what must be said: no competing event, few events, coefficients without bound."""
    warnings = []
    if not (cause == 2).any():
        message = "Nobody has the competing event: the Fine-Gray model is a Cox model with robust standard errors."
        warnings.append(("no_competing_event", message))
    events, size = int((cause == 1).sum()), len(fitted.beta)
    if events < 10 * size:
        message = (
            f"{events} events for {size} coefficients are {events / size:.1f} events per variable, fewer than 10: "
            "estimates may be too far from 1 and intervals too narrow."
        )
        warnings.append(("events_per_variable", message))
    labels = [f"{term.name} ({scale})" for term in terms for scale in term.scales]
    names = [label for label, away in zip(labels, fitted.diverged, strict=True) if away]
    if names:
        message = (
            f"The likelihood grows without bound in {', '.join(names)} (separation): it has no finite estimate, "
            "interval or test."
        )
        warnings.append(("monotone_likelihood", message))
    return warnings
