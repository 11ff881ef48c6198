import doctest
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from recohort.audit import box as module
from recohort.audit import relations
from recohort.audit.box import Box, number, over, p_value, say


def test_examples():
    assert doctest.testmod(module).failed == 0
    assert doctest.testmod(relations).failed == 0


@pytest.mark.parametrize("text", ["0.74", "0.740", "-7.5", "62", "58.896", "0", "1e-5"])
def test_the_box_is_what_rounds_to_the_text_whichever_way_a_half_goes(text):
    low, high = (Decimal(float(end)) for end in number(text).box)
    unit = Decimal(1).scaleb(Decimal(text).as_tuple().exponent)
    inside = Decimal(text) + unit * Decimal("0.4999")
    outside = Decimal(text) + unit * Decimal("0.5001")
    assert inside.quantize(unit) == Decimal(text) != outside.quantize(unit)
    assert float(low) <= float(inside) <= float(high) < float(outside)
    half = Decimal(text) + unit / 2
    assert Decimal(text) in {half.quantize(unit, way) for way in (ROUND_HALF_UP, ROUND_HALF_DOWN)}
    assert float(half) == float(high)


def test_no_number_and_wrong_numbers():
    assert number("") is None
    for text in ("2020-07", "nan", "inf", "1,5", "."):
        with pytest.raises(ValueError):
            number(text)


def test_p_values_stay_between_0_and_1():
    assert p_value("0.001", "<").box == Box(0.0, 0.001)
    assert p_value("0.000", "=").box == Box(0.0, 0.0005)
    assert p_value("1.00", "=").box == Box(0.995, 1.0)
    assert p_value("", "") is None


def test_the_range_over_corners_holds_every_value_between():
    boxes = Box(0.885, 0.895), Box(0.4, 0.6)
    found = over(lambda a, b: a / b, *boxes)
    inside = [a / b for a in np.linspace(*boxes[0], 50) for b in np.linspace(*boxes[1], 50)]
    assert found.low == min(inside)
    assert found.high == max(inside)


def test_boxes_that_touch_meet():
    assert Box(0.885, 0.895).meets(Box(0.895 + 1e-12, 1))
    assert not Box(0.885, 0.895).meets(Box(0.8951, 1))


def test_numbers_are_said_as_they_are_read():
    assert [say(x) for x in (0.1849, 1.503, 17, 405.99, 20000, 0.000014, -1.0)] == [
        "0.185",
        "1.50",
        "17",
        "406",
        "20000",
        "1.40e-05",
        "-1",
    ]
    assert str(Box(58.8955, 58.8965)) == "58.895 to 58.897"  # digits until the ends differ
    assert number("0.89").shown == "0.89 in [0.885, 0.895]"
