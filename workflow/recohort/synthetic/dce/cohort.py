"""Patients of a synthetic cohort with spinal metastases: groups of fixed size, and kinetics before and after treatment.

A patient is a function of (seed, study, participant_id), with streams ``covariates`` and ``latent``; who is in which
group hangs on the patient's number as well, so that the groups have exactly the sizes that the settings say.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.core.seeds import generator
from recohort.synthetic.vbq.selection import place
from recohort.synthetic.wml.cohort import level, truncated_normal

PARTICIPANT_COLUMNS = (
    "participant_id",
    "age",
    "sex",
    "histology",
    "dose",
    "interval_days",
    "success",
    "failure",
    "pet",
    "biopsy",
    "size_increase",
)
TRUTH_COLUMNS = (
    "participant_id",
    "haematocrit",
    "vp_log_ratio",
    "ktrans_log_ratio",
    "ve_log_ratio",
    "size_log_ratio",
)
CRITERIA = {
    "pet": ("pet",),
    "size_increase": ("size_increase",),
    "biopsy": ("biopsy",),
    "pet_and_size_increase": ("pet", "size_increase"),
}
"""What a failure may have been told by."""
DOSES = ("SBRT", "cEBRT")


def draw_group(participant: str, *, study: str, seed: int, of: int, men: int, failures: dict) -> dict:
    """Return sex, treatment failure and the criteria that told it.

    Of every `of` patients in a row, exactly `men` are men, and exactly as many failed by each of `CRITERIA` as
    `failures` says.

    Raises
    ------
    InputError
        There are more men or failures than patients.
    """
    for name, count in {"men": men, "failures": sum(failures.values())}.items():
        if count > of:
            raise InputError(f"groups.{name}: found {count} of {of} patients, expected at most {of}")
    names = {"study": study, "seed": seed, "of": of}
    position = place(participant, "failure", **names)
    ends = np.cumsum([failures[name] for name in CRITERIA])
    told = [*CRITERIA.values(), ()][int(np.searchsorted(ends, position, side="right"))]
    return {
        "sex": "M" if place(participant, "men", **names) < men else "F",
        "success": int(not told),
        "failure": int(bool(told)),
        **{name: int(name in told) for name in ("pet", "biopsy", "size_increase")},
    }


def draw_covariates(
    participant: str,
    *,
    study: str,
    seed: int,
    age_years: dict,
    histology_weights: dict,
    sbrt_share: float,
    interval_days: dict,
) -> dict:
    """Return age, histology, dose and days from radiotherapy to the second series, independent of the group.

    Parameters
    ----------
    age_years, interval_days : dict
        ``mean, sd, minimum, maximum`` of truncated normal distributions; that of the logarithm of the days.
    histology_weights : dict of str to float
        Relative frequency of each.
    sbrt_share : float
        Probability of stereotactic radiotherapy.
    """
    u = generator(seed, study, participant, "covariates").random(4)
    histology = list(histology_weights)[int(level(u[1], list(histology_weights.values())))]
    return {
        "age": float(np.round(truncated_normal(u[0], **age_years), 1)),
        "histology": histology,
        "dose": DOSES[int(u[2] >= sbrt_share)],
        "interval_days": int(np.rint(np.exp(truncated_normal(u[3], **interval_days)))),
    }


def draw_kinetics(
    participant: str,
    *,
    study: str,
    seed: int,
    group: dict,
    histology: str,
    vp_median: dict,
    vp_log_sd: float,
    vp_correlation: float,
    ktrans_median: float,
    ktrans_log_sd: float,
    ve: dict,
    volume_ml: dict,
    haematocrit: dict,
    success: dict,
    failure: dict,
    size_criterion_log: float,
    correlation_ktrans: float,
    ve_ratio_log_sd: float,
) -> dict:
    """Return what a patient's tumour has before treatment, and the logarithms of the ratios after to before.

    Parameters
    ----------
    group : dict
        ``failure`` and ``size_increase`` of `draw_group`.
    histology : str
        Chooses the plasma volume before.
    vp_median : dict of str to float
        Median plasma volume before, per histology.
    vp_log_sd, ktrans_log_sd, ve_ratio_log_sd : float
        SD of logarithms.
    vp_correlation : float
        Correlation of the logarithms of plasma volume before and of its ratio, within a group.
    ktrans_median : float
        1/min.
    ve, volume_ml, haematocrit : dict
        ``mean, sd, minimum, maximum`` of truncated normal distributions; of volume that of the logarithm of mL.
    success, failure : dict
        ``vp, ktrans, size``: mean and SD of the logarithm of after over before.
    size_criterion_log : float
        Added to the mean of size in failures that an increase in size told.
    correlation_ktrans : float
        Correlation of the logarithms of both ratios, within a group.

    Raises
    ------
    InputError
        Plasma and extravascular space would fill the tumour.
    """
    rng = generator(seed, study, participant, "latent")
    u, z = rng.random(3), rng.standard_normal(6)
    changes = failure if group["failure"] else success
    before = vp_correlation * z[2] + np.sqrt(1 - vp_correlation**2) * z[0]
    joined = correlation_ktrans * z[2] + np.sqrt(1 - correlation_ktrans**2) * z[3]
    size = changes["size"]["mean"] + size_criterion_log * group["size_increase"] + changes["size"]["sd"] * z[5]
    made = {
        "vp": float(vp_median[histology] * np.exp(vp_log_sd * before)),
        "ktrans": float(ktrans_median * np.exp(ktrans_log_sd * z[1])),
        "ve": float(truncated_normal(u[0], **ve)),
        "volume_ml": float(np.exp(truncated_normal(u[1], **volume_ml))),
        "haematocrit": float(truncated_normal(u[2], **haematocrit)),
        "vp_log_ratio": float(changes["vp"]["mean"] + changes["vp"]["sd"] * z[2]),
        "ktrans_log_ratio": float(changes["ktrans"]["mean"] + changes["ktrans"]["sd"] * joined),
        "ve_log_ratio": float(ve_ratio_log_sd * z[4]),
        "size_log_ratio": float(size),
    }
    for when, times in (("before", 0), ("after", 1)):
        vp, ve = (made[name] * np.exp(times * made[f"{name}_log_ratio"]) for name in ("vp", "ve"))
        if vp + ve >= 1:
            raise InputError(
                f"kinetics: found {participant} with vp {vp:.2g} and ve {ve:.2g} {when}, expected less than 1"
            )
    return made


def draw_imaged(
    participant: str, *, study: str, seed: int, groups: dict, covariates: dict, kinetics: dict
) -> tuple[dict, dict, dict]:
    """Return group, covariates and kinetics of a patient; the settings are complete."""
    names = {"study": study, "seed": seed}
    group = draw_group(participant, **names, **groups)
    patient = draw_covariates(participant, **names, **covariates)
    return group, patient, draw_kinetics(participant, **names, group=group, histology=patient["histology"], **kinetics)


def draw_cohort(
    participants: Sequence[str], *, study: str, seed: int, groups: dict, covariates: dict, kinetics: dict
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the participants and the truth of a cohort.

    Parameters
    ----------
    participants : sequence of str
        ``sub-`` and a number each.
    study, seed : str, int
        Name the random streams.
    groups, covariates, kinetics : dict
        Settings of `draw_group`, `draw_covariates` and `draw_kinetics`.

    Returns
    -------
    participants : DataFrame
        `PARTICIPANT_COLUMNS`: what a study would know.
    truth : DataFrame
        `TRUTH_COLUMNS`: what it would not.
    """
    settings = {"study": study, "seed": seed, "groups": groups, "covariates": covariates, "kinetics": kinetics}
    rows = []
    for participant in participants:
        group, patient, tumour = draw_imaged(participant, **settings)
        rows.append({"participant_id": participant, **patient, **group, **tumour})
    frame = pd.DataFrame(rows)
    return frame[list(PARTICIPANT_COLUMNS)], frame[list(TRUTH_COLUMNS)]
