"""One plan for a study: the same count has one fate in every table, and what leaves holds no small one."""

import numpy as np
import pandas as pd
import pytest

from recohort.core.errors import InputError
from recohort.core.seeds import generator
from recohort.disclosure import attack
from recohort.disclosure.counted import Counted
from recohort.disclosure.people import flow_name
from recohort.disclosure.plan import plan
from recohort.disclosure.release import released, without_numbers
from recohort.disclosure.suppress import OTHER
from recohort.models import diagnostic, kaplan_meier, roc

RULES = {"minimum_count": 5, "zeros": "shown", "round_to": None}
COLUMNS = {
    "time": {"type": "number", "unit": "months"},
    "died": {"type": "boolean"},
    "arm": {"type": "category", "levels": ["a", "b"]},
    "test": {"type": "boolean"},
}
KM = {
    **{"duration": "time", "event": "died", "group": "arm", "times": [12.0], "rmst": None, "landmark": None},
    **{"confidence": "log_log", "reweight": None, "stratify": [], "rho": 0.0, "trend": False, "pairwise": False},
    **{"pairwise_adjust": "holm", "minimum_at_risk": 10, "level": 0.95},
}
ACCURACY = {
    **{"reference": "died", "reference_positive": None, "interval": "wilson", "prevalence": None, "compare": False},
    **{
        "level": 0.95,
        "tests": {"test": {"column": "test", "positive": None, "threshold": None, "direction": "higher"}},
    },
}
TABLES = {
    "one": {
        "kind": "baseline",
        "title": "One",
        "samples": {"eligible": "Before", "matched": "After"},
        "group": "arm",
        "overall": True,
        "variables": {"stage": "n_percent", "age": "median_iqr"},
    }
}
ROC = {
    **{"score": "score", "outcome": "died", "direction": "higher", "threshold": {"rule": "youden", "value": None}},
    **{"partial": None, "auc_interval": "delong", "band": False, "interval": "wilson", "bootstrap": 0, "level": 0.95},
}
COHORT = {"groups": {"column": "arm"}, "matching": {"treatment": "arm"}}


@pytest.fixture(scope="module")
def frames():
    rng, n = generator(6, "study"), 120
    eligible = pd.DataFrame(
        {
            "participant_id": [f"s{k}" for k in range(n)],
            "time": rng.exponential(20, n),
            "died": rng.choice([0, 1], n, p=[0.6, 0.4]),
            "arm": rng.choice(["a", "b"], n),
            "stage": rng.choice(["I", "II", "III"], n, p=[0.6, 0.36, 0.04]),
            "age": np.where(np.arange(n) % 40 == 0, np.nan, rng.normal(60, 9, n)),
        }
    )
    eligible["test"] = np.where(rng.uniform(size=n) < 0.93, eligible["died"], 1 - eligible["died"])
    matched = eligible.drop(index=[1, 2, 3, 50, 60, 70])
    found = kaplan_meier.fit(eligible, columns=COLUMNS, **KM)
    accuracy = diagnostic.fit(eligible, columns=COLUMNS, **ACCURACY)
    steps = [
        {
            "name": "adult",
            "label": "Adults",
            "n_in": 123,
            "n_excluded": 3,
            "n_out": 120,
            "excluded": [{"reason": "age", "n": 3}],
        },
        {"name": "matched", "label": "Matched", "n_in": 120, "n_excluded": 6, "n_out": 114, "excluded": []},
    ]
    groups = [{"name": arm, "label": arm, "n": int((matched["arm"] == arm).sum())} for arm in "ab"]
    return {
        "cohort/eligible": eligible,
        "cohort/matched": matched,
        "cohort/flow": {"steps": steps, "groups": groups},
        "models/kaplan_meier/arm": found.estimates,
        "models/kaplan_meier/arm.curve": found.curve,
        "models/diagnostic/test": accuracy.estimates,
    }


MODELS = {
    "kaplan_meier": {"arm": {"cohort": "eligible", **KM}},
    "diagnostic": {"test": {"cohort": "eligible", **ACCURACY}},
}


def planned(frames, **changes):
    return plan(frames, tables=TABLES, figures={}, models=MODELS, cohort=COHORT, **{**RULES, **changes})


def test_nothing_small_is_shown_and_the_flow_is_guarded(frames):
    made = planned(frames)
    flow = released(frames, made, entry={"kind": "flow", "title": "Flow"})["cohort/flow"]
    assert flow["steps"][0]["n_excluded"] == "<5"
    assert flow["steps"][0]["excluded"] == [{"reason": "age", "n": "<5"}]
    assert OTHER in (flow["steps"][0]["n_in"], flow["steps"][0]["n_out"])
    assert made["counted"]["small"] > 5


def test_arms_before_and_after_matching_do_not_tell_who_left(frames):
    """Six leave, fewer than five of one arm: before, after and flow together must not give that number."""
    made, before = planned(frames), frames["cohort/eligible"]
    counted, statements = Counted(made), []
    for arm in "ab":
        for cohort in ("eligible", "matched"):
            n = int((frames[f"cohort/{cohort}"]["arm"] == arm).sum())
            statements.append(attack.said(f"{cohort} {arm}", str(counted(n, cohort, f"arm={arm}")), **RULES))
        statements.append(attack.sum_of(f"eligible {arm}", [f"matched {arm}", f"left {arm}"]))
    for cohort in ("eligible", "matched"):
        text = str(counted(len(frames[f"cohort/{cohort}"]), cohort))
        statements += [attack.said(cohort, text, **RULES), attack.sum_of(cohort, [f"{cohort} a", f"{cohort} b"])]
    left = {arm: int((before["arm"] == arm).sum() - (frames["cohort/matched"]["arm"] == arm).sum()) for arm in "ab"}
    few = [arm for arm, n in left.items() if 1 <= n < 5]
    assert few
    for arm in few:
        assert attack.Reader(statements).values(f"left {arm}", range(1, 5)) == [1, 2, 3, 4]


def test_a_tests_fourfold_table_cannot_be_filled_in(frames):
    made = planned(frames)
    shown = released(frames, made, entry={"kind": "diagnostic", "title": "Accuracy"})["models/diagnostic/test"]
    true = frames["models/diagnostic/test"]
    cells = dict(zip(true["quantity"], true["estimate"], strict=True))
    small = [name for name in ("false_positives", "false_negatives") if 1 <= cells[name] < 5]
    assert small
    parts = {
        "sensitivity": ("diseased", "true_positives", "false_negatives"),
        "specificity": ("healthy", "true_negatives", "false_positives"),
        "ppv": ("positive", "true_positives", "false_positives"),
        "npv": ("negative", "true_negatives", "false_negatives"),
    }
    statements = [attack.sum_of("all", ["diseased", "healthy"]), attack.sum_of("all", ["positive", "negative"])]
    for quantity, (of, right, wrong) in parts.items():
        row = shown[shown["quantity"] == quantity].iloc[0]
        for name, cell in ((of, row["n"]), (right, row["n_events"])):
            statements.append(attack.said(name, str(cell), **RULES))
        statements.append(attack.sum_of(of, [right, wrong]))
        if pd.notna(row["estimate"]):
            statements += attack.percentage(right, of, f"{100 * row['estimate']:.1f}")
    row = shown[shown["quantity"] == "prevalence"].iloc[0]
    statements += [attack.said("all", str(row["n"]), **RULES), attack.said("diseased", str(row["n_events"]), **RULES)]
    reader = attack.Reader(statements)
    for name in small:
        assert reader.values(name, range(1, 5)) == [1, 2, 3, 4], name


def test_the_same_count_has_one_fate(frames):
    """Arms are counted by the table, by the survival analysis and by the flow."""
    made = planned(frames)
    shown = released(frames, made, entry={"kind": "survival", "title": "Survival"})["models/kaplan_meier/arm"]
    counted = Counted(made)
    for arm in "ab":
        n = int((frames["cohort/eligible"]["arm"] == arm).sum())
        assert shown.loc[shown["term"] == arm, "n"].iloc[0] == counted(n, "eligible", f"arm={arm}")


def test_rounded_counts_give_rounded_shares(frames):
    made = planned(frames, round_to=5)
    shown = released(frames, made, entry={"kind": "survival", "title": "Survival"})["models/kaplan_meier/arm"]
    numbers = [cell for cell in [*shown["n"], *shown["n_events"]] if not isinstance(cell, str)]
    assert all(cell % 5 == 0 for cell in numbers)
    at_risk = shown.loc[shown["quantity"] == "at_risk", "estimate"].astype(float)
    assert (at_risk % 5 == 0).all()


def test_a_model_keeps_its_ratio_where_a_count_is_withheld_for_another(frames):
    eligible = frames["cohort/eligible"]
    assert eligible["died"].sum() >= 5
    settings = {**{"duration": "time", "event": "died", "covariates": ["arm"]}, "cohort": "eligible"}
    estimates = pd.DataFrame({name: [] for name in frames["models/kaplan_meier/arm"].columns})
    estimates.loc[0] = {"term": "arm", "quantity": "hazard_ratio", "estimate": 0.8, "n": 118, "n_events": 40}
    estimates.loc[1] = {"term": "arm", "quantity": "hazard_ratio", "estimate": 0.8, "n": 118, "n_events": 3}
    held = {**frames, "models/cox/arm": estimates}
    made = plan(held, tables=TABLES, figures={}, models={"cox": {"arm": settings}}, cohort=COHORT, **RULES)
    shown = released({"models/cox/arm": estimates}, made, entry={"kind": "cox", "title": "Cox"})["models/cox/arm"]
    assert shown["estimate"].notna().tolist() == [True, False]
    assert shown["n_events"].tolist()[1] == "<5"


@pytest.mark.parametrize(
    ("message", "left"),
    [
        ("Only 3 in stratum high are at risk at 24.5 months.", "Only [c] in stratum high are at risk at [c] months."),
        ("Doubtful at p < 0.05: age (p = 0.0012), 4 of 26.", "Doubtful at p < 0.05: age (p = 0.0012), [c] of [c]."),
    ],
)
def test_numbers_in_warnings_are_left_out(message, left):
    said = pd.DataFrame({"code": ["few_at_risk"], "message": [message]})
    assert without_numbers(said)["message"].tolist() == [left]


def test_what_cannot_leave_is_refused(frames):
    made = planned(frames)
    with pytest.raises(InputError, match="shows one patient"):
        released({}, made, entry={"kind": "map", "title": "A map"})
    with pytest.raises(InputError, match=r"round_to: found 11, expected at most 10"):
        planned(frames, round_to=11)


def test_a_thresholds_small_cells_are_not_given_by_sensitivity_or_the_curve(frames):
    """Rows of an ROC analysis name all patients and events, while sensitivity derives from the four cells."""
    eligible = frames["cohort/eligible"].assign(
        score=lambda rows: rows["died"] + generator(7, "score").normal(0, 0.4, 120)
    )
    settings = {**ROC, "cohort": "eligible"}
    found = roc.fit(eligible, seed=1, columns={**COLUMNS, "score": {"type": "number"}}, **ROC)
    held = {
        **frames,
        "cohort/eligible": eligible,
        "models/roc/score": found.estimates,
        "models/roc/score.curve": found.curve,
    }
    made = plan(held, tables={}, figures={}, models={"roc": {"score": settings}}, cohort=COHORT, **RULES)
    own = {name: frame for name, frame in held.items() if name.startswith("models/roc")}
    shown = released(own, made, entry={"kind": "roc", "title": "ROC"})
    cells = found.estimates.set_index("quantity")["estimate"]
    assert any(1 <= cells[name] < 5 for name in ("false_negatives", "false_positives"))
    rows = shown["models/roc/score"].set_index("quantity")["estimate"]
    assert rows[["sensitivity", "specificity", "youden"]].isna().any()
    assert pd.notna(rows["auc"])
    events = int(eligible["died"].sum())
    curve = shown["models/roc/score.curve"].iloc[1:-1]
    for right, total in ((curve["sensitivity"], events), (curve["specificity"], 120 - events)):
        assert (right * total > 4.5).all()
        assert ((1 - right) * total > 4.5).all()
    assert shown["models/roc/score.curve"]["threshold"].isna().all()


@pytest.mark.parametrize(
    ("steps", "matched", "names"),
    [
        (["adult"], False, ["flow|entered", "cohort/eligible"]),
        (["adult", "seen", "matched"], True, ["flow|entered", "flow|adult", "cohort/eligible", "cohort/matched"]),
        (
            ["adult", "supported", "matched"],
            True,
            ["flow|entered", "cohort/eligible", "flow|supported", "cohort/matched"],
        ),
    ],
)
def test_steps_of_the_flow_are_the_cohorts_of_the_tables(steps, matched, names):
    flow = {"steps": [{"name": name} for name in steps]}
    assert [flow_name(flow, place, matched=matched) for place in range(-1, len(steps))] == names


def test_those_left_out_of_a_model_cannot_be_subtracted(frames):
    eligible = frames["cohort/eligible"]
    few = eligible.assign(rare=["yes"] * 3 + ["no"] * (len(eligible) - 3))
    entry = {"cohort": "eligible", "among": {"column": "rare", "equals": "no"}, **KM}
    settings = {key: value for key, value in entry.items() if key not in ("cohort", "among")}
    estimates = kaplan_meier.fit(few[few["rare"] == "no"].reset_index(drop=True), **settings, columns=COLUMNS).estimates
    known = {"cohort/eligible": few, "models/kaplan_meier/one": estimates}
    made = plan(known, tables={}, figures={}, models={"kaplan_meier": {"one": entry}}, cohort={}, **RULES)
    shown = made["shown"]
    assert "cohort/eligible" in shown or "cohort/eligible|rare=no" in shown  # one of the two is withheld
