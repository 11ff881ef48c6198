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

DCE_MAPS = {"vp": ("fraction", "Vp"), "ktrans": ("1/min", "Ktrans"), "ve": ("fraction", "ve")}
DCE_STATISTICS = {
    "mean": "mean",
    "median": "median",
    "p90": "90th percentile",
    "max": "maximum",
    "hottest": "of the hottest slice",
    "roi": "of the mean curve",
}
"""What the section `dce` may measure, with unit and label, and how: ``<map>_<statistic>_<before, after ...>``."""

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
    if section in BY_SETTINGS:
        return BY_SETTINGS[section](settings)
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
    sides = settings["sides"]
    labels = [label for members in structures.values() if sides and len(members) > 1 for label in members]
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


def _vbq(settings: dict) -> dict[str, dict]:
    """Return the scores, and the columns of each level that the study names."""
    labels = {
        "value": "VBQ",
        "with_fractured": "VBQ with fractured levels",
        **{level.lower(): f"VBQ of {level}" for level in settings["levels"]},
        "csf": "Signal of the CSF",
        "levels": "Levels behind VBQ",
    }
    return {f"vbq_{statistic}": _number("", label) for statistic, label in labels.items()}


def _dce(settings: dict) -> dict[str, dict]:
    """Return the columns of each map and statistic, of voxels that failed, and of size."""
    found = {}
    for name in settings["maps"]:
        unit, label = DCE_MAPS[name]
        unit = unit if settings["normalise"] == "none" else ""
        ends = {
            "before": (unit, "before treatment"),
            "after": (unit, "after treatment"),
            "change": ("%", "change"),
            "log_ratio": ("", "log ratio"),
        }
        for statistic in settings["statistics"]:
            for end, (of, words) in ends.items():
                found[f"{name}_{statistic}_{end}"] = _number(of, f"{label} {DCE_STATISTICS[statistic]}, {words}")
        for when in ("before", "after"):
            found[f"{name}_failed_{when}"] = _number("fraction", f"{label} not fitted, {when} treatment")
    for when in ("before", "after"):
        found[f"size_{when}"] = _number("mL", f"Tumour volume {when} treatment")
    return found | {"size_change": _number("%", "Tumour volume, change")}


BY_SETTINGS = {"wml": _wml, "nuclei": _nuclei, "vbq": _vbq, "dce": _dce}
"""Sections whose columns depend on their settings."""


def as_text(values: pd.Series) -> pd.Series:
    """Return levels as text; 1, 1.0 and "1" are one level, missing stays missing."""
    whole = values.map(lambda value: str(int(value)) if isinstance(value, float) and value.is_integer() else str(value))
    return whole.astype(object).where(values.notna(), None)
