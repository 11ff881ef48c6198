import doctest

import numpy as np
import pandas as pd
import pytest

from recohort.core import quantities, references
from recohort.tables import format as fmt
from recohort.tables import words


@pytest.mark.parametrize("module", [fmt, words, references, quantities])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.125, 2, "0.13"),
        (-0.125, 2, "−0.13"),
        (2.675, 2, "2.68"),
        (0.5, 0, "1"),
        (1.5, 0, "2"),
        (2.5, 0, "3"),
        (-0.004, 2, "0.00"),
        (0.0, 1, "0.0"),
        (1e-7, 3, "0.000"),
        (1234567.891, 1, "1234567.9"),
        (np.float64(58.896), 2, "58.90"),
        (None, 2, "–"),
        (float("nan"), 2, "–"),
        (float("inf"), 2, "∞"),
    ],
)
def test_number(value, digits, text):
    assert fmt.number(value, digits=digits) == text


@pytest.mark.parametrize(
    ("p", "digits", "text"),
    [
        (0.001, 3, "0.001"),
        (0.00099, 3, "<0.001"),
        (0.0, 3, "<0.001"),
        (0.04999, 3, "0.050"),
        (0.9995, 3, ">0.999"),
        (0.0049, 2, "<0.01"),
        (None, 3, "–"),
    ],
)
def test_p_value(p, digits, text):
    assert fmt.p_value(p, digits=digits) == text


def test_published_hazard_ratio_as_printed():
    assert fmt.estimate(58.896, 8.544, 405.989, digits=3) == "58.896 (8.544–405.989)"


def test_wilson_interval_as_percentages():
    assert fmt.percent_estimate(33 / 38, 0.7267, 0.9425, digits=1) == "86.8 (72.7–94.3)"


def test_fraction_has_no_binary_noise():
    assert fmt.percent(0.285, digits=0) == "29"


def test_estimate_without_interval():
    assert fmt.estimate(1.5, None, None, digits=1) == "1.5"


def test_unbounded_interval():
    assert fmt.estimate(3.0, 1.2, float("inf"), digits=1) == "3.0 (1.2–∞)"


def test_spreads():
    values = pd.Series([1.0, 2.0, 3.0, 4.0])
    assert fmt.mean_sd(values, digits=2) == "2.50 (1.29)"
    assert fmt.median_iqr(values, digits=2) == "2.50 [1.75–3.25]"
    assert fmt.n_percent(17, 20, digits=1) == "17 (85.0)"
    assert fmt.n_percent(0, 0, digits=1) == "–"


def test_phrases():
    assert fmt.p_phrase(0.0001, digits=3) == "p<0.001"
    assert fmt.p_phrase(0.03, digits=2) == "p=0.03"
