import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recohort.core.errors import InputError
from recohort.models.result import result, row
from recohort.tables import group_metrics, linear

sys.path.insert(0, str(Path(__file__).parents[1] / "figures"))
from drawn import settings

COLUMNS = {"chi": {"label": "susceptibility", "unit": "ppm"}, "sex": {}, "arm": {}}


def model():
    limits = {"estimate": 1.234, "conf_low": 0.5, "conf_high": 2.0, "std_error": 0.4, "p_value": 0.004, "n": 40}
    rows = [
        row(name, "coefficient", scale, **limits)
        for name, scale in (("chi", "per 1 ppm"), ("chi:sex", "per 1 ppm, 1 against 0"))
    ]
    rows += [row("intercept", "coefficient", **limits), row("arm", "adjusted_mean", "drug", **limits)]
    rows += [row("arm", "adjusted_difference", "drug against none", **limits)]
    rows += [row("model", "f_test", statistic=4, p_value=0.02, n=40)]
    rows += [row("model", "r_squared", "", "least squares", estimate=0.256, n=40)]
    return result(rows).estimates


def test_linear_table_prints_terms_means_and_fit():
    frames = {"models/linear/a": model()}
    table = linear.build(
        frames, columns=COLUMNS, synthetic=False, level=0.95, **settings("linear", "tables", models={"Main": "a"})
    )
    assert [line.cells[0] for line in table.rows] == [
        "Susceptibility, per 1 ppm",
        "Susceptibility × Sex, per 1 ppm, 1 against 0",
        "Adjusted mean: Drug",
        "Adjusted difference: drug against none",
    ]
    assert table.rows[0].cells[1:] == ("1.23 (0.50–2.00)", "0.40", "0.004")
    assert table.rows[2].cells[3] == "–"
    assert table.footnotes == ("n=40, R²=0.26, F test p=0.020; least squares.",)


def test_linear_table_prints_adjusted_p_of_a_family():
    family = result([row("a", "p_adjusted", "chi", "holm", p_value=0.03)]).estimates
    frames = {"models/linear/a": model(), "models/family/f": family}
    entry = settings("linear", "tables", models={"Main": "a"}, terms=["chi"], means=False, family="f")
    table = linear.build(frames, columns=COLUMNS, synthetic=True, level=0.95, **entry)
    assert [line.cells[-1] for line in table.rows] == ["0.030"]
    assert table.columns[-1].label == "p (Holm, k=1)"


def test_metrics_by_group_with_difference_and_size():
    cohort = pd.DataFrame({"arm": [0, 0, 1, 1], "chi": [1.0, 2.0, 3.0, np.nan]})
    limits = {"estimate": 1.5, "conf_low": -0.5, "conf_high": 3.5}
    rows = [row("chi", "difference", "1 against 0", "Welch's t", **limits, p_value=0.2)]
    rows.append(row("chi", "cohen_d", "1 against 0", "noncentral t", **limits))
    frames = {"cohort/matched": cohort, "models/groups/a": result(rows).estimates}
    entry = {
        "cohort": "matched",
        "group": "arm",
        "group_levels": {"0": "No", "1": "Yes"},
        "metrics": {"chi": "mean_sd"},
    }
    more = {"model": "a", "difference": True, "size": "cohen_d", "digits": 1}
    table = group_metrics.build(
        frames, columns=COLUMNS, synthetic=False, level=0.95, **settings("group_metrics", "tables", **entry, **more)
    )
    assert [column.label for column in table.columns][3:] == ["Difference (95 % CI)", "Cohen's d (95 % CI)", "p"]
    assert table.rows[0].cells[3:] == ("1.5 (−0.5 to 3.5)", "1.50 (−0.50 to 3.50)", "0.200")
    with pytest.raises(InputError, match="difference and size are of a model"):
        entry = settings("group_metrics", "tables", **entry, difference=True)
        group_metrics.build(frames, columns=COLUMNS, synthetic=False, level=0.95, **entry)
