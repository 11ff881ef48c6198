"""How much better a Cox model looks on the data it was fitted to than it is.

Harrell FE, Lee KL, Mark DB, Stat Med 1996;15:361-387 (doi
10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4): refit in bootstrap samples, apply each fit to the
original data, and take the mean loss off the apparent value.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from recohort.core.errors import InputError
from recohort.models.survival.concordance import concordance
from recohort.models.survival.coxph import CoxFit, fit_cox


class Optimism(NamedTuple):
    """Means over the samples that could be fitted.

    Attributes
    ----------
    concordance : float
        Loss of Harrell's C from a sample to the original data.
    slope : float
        Of the original data on the linear predictor of a sample's fit.
    fitted : int
        Number of samples that could be fitted.
    """

    concordance: float
    slope: float
    fitted: int


def optimism(
    time: np.ndarray,
    event: np.ndarray,
    x: np.ndarray,
    *,
    strata: np.ndarray,
    ties: str,
    names: list[str],
    bootstrap: int,
    generator: np.random.Generator,
    fitter: Callable[..., CoxFit] = fit_cox,
) -> Optimism:
    """Return the optimism of a Cox model by the bootstrap, nan where no sample can be fitted.

    Rows are drawn with replacement; a sample without event, with a column that does not vary or with a likelihood that
    has no maximum is left out and counted.

    Parameters
    ----------
    time, event, x, strata, ties, names
        As in `coxph.fit_cox`.
    bootstrap : int
        Number of samples.
    generator : numpy Generator
        Source of the samples.
    fitter : callable
        `coxph.fit_cox`, or another of the same face.
    """
    losses, slopes = [], []
    for _ in range(bootstrap):
        drawn = np.sort(generator.integers(0, len(time), len(time)))
        try:
            fit = fitter(time[drawn], event[drawn], x[drawn], strata=strata[drawn], ties=ties, names=names)
            if fit.diverged.any():
                continue
            score = (x - x.mean(axis=0)) @ fit.beta
            again = fit_cox(time, event, score[:, None], strata=strata, ties=ties, names=["linear predictor"])
        except InputError:
            continue
        if again.diverged.any():
            continue
        seen = concordance(time[drawn], event[drawn], fit.linear_predictor, strata[drawn])[0]
        losses.append(seen - concordance(time, event, score, strata)[0])
        slopes.append(float(again.beta[0]))
    if not losses:
        return Optimism(np.nan, np.nan, 0)
    return Optimism(float(np.mean(losses)), float(np.mean(slopes)), len(losses))
