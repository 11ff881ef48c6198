"""Numbers that must add up: totals, parts, shares of a whole, and what follows from others by one formula."""

import itertools
import math
from collections.abc import Callable, Iterator

from scipy.special import ndtr

from recohort.audit.box import Box, over, say, total
from recohort.audit.finding import UNCHECKED, Finding, verdict
from recohort.audit.integers import numerators
from recohort.audit.paper import SHARES, Row

FRACTIONS = (*SHARES, "youden_index")
"""What a formula gives as a fraction and a paper may print in percent."""


def sum_of(row: Row, *, parts: list[Row]) -> Iterator[Finding]:
    """Check that a number is the sum of parts that exclude each other."""
    items = _items(row, parts)
    boxes = [_amount(part) for part in parts]
    whole = _amount(row)
    if whole is None or None in boxes:
        yield Finding("sums", items, UNCHECKED, "One of the numbers is not printed.")
        return
    found = total(boxes)
    holds = found.meets(whole)
    added = f"{' + '.join(_text(part) for part in parts)} = {_sum_text(parts)}"
    counts = found.low == found.high and whole.low == whole.high
    sentence = (
        f"The parts add up to {row.quantity}, {_text(row)}."
        if holds
        else f"{added}, but {row.quantity} is {_text(row)}."
    )
    remark = ""
    if not holds and counts and found.low > whole.low:
        excess = int(found.low - whole.low)
        remark = f"The parts count {excess} too many: if all are right, they overlap, and the paper does not say so."
    yield Finding("sums", items, verdict(holds), sentence, remark, f"{added}, printed {_text(row)}", _box(found, whole))


def any_of(row: Row, *, parts: list[Row]) -> Iterator[Finding]:
    """Check that a number can be of those who have any of several features, which may overlap."""
    items = _items(row, parts)
    amounts = [_amount(part) for part in parts]
    whole = _amount(row)
    if whole is None or None in amounts:
        yield Finding("sums", items, UNCHECKED, "One of the numbers is not printed.")
        return
    least, most = max(box.low for box in amounts), total(amounts).high
    holds = Box(least, most).meets(whole)
    sentence = f"Those with any of them are {say(least)} to {say(most)}; printed is {_text(row)}."
    overlap = total(amounts).low - whole.high
    remark = f"The parts overlap by {say(overlap)}." if holds and overlap > 0 else ""
    yield Finding(
        "sums", items, verdict(holds), sentence, remark, f"sum {_sum_text(parts)}", _box(Box(least, most), whole)
    )


def part_of(row: Row, *, whole: Row) -> Iterator[Finding]:
    """Check that a part is no larger than the whole, and that its n is the whole's count."""
    items = _items(row, [whole])
    most = whole.events
    if most is None:
        yield Finding("sums", items, UNCHECKED, f"The count of {whole.item} is not printed.")
        return
    if row.events is None:
        least = row.n if row.measure != "count" else None
    else:
        least = row.events
    if row.n is not None and row.measure in SHARES and row.n != most:
        sentence = f"{row.item} is a share of {row.n}, but {whole.quantity} counts {most}."
        yield Finding("sums", items, verdict(False), sentence, "", f"{row.n} against {most}")
        return
    if least is None:
        yield Finding("sums", items, UNCHECKED, f"The count of {row.item} is not printed.")
        return
    holds = least <= most
    sentence = f"{least} {'are' if holds else 'cannot be'} part of {most}, {whole.quantity}."
    yield Finding("sums", items, verdict(holds), sentence, "", f"{least} <= {most}" if holds else f"{least} > {most}")


def plus_equals(row: Row, *, other: Row, parts: list[Row]) -> Iterator[Finding]:
    """Check that two groupings of the same patients count as many: this row and another against several."""
    rows = [row, other, *parts]
    items = " ".join(each.item for each in rows)
    counts = [_counts(each) for each in rows]
    if None in counts:
        yield Finding("sums", items, UNCHECKED, "A count, or the n of a share, is not printed.")
        return
    left, right = _totals(counts[:2]), _totals(counts[2:])
    common = sorted(left & right)
    shown = [
        f"{min(c)} to {max(c)} of {r.n}" if len(c) > 1 else f"{min(c)}" if c else "none"
        for c, r in zip(counts, rows, strict=True)
    ]
    arithmetic = f"{shown[0]} and {shown[1]}: {_span(left)}; {' and '.join(shown[2:])}: {_span(right)}"
    sentence = (
        f"Both groupings can hold {' or '.join(map(str, common))} patients and no other number."
        if common
        else f"One grouping holds {_span(left)} patients, the other {_span(right)}."
    )
    yield Finding("sums", items, verdict(bool(common)), sentence, "", arithmetic)


def _derived(
    formula: Callable[..., float], words: str, row: Row, sources: list[Row], boxes: list[Box]
) -> Iterator[Finding]:
    items = _items(row, sources)
    if row.value is None or None in boxes:
        yield Finding("derived", items, UNCHECKED, "One of the numbers is not printed.")
        return
    scale = row.scale if row.measure in FRACTIONS else 1
    middle = [(box.low + box.high) / 2 for box in boxes]
    try:
        found, point = over(formula, *boxes), formula(*middle)
    except (ZeroDivisionError, ValueError, OverflowError):
        yield Finding("derived", items, UNCHECKED, "The formula has no value within the printed digits.")
        return
    holds = found.meets(Box(row.value.box.low / scale, row.value.box.high / scale))
    shown = Box(found.low * scale, found.high * scale)
    sentence = f"{words} is {shown}; printed is {row.value.text}."
    arithmetic = f"{words} = {say(scale * point, 5)}"
    yield Finding("derived", items, verdict(holds), sentence, "", arithmetic, f"{shown}, {row.value.shown}")


def exp_of(row: Row, *, other: Row) -> Iterator[Finding]:
    """Check a ratio against its coefficient."""
    yield from _derived(math.exp, f"exp({_text(other)})", row, [other], [_amount(other)])


def quotient_of(row: Row, *, above: Row, below: Row) -> Iterator[Finding]:
    """Check one number divided by another."""
    words = f"{_text(above)} / {_text(below)}"
    boxes = [_amount(above), _amount(below)]
    if boxes[1] is not None and boxes[1].low <= 0 <= boxes[1].high:
        yield Finding("derived", _items(row, [above, below]), UNCHECKED, f"{_text(below)} may be 0 before rounding.")
        return
    yield from _derived(lambda a, b: a / b, words, row, [above, below], boxes)


def difference_of(row: Row, *, first: Row, second: Row) -> Iterator[Finding]:
    """Check one number less another."""
    words = f"{_text(first)} - {_text(second)}"
    yield from _derived(lambda a, b: a - b, words, row, [first, second], [_amount(first), _amount(second)])


def share_of(row: Row, *, part: Row, parts: list[Row]) -> Iterator[Finding]:
    """Check a share against a count among counts that make up the whole."""
    rest = [each for each in parts if each.item != part.item]
    boxes = [_amount(part), *(_amount(each) for each in rest)]
    words = f"{_text(part)} / ({' + '.join(_text(each) for each in parts)})"
    yield from _derived(lambda a, *more: a / (a + sum(more)), words, row, [part, *rest], boxes)


def youden_of(row: Row, *, sensitivity: Row, specificity: Row) -> Iterator[Finding]:
    """Check Youden's index against sensitivity and specificity."""
    yield from _accuracy(lambda a, b: a + b - 1, "{} + {} - 1", row, sensitivity, specificity)


def positive_likelihood_ratio_of(row: Row, *, sensitivity: Row, specificity: Row) -> Iterator[Finding]:
    """Check a positive likelihood ratio against sensitivity and specificity."""
    yield from _accuracy(lambda a, b: a / (1 - b), "{}/(1 - {})", row, sensitivity, specificity)


def negative_likelihood_ratio_of(row: Row, *, sensitivity: Row, specificity: Row) -> Iterator[Finding]:
    """Check a negative likelihood ratio against sensitivity and specificity."""
    yield from _accuracy(lambda a, b: (1 - a) / b, "(1 - {})/{}", row, sensitivity, specificity)


def p_of(row: Row, *, statistic: Row) -> Iterator[Finding]:
    """Check a p-value against its z statistic, two-sided."""
    items = _items(row, [statistic])
    if row.p is None or statistic.value is None:
        yield Finding("derived", items, UNCHECKED, "The p-value or its statistic is not printed.")
        return
    box = statistic.value.box
    ends = [float(2 * ndtr(-abs(end))) for end in box]
    found = Box(min(ends), 1.0 if box.low <= 0 <= box.high else max(ends))
    sentence = f"z = {statistic.value.text} gives p = {found}; printed is {row.p.text}."
    arithmetic = (
        f"2 x (1 - Phi({say(abs(statistic.value.value), 4)})) = {say(float(2 * ndtr(-abs(statistic.value.value))))}"
    )
    yield Finding("derived", items, verdict(found.meets(row.p.box)), sentence, "", arithmetic, f"{found}, {row.p.text}")


def _accuracy(formula: Callable, words: str, row: Row, sensitivity: Row, specificity: Row) -> Iterator[Finding]:
    both = [sensitivity, specificity]
    boxes = [_share(each) for each in both]
    yield from _derived(
        formula, words.format(*(say((b.low + b.high) / 2, 4) if b else "" for b in boxes)), row, both, boxes
    )


def _share(row: Row) -> Box | None:
    """Return a share without rounding where its counts are printed."""
    if row.count is not None and row.n:
        return Box.point(row.count / row.n)
    return row.share if row.value else None


def _amount(row: Row) -> Box | None:
    if row.measure in SHARES and row.count is not None:
        return Box.point(row.count)
    return row.value.box if row.value else None


def _text(row: Row) -> str:
    return (
        str(row.count)
        if row.measure in SHARES and row.count is not None
        else row.value.text
        if row.value
        else "nothing"
    )


def _counts(row: Row) -> set[int] | None:
    if row.events is not None:
        return {row.events}
    return set(numerators(row)) if row.measure in SHARES and row.value and row.n else None


def _totals(counts: list[set[int]]) -> set[int]:
    return {sum(each) for each in itertools.product(*counts)}


def _span(counts: set[int]) -> str:
    if not counts:
        return "no possible number of"
    return f"{min(counts)} to {max(counts)}" if len(counts) > 1 else str(min(counts))


def _sum_text(parts: list[Row]) -> str:
    boxes = [_amount(part) for part in parts]
    return say(sum((box.low + box.high) / 2 for box in boxes), 6)


def _box(found: Box, printed: Box) -> str:
    return "exact" if found.low == found.high and printed.low == printed.high else f"{found}, printed {printed}"


def _items(row: Row, others: list[Row]) -> str:
    return " ".join([row.item, *(other.item for other in others)])
