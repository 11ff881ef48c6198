"""The columns that analyses may name: declared ones, metrics, strata; and how their levels are written."""

import pandas as pd

METRICS = {
    "mean": ("ppm", "mean susceptibility"),
    "median": ("ppm", "median susceptibility"),
    "iqr": ("ppm", "susceptibility IQR"),
    "maximum": ("ppm", "maximum susceptibility"),
    "p95": ("ppm", "95th percentile of susceptibility"),
    "volume": ("mL", "volume"),
    "kept": ("fraction", "measured fraction"),
}
"""What the metrics stage measures of a region, with unit and label."""


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
        f"{region}_{statistic}": {"type": "number", "unit": unit, "label": f"{region.capitalize()} {label}"}
        for region in study.get("metrics", {})
        for statistic, (unit, label) in METRICS.items()
    }
    strata = {
        name: {"type": "category", "levels": entry["labels"], "label": name.replace("_", " ").capitalize()}
        for name, entry in study["models"].get("strata", {}).items()
    }
    sampled = SAMPLING if {"matching", "weighting"} & set(study["cohort"]) else {}
    return {**study["data"]["columns"], **metrics, **sampled, **strata}


def as_text(values: pd.Series) -> pd.Series:
    """Return levels as text; 1, 1.0 and "1" are one level, missing stays missing."""
    whole = values.map(lambda value: str(int(value)) if isinstance(value, float) and value.is_integer() else str(value))
    return whole.astype(object).where(values.notna(), None)
