"""Fitted curves of a made cohort, as the rules hand them to figures and tables."""

import importlib
import io

import numpy as np
import pandas as pd

from recohort.core.references import item_settings
from recohort.core.schema import entry_schema, load_schema, with_defaults
from recohort.models.inputs import WHOSE

COLUMNS = {
    "months": {"type": "number", "unit": "months"},
    "relapse": {"type": "boolean"},
    "died": {"type": "boolean"},
    "either": {"type": "boolean"},
    "treated": {"type": "boolean"},
    "grade": {"type": "category", "levels": ["low", "middle", "high"]},
}
BOTH = {"duration": "months", "times": [12, 24]}
ENTRIES = {
    "kaplan_meier": {"event": "either", "rmst": 24, **BOTH},
    "competing_risks": {"event": "relapse", "competing": "died", **BOTH},
}


def cohort():
    """Return 150 patients by formula, many times tied."""
    index = np.arange(150)
    grade = index % 3
    months = 1 + (index * 7919 % 40) * (1.2 - 0.25 * grade)
    kind = index * 31 % 10
    relapse, died = (kind < 3 + grade).astype(int), ((kind >= 6) & (kind < 8)).astype(int)
    return pd.DataFrame(
        {
            "months": months.round(),
            "relapse": relapse,
            "died": died,
            "either": relapse + died,
            "treated": (index % 2 == 0).astype(int),
            "grade": np.array(["low", "middle", "high"])[grade],
        }
    )


def fitted(kind, patients=None, **changes):
    """Return the frames of an analysis named x, written and read again as between two rules."""
    module = importlib.import_module(f"recohort.models.{kind}")
    schema = load_schema("models")["properties"][kind]["additionalProperties"]
    entry = with_defaults({**ENTRIES[kind], **changes}, schema)
    settings = {key: value for key, value in entry.items() if key not in WHOSE}
    found = module.fit(cohort() if patients is None else patients, **settings, columns=COLUMNS)
    frames = {f"models/{kind}/x": found.estimates, f"models/{kind}/x.curve": found.curve}
    frames = {name: pd.read_csv(io.StringIO(frame.to_csv(index=False))) for name, frame in frames.items()}
    return {**frames, f"models/{kind}/x.warnings": found.warnings}


def made(section, frames, *, synthetic=False, **entry):
    """Draw a figure or build a table."""
    module = importlib.import_module(f"recohort.{section}.{entry['kind']}")
    entry = with_defaults({"title": "Title", "time_unit": "months", **entry}, entry_schema(section, entry))
    make = module.draw if section == "figures" else module.build
    return make(frames, columns=COLUMNS, synthetic=synthetic, **item_settings(section, entry, make, level=0.95))
