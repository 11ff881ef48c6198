"""Printed numbers as boxes: every value that rounds to what is printed, and arithmetic on such boxes."""

import itertools
import math
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import NamedTuple

SLACK = 1e-9
"""Noise of binary fractions, relative to the numbers compared; a half may have been rounded up or down."""


class Box(NamedTuple):
    """A closed interval of values."""

    low: float
    high: float

    @classmethod
    def point(cls, value: float) -> "Box":
        """Return the box of a number that is exactly known."""
        return cls(float(value), float(value))

    def meets(self, other: "Box") -> bool:
        """Tell whether two boxes share a value."""
        slack = SLACK * max(1.0, *(abs(end) for end in (*self, *other) if math.isfinite(end)))
        return self.low <= other.high + slack and other.low <= self.high + slack

    def __str__(self) -> str:
        """Return the box as it is written in a report."""
        if self.low == self.high:
            return say(self.low)
        digits = next((d for d in range(3, 9) if say(self.low, d) != say(self.high, d)), 9)
        return f"{say(self.low, digits)} to {say(self.high, digits)}"


class Number(NamedTuple):
    """A printed number.

    Attributes
    ----------
    text : str
        As printed.
    value : float
        Its value.
    box : Box
        The values that print as it.
    unit : float
        One unit of its last digit; 0 where the number is exact.
    """

    text: str
    value: float
    box: Box
    unit: float

    @property
    def exact(self) -> Fraction:
        """The printed number itself, as a fraction."""
        return Fraction(Decimal(self.text))

    @property
    def shown(self) -> str:
        """The number and its box, as they are written in a report: ``0.89 in [0.885, 0.895]``."""
        if not self.unit or self.text.startswith("p"):
            return self.text
        half = Decimal(str(self.unit)) / 2
        return f"{self.text} in [{Decimal(self.text) - half:f}, {Decimal(self.text) + half:f}]"

    @property
    def fractions(self) -> tuple[Fraction, Fraction]:
        """The ends of the box, without the noise of binary fractions."""
        half = Fraction(Decimal(str(self.unit))) / 2
        return self.exact - half, self.exact + half


def number(text: str, *, exact: bool = False) -> Number | None:
    """Read a printed number; None where there is none.

    Parameters
    ----------
    text : str
        ``0.740`` means 0.7395 to 0.7405; an empty text is no number.
    exact : bool
        A count or a threshold, which nobody rounded.

    Raises
    ------
    ValueError
        The text is no finite number.

    Examples
    --------
    >>> number("0.74").box, number("17", exact=True).box
    (Box(low=0.735, high=0.745), Box(low=17.0, high=17.0))
    """
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not value.is_finite():
        raise ValueError(text)
    if exact:
        return Number(text, float(value), Box.point(value), 0.0)
    unit = Decimal(1).scaleb(value.as_tuple().exponent)
    return Number(text, float(value), Box(float(value - unit / 2), float(value + unit / 2)), float(unit))


def p_value(text: str, operator: str) -> Number | None:
    """Read a printed p-value; ``<`` is everything below it, and no p leaves 0 to 1."""
    found = number(text)
    if found is None:
        return None
    box = Box(0.0, found.value) if operator == "<" else Box(max(0.0, found.box.low), min(1.0, found.box.high))
    return Number(("p<" if operator == "<" else "p=") + text, found.value, box, found.unit)


def over(function: Callable[..., float], *boxes: Box) -> Box:
    """Return the range of a function that is monotone in each of its arguments, from the corners of the boxes."""
    values = [function(*corner) for corner in itertools.product(*boxes)]
    return Box(min(values), max(values))


def total(boxes: list[Box]) -> Box:
    """Return the range of a sum."""
    return Box(sum(box.low for box in boxes), sum(box.high for box in boxes))


def say(value: float, digits: int = 3) -> str:
    """Return a number as a reader takes it in: three significant digits, whole numbers whole."""
    if not math.isfinite(value):
        return "infinity" if value > 0 else "-infinity"
    if value == round(value) and abs(value) < 1e6:
        return f"{value:.0f}"
    if 10**digits <= abs(value) < 1e6:
        return f"{value:.0f}"
    return f"{value:#.{digits}g}".rstrip(".")
