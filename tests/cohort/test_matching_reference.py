"""Pairs and weights of R's MatchIt on data without ties."""

import numpy as np
import pytest
from cohort_cases import matching

from recohort.cohort.matching import match
from recohort.core.errors import InputError

SD = "sd_overall"
CASES = {
    **{
        f"discard_{discard}{suffix}": {"discard": discard, **entry}
        for discard in ("none", "treated", "control", "both")
        for suffix, entry in {
            "": {"caliper": {"width": 0.25, "unit": SD}},
            "_ratio2": {"caliper": {"width": 0.25, "unit": SD}, "ratio": 2},
            "_nocaliper": {"caliper": None},
        }.items()
    },
    **{
        f"order_{order}": {"order": order, "caliper": {"width": 0.1, "unit": SD}}
        for order in ("largest", "smallest", "data")
    },
    "probability": {"link": "logit", "caliper": {"width": 0.2, "unit": SD}},
    "ratio2": {"ratio": 2, "caliper": None},
    "exact": {"exact": ["site"], "caliper": {"width": 0.25, "unit": SD}},
    "exact_ratio2": {"exact": ["site"], "ratio": 2, "caliper": {"width": 0.25, "unit": SD}},
    "replace": {"replace": True, "caliper": {"width": 0.25, "unit": SD}},
    "replace_ratio2": {"replace": True, "ratio": 2, "caliper": {"width": 0.25, "unit": SD}},
    "replace_exact": {"replace": True, "exact": ["site"], "caliper": {"width": 0.25, "unit": SD}},
    "sd_pooled": {"caliper": {"width": 0.2, "unit": "sd_pooled"}},
    "raw": {"caliper": {"width": 0.05, "unit": "raw"}},
}


def matched(frame, **entry):
    columns = {name: {"type": "number"} for name in frame}
    settings = matching(treatment="treat", covariates=["a", "b"], **entry)
    return match(frame, **settings, seed=1, columns=columns)


def test_scores_are_those_of_glm(inputs, reference):
    theirs = reference("matching", "overlap").set_index("term")["value"]
    frame = matched(inputs["overlap"], caliper=None, ratio=3).frame
    np.testing.assert_allclose(frame["distance"], theirs[frame["row"].astype(str)], rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_the_sample_its_weights_and_pairs_are_those_of_matchit(case, inputs, reference):
    theirs = reference("matching", case)
    got = matched(inputs["overlap"], **CASES[case])
    weight = theirs[theirs["quantity"] == "weight"].set_index("term")["value"]
    ours = got.frame.assign(term=got.frame["row"].astype(str)).set_index("term")["weight"]
    assert set(ours.index) == set(weight.index)
    np.testing.assert_allclose(ours[weight.index], weight, rtol=1e-12)
    discarded = set(theirs.loc[theirs["quantity"] == "discarded", "term"].astype(int))
    assert discarded == set(inputs["overlap"]["row"]) - set(got.supported["row"])
    if not CASES[case].get("replace"):
        chosen = theirs[theirs["quantity"].str.startswith("control_")]
        pairs = {frozenset([int(one), int(other)]) for one, other in zip(chosen["term"], chosen["value"], strict=True)}
        sets = got.frame.merge(got.frame, on="subclass").query("treat_x == 1 and treat_y == 0")
        assert {frozenset(pair) for pair in zip(sets["row_x"], sets["row_y"], strict=True)} == pairs


def test_the_discarded_are_said_by_group(inputs):
    said = matched(inputs["overlap"], discard="both").warnings.set_index("code")["message"]
    assert "11 participants were discarded" in said["discarded"]
    assert said["discarded"].endswith("2 with treat = 1, 9 with 0.")
    assert "discarded" not in set(matched(inputs["overlap"]).warnings["code"])


def test_nobody_in_the_common_support_is_refused():
    import pandas as pd

    from recohort.cohort.matching import _supported

    score, treated = np.array([1.0, 2.0, 5.0, 6.0]), np.array([False, False, True, True])
    for discard in ("treated", "control", "both"):
        with pytest.raises(InputError, match="do not overlap"):
            _supported(score, treated, discard)
    assert _supported(score, treated, "none").all()
    assert pd.Series(_supported(np.array([1.0, 3.0, 2.0, 4.0]), treated, "both")).tolist() == [False, True, True, False]


def test_tied_scores_match_in_the_order_of_the_table():
    import pandas as pd

    frame = pd.DataFrame({"row": range(8), "treat": [0, 0, 0, 0, 1, 1, 0, 1], "a": [0.0, 1] * 4})
    frame["b"] = [0.0, 0, 1, 1, 0, 0, 1, 1]
    got = matched(frame, caliper=None, discard="both").frame
    assert got.groupby("subclass")["treat"].sum().tolist() == [1] * got["subclass"].nunique()


def test_all_scores_tied_match_in_the_order_of_the_table():
    import pandas as pd

    frame = pd.DataFrame({"row": range(12), "treat": [1, 0, 0] * 4, "a": np.repeat([0.0, 1.0], 6)})
    frame["b"] = np.tile(np.repeat([0.0, 1.0], 3), 2)
    got = matched(frame, caliper={"width": 0.1, "unit": "raw"}, discard="both").frame
    assert got["distance"].max() - got["distance"].min() < 1e-9
    assert got.groupby("subclass")["row"].agg(list).map(len).eq(2).all()
    assert len(got) == 8
