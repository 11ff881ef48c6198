"""Decision curves under a plan: nobody solves the net benefit for few patients."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from recohort.core.schema import entry_schema, with_defaults
from recohort.core.seeds import generator
from recohort.disclosure import attack
from recohort.disclosure.decisions import Rules, kept, solved
from recohort.disclosure.plan import plan
from recohort.disclosure.release import released
from recohort.figures import decision_curve as figure
from recohort.models import decision_curve

N = 260
COLUMNS = {name: {"type": "number"} for name in ("risk", "blunt", "time", "x")} | {"died": {"type": "boolean"}}
GIVEN = {
    "exact": {"minimum_count": 5, "zeros": "shown", "round_to": None},
    "eight": {"minimum_count": 8, "zeros": "shown", "round_to": None},
    "hidden": {"minimum_count": 5, "zeros": "hidden", "round_to": None},
    "rounded": {"minimum_count": 5, "zeros": "shown", "round_to": 5},
}
ENTRY = {
    "outcome": "died",
    "strategies": {"chart": {"risk": "risk"}, "blunt": {"risk": "blunt"}},
    "thresholds": {"from": 0.02, "to": 0.6, "by": 0.04},
    "bootstrap": 20,
}
PATH = "models/decision_curve/plain"
SIDES = ("events", "others")


@pytest.fixture(scope="module")
def cohort():
    rng = generator(8, "risks")
    risk = rng.beta(1.2, 4, N)
    return pd.DataFrame(
        {
            "participant_id": [f"s{k}" for k in range(N)],
            "risk": risk,
            "blunt": np.round(risk, 1),
            "x": np.log(risk / (1 - risk)),
            "died": (rng.uniform(size=N) < risk).astype(int),
            "time": rng.exponential(20, N),
        }
    )


def complete(entry):
    return with_defaults({"cohort": "eligible", **entry}, entry_schema("models", entry, "decision_curve"))


def fitted(cohort, entry):
    settings = {key: value for key, value in complete(entry).items() if key not in ("cohort", "among", "join")}
    return decision_curve.fit(cohort, seed=1, columns=COLUMNS, **settings)


def let_out(cohort, entry, rules):
    found = fitted(cohort, entry)
    frames = {"cohort/eligible": cohort, PATH: found.estimates, f"{PATH}.curve": found.curve}
    models = {"decision_curve": {"plain": complete(entry)}}
    made = json.loads(json.dumps(plan(frames, tables={}, figures={}, models=models, cohort={}, **rules)))
    frames.pop("cohort/eligible")
    shown = released(frames, made, entry={"kind": "decision_curve", "title": "Net benefit"})
    return found, shown[PATH], shown[f"{PATH}.curve"]


def counts(cohort, column, cuts):
    """True and false positives at each threshold, shape (T, 2)."""
    reached = cohort[column].to_numpy()[None] + 1e-12 >= np.asarray(cuts)[:, None]
    died = cohort["died"].to_numpy()
    return reached.astype(int) @ np.column_stack([died, 1 - died])


def benefits(curve, estimates, name):
    """Everything that is drawn or printed of one strategy, by threshold."""
    own = curve[(curve["strategy"] == name) & curve["net_benefit"].notna()]
    drawn = dict(zip(own["threshold"].round(9), own["net_benefit"], strict=True))
    rows = estimates[(estimates["term"] == name) & (estimates["quantity"] == "net_benefit")]
    told = {
        float(scale.removeprefix("threshold ")): value
        for scale, value in zip(rows["scale"], rows["estimate"], strict=True)
    }
    return dict(sorted((drawn | {cut: value for cut, value in told.items() if pd.notna(value)}).items()))


def reader_of(shown, grid, n, events, step=None):
    """Who has the net benefits, n and the events, and knows that fewer are treated from threshold to threshold.

    The unknown are how many, with the event and without, have their risk between two neighbouring thresholds.
    """
    groups = {side: [f"{side} {place}" for place in range(len(grid) + 1)] for side in SIDES}
    totals = {"events": events, "others": n - events}
    half = 1e-6 if step is None else step / 2
    spread = 0 if step is None else step / 2
    statements = [
        attack.Statement(dict.fromkeys(groups[side], 1.0), totals[side] - spread, totals[side] + spread)
        for side in SIDES
    ]
    for cut, value in shown.items():
        odds, above = cut / (1 - cut), np.flatnonzero(np.isclose(grid, cut))[0] + 1
        weights = dict.fromkeys(groups["events"][above:], 1.0) | dict.fromkeys(groups["others"][above:], -odds)
        slack = half * (1 + odds) + (0 if step is None else abs(value) * half)
        statements.append(attack.Statement(weights, n * value - slack, n * value + slack))
    return attack.Reader(statements), groups


def small_groups(true, n, events, rules):
    """Places of few events or others between neighbouring thresholds."""
    ends = np.vstack([[events, n - events], true, [0, 0]])
    least = 0 if rules["zeros"] == "hidden" else 1
    groups = -np.diff(ends, axis=0)
    return [
        (side, int(place))
        for k, side in enumerate(SIDES)
        for place in np.flatnonzero((groups[:, k] >= least) & (groups[:, k] < rules["minimum_count"]))
    ]


def narrowed(shown, cohort, column, rules, first=None):
    """Small counts between thresholds of which a reader of the net benefits can exclude a value."""
    grid = sorted({*shown, *np.round(np.arange(0.02, 0.601, 0.04), 9)})
    events = int(cohort["died"].sum())
    reader, groups = reader_of(shown, grid, N, events, rules["round_to"])
    candidates = [1, 2, 3, 4] if rules["minimum_count"] == 5 else [1, rules["minimum_count"] - 1]
    small = small_groups(counts(cohort, column, grid), N, events, rules)
    assert len(small) > 3
    return [one for one in small[:first] if reader.values(groups[one[0]][one[1]], candidates) != candidates]


@pytest.mark.parametrize("name", GIVEN)
def test_no_small_count_between_thresholds_is_narrowed_down(cohort, name):
    rules = GIVEN[name]
    _, estimates, curve = let_out(cohort, ENTRY, rules)
    shown = benefits(curve, estimates, "chart")
    assert len(shown) >= 3
    assert narrowed(shown, cohort, "risk", rules) == []


def test_the_reader_solves_an_unguarded_curve(cohort):
    """The test must be able to fail."""
    found = fitted(cohort, ENTRY)
    shown = benefits(found.curve, found.estimates, "chart")
    assert len(narrowed(shown, cohort, "risk", GIVEN["exact"], first=2)) == 2


@pytest.mark.parametrize("name", GIVEN)
def test_kept_thresholds_have_no_few_between_them(cohort, name):
    """From the patients' rows, of which the plan's solution of the net benefit knows nothing."""
    rules = GIVEN[name]
    _, estimates, curve = let_out(cohort, ENTRY, rules)
    events = int(cohort["died"].sum())
    for strategy, column in (("chart", "risk"), ("blunt", "blunt")):
        cuts = list(benefits(curve, estimates, strategy))
        positive = counts(cohort, column, cuts)
        for above, below in pairwise([np.array([events, N - events]), *positive, np.array([0, 0])]):
            between = above - below
            assert ((between >= rules["minimum_count"]) | ((between == 0) & (rules["zeros"] == "shown"))).all()
        cells = np.column_stack([positive, [events, N - events] - positive])
        assert ((cells >= rules["minimum_count"]) | (cells == 0)).all()


def test_kept_numbers_are_the_analysis_own(cohort):
    found, estimates, curve = let_out(cohort, ENTRY, GIVEN["exact"])
    true = found.curve.set_index(["strategy", "threshold"])
    kept = curve.dropna(subset=["net_benefit"]).set_index(["strategy", "threshold"])
    for column in ("net_benefit", "conf_low", "conf_high"):
        np.testing.assert_array_equal(kept[column], true.loc[kept.index, column])
    told = estimates["estimate"].notna()
    assert told.any()
    assert estimates.loc[told, "estimate"].tolist() == found.estimates.loc[told, "estimate"].tolist()


def test_a_difference_leaves_only_with_both_its_net_benefits(cohort):
    _, estimates, _ = let_out(cohort, ENTRY, GIVEN["eight"])
    known = {
        (row["term"], row["scale"]): pd.notna(row["estimate"])
        for _, row in estimates[estimates["quantity"] == "net_benefit"].iterrows()
    }
    assert not all(known.values())
    for _, row in estimates[estimates["quantity"] == "net_benefit_difference"].iterrows():
        first, second = row["term"].split(" against ")
        assert pd.notna(row["estimate"]) == (known[first, row["scale"]] and known[second, row["scale"]])
    for _, row in estimates[estimates["quantity"] == "interventions_avoided"].iterrows():
        assert pd.notna(row["estimate"]) == known[row["term"], row["scale"]]


def test_rounded_counts_give_rounded_net_benefits(cohort):
    _, estimates, curve = let_out(cohort, ENTRY, GIVEN["rounded"])
    events = int(cohort["died"].sum())
    whole, died = (5 * ((number + 2) // 5) for number in (N, events))
    for cut, value in benefits(curve, estimates, "chart").items():
        true, false = 5 * ((counts(cohort, "risk", [cut])[0] + 2) // 5)
        # Where several pairs of counts have this net benefit another one may have been rounded.
        near = [(true + a, false + b) for a in range(-10, 11, 5) for b in range(-10, 11, 5)]
        assert min(abs(value - (a - b * cut / (1 - cut)) / whole) for a, b in near) < 1e-9
    everyone = curve[curve["strategy"] == "all"]
    odds = everyone["threshold"] / (1 - everyone["threshold"])
    np.testing.assert_allclose(everyone["net_benefit"], (died - (whole - died) * odds) / whole, rtol=0, atol=1e-12)


def test_solved_counts_hold_the_true_ones_and_are_mostly_one(cohort):
    cuts = np.round(np.arange(0.02, 0.601, 0.02), 9)
    true, odds = counts(cohort, "risk", cuts), cuts / (1 - cuts)
    events = int(cohort["died"].sum())
    least, most = solved(true[:, 0] / N - true[:, 1] / N * odds, odds, N, events)
    assert (least <= true).all()
    assert (true <= most).all()
    assert (least == most).all(axis=1).mean() > 0.8


@pytest.mark.parametrize(
    "entry",
    [
        {**ENTRY, "outcome": None, "duration": "time", "event": "died", "time": 24},
        {**ENTRY, "thresholds": {"from": 0.97, "to": 0.99, "by": 0.01}, "at": [0.98]},
    ],
    ids=["censored", "nobody treated"],
)
def test_a_withheld_strategy_is_named_in_the_figure(cohort, entry):
    _, estimates, curve = let_out(cohort, entry, {**GIVEN["exact"], "zeros": "hidden"})
    frames = {PATH: estimates, f"{PATH}.curve": curve}
    how = {"strategies": {"chart": "Chart"}, "corrected": True, "band": True, "width": "single", "height": 75}
    drawn = figure.draw(frames, columns=COLUMNS, synthetic=False, level=0.95, model="plain", **how)
    assert "no net benefit is given of Chart" in drawn._supxlabel.get_text()
    assert estimates.loc[estimates["term"] == "chart", "estimate"].isna().all()


def test_pooled_net_benefits_are_of_no_whole_counts_and_do_not_leave(cohort):
    found = fitted(cohort, ENTRY)
    shifted = found.curve.assign(net_benefit=found.curve["net_benefit"] + 1e-4 * (found.curve["strategy"] == "chart"))
    own = found.estimates["term"] == "chart"
    estimates = found.estimates.assign(estimate=found.estimates["estimate"] + 1e-4 * own)
    frames = {"cohort/eligible": cohort, PATH: estimates, f"{PATH}.curve": shifted}
    models = {"decision_curve": {"plain": complete(ENTRY)}}
    made = plan(frames, tables={}, figures={}, models=models, cohort={}, **GIVEN["exact"])
    shown = released(frames, made, entry={"kind": "decision_curve", "title": "Net benefit"})[f"{PATH}.curve"]
    assert shown.loc[shown["strategy"] == "chart", "net_benefit"].isna().all()
    assert shown.loc[shown["strategy"] == "blunt", "net_benefit"].notna().any()


@pytest.mark.parametrize("seed", range(12))
def test_kept_thresholds_of_made_up_risks(seed):
    """Tied and rounded risks, rare and common events, few and many patients, every grid: solved without their rows."""
    rng = generator(14, "made up", str(seed))
    n = int(rng.integers(30, 900))
    risk = rng.beta(rng.uniform(0.5, 3), rng.uniform(1, 8), n).round(int(rng.integers(1, 5)))
    cohort = pd.DataFrame({"risk": risk, "died": (rng.uniform(size=n) < risk).astype(int)})
    events, rules = int(cohort["died"].sum()), GIVEN[["exact", "eight", "hidden"][seed % 3]]
    cuts = np.round(np.arange(0.01, 0.99, [0.01, 0.05, 0.037][seed % 3]), 9)
    true, odds = counts(cohort, "risk", cuts), cuts / (1 - cuts)
    least, most = solved(true[:, 0] / n - true[:, 1] / n * odds, odds, n, events)
    assert (least <= true).all()
    assert (true <= most).all()
    places = kept(least, most, range(len(cuts)), n=n, events=events, rules=Rules(**rules))
    between = -np.diff(np.vstack([[events, n - events], true[places], [0, 0]]), axis=0)
    if places:
        assert ((between >= rules["minimum_count"]) | ((between == 0) & (rules["zeros"] == "shown"))).all()
