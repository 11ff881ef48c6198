"""Matching against a plain greedy matcher, and against what is known of the lalonde data."""

import numpy as np
import pandas as pd
import pytest
from cohort_cases import LALONDE, codes, lalonde, matching

from recohort.cohort.greedy import in_rounds
from recohort.cohort.matching import match
from recohort.cohort.propensity import linear_propensity
from recohort.core.errors import InputError
from recohort.core.seeds import generator


def in_support(score, treat, discard):
    """One at a time: within the range of whichever group `discard` measures by."""
    ranges = {"treated": [0], "control": [1], "both": [0, 1]}.get(discard, [])
    return [all(min(score[treat == g]) <= one <= max(score[treat == g]) for g in ranges) for one in score]


def brute_force(score, treated, *, ratio, caliper, order, replace, cells, seed, inside):
    """Every distance compared; the nearest first, of equals the lower value's, then the first in the table."""
    rows = [i for i in range(len(score)) if treated[i]]
    if order == "largest":
        rows.sort(key=lambda i: -score[i])
    elif order == "smallest":
        rows.sort(key=lambda i: score[i])
    elif order == "random":
        rows = generator(seed, "matching", "order").permutation(rows).tolist()
    rows = [i for i in rows if inside[i]]
    found, used = {i: [] for i in rows}, set()
    for _ in range(ratio):
        for i in rows:
            free = [j for j in range(len(score)) if inside[j] and not treated[j] and cells[j] == cells[i]]
            free = [j for j in free if j not in found[i] and (replace or j not in used)]
            free = [j for j in free if abs(score[j] - score[i]) <= caliper]
            if free:
                best = min(free, key=lambda j: (abs(score[j] - score[i]), score[j], j))
                found[i].append(best)
                used.add(best)
    return found


def simulated(seed, n=90):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    treat = (rng.random(n) < 1 / (1 + np.exp(1.2 - 0.8 * x[:, 0] - 0.4 * x[:, 1]))).astype(int)
    site = rng.integers(0, 2, n)
    frame = pd.DataFrame({"row": np.arange(n), "treat": treat, "a": x[:, 0], "b": x[:, 1], "site": site})
    return frame, {name: {"type": "number"} for name in frame}


@pytest.mark.parametrize("discard", ["none", "treated", "control", "both"])
@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("order", ["largest", "smallest", "random", "data"])
@pytest.mark.parametrize(
    ("ratio", "width", "exact"),
    [(1, None, []), (1, 0.2, []), (2, 0.2, []), (3, 0.1, []), (2, None, ["site"]), (2, 0.3, ["site"])],
)
def test_matches_equal_brute_force(discard, replace, order, ratio, width, exact):
    for seed in range(2):
        frame, columns = simulated(seed)
        score = linear_propensity(frame[["a", "b"]].to_numpy(), frame["treat"].to_numpy() == 1, ["a", "b"])
        caliper = None if width is None else {"width": width, "unit": "sd_overall"}
        entry = {"ratio": ratio, "caliper": caliper, "order": order, "exact": exact, "discard": discard}
        settings = matching(treatment="treat", covariates=["a", "b"], replace=replace, **entry)
        got = match(frame, **settings, seed=seed, columns=columns)
        inside = in_support(score, frame["treat"], discard)
        assert list(got.supported["row"]) == [i for i in range(len(frame)) if inside[i]]
        limit = (
            np.inf if width is None else width * np.std([s for s, i in zip(score, inside, strict=True) if i], ddof=1)
        )
        cells = frame["site"] if exact else np.zeros(len(frame))
        sets = brute_force(
            score,
            frame["treat"] == 1,
            ratio=ratio,
            caliper=limit,
            order=order,
            replace=replace,
            cells=cells,
            seed=seed,
            inside=inside,
        )
        kept = {i for i in sets if sets[i]} | {j for found in sets.values() for j in found}
        assert set(got.frame["row"]) == kept
        weight = np.zeros(len(frame))
        for i, found in sets.items():
            weight[i] = 1.0 if found else 0.0
            weight[found] += 1 / max(len(found), 1)
        controls = (frame["treat"] == 0) & (weight > 0)
        weight[controls] *= controls.sum() / weight[controls].sum()
        np.testing.assert_allclose(got.frame["weight"], weight[got.frame["row"]], rtol=1e-12)
        if not replace:
            number = got.frame.set_index("row")["subclass"]
            assert {frozenset(rows) for rows in number.groupby(number).groups.values()} == {
                frozenset([i, *found]) for i, found in sets.items() if found
            }


@pytest.mark.parametrize(
    ("entry", "n_treated", "n_control"),
    [
        ({"caliper": None}, 185, 185),
        ({"link": "linear.logit"}, 117, 117),
        ({"link": "logit"}, 113, 113),
    ],
)
def test_lalonde_counts(entry, n_treated, n_control):
    """The counts that MatchIt's correct path and a brute-force matcher give."""
    frame, columns = lalonde()
    got = match(frame, **matching(treatment="treat", covariates=LALONDE, **entry), seed=1, columns=columns).frame
    assert got["treat"].value_counts().to_dict() == {1: n_treated, 0: n_control}


def test_lalonde_calipers_in_both_units():
    frame, _ = lalonde()
    treated = frame["treat"].to_numpy() == 1
    score = linear_propensity(frame[LALONDE].to_numpy(float), treated, LALONDE)
    assert score.std(ddof=1) == pytest.approx(1.80451, abs=5e-6)


def test_pairs_lie_within_the_caliper():
    frame, columns = lalonde()
    caliper = {"width": 0.2, "unit": "sd_pooled"}
    entry = matching(treatment="treat", covariates=LALONDE, caliper=caliper, ratio=2)
    got = match(frame, **entry, seed=1, columns=columns).frame
    score = linear_propensity(frame[LALONDE].to_numpy(float), frame["treat"].to_numpy() == 1, LALONDE)
    groups = [score[frame["treat"] == group] for group in (0, 1)]
    width = 0.2 * np.sqrt(np.mean([group.var(ddof=1) for group in groups]))
    spread = got.groupby("subclass")["distance"].agg(lambda values: np.ptp(values))
    partners = got[got["treat"] == 0].merge(got[got["treat"] == 1], on="subclass")
    assert (partners["distance_x"] - partners["distance_y"]).abs().max() <= width
    assert spread.max() <= 2 * width


def test_propensity_score_equals_statsmodels():
    import statsmodels.api as sm

    frame, _ = lalonde()
    x, y = frame[LALONDE].to_numpy(float), frame["treat"].to_numpy()
    theirs = sm.GLM(y, sm.add_constant(x), family=sm.families.Binomial()).fit(tol=1e-14, maxiter=100)
    np.testing.assert_allclose(linear_propensity(x, y == 1, LALONDE), theirs.predict(which="linear"), atol=1e-10)


def test_equal_rows_have_equal_scores_to_the_last_bit():
    frame, _ = lalonde()
    score = linear_propensity(frame[LALONDE].to_numpy(float), frame["treat"].to_numpy() == 1, LALONDE)
    spread = frame.assign(score=score).groupby(LALONDE)["score"].agg(np.ptp)
    assert spread.max() == 0


def test_ties_take_the_lower_value_then_the_first_of_the_table():
    assert in_rounds(np.array([2.0]), np.array([3.0, 1.0, 1.0]), ratio=3, caliper=1.0) == [[1, 2, 0]]


def test_sampling_weights_restore_the_full_cohort():
    frame, columns = simulated(3)
    entry = matching(target="outcome", treatment="treat", covariates=["a", "b"], ratio=2)
    got = match(frame, **entry, seed=1, columns=columns)
    total = got.frame.groupby("treat")["sampling_weight"].sum()
    pd.testing.assert_series_equal(total, frame.groupby("treat").size().astype(float), check_names=False)
    assert codes(got.warnings)[0] == "matched_on_outcome"
    exposure = match(frame, **{**entry, "target": "exposure"}, seed=1, columns=columns)
    assert exposure.frame["sampling_weight"].isna().all()
    assert "matched_on_outcome" not in codes(exposure.warnings)


def test_unmatched_are_counted():
    frame, columns = lalonde()
    entry = matching(treatment="treat", covariates=LALONDE, ratio=2)
    got = match(frame, **entry, seed=1, columns=columns)
    said = got.warnings.set_index("code")["message"]
    unmatched = 185 - (got.frame["treat"] == 1).sum()
    assert said["unmatched_treated"] == f"{unmatched} of 185 with treat = 1 found no match."
    assert (got.frame.groupby("subclass").size() == 2).sum() == int(said["fewer_controls"].split()[0])


def test_random_order_follows_the_seed():
    frame, columns = lalonde()
    entry = matching(treatment="treat", covariates=LALONDE, order="random")
    runs = [match(frame, **entry, seed=seed, columns=columns).frame for seed in (1, 1, 2)]
    pd.testing.assert_frame_equal(runs[0], runs[1])
    assert not runs[0]["subclass"].equals(runs[2]["subclass"])


def bad(frame):
    return {
        "no treated": (frame.assign(treat=0), {}, "column 'treat': all 90 rows are 0, expected both 0 and 1"),
        "no 0 or 1": (frame.assign(treat=frame["treat"] + 1), {}, "column 'treat': found 2, expected 0 or 1"),
        "constant": (frame.assign(a=1.0), {}, "column 'a': is constant in this cohort"),
        "collinear": (frame.assign(b=2 * frame["a"] + 1), {}, "the covariates [ab], [ab] are collinear"),
        "separated": (frame.assign(a=frame["treat"] + frame["a"] / 100), {}, "separate treated from untreated"),
        "quasi": (frame.assign(a=((frame["treat"] == 1) & (frame["b"] > 0)) * 1), {}, "separate treated"),
        "incomplete": (frame.assign(a=frame["a"].mask(frame["row"] < 7)), {}, "column 'a': 7 of 90 values are missing"),
        "absent": (frame, {"covariates": ["a", "iron"]}, "column 'iron': not found"),
        "itself": (frame, {"covariates": ["a", "treat"]}, "the treatment 'treat' is among the covariates"),
        "too narrow": (frame, {"caliper": {"width": 1e-12, "unit": "raw"}}, "expected at least one; widen it"),
        "empty": (frame.iloc[:0], {}, "the cohort has no rows"),
    }


@pytest.mark.parametrize("case", bad(simulated(0)[0]))
def test_bad_input_is_refused_in_a_sentence(case):
    frame, columns = simulated(0)
    changed, entry, sentence = bad(frame)[case]
    with pytest.raises(InputError, match=sentence):
        match(changed, **matching(**{"treatment": "treat", "covariates": ["a", "b"], **entry}), seed=1, columns=columns)


def test_a_hundred_thousand_are_matched_within_seconds():
    import time

    frame, columns = simulated(1, n=100_000)
    entry = matching(treatment="treat", covariates=["a", "b"], ratio=2)
    start = time.process_time()
    match(frame, **entry, seed=1, columns=columns)
    assert time.process_time() - start < 10
