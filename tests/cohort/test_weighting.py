"""Propensity score weights against R's glm and survey, and by what they must do."""

import numpy as np
import pandas as pd
import pytest
from cohort_cases import LALONDE, codes, lalonde

from recohort.cohort.balance import balance, compare
from recohort.cohort.weighting import effective_size, weight
from recohort.core.errors import InputError
from recohort.core.schema import load_schema, with_defaults

CASES = {
    "ate": {"estimand": "ate"},
    "att": {"estimand": "att"},
    "ato": {"estimand": "ato"},
    "stabilised": {"estimand": "ate", "stabilise": True},
    "truncated": {"estimand": "ate", "truncate": 0.99},
    "att_truncated": {"estimand": "att", "truncate": 0.95},
}


def weighting(**entry) -> dict:
    settings = with_defaults(
        {"treatment": "treat", "covariates": LALONDE, **entry}, load_schema("cohort")["properties"]["weighting"]
    )
    return {key: value for key, value in settings.items() if key != "balance"}


def weighted(frame=None, **entry):
    own, columns = lalonde()
    return weight(own if frame is None else frame, **weighting(**entry), columns=columns)


@pytest.mark.parametrize("case", CASES)
def test_weights_and_the_weighted_difference_are_those_of_r(case, reference):
    theirs = reference("matching", f"weights_{case}").set_index("quantity")
    frame = weighted(**CASES[case]).frame
    some = theirs.loc["weight"]
    np.testing.assert_allclose(frame["weight"].to_numpy()[some["term"].astype(int) - 1], some["value"], rtol=1e-10)
    assert frame["weight"].sum() == pytest.approx(theirs.loc["sum", "value"], rel=1e-11)
    means = [np.average(part["re78"], weights=part["weight"]) for _, part in frame.groupby("treat")]
    assert means[1] - means[0] == pytest.approx(theirs.loc["difference", "value"], rel=1e-9)
    sizes = [effective_size(part["weight"].to_numpy()) for _, part in frame.groupby("treat")]
    np.testing.assert_allclose(sizes, theirs.loc["effective_size", "value"], rtol=1e-10)


def test_everyone_stays_in_the_order_of_the_table():
    frame, _ = lalonde()
    got = weighted().frame
    pd.testing.assert_frame_equal(got[frame.columns], frame)
    assert list(got.columns[-4:]) == ["distance", "subclass", "weight", "sampling_weight"]
    assert got[["subclass", "sampling_weight"]].isna().all(axis=None)
    assert got["distance"].between(0, 1).all()


def test_overlap_weights_balance_the_means_of_the_model_exactly():
    """A property of the logistic score (Li, Morgan, Zaslavsky 2018, theorem 3)."""
    frame, columns = lalonde()
    got = weighted(estimand="ato").frame
    table = balance(
        frame, got, treatment="treat", covariates=LALONDE, threshold=0.1, columns=columns, sample="weighted"
    ).table
    assert table.query("sample == 'weighted'")["smd_pooled"].abs().max() < 1e-10
    assert table.query("sample == 'all'")["smd_pooled"].abs().max() > 0.5


def test_swapped_groups_swap_the_scores_and_keep_the_weights():
    frame, _ = lalonde()
    one, other = weighted(frame).frame, weighted(frame.assign(treat=1 - frame["treat"])).frame
    np.testing.assert_allclose(one["weight"], other["weight"], rtol=1e-9)
    np.testing.assert_allclose(one["distance"], 1 - other["distance"], rtol=1e-9)


def test_the_order_of_rows_and_the_unit_of_a_covariate_do_not_matter():
    frame, _ = lalonde()
    shuffled = frame.sample(frac=1, random_state=1)
    got = weighted(shuffled.assign(re74=shuffled["re74"] / 1000)).frame.set_index(shuffled.index)
    np.testing.assert_allclose(got.sort_index()["weight"], weighted(frame).frame["weight"], rtol=1e-8)


def test_extreme_weights_are_said_and_truncation_tames_them():
    frame, _ = lalonde()
    said = weighted(frame, extreme=5).warnings
    assert codes(said)[:2] == ["effective_sample_size", "extreme_weights"]
    tame = weighted(frame, truncate=0.9, extreme=20).warnings
    assert codes(tame) == ["truncated_weights", "effective_sample_size"]


def test_truncated_weights_of_the_treated_stay_one_for_the_effect_in_the_treated():
    got = weighted(estimand="att", truncate=0.8).frame
    assert (got.loc[got["treat"] == 1, "weight"] == 1).all()


def test_stabilised_weights_of_another_estimand_are_refused():
    with pytest.raises(InputError, match="stabilise with the estimand att, expected it with ate only"):
        weighted(estimand="att", stabilise=True)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"age": np.nan}, "column 'age': 614 of 614 values are missing"),
        ({"treat": 1}, "all 614 rows are 1, expected both 0 and 1"),
        ({"age": 30.0}, "column 'age': is constant"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(change, sentence):
    frame, _ = lalonde()
    with pytest.raises(InputError, match=sentence):
        weighted(frame.assign(**change))


def test_separated_groups_have_no_weights():
    frame, _ = lalonde()
    with pytest.raises(InputError, match="separate treated from untreated"):
        weighted(frame.assign(age=frame["treat"] * 10 + frame["age"] / 100))


def test_balance_of_both_samples_shows_everyone_once():
    frame, columns = lalonde()
    got = weighted(estimand="ato").frame
    sections = {
        "matched": {"treatment": "treat", "covariates": LALONDE, "balance": {"covariates": [], "threshold": 0.1}},
        "weighted": {
            "treatment": "treat",
            "covariates": ["age"],
            "balance": {"covariates": ["re78"], "threshold": 0.1},
        },
    }
    both = compare(frame, {"matched": frame.assign(weight=1.0), "weighted": got}, sections=sections, columns=columns)
    assert both.table["sample"].value_counts().to_dict() == {"all": 9, "matched": 8, "weighted": 2}
    assert codes(both.warnings) == ["imbalance", "imbalance"]
    assert [text.split()[1] for text in both.warnings["message"]] == ["matching", "weighting"]
    sections["weighted"]["treatment"] = "black"
    with pytest.raises(InputError, match="different treatments, black and treat"):
        compare(frame, {"matched": frame.assign(weight=1.0), "weighted": got}, sections=sections, columns=columns)
