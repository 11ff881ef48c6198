"""Weights, clusters, products, optimism and a landmark in Cox models, against R (tests/reference/R/cox_more.R)."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import cox
from recohort.models.survival.coxph import fit_cox
from recohort.models.survival.risk_sets import MANY_SEGMENTS, Segments

KINDS = {
    "tgrade": {"type": "category", "levels": ["I", "II", "III"]},
    "horTh": {"type": "category", "levels": ["no", "yes"]},
    "menostat": {"type": "category", "levels": ["Pre", "Post"]},
}
PLAIN = {"duration": "week", "event": "arrest", "covariates": ["fin", "age", "prio"]}
ROBUST = {
    f"{name}_{ties}": ("rossi", {**PLAIN, "ties": ties, **entry})
    for ties in ("efron", "breslow")
    for name, entry in {
        "weights": {"weights": "w"},
        "cluster": {"cluster": "id"},
        "both": {"weights": "w", "cluster": "id", "strata": ["wexp"]},
    }.items()
} | {
    "robust": ("rossi", {**PLAIN, "robust": True}),
    "weights_gbsg2": (
        "gbsg2",
        {
            "duration": "time",
            "event": "cens",
            "covariates": ["age", "tgrade", "pnodes"],
            "strata": ["horTh"],
            "weights": "w",
            "cluster": "id",
        },
    ),
}


def values(reference, quantity):
    return reference[reference["quantity"] == quantity].set_index("term")["value"]


@pytest.fixture(scope="session")
def tables(inputs):
    rossi, gbsg2 = inputs["rossi"], inputs["gbsg2"]
    return {
        **inputs,
        "rossi": rossi.assign(w=1 + (rossi["age"] % 5) / 2, id=np.arange(1, len(rossi) + 1) % 60),
        "gbsg2": gbsg2.assign(w=1 / (1 + gbsg2["tsize"] % 7), id=np.arange(1, len(gbsg2) + 1) % 40),
    }


@pytest.fixture
def fitted(tables, settings):
    def run(name, **entry):
        frame = tables[name] if isinstance(name, str) else name
        return cox.fit(frame, **settings("cox", **entry), columns=declare(frame, **KINDS))

    return run


@pytest.mark.parametrize("case", ROBUST)
def test_weights_and_clusters_agree_with_coxph(case, fitted, reference):
    name, entry = ROBUST[case]
    result, expected = fitted(name, **entry), reference("cox_more", case)
    rows = result.estimates.query("quantity == 'coefficient'")
    np.testing.assert_allclose(rows["estimate"], values(expected, "coefficient"), rtol=1e-11)
    np.testing.assert_allclose(rows["std_error"], values(expected, "std_error"), rtol=1e-11)
    naive = result.estimates.query("quantity == 'naive_std_error'")
    np.testing.assert_allclose(naive["estimate"], values(expected, "naive_std_error"), rtol=1e-11)
    assert naive[["term", "scale"]].to_numpy().tolist() == rows[["term", "scale"]].to_numpy().tolist()
    for quantity in ("wald_test", "score_test"):
        row = pick(result, quantity=quantity)
        assert row["statistic"] == pytest.approx(values(expected, quantity)["model"], rel=1e-10)
        assert row["method"] == "chi-squared, robust"
    likelihood = pick(result, quantity="log_likelihood")["estimate"]
    assert likelihood == pytest.approx(values(expected, "log_likelihood")["model"], rel=1e-12)
    agreement = pick(result, quantity="concordance")
    assert agreement["estimate"] == pytest.approx(values(expected, "concordance")["model"], rel=1e-12)
    assert agreement["std_error"] == pytest.approx(values(expected, "concordance_error")["model"], rel=1e-10)
    tests = result.estimates.query("quantity == 'ph_test'")["statistic"].astype(float)
    np.testing.assert_allclose(tests, values(expected, "ph_km"), rtol=1e-9)


def test_likelihood_ratio_is_not_given_where_errors_are_robust(fitted):
    estimates = fitted("rossi", **PLAIN, robust=True, interactions=[["fin", "age"]]).estimates
    assert "likelihood_ratio_test" not in set(estimates["quantity"])
    tests = estimates.query("quantity == 'interaction_test'")
    assert tests["method"].tolist() == ["Cox (efron), robust Wald test"]


def test_robust_interval_says_so_and_says_which_clusters(fitted):
    row = pick(fitted("rossi", **PLAIN, cluster="id"), term="fin", quantity="hazard_ratio")
    assert row["method"] == "Cox (efron), robust Wald interval, clusters id"
    plain = pick(fitted("rossi", **PLAIN), term="fin", quantity="hazard_ratio")
    assert plain["method"] == "Cox (efron), Wald interval"


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_weight_of_two_is_a_row_twice(ties, fitted, tables):
    """With Breslow's ties; Efron's count a doubled death as two tied ones, so that times are made distinct."""
    frame = tables["rossi"].iloc[:150].reset_index(drop=True)
    double = np.where(np.arange(150) % 3 == 0, 2, 1)
    if ties == "efron":
        frame["week"] = frame["week"] + np.linspace(0, 0.5, 150)
        double = np.where(frame["arrest"] == 0, double, 1)
    weighted = fitted(frame.assign(w=double), **PLAIN, ties=ties, weights="w").estimates
    repeated = fitted(frame.loc[np.repeat(frame.index, double)].reset_index(drop=True), **PLAIN, ties=ties).estimates
    ours = weighted.query("quantity in ('coefficient', 'naive_std_error')")
    theirs = repeated.query("quantity == 'coefficient'")
    np.testing.assert_allclose(ours["estimate"][:3], theirs["estimate"], rtol=1e-10)
    np.testing.assert_allclose(ours["estimate"][3:], theirs["std_error"], rtol=1e-10)


def test_common_factor_of_the_weights_changes_neither_estimate_nor_robust_error(fitted, tables):
    one = fitted("rossi", **PLAIN, weights="w").estimates
    ten = fitted(tables["rossi"].assign(w=10 * tables["rossi"]["w"]), **PLAIN, weights="w").estimates
    columns = ["estimate", "std_error", "statistic"]
    kept = "quantity in ('coefficient', 'hazard_ratio', 'wald_test', 'score_test', 'concordance')"
    np.testing.assert_allclose(
        one.query(kept)[columns].astype(float), ten.query(kept)[columns].astype(float), rtol=1e-10
    )


def test_rows_of_weight_zero_are_left_out_and_counted(fitted, tables):
    frame = tables["rossi"]
    zero = frame.assign(w=np.where(np.arange(len(frame)) < 32, 0.0, frame["w"]))
    result = fitted(zero, **PLAIN, weights="w")
    message = result.warnings.set_index("code").loc["zero_weight", "message"]
    assert message == "32 of 432 rows are left out because their w is 0."
    left = fitted(frame.iloc[32:], **PLAIN, weights="w").estimates
    pd.testing.assert_frame_equal(result.estimates, left)


@pytest.mark.parametrize(
    ("weight", "sentence"), [(-1.0, "found -1, expected no negative weight"), (0.0, "found only weights of 0")]
)
def test_bad_weights_are_refused(weight, sentence, fitted, tables):
    with pytest.raises(InputError, match=sentence):
        fitted(tables["rossi"].assign(w=weight), **PLAIN, weights="w")


def test_missing_weight_or_cluster_is_a_missing_value(fitted, tables):
    frame = tables["rossi"].assign(w=tables["rossi"]["w"].where(tables["rossi"].index > 4))
    assert pick(fitted(frame, **PLAIN, weights="w"), term="fin", quantity="coefficient")["n"] == 427


def test_few_clusters_are_warned_about(fitted, tables):
    few = fitted(tables["rossi"].assign(id=np.arange(432) % 8), **PLAIN, cluster="id")
    assert few.warnings.set_index("code").loc["few_clusters", "message"].startswith("8 clusters of id are few")
    assert "few_clusters" not in codes(fitted("rossi", **PLAIN, cluster="id"))


def test_fewer_clusters_than_coefficients_have_no_joint_test(fitted, tables):
    result = fitted(tables["rossi"].assign(id=np.arange(432) % 2), **PLAIN, cluster="id")
    assert np.isnan(pick(result, quantity="score_test")["statistic"])
    assert np.isnan(pick(result, quantity="wald_test")["statistic"])


PRODUCTS = {
    "product_numbers": (["age", "pnodes"], ["age", "pnodes"], "age:pnodes"),
    "product_levels": (["pnodes", "tgrade"], ["pnodes", "tgrade"], "pnodes:tgrade"),
    "product_grades": (["horTh", "tgrade"], ["horTh", "tgrade"], "horTh:tgrade"),
}


@pytest.mark.parametrize("case", PRODUCTS)
def test_products_and_their_tests_agree_with_coxph(case, fitted, reference):
    covariates, pair, term = PRODUCTS[case]
    expected = reference("cox_more", case)
    result = fitted("gbsg2", duration="time", event="cens", covariates=covariates, interactions=[pair])
    rows = result.estimates.query("quantity == 'coefficient'")
    np.testing.assert_allclose(rows["estimate"], values(expected, "coefficient"), rtol=1e-9)
    np.testing.assert_allclose(rows["std_error"], values(expected, "std_error"), rtol=1e-9)
    tests = result.estimates.query("quantity == 'interaction_test'").set_index("method")
    assert set(tests["term"]) == {term}
    likelihood, wald = (f"Cox (efron), {name} test" for name in ("likelihood ratio", "Wald"))
    assert tests.loc[likelihood, "statistic"] == pytest.approx(values(expected, "lr")["product"], rel=1e-9)
    assert tests.loc[wald, "statistic"] == pytest.approx(values(expected, "wald")["product"], rel=1e-9)
    ratios = result.estimates.query("quantity == 'ratio_of_hazard_ratios'")
    np.testing.assert_allclose(np.log(ratios["estimate"]), rows[rows["term"] == term]["estimate"], rtol=1e-12)


def test_ratio_of_a_term_with_a_partner_is_given_at_each_level_or_at_the_mean(fitted, reference):
    """R's models whose zero of the partner is that level, or the mean."""
    entry = {"duration": "time", "event": "cens", "scales": ["unit", 10]}
    result = fitted("gbsg2", **entry, exposure="pnodes", covariates=["tgrade"], interactions=[["pnodes", "tgrade"]])
    expected = reference("cox_more", "product_levels")
    rows = result.estimates.query("term == 'pnodes' and quantity == 'hazard_ratio'")
    words = [f"{per} where tgrade is {level}" for level in ("I", "II", "III") for per in ("per 1", "per 10")]
    assert rows["scale"].tolist() == words
    np.testing.assert_allclose(np.log(rows["estimate"][::2]), values(expected, "at_coefficient"), rtol=1e-9)
    np.testing.assert_allclose(rows["std_error"][::2], values(expected, "at_std_error"), rtol=1e-9)
    result = fitted("gbsg2", **entry, covariates=["age", "pnodes"], interactions=[["pnodes", "age"]])
    row = result.estimates.query("term == 'age' and quantity == 'hazard_ratio'").iloc[0]
    expected = reference("cox_more", "product_numbers")
    assert row["scale"] == "per 1 where pnodes is 5.01 (mean)"
    assert np.log(row["estimate"]) == pytest.approx(values(expected, "at_coefficient")["mean"], rel=1e-9)
    assert row["std_error"] == pytest.approx(values(expected, "at_std_error")["mean"], rel=1e-9)


def test_product_of_a_spline_or_of_no_term_is_refused(fitted):
    entry = {"duration": "time", "event": "cens", "covariates": ["age", "pnodes"]}
    with pytest.raises(InputError, match="interaction age:pnodes: 'age' is a spline"):
        fitted("gbsg2", **entry, splines={"age": {}}, interactions=[["age", "pnodes"]])
    with pytest.raises(InputError, match="'tsize' is not in the model"):
        fitted("gbsg2", **entry, interactions=[["age", "tsize"]])
    with pytest.raises(InputError, match="found one column twice"):
        fitted("gbsg2", **entry, interactions=[["age", "age"]])


def test_corrected_concordance_and_slope_agree_with_validate_of_rms(fitted, reference):
    """Both are means of random samples: 600 of ours, 2,000 of R's; a sample's loss of C has an SD of about 0.02."""
    expected = reference("cox_more", "optimism")
    entry = {"duration": "time", "event": "status", "covariates": ["age", "sex", "ph_ecog"], "bootstrap": 600}
    result = fitted("lung", **entry)
    assert pick(result, quantity="concordance")["estimate"] == pytest.approx(
        values(expected, "concordance")["model"], abs=1e-12
    )
    corrected = pick(result, quantity="concordance_corrected")
    assert corrected["estimate"] == pytest.approx(values(expected, "concordance_corrected")["model"], abs=0.004)
    assert corrected["estimate"] < pick(result, quantity="concordance")["estimate"] - 0.003
    assert corrected["method"] == "Harrell's bootstrap, 600 samples"
    slope = pick(result, quantity="calibration_slope")["estimate"]
    assert slope == pytest.approx(values(expected, "calibration_slope")["model"], abs=0.035)


def test_samples_are_those_of_seed_and_name(tables, settings):
    entry = settings("cox", duration="time", event="status", covariates=["age"], bootstrap=20)
    columns = declare(tables["lung"])
    runs = [
        pick(cox.fit(tables["lung"], **entry, columns=columns, name=name, seed=seed), quantity="concordance_corrected")
        for name, seed in (("a", 1), ("a", 1), ("a", 2), ("b", 1))
    ]
    first, again, *others = [run["estimate"] for run in runs]
    assert first == again
    assert first not in others


def test_samples_that_cannot_be_fitted_are_counted(settings):
    frame = pd.DataFrame({"x": [1.0, 5, 2, 4, 3, 6], "time": [1.0, 2, 3, 4, 5, 6], "event": [1, 0, 0, 1, 0, 0]})
    entry = settings("cox", duration="time", event="event", covariates=["x"], bootstrap=50)
    result = cox.fit(frame, **entry, columns=declare(frame))
    fitted = int(pick(result, quantity="calibration_slope")["method"].split()[2])
    assert 0 < fitted < 50
    message = result.warnings.set_index("code").loc["bootstrap_failed", "message"]
    assert message.startswith(f"{50 - fitted} of 50 bootstrap samples could not be fitted")


def test_landmark_leaves_out_who_ended_before_and_counts_from_it(fitted, tables):
    result = fitted("rossi", **PLAIN, landmark=20)
    frame = tables["rossi"].query("week > 20")
    moved = fitted(frame.assign(week=frame["week"] - 20).reset_index(drop=True), **PLAIN)
    pd.testing.assert_frame_equal(result.estimates, moved.estimates)
    assert "landmark" in codes(result)
    with pytest.raises(InputError, match="landmark 60: the longest week is 52"):
        fitted("rossi", **PLAIN, landmark=60)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"penalty": "firth", "weights": "w"}, "penalty firth: found it together with weights"),
        ({"penalty": "firth", "cluster": "id"}, "penalty firth: found it together with cluster"),
        ({"penalty": "firth", "robust": True}, "penalty firth: found it together with robust"),
        ({"bootstrap": 10, "weights": "w"}, "bootstrap: found it together with weights"),
        ({"bootstrap": 10, "cluster": "id"}, "bootstrap: found it together with cluster"),
    ],
)
def test_settings_that_exclude_each_other_are_refused(more, sentence, fitted):
    with pytest.raises(InputError, match=sentence):
        fitted("rossi", **PLAIN, **more)


def test_order_of_rows_does_not_matter(fitted, tables):
    frame = tables["rossi"]
    entry = {**PLAIN, "weights": "w", "cluster": "id", "strata": ["wexp"], "splines": {"age": {"knots": 3}}}
    one = fitted(frame, **entry)
    other = fitted(frame.sample(frac=1, random_state=3).reset_index(drop=True), **entry)
    pd.testing.assert_frame_equal(one.estimates, other.estimates, rtol=1e-9)
    pd.testing.assert_frame_equal(one.curve, other.curve, rtol=1e-9)


def test_sign_and_scale_of_a_column_turn_the_coefficient_alone(fitted, tables):
    one = fitted("rossi", **PLAIN, cluster="id").estimates
    turned = fitted(tables["rossi"].assign(prio=lambda frame: -1000 * frame["prio"]), **PLAIN, cluster="id").estimates
    first, second = (
        table.query("term == 'prio' and quantity == 'coefficient'").iloc[0][["estimate", "std_error"]].astype(float)
        for table in (one, turned)
    )
    np.testing.assert_allclose(second * [-1000, 1000], first, rtol=1e-10)
    kept = "term != 'prio' and quantity != 'naive_std_error'"
    np.testing.assert_allclose(
        one.query(kept)["statistic"].astype(float), turned.query(kept)["statistic"].astype(float), rtol=1e-9
    )


def test_many_strata_are_summed_as_few_are(tables):
    """Pairs as strata: more than the running sums loop over; the likelihood is then one of logistic terms."""
    rng = np.random.default_rng(8)
    pairs = 3 * MANY_SEGMENTS
    code = np.repeat(np.arange(pairs), 2)
    x, time = rng.normal(size=(2 * pairs, 1)), rng.exponential(size=2 * pairs)
    event = np.ones(2 * pairs)
    fit = fit_cox(time, event, x, strata=code, ties="efron", names=["x"])
    first = time.reshape(pairs, 2).argmin(axis=1)
    paired = x.reshape(pairs, 2)
    difference = paired[np.arange(pairs), 1 - first] - paired[np.arange(pairs), first]
    assert fit.loglik == pytest.approx(-np.log1p(np.exp(fit.beta[0] * difference)).sum(), rel=1e-12)
    assert (difference / (1 + np.exp(-fit.beta[0] * difference))).sum() == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("groups", [1, 5, MANY_SEGMENTS + 5])
def test_running_sums_start_anew_at_each_segment(groups):
    rng = np.random.default_rng(2)
    code = np.sort(rng.integers(0, groups, 400))
    values = rng.normal(size=(3, 400))
    expected = pd.DataFrame(values.T).groupby(code).cumsum().to_numpy().T
    np.testing.assert_allclose(Segments(code).running(values), expected, rtol=1e-9, atol=1e-12)


def test_more_coefficients_than_rows_are_refused(fitted, tables):
    few = tables["rossi"].query("arrest == 1").head(3)
    with pytest.raises(InputError, match="found 3 rows for 3 coefficients, expected more rows"):
        fitted(few, **PLAIN)


@pytest.mark.parametrize("column", ["week", "arrest"])
def test_outcome_among_covariates_is_refused(column, fitted):
    with pytest.raises(InputError, match=f"column '{column}': is follow-up or event"):
        fitted("rossi", **{**PLAIN, "covariates": ["fin", column]})


def test_product_with_an_empty_cell_is_refused_by_name(fitted, tables):
    frame = tables["gbsg2"]
    frame = frame[~((frame["horTh"] == "yes") & (frame["tgrade"] == "III"))]
    with pytest.raises(InputError, match="horTh:tgrade: does not vary"):
        fitted(frame, duration="time", event="cens", covariates=["horTh", "tgrade"], interactions=[["horTh", "tgrade"]])
