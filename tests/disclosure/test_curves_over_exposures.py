"""Splines, curves of interaction, lines of scatter plots and calibration curves end at nobody's value."""

import json

import numpy as np
import pandas as pd
import pytest

from recohort.core.schema import entry_schema, with_defaults
from recohort.core.seeds import generator
from recohort.disclosure.aggregate import block_means
from recohort.disclosure.exposures import within_bins
from recohort.disclosure.guard import Guard
from recohort.disclosure.plan import plan
from recohort.disclosure.release import released
from recohort.models import calibration, cox, linear, logistic, ordinal
from recohort.models.inputs import WHOSE

SIZE, N = 5, 150
RULES = {"minimum_count": SIZE, "zeros": "shown", "round_to": None}
COLUMNS = {
    "age": {"type": "number", "unit": "years"},
    "dose": {"type": "number", "unit": "mg"},
    "score": {"type": "integer"},
    "time": {"type": "number", "unit": "months"},
    "risk": {"type": "number"},
    "died": {"type": "boolean"},
    "arm": {"type": "category", "levels": ["a", "b"]},
}
SPLINE = {"age": {"knots": 3}}
ENTRIES = {
    "cox": (cox, {"duration": "time", "event": "died", "exposure": "age", "splines": SPLINE}, "age"),
    "logistic": (logistic, {"outcome": "died", "exposure": "age", "splines": SPLINE}, "age"),
    "interaction": (
        logistic,
        {"outcome": "died", "exposure": "arm", "covariates": ["age"], "modifier": "dose"},
        "dose",
    ),
    "ordinal": (ordinal, {"outcome": "score", "exposure": "arm", "modifier": "dose"}, "dose"),
    "linear": (linear, {"outcome": "dose", "exposure": "age", "covariates": ["arm"]}, "age"),
}


@pytest.fixture(scope="module")
def cohort():
    rng = generator(9, "exposed")
    risk = rng.uniform(0.05, 0.7, N)
    frame = pd.DataFrame(
        {
            "participant_id": [f"s{k}" for k in range(N)],
            "age": rng.normal(60, 9, N),
            "dose": rng.lognormal(0, 0.7, N),
            "score": rng.integers(0, 4, N),
            "time": rng.exponential(20, N),
            "risk": risk,
            "died": (rng.uniform(size=N) < risk).astype(int),
            "arm": rng.choice(["a", "b"], N),
        }
    )
    frame.loc[:6, "age"] = np.nan
    return frame


def let_out(cohort, kind, entry, rules=RULES):
    name = kind.__name__.rpartition(".")[2]
    entry = with_defaults({"cohort": "eligible", **entry}, entry_schema("models", entry, name))
    asked = {key: value for key, value in entry.items() if key not in WHOSE}
    found = kind.fit(cohort, columns=COLUMNS, **asked, **({"seed": 1} if kind in (cox, calibration) else {}))
    path = f"models/{name}/one"
    frames = {"cohort/eligible": cohort, path: found.estimates, f"{path}.curve": found.curve}
    made = plan(frames, tables={}, figures={}, models={name: {"one": entry}}, cohort={}, **rules)
    frames.pop("cohort/eligible")
    made = json.loads(json.dumps(made))
    shown = released(frames, made, entry={"kind": "spline", "title": "Curve"})
    return found, shown[path], shown[f"{path}.curve"]


@pytest.mark.parametrize("name", ENTRIES)
def test_a_curve_ends_at_means_of_blocks(cohort, name):
    kind, entry, column = ENTRIES[name]
    found, _, curve = let_out(cohort, kind, entry)
    line = curve[curve["part"].isin(["spline", "interaction", "line"])]
    assert len(line) >= 100
    analysed = cohort.dropna(subset=["age"]) if "age" in str(entry) else cohort
    values = analysed[column].to_numpy()
    means = block_means(values, size=SIZE)
    assert np.isclose(means, line["value"].min(), rtol=1e-12).sum() >= SIZE
    assert np.isclose(means, line["value"].max(), rtol=1e-12).sum() >= SIZE
    assert not set(line["value"]) & set(values)
    assert line["value"].min() > found.curve["value"].min()
    # A line's own places, evenly apart, would say where it began.
    assert not set(line["value"].round(9)) & set(found.curve["value"].round(9))


@pytest.mark.parametrize("name", ENTRIES)
def test_a_curve_stays_the_same_curve(cohort, name):
    """Between its places a line is drawn straight: what is read off the new one lies on the old one."""
    kind, entry, _ = ENTRIES[name]
    found, _, curve = let_out(cohort, kind, entry)
    for part in {"spline", "interaction", "line"} & set(found.curve["part"]):
        old, new = (frame[frame["part"] == part] for frame in (found.curve, curve))
        for column in ("estimate", "conf_low", "conf_high"):
            expected = np.interp(new["value"], old["value"], old[column])
            np.testing.assert_allclose(new[column], expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["cox", "interaction", "ordinal"])
def test_there_is_a_stroke_per_block(cohort, name):
    kind, entry, column = ENTRIES[name]
    found, _, curve = let_out(cohort, kind, entry)
    strokes = curve.loc[curve["part"] == "rug", "value"]
    own = found.curve.loc[found.curve["part"] == "rug", "value"]
    assert strokes.tolist() == np.unique(block_means(own.to_numpy(), size=SIZE)).tolist()
    assert len(strokes) <= len(own) / SIZE
    assert not set(strokes) & set(cohort[column])


def test_the_reference_is_a_median_of_blocks_unless_the_study_names_it(cohort):
    kind, entry, _ = ENTRIES["cox"]
    _, _, curve = let_out(cohort, kind, entry)
    (reference,) = curve.loc[curve["part"] == "reference", "value"]
    assert reference not in set(cohort["age"])
    assert reference == pytest.approx(cohort["age"].median(), abs=0.5)
    named = {**entry, "splines": {"age": {"knots": 3, "reference": 55}}}
    _, _, curve = let_out(cohort, kind, named)
    assert curve.loc[curve["part"] == "reference", "value"].tolist() == [55]


def test_the_ratio_between_quartiles_does_not_name_them_but_is_compared(cohort):
    kind, entry, _ = ENTRIES["cox"]
    found, estimates, _ = let_out(cohort, kind, entry)
    own = found.estimates["scale"].fillna("").str.endswith("(quartiles)")
    assert own.sum() == 1
    assert estimates.loc[own, "scale"].tolist() == ["upper against lower quartile"]
    settings = with_defaults({"cohort": "eligible", **entry}, entry_schema("models", entry, "cox"))
    frames = {"cohort/eligible": cohort, "models/cox/one": found.estimates, "models/cox/one.curve": found.curve}
    guard = Guard(plan(frames, tables={}, figures={}, models={"cox": {"one": settings}}, cohort={}, **RULES))
    (compared,) = guard.compared({"models/cox/one.tsv": found.estimates}).values()
    assert compared["scale"].equals(found.estimates["scale"])
    published = pd.DataFrame({"result": ["models/cox/one.tsv", "models/cox/one.curve.tsv", "cohort/eligible.tsv"]})
    assert guard.asked(published)["result"].tolist() == ["models/cox/one.tsv", "", ""]


def test_fewer_patients_than_a_block_have_no_curve(cohort):
    kind, entry, _ = ENTRIES["cox"]
    _, _, curve = let_out(cohort, kind, entry, {**RULES, "minimum_count": 100})
    assert curve[curve["part"] == "spline"].empty


def test_models_without_single_patients_are_withheld(cohort):
    kind, entry, _ = ENTRIES["interaction"]
    found, estimates, _ = let_out(cohort, kind, {**entry, "influence": 2})
    largest = f"{cohort.dropna()['dose'].max():g}"
    assert any(largest in str(scale) for scale in found.estimates["scale"])
    assert not any(largest in str(scale) for scale in estimates["scale"])
    alone = estimates["quantity"].isin(["dfbeta", "without_2_largest"])
    assert alone.sum() == 6
    assert estimates.loc[alone, "estimate"].isna().all()
    assert set(estimates.loc[alone, "n"]) | set(estimates.loc[alone, "n_events"]) == {"[c]"}
    assert estimates.loc[estimates["quantity"] == "odds_ratio", "estimate"].notna().all()
    assert estimates.loc[estimates["quantity"] == "odds_ratio", "n"].map(lambda n: not isinstance(n, str)).all()


def test_a_calibration_curve_ends_where_enough_patients_lie_beyond(cohort):
    risk = {"outcome": "died", "risk": "risk", "bootstrap": 0}
    found, _, curve = let_out(cohort, calibration, risk)
    line = curve[curve["part"] == "smooth"]
    assert (cohort["risk"] <= line["predicted"].min()).sum() >= SIZE
    assert (cohort["risk"] >= line["predicted"].max()).sum() >= SIZE
    edges = line["predicted"].agg(["min", "max"]) * calibration.BINS
    np.testing.assert_allclose(edges, edges.round(), rtol=0, atol=1e-9)
    assert line["predicted"].min() > found.curve["predicted"].min()
    few = found.curve.assign(n=found.curve["n"].where(found.curve["part"] != "histogram", 0))
    assert within_bins(few, size=SIZE)["part"].eq("smooth").sum() == 0
