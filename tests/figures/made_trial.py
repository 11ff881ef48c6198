"""Logistic and ordinal models of a trial made by a formula, as the models stage writes them."""

import importlib.util
from functools import cache
from pathlib import Path

from recohort.core.schema import load_schema, with_defaults
from recohort.models import logistic, ordinal
from recohort.models.inputs import WHOSE

COLUMNS = {
    "recurrence": {"type": "boolean"},
    "aspirin": {"type": "boolean", "label": "Aspirin"},
    "severe": {"type": "boolean", "label": "Severe stroke"},
    "volume": {"type": "number", "unit": "mL", "label": "Lesion volume"},
    "age": {"type": "number", "unit": "years"},
    "region": {"type": "category", "levels": ["lobar", "deep", "brainstem"]},
    "mrs": {"type": "integer", "label": "Modified Rankin scale at 90 days"},
}
BASE = {"outcome": "recurrence", "exposure": "aspirin", "covariates": ["age"]}
ENTRIES = {
    "logistic/overall": BASE,
    "logistic/linear": {**BASE, "modifier": "volume", "subgroups": 3, "evaluate": [2, 10], "scales": ["unit", "sd"]},
    "logistic/log1p": {**BASE, "modifier": "volume", "modifier_form": "log1p", "evaluate": [2, 10]},
    "logistic/spline": {**BASE, "modifier": "volume", "modifier_form": "spline", "knots": 3},
    "logistic/region": {**BASE, "modifier": "region", "subgroups": "levels"},
    "logistic/severe": {**BASE, "modifier": "severe", "subgroups": "levels", "interval": "profile"},
    "logistic/arms": {"outcome": "recurrence", "exposure": "region", "modifier": "volume"},
    "ordinal/mrs": {"outcome": "mrs", "exposure": "aspirin", "covariates": ["age", "severe"]},
    "ordinal/modified": {"outcome": "mrs", "exposure": "aspirin", "modifier": "age"},
}


def trial():
    path = Path(__file__).parents[1] / "reference" / "inputs.py"
    spec = importlib.util.spec_from_file_location("reference_inputs", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.stroke()


def fitted(kind, cohort, **entry):
    filled = with_defaults(entry, load_schema("models")["properties"][kind]["additionalProperties"])
    filled = {key: value for key, value in filled.items() if key not in WHOSE}
    return {"logistic": logistic, "ordinal": ordinal}[kind].fit(cohort, **filled, columns=COLUMNS)


@cache
def _made():
    cohort, made = trial(), {}
    for name, entry in ENTRIES.items():
        found = fitted(name.split("/")[0], cohort, **entry)
        made |= {f"models/{name}": found.estimates, f"models/{name}.curve": found.curve}
        made[f"models/{name}.warnings"] = found.warnings
    return made


def frames():
    return {name: frame.copy() for name, frame in _made().items()}
