"""Susceptibility and volume of the deep grey structures of people: the truth that the images are made from.

With age t and duration d (years), EDSS e, and progressive, ms, female 0 or 1, susceptibility relative to the whole
brain is

    chi = control + rise (exp(-rate t0) - exp(-rate t)) + slope (t - t0) + female_ppb female
          + ms (ms_ppb + duration_ppb (d - d0) + edss_ppb (e - e0) + progressive_ppb progressive) + residual      (ppb)

where the rise is the form that iron of the brain follows over life [1]_, and t0, d0, e0 are those of `REFERENCE`.
Volume is

    volume = control exp(head + decade (t - t0) / 10 + ms (...) + residual)                                      (mL)

with terms of the same names. Residuals of susceptibility share one factor between the structures, those of volume
another; the two residuals of a structure are correlated.

References
----------
.. [1] Hallgren B, Sourander P. J Neurochem 1958;3:41. doi:10.1111/j.1471-4159.1958.tb12607.x
"""

import numpy as np
import pandas as pd

from recohort.synthetic.nuclei.shapes import NUCLEI, SIDES, STRUCTURES, VENTRICLES

REFERENCE = {"age": 46.0, "duration": 12.0, "edss": 3.5}
BASAL_GANGLIA = ("caudate", "putamen", "pallidum")
N_SCORES = 3 + 4 * len(STRUCTURES) + 1
"""Head, iron, atrophy; residuals of susceptibility and of volume, asymmetries of both, per structure; ventricles."""


def draw_structures(scores: np.ndarray, people: pd.DataFrame, *, susceptibility: dict, volumes: dict) -> pd.DataFrame:
    """Return susceptibility and volume of the structures of people.

    Parameters
    ----------
    scores : ndarray, shape (people, `N_SCORES`)
        Independent standard normal numbers.
    people : DataFrame
        ``age, sex, course, duration, edss``; the last three missing in controls.
    susceptibility : dict
        ``structures`` (terms of each of `STRUCTURES`), ``shared`` (correlation that the common factor makes),
        ``asymmetry_sd_ppb``.
    volumes : dict
        ``structures`` (terms of each of `STRUCTURES` and of the ventricles), ``head_sd``, ``head_male``, ``shared``,
        ``correlation_susceptibility``, ``asymmetry_sd``.

    Returns
    -------
    DataFrame
        ``head`` (log of the head's volume), and of each structure ``_ppb``, ``_ml``, ``_asymmetry_ppb`` (left less
        right), ``_asymmetry`` (log of left over right); ``csf_ml``; ``basal_ganglia_ppb`` (weighted by volume) and
        ``basal_ganglia_ml``.
    """
    n = len(STRUCTURES)
    head, iron, atrophy = scores[:, :3].T
    own_ppb, own_ml, sides_ppb, sides_ml = scores[:, 3:-1].reshape(-1, 4, n).transpose(1, 2, 0)
    made = {"head": volumes["head_sd"] * head + volumes["head_male"] * ((people["sex"] == "M").to_numpy() - 0.5)}
    toward = volumes["correlation_susceptibility"]
    for k, name in enumerate(STRUCTURES):
        score = _factor(iron, own_ppb[k], susceptibility["shared"])
        rule = susceptibility["structures"][name]
        made[f"{name}_ppb"] = expected_ppb(people, rule) + rule["residual_ppb"] * score
        made[f"{name}_asymmetry_ppb"] = susceptibility["asymmetry_sd_ppb"] * sides_ppb[k]
        loss = toward * score + np.sqrt(1 - toward**2) * _factor(atrophy, own_ml[k], volumes["shared"])
        made[f"{name}_ml"] = expected_ml(people, volumes["structures"][name], made["head"], loss)
        made[f"{name}_asymmetry"] = volumes["asymmetry_sd"] * sides_ml[k]
    widening = _factor(-atrophy, scores[:, -1], volumes["shared"])
    made[f"{VENTRICLES}_ml"] = expected_ml(people, volumes["structures"]["ventricles"], made["head"], widening)
    made["basal_ganglia_ml"] = sum(made[f"{name}_ml"] for name in BASAL_GANGLIA)
    content = sum(made[f"{name}_ppb"] * made[f"{name}_ml"] for name in BASAL_GANGLIA)
    made["basal_ganglia_ppb"] = content / made["basal_ganglia_ml"]
    return pd.DataFrame(made, index=people.index)


def _factor(common, own, shared: float) -> np.ndarray:
    """Return standard normal numbers whose correlation, through a common factor, is `shared`."""
    return np.sqrt(shared) * common + np.sqrt(1 - shared) * own


def course_terms(people: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return what multiplies each term of the disease, 0 in controls."""
    ms = people["course"].notna().to_numpy()
    away = {name: people[name].to_numpy(float) - REFERENCE[name] for name in ("duration", "edss")}
    terms = {"ms": np.ones(len(people)), **away, "progressive": (people["course"] == "progressive").to_numpy(float)}
    return {name: np.where(ms, values, 0.0) for name, values in terms.items()}


def expected_ppb(people: pd.DataFrame, rule: dict) -> np.ndarray:
    """Return the susceptibility without residual, ppb, of one structure whose terms are `rule`."""
    age, start = people["age"].to_numpy(float), REFERENCE["age"]
    rate = rule["rate_per_year"]
    lifespan = rule["rise_ppb"] * (np.exp(-rate * start) - np.exp(-rate * age)) + rule["slope_ppb"] * (age - start)
    female = rule["female_ppb"] * (people["sex"] == "F").to_numpy()
    disease = sum(rule[f"{name}_ppb"] * values for name, values in course_terms(people).items())
    return rule["control_ppb"] + lifespan + female + disease


def expected_ml(people: pd.DataFrame, rule: dict, head: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Return the volume, mL, of one structure whose terms are `rule`, in heads of a size, at standard normal scores."""
    decades = (people["age"].to_numpy(float) - REFERENCE["age"]) / 10
    disease = sum(rule[name] * values for name, values in course_terms(people).items())
    return rule["control_ml"] * np.exp(head + rule["decade"] * decades + disease + rule["residual"] * score)


def volumes_of_labels(row) -> dict[str, float]:
    """Return the volume wanted of each label, mL, of a row of `draw_structures`."""
    made = {}
    for name in NUCLEI:
        structure, side = name.split("_")
        share = 1 / (1 + np.exp(-row[f"{structure}_asymmetry"]))
        made[name] = float(row[f"{structure}_ml"] * (share if side == SIDES[0] else 1 - share))
    return made | {VENTRICLES: float(row[f"{VENTRICLES}_ml"])}
