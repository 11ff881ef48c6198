"""The first study's analysis end to end on a simulated cohort, through tables on disk as the rules do it."""

import numpy as np
import pandas as pd
import pytest

from recohort.cohort.assemble import assemble
from recohort.cohort.balance import balance
from recohort.cohort.eligibility import select
from recohort.cohort.flow import flow
from recohort.cohort.matching import match
from recohort.core.io import read_table, write_table
from recohort.core.schema import load_schema, with_defaults
from recohort.models import cox, family, kaplan_meier, roc, strata

COLUMNS = {
    "age": {"type": "number", "unit": "years"},
    "sex": {"type": "category", "levels": ["female", "male"]},
    "site": {"type": "category", "levels": ["1", "2", "3"]},
    "prior": {"type": "boolean"},
    "months": {"type": "number", "unit": "months"},
    "bled": {"type": "boolean"},
}
METRICS = {f"lesion_{name}": {"type": "number", "unit": "ppm"} for name in ("median", "iqr")}
ALL = {**COLUMNS, **METRICS}
OUTCOME = {"duration": "months", "event": "bled"}


def tables(n=155):
    rng = np.random.default_rng(20)
    ids = [f"sub-{i:03d}" for i in range(1, n + 1)]
    median, iqr = rng.normal(0.4, 0.185, n), rng.normal(0.3, 0.226, n)
    prior = rng.integers(0, 2, n)
    time = rng.exponential(90 * np.exp(-4 * (median - 0.4) - 2 * (iqr - 0.3) - 0.4 * prior))
    end = rng.uniform(6, 39, n)
    participants = pd.DataFrame(
        {
            "participant_id": ids,
            "age": rng.normal(42, 12, n).round(1),
            "sex": rng.choice(["female", "male"], n),
            "site": rng.integers(1, 4, n),
            "prior": prior,
            "months": np.minimum(time, end),
            "bled": (time <= end).astype(int),
        }
    )
    values = pd.DataFrame({"participant_id": ids, "lesion_median": median, "lesion_iqr": iqr})
    metrics = values.melt("participant_id", var_name="metric").assign(unit="ppm")
    status = pd.DataFrame({"participant_id": ids, "status": "reconstructed", "reason": None})
    status.loc[3, ["status", "reason"]] = ["excluded", "phase is missing"]
    return participants, metrics[metrics["participant_id"] != "sub-004"], status


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")

    def through_disk(frame, name):
        write_table(frame, folder / f"{name}.tsv")
        return read_table(folder / f"{name}.tsv")

    outcome = {"time": "months", "event": "bled"}
    assembled = through_disk(assemble(*tables(), columns=COLUMNS, outcome=outcome, derived={}).frame, "assembled")
    rule = {"name": "adult", "label": "Adults", "keep": {"column": "age", "at_least": 18}}
    eligible, steps = select(assembled, rules=[rule])
    eligible = through_disk(eligible, "eligible")
    entry = {"target": "outcome", "treatment": "bled", "covariates": ["age", "sex", "site", "prior"], "ratio": 2}
    settings = with_defaults(entry, load_schema("cohort")["properties"]["matching"])
    compared = settings.pop("balance")
    found = match(eligible, **settings, seed=7, columns=ALL)
    matched = through_disk(found.frame, "matched")
    covariates = settings["covariates"] + compared.pop("covariates")
    even = balance(eligible, matched, treatment="bled", covariates=covariates, **compared, columns=ALL)
    groups = {"column": "bled", "levels": {"1": "Haemorrhage", "0": "Haemorrhage-free"}}
    return {
        "eligible": eligible,
        "matched": matched,
        "flow": flow(steps, eligible, matched, groups=groups),
        "balance": even.table,
        "warnings": found.warnings,
    }


def test_flow_counts_everyone(study):
    steps = study["flow"]["steps"]
    assert steps[0]["n_in"] == 155
    assert [entry["reason"] for entry in steps[0]["excluded"]] == ["phase is missing"]
    assert steps[-1]["n_out"] == len(study["matched"]) == sum(group["n"] for group in study["flow"]["groups"])


def test_categories_are_compared_by_level(study):
    sites = study["balance"].query("covariate == 'site' and sample == 'matched'")
    assert sites["level"].tolist() == ["1", "2", "3", ""]


def test_matching_on_the_outcome_is_announced(study):
    assert study["warnings"]["code"][0] == "matched_on_outcome"


def test_models_follow_one_another(study, settings):
    matched = study["matched"]
    members = {}
    for name in ("median", "iqr"):
        entry = settings(
            "cox", **OUTCOME, exposure=f"lesion_{name}", covariates=["age", "sex", "prior"], scales=["unit", 0.1]
        )
        members[f"models/cox/{name}"] = cox.fit(matched, **entry, columns=ALL).estimates
    adjusted = family.fit(results=members, **settings("family", members=["cox.median", "cox.iqr"])).estimates
    assert adjusted.query("quantity == 'p_adjusted'")["term"].tolist() == ["median", "iqr"]
    thresholds = {}
    for metric in METRICS:
        entry = settings("roc", score=metric, outcome="bled", bootstrap=20)
        members[f"models/roc/{metric}"] = roc.fit(matched, **entry, seed=7, columns=ALL).estimates
        thresholds[metric] = {"from": metric}
    labels = ["low", "intermediate", "high"]
    entry = settings("strata", thresholds=thresholds, labels=labels, event="bled")
    risk = strata.fit(matched, name="risk", results=members, **entry)
    joined = matched.merge(risk.curve, on="participant_id", validate="one_to_one")
    columns = {**ALL, "risk": {"type": "category", "levels": labels}}
    entry = settings("kaplan_meier", **OUTCOME, group="risk", times=[24])
    plain = kaplan_meier.fit(joined, **entry, columns=columns)
    entry["reweight"] = "sampling_weight"
    weighted = kaplan_meier.fit(joined, **entry, columns=columns)
    survival = [
        result.estimates.query("quantity == 'survival'")["estimate"].to_numpy(float) for result in (plain, weighted)
    ]
    assert (survival[1] > survival[0]).all()  # the sample holds more events than the cohort
    full = kaplan_meier.fit(study["eligible"], **settings("kaplan_meier", **OUTCOME, times=[24]), columns=ALL)
    entry = settings("kaplan_meier", **OUTCOME, times=[24], reweight="sampling_weight")
    overall = kaplan_meier.fit(matched, **entry, columns=ALL)
    assert overall.estimates["estimate"][0] == pytest.approx(full.estimates["estimate"][0], abs=0.04)
    ratio = cox.fit(joined, **settings("cox", **OUTCOME, exposure="risk"), columns=columns).estimates
    assert "high against low" in ratio["scale"].tolist()
