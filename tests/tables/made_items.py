"""Tables and figures of a made study as its YAML has them, built and drawn from made results."""

import importlib
import inspect

from made_results import METRICS

from recohort.core.references import item_settings, item_sources
from recohort.core.schema import entry_schema, with_defaults

GROUPS = {"0": "Haemorrhage-free", "1": "Haemorrhage"}
LEVELS = ["low", "intermediate", "high"]
SUSCEPTIBILITIES = [f"lesion_{metric}" for metric in METRICS]
AFTER_MATCHING = ["cohort/matched.warnings.tsv"]
TABLES = {
    "table1_baseline": {
        "kind": "baseline",
        "title": "Table 1. Patients",
        "samples": {"eligible": "Before matching", "matched": "After matching"},
        "group": "haemorrhage",
        "group_levels": GROUPS,
        "smd": "pooled",
        "variables": {
            "age": "mean_sd",
            "sex": "n_percent",
            "prior_haemorrhage": "n_percent",
            "lesion_volume": "median_iqr",
        },
        "warnings": AFTER_MATCHING,
    },
    "table2_metrics": {
        "kind": "group_metrics",
        "title": "Table 2. Susceptibility",
        "cohort": "matched",
        "group": "haemorrhage",
        "group_levels": GROUPS,
        "metrics": dict.fromkeys(SUSCEPTIBILITIES, "median_iqr"),
        "model": "metrics",
    },
    "table3_cox": {
        "kind": "cox",
        "title": "Table 3. Hazard ratios",
        "models": {"Adjusted": list(METRICS)},
        "terms": SUSCEPTIBILITIES,
        "family": "metrics",
        "warnings": AFTER_MATCHING,
    },
    "table4_roc": {"kind": "roc", "title": "Table 4. Discrimination", "models": ["median", "iqr"]},
    "table5_strata": {
        "kind": "strata",
        "title": "Table 5. Strata",
        "kaplan_meier": "strata",
        "reweighted": "strata_weighted",
        "cox": "strata",
        "levels": LEVELS,
        "time": 24,
        "time_unit": "months",
        "warnings": AFTER_MATCHING,
    },
}
TABLES["table6_estimates"] = {
    "kind": "estimates",
    "title": "Table 6. Estimates",
    "models": {"Cox models": [f"cox.{metric}" for metric in METRICS], "ROC analyses": ["roc.median", "roc.iqr"]},
    "quantities": ["hazard_ratio", "auc", "sensitivity"],
    "terms": SUSCEPTIBILITIES,
    "show": ["estimate", "p_value", "n", "n_events"],
    "percent": ["sensitivity"],
}
FIGURES = {
    "figure1_flow": {"kind": "flow", "title": "Figure 1. Flow", "caption": "Who remained."},
    "figure2_love": {"kind": "love", "title": "Figure 2. Balance"},
    "figure3_box": {
        "kind": "box",
        "title": "Figure 3. Susceptibility",
        "cohort": "matched",
        "group": "haemorrhage",
        "group_levels": GROUPS,
        "metrics": SUSCEPTIBILITIES,
    },
    "figure4_forest": {
        "kind": "forest",
        "title": "Figure 4. Hazard ratios",
        "models": {"Adjusted": [f"cox.{metric}" for metric in METRICS]},
        "terms": SUSCEPTIBILITIES,
    },
    "figure5_roc": {"kind": "roc", "title": "Figure 5. ROC curves", "models": ["median", "iqr"]},
    "figure6_km": {
        "kind": "km",
        "title": "Figure 6. Survival",
        "model": "strata",
        "levels": LEVELS,
        "tick": 6,
        "time_unit": "months",
        "y_label": "Haemorrhage-free survival",
        "warnings": AFTER_MATCHING,
    },
    "figure7_map": {"kind": "map", "title": "Figure 7. Map"},
    "figure8_recovery": {"kind": "recovery", "title": "Recovery", "truth": "chi", "metric": "lesion_median"},
}


def completed(section, entry):
    """Return an entry with the defaults of its kind's schema."""
    return with_defaults(entry, entry_schema(section, entry))


def table(name, columns, frames, *, synthetic, **changes):
    """Build a table from the frames that its sources name."""
    entry = completed("tables", {**TABLES[name], **changes})
    kind = importlib.import_module(f"recohort.tables.{entry['kind']}")
    chosen = {key: frames[key] for key in item_sources("tables", entry) if key in frames}
    settings = item_settings("tables", entry) | leveled(kind.build)
    return kind.build(chosen, columns=columns, synthetic=synthetic, **settings)


def leveled(make, level=0.95):
    """Return the level of intervals, where a kind asks for it."""
    return {"level": level} if "level" in inspect.signature(make).parameters else {}


def figure(name, columns, frames, *, synthetic, **changes):
    """Draw a figure from the frames that its sources name."""
    entry = completed("figures", {**FIGURES[name], **changes})
    kind = importlib.import_module(f"recohort.figures.{entry['kind']}")
    names = item_sources("figures", entry) if entry["kind"] != "map" else ("chimap", "mask", "magnitude")
    chosen = {key: frames[key] for key in names if key in frames}
    settings = item_settings("figures", entry) | leveled(kind.draw)
    return kind.draw(chosen, columns=columns, synthetic=synthetic, **settings)
