"""Several tests at once: printed adjusted p-values, and what adjustment would make of those printed raw.

Bonferroni; Holm S, Scand J Stat 1979;6:65-70; Benjamini Y, Hochberg Y, J R Stat Soc B 1995;57:289-300
(doi 10.1111/j.2517-6161.1995.tb02031.x). Each is monotone in every p, so a box of p-values gives a box.
"""

from collections.abc import Callable, Iterator

from recohort.audit.box import Box, say
from recohort.audit.finding import CONSISTENT, UNCHECKED, Finding, verdict
from recohort.audit.intervals import p_implied
from recohort.audit.paper import DIFFERENCES, RATIOS, Row, count_of

ALPHA = 0.05


def holm(p: list[float]) -> list[float]:
    """Return Holm's adjusted p-values, in the order given."""
    k, found, largest = len(p), [0.0] * len(p), 0.0
    for rank, place in enumerate(sorted(range(k), key=p.__getitem__)):
        largest = max(largest, min(1.0, (k - rank) * p[place]))
        found[place] = largest
    return found


def benjamini_hochberg(p: list[float]) -> list[float]:
    """Return Benjamini and Hochberg's adjusted p-values, in the order given."""
    k, found, smallest = len(p), [0.0] * len(p), 1.0
    for rank, place in enumerate(sorted(range(k), key=p.__getitem__, reverse=True)):
        smallest = min(smallest, k * p[place] / (k - rank))
        found[place] = smallest
    return found


def bonferroni_of(row: Row, *, raw: Row, k: float | Row) -> Iterator[Finding]:
    """Check a p-value that is said to be k times another."""
    k = count_of(k)
    before = raw_p(raw)
    if row.p is None or before is None or k is None:
        yield Finding(
            "adjusted_p", f"{row.item} {raw.item}", UNCHECKED, "A p-value, or the number of tests, is not printed."
        )
        return
    point, box = before
    found = Box(min(1.0, k * box.low), min(1.0, k * box.high))
    yield _adjusted(
        row, [raw], "Bonferroni", min(1.0, k * point), found, f"{say(k)} x {say(point)} = {say(min(1.0, k * point))}"
    )


def holm_of(row: Row, *, raw: Row, members: list[Row]) -> Iterator[Finding]:
    """Check a p-value that is said to be adjusted by Holm's method."""
    yield from _stepwise(row, raw, members, holm, "Holm")


def bh_of(row: Row, *, raw: Row, members: list[Row]) -> Iterator[Finding]:
    """Check a p-value that is said to be adjusted by Benjamini and Hochberg's method."""
    yield from _stepwise(row, raw, members, benjamini_hochberg, "Benjamini-Hochberg")


def family(rows: list[Row]) -> Finding:
    """Say what adjustment makes of p-values that belong together and are printed raw."""
    items = " ".join(row.item for row in rows)
    found = [raw_p(row) for row in rows]
    if None in found:
        return Finding("multiplicity", items, UNCHECKED, f"Of {len(rows)} tests some p-values are not printed.")
    points, boxes = [point for point, _ in found], [box for _, box in found]
    k, smallest = len(rows), min(range(len(rows)), key=points.__getitem__)
    methods = {
        "Bonferroni": lambda p: [min(1.0, k * each) for each in p],
        "Holm": holm,
        "Benjamini-Hochberg": benjamini_hochberg,
    }
    adjusted = {name: method(points) for name, method in methods.items()}
    least = {name: method([box.low for box in boxes])[smallest] for name, method in methods.items()}
    most = {name: method([box.high for box in boxes])[smallest] for name, method in methods.items()}
    bound = "p<" in (rows[smallest].p.text if rows[smallest].p else "")
    values = {name: f"{'at most ' if bound else ''}{say(values[smallest], 2)}" for name, values in adjusted.items()}
    said = (
        f"{next(iter(values.values()))} by {_listed(values)}"
        if len(set(values.values())) == 1
        else ", ".join(f"{v} by {n}" for n, v in values.items())
    )
    sentence = f"The smallest of {k} p-values, {points[smallest]:g} of {rows[smallest].item}, is {said} when adjusted."
    lost = {
        n: sum(raw < ALPHA <= after for raw, after in zip(points, values, strict=True))
        for n, values in adjusted.items()
    }
    below = sum(point < ALPHA for point in points)
    by_chance = (
        f"Of {k} independent tests with nothing to find, one or more comes out below 0.05 "
        f"with probability {say(1 - (1 - ALPHA) ** k, 2)}."
    )
    kept = "; ".join(f"{name} keeps {below - gone}" for name, gone in lost.items())
    remark = (
        f"{below} of {k} {'is' if below == 1 else 'are'} below 0.05 unadjusted: {kept}. {by_chance}"
        if below and any(lost.values())
        else ""
    )
    arithmetic = "; ".join(f"{name}: " + ", ".join(say(p, 2) for p in values) for name, values in adjusted.items())
    box = ", ".join(f"{name} {say(least[name])} to {say(most[name])}" for name in methods)
    return Finding("multiplicity", items, CONSISTENT, sentence, remark, arithmetic, box)


def raw_p(row: Row) -> tuple[float, Box] | None:
    """Return a p-value and its box: as printed, narrowed by what the interval implies where the two agree."""
    implied = None
    if (
        row.measure in (*RATIOS, *DIFFERENCES)
        and row.low is not None
        and row.value is not None
        and row.interval in ("", "wald")
    ):
        implied = p_implied(row)
    if row.p is None:
        return implied
    if implied is None or not implied[1].meets(row.p.box):
        return row.p.value, row.p.box
    box = Box(max(implied[1].low, row.p.box.low), min(implied[1].high, row.p.box.high))
    return (implied[0] if row.p.text.startswith("p<") else row.p.value), box


def _stepwise(
    row: Row, raw: Row, members: list[Row], method: Callable[[list[float]], list[float]], name: str
) -> Iterator[Finding]:
    found = [raw_p(member) for member in members]
    if row.p is None or None in found or raw not in members:
        yield Finding(
            "adjusted_p",
            f"{row.item} {raw.item}",
            UNCHECKED,
            "A p-value of the family is not printed, or not among it.",
        )
        return
    place = members.index(raw)
    point = method([point for point, _ in found])[place]
    box = Box(*(method([box[end] for _, box in found])[place] for end in (0, 1)))
    yield _adjusted(row, members, name, point, box, f"{say(found[place][0])} of {len(members)}: {say(point)}")


def _adjusted(row: Row, others: list[Row], name: str, point: float, box: Box, arithmetic: str) -> Finding:
    items = " ".join([row.item, *(other.item for other in others)])
    sentence = f"{name} makes it {say(point, 2)} ({box}); printed is {row.p.text}."
    return Finding("adjusted_p", items, verdict(box.meets(row.p.box)), sentence, "", arithmetic, f"{box}, {row.p.text}")


def _listed(names: dict) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}"
