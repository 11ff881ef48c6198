"""Weighted mean, SD and quantiles against R's cov.wt and survey's svyquantile, rule hf7 (R/baseline.R)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recohort.tables.describe import mean_sd, quantiles

ROOT = Path(__file__).parents[1]
SHARES = {"minimum": 0.0, "q1": 0.25, "median": 0.5, "q3": 0.75, "maximum": 1.0}


def gbsg2():
    from importlib.util import find_spec

    return pd.read_csv(Path(find_spec("lifelines").origin).parent / "datasets" / "gbsg2.csv")


def cases():
    cancer, men = gbsg2(), pd.read_csv(ROOT.parent / "data" / "tables" / "lalonde.csv")
    return {
        "weighted_tsize": (cancer["tsize"], 1 + (cancer["age"] % 7) / 3),
        "weighted_re74": (men["re74"], 0.2 + (men["age"] % 5) / 2),
        "weighted_equal": (cancer["age"], np.full(len(cancer), 2.5)),
    }


@pytest.mark.parametrize("case", ["weighted_tsize", "weighted_re74", "weighted_equal"])
def test_weighted_description_agrees_with_r(case):
    table = pd.read_csv(ROOT / "reference" / "baseline.csv", float_precision="round_trip")
    expected = table[table["analysis"] == case].set_index("quantity")["value"]
    values, weights = cases()[case]
    mean, sd = mean_sd(values, weights)
    assert mean == pytest.approx(expected["mean"], rel=1e-13)
    assert sd == pytest.approx(expected["sd"], rel=1e-12)
    found = quantiles(values, tuple(SHARES.values()), weights)
    assert found == pytest.approx([expected[name] for name in SHARES], rel=1e-12, abs=1e-12)


def test_equal_weights_are_no_weights():
    values = np.random.default_rng(5).normal(size=31).round(1)
    shares = (0.1, 0.25, 0.5, 0.9)
    assert quantiles(values, shares, np.full(31, 0.3)) == quantiles(values, shares)
    assert quantiles(values, shares) == pytest.approx(np.quantile(values, shares))
    assert mean_sd(values, np.full(31, 0.3)) == mean_sd(values) == (values.mean(), values.std(ddof=1))


def test_nearly_equal_weights_are_near_no_weights():
    values = np.random.default_rng(6).normal(size=40).round(1)
    weights = 1 + 1e-9 * np.arange(40)
    assert quantiles(values, (0.25, 0.5, 0.75), weights) == pytest.approx(
        np.quantile(values, [0.25, 0.5, 0.75]), abs=1e-6
    )
    assert mean_sd(values, weights) == pytest.approx(mean_sd(values), rel=1e-7)


def test_order_and_scale_of_weights_do_not_matter():
    rng = np.random.default_rng(7)
    values, weights = rng.integers(0, 6, 60).astype(float), rng.uniform(0.2, 3, 60)
    order = rng.permutation(60)
    for found in (quantiles(values[order], (0.25, 0.5), weights[order]), quantiles(values, (0.25, 0.5), 7 * weights)):
        assert found == pytest.approx(quantiles(values, (0.25, 0.5), weights), rel=1e-12)


def test_weight_of_zero_is_nobody():
    values, weights = np.array([1.0, 2.0, 4.0, 90.0]), np.array([1.0, 2.0, 1.5, 0.0])
    assert quantiles(values, (0.0, 0.5, 1.0), weights) == quantiles(values[:3], (0.0, 0.5, 1.0), weights[:3])
    assert mean_sd(values, weights) == mean_sd(values[:3], weights[:3])


def test_too_few_values():
    assert np.isnan([*mean_sd([]), *quantiles([], (0.5,))]).all()
    assert mean_sd([3.0])[0] == 3.0
    assert np.isnan(mean_sd([3.0], [2.0])[1])
    assert quantiles([3.0], (0.25, 0.75), [2.0]) == [3.0, 3.0]
