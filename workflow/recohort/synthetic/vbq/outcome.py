"""The planted outcome: hazard of a new fracture, death as a competing event, treatment that starts some time."""

import numpy as np
import pandas as pd

from recohort.synthetic.wml.cohort import truncated_normal

DAYS_PER_MONTH = 30.4375
EFFECTS = ("vbq_per_sd", "age_per_decade", "female", "steroid", "prior_fracture", "second_level", "treatment")
"""Hazard ratios that an outcome names."""
REFERENCE_AGE = 73.65
HORIZON = 1e4
"""Later than any follow-up, months."""


def time_to_event(cumulative: np.ndarray, edges: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Return when a cumulative hazard is reached, the hazard being constant between edges.

    Parameters
    ----------
    cumulative : ndarray, shape (n,)
        Cumulative hazard to be reached.
    edges : ndarray, shape (n, k)
        Start of each period but the first, which starts at 0; not decreasing. May be infinite.
    rates : ndarray, shape (n, k + 1)
        Hazard in each period, per unit of time.
    """
    starts = np.column_stack([np.zeros(len(cumulative)), np.minimum(edges, HORIZON)])
    spent = np.cumsum(rates[:, :-1] * np.diff(starts, axis=1), axis=1)
    period = np.sum(spent <= cumulative[:, None], axis=1)[:, None]
    before = np.column_stack([np.zeros(len(cumulative)), spent])
    start, rate, gone = (np.take_along_axis(of, period, axis=1)[:, 0] for of in (starts, rates, before))
    return start + (cumulative - gone) / rate


def draw_outcomes(
    u: np.ndarray,
    patients: pd.DataFrame,
    vbq_standardised: np.ndarray,
    *,
    early_days: float,
    rate_early: float,
    rate_late: float,
    hazard_ratios: dict,
    death_rate: float,
    death_per_decade: float,
    censoring_months: dict,
    treated_share: float,
    treated_at_once_share: float,
    treatment_delay_months: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return follow-up and what ended it.

    Fracture has the hazard ``rate(t) * product of hazard ratios``, that of treatment from its start on. The reference
    patient has the mean score, is a man of 73.65 years, has one level treated, takes no steroid, and has not
    broken a vertebra before. Death has a constant hazard. Who dies cannot break a bone any more.

    Parameters
    ----------
    u : ndarray, shape (patients, 5)
        Uniform numbers: fracture, death, censoring, whether and when treated.
    patients : DataFrame
        Covariates.
    vbq_standardised : ndarray, shape (patients,)
        Score without fractured levels, in SD from the mean.
    early_days : float
        Days of the early period.
    rate_early, rate_late : float
        Fractures per 100 months of the reference patient, early and after.
    hazard_ratios : dict
        `EFFECTS`.
    death_rate : float
        Deaths per 100 months at the reference age.
    death_per_decade : float
        Hazard ratio of death per 10 years.
    censoring_months : dict
        ``mean, sd, minimum, maximum`` of the truncated normal time at which follow-up would end.
    treated_share, treated_at_once_share, treatment_delay_months : float
        Probability of ever being treated against osteoporosis; of having begun by the procedure, among these; mean of
        the exponential delay of the others.

    Returns
    -------
    outcomes : DataFrame
        ``follow_up`` (months to the first of fracture, death and end), ``event`` (none, fracture, death), ``fracture``,
        ``death``, ``treatment`` (begun before follow-up ended), ``treatment_start`` (months, missing without).
    truth : DataFrame
        ``linear_predictor`` without treatment, and the times of each, months.
    """
    broken, dead, ended, treated, delay = u.T
    logs = {name: np.log(hazard_ratios[name]) for name in EFFECTS}
    decades = (patients["age"].to_numpy() - REFERENCE_AGE) / 10
    linear_predictor = (
        logs["vbq_per_sd"] * vbq_standardised
        + logs["age_per_decade"] * decades
        + logs["female"] * (patients["sex"] == "F").to_numpy()
        + logs["steroid"] * patients["steroid"].to_numpy()
        + logs["prior_fracture"] * patients["prior_fractures"].to_numpy()
        + logs["second_level"] * (patients["n_levels"].to_numpy() - 1)
    )
    at_once = treated_share * treated_at_once_share
    wait = -treatment_delay_months * np.log1p(-delay)
    start = np.select([treated < at_once, treated < treated_share], [0.0, wait], np.inf)
    early = np.full(len(start), early_days / DAYS_PER_MONTH)
    edges = np.sort(np.column_stack([early, start]), axis=1)
    begins = np.column_stack([np.zeros(len(start)), edges])
    rates = np.where(begins < early[:, None], rate_early, rate_late) / 100
    rates = (
        rates * np.where(begins >= start[:, None], hazard_ratios["treatment"], 1) * np.exp(linear_predictor)[:, None]
    )
    times = {
        "fracture_time": time_to_event(-np.log1p(-broken), edges, rates),
        "death_time": -np.log1p(-dead) / (death_rate / 100 * death_per_decade**decades),
        "censoring_time": truncated_normal(ended, **censoring_months),
    }
    follow_up = np.min(list(times.values()), axis=0)
    fracture, death = (times[name] == follow_up for name in ("fracture_time", "death_time"))
    on = start < follow_up
    outcomes = pd.DataFrame(
        {
            "follow_up": follow_up,
            "event": np.select([fracture, death], ["fracture", "death"], "none"),
            "fracture": fracture.astype(int),
            "death": death.astype(int),
            "treatment": on.astype(int),
            "treatment_start": np.where(on, start, np.nan),
        }
    )
    return outcomes, pd.DataFrame({"linear_predictor": linear_predictor, **times})
