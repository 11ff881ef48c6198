"""How far predicted risks are right: calibration, Brier score, discrimination, and their optimism.

Steyerberg EW, Clinical Prediction Models, 2nd ed. 2019, chapters 5 and 15; Austin PC, Steyerberg EW, Stat Med
2019;38:4051-4065 (doi 10.1002/sim.8281) for ICI, E50, E90; Graf E et al., Stat Med 1999;18:2529-2545 for the Brier
score under censoring.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from recohort.core.errors import InputError
from recohort.models.accuracy.delong import auc
from recohort.models.accuracy.risk_model import NoMaximumError, Outcome, fit_logistic, fit_risk
from recohort.models.survival.concordance import concordance
from recohort.models.survival.coxph import fit_cox
from recohort.models.survival.ipcw import Censoring
from recohort.models.survival.product_limit import product_limit


class Line(NamedTuple):
    """Intercept given the slope 1, then intercept and slope together, each with its standard error."""

    large: tuple[float, float]
    intercept: tuple[float, float]
    slope: tuple[float, float]


def logit(risk: np.ndarray) -> np.ndarray:
    """Return log odds."""
    return np.log(risk) - np.log1p(-risk)


def log_hazard(risk: np.ndarray) -> np.ndarray:
    """Return the complementary log-log of a risk, the logarithm of its cumulative hazard."""
    return np.log(-np.log1p(-risk))


def risk_of(predictor: np.ndarray, *, censored: bool) -> np.ndarray:
    """Return the risk whose log odds, or log cumulative hazard under censoring, is the predictor."""
    return -np.expm1(-np.exp(predictor)) if censored else expit(predictor)


def predictor_of(risk: np.ndarray, *, censored: bool) -> np.ndarray:
    """Return the log odds, or the log cumulative hazard under censoring, of risks within 0 and 1."""
    return log_hazard(risk) if censored else logit(risk)


def calibration_line(event: np.ndarray, predictor: np.ndarray) -> Line:
    """Return the logistic calibration of predicted log odds.

    Cox DR, Biometrika 1958;45:562-565 (doi 10.1093/biomet/45.3-4.562).
    """
    large = fit_logistic(np.ones((len(event), 1)), event, ["intercept"], offset=predictor)
    both = fit_logistic(np.column_stack([np.ones(len(event)), predictor]), event, ["intercept", "predicted risk"])
    errors = np.sqrt(np.diag(both.covariance))
    return Line(
        (float(large.beta[0]), float(np.sqrt(large.covariance[0, 0]))),
        (float(both.beta[0]), float(errors[0])),
        (float(both.beta[1]), float(errors[1])),
    )


def survival_slope(outcome: Outcome, predictor: np.ndarray) -> tuple[float, float]:
    """Return the coefficient of a predictor of the log hazard, 1 if it is calibrated, and its standard error."""
    strata = np.zeros(len(predictor), dtype=int)
    found = fit_cox(
        outcome.time, outcome.event, predictor[:, None], strata=strata, ties=outcome.ties, names=["predicted risk"]
    )
    if found.diverged[0]:
        raise NoMaximumError("the calibration slope has no finite estimate, expected risks that overlap")
    return float(found.beta[0]), float(np.sqrt(found.covariance[0, 0]))


def brier_scores(outcome: Outcome, risk: np.ndarray, null: float) -> np.ndarray:
    """Return each subject's (weighted) squared error and that of a risk that all share, shape (2, n).

    Under censoring an event by the moment weighs 1/G(T-), a subject followed beyond it 1/G(t), any other 0.
    """
    if outcome.time is None:
        return np.array([(outcome.event - risk) ** 2, (outcome.event - null) ** 2])
    censoring = Censoring(outcome.time, outcome.event == 0)
    case, free = (outcome.event == 1) & (outcome.time <= outcome.moment), outcome.time > outcome.moment
    weight = np.divide(1.0, censoring.before(), out=np.zeros(len(risk)), where=case)
    if free.any():
        weight[free] = 1 / censoring.at(outcome.moment)
    return weight * np.array([(case - risk) ** 2, (case - null) ** 2])


def observed_risk(outcome: Outcome) -> float:
    """Return the share of events, by the product-limit estimate where follow-up is censored."""
    if outcome.time is None:
        return float(outcome.event.mean())
    return 1 - survival_at(outcome)[0]


def survival_at(outcome: Outcome) -> tuple[float, float]:
    """Return survival at the moment and the standard error of its logarithm; nan beyond the last follow-up.

    Where the last subject has had the event before the moment, survival stays 0.
    """
    steps = product_limit(outcome.time, outcome.event, np.ones(len(outcome.event)))
    place = np.searchsorted(steps.time, outcome.moment, side="right") - 1
    if place < 0:
        return 1.0, 0.0
    if outcome.moment > steps.time[-1] and steps.survival[-1] > 0:
        return np.nan, np.nan
    return float(steps.survival[place]), float(steps.std_error[place])


def c_statistic(outcome: Outcome, predictor: np.ndarray) -> tuple[float, float]:
    """Return the concordance with the outcome and its standard error: the AUC, or Harrell's C of censored times."""
    if outcome.time is None:
        return auc(predictor, outcome.event)
    return concordance(outcome.time, outcome.event, predictor, np.zeros(len(predictor), dtype=int))


def smooth_risk(event: np.ndarray, risk: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return the observed share of events at given predicted risks by Cleveland's lowess.

    Span 2/3, no robustness step, interpolated within a hundredth of the range, as R's ``lowess(p, y, iter = 0)``.
    Outside the risks that were seen it is missing.
    """
    from statsmodels.nonparametric.smoothers_lowess import lowess

    order = np.argsort(risk, kind="stable")
    p, y = risk[order], event[order].astype(float)
    fitted = lowess(y, p, frac=2 / 3, it=0, delta=0.01 * (p[-1] - p[0]), is_sorted=True, return_sorted=False)
    values, first = np.unique(p, return_index=True)
    means = np.add.reduceat(fitted, first) / np.diff(np.r_[first, len(p)])
    return np.interp(at, values, means, left=np.nan, right=np.nan)


def smooth_survival_risk(outcome: Outcome, predictor: np.ndarray, at: np.ndarray, knots: int) -> np.ndarray:
    """Return the observed risk by a Cox model with a spline of the predicted log cumulative hazard.

    Austin PC, Harrell FE, van Klaveren D, Stat Med 2020;39:2714-2742 (doi 10.1002/sim.8570).

    Parameters
    ----------
    outcome : Outcome
        With follow-up.
    predictor : ndarray, shape (n,)
        Predicted log cumulative hazard (complementary log-log of the risk).
    at : ndarray, shape (m,)
        Values of it at which the curve is wanted; missing beyond those that were seen.
    knots : int
        Of the spline.
    """
    from recohort.models.regression.splines import knots_of, restricted_cubic

    places = knots_of(predictor, knots)
    x = restricted_cubic(predictor, places)
    model = fit_risk(x, outcome, [f"spline {number + 1} of the predicted risk" for number in range(x.shape[1])])
    inside = (at >= predictor.min()) & (at <= predictor.max())
    found = np.full(len(at), np.nan)
    found[inside] = model.risk(restricted_cubic(at[inside], places))
    return found


MEASURES = ("c_statistic", "calibration_intercept", "calibration_slope", "brier", "brier_scaled")


def measures(outcome: Outcome, predictor: np.ndarray) -> np.ndarray:
    """Return `MEASURES` of predicted log odds (or log cumulative hazards), shape (5,).

    Under censoring there is no intercept.
    """
    censored = outcome.time is not None
    if censored:
        intercept, slope = np.nan, survival_slope(outcome, predictor)[0]
    else:
        line = calibration_line(outcome.event, predictor)
        intercept, slope = line.intercept[0], line.slope[0]
    risk = risk_of(predictor, censored=censored)
    own, null = brier_scores(outcome, risk, observed_risk(outcome)).mean(axis=1)
    return np.array([c_statistic(outcome, predictor)[0], intercept, slope, own, 1 - own / null])


def optimism(x: np.ndarray, outcome: Outcome, names: list[str], samples: np.ndarray) -> np.ndarray:
    """Return how much better `measures` look in each sample, by the model fitted there, than in the original data.

    Harrell FE, Lee KL, Mark DB, Stat Med 1996;15:361-387 (doi
    10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4).

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Covariates.
    outcome : Outcome
        What is predicted.
    names : list of str
        The columns of `x`.
    samples : ndarray of int, shape (B, n)
        Rows of each sample.

    Returns
    -------
    gain : ndarray, shape (B, 5)
        nan for a sample in which the model has no finite estimate.
    """
    gain = np.full((len(samples), len(MEASURES)), np.nan)
    for place, rows in enumerate(samples):
        part = outcome.take(rows)
        try:
            model = fit_risk(x[rows], part, names)
            gain[place] = measures(part, model.linear(x[rows])) - measures(outcome, model.linear(x))
        except InputError:
            continue
    return gain


def groups_of(risk: np.ndarray, groups: int) -> np.ndarray:
    """Return the group of each risk by quantiles (type 7), from 0; equal risks are together, empty groups left out."""
    edges = np.quantile(risk, np.arange(1, groups) / groups)
    return np.unique(np.searchsorted(edges, risk, side="left"), return_inverse=True)[1]
