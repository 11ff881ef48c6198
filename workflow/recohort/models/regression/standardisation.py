"""Risks standardised to the analysed rows (g-computation), and the interaction of two binary factors on their scale.

Robins J, Math Model 1986;7:1393-1512 (doi 10.1016/0270-0255(86)90088-6); delta method: Localio AR, Margolis DJ, Berlin
JA, J Clin Epidemiol 2007;60:874-882 (doi 10.1016/j.jclinepi.2006.12.001).
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from recohort.models.distributions import normal_p, two_sided_z


class Risks(NamedTuple):
    """Mean risks of several arms.

    Attributes
    ----------
    risk : ndarray, shape (a,)
        If everyone were in that arm.
    covariance : ndarray, shape (a, a)
        By the delta method, the covariates taken as given.
    """

    risk: np.ndarray
    covariance: np.ndarray


def standardised_risks(beta: np.ndarray, covariance: np.ndarray, arms: list[np.ndarray], weights: np.ndarray) -> Risks:
    """Return the mean of everyone's fitted risk in each arm.

    Parameters
    ----------
    beta, covariance : ndarray, shapes (k,) and (k, k)
        Of a logistic model, intercept first.
    arms : list of ndarray, shape (n, k - 1)
        The design with everyone in that arm.
    weights : ndarray, shape (n,)
        Of the rows.
    """
    share = weights / weights.sum()
    risk, gradients = [], []
    for x in arms:
        p = expit(beta[0] + x @ beta[1:])
        slope = share * p * (1 - p)
        risk.append(share @ p)
        gradients.append(np.r_[slope.sum(), slope @ x])
    gradient = np.array(gradients)
    return Risks(np.array(risk), gradient @ covariance @ gradient.T)


def risk_interval(risk: float, error: float, *, level: float) -> dict[str, float]:
    """Return a mean risk with its error, and limits that are symmetric on the logit."""
    half = two_sided_z(level) * error / (risk * (1 - risk))
    low, high = expit(np.log(risk / (1 - risk)) + np.array([-half, half]))
    return {"estimate": risk, "std_error": error, "conf_low": low, "conf_high": high}


def risk_rows(found: Risks, *, level: float) -> dict[str, dict[str, float]]:
    """Return the numbers of ``risk_difference``, ``risk_ratio``, ``number_needed_to_treat`` of arm 1 against arm 0.

    The number needed is 1 over the difference, negative where arm 1 has the lower risk; its limits are those of the
    difference turned over, missing where the difference's interval includes 0 (they would pass through infinity;
    Altman DG, BMJ 1998;317:1309-1312, doi 10.1136/bmj.317.7168.1309).
    """
    z = two_sided_z(level)
    (none, some), v = found.risk, found.covariance
    difference, error = some - none, np.sqrt(max(v[0, 0] + v[1, 1] - 2 * v[0, 1], 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        log_ratio = np.log(some) - np.log(none)
        log_error = np.sqrt(v[0, 0] / none**2 + v[1, 1] / some**2 - 2 * v[0, 1] / (none * some))
        limits = difference - z * error, difference + z * error
        turned = sorted(1 / limit for limit in limits) if limits[0] * limits[1] > 0 else (np.nan, np.nan)
        return {
            "risk_difference": _tested(difference, error, *limits),
            "risk_ratio": {
                **_tested(log_ratio, log_error, 0, 0),
                "estimate": np.exp(log_ratio),
                "conf_low": np.exp(log_ratio - z * log_error),
                "conf_high": np.exp(log_ratio + z * log_error),
            },
            "number_needed_to_treat": {"estimate": 1 / difference, "conf_low": turned[0], "conf_high": turned[1]},
        }


def additive_interaction(beta: np.ndarray, covariance: np.ndarray, *, level: float) -> dict[str, dict[str, float]]:
    """Return ``reri``, ``attributable_proportion`` and ``synergy_index`` of two binary factors.

    Hosmer DW, Lemeshow S, Epidemiology 1992;3:452-456 (doi 10.1097/00001648-199209000-00012). The synergy index has its
    interval on the logarithm, and is missing where its logarithm is.

    Parameters
    ----------
    beta, covariance : ndarray, shapes (3,) and (3, 3)
        Log odds ratios of the first factor, of the second, and of their product.
    level : float
        Confidence level.
    """
    z = two_sided_z(level)
    one, two, both = np.exp(beta[0]), np.exp(beta[1]), np.exp(beta.sum())
    excess = both - one - two + 1
    by_reri = np.array([both - one, both - two, both])
    by_share = by_reri / both - excess / both
    found = {}
    for name, value, gradient in (
        ("reri", excess, by_reri),
        ("attributable_proportion", excess / both, by_share),
    ):
        error = np.sqrt(gradient @ covariance @ gradient)
        found[name] = _tested(value, error, value - z * error, value + z * error)
    apart = one + two - 2
    synergy = (both - 1) / apart if apart else np.nan
    if not synergy > 0:
        return {**found, "synergy_index": {"estimate": synergy}}
    gradient = np.full(3, both / (both - 1)) - np.array([one, two, 0.0]) / apart
    error = np.sqrt(gradient @ covariance @ gradient)
    low, high = np.exp(np.log(synergy) - z * error), np.exp(np.log(synergy) + z * error)
    found["synergy_index"] = {**_tested(np.log(synergy), error, low, high), "estimate": synergy}
    return found


def _tested(estimate: float, error: float, low: float, high: float) -> dict[str, float]:
    statistic = estimate / error if error > 0 else np.nan
    return {
        "estimate": estimate,
        "std_error": error,
        "conf_low": low,
        "conf_high": high,
        "statistic": statistic,
        "p_value": normal_p(statistic),
    }
