"""Whole numbers leave gaps: which means, shares and standard deviations of n of them can be.

GRIM: Brown NJL, Heathers JAJ, Soc Psychol Personal Sci 2017;8:363-369 (doi 10.1177/1948550616673876).
GRIMMER: Anaya J, PeerJ Preprints 2016;4:e2400v1, in the analytic form of A. Allard (2018).
"""

import math
from collections.abc import Iterator
from fractions import Fraction

from recohort.audit.box import say
from recohort.audit.finding import UNCHECKED, Finding, verdict
from recohort.audit.paper import SHARES, Row, count_of


def numerators(row: Row) -> range:
    """Return the counts of n that print as the row's share."""
    low, high = (end / row.scale * row.n for end in row.value.fractions)
    return range(max(0, math.ceil(low)), min(row.n, math.floor(high)) + 1)


def grim_share(row: Row) -> Iterator[Finding]:
    """Check that a share of n patients is one: that a whole number of them gives what is printed."""
    if row.measure not in SHARES or row.value is None:
        return
    about = f"{row.value.text}{'%' if row.scale == 100 else ''}"
    if not row.n:
        yield Finding("grim", row.item, UNCHECKED, f"Of how many patients {about} is, the row does not say.")
        return
    fitting = numerators(row)
    box = f"{row.value.shown}"
    if row.count is not None:
        holds = row.count in fitting
        share = f"{row.count}/{row.n} = {say(row.scale * row.count / row.n, 4)}"
        sentence = f"{row.count} of {row.n} {'gives' if holds else 'does not give'} the printed {about}."
        yield Finding("grim", row.item, verdict(holds), sentence, "", share, box)
        return
    if len(fitting) and _no_gap(row.value.unit / row.scale, row.n):
        sentence = f"Whatever is printed, some count of {row.n} patients gives it: the digits are too few to tell."
        yield Finding("grim", row.item, UNCHECKED, sentence, "", _options(row, fitting), box)
        return
    counts = f"{fitting[0]}" if len(fitting) == 1 else f"{fitting[0]} to {fitting[-1]}" if len(fitting) else ""
    sentence = f"{counts} of {row.n} gives the printed {about}." if counts else f"No count of {row.n} gives {about}."
    yield Finding("grim", row.item, verdict(bool(counts)), sentence, "", _options(row, fitting), box)


def grim_mean(row: Row, *, items: float | Row = 1) -> Iterator[Finding]:
    """Check that n whole numbers have the printed mean, and the printed standard deviation beside it.

    Parameters
    ----------
    row : Row
        A mean.
    items : float or Row
        Whole numbers per patient that one value is the mean of, as on a questionnaire.
    """
    items = count_of(items)
    if row.value is None or not row.n or not items:
        yield Finding("grim", row.item, UNCHECKED, "The mean, its n or the number of items is not printed.")
        return
    n = row.n * items
    low, high = (end * n for end in row.value.fractions)
    sums = range(math.ceil(low), math.floor(high) + 1)
    box = f"{row.value.shown}"
    if _no_gap(row.value.unit, n) and row.sd is None:
        sentence = f"Means of {n} whole numbers lie closer than the printed digits: nothing can be told."
        yield Finding("grim", row.item, UNCHECKED, sentence, "", "", box)
        return
    sentence = f"{n} whole numbers {'can' if sums else 'cannot'} have the mean {row.value.text}."
    around = math.floor(Fraction(low + high) / 2)
    arithmetic = (
        f"sum {sums[0]}" + (f" to {sums[-1]}" if len(sums) > 1 else "")
        if sums
        else f"{around}/{n} = {say(around / n, 5)}, {around + 1}/{n} = {say((around + 1) / n, 5)}"
    )
    yield Finding("grim", row.item, verdict(bool(sums)), sentence, "", arithmetic, box)
    if row.sd is not None and sums and items == 1:
        yield _grimmer(row, sums)


def _grimmer(row: Row, sums: range) -> Finding:
    n = row.n
    if n < 2:
        return Finding("grimmer", row.item, UNCHECKED, "One patient has no standard deviation.")
    low, high = (max(Fraction(0), end) for end in row.sd.fractions)
    shown = f"SD {row.sd.shown}"
    for candidate in sums:
        least = low**2 * (n - 1) + Fraction(candidate**2, n)
        most = high**2 * (n - 1) + Fraction(candidate**2, n)
        first = max(math.ceil(least), _smallest_squares(candidate, n))
        first += (first - candidate) % 2
        if first <= most:
            arithmetic = f"sum {candidate}, sum of squares {first}"
            sentence = f"{n} whole numbers can have the mean {row.value.text} and the SD {row.sd.text}."
            return Finding("grimmer", row.item, verdict(True), sentence, "", arithmetic, shown)
    sentence = f"{n} whole numbers with the mean {row.value.text} cannot have the SD {row.sd.text}."
    arithmetic = (
        f"sum {sums[0]}: no sum of squares of the same parity from {say(float(least))} to {say(float(most))}"
        if len(sums) == 1
        else f"sums {sums[0]} to {sums[-1]}: none has a sum of squares of its parity in reach"
    )
    return Finding("grimmer", row.item, verdict(False), sentence, "", arithmetic, shown)


def _smallest_squares(total: int, n: int) -> int:
    """Return the least sum of squares of n whole numbers with this total: all as alike as they can be."""
    each, rest = divmod(total, n)
    return n * each**2 + rest * (2 * each + 1)


def _no_gap(unit: float, n: int) -> bool:
    return n * unit >= 1


def _options(row: Row, fitting: range) -> str:
    if len(fitting):
        return f"{fitting[0]}/{row.n} = {say(row.scale * fitting[0] / row.n, 4)}"
    below = math.floor(row.value.value / row.scale * row.n)
    return ", ".join(f"{x}/{row.n} = {say(row.scale * x / row.n, 4)}" for x in (below, below + 1) if x <= row.n)
