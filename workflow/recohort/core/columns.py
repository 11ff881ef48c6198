"""The columns that analyses may name: declared ones, metrics, strata; and how their levels are written."""

import pandas as pd

METRICS = {
    "lesion": {
        "mean": ("ppm", "Lesion mean susceptibility"),
        "median": ("ppm", "Lesion median susceptibility"),
        "iqr": ("ppm", "Lesion susceptibility IQR"),
        "maximum": ("ppm", "Lesion maximum susceptibility"),
        "p95": ("ppm", "Lesion 95th percentile of susceptibility"),
        "volume": ("mL", "Lesion volume"),
        "kept": ("fraction", "Lesion measured fraction"),
    },
    "wml": {
        "volume": ("mL", "WML volume"),
        "total": ("mL", "Total WML volume"),
        "periventricular": ("mL", "Periventricular WML volume"),
        "share": ("%", "WML volume of intracranial volume"),
        "ventricles": ("mL", "Ventricle volume"),
        "intracranial": ("mL", "Intracranial volume"),
    },
}
"""What each section of the metrics stage gives, with unit and label."""


SAMPLING = {
    "distance": {"type": "number", "label": "Propensity score"},
    "subclass": {"type": "integer", "label": "Matched set"},
    "weight": {"type": "number", "label": "Weight"},
    "sampling_weight": {"type": "number", "label": "Sampling weight"},
}
"""What matching and weighting add to a cohort."""


def cohort_columns(study: dict) -> dict[str, dict]:
    """Return every column that a study's analyses may name, with type, unit, levels and label.

    Parameters
    ----------
    study : dict
        The study's configuration, complete.
    """
    metrics = {
        f"{section}_{statistic}": {"type": "number", "unit": _unit(study, section, statistic, unit), "label": label}
        for section in study.get("metrics", {})
        for statistic, (unit, label) in METRICS[section].items()
    }
    strata = {
        name: {"type": "category", "levels": entry["labels"], "label": name.replace("_", " ").capitalize()}
        for name, entry in study["models"].get("strata", {}).items()
    }
    sampled = SAMPLING if {"matching", "weighting"} & set(study["cohort"]) else {}
    return {**study["data"]["columns"], **metrics, **sampled, **strata}


def _unit(study: dict, section: str, statistic: str, unit: str) -> str:
    """Return a metric's unit; that of ``wml_volume`` is the one of the volume which the study chose."""
    rule = study["metrics"][section].get("volume_rule")
    return METRICS[section][rule][0] if rule and statistic == "volume" else unit


def as_text(values: pd.Series) -> pd.Series:
    """Return levels as text; 1, 1.0 and "1" are one level, missing stays missing."""
    whole = values.map(lambda value: str(int(value)) if isinstance(value, float) and value.is_integer() else str(value))
    return whole.astype(object).where(values.notna(), None)
