"""Patients of a synthetic vertebroplasty cohort: covariates, marrow of each vertebra, and what broke before.

A patient is a function of (seed, study, participant_id), with streams ``covariates``, ``latent`` and ``outcome``.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from recohort.core.errors import InputError
from recohort.core.seeds import generator
from recohort.synthetic.vbq.outcome import draw_outcomes
from recohort.synthetic.vbq.selection import place
from recohort.synthetic.wml.cohort import truncated_normal

PARTICIPANT_COLUMNS = (
    "participant_id",
    "age",
    "sex",
    "bmi",
    "follow_up",
    "event",
    "fracture",
    "death",
    "treatment",
    "treatment_start",
    "steroid",
    "prior_fractures",
    "n_levels",
    "cement",
    "field_strength",
)
TRUTH_COLUMNS = (
    "participant_id",
    "vbq",
    "vbq_with_fractured",
    "vbq_l1",
    "vbq_l2",
    "vbq_l3",
    "vbq_l4",
    "fractured",
    "defect",
    "linear_predictor",
    "fracture_time",
    "death_time",
    "censoring_time",
)
LEVELS = ("T11", "T12", "L1", "L2", "L3", "L4", "L5")
"""Vertebrae that may have been broken and treated."""
MEASURED = ("L1", "L2", "L3", "L4")
"""Vertebrae whose median makes the score."""
MIDDLE = 3.5
"""Index, among all levels, of the middle of these."""
DEFECTS = ("stenosis", "transitional")
N_COVARIATES = 7
FIELD_STRENGTHS = ("1.5 T", "3 T")


def uniforms(participant: str, *, study: str, seed: int) -> np.ndarray:
    """Return the uniform numbers behind a patient's covariates, in the order of `draw_covariates`."""
    return generator(seed, study, participant, "covariates").random(N_COVARIATES)


def latent_normals(participant: str, *, study: str, seed: int) -> np.ndarray:
    """Return the standard normal numbers behind the marrow: of the patient, of each level, of each fracture."""
    return generator(seed, study, participant, "latent").standard_normal(1 + 2 * len(LEVELS))


def defect_of(participant: str, *, study: str, seed: int, of: int, **counts: int) -> str:
    """Return what is wrong with a patient's spine: ``none`` or a name of `DEFECTS`.

    Of every `of` patients in a row, each defect has exactly as many as its count says.

    Raises
    ------
    InputError
        More have a defect than there are patients.
    """
    if sum(counts.values()) > of:
        raise InputError(f"defects: found {sum(counts.values())} of {of} patients, expected at most {of}")
    position = place(participant, "defects", study=study, seed=seed, of=of)
    ends = np.cumsum([counts[name] for name in DEFECTS])
    return (*DEFECTS, "none")[int(np.searchsorted(ends, position, side="right"))]


def draw_fractured(
    participant: str, *, study: str, seed: int, transitional: bool, level_weights: dict, two_levels_share: float
) -> tuple[str, ...]:
    """Return the fractured levels that were treated, one or two, from above downwards.

    Parameters
    ----------
    transitional : bool
        L5 is one with the sacrum: it does not count among the levels.
    level_weights : dict
        Relative frequency of each level.
    two_levels_share : float
        Probability that two were treated.

    Raises
    ------
    InputError
        Fewer than two levels have a weight.
    """
    weights = np.array([level_weights[name] for name in LEVELS], float)
    weights[-1] *= not transitional
    if np.count_nonzero(weights) < 2:
        raise InputError(
            f"fractures.level_weights: found {level_weights}, expected at least two levels above L5 with one"
        )
    rng = generator(seed, study, participant, "fractures")
    times = np.divide(
        rng.standard_exponential(len(LEVELS)), weights, out=np.full(len(LEVELS), np.inf), where=weights > 0
    )
    count = 1 + int(rng.random() < two_levels_share)
    return tuple(LEVELS[index] for index in sorted(np.argsort(times)[:count]))


def draw_marrow(
    z: np.ndarray,
    fractured: Sequence[Sequence[str]],
    *,
    signal: dict,
    level_log_sd: float,
    level_log_step: float,
    fracture_ratio: float,
    fracture_log_sd: float,
) -> pd.DataFrame:
    """Return the marrow of each level in units of the CSF's signal, and the scores with and without fractured levels.

    Levels scatter about the patient's marrow; the scores are medians over L1 to L4.

    Parameters
    ----------
    z : ndarray, shape (patients, 15)
        Rows of `latent_normals`.
    fractured : sequence of sequence of str
        Fractured levels of each patient.
    signal : dict
        ``mean, sd, minimum, maximum`` of the truncated normal distribution of the patient's marrow.
    level_log_sd, level_log_step : float
        SD of the logarithm of a level's signal; what is added to it from a level to the next below.
    fracture_ratio, fracture_log_sd : float
        Median factor that a fracture puts on a level's signal, SD of its logarithm.

    Returns
    -------
    DataFrame
        Columns `LEVELS`, ``vbq``, ``vbq_with_fractured``.

    Raises
    ------
    InputError
        All of L1 to L4 are fractured.
    """
    broken = np.array([[name in levels for name in LEVELS] for levels in fractured])
    if broken[:, [LEVELS.index(name) for name in MEASURED]].all(axis=1).any():
        raise InputError("fractures: found all of L1 to L4 fractured, expected an intact one")
    scores, own, change = z[:, 0], z[:, 1 : 1 + len(LEVELS)], z[:, 1 + len(LEVELS) :]
    patient = truncated_normal(special.ndtr(scores), **signal)
    log = level_log_sd * own + level_log_step * (np.arange(len(LEVELS)) - MIDDLE)
    log += broken * (np.log(fracture_ratio) + fracture_log_sd * change)
    signals = pd.DataFrame(patient[:, None] * np.exp(log), columns=list(LEVELS))
    measured = list(MEASURED)
    intact = signals.mask(broken)[measured].median(axis=1)
    return signals.assign(vbq=intact, vbq_with_fractured=signals[measured].median(axis=1))


def draw_covariates(
    u: np.ndarray,
    score: np.ndarray,
    n_levels: np.ndarray,
    *,
    age_years: dict,
    correlation_age: float,
    female_share: float,
    bmi: dict,
    steroid_share: float,
    prior_fractures_weights: Sequence[float],
    cement_ml: dict,
    high_field_share: float,
) -> pd.DataFrame:
    """Return the covariates; age is joined to the marrow by a Gaussian copula, the others are independent.

    Parameters
    ----------
    u : ndarray, shape (patients, 7)
        Rows of `uniforms`.
    score : ndarray, shape (patients,)
        Standard normal score of the patient's marrow.
    n_levels : ndarray, shape (patients,)
        Levels treated.
    age_years, bmi, cement_ml : dict
        ``mean, sd, minimum, maximum`` of truncated normal distributions; cement per level.
    correlation_age : float
        Correlation of the normal scores of age and marrow.
    female_share, steroid_share, high_field_share : float
        Probabilities; of a 3 T scanner, the last.
    prior_fractures_weights : sequence of float
        Relative frequency of 0, 1, ... earlier fractures.
    """
    own, sex, weight, steroid, prior, cement, field = u.T
    joined = special.ndtr(correlation_age * score + np.sqrt(1 - correlation_age**2) * special.ndtri(own))
    steps = np.cumsum(prior_fractures_weights)
    return pd.DataFrame(
        {
            "age": np.round(truncated_normal(joined, **age_years), 1),
            "sex": np.where(sex < female_share, "F", "M"),
            "bmi": bmi_of(weight, bmi=bmi),
            "steroid": (steroid < steroid_share).astype(int),
            "prior_fractures": np.searchsorted(steps / steps[-1], prior, side="right"),
            "n_levels": n_levels,
            "cement": np.round(n_levels * truncated_normal(cement, **cement_ml), 1),
            "field_strength": field_of(field, high_field_share=high_field_share),
        }
    )


def bmi_of(u, *, bmi: dict):
    """Return the body mass index, kg/m2, to a tenth, at a uniform number."""
    return np.round(truncated_normal(np.asarray(u), **bmi), 1)


def field_of(u, *, high_field_share: float):
    """Return the field strength as a category, at a uniform number."""
    return np.where(np.asarray(u) < high_field_share, *FIELD_STRENGTHS[::-1])


def draw_imaged(
    participant: str, *, study: str, seed: int, covariates: dict, marrow: dict, fractures: dict, defects: dict
) -> dict:
    """Return what of a patient shows in an image.

    Parameters
    ----------
    covariates : dict
        ``bmi`` and ``high_field_share``; other keys are ignored.
    marrow, fractures, defects : dict
        Settings of `draw_marrow`, `draw_fractured` and `defect_of`.

    Returns
    -------
    dict
        ``bmi``, ``field_strength``, ``defect``, ``fractured`` (tuple of levels) and ``signals``, the marrow of each
        level in units of the CSF's signal.
    """
    names = {"study": study, "seed": seed}
    u = uniforms(participant, **names)
    defect = defect_of(participant, **names, **defects)
    fractured = draw_fractured(participant, **names, transitional=defect == "transitional", **fractures)
    made = draw_marrow(latent_normals(participant, **names)[None], [fractured], **marrow).iloc[0]
    return {
        "bmi": float(bmi_of(u[2], bmi=covariates["bmi"])),
        "field_strength": str(field_of(u[6], high_field_share=covariates["high_field_share"])),
        "defect": defect,
        "fractured": fractured,
        "signals": {name: float(made[name]) for name in LEVELS},
    }


def draw_cohort(
    participants: Sequence[str],
    *,
    study: str,
    seed: int,
    covariates: dict,
    marrow: dict,
    fractures: dict,
    defects: dict,
    outcome: dict,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the participants and the truth of a cohort.

    Parameters
    ----------
    participants : sequence of str
        ``sub-`` and a number each.
    study, seed : str, int
        Name the random streams.
    covariates, marrow, fractures, defects : dict
        Settings of `draw_covariates`, `draw_marrow`, `draw_fractured` and `defect_of`.
    outcome : dict
        Settings of `draw_outcomes`, and ``vbq_mean, vbq_sd``, by which its scores are standardised.

    Returns
    -------
    participants : DataFrame
        `PARTICIPANT_COLUMNS`: what a study would know.
    truth : DataFrame
        `TRUTH_COLUMNS`: what it would not. Times in months.
    """
    names = {"study": study, "seed": seed}
    u = np.array([uniforms(one, **names) for one in participants])
    z = np.array([latent_normals(one, **names) for one in participants])
    defect = [defect_of(one, **names, **defects) for one in participants]
    fractured = [
        draw_fractured(one, **names, transitional=name == "transitional", **fractures)
        for one, name in zip(participants, defect, strict=True)
    ]
    signals = draw_marrow(z, fractured, **marrow)
    n_levels = np.array([len(levels) for levels in fractured])
    patients = draw_covariates(u, z[:, 0], n_levels, **covariates)
    patients.insert(0, "participant_id", list(participants))
    standardised = (signals["vbq"] - outcome["vbq_mean"]) / outcome["vbq_sd"]
    numbers = np.array([generator(seed, study, one, "outcome").random(5) for one in participants])
    planted = {name: value for name, value in outcome.items() if name not in ("vbq_mean", "vbq_sd")}
    outcomes, truth = draw_outcomes(numbers, patients, standardised.to_numpy(), **planted)
    truth = truth.assign(
        participant_id=patients["participant_id"],
        **{f"vbq_{name.lower()}": signals[name] for name in MEASURED},
        **signals[["vbq", "vbq_with_fractured"]],
        fractured=[" ".join(levels) for levels in fractured],
        defect=defect,
    )
    return patients.join(outcomes)[list(PARTICIPANT_COLUMNS)], truth[list(TRUTH_COLUMNS)]
