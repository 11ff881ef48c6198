import csv
import io
from dataclasses import replace
from html.parser import HTMLParser

import made_results
import pandas as pd
import pytest
from made_items import TABLES, completed, table
from made_results import OUTCOME_MATCHED, warnings

from recohort.core.errors import InputError
from recohort.core.references import item_settings, item_sources
from recohort.tables import pick, render
from recohort.tables.table import Column, Row, Table


class Tags(HTMLParser):
    """Balance of tags, and the cells met."""

    def __init__(self):
        super().__init__()
        self.open, self.scopes, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)
        self.scopes += [value for name, value in attrs if name == "scope"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def parsed(html):
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    return tags


def cells(built, heading):
    return next(row.cells for row in built.rows if row.cells[0] == heading)


@pytest.mark.parametrize("name", TABLES)
def test_synthetic_is_said_in_the_title_and_both_renderings(name, columns, frames):
    built = table(name, columns, frames, synthetic=True)
    assert built.heading.endswith("(synthetic cohort)")
    assert "(synthetic cohort)" in render.to_csv(built).splitlines()[0]
    assert "(synthetic cohort)</caption>" in render.to_html(built, name=name)


@pytest.mark.parametrize("synthetic", [True, False])
@pytest.mark.parametrize("name", TABLES)
def test_what_a_table_rests_on_is_said_once_in_one_bracket(name, synthetic, columns, frames):
    built = table(name, columns, frames, synthetic=synthetic)
    built = replace(built, caveats=("synthetic", "demonstration") if synthetic else ("demonstration",))
    said = "synthetic cohort, demonstration segmentation" if synthetic else "demonstration segmentation"
    assert render.to_csv(built).splitlines()[0].strip('"').endswith(f"({said})")
    assert f"({said})</caption>" in render.to_html(built, name=name)
    assert ("synthetic" in render.to_html(built, name=name)) == synthetic


@pytest.mark.parametrize("name", TABLES)
def test_real_is_not_called_synthetic(name, columns, frames):
    assert "synthetic" not in render.to_csv(table(name, columns, frames, synthetic=False))


@pytest.mark.parametrize("name", TABLES)
def test_html_is_well_formed_and_scoped(name, columns, frames):
    tags = parsed(render.to_html(table(name, columns, frames, synthetic=True), name=name))
    assert {"col", "row"} <= set(tags.scopes)


@pytest.mark.parametrize("name", TABLES)
def test_csv_is_rectangular(name, columns, frames):
    built = table(name, columns, frames, synthetic=False)
    rows = list(csv.reader(io.StringIO(render.to_csv(built))))
    assert {len(row) for row in rows[1 : 2 + len(built.rows)]} == {len(built.columns)}
    assert "−" not in render.to_csv(built)


def test_cox_prints_every_scale_and_both_p(columns, frames):
    row = cells(table("table3_cox", columns, frames, synthetic=False), "Lesion median susceptibility (ppm)")
    assert row[1] == "86 (30)"
    assert row[2] == "58.90 (8.54–405.99)"
    assert row[3] == "1.50 (1.24–1.82)"
    assert row[4] == "2.13 (1.49–3.04)"
    assert row[-3:] == ("<0.001", "<0.001", "0.370")


def test_cox_names_the_family_and_the_spread(columns, frames):
    built = table("table3_cox", columns, frames, synthetic=False)
    assert "p (Bonferroni, k=4)" in [column.label for column in built.columns]
    assert any("Lesion median susceptibility 0.185 ppm" in note for note in built.footnotes)


def test_cox_terms_layout(columns, frames):
    built = table(
        "table3_cox",
        columns,
        frames,
        synthetic=False,
        layout="terms",
        models={"": ["median"]},
        terms=["lesion_median"],
        family=None,
        digits=3,
    )
    row = built.rows[0].cells
    assert row[:4] == ("Lesion median susceptibility", "4.076", "58.896 (8.544–405.989)", "0.980")


def test_warnings_of_every_source_are_printed_once(columns, frames):
    built = table("table3_cox", columns, frames, synthetic=False)
    assert built.warnings == ("Six events per coefficient.", OUTCOME_MATCHED[1])
    assert render.to_html(built, name="x").count("Six events per coefficient.") == 1


def test_absolute_risks_are_withheld_after_matching_on_the_outcome(columns, frames):
    built = table("table5_strata", columns, frames, synthetic=False)
    text = render.to_csv(built)
    assert not any(share in text for share in ("83.3", "62.8", "35.7"))
    assert "91.1 (79.1–99.1)" in text
    assert any("withheld" in note for note in built.footnotes)


def test_absolute_risks_are_withheld_without_a_substitute(columns, frames):
    text = render.to_csv(table("table5_strata", columns, frames, synthetic=False, reweighted=None))
    assert "83.3" not in text
    assert "Survival at" not in text
    assert "none is shown" in text


def test_absolute_risks_are_printed_otherwise(columns, frames):
    frames["cohort/matched.warnings"] = warnings()
    text = render.to_csv(table("table5_strata", columns, frames, synthetic=False))
    assert "83.3 (71.3–91.3)" in text
    assert "withheld" not in text


def test_at_risk_beside_every_survival(columns, frames):
    built = table("table5_strata", columns, frames, synthetic=False)
    assert [row.cells[3] for row in built.rows] == ["11", "13", "3"]
    assert [row.cells[-2] for row in built.rows] == ["1 (reference)", "2.90 (1.06–7.90)", "7.70 (2.50–23.60)"]


def test_empty_stratum_is_a_row_of_dashes(columns, frames):
    built = table("table5_strata", columns, frames, synthetic=False, levels=["low", "none", "high"])
    assert built.rows[1].cells[1:5] == ("–", "–", "–", "–")


def test_time_that_was_not_estimated_is_refused(columns, frames):
    with pytest.raises(InputError, match=r"models\.kaplan_meier\.strata: found no survival at 12 months"):
        table("table5_strata", columns, frames, synthetic=False, time=12)


def test_roc_analyses_of_one_score_are_told_apart_by_their_labels(columns, frames):
    built = table("table4_roc", columns, frames, synthetic=False, labels={"iqr": "IQR, after a year"})
    assert [row.cells[0] for row in built.rows][1] == "IQR, after a year"
    assert sum(note.startswith("IQR, after a year: n=") for note in built.footnotes) == 1


def test_roc_without_bootstrap_has_no_column_for_it(columns, frames):
    for name in ("median", "iqr"):
        found = frames[f"models/roc/{name}"]
        frames[f"models/roc/{name}"] = found[~found["quantity"].str.endswith("_corrected")]
    built = table("table4_roc", columns, frames, synthetic=False)
    assert len(built.columns) == 5
    assert built.rows[0].cells[1] == "0.759 (0.646–0.872)"


def test_missing_result_is_named(columns, frames):
    from recohort.tables import roc

    entry = completed("tables", TABLES["table4_roc"])
    with pytest.raises(InputError, match="result 'models/roc/median' is not among the inputs"):
        roc.build({}, columns=columns, synthetic=False, level=0.95, **item_settings("tables", entry))


def test_scale_is_not_confused_with_a_longer_number():
    frame = pd.DataFrame({"scale": ["per 10 ppm", "per 1 ppm", "per 0.1 ppm"], "estimate": [1, 2, 3]})
    assert pick.first(frame, scale="per 1")["estimate"] == 2
    with pytest.raises(InputError, match="found 0 rows with scale=per 2, expected one"):
        pick.one(frame, "x", scale="per 2")


def test_html_escapes_text():
    built = Table("<b>", (Column("a & b"),), (Row(("<i>",)),))
    html = render.to_html(built, name="t")
    assert "<b>" not in html
    assert "<i>" not in html
    assert "&lt;b&gt;" in html


def test_row_of_wrong_width_is_refused():
    with pytest.raises(InputError, match="row 'a' has 2 cells, expected 1"):
        Table("t", (Column("x"),), (Row(("a", "b")),))


@pytest.mark.parametrize("name", TABLES)
def test_sources_name_files_by_their_path(name):
    for key, path in item_sources("tables", completed("tables", TABLES[name])).items():
        assert path == f"{key}.tsv"


def test_fixture_is_the_contract(frames):
    assert {len(frames["cohort/eligible"]), len(frames["cohort/matched"])} == {155, 86}
    assert made_results.METRICS == ("mean", "median", "iqr", "maximum")
