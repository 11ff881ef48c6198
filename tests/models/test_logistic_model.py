"""What must hold of logistic models whatever the data, and what degenerate data give."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from fitted_models import codes, declare, pick
from scipy.optimize import linprog

from recohort.core.errors import InputError
from recohort.models import logistic
from recohort.models.regression.logit import fit_logit
from recohort.models.regression.splines import restricted_cubic

KINDS = {
    "aspirin": {"type": "boolean"},
    "severe": {"type": "boolean"},
    "volume": {"type": "number", "unit": "mL"},
    "region": {"type": "category", "levels": ["lobar", "deep", "brainstem"]},
}
MODIFIED = {"outcome": "recurrence", "exposure": "aspirin", "covariates": ["age", "severe"], "modifier": "volume"}


@pytest.fixture
def fitted(inputs, settings):
    def run(change=None, kinds=None, **entry):
        frame = inputs["stroke"] if change is None else change(inputs["stroke"].copy())
        columns = declare(frame, **{**KINDS, **(kinds or {})})
        return logistic.fit(frame, **settings("logistic", **entry), columns=columns)

    return run


def of(result, quantity, column="estimate"):
    return result.estimates[result.estimates["quantity"] == quantity][column].to_numpy(float)


def test_fourfold_table_gives_its_cross_product_and_woolf_error(fitted, inputs):
    table = pd.crosstab(inputs["stroke"]["aspirin"], inputs["stroke"]["recurrence"]).to_numpy()
    row = pick(fitted(outcome="recurrence", exposure="aspirin"), quantity="odds_ratio")
    assert row["estimate"] == pytest.approx(table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0]), rel=1e-12)
    assert row["std_error"] == pytest.approx(np.sqrt((1 / table).sum()), rel=1e-12)


def test_standardised_risks_without_covariates_are_the_observed_ones(fitted, inputs):
    found = fitted(outcome="recurrence", exposure="aspirin")
    observed = inputs["stroke"].groupby("aspirin")["recurrence"].mean()
    np.testing.assert_allclose(of(found, "risk"), observed, rtol=1e-12)
    n = inputs["stroke"].groupby("aspirin").size()
    half = 1.959963984540054 / np.sqrt(n * observed * (1 - observed))
    low = 1 / (1 + np.exp(half - np.log(observed / (1 - observed))))
    np.testing.assert_allclose(of(found, "risk", "conf_low"), low, rtol=1e-12)
    error = np.sqrt((observed * (1 - observed) / n).sum())
    assert pick(found, quantity="risk_difference")["std_error"] == pytest.approx(error, rel=1e-12)


def test_number_needed_is_the_difference_turned_over_and_has_no_limits_across_zero(fitted):
    found = fitted(**MODIFIED, evaluate=[1, 9])
    rows = found.estimates
    for scale in rows[rows["quantity"] == "risk_difference"]["scale"]:
        difference = pick(found, quantity="risk_difference", scale=scale)
        needed = pick(found, quantity="number_needed_to_treat", scale=scale)
        assert needed["estimate"] == pytest.approx(1 / difference["estimate"])
        crosses = difference["conf_low"] < 0 < difference["conf_high"]
        assert np.isnan(needed["conf_low"]) == crosses
        if not crosses:
            assert needed["conf_low"] == pytest.approx(1 / difference["conf_high"])


def test_order_of_rows_does_not_matter(fitted):
    entry = {**MODIFIED, "evaluate": [5], "subgroups": 2, "influence": 2}
    plain, shuffled = fitted(**entry), fitted(lambda frame: frame.sample(frac=1, random_state=2), **entry)
    number = ["estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value"]
    ours, theirs = (found.estimates[number].to_numpy(float) for found in (plain, shuffled))
    np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-12)


def test_unit_of_the_modifier_changes_its_ratio_and_nothing_else(fitted):
    millilitres, litres = (
        fitted(lambda frame, f=f: frame.assign(volume=frame["volume"] / f), **MODIFIED, scales=["unit", f])
        for f in (1, 1000)
    )
    per = [of(found, "ratio_of_odds_ratios") for found in (millilitres, litres)]
    assert np.log(per[1][0]) == pytest.approx(1000 * np.log(per[0][0]), rel=1e-9)
    for quantity in ("interaction_test", "heterogeneity_test"):
        np.testing.assert_allclose(of(millilitres, quantity, "p_value"), of(litres, quantity, "p_value"), rtol=1e-8)
    bounds = [of(found, "johnson_neyman") for found in (millilitres, litres)]
    np.testing.assert_allclose(bounds[0], 1000 * bounds[1], rtol=1e-8)
    np.testing.assert_allclose(of(millilitres, "risk_difference"), of(litres, "risk_difference"), rtol=1e-9)


def test_swapping_the_outcome_turns_every_odds_ratio_over(fitted):
    plain = fitted(**MODIFIED, evaluate=[5])
    swapped = fitted(lambda frame: frame.assign(recurrence=1 - frame["recurrence"]), **MODIFIED, evaluate=[5])
    for quantity in ("odds_ratio", "ratio_of_odds_ratios", "odds_ratio_at"):
        np.testing.assert_allclose(of(swapped, quantity), 1 / of(plain, quantity), rtol=1e-9)
    for quantity in ("interaction_test", "likelihood_ratio_test"):
        np.testing.assert_allclose(of(swapped, quantity, "statistic"), of(plain, quantity, "statistic"), rtol=1e-8)


def test_scales_of_the_product_are_powers_of_one_another(fitted, inputs):
    rows = fitted(**MODIFIED, scales=["unit", 10, "sd", "iqr"]).estimates.query("quantity == 'ratio_of_odds_ratios'")
    wald = rows[rows["method"] == "logistic, Wald"]
    per_unit = np.log(wald["estimate"].iloc[0])
    volume = inputs["stroke"]["volume"]
    amounts = [1, 10, volume.std(), volume.quantile(0.75) - volume.quantile(0.25)]
    np.testing.assert_allclose(np.log(wald["estimate"].astype(float)), per_unit * np.array(amounts), rtol=1e-10)
    assert np.ptp(wald["p_value"].astype(float)) == 0
    assert wald["scale"].iloc[1] == "1 against 0, per 10 mL"


def test_every_interaction_has_one_row_for_a_family(fitted):
    found = fitted(**MODIFIED)
    row = pick(found, quantity="interaction_test")
    assert row["term"] == "aspirin:volume"
    ratios = found.estimates.query("quantity == 'ratio_of_odds_ratios'")
    assert ratios["method"].tolist() == ["logistic, Wald", "logistic, likelihood ratio"]
    assert row["p_value"] == ratios["p_value"].iloc[1]


def test_interval_at_a_johnson_neyman_bound_touches_one(fitted):
    for form in ("linear", "log1p", "spline"):
        entry = {**MODIFIED, "modifier_form": form}
        bounds = of(fitted(**entry), "johnson_neyman")
        assert len(bounds)
        again = fitted(**entry, evaluate=[float(bound) for bound in bounds])
        for low, high in zip(
            of(again, "odds_ratio_at", "conf_low"), of(again, "odds_ratio_at", "conf_high"), strict=True
        ):
            assert min(abs(np.log(low)), abs(np.log(high))) < 1e-7


def test_share_beyond_the_bounds_is_counted_on_the_patients(fitted, inputs):
    found = fitted(**MODIFIED)
    low, high = of(found, "johnson_neyman")
    volume = inputs["stroke"]["volume"]
    above = pick(found, quantity="johnson_neyman_share", scale="odds ratio above 1")["estimate"]
    below = pick(found, quantity="johnson_neyman_share", scale="odds ratio below 1")["estimate"]
    assert above == pytest.approx((volume < low).mean())
    assert below == pytest.approx((volume > high).mean())


def test_category_modifier_gives_an_odds_ratio_in_each_level(fitted):
    found = fitted(outcome="recurrence", exposure="aspirin", modifier="region", subgroups="levels")
    rows = found.estimates.query("quantity == 'odds_ratio_at'")
    assert rows["scale"].tolist() == ["region lobar", "region deep", "region brainstem"]
    # Nothing else is in the model, so each is the level's own odds ratio.
    np.testing.assert_allclose(of(found, "odds_ratio_at"), of(found, "subgroup_odds_ratio"), rtol=1e-9)
    np.testing.assert_allclose(of(found, "odds_ratio_at", "std_error"), of(found, "subgroup_odds_ratio", "std_error"))
    test = pick(found, quantity="interaction_test")
    assert test["df"] == 2
    assert of(found, "heterogeneity_test", "statistic")[0] == pytest.approx(test["statistic"], rel=1e-9)


def test_exposure_with_three_levels_has_an_effect_of_each(fitted):
    found = fitted(outcome="recurrence", exposure="region", modifier="volume", evaluate=[4], subgroups=2, influence=1)
    assert of(found, "ratio_of_odds_ratios").shape == (4,)
    scales = found.estimates.query("quantity == 'odds_ratio_at'")["scale"].tolist()
    assert scales == ["deep against lobar, volume 4 mL", "brainstem against lobar, volume 4 mL"]
    assert of(found, "risk").shape == (6,)
    assert set(found.curve.query("part == 'interaction'")["term"]) == {
        "region (deep against lobar)",
        "region (brainstem against lobar)",
    }


def test_subgroups_divide_everyone_and_a_value_on_a_cut_belongs_below(fitted, inputs):
    rows = fitted(**MODIFIED, subgroups=[3.2, 10]).estimates.query("quantity == 'subgroup_odds_ratio'")
    volume = inputs["stroke"]["volume"]
    assert (volume == 3.2).any()
    expected = [(volume <= 3.2).sum(), ((volume > 3.2) & (volume <= 10)).sum(), (volume > 10).sum()]
    assert rows["n"].tolist() == expected
    assert rows["scale"].iloc[1] == f"volume above 3.2 to 10 mL (n={expected[1]})"
    arms = fitted(**MODIFIED, subgroups=[3.2, 10]).estimates.query("quantity == 'subgroup_risk'")
    assert arms["n"].sum() == len(volume)
    assert arms["n_events"].sum() == inputs["stroke"]["recurrence"].sum()


def test_subgroup_without_events_in_an_arm_is_infinite_and_said(fitted):
    def quiet(frame):
        frame.loc[(frame["volume"] > 3.2) & (frame["aspirin"] == 0), "recurrence"] = 0
        return frame

    found = fitted(quiet, outcome="recurrence", exposure="aspirin", modifier="volume", subgroups=[3.2])
    rows = found.estimates.query("quantity == 'subgroup_odds_ratio'")
    assert rows["estimate"].iloc[1] == np.inf
    assert np.isnan(float(rows["conf_low"].iloc[1]))


def test_subgroup_that_cannot_be_fitted_is_missing_and_said(fitted):
    found = fitted(
        lambda frame: frame.assign(recurrence=frame["recurrence"] * (frame["volume"] <= 3.2)),
        **MODIFIED,
        subgroups=[3.2],
    )
    assert np.isnan(of(found, "subgroup_odds_ratio")).tolist() == [False, True]
    assert "subgroup_not_estimable" in codes(found)


def test_curve_has_its_parts(fitted, inputs):
    found = fitted(**MODIFIED, splines={"age": {"knots": 3}})
    parts = found.curve.groupby("part").size()
    assert parts.to_dict() == {"interaction": 100, "risk_difference": 100, "rug": 628, "spline": 100}
    band = found.curve.query("part == 'interaction'")
    assert (band["conf_low"] < band["estimate"]).all()
    assert band["value"].iloc[[0, -1]].tolist() == pytest.approx(np.percentile(inputs["stroke"]["volume"], [1, 99]))


def test_separation_is_infinite_and_said_and_leaves_the_rest_as_without_those_rows(fitted, inputs):
    def marked(frame):
        return frame.assign(mark=((frame["recurrence"] == 1) & (frame["site"] < 8)).astype(int))

    entry = {"outcome": "recurrence", "exposure": "mark", "covariates": ["age", "severe"]}
    found = fitted(marked, {"mark": {"type": "boolean"}}, **entry)
    row = pick(found, quantity="odds_ratio", term="mark")
    assert row["estimate"] == np.inf
    assert np.isnan(row["conf_low"])
    assert "separation" in codes(found)
    rest = fitted(lambda frame: marked(frame).query("mark == 0"), outcome="recurrence", covariates=["age", "severe"])
    np.testing.assert_allclose(of(found, "coefficient")[1:], of(rest, "coefficient"), rtol=1e-8)
    np.testing.assert_allclose(
        of(found, "coefficient", "std_error")[1:], of(rest, "coefficient", "std_error"), rtol=1e-8
    )
    whole = pick(found, quantity="deviance")["estimate"]
    assert whole == pytest.approx(pick(rest, quantity="deviance")["estimate"], rel=1e-9)
    assert not len(of(found, "risk"))


def test_separation_with_firth_is_finite(fitted):
    def marked(frame):
        return frame.assign(mark=((frame["recurrence"] == 1) & (frame["site"] < 8)).astype(int))

    entry = {"outcome": "recurrence", "exposure": "mark", "covariates": ["age"], "penalty": "firth"}
    row = pick(fitted(marked, {"mark": {"type": "boolean"}}, **entry), quantity="odds_ratio", term="mark")
    assert np.isfinite([row["estimate"], row["conf_low"]]).all()
    assert row["conf_low"] > 1


def test_risks_of_a_penalised_model_are_said_to_be_drawn_to_one_half(fitted, inputs):
    found = fitted(outcome="recurrence", exposure="aspirin", penalty="firth")
    observed = inputs["stroke"].groupby("aspirin")["recurrence"].mean()
    assert (of(found, "risk") > observed).all()
    assert "penalised_risks" in codes(found)


def test_whether_a_maximum_exists_is_what_a_linear_programme_says():
    rng, seen = np.random.default_rng(4), {True: 0, False: 0}
    for _ in range(120):
        n = int(rng.integers(8, 30))
        x = np.column_stack([rng.integers(0, 2, n), rng.integers(0, 3, n), rng.normal(size=n)])
        y = (rng.random(n) < 0.3).astype(float)
        if y.min() == y.max() or (np.ptp(x, axis=0) == 0).any() or np.linalg.matrix_rank(np.c_[np.ones(n), x]) < 4:
            continue
        rows = (2 * y - 1)[:, None] * np.column_stack([np.ones(n), x])
        best = linprog(-rows.sum(axis=0), A_ub=-rows, b_ub=np.zeros(n), bounds=(-1, 1)).fun
        fit = fit_logit(y, x, names=["a", "b", "c"])
        assert fit.diverged.any() == (best < -1e-8)
        seen[bool(fit.diverged.any())] += 1
    assert min(seen.values()) > 10


def test_limit_of_a_separated_likelihood_is_what_long_coefficients_reach():
    rng = np.random.default_rng(11)
    a, b = rng.integers(0, 2, 60), rng.normal(size=60)
    y = np.where(a == 1, 0, rng.random(60) < 0.4).astype(float)
    fit = fit_logit(y, np.column_stack([a, b]), names=["a", "b"])
    assert fit.beta[1] == -np.inf
    far = np.where(np.isfinite(fit.beta), fit.beta, -40)
    eta = np.column_stack([np.ones(60), a, b]) @ far
    assert fit.loglik == pytest.approx(y @ eta - np.logaddexp(0, eta).sum(), abs=1e-9)


def test_profile_interval_of_a_mean_shift_is_not_symmetric_but_holds_the_estimate(fitted):
    row = pick(fitted(**MODIFIED, interval="profile"), quantity="odds_ratio", term="severe")
    assert row["conf_low"] < row["estimate"] < row["conf_high"]
    assert row["method"] == "logistic, profile likelihood"
    assert row["df"] == 1


def test_few_events_are_said(fitted):
    assert "events_per_variable" in codes(fitted(**MODIFIED))
    assert "events_per_variable" not in codes(fitted(outcome="recurrence", exposure="aspirin"))


def test_additive_interaction_of_a_protective_factor_is_said(fitted):
    plain = fitted(outcome="recurrence", exposure="aspirin", modifier="severe")
    assert pick(plain, quantity="reri")["estimate"] > 0
    flipped = fitted(
        lambda frame: frame.assign(severe=1 - frame["severe"]),
        outcome="recurrence",
        exposure="aspirin",
        modifier="severe",
    )
    assert "additive_interaction_of_protective_factor" in codes(flipped)


def test_missing_rows_are_counted(fitted):
    found = fitted(lambda frame: frame.assign(age=frame["age"].where(frame.index > 9)), **MODIFIED)
    assert pick(found, quantity="deviance")["n"] == 618
    assert "incomplete_rows" in codes(found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.assign(recurrence=0), "no event among 628 rows"),
        (lambda frame: frame.assign(recurrence=1), "no row without the event"),
        (lambda frame: frame.assign(recurrence=2), "expected 0 or 1"),
        (lambda frame: frame.assign(aspirin=1), "aspirin .*one value"),
        (lambda frame: frame.assign(volume=4), "volume .*one value"),
        (lambda frame: frame.assign(age=3 * frame["severe"] - 1), "age.*severe.*collinear"),
        (lambda frame: frame.assign(age=np.nan), "no row is complete"),
        (
            lambda frame: pd.concat([frame[frame["recurrence"] == 1].head(2), frame.head(2)]),
            "4 rows for 6 coefficients",
        ),
        (lambda frame: frame.assign(volume=frame["volume"] * (1 - frame["aspirin"])), "aspirin:volume.*one value"),
    ],
)
def test_degenerate_data_are_one_clear_sentence(change, message, fitted):
    with pytest.raises(InputError, match=message):
        fitted(change, **MODIFIED)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"outcome": "recurrence"}, "neither exposure nor covariates"),
        ({"outcome": "recurrence", "modifier": "volume"}, "no exposure"),
        ({"outcome": "recurrence", "exposure": "volume", "modifier": "volume"}, "exposure itself"),
        ({"outcome": "recurrence", "exposure": "aspirin", "evaluate": [2]}, "no modifier"),
        ({"outcome": "recurrence", "exposure": "aspirin", "cluster": "site"}, "expected both robust: cluster and"),
        ({"outcome": "recurrence", "exposure": "aspirin", "robust": "hc0", "penalty": "firth"}, "Wald intervals only"),
        (
            {"outcome": "recurrence", "exposure": "aspirin", "robust": "hc3", "interval": "profile"},
            "Wald intervals only",
        ),
        (
            {"outcome": "recurrence", "exposure": "aspirin", "splines": {"age": {"knots": 3}}},
            "'age' is not in the model",
        ),
        ({"outcome": "recurrence", "exposure": "aspirin", "interactions": [["aspirin", "age"]]}, "'age' is not in"),
        ({**MODIFIED, "subgroups": [500]}, "leave a group empty"),
        ({**MODIFIED, "modifier": "region", "evaluate": [1]}, "expected a number's column"),
        ({**MODIFIED, "modifier": "region", "modifier_form": "log1p"}, "expected a number for the form"),
        ({**MODIFIED, "influence": 628}, "expected more than the 628"),
    ],
)
def test_settings_that_make_no_sense_are_one_clear_sentence(entry, message, fitted):
    with pytest.raises(InputError, match=message):
        fitted(**entry)


def test_log_of_a_value_at_minus_one_is_refused(fitted):
    with pytest.raises(InputError, match="above -1 for its logarithm"):
        fitted(lambda frame: frame.assign(volume=frame["volume"] - 1.1), **MODIFIED, modifier_form="log1p")


def test_one_cluster_is_refused(fitted):
    with pytest.raises(InputError, match="one cluster"):
        fitted(lambda frame: frame.assign(site=1), **MODIFIED, robust="cluster", cluster="site")


def test_negative_weight_is_refused(fitted):
    with pytest.raises(InputError, match="weight -1"):
        fitted(lambda frame: frame.assign(weight=frame["weight"] - 2), **MODIFIED, weights="weight")


def test_nearly_collinear_columns_are_fitted_to_the_last_digits():
    """A spline whose knots lie close together: its coefficients are huge, the fitted risks are not."""
    generator = np.random.default_rng(4)
    volume = np.exp(generator.normal(-0.5, 2.4, 600))
    basis = restricted_cubic(volume, np.array([0.01, 0.2, 1.4, 30.0]))
    risk = 1 / (1 + np.exp(2.0 - 0.3 * np.log1p(volume)))
    event = (generator.random(600) < risk).astype(float)
    ours = fit_logit(event, basis, names=["a", "b", "c"])
    orthonormal, triangle = np.linalg.qr(np.column_stack([np.ones(600), basis]))
    peer = sm.Logit(event, orthonormal).fit(disp=False, method="newton", tol=1e-14, maxiter=200)
    assert np.abs(ours.beta).max() > 100
    np.testing.assert_allclose(ours.probability, peer.predict(), rtol=1e-9)
    assert ours.loglik == pytest.approx(peer.llf, rel=1e-13)
    np.testing.assert_allclose(ours.beta, np.linalg.solve(triangle, peer.params), rtol=1e-6)
