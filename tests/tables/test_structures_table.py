"""Structures by group after adjustment, and predictors of structures: real models, numbers against statsmodels."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.stats.multitest import multipletests

from recohort.core.errors import InputError
from recohort.core.references import item_settings, item_sources
from recohort.core.schema import entry_schema, sentences, with_defaults
from recohort.models import family, linear
from recohort.tables import format as fmt
from recohort.tables import group_metrics, predictors

STRUCTURES = ("thalamus", "pallidum")
COLUMNS = {
    "group": {"type": "category", "levels": ["control", "ms"], "label": "Group"},
    "age": {"type": "number", "unit": "years", "label": "Age"},
    "sex": {"type": "category", "levels": ["F", "M"], "label": "Sex"},
    "edss": {"type": "number", "label": "EDSS"},
    **{f"{name}_mean": {"type": "number", "unit": "ppb", "label": f"{name.capitalize()}"} for name in STRUCTURES},
    **{
        f"{name}_volume": {"type": "number", "unit": "mL", "label": f"{name.capitalize()} volume"}
        for name in STRUCTURES
    },
}
LEVELS = {"control": "Controls", "ms": "MS"}
FIXED = {"interactions": [], "scales": ["unit"], "cluster": None, "weights": None, "lines": None, "level": 0.95}


def settings(kind, **entry):
    filled = with_defaults({"kind": kind, "title": "A title", **entry}, entry_schema("tables", {"kind": kind}))
    return item_settings("tables", filled)


def people(n=120):
    rng = np.random.default_rng(11)
    group = np.where(np.arange(n) < 80, "ms", "control")
    ms = group == "ms"
    age, volume = rng.normal(45, 10, n), rng.normal(14, 1.5, n)
    made = {"group": group, "age": age, "sex": rng.choice(["F", "M"], n)}
    made["edss"] = np.where(ms, np.round(rng.uniform(0, 13, n)) / 2, np.nan)
    for name, change in zip(STRUCTURES, (-8.0, 5.0), strict=True):
        made[f"{name}_volume"] = volume + rng.normal(0, 0.5, n)
        noise = rng.normal(0, 20, n) + 0.4 * (age - 45)
        made[f"{name}_mean"] = change * ms + noise + np.where(ms, np.nan_to_num(made["edss"]), 0)
    frame = pd.DataFrame(made)
    frame.loc[3, "pallidum_mean"] = np.nan
    return frame


def fitted(cohort, robust=None, **model):
    covariates = model.pop("covariates", ["age", "sex"])
    return linear.fit(cohort, covariates=covariates, robust=robust, columns=COLUMNS, **model, **FIXED).estimates


@pytest.fixture(scope="module")
def frames():
    cohort = people()
    made = {"cohort/eligible": cohort}
    for name in STRUCTURES:
        of = {"outcome": f"{name}_mean"}
        made[f"models/linear/{name}"] = fitted(cohort, exposure="group", **of)
        made[f"models/linear/{name}_hc3"] = fitted(cohort, exposure="group", robust="hc3", **of)
        for exposure in ("age", "edss"):
            others = [other for other in ("age", "sex") if other != exposure]
            made[f"models/linear/{name}_{exposure}"] = fitted(cohort, exposure=exposure, covariates=others, **of)
            more = [*others, f"{name}_volume"]
            made[f"models/linear/{name}_{exposure}_volume"] = fitted(cohort, exposure=exposure, covariates=more, **of)
    for method in ("bh", "holm"):
        for suffix in ("", "_hc3"):
            names = [f"{name}{suffix}" for name in STRUCTURES]
            made[f"models/family/{method}{suffix}"] = adjusted(made, names, method)
    edss = [f"{name}_edss{suffix}" for name in STRUCTURES for suffix in ("", "_volume")]
    made["models/family/edss"] = adjusted(made, edss, "holm")
    return made


def adjusted(made, names, method):
    how = {"quantity": "coefficient", "term": None, "terms": {}, "scale": None, "test": None, "method": method}
    results = {f"models/linear/{name}": made[f"models/linear/{name}"] for name in names}
    return family.fit(members=[f"linear.{name}" for name in names], results=results, **how).estimates


def structures(frames, suffix="", **more):
    entry = {
        "cohort": "eligible",
        "group": "group",
        "group_levels": LEVELS,
        "metrics": {f"{name}_mean": "mean_sd" for name in STRUCTURES},
        "adjusted": {f"{name}_mean": f"{name}{suffix}" for name in STRUCTURES},
        "family": [f"bh{suffix}", f"holm{suffix}"],
        "digits": 1,
        **more,
    }
    return group_metrics.build(
        frames, columns=COLUMNS, synthetic=False, level=0.95, **settings("group_metrics", **entry)
    )


def headings(table):
    return [f"{column.spanner}|{column.label}" for column in table.columns]


def test_structures_by_group_against_statsmodels(frames):
    table = structures(frames)
    over = "Adjusted for age and sex|"
    assert headings(table) == [
        "|Metric",
        "|Controls (n=40)",
        "|MS (n=80)",
        *(over + label for label in ("Difference (95 % CI)", "Cohen's d (95 % CI)", "p")),
        *(over + label for label in ("p (Benjamini-Hochberg, k=2)", "p (Holm, k=2)")),
    ]
    cohort, p = frames["cohort/eligible"], []
    for row, name in zip(table.rows, STRUCTURES, strict=True):
        model = smf.ols(f"{name}_mean ~ C(group) + age + C(sex)", cohort).fit()
        term = "C(group)[T.ms]"
        p.append(model.pvalues[term])
        means = cohort.groupby("group")[f"{name}_mean"]
        for cell, level in zip(row.cells[1:3], LEVELS, strict=True):
            assert cell == f"{fmt.number(means.mean()[level], digits=1)} ({fmt.number(means.std()[level], digits=1)})"
        assert row.cells[3] == fmt.estimate(model.params[term], *model.conf_int().loc[term], digits=1)
        assert row.cells[4].startswith(fmt.number(model.params[term] / np.sqrt(model.scale), digits=2))
        assert row.cells[5] == fmt.p_value(p[-1], digits=3)
    for place, method in ((6, "fdr_bh"), (7, "holm")):
        assert [row.cells[place] for row in table.rows] == [
            fmt.p_value(value, digits=3) for value in multipletests(p, method=method)[1]
        ]
    assert table.footnotes == (
        "Adjusted difference: MS against Controls; least squares, t.",
        "Models of n=120 (Thalamus), n=119 (Pallidum).",
        "Cohen's d: residual SD, noncentral t.",
    )


def test_a_robust_model_has_no_d_of_its_own_but_may_have_the_plain_ones(frames):
    without = structures(frames, "_hc3")
    assert not [heading for heading in headings(without) if "Cohen" in heading]
    table = structures(frames, "_hc3", sizes={"thalamus_mean": "thalamus"})
    assert table.rows[0].cells[4] == structures(frames).rows[0].cells[4]
    assert table.rows[1].cells[4] == "–"
    assert "Cohen's d of models without a robust variance: residual SD, noncentral t." in table.footnotes
    assert "Adjusted difference: MS against Controls; least squares, HC3 variance, t." in table.footnotes


def test_metrics_without_a_model_have_dashes_and_other_covariates_are_said(frames):
    cohort = frames["cohort/eligible"]
    more = fitted(cohort, outcome="pallidum_mean", exposure="group", covariates=["age", "pallidum_volume"])
    table = structures({**frames, "models/linear/pallidum": more})
    assert table.columns[3].spanner == "Adjusted"
    assert "Pallidum: adjusted for age and pallidum volume." in table.footnotes
    table = structures(frames, adjusted={"thalamus_mean": "thalamus"})
    assert table.rows[1].cells[3:] == ("–",) * 5


def test_a_model_of_other_groups_is_refused(frames):
    wrong = {"thalamus_mean": "thalamus_age"}
    with pytest.raises(
        InputError, match=r"models\.linear\.thalamus_age: found no adjusted_difference of group between"
    ):
        structures(frames, adjusted=wrong)
    with pytest.raises(InputError, match="'adjusted' compares two groups, found 3"):
        structures(frames, group_levels={**LEVELS, "other": "Other"})
    with pytest.raises(InputError, match="sizes names 'age', expected a metric of 'adjusted'"):
        structures(frames, sizes={"age": "thalamus"})


BLOCKS = {
    "Adjusted for age and sex": {name.capitalize(): [f"{name}_age", f"{name}_edss"] for name in STRUCTURES},
    "And for the structure's volume": {name.capitalize(): [f"{name}_edss_volume"] for name in STRUCTURES},
}


def of_predictors(frames, **entry):
    return predictors.build(frames, columns=COLUMNS, synthetic=True, level=0.95, **settings("predictors", **entry))


def test_predictors_stand_side_by_side_and_agree_with_statsmodels(frames):
    table = of_predictors(frames, models=BLOCKS, family="edss")
    block = ["Coefficient (95 % CI)", "p", "p (Holm, k=4)", "n"]
    assert headings(table) == ["|Predictor", *(f"{over}|{label}" for over in BLOCKS for label in block)]
    assert [row.cells[0] for row in table.rows] == [
        cell for name in STRUCTURES for cell in (name.capitalize(), "Age, per 1 years", "EDSS, per 1")
    ]
    cohort = frames["cohort/eligible"]
    for name, row in zip(STRUCTURES, (table.rows[2], table.rows[5]), strict=True):
        for start, more in ((1, ""), (5, f" + {name}_volume")):
            model = smf.ols(f"{name}_mean ~ edss + age + C(sex){more}", cohort).fit()
            assert row.cells[start] == fmt.estimate(model.params["edss"], *model.conf_int().loc["edss"], digits=2)
            assert row.cells[start + 1] == fmt.p_value(model.pvalues["edss"], digits=3)
            assert row.cells[start + 3] == {"thalamus": "80", "pallidum": "79"}[name]
    assert table.rows[1].cells[3] == "–"  # not of the family
    assert table.rows[1].cells[5:] == ("–",) * 4  # no such model
    assert table.footnotes == ("Coefficients: least squares, t.",)


def test_one_block_has_no_heading_over_it_and_one_n_is_a_note(frames):
    models = {"": {"Thalamus": ["thalamus_edss"]}}
    table = of_predictors(frames, models=models, terms=["age", "edss"])
    assert headings(table) == ["|Predictor", "|Coefficient (95 % CI)", "|p"]
    assert [row.cells[0] for row in table.rows] == ["Age, per 1 years", "EDSS, per 1"]
    assert table.footnotes[0] == "n=80 in every model."


def test_rows_that_cannot_be_told_apart_are_refused(frames):
    with pytest.raises(InputError, match="thalamus_edss and thalamus_edss_volume both print 'edss'"):
        of_predictors(frames, models={"": {"Thalamus": ["thalamus_edss", "thalamus_edss_volume"]}})
    with pytest.raises(InputError, match=r"models\.linear\.thalamus: found no coefficient of edss"):
        of_predictors(frames, models={"": {"Thalamus": ["thalamus"]}}, terms=["edss"])


def test_what_the_tables_are_made_from():
    schema = entry_schema("tables", {"kind": "predictors"})
    entry = with_defaults({"kind": "predictors", "title": "T", "models": BLOCKS, "family": ["a", "b"]}, schema)
    assert sentences(entry, schema) == []
    sources = set(item_sources("tables", entry))
    assert {"models/linear/thalamus_age", "models/linear/pallidum_edss_volume"} <= sources
    assert {"models/family/a", "models/family/b"} <= sources
    schema = entry_schema("tables", {"kind": "group_metrics"})
    entry = {"kind": "group_metrics", "title": "T", "cohort": "eligible", "group": "group", "group_levels": LEVELS}
    entry |= {"metrics": {"a": "mean_sd"}, "adjusted": {"a": "one"}, "sizes": {"a": "two"}, "family": ["f"]}
    assert sentences(entry, schema) == []
    assert {"models/linear/one", "models/linear/two", "models/family/f"} <= set(item_sources("tables", entry))
    assert sentences({**entry, "family": None}, schema) == []
