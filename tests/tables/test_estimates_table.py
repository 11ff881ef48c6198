"""The table of any models' estimates."""

import pandas as pd
import pytest
from made_items import SUSCEPTIBILITIES, completed, table
from made_results import METRICS, estimate, warnings

from recohort.core.errors import InputError
from recohort.core.references import item_settings, item_sources
from recohort.tables import estimates, render

NAME = "table6_estimates"
ONE = {"models": {"": ["cox.median"]}, "quantities": ["hazard_ratio"], "terms": ["lesion_median"]}


def labels(built):
    return [column.label for column in built.columns]


def shown(columns, frames, **changes):
    return table(NAME, columns, frames, synthetic=False, **changes)


def at_level(columns, frames, level, **entry):
    entry = completed("tables", {"kind": "estimates", "title": "T", **ONE, **entry})
    return estimates.build(frames, columns=columns, synthetic=False, level=level, **item_settings("tables", entry))


def test_sources_are_the_models_of_every_section():
    entry = completed("tables", {"kind": "estimates", "title": "T", "models": {"A": ["cox.a"], "B": ["roc.b"]}})
    assert set(item_sources("tables", entry)) == {
        f"models/{name}{end}" for name in ("cox/a", "roc/b") for end in ("", ".curve", ".warnings")
    }


def test_rows_stand_in_sections_in_the_order_asked(columns, frames):
    built = shown(columns, frames)
    assert labels(built) == ["Term", "Quantity", "Scale", "Estimate (95 % CI)", "p", "n", "Events"]
    sections = [row.cells[0] for row in built.rows if row.section]
    assert sections == ["Cox models", "ROC analyses"]
    first = built.rows[1].cells
    assert first[:3] == ("Lesion mean susceptibility", "Hazard ratio", "per 1 ppm")
    assert first[3:] == ("41.20 (6.00–283.00)", "<0.001", "86", "30")
    quantities = [row.cells[1] for row in built.rows[-4:]]
    assert quantities == ["AUC", "Sensitivity", "AUC", "Sensitivity"]


def test_one_quantity_heads_its_column_and_one_scale_is_a_note(columns, frames):
    built = shown(columns, frames, **ONE, scales=["per SD"], show=["estimate"])
    assert labels(built) == ["Term", "Hazard ratio (95 % CI)"]
    assert built.rows[0].cells == ("Lesion median susceptibility", "2.13 (1.49–3.04)")
    assert "Hazard ratio: per SD (0.185 ppm)." in built.footnotes


def test_heading_says_the_level_of_the_models(columns, frames):
    assert "Hazard ratio (90 % CI)" in labels(at_level(columns, frames, 0.9))
    assert "Hazard ratio (CI)" in labels(at_level(columns, frames, None))


def test_estimate_without_interval_promises_none(columns, frames):
    built = shown(columns, frames, models={"": ["roc.median"]}, quantities=["sensitivity_corrected"], percent=[])
    assert "Sensitivity corrected" in labels(built)


def test_percentages_are_asked_for(columns, frames):
    auc, sensitivity = ONE | {"models": {"": ["roc.median"]}}, "sensitivity"
    row = frames["models/roc/median"].query("quantity == 'sensitivity'").iloc[0]
    built = shown(
        columns, frames, **{**auc, "quantities": [sensitivity]}, percent=[sensitivity], digits=1, show=["estimate"]
    )
    assert labels(built) == ["Term", "Sensitivity, % (95 % CI)"]
    assert built.rows[0].cells[1].startswith(f"{100 * row['estimate']:.1f} (")


def test_decimals_by_quantity_and_by_column(columns, frames):
    built = shown(
        columns,
        frames,
        models={"": ["cox.median"]},
        quantities=["coefficient"],
        terms=["lesion_median"],
        show=["estimate", "std_error", "statistic", "df"],
        quantity_digits={"coefficient": 3},
        column_digits={"statistic": 1},
    )
    assert built.rows[0].cells[1:] == ("4.076", "0.980", "4.1", "–")
    assert labels(built) == ["Term", "Coefficient", "SE", "Statistic", "df"]


def test_degrees_of_freedom_are_whole_or_rounded(columns, frames):
    rows = [estimate(name, "test", statistic=2.0, df=df, p_value=0.04) for name, df in (("a", 2), ("b", 31.27))]
    frames["models/groups/x"] = pd.DataFrame(rows)
    frames["models/groups/x.warnings"] = warnings()
    built = shown(columns, frames, models={"": ["groups.x"]}, quantities=[], terms=[], show=["df", "p_value"], digits=1)
    assert [row.cells[1] for row in built.rows] == ["2", "31.3"]


def test_se_of_a_ratio_is_explained(columns, frames):
    note = "SE of a ratio is that of its logarithm."
    assert note in shown(columns, frames, **ONE, show=["estimate", "std_error"]).footnotes
    assert note not in shown(columns, frames, **ONE | {"quantities": ["coefficient"]}, show=["std_error"]).footnotes


def test_models_with_the_same_rows_are_told_apart(columns, frames):
    frames["models/cox/other"] = frames["models/cox/median"]
    frames["models/cox/other.warnings"] = warnings()
    entry = {**ONE, "models": {"": ["cox.median", "cox.other"]}, "scales": ["per 1"]}
    built = shown(columns, frames, **entry)
    assert labels(built)[:2] == ["Model", "Hazard ratio (95 % CI)"]
    assert [row.cells[0] for row in built.rows] == ["Median", "Other"]
    assert "Hazard ratio of Lesion median susceptibility." in built.footnotes
    built = shown(columns, frames, **entry, labels={"cox.other": "With splines", "hazard_ratio": "HR"})
    assert [row.cells[0] for row in built.rows] == ["Median", "With splines"]
    assert "HR (95 % CI)" in labels(built)


def test_family_prints_adjusted_p(columns, frames):
    entry = {"models": {"": [f"cox.{name}" for name in METRICS]}, "quantities": ["hazard_ratio"], "scales": ["per SD"]}
    built = shown(columns, frames, **entry, terms=SUSCEPTIBILITIES, family="metrics")
    assert labels(built)[-1] == "p (Bonferroni, k=4)"
    assert [row.cells[-1] for row in built.rows] == ["<0.001", "<0.001", "<0.001", "0.125"]


def test_methods_are_said_by_quantity(columns, frames):
    assert "AUC: DeLong." in shown(columns, frames).footnotes


def test_product_term_names_both_columns(columns, frames):
    rows = [estimate("sex:lesion_iqr", "odds_ratio", "1 against 0 x per 1 ppm", 2.0, 1.0, 4.0, p_value=0.05)]
    frames["models/logistic/x"] = pd.DataFrame(rows)
    frames["models/logistic/x.warnings"] = warnings()
    built = shown(columns, frames, models={"": ["logistic.x"]}, quantities=[], terms=[])
    assert built.rows[0].cells[0] == "Sex × Lesion susceptibility IQR"


def test_model_without_such_a_row_is_named(columns, frames):
    with pytest.raises(
        InputError, match=r"models.cox.median: found no row of quantity odds_ratio; term lesion_median, expe"
    ):
        shown(columns, frames, **ONE | {"quantities": ["odds_ratio"]})


def test_section_is_a_full_row_of_the_csv(columns, frames):
    text = render.to_csv(shown(columns, frames))
    assert "\nROC analyses,,,,,,\n" in text


def test_rows_are_chosen_by_their_method(columns, frames):
    found = frames["models/cox/median"]["method"].dropna().iloc[0]
    built = shown(columns, frames, **ONE, scales=["per SD"], methods=[found[:4]])
    assert len(built.rows) == 1
    with pytest.raises(InputError, match="method profile"):
        shown(columns, frames, **ONE, methods=["profile"])
