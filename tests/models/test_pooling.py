"""Rubin's rules against R's mice, and by hand."""

import numpy as np
import pandas as pd
import pytest

from recohort.cohort.imputation import impute
from recohort.core.errors import InputError
from recohort.models import cox
from recohort.models.pooling import fit_each, pool, rubin
from recohort.models.result import result, row

COLUMNS = {name: {"type": "number", "unit": ""} for name in ("time", "wt_loss", "age", "sex", "ph_ecog", "meal_cal")}
COLUMNS["status"] = {"type": "boolean"}


def by_term(table: pd.DataFrame) -> pd.DataFrame:
    return table.pivot_table(index="term", columns="quantity", values="value")


def made(estimates, errors, *, quantity="coefficient", statistic=None, df=np.nan, n=100, limits=True, **more):
    """Results that differ in one number."""
    statistic = np.array(estimates) / np.array(errors) if statistic is None else statistic
    ends = {"conf_low": 0.0, "conf_high": 1.0} if limits else {}
    found = [
        row("age", quantity, "per 1", "Wald", estimate=q, std_error=u, statistic=t, df=df, n=n, **ends, **more)
        for q, u, t in zip(estimates, errors, statistic, strict=True)
    ]
    return [result([one]) for one in found]


def singles(reference, name, *, n, df):
    """Fits of R in each imputation as results."""
    table = by_term(reference("imputation", name)).reset_index()
    table[["coefficient", "number"]] = table["term"].str.rsplit(" ", n=1, expand=True)
    results = []
    for _, part in table.groupby("number", sort=True):
        rows = [
            row(
                one.coefficient,
                "coefficient",
                "",
                "Wald",
                estimate=one.estimate,
                std_error=one.std_error,
                statistic=one.estimate / one.std_error,
                conf_low=0,
                conf_high=0,
                n=n,
                df=df,
            )
            for one in part.itertuples()
        ]
        results.append(result(rows))
    return results


def compare(pooled, theirs, *, rtol):
    rows = pooled.estimates[pooled.estimates["quantity"] == "coefficient"].set_index("term").loc[theirs.index]
    pairs = {
        "estimate": "estimate",
        "std_error": "std_error",
        "statistic": "statistic",
        "df": "df",
        "p_value": "p_value",
        "conf_low": "2_5_",
        "conf_high": "97_5_",
    }
    for ours, name in pairs.items():
        np.testing.assert_allclose(rows[ours].astype(float), theirs[name], rtol=rtol, err_msg=ours)
    fmi = pooled.estimates[
        (pooled.estimates["quantity"] == "fmi") & (pooled.estimates["method"] == "of coefficient")
    ].set_index("term")
    np.testing.assert_allclose(fmi.loc[theirs.index, "estimate"], theirs["fmi"], rtol=rtol)


def test_linear_model_is_pooled_as_by_mice(reference):
    pooled = pool(singles(reference, "single_lm", n=228, df=224), level=0.95)
    compare(pooled, by_term(reference("imputation", "pool_lm")), rtol=1e-12)


def test_logistic_model_is_pooled_as_by_mice(reference):
    pooled = pool(singles(reference, "single_glm", n=228, df=np.nan), level=0.95)
    compare(pooled, by_term(reference("imputation", "pool_glm")), rtol=1e-12)


def cox_settings(settings, exposure, covariates):
    entry = settings(
        "cox", duration="time", event="status", exposure=exposure, covariates=covariates, scales=["unit", "sd"]
    )
    return {**entry, "columns": COLUMNS}


def test_cox_model_is_pooled_as_by_mice(inputs, reference, settings):
    """Degrees of freedom of the complete data: events less coefficients."""
    theirs = by_term(reference("imputation", "pool_cox"))
    pooled = fit_each(cox.fit, inputs["imputations"], cox_settings(settings, "wt_loss", ["age", "sex", "ph_ecog"]))
    compare(pooled, theirs, rtol=1e-11)
    ratios = pooled.estimates.query("quantity == 'hazard_ratio'").set_index(["term", "scale"])
    ours = ratios.loc[("wt_loss", "per 1")]
    assert ours["estimate"] == pytest.approx(np.exp(theirs.loc["wt_loss", "estimate"]), rel=1e-11)
    assert ours["std_error"] == pytest.approx(theirs.loc["wt_loss", "std_error"], rel=1e-11)
    np.testing.assert_allclose(
        ours[["conf_low", "conf_high"]].astype(float),
        np.exp(theirs.loc["wt_loss", ["2_5_", "97_5_"]].astype(float)),
        rtol=1e-11,
    )
    assert ours["p_value"] == pytest.approx(theirs.loc["wt_loss", "p_value"], rel=1e-11)


def test_an_sd_that_differs_between_imputations_is_one_scale(inputs, settings):
    frame = inputs["imputations"]
    wider = frame.assign(wt_loss=frame["wt_loss"] * np.where(frame["imputation"] == 3, 2, 1))
    pooled = fit_each(cox.fit, wider, cox_settings(settings, "wt_loss", ["age"])).estimates
    assert (pooled.query("quantity == 'hazard_ratio' and term == 'wt_loss'")["scale"] == ["per 1", "per SD"]).all()


def test_cox_model_of_our_imputations_is_that_of_mice_imputations(inputs, reference, settings):
    """Within the error of 100 imputations on either side."""
    frame = inputs["lung_missing"]
    got = impute(
        frame,
        columns=["ph_ecog", "pat_karno", "meal_cal", "wt_loss"],
        predictors=["time", "status", "age", "sex"],
        m=100,
        iterations=10,
        method="pmm",
        donors=5,
        outcome=None,
        declared={name: {"type": "number"} for name in frame},
        seed=11,
    ).frame
    pooled = fit_each(cox.fit, got, cox_settings(settings, "wt_loss", ["age", "sex", "meal_cal"])).estimates
    ours = pooled.query("quantity == 'coefficient'").set_index("term")
    theirs = by_term(reference("imputation", "lung_pmm_cox")).loc[ours.index]
    # The mean of m imputations varies by the root of B / m = T fmi / (m + 1), twice.
    noise = np.sqrt(2 * theirs["fmi"] / 101)
    assert (((ours["estimate"] - theirs["estimate"]) / theirs["std_error"]).abs() < 4 * noise).all()
    np.testing.assert_allclose(ours["std_error"], theirs["std_error"], rtol=0.05)


def test_complete_data_give_the_single_fit(inputs, settings):
    one = inputs["imputations"].query("imputation == 1").drop(columns="imputation")
    copies = pd.concat([one.assign(imputation=number) for number in range(1, 5)])
    entry = cox_settings(settings, "wt_loss", ["age"])
    pooled, alone = fit_each(cox.fit, copies, entry).estimates, cox.fit(one, **entry).estimates
    for quantity in ("coefficient", "hazard_ratio"):
        ours, theirs = (frame[frame["quantity"] == quantity] for frame in (pooled, alone))
        np.testing.assert_allclose(ours["estimate"], theirs["estimate"], rtol=1e-12)
        np.testing.assert_allclose(ours["std_error"], theirs["std_error"], rtol=1e-12)
    assert (pooled.query("quantity == 'fmi'")["estimate"] < 0.02).all()


def test_rubin_by_hand():
    """Estimates 1, 2, 3 with errors 1: W = 1, B = 1, T = 7/3; lambda = 4/7, df = 2 / (4/7)^2."""
    found = rubin(np.array([1.0, 2, 3]), np.ones(3), complete_df=np.inf)
    assert found["estimate"] == pytest.approx(2)
    assert found["std_error"] == pytest.approx(np.sqrt(7 / 3))
    assert found["df"] == pytest.approx(2 * (7 / 4) ** 2)
    assert found["increase"] == pytest.approx(4 / 3)
    small = rubin(np.array([1.0, 2, 3]), np.ones(3), complete_df=10)
    observed = 11 / 13 * 10 * 3 / 7
    assert small["df"] == pytest.approx(1 / (1 / found["df"] + 1 / observed))


def test_order_of_imputations_does_not_matter():
    results = made([1.0, 1.5, 0.7, 1.1], [0.3, 0.2, 0.4, 0.3])
    one, other = (pool(order, level=0.95).estimates for order in (results, results[::-1]))
    pd.testing.assert_frame_equal(one, other, rtol=1e-12)


def test_ratios_are_pooled_as_logarithms_and_an_inverse_ratio_is_the_inverse():
    ratios, errors = np.array([2.0, 3.0, 2.5]), [0.3, 0.2, 0.25]
    statistic = np.log(ratios) / errors
    one, other = (
        pool(made(values, errors, quantity="odds_ratio", statistic=test), level=0.9).estimates.iloc[0]
        for values, test in ((ratios, statistic), (1 / ratios, -statistic))
    )
    assert one["estimate"] == pytest.approx(np.exp(np.log(ratios).mean()), rel=1e-14)
    assert one["estimate"] * other["estimate"] == pytest.approx(1, rel=1e-14)
    assert one["conf_low"] * other["conf_high"] == pytest.approx(1, rel=1e-14)
    assert one["p_value"] == pytest.approx(other["p_value"], rel=1e-12)


def test_a_test_against_another_value_keeps_it():
    areas, errors = np.array([0.7, 0.75, 0.72]), np.array([0.04, 0.05, 0.04])
    pooled = pool(made(areas, errors, quantity="auc", statistic=(areas - 0.5) / errors), level=0.95).estimates.iloc[0]
    assert pooled["statistic"] == pytest.approx((areas.mean() - 0.5) / pooled["std_error"], rel=1e-9)


def test_a_statistic_that_is_no_wald_test_gives_no_p_value():
    pooled = pool(made([1.0, 1.2, 0.9], [0.5] * 3, statistic=[4.0, 1.0, 9.0]), level=0.95).estimates.iloc[0]
    assert np.isnan(pooled["p_value"])
    assert pooled["std_error"] > 0.5


def test_limits_of_a_share_stay_between_0_and_1():
    pooled = pool(made([0.95, 0.99, 0.9], [0.05] * 3, quantity="survival"), level=0.95).estimates.iloc[0]
    assert pooled["conf_high"] == 1
    assert 0 < pooled["conf_low"] < 0.95


def test_a_row_without_an_error_has_its_median_and_no_p_value():
    found = [result([row("age", "ph_test", statistic=value, df=1, p_value=0.1, n=9)]) for value in (1.0, 5.0, 2.0)]
    pooled = pool(found, level=0.95)
    only = pooled.estimates.iloc[0]
    assert only["statistic"] == 2
    assert np.isnan(only["p_value"])
    assert pooled.warnings["code"].tolist() == ["not_pooled"]
    assert "age ph_test" in pooled.warnings["message"][0]


def test_a_row_that_is_alike_everywhere_stays():
    found = [result([row("sex", "log_rank", statistic=4.0, df=1, p_value=0.045, n=9, method="chi-squared")])] * 3
    pooled = pool(found, level=0.95)
    pd.testing.assert_frame_equal(pooled.estimates, found[0].estimates)
    assert pooled.warnings.empty


def test_a_row_that_some_imputations_lack_is_left_out_and_said():
    results = made([1.0, 2.0], [0.1, 0.1])
    extra = result([*results[0].estimates.to_dict("records"), row("sex", "coefficient", estimate=1, std_error=1)])
    pooled = pool([extra, results[1]], level=0.95)
    assert set(pooled.estimates["term"]) == {"age"}
    assert "sex coefficient (1)" in pooled.warnings.set_index("code").loc["not_in_all_imputations", "message"]


def test_warnings_say_in_how_many_imputations():
    parts = [("few_events", "5 events."), ("few_events", "5 events."), ("few_events", "6 events.")]
    rows = [row("age", "coefficient", estimate=1, std_error=1)]
    pooled = pool([result(rows, warnings=[said]) for said in parts] + [result(rows)], level=0.95)
    assert pooled.warnings["message"].tolist() == ["In 3 of 4 imputations; in one: 5 events."]
    alike = pool([result(rows, warnings=[parts[0]])] * 3, level=0.95)
    assert alike.warnings["message"].tolist() == ["5 events."]


def test_a_kind_that_makes_a_column_is_refused():
    curve = pd.DataFrame({"participant_id": ["sub-001"], "risk": ["high"]})
    with pytest.raises(InputError, match="expected another cohort than imputed"):
        pool([result([], curve=curve)] * 2, level=None)


def test_an_imputation_that_cannot_be_fitted_is_named(inputs, settings):
    frame = inputs["imputations"]
    constant = frame.assign(wt_loss=frame["wt_loss"].mask(frame["imputation"] == 3, 1.0))
    with pytest.raises(InputError, match=r"^imputation 3: "):
        fit_each(cox.fit, constant, cox_settings(settings, "wt_loss", ["age"]))
