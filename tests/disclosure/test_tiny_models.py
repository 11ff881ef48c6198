"""Coefficients about few patients or events, and models that are tables in disguise."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from recohort.core.schema import entry_schema, with_defaults
from recohort.core.seeds import generator
from recohort.disclosure.plan import plan
from recohort.disclosure.release import released
from recohort.models import cox, e_value, family, linear, logistic
from recohort.models.inputs import WHOSE

RULES = {"minimum_count": 5, "zeros": "shown", "round_to": None}
COLUMNS = {
    "age": {"type": "number", "unit": "years"},
    "time": {"type": "number", "unit": "months"},
    "died": {"type": "boolean"},
    "treated": {"type": "boolean"},
    "stage": {"type": "category", "levels": ["I", "II", "III"]},
}
TABLE = {
    **{"kind": "baseline", "title": "Patients", "samples": {"eligible": "All"}, "group": "treated", "overall": True},
    "variables": {"died": "n_percent"},
}


def patients(counts, *, stages=(0.5, 0.5, 0.0)):
    """A cohort with given numbers of (treated, died)."""
    rng, n = generator(10, "tiny"), sum(counts.values())
    treated, died = np.repeat(list(counts), list(counts.values()), axis=0).T
    stage = np.concatenate(
        [np.repeat(level, round(share * n)) for level, share in zip(("I", "II", "III"), stages, strict=True)]
    )
    return pd.DataFrame(
        {
            "participant_id": [f"s{k}" for k in range(n)],
            "treated": treated,
            "died": died,
            "age": rng.normal(60, 9, n),
            "time": rng.exponential(20, n),
            "stage": rng.permutation(np.resize(stage, n)),
        }
    )


MANY = {(1, 1): 30, (1, 0): 40, (0, 1): 50, (0, 0): 80}
FEW = {(1, 1): 3, (1, 0): 40, (0, 1): 50, (0, 0): 107}


def fitted(cohort, **models):
    """Frames and complete entries of analyses: name -> kind, settings."""
    frames, entries = {"cohort/eligible": cohort}, {}
    for name, (kind, entry) in models.items():
        word = kind.__name__.rpartition(".")[2]
        derived = kind in (e_value, family)
        given = entry if derived else {"cohort": "eligible", **entry}
        entry = with_defaults(given, entry_schema("models", given, word))
        asked = {key: value for key, value in entry.items() if key not in WHOSE}
        if derived:
            found = kind.fit(results=frames, **asked)
        else:
            found = kind.fit(cohort, columns=COLUMNS, **asked, **({"seed": 1} if kind is cox else {}))
        frames[f"models/{word}/{name}"] = found.estimates
        entries.setdefault(word, {})[name] = entry
    return frames, entries


def let_out(frames, entries, *, tables=None, rules=RULES):
    made = plan(frames, tables=tables or {}, figures={}, models=entries, cohort={}, **rules)
    own = {name: frame for name, frame in frames.items() if name.startswith("models/")}
    return released(own, made, entry={"kind": "estimates", "title": "Models"}), made


def told(estimates, **where):
    """Whether the rows that fit have numbers."""
    rows = estimates
    for column, wanted in where.items():
        rows = rows[rows[column] == wanted]
    assert len(rows)
    return rows[["estimate", "std_error", "conf_low", "conf_high", "p_value"]].notna().any(axis=1).tolist()


@pytest.mark.parametrize("kind", [logistic, cox, linear])
def test_the_coefficient_of_a_level_of_few_patients_is_withheld(kind):
    entry = {
        logistic: {"outcome": "died"},
        cox: {"duration": "time", "event": "died"},
        linear: {"outcome": "time"},
    }[kind]
    frames, entries = fitted(
        patients(MANY, stages=(0.5, 0.48, 0.02)), one=(kind, {**entry, "covariates": ["stage", "age"]})
    )
    assert (frames["cohort/eligible"]["stage"] == "III").sum() == 4
    (shown,) = let_out(frames, entries)[0].values()
    assert not any(told(shown, term="stage", scale="III against I"))
    assert all(told(shown, term="stage", scale="II against I"))
    assert all(told(shown, term="age", quantity="coefficient"))


@pytest.mark.parametrize(("counts", "leaves"), [(MANY, True), (FEW, False), ({**FEW, (1, 1): 0}, True)])
def test_a_level_of_few_events_is_withheld_in_a_model_with_events(counts, leaves):
    frames, entries = fitted(
        patients(counts),
        one=(cox, {"duration": "time", "event": "died", "exposure": "treated", "covariates": ["age"]}),
        other=(linear, {"outcome": "time", "exposure": "treated", "covariates": ["age"]}),
    )
    shown, _ = let_out(frames, entries)
    true = told(frames["models/cox/one"], term="treated", quantity="hazard_ratio")
    assert told(shown["models/cox/one"], term="treated", quantity="hazard_ratio") == [leaves and true[0]]
    assert told(shown["models/linear/other"], term="treated", quantity="coefficient") == [True]
    assert told(shown["models/cox/one"], term="age", quantity="hazard_ratio") == [True]


def test_few_without_the_event_count_too_in_a_logistic_model():
    frames, entries = fitted(
        patients({(1, 1): 40, (1, 0): 3, (0, 1): 50, (0, 0): 80}),
        one=(logistic, {"outcome": "died", "covariates": ["treated", "age"]}),
    )
    shown, _ = let_out(frames, entries)
    assert not any(told(shown["models/logistic/one"], term="treated"))  # tests of the term go with its ratio
    assert told(shown["models/logistic/one"], term="age", quantity="odds_ratio") == [True]


def test_a_product_is_about_the_patients_of_both_levels():
    cohort = patients(MANY)
    cohort["stage"] = np.where(cohort["treated"] == 1, "I", cohort["stage"])
    cohort.loc[cohort.index[cohort["treated"] == 1][[0, 1, 35, 36]], "stage"] = "II"
    frames, entries = fitted(
        cohort,
        one=(
            cox,
            {
                "duration": "time",
                "event": "died",
                "covariates": ["treated", "stage", "age"],
                "interactions": [["treated", "stage"]],
            },
        ),
    )
    shown, _ = let_out(frames, entries)
    rows = shown["models/cox/one"]
    product_rows = rows["term"] == "treated:stage"
    assert not any(told(rows[product_rows], quantity="ratio_of_hazard_ratios"))
    assert told(rows, term="treated", scale="1 against 0 where stage is I") == [True]
    assert told(rows, term="treated", scale="1 against 0 where stage is II") == [False]


def fits(shown, *, digits):
    """Every fourfold table with the printed numbers: n, events, odds ratio and intercept."""
    n, events = int(shown["n"].iloc[0]), int(shown["n_events"].iloc[0])
    ratio = shown.loc[shown["quantity"] == "odds_ratio", "estimate"].iloc[0]
    odds = np.exp(shown.loc[shown["term"] == "intercept", "estimate"].iloc[0])
    found = []
    for treated_died, treated in product(range(events + 1), range(n + 1)):
        lived, other_died = treated - treated_died, events - treated_died
        other = n - treated - other_died
        if min(treated_died, lived, other_died, other) < 1:
            continue
        apart = treated_died * other / (lived * other_died) - ratio, other_died / other - odds
        if np.max(np.abs(apart)) < 0.5 * 10.0**-digits:
            found.append((treated_died, lived, other_died, other))
    return found


def test_an_unadjusted_model_of_two_binary_columns_is_guarded_as_the_table_that_it_is():
    entry = {"outcome": "died", "exposure": "treated"}
    frames, entries = fitted(patients(FEW), one=(logistic, entry))
    assert fits(frames["models/logistic/one"], digits=3) == [(3, 40, 50, 107)]  # printed as it is, it is the table
    shown = let_out(frames, entries)[0]["models/logistic/one"]
    numbers = ["estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value"]
    assert shown[numbers].isna().all(axis=None)
    frames, entries = fitted(patients(MANY), one=(logistic, entry))
    shown = let_out(frames, entries)[0]["models/logistic/one"]
    pd.testing.assert_frame_equal(
        shown[numbers].astype(float), frames["models/logistic/one"][numbers].astype(float), check_exact=True
    )


def test_an_adjusted_model_is_no_table():
    entry = {"outcome": "died", "exposure": "treated", "covariates": ["age"]}
    frames, entries = fitted(patients(FEW), one=(logistic, entry))
    shown = let_out(frames, entries)[0]["models/logistic/one"]
    assert told(shown, term="treated", quantity="odds_ratio") == [False]
    assert told(shown, term="age", quantity="odds_ratio") == [True]
    assert told(shown, term="model", quantity="aic") == [True]


def test_two_factors_with_their_product_are_a_table_too():
    cohort = patients(MANY)
    stage = cohort["stage"].to_numpy().copy()
    stage[cohort.index[(cohort["treated"] == 1) & (cohort["died"] == 1)]] = "I"
    stage[:3] = "II"
    entry = {"outcome": "died", "covariates": ["treated", "stage"], "interactions": [["treated", "stage"]]}
    frames, entries = fitted(cohort.assign(stage=stage), one=(logistic, entry))
    shown = let_out(frames, entries)[0]["models/logistic/one"]
    assert shown["estimate"].isna().all()
    apart = {**entry, "interactions": []}
    frames, entries = fitted(cohort, one=(logistic, apart))
    assert told(let_out(frames, entries)[0]["models/logistic/one"], term="stage", quantity="odds_ratio") == [True]


def test_a_models_table_and_a_printed_table_have_one_fate():
    """Three more untreated in a second table: one of the two counts is concealed, and the model if it is its own."""
    cohort = patients(MANY)
    matched = cohort.drop(index=cohort.index[(cohort["treated"] == 0) & (cohort["died"] == 1)][:3])
    frames, entries = fitted(cohort, one=(logistic, {"outcome": "died", "exposure": "treated"}))
    table = {**TABLE, "samples": {"eligible": "Before", "matched": "After"}}
    shown, made = let_out({**frames, "cohort/matched": matched}, entries, tables={"one": table})
    cells = [made["shown"].get(f"cohort/eligible|died={died}|treated={treated}") for treated, died in MANY]
    concealed = any(isinstance(text, str) for text in cells)
    assert told(shown["models/logistic/one"], term="treated", quantity="odds_ratio") == [not concealed]
    others = [text for text in made["shown"].values() if text == "[c]"]
    assert others


def test_a_withheld_model_conceals_nothing_in_the_tables():
    """Once it says nothing its table is not known: of the printed one everything but its own small count can stay."""
    frames, entries = fitted(patients(FEW), one=(logistic, {"outcome": "died", "exposure": "treated"}))
    _, with_model = let_out(frames, entries, tables={"one": TABLE})
    _, without = let_out({"cohort/eligible": frames["cohort/eligible"]}, {}, tables={"one": TABLE})
    assert with_model["counted"]["others"] == without["counted"]["others"]


def test_what_is_calculated_from_withheld_numbers_is_withheld():
    frames, entries = fitted(
        patients(FEW),
        few=(logistic, {"outcome": "died", "exposure": "treated", "covariates": ["age"]}),
        own=(logistic, {"outcome": "died", "exposure": "age"}),
        e=(e_value, {"members": ["logistic.few"], "rare": True}),
        both=(family, {"members": ["logistic.few", "logistic.own"], "method": "holm", "quantity": "coefficient"}),
    )
    shown, _ = let_out(frames, entries)
    assert not any(told(shown["models/e_value/e"], term="few"))
    assert not any(told(shown["models/family/both"], term="few"))
    assert all(told(shown["models/family/both"], term="own"))


def test_a_subgroups_odds_ratio_goes_with_its_arms_events():
    cohort = patients(MANY)
    entry = {
        **{"outcome": "died", "exposure": "treated", "covariates": ["age"], "modifier": "stage"},
        "subgroups": "levels",
    }
    cohort["stage"] = np.where((cohort["treated"] == 1) & (cohort["died"] == 1), "I", cohort["stage"])
    cohort.loc[:2, "stage"] = "II"
    frames, entries = fitted(cohort, one=(logistic, entry))
    rows = let_out(frames, entries)[0]["models/logistic/one"]
    rows = rows[rows["quantity"] == "subgroup_odds_ratio"]
    assert dict(zip(rows["scale"].str.partition(" (")[0], rows["estimate"].notna(), strict=True)) == {
        "stage I": True,
        "stage II": False,
    }


@pytest.mark.parametrize(("missing", "leaves"), [(0, True), (4, False)])
def test_only_patients_who_entered_the_model_count(missing, leaves):
    """Seven have stage III, of four of whom the age is unknown."""
    cohort = patients(MANY, stages=(0.5, 0.465, 0.035))
    few = cohort.index[cohort["stage"] == "III"]
    assert len(few) == 7
    cohort.loc[few[:missing], "age"] = np.nan
    cohort.loc[cohort.index[cohort["stage"] == "I"][:10], "age"] = np.nan
    frames, entries = fitted(cohort, one=(linear, {"outcome": "time", "covariates": ["stage", "age"]}))
    shown = let_out(frames, entries)[0]["models/linear/one"]
    assert told(shown, term="stage", scale="III against I")[0] == leaves


def test_a_subgroup_of_a_number_goes_with_its_arms_events():
    """Of the treated who died three are younger than the middle age."""
    cohort = patients(MANY)
    events = cohort.index[(cohort["treated"] == 1) & (cohort["died"] == 1)]
    cohort["age"] = np.linspace(40, 80, len(cohort))[generator(13, "age").permutation(len(cohort))]
    cohort.loc[events, "age"] = np.r_[41.0, 42.0, 43.0, np.linspace(70, 79, len(events) - 3)]
    entry = {"outcome": "died", "exposure": "treated", "covariates": ["stage"], "modifier": "age", "subgroups": 2}
    frames, entries = fitted(cohort, one=(logistic, entry))
    rows = let_out(frames, entries)[0]["models/logistic/one"]
    rows = rows[rows["quantity"] == "subgroup_odds_ratio"]
    assert rows["estimate"].notna().tolist() == [False, True]


@pytest.mark.parametrize(("count", "leaves"), [(3, False), (60, True)])
def test_a_share_of_patients_is_a_count(count, leaves):
    entry = {"outcome": "died", "exposure": "treated", "modifier": "age"}
    frames, entries = fitted(patients(MANY), one=(logistic, entry))
    estimates = frames["models/logistic/one"]
    shares = estimates["quantity"] == "johnson_neyman_share"
    assert shares.sum() == 2
    estimates.loc[shares, "estimate"] = [count / 200, 0.0]
    shown = let_out(frames, entries)[0]["models/logistic/one"]
    assert pd.notna(shown.loc[shares, "estimate"].iloc[0]) == leaves
