"""What an entry of `models` becomes as arguments of its kind's `fit`."""

import pandas as pd
import pytest

from recohort.core.errors import InputError
from recohort.models.inputs import prepare

COHORT = pd.DataFrame({"participant_id": ["a", "b", "c"], "group": ["ms", "control", "ms"], "age": [1.0, 2.0, 3.0]})
STRATA = pd.DataFrame({"participant_id": ["a", "b", "c"], "risk": ["low", "low", "high"]})


def fit(cohort, *, outcome, seed):
    return cohort, outcome, seed


def prepared(**whose):
    entry = {"cohort": "eligible", "join": [], "outcome": "age", **whose}
    frames = {"cohort/eligible": COHORT, "models/strata/risk.curve": STRATA}
    (cohort,), settings = prepare(fit, "regression", entry, frames, columns={}, seed=7)
    assert settings == {"outcome": "age", "seed": 7}
    return cohort


def test_a_model_is_fitted_among_whom_it_says():
    assert prepared()["participant_id"].tolist() == ["a", "b", "c"]
    assert prepared(among=None)["participant_id"].tolist() == ["a", "b", "c"]
    assert prepared(among={"column": "group", "equals": "ms"})["participant_id"].tolist() == ["a", "c"]


def test_strata_may_say_among_whom():
    assert prepared(join=["risk"], among={"column": "risk", "equals": "high"})["participant_id"].tolist() == ["c"]


def test_nobody_among_them_is_said():
    with pytest.raises(InputError, match="models: 'regression': among: no row of the cohort"):
        prepared(among={"column": "age", "above": 10})
