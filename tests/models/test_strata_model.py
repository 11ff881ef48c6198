import pandas as pd
import pytest
from fitted_models import codes, pick

from recohort.core.errors import InputError
from recohort.models import strata

COHORT = pd.DataFrame(
    {
        "participant_id": ["sub-001", "sub-002", "sub-003", "sub-004", "sub-005"],
        "median": [0.1, 0.5, 0.5, 0.4, None],
        "iqr": [0.1, 0.3, 0.1, 0.2, 0.9],
        "bled": [0, 1, 0, 1, 1],
    }
)
CUTS = {"median": {"value": 0.4}, "iqr": {"value": 0.2}}


def fit(settings, **entry):
    entry = settings("strata", thresholds=CUTS, event="bled", **entry)
    return strata.fit(COHORT, name="risk", results={}, **entry)


def test_strata_count_the_metrics_at_or_above_their_thresholds(settings):
    result = fit(settings)
    assert list(result.curve.columns) == ["participant_id", "risk"]
    assert result.curve["risk"].tolist() == ["low", "high", "intermediate", "high", None]
    high = pick(result, term="high", quantity="n")
    assert (high["n"], high["n_events"]) == (2, 2)
    assert pick(result, term="low", quantity="event_share")["estimate"] == 0
    assert codes(result) == ["incomplete_rows"]


def test_an_empty_stratum_is_announced(settings):
    only = strata.fit(COHORT.iloc[:1], name="risk", results={}, **settings("strata", thresholds=CUTS))
    assert codes(only) == ["empty_stratum", "empty_stratum"]


def test_labels_must_fit_the_thresholds(settings):
    with pytest.raises(InputError, match="found the labels low, high for 2 thresholds, expected 3 different ones"):
        fit(settings, labels=["low", "high"])


def test_a_threshold_comes_from_a_roc_analysis(settings):
    found = {"models/roc/chosen": pd.DataFrame({"quantity": ["auc", "threshold"], "estimate": [0.8, 0.2]})}
    entry = settings("strata", thresholds={"iqr": {"from": "chosen"}}, labels=["low", "high"])
    assert strata.fit(COHORT, name="risk", results=found, **entry).curve["risk"].tolist()[:3] == ["low", "high", "low"]
    found["models/roc/chosen"] = found["models/roc/chosen"].iloc[:1]
    with pytest.raises(InputError, match=r"models\.roc\.chosen has no threshold"):
        strata.fit(COHORT, name="risk", results=found, **entry)
