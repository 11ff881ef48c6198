"""GRIM and GRIMMER against all that n whole numbers can be, by enumeration."""

import itertools

import numpy as np
import pytest
from audited_rows import audited, verdict


def mean(**cells):
    return {"measure": "mean", "relation": "integers"} | cells


@pytest.mark.parametrize(
    ("value", "n", "expected"),
    [
        ("5.27", "43", "inconsistent"),  # 226/43 = 5.256, 227/43 = 5.279
        ("5.19", "28", "inconsistent"),  # Brown and Heathers 2017
        ("5.18", "28", "consistent"),
        ("3.45", "20", "consistent"),
        ("3.45", "200", "cannot be checked"),
    ],
)
def test_grim_of_means(value, n, expected):
    assert verdict("grim", mean(value=value, n=n)) == expected


def test_grim_of_a_questionnaire_counts_its_items():
    assert verdict("grim", mean(value="2.33", n="7")) == "inconsistent"
    assert verdict("grim", mean(value="2.33", n="7", relation="integers of 3 items")) == "consistent"  # 49/21


@pytest.mark.parametrize("n", [3, 7, 12, 29, 61])
def test_grim_of_shares_is_what_enumeration_says(n):
    possible = {f"{100 * x / n:.1f}" for x in range(n + 1)}
    for tenth in range(0, 1001, 7):
        text = f"{tenth / 10:.1f}"
        # a half may round either way, so what stands exactly between two prints may be printed as either
        either = {f"{100 * x / n + way:.1f}" for x in range(n + 1) for way in (-1e-9, 1e-9)}
        expected = "consistent" if text in possible | either else "inconsistent"
        assert verdict("grim", {"measure": "percentage", "value": text, "n": str(n), "unit": "%"}) == expected, text


def test_grim_with_the_numerator_looks_at_it_alone():
    row = {"measure": "percentage", "value": "57", "n": "60", "unit": "%"}
    assert verdict("grim", row | {"count": "34"}) == "consistent"
    assert verdict("grim", row | {"count": "35"}) == "inconsistent"


@pytest.mark.parametrize("n", [2, 3, 5, 6])
def test_grimmer_never_objects_to_whole_numbers(n):
    for values in itertools.combinations_with_replacement(range(-2, 6), n):
        text = {"value": f"{np.mean(values):.2f}", "sd": f"{np.std(values, ddof=1):.2f}", "n": str(n)}
        assert {finding.verdict for finding in audited(mean(**text))} == {"consistent"}, values


def test_grimmer_objects_to_most_of_what_five_whole_numbers_cannot_be():
    """By enumeration, of every SD from 0 to 3 beside a mean of 2.40; none that can be is objected to."""
    possible = {
        f"{np.std(values, ddof=1):.2f}"
        for values in itertools.combinations_with_replacement(range(-8, 13), 5)
        if sum(values) == 12
    }
    wrong = caught = 0
    for hundredth in range(301):
        sd = f"{hundredth / 100:.2f}"
        found = verdict("grimmer", mean(value="2.40", sd=sd, n="5"))
        if sd in possible:
            assert found == "consistent", sd
        else:
            wrong += 1
            caught += found == "inconsistent"
    assert wrong > 200
    assert caught == wrong  # with five numbers the sums of squares of one parity are all there


def test_a_sample_of_large_numbers_keeps_its_digits():
    values = [1000000, 1000001, 1000003]
    text = {"value": f"{np.mean(values):.2f}", "sd": f"{np.std(values, ddof=1):.2f}", "n": "3"}
    assert verdict("grimmer", mean(**text)) == "consistent"
