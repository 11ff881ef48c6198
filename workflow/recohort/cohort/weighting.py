"""Propensity score weights: everyone stays, and counts so that the groups become alike.

Estimands: Li F, Morgan KL, Zaslavsky AM, J Am Stat Assoc 2018;113:390-400 (doi 10.1080/01621459.2016.1260466);
stabilised and truncated weights: Cole SR, Hernan MA, Am J Epidemiol 2008;168:656-664 (doi 10.1093/aje/kwn164).
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from recohort.cohort.covariates import design, treated_rows
from recohort.cohort.propensity import linear_propensity
from recohort.core.errors import InputError


class Weighted(NamedTuple):
    """A weighted sample.

    Attributes
    ----------
    frame : DataFrame
        All rows of the cohort, with ``distance`` (the propensity score), ``weight``, and the columns ``subclass`` and
        ``sampling_weight`` of a matched sample, which are empty.
    warnings : DataFrame
        Columns ``code, message``.
    """

    frame: pd.DataFrame
    warnings: pd.DataFrame


def weight(
    cohort: pd.DataFrame,
    *,
    treatment: str,
    covariates: list[str],
    estimand: str,
    distance: str,
    stabilise: bool,
    truncate: float | None,
    extreme: float,
    columns: dict[str, dict],
) -> Weighted:
    """Weight participants by their propensity score e.

    Parameters
    ----------
    cohort : DataFrame
        Eligible participants.
    treatment : str
        Column of 1 (treated) and 0.
    covariates : list of str
        Columns of the propensity model, complete.
    estimand : {"ate", "att", "ato"}
        Whom the effect is of. Everyone: 1/e and 1/(1 - e). The treated: 1 and e/(1 - e). The overlap: 1 - e and e.
    distance : {"glm"}
        Logistic regression.
    stabilise : bool
        Multiply the weights of each group by its share of the cohort; for ``ate`` only.
    truncate : float or None
        Weights beyond this quantile are set to it, and weights below the opposite one to that (R's type 7). With
        ``att`` only those of the untreated, as the treated all have 1.
    extreme : float
        A weight more than this many times the mean of its group is warned about.
    columns : dict
        Declarations by column name.

    Raises
    ------
    InputError
        A group or covariate is empty, incomplete, constant, collinear or separating, or stabilised weights are asked
        of another estimand.
    """
    treated = treated_rows(cohort, treatment)
    if treatment in covariates:
        raise InputError(f"weighting: the treatment '{treatment}' is among the covariates, expected other columns")
    if distance != "glm":
        raise InputError(f"weighting: found the distance '{distance}', expected glm")
    x, names = design(cohort, covariates, columns=columns)
    logit = linear_propensity(x, treated, names)
    weights = _weights(logit, treated, estimand)
    if stabilise:
        if estimand != "ate":
            raise InputError(f"weighting: found stabilise with the estimand {estimand}, expected it with ate only")
        weights *= np.where(treated, treated.mean(), 1 - treated.mean())
    said = []
    if truncate is not None:
        varying = ~treated if estimand == "att" else np.ones(len(treated), dtype=bool)
        low, high = np.quantile(weights[varying], [1 - truncate, truncate])
        cut = np.clip(weights, low, high)
        changed = varying & (cut != weights)
        weights = np.where(varying, cut, weights)
        message = f"{int(changed.sum())} of {len(weights)} weights were set to {low:.3g} or {high:.3g} (quantiles)."
        said.append(("truncated_weights", message))
    said += _warnings(weights, treated, treatment, extreme)
    frame = cohort.assign(
        distance=expit(logit), subclass=pd.array([pd.NA] * len(cohort), dtype="Int64"), weight=weights
    )
    frame["sampling_weight"] = np.nan
    return Weighted(frame.reset_index(drop=True), pd.DataFrame(said, columns=["code", "message"]))


def effective_size(weights: np.ndarray) -> float:
    """Return Kish's effective sample size, (sum w)^2 / sum w^2."""
    return float(weights.sum() ** 2 / (weights @ weights))


def _weights(logit: np.ndarray, treated: np.ndarray, estimand: str) -> np.ndarray:
    """Return raw weights; odds are taken from the logit, so that scores near 0 or 1 lose no digits."""
    own = np.where(treated, logit, -logit)  # of the treatment that was had
    if estimand == "ate":
        return 1 + np.exp(-own)
    return np.where(treated, 1.0, np.exp(logit)) if estimand == "att" else expit(-own)


def _warnings(weights: np.ndarray, treated: np.ndarray, treatment: str, extreme: float) -> list[tuple[str, str]]:
    groups = {1: weights[treated], 0: weights[~treated]}
    sizes = [f"{effective_size(own):.1f} of {len(own)} with {treatment} = {group}" for group, own in groups.items()]
    said = [("effective_sample_size", f"The weights leave an effective sample size of {' and '.join(sizes)}.")]
    for group, own in groups.items():
        if count := int((own > extreme * own.mean()).sum()):
            message = (
                f"{count} of {len(own)} with {treatment} = {group} weigh more than {extreme:g} times their group's "
                f"mean; the heaviest has {100 * own.max() / own.sum():.1f} % of its weight: estimates hang on few "
                "participants."
            )
            said.append(("extreme_weights", message))
    return said
