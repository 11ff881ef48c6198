"""Covariates, lesion truth and follow-up of a synthetic cohort.

A subject is a function of (seed, study, participant_id), with three streams, ``covariates``, ``latent`` and
``outcome``: one more subject changes no other, and another planted effect changes only events. All subjects are
independent draws of one population; nothing is scaled by the sample.
"""

from datetime import date

import numpy as np
import pandas as pd
from scipy import special

from recohort.core.errors import InputError
from recohort.core.seeds import generator

DAYS_PER_MONTH = 30.4375
PARTICIPANT_COLUMNS = (
    "participant_id",
    "age",
    "sex",
    "site",
    "prior_haemorrhage",
    "location",
    "dva",
    "mrs",
    "follow_up",
    "haemorrhage",
    "prior_treatment",
)
TRUTH_COLUMNS = (
    "participant_id",
    "location",
    "at_edge",
    "lesion_volume_ml",
    "lesion_median_ppm",
    "lesion_iqr_ppm",
    "linear_predictor",
    "event_time",
    "censoring_time",
)


def lognormal(z: float, *, mean: float, sd: float, minimum: float, maximum: float) -> float:
    """Return the value of a log-normal distribution at a standard normal score.

    Parameters
    ----------
    z : float
        Standard normal score.
    mean, sd : float
        Of the distribution before it is clipped, in the unit of the value.
    minimum, maximum : float
        Limits to which the value is clipped.
    """
    variance = np.log1p((sd / mean) ** 2)
    value = mean * np.exp(np.sqrt(variance) * z - variance / 2)
    return float(np.clip(value, minimum, maximum))


def truncated_normal(u: float, *, mean: float, sd: float, minimum: float, maximum: float) -> float:
    """Return the quantile at u (0 to 1) of a normal distribution truncated to [minimum, maximum]."""
    low, high = special.ndtr([(minimum - mean) / sd, (maximum - mean) / sd])
    return float(mean + sd * special.ndtri(low + u * (high - low)))


def level(u: float, weights) -> int:
    """Return the index of the level that a uniform number u falls into, levels having the given weights."""
    steps = np.cumsum(weights)
    return int(np.searchsorted(steps / steps[-1], u, side="right"))


def months_between(start: str, end: str) -> float:
    """Return the months from one ISO date to another, a month having 30.4375 days."""
    try:
        days = (date.fromisoformat(str(end)) - date.fromisoformat(str(start))).days
    except ValueError as error:
        raise InputError(f"outcome: found dates {start!r} and {end!r}, expected YYYY-MM-DD") from error
    return days / DAYS_PER_MONTH


def draw_covariates(
    rng,
    *,
    age_years,
    female_share,
    site_weights,
    dva_share,
    mrs_weights,
    prior_treatment_share,
) -> dict:
    """Draw what is independent of the lesion.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    age_years : dict
        ``mean, sd, minimum, maximum`` of a truncated normal distribution, years.
    female_share, dva_share, prior_treatment_share : float
        Probabilities.
    site_weights, mrs_weights : sequence of float
        Relative sizes of the sites; of the grades 0, 1, ... of the modified Rankin scale.
    """
    u = rng.random(6)
    return {
        "age": round(truncated_normal(u[0], **age_years), 1),
        "sex": "F" if u[1] < female_share else "M",
        "site": f"site{level(u[2], site_weights) + 1:02d}",
        "dva": int(u[3] < dva_share),
        "mrs": level(u[4], mrs_weights),
        "prior_treatment": int(u[5] < prior_treatment_share),
    }


def draw_lesion_targets(
    rng,
    *,
    location_weights,
    edge_share,
    volume_ml,
    location_maximum_ml,
    median_ppm,
    iqr_ppm,
    prior_haemorrhage_share,
    correlation_iqr,
    correlation_volume,
    correlation_prior_haemorrhage,
) -> dict:
    """Draw the lesion and prior haemorrhage, joined by a Gaussian copula through the lesion median.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    location_weights : dict
        Relative frequency of each part of the brainstem.
    edge_share, prior_haemorrhage_share : float
        Probabilities.
    volume_ml, median_ppm, iqr_ppm : dict
        ``mean, sd, minimum, maximum`` of a clipped log-normal distribution, mL and ppm.
    location_maximum_ml : dict
        Largest volume of a lesion in each part of the brainstem, mL; larger ones are clipped to it.
    correlation_iqr, correlation_volume, correlation_prior_haemorrhage : float
        Correlation of the normal score of each with that of the lesion median.
    """
    median, *own = rng.standard_normal(4)
    iqr, volume, prior = (
        r * median + np.sqrt(1 - r * r) * z
        for r, z in zip((correlation_iqr, correlation_volume, correlation_prior_haemorrhage), own, strict=True)
    )
    u = rng.random(2)
    location = list(location_weights)[level(u[0], list(location_weights.values()))]
    return {
        "lesion_median_ppm": lognormal(median, **median_ppm),
        "lesion_iqr_ppm": lognormal(iqr, **iqr_ppm),
        "lesion_volume_ml": min(lognormal(volume, **volume_ml), float(location_maximum_ml[location])),
        "prior_haemorrhage": int(special.ndtr(prior) > 1 - prior_haemorrhage_share),
        "location": location,
        "at_edge": int(u[1] < edge_share),
    }


def draw_outcome(
    rng,
    *,
    linear_predictor: float,
    rate_per_100_person_years: float,
    loss_per_100_person_years: float,
    enrolment_start: str,
    enrolment_end: str,
    data_lock: str,
) -> dict:
    """Draw follow-up with a constant hazard, uniform enrolment, and censoring by loss and by the data lock.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    linear_predictor : float
        Logarithm of the hazard relative to the reference subject.
    rate_per_100_person_years, loss_per_100_person_years : float
        Event rate of the reference subject, and rate of loss to follow-up of everybody.
    enrolment_start, enrolment_end, data_lock : str
        ISO dates.

    Raises
    ------
    InputError
        When the dates are not dates or not in order.
    """
    recruiting = months_between(enrolment_start, enrolment_end)
    observing = months_between(enrolment_end, data_lock)
    if recruiting <= 0 or observing <= 0:
        raise InputError(
            f"outcome: found enrolment_start {enrolment_start}, enrolment_end {enrolment_end}, data_lock {data_lock}, "
            "expected three dates in this order"
        )
    enrolled, event, loss = rng.random(), rng.standard_exponential(), rng.standard_exponential()
    event_time = event * 1200 / (rate_per_100_person_years * np.exp(linear_predictor))
    administrative = recruiting * (1 - enrolled) + observing
    lost = loss * 1200 / loss_per_100_person_years if loss_per_100_person_years else np.inf
    censoring_time = min(administrative, lost)
    return {
        "follow_up": float(min(event_time, censoring_time)),
        "haemorrhage": int(event_time <= censoring_time),
        "event_time": float(event_time),
        "censoring_time": float(censoring_time),
    }


def draw_subject(participant_id: str, *, study: str, seed: int, covariates, lesion, outcome) -> dict:
    """Return covariates, truth and follow-up of one subject.

    Parameters
    ----------
    participant_id, study : str
        Name the random streams.
    seed : int
        Seed of the run.
    covariates, lesion : dict
        Settings of `draw_covariates` and `draw_lesion_targets`.
    outcome : dict
        Settings of `draw_outcome`, and the planted effects: ``log_hazard_ratio_per_sd`` of the true lesion median, and
        ``log_hazard_ratios`` with ``age_per_decade, female, volume_per_ml, prior_haemorrhage``. The reference subject
        has the mean lesion median, age and volume of the settings, is male and has not bled.

    Returns
    -------
    dict
        The values of `PARTICIPANT_COLUMNS` and `TRUTH_COLUMNS`. Times in months.
    """

    def stream(purpose: str) -> np.random.Generator:
        return generator(seed, study, participant_id, purpose)

    subject = {
        "participant_id": participant_id,
        **draw_covariates(stream("covariates"), **covariates),
        **draw_lesion_targets(stream("latent"), **lesion),
    }
    effects = outcome["log_hazard_ratios"]
    standardised = (subject["lesion_median_ppm"] - lesion["median_ppm"]["mean"]) / lesion["median_ppm"]["sd"]
    linear_predictor = float(
        outcome["log_hazard_ratio_per_sd"] * standardised
        + effects["age_per_decade"] * (subject["age"] - covariates["age_years"]["mean"]) / 10
        + effects["female"] * (subject["sex"] == "F")
        + effects["volume_per_ml"] * (subject["lesion_volume_ml"] - lesion["volume_ml"]["mean"])
        + effects["prior_haemorrhage"] * subject["prior_haemorrhage"]
    )
    planted = ("log_hazard_ratio_per_sd", "log_hazard_ratios")
    follow_up = {name: value for name, value in outcome.items() if name not in planted}
    return {
        **subject,
        "linear_predictor": linear_predictor,
        **draw_outcome(stream("outcome"), linear_predictor=linear_predictor, **follow_up),
    }


def draw_cohort(participant_ids, *, study: str, seed: int, covariates, lesion, outcome):
    """Return the participants and the truth of a cohort.

    Parameters
    ----------
    participant_ids : sequence of str
        The subjects, one row each, in this order.
    study, seed, covariates, lesion, outcome
        As for `draw_subject`.

    Returns
    -------
    participants : DataFrame
        `PARTICIPANT_COLUMNS`: what a study would know.
    truth : DataFrame
        `TRUTH_COLUMNS`: what it would not; a row, as a dict, is the `subject_truth` of `acquisition.simulate_subject`.
    """
    settings = {
        "study": study,
        "seed": seed,
        "covariates": covariates,
        "lesion": lesion,
        "outcome": outcome,
    }
    rows = pd.DataFrame(
        [draw_subject(participant_id, **settings) for participant_id in participant_ids],
        columns=list(dict.fromkeys(PARTICIPANT_COLUMNS + TRUTH_COLUMNS)),
    )
    return rows[list(PARTICIPANT_COLUMNS)], rows[list(TRUTH_COLUMNS)]
