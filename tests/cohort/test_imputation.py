"""Chained equations: what mice's imputations look like, coverage where the truth is known, and invariances."""

import numpy as np
import pandas as pd
import pytest
from cohort_cases import codes

from recohort.cohort.draws import draw_level, draw_matched, draw_normal, independent, multinomial
from recohort.cohort.imputation import impute
from recohort.core.errors import InputError
from recohort.core.schema import load_schema, with_defaults

BREAST = {
    **{name: {"type": "number"} for name in ("time", "age", "pnodes", "tsize")},
    "cens": {"type": "boolean"},
    "post": {"type": "boolean"},
    "horTh": {"type": "category", "levels": ["no", "yes"]},
    "tgrade": {"type": "category", "levels": ["I", "II", "III"]},
}
FILLED = ["tsize", "post", "tgrade"]
GIVEN = ["time", "cens", "horTh", "age", "pnodes"]


def imputation(frame, declared, **entry):
    section = load_schema("cohort")["properties"]["imputation"]
    settings = {"outcome": None, "seed": 5, **entry}
    keys = {key: value for key, value in settings.items() if key in section["properties"]}
    more = {key: value for key, value in settings.items() if key not in section["properties"]}
    return impute(frame, **with_defaults(keys, section), **more, declared=declared)


def imputed_cells(frame, got, name, m):
    return got.frame[name].to_numpy().reshape(m, -1)[:, frame[name].isna().to_numpy()]


def far(ours, mean, between, m):
    """How many standard errors of both simulations lie between two means over m imputations."""
    return abs(ours.mean() - mean) / np.hypot(ours.std(ddof=1), between) * np.sqrt(m)


@pytest.mark.parametrize("method", ["pmm", "norm"])
def test_imputed_numbers_are_like_those_of_mice(method, inputs, reference):
    frame, m = inputs["lung_missing"], 100
    theirs = reference("imputation", f"lung_{method}").set_index(["term", "quantity"])["value"]
    columns = ["ph_ecog", "pat_karno", "meal_cal", "wt_loss"]
    given = ["time", "status", "age", "sex"]
    declared = {name: {"type": "number"} for name in frame}
    got = imputation(frame, declared, columns=columns, predictors=given, m=m, method=method)
    for name in columns[1:]:
        cells = imputed_cells(frame, got, name, m)
        assert far(cells.mean(axis=1), theirs[name, "mean"], theirs[name, "between"], m) < 4, name
        assert far(cells.std(axis=1, ddof=1), theirs[name, "sd"], theirs[name, "sd_between"], m) < 4, name
        assert cells.mean(axis=1).std(ddof=1) == pytest.approx(theirs[name, "between"], rel=0.35), name


def test_imputed_levels_are_like_those_of_mice(inputs, reference):
    """Shares alike; our shares vary a little more, as mice does not draw a multinomial model's coefficients."""
    frame, m = inputs["gbsg2_missing"], 60
    theirs = reference("imputation", "breast").set_index(["term", "quantity"])["value"]
    got = imputation(frame, BREAST, columns=FILLED, predictors=GIVEN, m=m)
    for name, levels in {"post": ["0", "1"], "tgrade": ["I", "II", "III"]}.items():
        text = imputed_cells(frame, got, name, m).astype(str)
        for level in levels:
            shares = (text == level).mean(axis=1)
            assert far(shares, theirs[f"{name} {level}", "mean"], theirs[f"{name} {level}", "between"], m) < 4
            assert shares.std(ddof=1) > 0.6 * theirs[f"{name} {level}", "between"]


def slopes(frame):
    """Pooled slope of y on x and its 95 % limits, from each imputation's least squares."""
    from recohort.models.pooling import rubin

    found = []
    for _, part in frame.groupby("imputation"):
        x = part["x"] - part["x"].mean()
        slope = (x @ part["y"]) / (x @ x)
        rest = part["y"] - part["y"].mean() - slope * x
        found.append((slope, np.sqrt(rest @ rest / (len(part) - 2) / (x @ x))))
    estimates, errors = np.array(found).T
    return rubin(estimates, errors, complete_df=len(part) - 2)


@pytest.mark.parametrize("mechanism", ["MCAR", "MAR"])
@pytest.mark.parametrize("method", ["pmm", "norm"])
def test_pooled_slopes_cover_the_truth(method, mechanism):
    """x has holes, by chance or by y; the true slope is 0.5.

    Where y chooses, matching has few donors at one end and is a little low: 0.46 over 300 runs, as mice's 0.46.
    """
    from scipy.special import expit, stdtrit

    covered, centre, runs = 0, [], 120
    for run in range(runs):
        rng = np.random.default_rng([run, 3])
        x = rng.normal(size=100)
        y = 0.5 * x + rng.normal(size=100)
        holes = rng.random(100) < (0.3 if mechanism == "MCAR" else expit(y - 1))
        frame = pd.DataFrame({"x": np.where(holes, np.nan, x), "y": y})
        declared = {name: {"type": "number"} for name in frame}
        settings = {"columns": ["x"], "predictors": ["y"], "m": 10, "iterations": 1, "method": method, "seed": run}
        got = slopes(imputation(frame, declared, **settings).frame)
        reach = stdtrit(got["df"], 0.975) * got["std_error"]
        covered += abs(got["estimate"] - 0.5) < reach
        centre.append(got["estimate"])
    assert 0.86 <= covered / runs <= 0.99
    assert abs(np.mean(centre) - 0.5) < 0.06


def test_observed_values_stay_and_rows_keep_their_order(inputs):
    frame = inputs["gbsg2_missing"]
    got = imputation(frame, BREAST, columns=FILLED, predictors=GIVEN, m=2, iterations=2).frame
    assert got.columns.tolist() == ["imputation", *frame.columns]
    assert got["imputation"].tolist() == [1] * len(frame) + [2] * len(frame)
    for _, part in got.groupby("imputation"):
        part = part.reset_index(drop=True)
        assert part[FILLED].notna().all(axis=None)
        for name in frame:
            known = frame[name].notna()
            assert (part.loc[known, name] == frame.loc[known, name]).all()
    assert set(got["tsize"]) <= set(frame["tsize"].dropna()), "matching gives values that occur"
    assert set(got["post"]) == {0, 1}


def test_more_imputations_leave_the_first_as_they_are(inputs):
    frame = inputs["gbsg2_missing"].head(200)
    few, more = (
        imputation(frame, BREAST, columns=FILLED, predictors=["time", "cens"], m=m, iterations=2).frame for m in (2, 4)
    )
    pd.testing.assert_frame_equal(few, more[more["imputation"] <= 2])
    other = imputation(frame, BREAST, columns=FILLED, predictors=["time", "cens"], m=2, iterations=2, seed=6).frame
    assert not few.equals(other)


def test_integers_stay_whole_whatever_the_method():
    frame = pd.DataFrame({"n": [1.0, 2, 3, np.nan, 5, 6, np.nan, 8], "x": np.arange(8.0)})
    declared = {"n": {"type": "integer"}, "x": {"type": "number"}}
    got = imputation(frame, declared, columns=["n"], predictors=["x"], m=2, method="norm").frame
    assert got["n"].isin([1, 2, 3, 5, 6, 8]).all()


def test_the_unit_of_a_predictor_does_not_matter():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.normal(size=80), "z": rng.integers(0, 2, 80).astype(float)})
    frame["y"] = frame["x"] + rng.normal(size=80)
    frame.loc[::5, "y"] = np.nan
    frame.loc[1::7, "z"] = np.nan
    declared = {"x": {"type": "number"}, "y": {"type": "number"}, "z": {"type": "boolean"}}
    one, other = (
        imputation(data, declared, columns=["y", "z"], predictors=["x"], m=2, method="norm").frame
        for data in (frame, frame.assign(x=1000 * frame["x"] + 5))
    )
    np.testing.assert_allclose(one["y"], other["y"], rtol=1e-6)
    assert (one["z"] == other["z"]).all()


def test_matching_of_one_donor_takes_the_nearest_prediction():
    rng = np.random.default_rng(2)
    x = np.arange(50.0)
    got = draw_matched(3 * x, x[:, None], x[::7, None] + 0.2, rng, donors=1)
    np.testing.assert_array_equal(got, 3 * x[::7])


def test_donors_are_the_nearest_few_and_each_is_taken():
    rng = np.random.default_rng(2)
    x = np.arange(40.0)
    got = draw_matched(2 * x, x[:, None], np.full((4000, 1), 20.0), rng, donors=5)
    values, counts = np.unique(got, return_counts=True)
    np.testing.assert_array_equal(values, [36, 38, 40, 42, 44])
    assert counts.min() > 700


def test_a_line_without_scatter_is_continued():
    rng = np.random.default_rng(2)
    x = np.arange(20.0)
    np.testing.assert_allclose(draw_normal(1 + 2 * x, x[:, None], np.array([[30.0]]), rng), [61], atol=1e-8)


def test_multinomial_fit_is_that_of_statsmodels(inputs):
    import statsmodels.api as sm

    frame = inputs["gbsg2_missing"].dropna(subset=["tgrade", "tsize"])
    x = sm.add_constant(frame[["age", "pnodes", "tsize"]].to_numpy(float))
    grades = frame["tgrade"].map({"I": 0, "II": 1, "III": 2}).to_numpy()
    theirs = sm.MNLogit(grades, x).fit(disp=0, method="newton", tol=1e-14)
    beta, information = multinomial(x, grades, np.ones(len(x)), n_levels=3)
    np.testing.assert_allclose(beta, theirs.params, rtol=1e-8)
    np.testing.assert_allclose(np.linalg.inv(information), theirs.cov_params(), rtol=1e-6)


def test_levels_that_a_predictor_separates_are_imputed_all_the_same():
    rng = np.random.default_rng(2)
    x = np.r_[np.zeros(20), np.ones(20)][:, None] + np.linspace(0, 0.1, 40)[:, None]
    got = draw_level(np.repeat([0, 1], 20), x, np.repeat([[0.05], [1.05]], 200, axis=0), rng, n_levels=2)
    assert got[:200].mean() < 0.2
    assert got[200:].mean() > 0.8


def test_collinear_and_constant_predictors_are_left_out_and_said():
    x = np.column_stack([np.arange(9.0), 2 * np.arange(9.0) + 1, np.ones(9), np.arange(9.0) ** 2])
    keep = independent(x)
    assert keep.sum() == 2
    assert not keep[2]
    frame = pd.DataFrame({"y": [1.0, np.nan, 3, 4, 6, 5, 7, np.nan], "a": np.arange(8.0)})
    frame["twice"] = 2 * frame["a"]
    declared = {name: {"type": "number"} for name in frame}
    said = imputation(frame, declared, columns=["y"], predictors=["a", "twice"], m=3).warnings
    assert codes(said).count("predictor_left_out") == 1


def test_what_was_imputed_is_counted():
    frame = pd.DataFrame({"y": [1.0, np.nan, 3, 4, 6, 5, 7, np.nan], "a": np.arange(8.0), "died": [0, 1] * 4})
    declared = {name: {"type": "number"} for name in frame}
    outcome = {"time": "a", "event": "died"}
    said = imputation(frame, declared, columns=["y"], predictors=["a"], m=3, outcome=outcome).warnings
    assert codes(said) == ["imputed", "few_imputations", "outcome_not_in_imputation"]
    assert said["message"][0] == "Missing values of 2 of 8 participants were imputed 3 times (y 2)."
    assert "outcome's died" in said["message"][2]
    whole = imputation(frame.fillna(2.0), declared, columns=["y"], predictors=["a"], m=2)
    assert codes(whole.warnings) == ["nothing_imputed"]
    assert len(whole.frame) == 16


def bad(frame):
    return {
        "everywhere": (frame.assign(y=np.nan), {}, "column 'y': is missing in all 8 rows"),
        "predictor": (frame.assign(a=frame["y"]), {}, "column 'a': 2 of 8 values are missing in a predictor"),
        "absent": (frame, {"columns": ["iron"]}, "column 'iron': not found"),
        "twice": (frame, {"predictors": ["a", "y"]}, "column 'y': is among both columns and predictors"),
        "alone": (frame, {"predictors": []}, "one column alone"),
        "empty": (frame.iloc[:0], {}, "the cohort has no rows"),
        "too few": (frame.assign(y=[1.0, 2.0] + [np.nan] * 6), {}, "2 observed values for 2 coefficients"),
        "infinite": (frame.assign(a=[np.inf] + [1.0] * 7), {}, "found an infinite value"),
        "level": (frame, {"columns": ["y", "c"]}, "column 'c': found 'x', expected one of u, v"),
    }


FRAME = pd.DataFrame({"y": [1.0, np.nan, 3, 4, 6, 5, 7, np.nan], "a": np.arange(8.0), "c": ["u", "v", None, "x"] * 2})


@pytest.mark.parametrize("case", bad(FRAME))
def test_bad_input_is_refused_in_a_sentence(case):
    frame, entry, sentence = bad(FRAME)[case]
    declared = {"y": {"type": "number"}, "a": {"type": "number"}, "c": {"type": "category", "levels": ["u", "v"]}}
    with pytest.raises(InputError, match=sentence):
        imputation(frame, declared, **{"columns": ["y"], "predictors": ["a"], "m": 2, **entry})
