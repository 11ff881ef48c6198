"""Every kind of model on cohorts that it cannot cope with: a sentence, or a number with its warning, never a crash."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from recohort.core.errors import InputError
from recohort.models.inputs import prepare

SURVIVES = {"duration": "time", "event": "event"}
ENTRIES = {
    "cox": {**SURVIVES, "exposure": "x", "covariates": ["z", "arm"]},
    "fine_gray": {**SURVIVES, "competing": "other", "exposure": "x", "covariates": ["z", "arm"]},
    "kaplan_meier": {**SURVIVES, "group": "arm", "times": [2.0], "rmst": 2.0},
    "competing_risks": {**SURVIVES, "competing": "other", "group": "arm", "times": [2.0]},
    "logistic": {"outcome": "event", "exposure": "treated", "modifier": "x", "covariates": ["z", "arm"]},
    "ordinal": {"outcome": "score", "exposure": "x", "covariates": ["z", "arm"]},
    "linear": {"outcome": "value", "exposure": "x", "covariates": ["z", "arm"]},
    "roc": {"score": "x", "outcome": "event", "bootstrap": 20},
    "roc_comparison": {"scores": ["x", "z"], "outcome": "event"},
    "time_auc": {**SURVIVES, "scores": ["x"], "times": [2.0]},
    "diagnostic": {"reference": "event", "tests": {"first": {"column": "treated"}}},
    "calibration": {"outcome": "event", "covariates": ["x", "z"], "bootstrap": 0},
    "decision_curve": {
        "outcome": "event",
        "strategies": {"model": {"covariates": ["x", "z"]}},
        "thresholds": {"from": 0.1, "to": 0.5, "by": 0.1},
        "bootstrap": 0,
    },
    "groups": {"group": "treated", "variables": ["x"]},
    "baseline_tests": {"group": "arm", "variables": {"x": "median_iqr", "treated": "n_percent"}},
    "correlation": {"variables": ["x", "z"]},
    "paired": {"first": "x", "second": "z"},
    "measurement_error": {
        "regression": "logistic",
        "outcome": "event",
        "exposure": "x",
        "covariates": ["z"],
        "mismeasured": "x",
        "error": {"sd": 0.3},
        "replicates": 4,
    },
}
COLUMNS = {
    **{name: {"type": "number"} for name in ("time", "x", "z", "value")},
    **{name: {"type": "boolean"} for name in ("event", "other", "treated")},
    "score": {"type": "integer"},
    "arm": {"type": "category", "levels": ["a", "b", "c"]},
}


def cohort(n=60):
    rng = np.random.default_rng(4)
    event = (rng.random(n) < 0.4) * 1
    return pd.DataFrame(
        {
            "participant_id": [f"sub-{i:03d}" for i in range(n)],
            "time": rng.exponential(2.0, n).round(2) + 0.01,
            "event": event,
            "other": (1 - event) * (rng.random(n) < 0.3),
            "x": rng.normal(size=n),
            "z": rng.normal(size=n),
            "value": rng.normal(size=n),
            "treated": np.arange(n) % 2,
            "score": rng.integers(0, 4, n),
            "arm": np.array(["a", "b", "c"])[np.arange(n) % 3],
        }
    )


def changed(**columns):
    def change(frame):
        return frame.assign(**{name: value(frame) if callable(value) else value for name, value in columns.items()})

    return change


CASES = {
    "separation": changed(event=lambda f: (f["x"] > 0) * 1, other=0, score=lambda f: (f["x"] > 0) * 1),
    "one event": changed(event=lambda f: (f.index == 7) * 1, other=0),
    "zero events in a group": changed(event=lambda f: f["event"] * (f["arm"] != "b"), other=0),
    "all censored": changed(event=0, other=0),
    "everyone has the event": changed(event=1, other=0),
    "perfect collinearity": changed(z=lambda f: 2 * f["x"] + 1),
    "a constant covariate": changed(z=3.0),
    "a constant exposure": changed(x=1.0),
    "a level is absent": lambda f: f[f["arm"] != "a"],
    "one level is left": changed(arm="b"),
    "fewer subjects than parameters": lambda f: f.head(3),
    "one subject": lambda f: f.head(1),
    "nobody": lambda f: f.head(0),
    "all values tied": changed(x=2.0, z=2.0, time=1.0),
    "missing everywhere": changed(x=np.nan),
    "one value known": changed(x=lambda f: f["x"].where(f.index == 3)),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ENTRIES)
@pytest.mark.filterwarnings("error")
def test_a_sentence_or_a_warning_and_never_a_crash(kind, case, settings):
    frame = CASES[case](cohort()).reset_index(drop=True)
    fit = import_module(f"recohort.models.{kind}").fit
    entry = {**settings(kind, **ENTRIES[kind]), "cohort": "eligible"}
    arguments, filled = prepare(fit, "a", entry, {"cohort/eligible": frame}, columns=COLUMNS, seed=1)
    try:
        found = fit(*arguments, **filled)
    except InputError as error:
        assert len(str(error)) > 20
        assert "\n" not in str(error)
        return
    numbers = found.estimates[["estimate", "conf_low", "conf_high", "p_value"]].to_numpy(float)
    p = numbers[:, 3]
    assert ((p >= 0) & (p <= 1))[~np.isnan(p)].all()
    limits = numbers[~np.isnan(numbers[:, :3]).any(axis=1)]
    assert (limits[:, 1] <= limits[:, 0] + 1e-9).all()
    assert (limits[:, 0] <= limits[:, 2] + 1e-9).all()
    if kind == "baseline_tests":  # its rows are tests; the numbers stand in the table
        return
    main = found.estimates[found.estimates["quantity"].isin(["coefficient", "auc", "difference", "correlation"])]
    if main["estimate"].isna().any() or np.isinf(main["estimate"].astype(float)).any():
        assert len(found.warnings), "a number is missing, and nothing says why"
