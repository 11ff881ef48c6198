"""Words of the text against the numbers: lower, higher, the same, raises, lowers."""

from collections.abc import Iterator

from recohort.audit.box import say
from recohort.audit.finding import UNCHECKED, Finding, verdict
from recohort.audit.paper import RATIOS, Row


def lower_than(row: Row, *, other: Row) -> Iterator[Finding]:
    """Check that a number which is called lower is lower."""
    yield from _ordered(row, other, "lower", -1)


def higher_than(row: Row, *, other: Row) -> Iterator[Finding]:
    """Check that a number which is called higher is higher."""
    yield from _ordered(row, other, "higher", 1)


def raises(row: Row) -> Iterator[Finding]:
    """Check that an effect which is said to raise something is above none."""
    yield from _effect(row, "raise", 1)


def lowers(row: Row) -> Iterator[Finding]:
    """Check that an effect which is said to lower something is below none."""
    yield from _effect(row, "lower", -1)


def same_as(row: Row, *, other: Row) -> Iterator[Finding]:
    """Check that a number printed twice is the same both times, as far as both are printed."""
    items = f"{row.item} {other.item}"
    pairs = [
        ("value", row.value, other.value),
        ("lower limit", row.low, other.low),
        ("upper limit", row.high, other.high),
    ]
    pairs += [("SD", row.sd, other.sd), ("p", row.p, other.p)]
    both = [(name, a, b) for name, a, b in pairs if a and b]
    if not both:
        yield Finding("repeats", items, UNCHECKED, "The two rows print nothing in common.")
    for name, a, b in both:
        holds = a.box.meets(b.box)
        sentence = f"The {name} is {a.text} here and {b.text} in {other.item}."
        remark = "" if holds or name != "value" else _lost_minus(a.text, b.text)
        yield Finding(
            "repeats", items, verdict(holds), sentence, remark, f"{a.text}, {b.text}", f"{a.shown}; {b.shown}"
        )


def _ordered(row: Row, other: Row, word: str, sign: int) -> Iterator[Finding]:
    items = f"{row.item} {other.item}"
    if row.value is None or other.value is None:
        yield Finding("direction", items, UNCHECKED, "One of the two numbers is not printed.")
        return
    most = max(sign * (a - b) for a in row.value.box for b in other.value.box)
    holds = most > 0
    sentence = f"{row.value.text} {'is' if holds else 'is not'} {word} than {other.value.text}, as the text says."
    if not holds:
        sentence = f"The text says {word}, but {row.value.text} is not {word} than {other.value.text}."
    remark = "" if holds else _glyph(row.value.text, other.value.text, sign)
    difference = row.value.value - other.value.value
    arithmetic = f"{row.value.text} - {_bracketed(other.value.text)} = {say(difference, 4)}"
    yield Finding(
        "direction", items, verdict(holds), sentence, remark, arithmetic, f"{row.value.shown}; {other.value.shown}"
    )


def _effect(row: Row, word: str, sign: int) -> Iterator[Finding]:
    if row.value is None:
        yield Finding("direction", row.item, UNCHECKED, "The effect is not printed.")
        return
    none = 1 if row.measure in RATIOS else 0
    holds = max(sign * (end - none) for end in row.value.box) > 0
    side = "above" if row.value.value > none else "not above"
    sentence = f"The text says that it {word}s; {row.value.text} is {side} {none}."
    yield Finding(
        "direction", row.item, verdict(holds), sentence, "", f"{row.value.text} against {none}", row.value.shown
    )


def _glyph(text: str, other: str, sign: int) -> str:
    """Say whether a minus sign that was lost, or set as the digit 2, would put the words right."""
    for lost, how in ((_without_two, "If the leading 2 stands for a minus sign"), (_negated, "With minus signs")):
        a, b = lost(text), lost(other)
        if a and b and sign * (float(a) - float(b)) > 0:
            return f"{how} ({a} against {b}) the words hold, and the difference has the other sign."
    return ""


def _lost_minus(text: str, other: str) -> str:
    if _without_two(text) == other or _without_two(other) == text:
        return "A minus sign was set as the digit 2."
    return "The sign was lost." if _negated(text) == other or _negated(other) == text else ""


def _without_two(text: str) -> str:
    return f"-{text[1:]}" if len(text) > 1 and text[0] == "2" and text[1].isdigit() else ""


def _negated(text: str) -> str:
    return f"-{text}" if text[0] != "-" else ""


def _bracketed(text: str) -> str:
    return f"({text})" if text.startswith("-") else text
