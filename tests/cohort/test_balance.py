"""Standardised mean differences by their formulas."""

import numpy as np
import pandas as pd
import pytest
from cohort_cases import LALONDE, codes, lalonde, matching

from recohort.cohort.balance import COLUMNS, balance, yang_dalton
from recohort.cohort.matching import match
from recohort.core.errors import InputError


@pytest.fixture(scope="module")
def table():
    frame, columns = lalonde()
    matched = match(frame, **matching(treatment="treat", covariates=LALONDE, ratio=2), seed=1, columns=columns).frame
    found = balance(frame, matched, treatment="treat", covariates=LALONDE, threshold=0.1, columns=columns)
    return frame, matched, found


def row(found, sample, covariate):
    rows = found.table
    return rows[(rows["sample"] == sample) & (rows["covariate"] == covariate)].iloc[0]


def test_before_matching_by_hand(table):
    frame, _, found = table
    one, zero = frame[frame["treat"] == 1], frame[frame["treat"] == 0]
    age, black = row(found, "all", "age"), row(found, "all", "black")
    pooled = np.sqrt((one["age"].var() + zero["age"].var()) / 2)
    assert age["smd_pooled"] == pytest.approx((one["age"].mean() - zero["age"].mean()) / pooled, rel=1e-12)
    # As MatchIt's own vignette prints them for these data: age -0.3094, black 1.7615; variance ratio of age 0.44.
    assert age["smd_treated"] == pytest.approx(-0.3094, abs=5e-5)
    assert black["smd_treated"] == pytest.approx(1.7615, abs=5e-5)
    assert age["variance_ratio"] == pytest.approx(0.4400, abs=5e-5)
    assert np.isnan(black["variance_ratio"])
    assert tuple(found.table.columns) == COLUMNS


def test_after_matching_weighted_by_hand(table):
    frame, matched, found = table
    one, zero = matched[matched["treat"] == 1], matched[matched["treat"] == 0]
    w = zero["weight"] / zero["weight"].sum()
    mean = (w * zero["re74"]).sum()
    variance = (w * (zero["re74"] - mean) ** 2).sum() / (1 - (w**2).sum())
    difference = one["re74"].mean() - mean
    after = row(found, "matched", "re74")
    assert after["smd_pooled"] == pytest.approx(difference / np.sqrt((one["re74"].var() + variance) / 2), rel=1e-12)
    assert after["smd_treated"] == pytest.approx(difference / frame.loc[frame["treat"] == 1, "re74"].std(), rel=1e-12)
    assert after["variance_ratio"] == pytest.approx(one["re74"].var() / variance, rel=1e-12)
    assert (after["n_treated"], after["n_control"]) == (len(one), len(zero))


def test_uneven_covariates_are_named(table):
    found = table[2]
    after = found.table.query("sample == 'matched'")
    worst = after.loc[after["smd_pooled"].abs().idxmax()]
    assert codes(found.warnings) == ["imbalance"]
    assert f"{worst['covariate']} {worst['smd_pooled']:.2f}" in found.warnings["message"][0]


def test_yang_dalton_by_hand():
    """Three levels, shares .2 .3 .5 and .4 .4 .2; d' S^-1 d with S the mean of both covariances of two levels."""
    t, c = np.array([0.2, 0.3, 0.5]), np.array([0.4, 0.4, 0.2])
    s = np.array([[(0.3 * 0.7 + 0.4 * 0.6) / 2, -(0.15 + 0.08) / 2], [-(0.15 + 0.08) / 2, (0.25 + 0.16) / 2]])
    d = np.array([-0.1, 0.3])
    expected = np.sqrt(d @ np.linalg.inv(s) @ d)
    assert yang_dalton(t, c) == pytest.approx(expected, rel=1e-12)
    for order in ([1, 2, 0], [2, 0, 1]):
        assert yang_dalton(t[order], c[order]) == pytest.approx(expected, rel=1e-12)


def test_yang_dalton_of_two_levels_is_the_plain_difference():
    plain = 0.3 / np.sqrt((0.5 * 0.5 + 0.2 * 0.8) / 2)
    assert yang_dalton(np.array([0.5, 0.5]), np.array([0.8, 0.2])) == pytest.approx(plain, rel=1e-12)
    assert yang_dalton(np.array([0.5, 0.5, 0.0]), np.array([0.5, 0.5, 0.0])) == 0


def test_category_has_a_row_per_level_and_one_of_all():
    frame = pd.DataFrame({"treat": [1, 1, 1, 0, 0, 0], "site": ["a", "b", "c", "a", "a", "b"]})
    columns = {"site": {"type": "category", "levels": ["a", "b", "c"]}}
    found = balance(frame, None, treatment="treat", covariates=["site"], threshold=0.1, columns=columns).table
    assert found["level"].tolist() == ["a", "b", "c", ""]
    assert found["mean_control"].tolist()[:3] == [2 / 3, 1 / 3, 0]
    assert found["smd_pooled"].iloc[3] > 0
    assert (found["sample"] == "all").all()


def test_a_group_without_values_is_refused():
    frame = pd.DataFrame({"treat": [1, 1, 0, 0], "age": [40.0, 50.0, np.nan, np.nan]})
    with pytest.raises(InputError, match="column 'age': one group has no value"):
        balance(frame, None, treatment="treat", covariates=["age"], threshold=0.1, columns={"age": {"type": "number"}})


def test_a_level_that_matching_leaves_out_has_a_share_of_zero():
    frame = pd.DataFrame({"treat": [1, 1, 1, 0, 0, 0], "site": ["a", "b", "c", "a", "b", "b"], "weight": 1.0})
    columns = {"site": {"type": "category", "levels": ["a", "b", "c"]}}
    kept = frame[frame["site"] != "c"]
    table = balance(frame, kept, treatment="treat", covariates=["site"], threshold=0.1, columns=columns).table
    after = table[table["sample"] == "matched"].set_index("level")
    assert after.loc["c", ["mean_treated", "mean_control", "smd_pooled"]].tolist() == [0, 0, 0]
    assert np.isfinite(after.loc["", "smd_pooled"])
