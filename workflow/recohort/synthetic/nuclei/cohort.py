"""People with multiple sclerosis and controls: who they are, and what is true of their deep grey matter.

A participant is a function of (seed, study, participant_id), with streams ``covariates`` and ``structures``; the group
follows from the number in the identifier alone. One more participant changes no other.
"""

import math
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from recohort.core.errors import InputError
from recohort.core.seeds import generator
from recohort.synthetic.nuclei.shapes import STRUCTURES, VENTRICLES
from recohort.synthetic.nuclei.structures import N_SCORES, draw_structures, volumes_of_labels
from recohort.synthetic.wml.cohort import truncated_normal

GROUPS = ("control", "relapsing", "progressive")
PARTICIPANT_COLUMNS = (
    "participant_id",
    "age",
    "sex",
    "group",
    "course",
    "duration",
    "edss",
    "treatment",
    "scan_date",
)
PEOPLE_SCORES = ("age", "sex", "twin", "duration", "edss", "treatment", "scan_date", "unusable")


def group_sequence(groups: dict[str, int]) -> list[str]:
    """Return groups in an order of which every part from the start on has its share of each, the whole exactly.

    The next place goes to the group that lacks most, so that no group is ever a whole place ahead of its share.

    Parameters
    ----------
    groups : dict of str to int
        Size of each of `GROUPS`.

    Raises
    ------
    InputError
        All are 0.
    """
    sizes = np.array([groups[name] for name in GROUPS])
    if not sizes.any():
        raise InputError("groups: found no participant in any group, expected at least one")
    sizes = sizes // math.gcd(*sizes.tolist())
    total, given, order = int(sizes.sum()), np.zeros(len(GROUPS), int), []
    for place in range(1, total + 1):
        chosen = int(np.argmax(place * sizes - given * total))
        given[chosen] += 1
        order.append(GROUPS[chosen])
    return order


def groups_of(participants: Sequence[str], groups: dict[str, int]) -> np.ndarray:
    """Return the group of each participant, by the number that ends the identifier.

    Raises
    ------
    InputError
        A participant has no number.
    """
    order, found = group_sequence(groups), []
    for participant in participants:
        number = re.search(r"\d+$", participant)
        if number is None:
            raise InputError(f"synthetic cohort: found participant '{participant}', expected 'sub-' and a number")
        found.append(order[(int(number[0]) - 1) % len(order)])
    return np.array(found)


def draw_people(
    scores: np.ndarray,
    group: np.ndarray,
    *,
    groups: dict[str, int],
    age_years: dict,
    female_share: dict,
    onset_from: float,
    duration_share: dict,
    edss: dict,
    edss_correlation: float,
    treatment_share: dict,
    scan_years: float,
) -> pd.DataFrame:
    """Return people; controls have the ages and sexes of the patients of a course drawn at random.

    Parameters
    ----------
    scores : ndarray, shape (people, 8)
        Independent standard normal numbers, `PEOPLE_SCORES`.
    group : ndarray of str, shape (people,)
        Of `GROUPS`.
    groups : dict of str to int
        Sizes of the groups.
    age_years, edss : dict
        For each course ``mean, sd, minimum, maximum`` of a truncated normal distribution. EDSS is rounded to 0.5, and
        0.5, which the scale lacks, to 1.
    female_share, treatment_share : dict
        For each course, a probability.
    onset_from : float
        Youngest age at onset, years.
    duration_share : dict
        For each course ``mean, concentration`` of the beta distribution of the share of the years since `onset_from`.
    edss_correlation : float
        Correlation of the normal scores of duration and EDSS within a course.
    scan_years : float
        Years over which participants were scanned.

    Returns
    -------
    DataFrame
        `PARTICIPANT_COLUMNS` without participant_id, missing where a control has no value; ``unusable``, uniform from 0
        to 1.
    """
    score = dict(zip(PEOPLE_SCORES, scores.T, strict=True))
    u = {name: special.ndtr(values) for name, values in score.items()}
    patients = groups["relapsing"] + groups["progressive"]
    twin = np.where(u["twin"] * patients < groups["relapsing"], "relapsing", "progressive")
    like = np.where(group == "control", twin, group)
    progressive, ms = like == "progressive", group != "control"

    def by_course(values: dict) -> np.ndarray:
        return np.where(progressive, values["progressive"], values["relapsing"])

    def truncated(name: str, settings: dict, uniform) -> np.ndarray:
        return by_course({course: truncated_normal(uniform, **settings[course]) for course in GROUPS[1:]})

    age = np.round(truncated("age", age_years, u["age"]), 1)
    mean, concentration = (
        by_course({c: duration_share[c][key] for c in GROUPS[1:]}) for key in duration_share["relapsing"]
    )
    share = special.betaincinv(mean * concentration, (1 - mean) * concentration, u["duration"])
    duration = np.round(share * (age - onset_from), 1)
    joined = edss_correlation * score["duration"] + np.sqrt(1 - edss_correlation**2) * score["edss"]
    grade = np.rint(2 * truncated("edss", edss, special.ndtr(joined))) / 2
    grade = np.where(grade == 0.5, 1.0, grade)

    def of_patients(values) -> pd.Series:
        return pd.Series(values).where(pd.Series(ms))

    def flag(values) -> pd.Series:
        return of_patients(values.astype(float)).astype("Int64")

    return pd.DataFrame(
        {
            "age": age,
            "sex": np.where(u["sex"] < by_course(female_share), "F", "M"),
            "group": np.where(ms, "ms", "control"),
            "course": of_patients(group).astype(object),
            "duration": of_patients(duration),
            "edss": of_patients(grade),
            "treatment": flag(u["treatment"] < by_course(treatment_share)),
            "scan_date": np.round(scan_years * u["scan_date"], 3),
            "unusable": u["unusable"],
        }
    )


def people_and_structures(
    participants: Sequence[str],
    *,
    study: str,
    seed: int,
    groups: dict,
    covariates: dict,
    susceptibility: dict,
    volumes: dict,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return `draw_people` and `structures.draw_structures` of participants, each from streams of its own."""

    def scores(purpose: str, count: int) -> np.ndarray:
        return np.array([generator(seed, study, one, purpose).standard_normal(count) for one in participants])

    people = draw_people(
        scores("covariates", len(PEOPLE_SCORES)), groups_of(participants, groups), groups=groups, **covariates
    )
    made = draw_structures(scores("structures", N_SCORES), people, susceptibility=susceptibility, volumes=volumes)
    return people, made


def draw_cohort(participants: Sequence[str], **settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the participants and the truth of a cohort.

    Parameters
    ----------
    participants : sequence of str
        The participants, one row each, in this order.
    **settings
        As for `people_and_structures`.

    Returns
    -------
    participants : DataFrame
        `PARTICIPANT_COLUMNS`: what a study would know.
    truth : DataFrame
        ``participant_id`` and of each structure and basal_ganglia ``_target_ppb``, ``_target_ml``, of the ventricles
        ``csf_target_ml``: what it would not.
    """
    people, made = people_and_structures(participants, **settings)
    pooled = (*STRUCTURES, "basal_ganglia")
    columns = [f"{name}_{unit}" for unit in ("ppb", "ml") for name in pooled] + [f"{VENTRICLES}_ml"]
    named = {name: "_target_".join(name.rsplit("_", 1)) for name in columns}
    people.insert(0, "participant_id", list(participants))
    truth = made[columns].rename(columns=named)
    truth.insert(0, "participant_id", list(participants))
    return people[list(PARTICIPANT_COLUMNS)], truth


def draw_imaged(
    participant: str, *, scanner_drift_per_year: float, unusable_share: float, **settings
) -> tuple[dict, bool]:
    """Return what of a participant shows in images.

    Parameters
    ----------
    participant : str
        ``sub-`` and a number.
    scanner_drift_per_year : float
        Relative change per year of the susceptibility that the scanner measures, 0 in the middle of the study.
    unusable_share : float
        Probability that the phase image is missing.
    **settings
        As for `people_and_structures`.

    Returns
    -------
    nuclei : dict
        For `acquisition.simulate_participant`.
    usable : bool
        There is a phase image.
    """
    people, made = people_and_structures([participant], **settings)
    person, row = people.iloc[0], made.iloc[0]
    since_middle = person["scan_date"] - settings["covariates"]["scan_years"] / 2
    nuclei = {
        "ppb": {name: float(row[f"{name}_ppb"]) for name in STRUCTURES},
        "asymmetry_ppb": {name: float(row[f"{name}_asymmetry_ppb"]) for name in STRUCTURES},
        "ml": volumes_of_labels(row),
        "head": float(row["head"]),
        "gain": float(1 + scanner_drift_per_year * since_middle),
    }
    return nuclei, bool(person["unusable"] >= unusable_share)
