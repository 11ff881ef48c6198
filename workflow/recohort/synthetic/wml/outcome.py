"""Bleeding and recovery of a synthetic stroke patient: logistic models that are the truth.

With x the predictors of `PREDICTORS` and beta the logarithms of the odds ratios,

    logit P(sich)            = intercept + x beta_sich
    logit P(aich | no sich)  = intercept + x beta_aich
    logit P(mrs > k)         = intercept_k + x beta_mrs,   k = 0 .. 5.

The errors of sich and mrs are joined by a Gaussian copula: who bleeds fares worse, and yet each model holds exactly.
"""

import numpy as np
import pandas as pd
from scipy import special

from recohort.core.errors import InputError

REFERENCE = {"age": 73.0, "nihss": 15, "onset_to_groin": 180.0, "collateral": 2, "aspects": 9}
"""Patient in whom the intercepts are the log-odds: a woman as above, no IVT, no study drug, no WML, earlier mRS 0."""

PREDICTORS = (
    "aspirin",
    "heparin_low",
    "heparin_moderate",
    "wml",
    "aspirin_wml",
    "heparin_wml",
    "age_per_decade",
    "male",
    "mrs_before",
    "nihss",
    "onset_per_hour",
    "collateral",
    "aspects",
    "ivt",
)


def design(patients: pd.DataFrame, wml_ml: np.ndarray) -> np.ndarray:
    """Return the predictors of `PREDICTORS`, one column each.

    Parameters
    ----------
    patients : DataFrame
        ``age, sex, mrs_before, nihss, onset_to_groin, collateral, aspects, ivt, aspirin, heparin``.
    wml_ml : ndarray, shape (patients,)
        True volume of white matter lesions, mL.

    Returns
    -------
    ndarray of float, shape (patients, 14)
    """
    from_reference = {name: patients[name].to_numpy(float) - value for name, value in REFERENCE.items()}
    aspirin, heparin = patients["aspirin"].to_numpy(float), patients["heparin"].to_numpy()
    columns = {
        "aspirin": aspirin,
        "heparin_low": heparin == "low",
        "heparin_moderate": heparin == "moderate",
        "wml": wml_ml,
        "aspirin_wml": aspirin * wml_ml,
        "heparin_wml": (heparin != "none") * wml_ml,
        "age_per_decade": from_reference["age"] / 10,
        "male": patients["sex"] == "M",
        "mrs_before": patients["mrs_before"],
        "nihss": from_reference["nihss"],
        "onset_per_hour": from_reference["onset_to_groin"] / 60,
        "collateral": from_reference["collateral"],
        "aspects": from_reference["aspects"],
        "ivt": patients["ivt"],
    }
    return np.column_stack([np.asarray(columns[name], float) for name in PREDICTORS])


def linear_predictor(predictors: np.ndarray, odds_ratios: dict) -> np.ndarray:
    """Return the log-odds less the intercept, of odds ratios named as `PREDICTORS`."""
    return predictors @ np.log([odds_ratios[name] for name in PREDICTORS])


def draw_outcomes(
    errors: np.ndarray, predictors: np.ndarray, *, sich: dict, aich: dict, mrs: dict
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw bleeding and the modified Rankin scale at 90 days.

    Parameters
    ----------
    errors : ndarray, shape (patients, 3)
        Independent standard normal numbers.
    predictors : ndarray, shape (patients, 14)
        Of `design`.
    sich, aich : dict
        ``intercept, odds_ratios``; aich is that of patients without sich.
    mrs : dict
        ``intercepts`` (6, decreasing), ``odds_ratios`` of a worse grade, ``correlation_sich`` of the normal scores.

    Returns
    -------
    outcomes : DataFrame
        ``mrs, mrs_0_2, sich, aich, any_ich``; any_ich is sich or aich, never both.
    truth : DataFrame
        ``lp_sich, lp_aich`` (log-odds), ``lp_mrs`` (without intercept).

    Raises
    ------
    InputError
        The intercepts of mrs do not decrease.
    """
    cuts = np.asarray(mrs["intercepts"], float)
    if (np.diff(cuts) >= 0).any():
        raise InputError(f"outcome.mrs.intercepts: found {cuts.tolist()}, expected decreasing numbers, P(mrs > k)")
    rho = mrs["correlation_sich"]
    score = rho * errors[:, 0] + np.sqrt(1 - rho * rho) * errors[:, 1]
    bleeding, silent, recovery = (linear_predictor(predictors, one["odds_ratios"]) for one in (sich, aich, mrs))
    bleeding, silent = bleeding + sich["intercept"], silent + aich["intercept"]
    bled = special.ndtr(errors[:, 0]) < special.expit(bleeding)
    seen = ~bled & (special.ndtr(errors[:, 2]) < special.expit(silent))
    grade = (special.ndtr(score)[:, None] < special.expit(cuts + recovery[:, None])).sum(axis=1)
    outcomes = {"mrs": grade, "mrs_0_2": grade <= 2, "sich": bled, "aich": seen, "any_ich": bled | seen}
    return (
        pd.DataFrame(outcomes).astype(int),
        pd.DataFrame({"lp_sich": bleeding, "lp_aich": silent, "lp_mrs": recovery}),
    )
