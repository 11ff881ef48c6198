"""A cohort whose lesions are mostly negative is spoken of; noise around zero in a few is not."""

import pandas as pd
import pytest

from recohort.metrics.polarity import polarity_warnings


def metrics(values):
    other = [{"metric": "lesion_volume", "value": 1.0} for _ in values]
    return pd.DataFrame(
        [{"metric": "lesion_median", "value": value} for value in values] + other, columns=["metric", "value"]
    )


@pytest.mark.parametrize("values", [[0.5, 0.4, -0.1], [0.5, -0.4], [], [float("nan"), 0.1]])
def test_a_plausible_sign_is_not_spoken_of(values):
    assert polarity_warnings(metrics(values), metric="lesion_median").empty


def test_a_reversed_sign_is():
    said = polarity_warnings(metrics([-0.5, -0.4, 0.1]), metric="lesion_median")
    assert said.code.tolist() == ["polarity_doubtful"]
    assert said.message[0].startswith("2 of 3 lesions have a negative lesion_median")
