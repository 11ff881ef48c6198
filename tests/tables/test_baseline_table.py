"""Table 1: overall and by group, before and after matching and weighting, with balance and tests."""

import numpy as np
import pandas as pd
import pytest
from made_items import GROUPS, TABLES, completed, table
from made_results import balance

from recohort.core.errors import InputError
from recohort.core.references import item_sources
from recohort.tables import render

NAME = "table1_baseline"
THREE = {
    "samples": {"eligible": "Before", "matched": "After matching", "weighted": "After weighting"},
    "tests": {"eligible": "eligible", "matched": "matched"},
}


@pytest.fixture
def frames(frames):
    return {**frames, "cohort/balance": balance(("weighted", 0.1, (40, 115)))}


def cells(built, heading):
    return next(row.cells for row in built.rows if row.cells[0] == heading)


def built(columns, frames, **changes):
    return table(NAME, columns, frames, synthetic=False, **changes)


def plain(**changes):
    return {"samples": {"eligible": ""}, "smd": None, "warnings": [], **changes}


def test_cells_before_and_after_matching(columns, frames):
    shown = built(columns, frames)
    eligible = frames["cohort/eligible"]
    ages = eligible.loc[eligible["haemorrhage"] == 0, "age"]
    row = cells(shown, "Age (years), mean (SD)")
    assert row[1] == f"{ages.mean():.1f} ({ages.std():.1f})"
    assert row[3] == "−0.31"
    assert row[6] == "−0.07"
    assert cells(shown, "Missing, n")[1:] == ("0", "1", "", "0", "1", "")
    assert cells(shown, "Female")[3] == "0.18"
    assert cells(shown, "Prior haemorrhage, n (%)")[3] == "0.42"
    assert [column.label for column in shown.columns[1:3]] == ["Haemorrhage-free (n=115)", "Haemorrhage (n=40)"]


def test_simplest_study_names_variables_only(columns, frames):
    entry = {"kind": "baseline", "title": "Patients", "variables": {"age": "mean_sd", "sex": "n_percent"}}
    assert item_sources("tables", completed("tables", entry)) == {"cohort/eligible": "cohort/eligible.tsv"}
    shown = built(columns, frames, **plain(group=None, group_levels={}))
    assert [column.label for column in shown.columns] == ["Characteristic", "All patients (n=155)"]
    assert not any(column.spanner for column in shown.columns)
    ages = frames["cohort/eligible"]["age"].dropna()
    assert cells(shown, "Age (years), mean (SD)")[1] == f"{ages.mean():.1f} ({ages.std():.1f})"


def test_sources_are_the_samples_their_balance_and_tests():
    entry = completed("tables", {**TABLES[NAME], **THREE, "warnings": []})
    assert set(item_sources("tables", entry)) == {
        "cohort/eligible",
        "cohort/matched",
        "cohort/weighted",
        "cohort/balance",
        *(
            f"models/baseline_tests/{name}{end}"
            for name in ("eligible", "matched")
            for end in ("", ".curve", ".warnings")
        ),
    }


def test_everyone_stands_beside_the_groups(columns, frames):
    shown = built(columns, frames, **plain(overall=True))
    assert [column.label for column in shown.columns[1:]] == [
        "All patients (n=155)",
        "Haemorrhage-free (n=115)",
        "Haemorrhage (n=40)",
    ]
    counts = [int(cell.split()[0]) for cell in cells(shown, "Female")[1:]]
    assert counts[0] == counts[1] + counts[2]


def test_three_groups_and_their_declared_levels(columns, frames):
    rng = np.random.default_rng(2)
    frames["cohort/eligible"]["site"] = rng.choice(["a", "b", "c"], 155)
    declared = {**columns, "site": {"type": "category", "levels": ["c", "a", "b"]}}
    shown = built(declared, frames, **plain(group="site", group_levels={}))
    sizes = frames["cohort/eligible"]["site"].value_counts()
    assert [column.label for column in shown.columns[1:]] == [f"{name.upper()} (n={sizes[name]})" for name in "cab"]
    with pytest.raises(InputError, match="the SMD compares two groups, found 3, expected smd: null"):
        built(declared, frames, **plain(group="site", group_levels={}, smd="pooled"))


def test_levels_of_a_boolean_group_need_no_words(columns, frames):
    shown = built(columns, frames, **plain(group_levels={}))
    assert [column.label for column in shown.columns[1:]] == ["Haemorrhage: no (n=115)", "Haemorrhage: yes (n=40)"]


def test_weighted_sample_is_described_by_its_weights(columns, frames):
    shown = built(columns, frames, **THREE)
    patients = frames["cohort/weighted"]
    part = patients[patients["haemorrhage"] == 0]
    weights = part["weight"]
    assert len(shown.columns) == 1 + 4 + 4 + 3
    assert shown.columns[9].label == f"Haemorrhage-free (n=115; weighted {weights.sum():.1f})"
    mean = np.average(part["age"], weights=weights)
    assert cells(shown, "Age (years), mean (SD)")[9].startswith(f"{mean:.1f} (")
    female = weights[part["sex"] == "female"].sum()
    assert cells(shown, "Female")[9] == f"{female:.1f} ({100 * female / weights.sum():.1f})"
    assert cells(shown, "Age (years), mean (SD)")[11] == "−0.03"
    assert cells(shown, "Missing, n")[9:11] == ("0", "1")
    assert any(note.startswith("After weighting: each patient counts by the weight") for note in shown.footnotes)


def test_equal_weights_change_nothing_but_the_way_counts_are_written(columns, frames):
    frames["cohort/weighted"]["weight"] = 2.0
    shown = built(columns, frames, **THREE)
    for variable in ("Age (years), mean (SD)", "Lesion volume (mL), median [IQR]"):
        row = cells(shown, variable)
        assert row[9:11] == row[1:3]
    n, share = cells(shown, "Female")[1].split()
    assert cells(shown, "Female")[9] == f"{2 * int(n)}.0 {share}"


def test_p_values_stand_beside_their_sample(columns, frames):
    shown = built(columns, frames, **THREE)
    assert [column.label for column in shown.columns][4] == "p"
    assert cells(shown, "Age (years), mean (SD)")[4] == "0.040"
    assert cells(shown, "Lesion volume (mL), median [IQR]")[8] == "<0.001"
    assert cells(shown, "Sex, n (%)")[4] == "0.300"
    assert cells(shown, "Female")[4] == ""
    assert cells(shown, "Prior haemorrhage, n (%)")[4] == ""
    assert (
        "p (Before): Welch's t (Age); Pearson's chi-squared, Yates's correction (Sex); "
        "Mann-Whitney, normal with continuity correction (Lesion volume)."
    ) in shown.footnotes
    assert "p (After matching): the tests take the groups as independent and ignore the matching." in shown.footnotes
    assert not any(note.startswith("p (Before): the tests") for note in shown.footnotes)


def test_tests_of_another_cohort_are_refused(columns, frames):
    with pytest.raises(
        InputError, match=r"models\.baseline_tests\.matched compares 'age' of 85 patients, cohort/eligible has"
    ):
        built(columns, frames, tests={"eligible": "matched"})
    with pytest.raises(InputError, match="tests of 'assembled', expected a sample of it: eligible, matched"):
        built(columns, frames, tests={"assembled": "eligible"})


def test_balance_of_other_groups_is_refused(columns, frames):
    with pytest.raises(
        InputError, match="the balance of 'age' compares 39 and 115 patients, the groups of cohort/eligible"
    ):
        built(columns, frames, group="prior_haemorrhage", group_levels=GROUPS)


def test_whole_category_has_its_difference_on_its_heading(columns, frames):
    whole = {
        "sample": "all",
        "covariate": "sex",
        "level": np.nan,
        "smd_pooled": 0.44,
        "n_treated": 40,
        "n_control": 115,
    }
    frames["cohort/balance"] = pd.concat([frames["cohort/balance"], pd.DataFrame([whole])])
    row = cells(built(columns, frames), "Sex, n (%)")
    assert row[3] == "0.44"
    assert row[6] == ""


def test_smd_of_the_treated_is_another_column(columns, frames):
    assert cells(built(columns, frames, smd="treated"), "Prior haemorrhage, n (%)")[3] == "0.38"


def test_level_is_not_confused_with_a_longer_one(columns, frames):
    rows = frames["cohort/balance"]
    longer = rows[rows["level"] == "female"].assign(level="female ward", smd_pooled=9.0)
    frames["cohort/balance"] = pd.concat([longer, rows])
    assert cells(built(columns, frames), "Female")[3] == "0.18"


def test_uneven_matched_sets_are_said(columns, frames):
    assert not any("weights of the matched sets" in note for note in built(columns, frames).footnotes)
    sample = frames["cohort/matched"]
    sample["weight"] = np.where(sample["haemorrhage"] == 0, np.linspace(0.5, 1.5, len(sample)), 1.0)
    assert any("the SMD takes the weights of the matched sets" in note for note in built(columns, frames).footnotes)


def test_statistics_and_decimals(columns, frames):
    shown = built(
        columns, frames, variables={"lesion_volume": "median_range", "age": "mean_sd"}, variable_digits={"age": 0}
    )
    volumes = frames["cohort/eligible"].query("haemorrhage == 0")["lesion_volume"]
    row = cells(shown, "Lesion volume (mL), median [range]")
    assert row[1] == f"{volumes.median():.1f} [{volumes.min():.1f}–{volumes.max():.1f}]"
    assert "." not in cells(shown, "Age (years), mean (SD)")[1]
    assert "." in row[1]


def test_variable_unknown_in_one_group_is_a_dash(columns, frames):
    patients = frames["cohort/eligible"]
    patients.loc[patients["haemorrhage"] == 1, ["age", "sex"]] = None
    shown = built(columns, frames, **plain())
    assert cells(shown, "Age (years), mean (SD)")[2] == "–"
    assert cells(shown, "Female")[2] == "–"


def test_bad_groups_and_columns_are_refused(columns, frames):
    with pytest.raises(InputError, match="'sex' is a category, expected n_percent, found mean_sd"):
        built(columns, frames, variables={"sex": "mean_sd"})
    with pytest.raises(InputError, match="the cohort has no column 'height'"):
        built(columns, frames, variables={"height": "mean_sd"})
    frames["cohort/eligible"]["haemorrhage"] += 1
    with pytest.raises(InputError, match="column 'haemorrhage' holds '2', expected one of 0, 1"):
        built(columns, frames)
    frames["cohort/eligible"]["haemorrhage"] = frames["cohort/eligible"]["haemorrhage"].astype(float)
    frames["cohort/eligible"].loc[:2, "haemorrhage"] = np.nan
    with pytest.raises(InputError, match="column 'haemorrhage' is empty in 3 rows, expected none"):
        built(columns, frames)


def test_seven_columns_are_rectangular(columns, frames):
    shown = built(columns, frames, **THREE)
    html = render.to_html(shown, name="t")
    assert html.count('scope="colgroup"') == 3
    assert all(len(row.cells) == len(shown.columns) for row in shown.rows)
