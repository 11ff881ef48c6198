"""Numbers as a journal prints them: the one place where a result is rounded."""

import math
from decimal import ROUND_HALF_UP, Decimal

from numpy.typing import ArrayLike

from recohort.tables import describe

MISSING = "–"


def number(value: float | None, *, digits: int) -> str:
    """Return `value` with a fixed number of decimals, ties away from zero, a true minus, never "−0".

    Examples
    --------
    >>> number(0.125, digits=2), number(-0.125, digits=2), number(-0.001, digits=2)
    ('0.13', '−0.13', '0.00')
    """
    if _missing(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return f"{rounded if rounded else abs(rounded)}".replace("-", "−")


def count(value: float | str | None) -> str:
    """Return a count; a weighted count keeps one decimal, the word of one that is withheld stays.

    Examples
    --------
    >>> count(30.0), count(30.25), count("<5")
    ('30', '30.3', '<5')
    """
    if isinstance(value, str):
        return value
    return number(value, digits=0 if _missing(value) or float(value).is_integer() else 1)


def percent(fraction: float | None, *, digits: int) -> str:
    """Return a fraction as a percentage without its sign.

    Examples
    --------
    >>> percent(0.833, digits=1)
    '83.3'
    """
    return MISSING if _missing(fraction) else number(float(Decimal(repr(float(fraction))) * 100), digits=digits)


def limits(low: float | None, high: float | None, *, digits: int) -> str:
    """Return an interval; an en dash joins its limits, "to" where one is negative or unbounded.

    Examples
    --------
    >>> limits(1.239, 1.823, digits=2), limits(-0.755, 0.004, digits=2)
    ('1.24–1.82', '−0.76 to 0.00')
    """
    texts = [number(low, digits=digits), number(high, digits=digits)]
    if texts == [MISSING, MISSING]:
        return MISSING
    return (" to " if MISSING in texts or any(text.startswith("−") for text in texts) else "–").join(texts)


def estimate(value: float | None, low: float | None, high: float | None, *, digits: int) -> str:
    """Return an estimate with its interval in parentheses.

    Examples
    --------
    >>> estimate(1.503, 1.239, 1.823, digits=2)
    '1.50 (1.24–1.82)'
    """
    if _missing(value):
        return MISSING
    text = number(value, digits=digits)
    return text if _missing(low) and _missing(high) else f"{text} ({limits(low, high, digits=digits)})"


def percent_estimate(value: float | None, low: float | None, high: float | None, *, digits: int) -> str:
    """Return a fraction with its interval as percentages.

    Examples
    --------
    >>> percent_estimate(0.868, 0.727, 0.942, digits=1)
    '86.8 (72.7–94.2)'
    """
    return estimate(*(None if _missing(part) else 100 * part for part in (value, low, high)), digits=digits)


def p_value(p: float | None, *, digits: int) -> str:
    """Return a p-value; below what its decimals can show it reads "<0.001", above ">0.999".

    Examples
    --------
    >>> p_value(3.5e-5, digits=3), p_value(0.0474, digits=3), p_value(1.0, digits=3)
    ('<0.001', '0.047', '>0.999')
    """
    if _missing(p):
        return MISSING
    smallest = 10.0**-digits
    if p < smallest:
        return f"<{number(smallest, digits=digits)}"
    if p > 1 - smallest:
        return f">{number(1 - smallest, digits=digits)}"
    return number(p, digits=digits)


def p_phrase(p: float | None, *, digits: int) -> str:
    """Return a p-value as it stands in a sentence: ``p<0.001``, ``p=0.047``."""
    text = p_value(p, digits=digits)
    return f"p{text}" if text[0] in "<>" else f"p={text}"


def mean_sd(values: ArrayLike, *, digits: int, weights: ArrayLike | None = None) -> str:
    """Return the mean and standard deviation (n-1) of known values: ``45.2 (11.3)``."""
    mean, sd = describe.mean_sd(values, weights)
    return MISSING if _missing(mean) else f"{number(mean, digits=digits)} ({number(sd, digits=digits)})"


def median_iqr(values: ArrayLike, *, digits: int, weights: ArrayLike | None = None) -> str:
    """Return the median and quartiles (linear interpolation) of known values: ``0.45 [0.30–0.71]``."""
    return _median(values, weights, (0.25, 0.75), digits)


def median_range(values: ArrayLike, *, digits: int, weights: ArrayLike | None = None) -> str:
    """Return the median, the least and the greatest of known values: ``0.45 [0.02–3.10]``."""
    return _median(values, weights, (0.0, 1.0), digits)


def _median(values: ArrayLike, weights: ArrayLike | None, ends: tuple[float, float], digits: int) -> str:
    low, middle, high = describe.quantiles(values, (ends[0], 0.5, ends[1]), weights)
    return MISSING if _missing(middle) else f"{number(middle, digits=digits)} [{limits(low, high, digits=digits)}]"


def n_percent(n: float | str, total: float | str, *, digits: int, count_digits: int = 0) -> str:
    """Return a count with its percentage of `total`: ``12 (40.0)``; a weighted count has decimals.

    Without a percentage where either is withheld.
    """
    if isinstance(n, str) or isinstance(total, str):
        return n if isinstance(n, str) else number(n, digits=count_digits)
    return f"{number(n, digits=count_digits)} ({percent(n / total, digits=digits)})" if total else MISSING


def _missing(value: object) -> bool:
    return value is None or value != value
