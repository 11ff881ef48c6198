"""Where is Table 2, which rule, script and models made it, and do its numbers come out."""

from pathlib import Path

import pandas as pd

from recohort.report.index import COLUMNS, rows

REPOSITORY = Path(__file__).resolve().parents[2]
ITEMS = {
    "tables/table2_cox": {
        "title": "Table 2. Cox",
        "sources": ["models/cox/crude.tsv", "models/cox/crude.warnings.tsv", "models/cox/full.tsv"],
    },
    "figures/figure1_roc": {
        "title": "Figure 1",
        "sources": [
            "models/roc/mean.tsv",
            "models/roc/mean.curve.tsv",
            "cohort/flow.json",
            "models/cox/full.warnings.tsv",
        ],
    },
    "figures/figure2_flow": {"title": "Figure 2", "sources": ["cohort/flow.json"]},
}
REPRODUCTION = pd.DataFrame(
    {
        "item": ["Table 2", "Table 2", "Text"],
        "result": ["models/cox/full.tsv", "models/cox/crude.tsv", "models/other/x.tsv"],
        "agreement": ["match", "differs", "match"],
        "verdict": ["match", "differs", "match"],
    }
)


SETTINGS = {
    "endings": {"tables": ["csv", "html"], "figures": ["pdf"]},
    "rules": {"tables": "make_table", "figures": "draw_figure"},
}


def listed():
    return rows("demo", ITEMS, REPRODUCTION, **SETTINGS, synthetic=False)


def test_a_row_per_file_says_where_it_is_and_what_made_it():
    index = listed()
    assert tuple(index.columns) == COLUMNS
    assert list(index["file"]) == [
        "results/demo/tables/table2_cox.csv",
        "results/demo/tables/table2_cox.html",
        "results/demo/figures/figure1_roc.pdf",
        "results/demo/figures/figure2_flow.pdf",
    ]
    assert list(index["rule"]) == ["make_table", "make_table", "draw_figure", "draw_figure"]
    assert all((REPOSITORY / script).exists() for script in index["script"])


def test_models_are_named_as_in_the_configuration_each_once_and_warnings_name_none():
    assert list(listed()["models"]) == ["cox.crude; cox.full"] * 2 + ["roc.mean", ""]


def test_published_numbers_are_those_of_the_items_sources():
    index = listed()
    assert list(index["published"]) == [2, 2, 0, 0]
    assert list(index["verdict"]) == ["1 match, 1 differs"] * 2 + ["", ""]


def test_a_synthetic_cohort_is_called_so_in_every_row():
    index = rows("demo", ITEMS, REPRODUCTION.assign(verdict="synthetic"), **SETTINGS, synthetic=True)
    assert set(index["verdict"]) == {"synthetic"}
