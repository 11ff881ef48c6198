"""The table of Cox models: levels, settings, products, penalised tests."""

import numpy as np
import pytest

from recohort.core.schema import entry_schema, with_defaults
from recohort.models.result import result, row
from recohort.tables.cox import build

COLUMNS = {
    "size": {"type": "number", "unit": "mm", "label": "Lesion size"},
    "grade": {"type": "category", "levels": ["low", "middle", "high"], "label": "Tumour grade"},
    "treated": {"type": "boolean", "label": "Treated"},
}


def pair(term, scale, beta, quantity="hazard_ratio", **more):
    test = {"statistic": 2.5, "p_value": 0.012, "n": 100, "n_events": 40, **more}
    numbers = {"estimate": beta, "std_error": 0.2, "conf_low": beta - 0.4, "conf_high": beta + 0.4}
    ratio = {key: np.exp(value) for key, value in numbers.items() if key != "std_error"}
    return [row(term, "coefficient", scale, **numbers, **test), row(term, quantity, scale, **ratio, **test)]


def built(*rows, **entry):
    schema = entry_schema("tables", {"kind": "cox"})
    filled = with_defaults({"title": "Table", "models": {"": ["one"]}, **entry}, schema)
    filled = {key: value for key, value in filled.items() if key not in ("kind", "warnings")}
    frames = {"models/cox/one": result(rows).estimates}
    return build(frames, columns=COLUMNS, synthetic=False, level=0.95, **filled)


def cells(table):
    return [line.cells for line in table.rows]


def test_each_level_of_a_category_has_a_row():
    rows = [*pair("grade", "middle against low", 0.5), *pair("grade", "high against low", 1.0)]
    found = cells(built(*rows, scales=["per 1"]))
    assert [line[0] for line in found] == ["Tumour grade: middle against low", "Tumour grade: high against low"]
    assert [line[2] for line in found] == ["1.65 (1.11–2.46)", "2.72 (1.82–4.06)"]
    found = cells(built(*rows, layout="terms"))
    assert [line[:2] for line in found] == [
        ("Tumour grade: middle against low", "0.50"),
        ("Tumour grade: high against low", "1.00"),
    ]


def test_each_setting_of_a_partner_has_a_row_and_the_product_its_own():
    rows = [
        *pair("size", "per 1 mm", 0.1)[:1],
        pair("size", "per 1 mm where treated is 0", 0.1)[1],
        pair("size", "per 1 mm where treated is 1", 0.3)[1],
        *pair("size:treated", "per 1 mm, 1 against 0", 0.2, "ratio_of_hazard_ratios"),
    ]
    found = cells(built(*rows, scales=["per 1"]))
    assert [line[0] for line in found] == ["Lesion size (mm), treated 0", "Lesion size (mm), treated 1"]
    found = cells(built(*rows, layout="terms"))
    assert [line[:3] for line in found] == [
        ("Lesion size", "0.10", "1.11 (0.74–1.65)"),
        ("Lesion size × Treated", "0.20", "1.22 (0.82–1.82)"),
    ]


def test_ratio_that_is_not_the_coefficients_exponential_is_not_beside_it():
    rows = [*pair("size", "per 1 mm", 0.1)[:1], pair("size", "per 1 mm where age is 60 (mean)", 0.4)[1]]
    assert cells(built(*rows, layout="terms"))[0][2] == "–"


def test_chi_squared_of_a_profile_is_not_called_z():
    found = cells(built(*pair("treated", "1 against 0", 0.7, df=1), layout="terms"))
    assert found[0][4] == "χ²=2.50"
    assert cells(built(*pair("treated", "1 against 0", 0.7), layout="terms"))[0][4] == "2.50"


@pytest.mark.parametrize("layout", ["models", "terms"])
def test_heading_names_the_level(layout):
    table = built(*pair("treated", "1 against 0", 0.7), layout=layout)
    text = " ".join(
        f"{column.label} {column.sublabel}" if hasattr(column, "sublabel") else str(column) for column in table.columns
    )
    assert "Hazard ratio (95 % CI)" in text
