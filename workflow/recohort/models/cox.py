"""Proportional hazards regression: hazard ratios per declared unit, per SD and per IQR, and the test of its premise."""

import numpy as np
import pandas as pd

from recohort.core.columns import as_text
from recohort.core.errors import InputError
from recohort.models.concordance import concordance
from recohort.models.coxph import CoxFit, fit_cox
from recohort.models.design import Term, complete_rows, design, per
from recohort.models.distributions import chi2_p, normal_p, two_sided_z
from recohort.models.follow_up import follow_up
from recohort.models.ph_test import ph_test
from recohort.models.result import Result, result, row


def fit(
    cohort: pd.DataFrame,
    *,
    duration: str,
    event: str,
    exposure: str | None,
    covariates: list[str],
    scales: list[str | float],
    strata: list[str],
    ties: str,
    ph_transform: str,
    level: float,
    columns: dict[str, dict],
) -> Result:
    """Fit a Cox model and test its proportional hazards.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    duration, event : str
        Columns of follow-up (in the unit declared for it) and of the event, 0 or 1.
    exposure : str or None
        The column of interest; its rows come first.
    covariates : list of str
        Columns to adjust for; categories are dummy coded against their first declared level.
    scales : list of "unit", "sd", "iqr" or number
        What a numeric exposure's hazard ratio is per; SD (n - 1) and IQR are those of the analysed rows.
    strata : list of str
        Columns whose combinations have baseline hazards of their own.
    ties : {"efron", "breslow"}
        Handling of tied event times.
    ph_transform : {"km", "rank", "identity", "log"}
        Time scale of the proportional hazards test.
    level : float
        Confidence level of the Wald intervals.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Result
        Quantities ``coefficient``, ``hazard_ratio``, ``ph_test`` by term; ``likelihood_ratio_test``, ``wald_test``,
        ``score_test``, ``concordance``, ``log_likelihood`` of the term ``model``. No curve.

    Raises
    ------
    InputError
        No term, no event, a negative time, an undeclared, constant or collinear column.
    """
    terms_wanted = ([exposure] if exposure else []) + covariates
    if not terms_wanted:
        raise InputError("the Cox model has neither exposure nor covariates, expected at least one column")
    rows, warnings = complete_rows(cohort, [duration, event, *terms_wanted, *strata])
    time, died = follow_up(rows, duration, event)
    x, terms, said = design(rows, terms_wanted, columns=columns)
    warnings += said
    codes = _codes(rows, strata)
    names = [term.name for term in terms for _ in term.scales]
    fitted = fit_cox(time, died, x, strata=codes, ties=ties, names=names)
    warnings += _few_events(int(died.sum()), x.shape[1]) + _runaway(fitted, terms)
    counts = {"n": len(rows), "n_events": died.sum()}
    estimates = []
    for term in terms:
        values = x[:, term.where.start]
        amounts = _amounts(term, values, scales if term.name == exposure else ["unit"])
        estimates += _effects(fitted, term, amounts, level, {**counts, "method": f"Cox ({ties}), Wald interval"})
    estimates += _overall(fitted, time, died, codes, {**counts})
    if not fitted.diverged.any():
        tests = ph_test(fitted, terms, time, died, transform=ph_transform)
        method = f"score test, {ph_transform} transform"
        estimates += [
            row(name, "ph_test", method=method, statistic=value, df=df, p_value=p, **counts)
            for name, value, df, p in tests
        ]
        warnings += _violated(tests)
    return result(estimates, warnings=warnings)


def _codes(rows: pd.DataFrame, strata: list[str]) -> np.ndarray:
    if not strata:
        return np.zeros(len(rows), dtype=int)
    return pd.DataFrame({name: as_text(rows[name]) for name in strata}).groupby(strata, sort=True).ngroup().to_numpy()


def _amounts(term: Term, values: np.ndarray, scales: list[str | float]) -> list[tuple[str, float]]:
    """Return what the hazard ratio of a numeric term is per: words and amount."""
    if term.kind not in ("number", "integer"):
        return []
    amounts = []
    for scale in scales:
        if scale == "unit":
            amounts.append((per(1, term.unit), 1.0))
        elif scale in ("sd", "iqr"):
            spread = values.std(ddof=1) if scale == "sd" else float(np.subtract(*np.percentile(values, [75, 25])))
            words = f"per {scale.upper()} ({f'{spread:.3g} {term.unit}'.rstrip()})"
            amounts.append((words, spread if spread > 0 else np.nan))
        else:
            amounts.append((per(float(scale), term.unit), float(scale)))
    return amounts


def _effects(fitted: CoxFit, term: Term, amounts: list[tuple[str, float]], level: float, common: dict) -> list[dict]:
    """Return the coefficients of a term, then its hazard ratios."""
    z_limit = two_sided_z(level)
    coefficients, ratios = [], []
    for index, scale in zip(range(term.where.start, term.where.stop), term.scales, strict=True):
        beta, error = fitted.beta[index], np.sqrt(fitted.covariance[index, index])
        z = beta / error
        test = {"statistic": z, "p_value": normal_p(z), **common}
        limits = {"conf_low": beta - z_limit * error, "conf_high": beta + z_limit * error}
        coefficients.append(row(term.name, "coefficient", scale, estimate=beta, std_error=error, **limits, **test))
        for words, amount in amounts or [(scale, 1.0)]:
            with np.errstate(over="ignore", invalid="ignore"):
                ratio = {key: np.exp(amount * value) for key, value in {"estimate": beta, **limits}.items()}
            ratios.append(row(term.name, "hazard_ratio", words, std_error=amount * error, **ratio, **test))
    return coefficients + ratios


def _overall(fitted: CoxFit, time: np.ndarray, died: np.ndarray, codes: np.ndarray, counts: dict) -> list[dict]:
    """Return the three tests of all coefficients together, the concordance and the log-likelihood."""
    df = len(fitted.beta)
    wald = np.nan
    if not fitted.diverged.any():
        wald = float(fitted.beta @ np.linalg.solve(fitted.covariance, fitted.beta))
    tests = {
        "likelihood_ratio_test": 2 * (fitted.loglik - fitted.loglik_null),
        "wald_test": wald,
        "score_test": fitted.score_test,
    }
    rows = [
        row("model", name, statistic=value, df=df, p_value=chi2_p(value, df), method="chi-squared", **counts)
        for name, value in tests.items()
    ]
    share, error = concordance(time, died, fitted.linear_predictor, codes)
    rows.append(
        row(
            "model", "concordance", estimate=share, std_error=error, method="Harrell, infinitesimal jackknife", **counts
        )
    )
    rows.append(row("model", "log_likelihood", estimate=fitted.loglik, method="partial likelihood", **counts))
    return rows


def _few_events(n_events: int, n_coefficients: int) -> list[tuple[str, str]]:
    share = n_events / n_coefficients
    if share >= 10:
        return []
    message = (
        f"{n_events} events for {n_coefficients} coefficients are {share:.1f} events per variable, fewer than 10: "
        "estimates may be too far from 1 and intervals too narrow."
    )
    return [("events_per_variable", message)]


def _runaway(fitted: CoxFit, terms: list[Term]) -> list[tuple[str, str]]:
    labels = [f"{term.name} ({scale})" for term in terms for scale in term.scales]
    names = [label for label, away in zip(labels, fitted.diverged, strict=True) if away]
    if not names:
        return []
    message = (
        f"The likelihood grows without bound in {', '.join(names)} (separation): it has no finite estimate, interval "
        "or test of proportional hazards; a penalised model is needed."
    )
    return [("monotone_likelihood", message)]


def _violated(tests: list[tuple[str, float, int, float]]) -> list[tuple[str, str]]:
    named = [f"{name} (p = {p:.2g})" for name, _, _, p in tests if p < 0.05]
    if not named:
        return []
    message = (
        f"Proportional hazards are doubtful at p < 0.05: {', '.join(named)}; the ratios are averages over follow-up."
    )
    return [("ph_violated", message)]
