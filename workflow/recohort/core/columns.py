"""The columns that analyses may name: declared ones, metrics, strata; and how their levels are written."""

import pandas as pd

from recohort.core.errors import InputError

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
"""What a section of the metrics stage gives whatever its settings, with unit and label: ``<section>_<statistic>``."""

NUCLEI = {
    "mean": ("ppb", "mean susceptibility"),
    "median": ("ppb", "median susceptibility"),
    "p95": ("ppb", "95th percentile of susceptibility"),
    "volume": ("mL", "volume"),
    "content": ("ppb mL", "susceptibility times volume"),
    "kept": ("fraction", "measured fraction"),
}
"""What the section `nuclei` gives for each structure and aggregate that it declares: ``<structure>_<statistic>``."""

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
        name: column
        for section, settings in study.get("metrics", {}).items()
        for name, column in metric_columns(section, settings).items()
    }
    strata = {
        name: {"type": "category", "levels": entry["labels"], "label": name.replace("_", " ").capitalize()}
        for name, entry in study["models"].get("strata", {}).items()
    }
    derived = {
        name: {"type": "boolean", "label": entry["label"]} for name, entry in study["cohort"].get("derived", {}).items()
    }
    sampled = SAMPLING if {"matching", "weighting"} & set(study["cohort"]) else {}
    return {**study["data"]["columns"], **metrics, **derived, **sampled, **strata}


def metric_columns(section: str, settings: dict) -> dict[str, dict]:
    """Return what a section of the metrics stage gives: column name -> type, unit, label.

    Parameters
    ----------
    section : str
        ``lesion``, ``wml``, ``nuclei`` ...
    settings : dict
        The section, complete.

    Raises
    ------
    InputError
        The settings give two columns one name, or an aggregate of what is no structure.
    """
    if section in _BY_SETTINGS:
        return _BY_SETTINGS[section](settings)
    return {f"{section}_{statistic}": _number(*declared) for statistic, declared in METRICS[section].items()}


def _number(unit: str, label: str) -> dict:
    return {"type": "number", "unit": unit, "label": label}


def _wml(settings: dict) -> dict[str, dict]:
    """Return the table's columns; the unit of ``wml_volume`` is that of the volume which the study chose."""
    table = METRICS["wml"]
    chosen = {**table, "volume": (table[settings["volume_rule"]][0], table["volume"][1])}
    return {f"wml_{statistic}": _number(*declared) for statistic, declared in chosen.items()}


def _nuclei(settings: dict) -> dict[str, dict]:
    """Return the columns of structures, aggregates and, where sides are asked for, of each label."""
    structures, aggregates = settings["structures"], settings["aggregates"]
    pools = [members for members in structures.values() if len(members) > 1] if settings["sides"] else []
    labels = sum(pools, [])
    names = [*structures, *aggregates, *labels]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise InputError(f"metrics.nuclei: '{repeated[0]}' is named twice among structures, aggregates and labels")
    for aggregate, parts in aggregates.items():
        if strange := [part for part in parts if part not in structures]:
            expected = f"expected some of {', '.join(structures)}"
            raise InputError(f"metrics.nuclei.aggregates.{aggregate}: '{strange[0]}' is no structure, {expected}")
    return {
        f"{name}_{statistic}": _number(unit, f"{name.replace('_', ' ').capitalize()} {words}")
        for name in names
        for statistic, (unit, words) in NUCLEI.items()
        if name not in labels or statistic in ("mean", "volume")
    }


_BY_SETTINGS = {"wml": _wml, "nuclei": _nuclei}
"""Sections whose columns depend on their settings."""


def as_text(values: pd.Series) -> pd.Series:
    """Return levels as text; 1, 1.0 and "1" are one level, missing stays missing."""
    whole = values.map(lambda value: str(int(value)) if isinstance(value, float) and value.is_integer() else str(value))
    return whole.astype(object).where(values.notna(), None)
