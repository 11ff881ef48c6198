"""Blocks of patients: no mark, quantile or step of a curve is one patient's."""

import numpy as np
import pandas as pd
import pytest

from recohort.core.seeds import generator
from recohort.disclosure.aggregate import aggregated, block_means, blocks, paired_means
from recohort.disclosure.follow_up import estimated, in_blocks
from recohort.models import competing_risks, kaplan_meier

SIZE = 5
TIMES = [12.0, 24.0]
COLUMNS = {
    "time": {"type": "number", "unit": "months"},
    "event": {"type": "boolean"},
    "competing": {"type": "boolean"},
    "arm": {"type": "category", "levels": ["a", "b"]},
}
KM = {
    **{"duration": "time", "event": "event", "group": "arm", "times": TIMES, "rmst": 24.0, "landmark": None},
    **{"confidence": "log_log", "reweight": None, "stratify": [], "rho": 0.0, "trend": False, "pairwise": False},
    **{"pairwise_adjust": "holm", "minimum_at_risk": 10, "level": 0.95},
}
CR = {key: KM[key] for key in ("duration", "event", "group", "times", "landmark", "confidence", "reweight")}
CR |= {"competing": "competing", "minimum_at_risk": 10, "level": 0.95}


@pytest.fixture(scope="module")
def patients():
    rng, n = generator(4, "followed"), 240
    causes = rng.exponential(30, n), rng.exponential(60, n), rng.uniform(4, 50, n)
    first = np.argmin(causes, axis=0)
    made = {"time": np.min(causes, axis=0), "event": (first == 0) * 1, "competing": (first == 1) * 1}
    return pd.DataFrame({"participant_id": [f"s{k}" for k in range(n)], **made, "arm": rng.choice(["a", "b"], n)})


def survival(patients, **changes):
    found = kaplan_meier.fit(patients, columns=COLUMNS, **KM)
    how = {"size": SIZE, "round_to": None, "hidden": set(), **changes}
    return found, *estimated("kaplan_meier", KM, found.estimates, found.curve, **how)


def drawn(curve):
    return curve[curve["part"] == "survival"]


@pytest.mark.parametrize("n", range(1, 40))
def test_a_block_has_at_least_its_size_and_less_than_twice_that(n):
    lengths = [len(block) for block in blocks(n, size=SIZE)]
    assert sum(lengths) == n
    assert min(lengths) >= min(n, SIZE)
    assert max(lengths) <= 2 * SIZE - 1
    rounding = [len(block) for block in blocks(n, size=SIZE, round_to=4)]
    same = [m for m in range(1, 45) if (m + 2) // 4 == (n + 2) // 4]
    assert {len(blocks(m, size=SIZE, round_to=4)) for m in same} == {len(rounding)}
    assert min(rounding) >= min(n, SIZE)


def test_block_means_keep_the_mean_and_hide_the_extremes():
    values = generator(5, "values").lognormal(size=53)
    made = block_means(values, size=SIZE)
    assert made.mean() == pytest.approx(values.mean(), rel=1e-12)  # sums of the same numbers
    assert made.max() < values.max()
    assert np.unique(made, return_counts=True)[1].min() >= SIZE
    assert np.isnan(block_means(values[:4], size=SIZE)).all()
    assert np.isnan(block_means(np.r_[np.nan, values], size=SIZE)[0])


def test_blocks_do_not_reach_over_groups(patients):
    made = aggregated(patients, ["time"], group="arm", size=SIZE)
    for arm, rows in made.groupby("arm"):
        assert rows["time"].value_counts().min() >= SIZE
        assert rows["time"].mean() == pytest.approx(patients.loc[patients["arm"] == arm, "time"].mean(), rel=1e-12)


def test_points_are_means_of_neighbours():
    points = pd.DataFrame({"value": np.arange(12.0), "estimate": np.arange(12.0) ** 2})
    made = paired_means(points, along="value", other="estimate", size=SIZE)
    assert made["value"].tolist() == [2.5, 8.5]
    assert made["estimate"].tolist() == [np.mean(np.arange(6) ** 2), np.mean(np.arange(6, 12) ** 2)]


def test_times_are_blocked_between_the_cuts():
    times = np.r_[np.linspace(1, 11, 9), [13.0, 14.0], np.linspace(25, 40, 7)]
    made = in_blocks(times, cuts=TIMES, size=SIZE, round_to=None)
    assert len(made) == len(times)
    assert (made <= 12).sum() == 9
    assert np.unique(made, return_counts=True)[1].min() >= SIZE


@pytest.mark.parametrize("round_to", [None, 5, 10])
def test_no_step_is_one_patients_and_no_numbers_at_risk_tell_few_apart(patients, round_to):
    found, _, curve = survival(patients, round_to=round_to)
    assert not set(curve["time"][curve["time"] > 0]) & set(patients["time"])
    for _, steps in drawn(curve).groupby("stratum"):
        steps = steps.astype({"n_risk": int, "n_event": int, "n_censor": int})
        leaving = np.r_[steps["n_event"], steps["n_censor"]]
        assert leaving[leaving > 0].min() >= SIZE
        assert -np.diff(np.unique(steps["n_risk"])[::-1]).max() >= SIZE
        hazard = steps["n_event"] / steps["n_risk"]
        np.testing.assert_allclose(steps["survival"], np.cumprod(1 - hazard), rtol=1e-12)  # the same product
    assert len(drawn(curve)) < len(drawn(found.curve)) / 3


def moved(estimates, quantity):
    """What a block that is carried over a printed time changes there: its share of those at risk."""
    at_risk = estimates.loc[estimates["quantity"] == "at_risk", "estimate"].to_numpy()
    return SIZE / at_risk * np.maximum(estimates.loc[estimates["quantity"] == quantity, "estimate"].to_numpy(), 0.3)


def test_numbers_at_the_printed_times_change_by_less_than_a_block(patients):
    found, made, _ = survival(patients)
    true = found.estimates
    rows = true["quantity"] == "survival"
    shift = (made.loc[rows, "estimate"].astype(float) - true.loc[rows, "estimate"]).abs()
    assert (shift < moved(true, "survival")).all()
    assert shift.iloc[[0, 2]].max() < 0.01  # at 12 months nobody is carried over: only the order within blocks is lost
    tests = true["quantity"] == "log_rank"
    assert made.loc[tests, "p_value"].tolist() == true.loc[tests, "p_value"].tolist()


def test_a_hidden_stratum_has_no_curve_and_no_numbers(patients):
    _, made, curve = survival(patients, hidden={"a"})
    rest = drawn(curve)[drawn(curve)["stratum"] == "a"]
    assert rest["time"].tolist() == [np.inf]
    assert rest["n_risk"].tolist() == ["[c]"]
    assert rest[["n_event", "n_censor", "survival", "conf_low", "conf_high"]].isna().all(axis=None)
    own = made[(made["term"] == "a") & made["quantity"].isin(["survival", "at_risk", "median", "rmst"])]
    assert own["estimate"].isna().all()
    assert made.loc[made["quantity"] == "survival_difference", "estimate"].isna().all()
    assert made.loc[(made["term"] == "b") & (made["quantity"] == "survival"), "estimate"].notna().all()


def test_reweighted_curves_are_withheld(patients):
    found = kaplan_meier.fit(patients, columns=COLUMNS, **KM)
    settings = {**KM, "reweight": "weight"}
    how = {"size": SIZE, "round_to": None, "hidden": set()}
    made, curve = estimated("kaplan_meier", settings, found.estimates, found.curve, **how)
    assert set(curve["n_risk"]) == {"[c]"}
    assert made.loc[made["quantity"] == "survival", "estimate"].isna().all()


def test_cumulative_incidences_are_of_blocks(patients):
    found = competing_risks.fit(patients, columns=COLUMNS, **CR)
    how = {"size": SIZE, "round_to": None, "hidden": set()}
    made, curve = estimated("competing_risks", CR, found.estimates, found.curve, **how)
    leaving = np.r_[curve["n_event"].astype(int), curve["n_censor"].astype(int)]
    assert leaving[leaving > 0].min() >= SIZE
    for quantity in ("incidence", "competing_incidence"):
        rows = found.estimates["quantity"] == quantity
        shift = (made.loc[rows, "estimate"].astype(float) - found.estimates.loc[rows, "estimate"]).abs()
        assert (shift < moved(found.estimates, quantity)).all()
