"""Two means with their SDs, and the p-value of their comparison: which t test can have given it.

Student W, Biometrika 1908;6:1-25; Welch BL, Biometrika 1947;34:28-35 (doi 10.1093/biomet/34.1-2.28).
"""

import itertools
import math
from collections.abc import Iterator

from scipy.special import stdtr, stdtrit

from recohort.audit.box import Box, Number, say
from recohort.audit.finding import UNCHECKED, Finding, verdict
from recohort.audit.paper import Row

CHECK = "paired_or_unpaired"
ANY = Box(-1.0, 1.0)


def compared_with(row: Row, *, other: Row, p: Row | None = None) -> Iterator[Finding]:
    """Say which t test, of pairs or of two groups, can have given the p-value of a comparison."""
    yield _compared(row, other, p, paired=True, unpaired=True)


def t_test_against(row: Row, *, other: Row, p: Row | None = None) -> Iterator[Finding]:
    """Check the p-value of a t test of two groups, Student's or Welch's."""
    yield _compared(row, other, p, paired=False, unpaired=True)


def paired_t_test_against(row: Row, *, other: Row, p: Row | None = None) -> Iterator[Finding]:
    """Check that the p-value of a paired t test leaves a correlation that can be."""
    yield _compared(row, other, p, paired=True, unpaired=False)


def _compared(row: Row, other: Row, p: Row | None, *, paired: bool, unpaired: bool) -> Finding:
    """Judge a comparison by the tests that it may have been: `paired`, `unpaired`, or both if the paper is silent."""
    items = " ".join([row.item, other.item, *([p.item] if p else [])])
    printed = (p or row).p
    if not (row.value and other.value and printed and row.n and other.n and row.n > 1 and other.n > 1):
        return Finding(CHECK, items, UNCHECKED, "A mean, an n or the p-value is not printed.")
    difference = Box(row.value.box.low - other.value.box.high, row.value.box.high - other.value.box.low)
    point = row.value.value - other.value.value
    if not (row.sd and other.sd):
        return _implied_sd(row, other, items, printed, point, difference)
    groups = _two_groups(row, other, difference)
    pairs = _correlation(row, other, difference, printed.box) if row.n == other.n else None
    as_groups = groups.meets(printed.box)
    as_pairs = pairs is not None and pairs.meets(Box(-1, 1))
    both = _p_two_groups(point, row.sd.value, other.sd.value, row.n, other.n)
    says = [f"a t test of two groups gives p = {say(min(both, key=lambda x: abs(x - printed.value)), 2)} ({groups})"]
    if paired and pairs is not None:
        says.append(f"a paired t test {_needs(row, other, point, printed, pairs) if as_pairs else 'cannot give it'}")
    means = f"{row.value.text} ({row.sd.text}) against {other.value.text} ({other.sd.text})"
    if as_pairs and not as_groups:
        remark = "The p-value is that of pairs." if paired else "A paired test would fit."
    else:
        remark = "" if as_groups else "A rank test would give another p-value."
    arithmetic = f"difference {say(point)}, n {row.n} and {other.n}"
    if paired and as_pairs and 0 < printed.value < 1:
        t = _t(printed.value, row.n)
        arithmetic += f"; paired: t = {say(t)}, SD of the differences {say(abs(point) * math.sqrt(row.n) / t)}"
    holds = (unpaired and as_groups) or (paired and as_pairs)
    sentence = f"For {means}, {printed.text}: {'; '.join(says)}."
    return Finding(
        CHECK, items, verdict(holds), sentence, remark, arithmetic, f"difference in {difference}, {printed.text}"
    )


def _needs(row: Row, other: Row, point: float, printed: Number, pairs: Box) -> str:
    if pairs == ANY or not 0 < printed.value < 1 or not row.sd.value * other.sd.value:
        return "can give it"
    return f"needs a correlation of {say(_r(point, printed.value, row.sd.value, other.sd.value, row.n), 2)} ({pairs})"


def _p_two_groups(difference: float, s1: float, s2: float, n1: int, n2: int) -> tuple[float, float]:
    """Return Student's and Welch's two-sided p."""
    pooled = ((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2)
    v1, v2 = s1**2 / n1, s2**2 / n2
    if pooled == 0:
        return (1.0, 1.0) if difference == 0 else (0.0, 0.0)
    freedom = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
    student = 2 * stdtr(n1 + n2 - 2, -abs(difference) / math.sqrt(pooled * (1 / n1 + 1 / n2)))
    welch = 2 * stdtr(freedom, -abs(difference) / math.sqrt(v1 + v2))
    return float(student), float(welch)


def _two_groups(row: Row, other: Row, difference: Box) -> Box:
    distances = [abs(end) for end in difference]
    if difference.low <= 0 <= difference.high:
        distances.append(0.0)
    corners = itertools.product((min(distances), max(distances)), row.sd.box, other.sd.box)
    found = [p for d, s1, s2 in corners for p in _p_two_groups(d, max(s1, 0.0), max(s2, 0.0), row.n, other.n)]
    return Box(min(found), max(found))


def _correlation(row: Row, other: Row, difference: Box, p: Box) -> Box:
    """Return the correlations that would give the p-value; `ANY` where the difference may be 0.

    The least correlation may lie between the corners, where s1^2 = s2^2 - Var(d), or the other way round.
    """
    if difference.low <= 0 <= difference.high:
        return ANY
    tails = Box(max(p.low, 1e-300), min(p.high, 1 - 1e-12))
    first, second = (Box(max(each.sd.box.low, 1e-12), each.sd.box.high) for each in (row, other))
    found = []
    for d, q in itertools.product(difference, tails):
        variance = row.n * (d / _t(q, row.n)) ** 2
        pairs = list(itertools.product(first, second))
        pairs += [(_within(math.sqrt(max(0.0, s**2 - variance)), first), s) for s in second]
        pairs += [(s, _within(math.sqrt(max(0.0, s**2 - variance)), second)) for s in first]
        found += [_r(d, q, s1, s2, row.n) for s1, s2 in pairs]
    return Box(min(found), max(found))


def _within(value: float, box: Box) -> float:
    return min(max(value, box.low), box.high)


def _t(p: float, n: int) -> float:
    """Return the t of n pairs whose two-sided p this is."""
    return abs(float(stdtrit(n - 1, p / 2)))


def _r(difference: float, p: float, s1: float, s2: float, n: int) -> float:
    """Return the correlation at which a paired t test of n gives p: Var(d) = s1^2 + s2^2 - 2 r s1 s2."""
    return (s1**2 + s2**2 - n * (difference / _t(p, n)) ** 2) / (2 * s1 * s2)


def _implied_sd(row: Row, other: Row, items: str, printed: Number, point: float, difference: Box) -> Finding:
    t = abs(float(stdtrit(row.n + other.n - 2, max(printed.value, 1e-300) / 2)))
    if not (t > 0 and point):
        return Finding(CHECK, items, UNCHECKED, "No SD is printed.")
    size = t * math.sqrt(1 / row.n + 1 / other.n)
    bound = printed.text.startswith("p<")
    if bound:
        point = math.copysign(max(abs(end) for end in difference), point)
    most, least = ("at most ", "at least ") if bound else ("", "")
    sentence = (
        f"No SD is printed; {printed.text} of a t test of two groups implies {most}{say(abs(point) / size)}, "
        f"a standardised difference of {least}{say(size, 2)}."
    )
    return Finding(
        CHECK, items, UNCHECKED, sentence, "", f"t = {say(t)}, difference {say(point)}, n {row.n} and {other.n}"
    )
