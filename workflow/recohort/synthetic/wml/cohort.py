"""Patients of a synthetic factorial stroke trial: covariates, white matter lesions, allocation, outcome.

A patient is a function of (seed, study, participant_id), with streams ``covariates``, ``latent`` and ``outcome``. Only
the allocation looks at others: at the patients who were enrolled before in the same centre.
"""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from recohort.core.errors import InputError
from recohort.core.seeds import generator
from recohort.synthetic.wml.allocation import allocate
from recohort.synthetic.wml.outcome import design, draw_outcomes

PARTICIPANT_COLUMNS = (
    "participant_id",
    "centre",
    "age",
    "sex",
    "mrs_before",
    "nihss",
    "onset_to_groin",
    "collateral",
    "aspects",
    "ivt",
    "aspirin",
    "heparin",
    "heparin_any",
    "ct",
    "mrs",
    "mrs_0_2",
    "sich",
    "aich",
    "any_ich",
)
TRUTH_COLUMNS = ("participant_id", "wml_target_ml", "lp_sich", "lp_aich", "lp_mrs")
N_COVARIATES = 9


def truncated_normal(u, *, mean: float, sd: float, minimum: float, maximum: float):
    """Return the quantile at u (0 to 1) of a normal distribution truncated to [minimum, maximum]."""
    low, high = special.ndtr([(minimum - mean) / sd, (maximum - mean) / sd])
    return mean + sd * special.ndtri(low + u * (high - low))


def bounded_lognormal(z, *, median: float, p95: float, maximum: float):
    """Return the value, at a standard normal score, of a skewed distribution between 0 and a maximum.

    ``log(value / (maximum - value))`` is normal (Johnson's SB system, Biometrika 1949;36:149): far below the maximum
    that is log-normal, and yet no value need be clipped.

    Parameters
    ----------
    z : float or ndarray
        Standard normal score.
    median, p95, maximum : float
        Median, 95th percentile and limit, in the unit of the value.

    Raises
    ------
    InputError
        They do not increase.
    """
    if not 0 < median < p95 < maximum:
        raise InputError(
            f"wml.volume_ml: found median {median:g}, p95 {p95:g}, maximum {maximum:g}, "
            "expected three increasing volumes above 0"
        )
    middle, upper = (np.log(value / (maximum - value)) for value in (median, p95))
    return maximum * special.expit(middle + (upper - middle) / special.ndtri(0.95) * np.asarray(z))


def level(u: np.ndarray, weights: Sequence[float]) -> np.ndarray:
    """Return the index of the level that each uniform number falls into, levels having the given weights."""
    steps = np.cumsum(weights)
    return np.searchsorted(steps / steps[-1], u, side="right")


def uniforms(participant: str, *, study: str, seed: int) -> np.ndarray:
    """Return the uniform numbers behind a patient's covariates; the first is that of age."""
    return generator(seed, study, participant, "covariates").random(N_COVARIATES)


def age_of(u, *, age_years: dict):
    """Return age, years, to a tenth, at a uniform number."""
    return np.round(truncated_normal(np.asarray(u), **age_years), 1)


def wml_of(u, latent, *, volume_ml: dict, correlation_age: float):
    """Return the volume of white matter lesions, mL, joined to age by a Gaussian copula.

    Parameters
    ----------
    u : float or ndarray
        Uniform number behind age.
    latent : float or ndarray
        Standard normal number of its own.
    volume_ml : dict
        ``median, p95, maximum`` of `bounded_lognormal`.
    correlation_age : float
        Correlation of the normal scores.
    """
    score = correlation_age * special.ndtri(u) + np.sqrt(1 - correlation_age**2) * np.asarray(latent)
    return bounded_lognormal(score, **volume_ml)


def draw_imaged(participant: str, *, study: str, seed: int, covariates: dict, wml: dict) -> tuple[float, float]:
    """Return what of a patient shows in an image: age, years, and volume of white matter lesions, mL."""
    u = uniforms(participant, study=study, seed=seed)[0]
    latent = generator(seed, study, participant, "latent").standard_normal()
    return float(age_of(u, age_years=covariates["age_years"])), float(wml_of(u, latent, **wml))


def has_ct(participant: str, *, study: str, seed: int, count: int, of: int) -> bool:
    """Return whether a patient was scanned: of every `of` patients in a row, `count`, at random, were not.

    Parameters
    ----------
    participant : str
        ``sub-`` and a number.
    study, seed : str, int
        Name the random stream.
    count, of : int
        How many are without, of how many.

    Raises
    ------
    InputError
        The participant has no number, or more are without than there are.
    """
    number = re.search(r"\d+$", participant)
    if number is None:
        raise InputError(f"synthetic cohort: found participant '{participant}', expected 'sub-' and a number")
    if count > of:
        raise InputError(f"trial.without_ct: found count {count} of {of}, expected at most {of}")
    without = generator(seed, study, "without_ct").permutation(of)[:count]
    return (int(number[0]) - 1) % of not in without


def draw_covariates(
    u: np.ndarray,
    *,
    age_years: dict,
    male_share: float,
    mrs_before_weights,
    nihss: dict,
    onset_to_groin_minutes: dict,
    collateral_weights,
    aspects_weights,
    ivt_share: float,
) -> pd.DataFrame:
    """Return the covariates of patients, each independent of the others.

    Parameters
    ----------
    u : ndarray, shape (patients, 8)
        Uniform numbers.
    age_years, nihss, onset_to_groin_minutes : dict
        ``mean, sd, minimum, maximum`` of truncated normal distributions; the latter two are rounded to whole numbers.
    male_share, ivt_share : float
        Probabilities.
    mrs_before_weights, collateral_weights, aspects_weights : sequence of float
        Relative frequency of the grades 0, 1, ...
    """
    age, sex, before, severity, delay, collateral, aspects, ivt = u.T
    return pd.DataFrame(
        {
            "age": age_of(age, age_years=age_years),
            "sex": np.where(sex < male_share, "M", "F"),
            "mrs_before": level(before, mrs_before_weights),
            "nihss": np.rint(truncated_normal(severity, **nihss)).astype(int),
            "onset_to_groin": np.rint(truncated_normal(delay, **onset_to_groin_minutes)).astype(int),
            "collateral": level(collateral, collateral_weights),
            "aspects": level(aspects, aspects_weights),
            "ivt": (ivt < ivt_share).astype(int),
        }
    )


def draw_cohort(
    participants: Sequence[str], *, study: str, seed: int, covariates: dict, wml: dict, trial: dict, outcome: dict
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the participants and the truth of a trial.

    Parameters
    ----------
    participants : sequence of str
        The patients, in the order of their enrolment.
    study, seed : str, int
        Name the random streams.
    covariates : dict
        Settings of `draw_covariates`.
    wml : dict
        Settings of `wml_of`.
    trial : dict
        Settings of `allocate`, ``centre_weights``, and ``without_ct`` with those of `has_ct`.
    outcome : dict
        Settings of `draw_outcomes`.

    Returns
    -------
    participants : DataFrame
        `PARTICIPANT_COLUMNS`: what a study would know.
    truth : DataFrame
        `TRUTH_COLUMNS`: what it would not. The outcome depends on `wml_target_ml`, which images hold to half a voxel.
    """
    names = {"study": study, "seed": seed}
    u = np.array([uniforms(participant, **names) for participant in participants])
    latent = np.array([generator(seed, study, one, "latent").standard_normal() for one in participants])
    errors = np.array([generator(seed, study, one, "outcome").standard_normal(3) for one in participants])
    patients = draw_covariates(u[:, :-1], **covariates)
    patients.insert(0, "participant_id", list(participants))
    patients["centre"] = [f"centre{index + 1:02d}" for index in level(u[:, -1], trial["centre_weights"])]
    rules = {name: value for name, value in trial.items() if name not in ("centre_weights", "without_ct")}
    patients["aspirin"], patients["heparin"] = allocate(patients["centre"].tolist(), **names, **rules)
    patients["heparin_any"] = (patients["heparin"] != "none").astype(int)
    patients["ct"] = [int(has_ct(one, **names, **trial["without_ct"])) for one in participants]
    volume = wml_of(u[:, 0], latent, **wml)
    outcomes, truth = draw_outcomes(errors, design(patients, volume), **outcome)
    truth = truth.assign(participant_id=patients["participant_id"], wml_target_ml=volume)
    return patients.join(outcomes)[list(PARTICIPANT_COLUMNS)], truth[list(TRUTH_COLUMNS)]
