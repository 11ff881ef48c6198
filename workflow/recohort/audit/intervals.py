"""Estimates, their intervals and p-values: three statements of two numbers.

Wald's interval is the estimate plus and minus q standard errors, on the logarithm for ratios, and its p-value that of
estimate / standard error. q is normal, or for coefficients and differences that of a t with unknown degrees of freedom.
Altman DG, Bland JM, BMJ 2011;343:d2090 (doi 10.1136/bmj.d2090) and d2304 (doi 10.1136/bmj.d2304).
"""

import itertools
import math
from collections.abc import Callable, Iterator

from scipy.special import ndtr, ndtri, stdtr, stdtrit

from recohort.audit.box import SLACK, Box, Number, over, say
from recohort.audit.finding import INCONSISTENT, UNCHECKED, Finding, verdict
from recohort.audit.paper import DIFFERENCES, RATIOS, Row

SYMMETRIC = ("", "wald")
PARAMETERS = 10
"""Degrees of freedom are taken to be n less at most so many, where n is large."""


def symmetry(row: Row) -> Iterator[Finding]:
    """Check that an estimate is the middle of its limits, of ratios on the logarithm, of correlations on Fisher's z."""
    if row.value is None or row.low is None or row.measure not in (*RATIOS, *DIFFERENCES, "mean", "correlation"):
        return
    name = "ratio_ci_symmetry" if row.measure in RATIOS else "ci_symmetry"
    if (impossible := _impossible(row, name)) is not None:
        yield impossible
        return
    if row.interval not in SYMMETRIC:
        sentence = f"The paper's interval ({row.interval}) need not be symmetric."
        yield Finding(name, row.item, UNCHECKED, sentence)
        return
    forth, back = scale_of(row.measure)
    low, high = scaled(row.low, forth), scaled(row.high, forth)
    if not (math.isfinite(low.low) and math.isfinite(high.high)):
        yield Finding(name, row.item, UNCHECKED, f"The limit {row.low.text} is too coarse to take its logarithm.")
        return
    middle = Box(back((low.low + high.low) / 2), back((low.high + high.high) / 2))
    holds = middle.meets(row.value.box)
    how = {"correlation": "on Fisher's scale"}.get(
        row.measure, "on the logarithmic scale" if row.measure in RATIOS else ""
    )
    words = f"{row.value.text} {'is' if holds else 'is not'} the middle of {row.low.text} to {row.high.text}"
    because = "" if holds else "; an interval by profile likelihood or bootstrap may be so, Wald's not"
    formula = {"identity": "({} + {})/2", "log": "sqrt({} x {})", "atanh": "tanh of the mean atanh of {} and {}"}
    kind = "log" if row.measure in RATIOS else "atanh" if row.measure == "correlation" else "identity"
    exact = back((forth(row.low.value) + forth(row.high.value)) / 2) if _inside(row.low.value, kind) else middle.low
    arithmetic = f"{formula[kind].format(row.low.text, row.high.text)} = {say(exact, 5)}"
    sentence = f"{' '.join((words + ' ' + how).split())}{because}."
    box = f"middle {say(middle.low, 5)} to {say(middle.high, 5)}, {row.value.shown}"
    yield Finding(name, row.item, verdict(holds), sentence, "", arithmetic, box)


def p_from_ci(row: Row) -> Iterator[Finding]:
    """Check that a printed p-value is the one that the interval implies."""
    if row.p is None or row.low is None or row.value is None or row.measure not in (*RATIOS, *DIFFERENCES):
        return
    if _impossible(row, "p_from_ci") is not None:
        return
    implied = p_implied(row)
    if implied is None:
        yield Finding("p_from_ci", row.item, UNCHECKED, f"The limit {row.low.text} is too coarse to tell a p-value.")
        return
    point, box = implied
    holds = box.meets(row.p.box)
    sentence = f"The interval implies p = {say(point, 2)}; printed is {row.p.text}."
    remark = ""
    if not holds:
        sentence = f"The interval implies p = {say(point, 2)} ({box}), not the printed {row.p.text}."
        if (box.high < 0.05) != (row.p.box.high <= 0.05) and (box.low > 0.05) != (row.p.box.low >= 0.05):
            remark = "One of the two is below 0.05, the other is not: the paper's conclusion hangs on it."
        else:
            remark = "Another test than Wald's (likelihood ratio, log-rank) may differ a little."
    elif row.interval not in SYMMETRIC:
        remark = f"Computed as if the interval were Wald's; the paper says {row.interval}."
    if not holds and row.interval not in SYMMETRIC:
        yield Finding("p_from_ci", row.item, UNCHECKED, sentence, remark, _z(row), f"p in {box}")
        return
    yield Finding("p_from_ci", row.item, verdict(holds), sentence, remark, _z(row), f"p in {box}, {row.p.text}")


def ci_from_p(row: Row) -> Iterator[Finding]:
    """Say which interval a p-value implies where none is printed."""
    if row.p is None or row.low is not None or row.value is None or row.measure not in (*RATIOS, *DIFFERENCES):
        return
    forth, back = scale_of(row.measure)
    if row.measure in RATIOS and row.value.value <= 0:
        yield Finding("ci_from_p", row.item, INCONSISTENT, f"{row.value.text} is no ratio: a ratio is above 0.")
        return
    estimate = forth(row.value.value)
    z = -ndtri(row.p.value / 2) if row.p.value > 0 else math.inf
    if not 0 < z < math.inf:
        yield Finding("ci_from_p", row.item, UNCHECKED, f"{row.p.text} implies no interval.")
        return
    error = abs(estimate) / z
    half = -ndtri((1 - row.level) / 2) * error
    words = "at its widest " if row.p.text.startswith("p<") else ""
    ends = f"{say(back(estimate - half))} to {say(back(estimate + half))}"
    sentence = f"No interval is printed; {row.p.text} implies {words}{ends}."
    arithmetic = f"z = {say(z)}, standard error {say(error)}{' of the logarithm' if row.measure in RATIOS else ''}"
    yield Finding("ci_from_p", row.item, UNCHECKED, sentence, "", arithmetic, row.p.text)


def mean_ci(row: Row) -> Iterator[Finding]:
    """Check a mean's interval against its standard deviation and n."""
    if row.measure != "mean" or row.low is None or row.sd is None or not row.n or row.n < 2:
        return
    tail = (1 - row.level) / 2
    quantiles = Box(-ndtri(tail), -stdtrit(row.n - 1, tail))
    half = over(lambda sd, q: sd * q / math.sqrt(row.n), row.sd.box, quantiles)
    printed = over(lambda low, high: (high - low) / 2, row.low.box, row.high.box)
    holds = half.meets(printed)
    does = "gives" if holds else "does not give"
    sentence = f"The SD {row.sd.text} of {row.n} patients {does} {row.low.text} to {row.high.text}."
    if not holds and row.sd.box.meets(printed):
        sentence += " The limits are the mean plus and minus one SD."
    shown = say(row.sd.value * quantiles.high / math.sqrt(row.n))
    arithmetic = (
        f"half width {say(quantiles.high)} x {row.sd.text}/sqrt({row.n}) = {shown}, "
        f"printed {say((row.high.value - row.low.value) / 2)}"
    )
    yield Finding(
        "mean_ci", row.item, verdict(holds), sentence, "", arithmetic, f"half width in {half}, printed in {printed}"
    )


def standard_error(row: Row) -> Box | None:
    """Return the standard error (of the logarithm, for ratios) that the printed interval implies."""
    forth, _ = scale_of(row.measure)
    low, high = scaled(row.low, forth), scaled(row.high, forth)
    if not math.isfinite(low.low):
        return None
    q = -ndtri((1 - row.level) / 2)
    return Box(max(0.0, high.low - low.high) / (2 * q), (high.high - low.low) / (2 * q))


def p_implied(row: Row) -> tuple[float, Box] | None:
    """Return the p-value that estimate and interval imply, at the printed digits and over all that print so."""
    forth, _ = scale_of(row.measure)
    value, low, high = (scaled(number, forth) for number in (row.value, row.low, row.high))
    if not all(math.isfinite(end) for box in (value, low, high) for end in box):
        return None
    level_tail = (1 - row.level) / 2
    freedoms = [math.inf]
    if row.measure in DIFFERENCES and row.n and row.n > 3:
        freedoms.append(max(1, min(row.n - PARAMETERS, row.n // 2 - 1)))
    share = _estimate_by_width(value, low, high)
    signed = [_tail(2 * end, level_tail, freedom) for end in share for freedom in freedoms]
    box = Box(min(signed), 1.0 if share.low <= 0 <= share.high else max(signed))
    point = (
        forth(row.value.value) / (forth(row.high.value) - forth(row.low.value))
        if row.low.value < row.high.value
        else math.inf
    )
    return _tail(2 * point, level_tail, math.inf), box


def _tail(times: float, level_tail: float, freedom: float) -> float:
    """Return the two-sided p of an estimate that is so many half widths of its interval from nothing."""
    if math.isinf(freedom):
        return float(2 * ndtr(-abs(times) * -ndtri(level_tail)))
    return float(2 * stdtr(freedom, -abs(times) * -stdtrit(freedom, level_tail)))


def _estimate_by_width(value: Box, low: Box, high: Box) -> Box:
    """Return estimate / width over the boxes; where Wald's symmetry can hold, over the symmetric ones alone.

    With the estimate in the middle of the limits the quotient is linear-fractional in them, so its ends are at the
    corners of the polygon that the three boxes cut out.
    """
    corners = list(itertools.product(low, high))
    for end in value:
        corners += [(a, 2 * end - a) for a in low] + [(2 * end - b, b) for b in high]
    slack = SLACK * max(1.0, abs(value.low), abs(high.high), abs(low.low))

    def within(number: float, box: Box) -> bool:
        return box.low - slack <= number <= box.high + slack

    inside = [(a, b) for a, b in corners if within(a, low) and within(b, high) and within((a + b) / 2, value)]
    if inside:
        quotients = [_quotient((a + b) / 2, b - a) for a, b in inside]
    else:
        quotients = [_quotient(end, b - a) for end in value for a in low for b in high]
    return Box(min(quotients), max(quotients))


def _quotient(estimate: float, width: float) -> float:
    return estimate / width if width > 0 else math.copysign(math.inf, estimate)


def scale_of(measure: str) -> tuple[Callable[[float], float], Callable[[float], float]]:
    """Return the functions to the scale on which a Wald interval is symmetric, and back."""
    if measure in RATIOS:
        return (lambda x: math.log(x) if x > 0 else -math.inf), math.exp
    if measure == "correlation":
        return (lambda x: math.atanh(x) if abs(x) < 1 else math.copysign(math.inf, x)), math.tanh
    return float, float


def scaled(number: Number, forth: Callable[[float], float]) -> Box:
    """Return a number's box on another scale."""
    return Box(forth(number.box.low), forth(number.box.high))


def _inside(value: float, kind: str) -> bool:
    return {"identity": True, "log": value > 0, "atanh": abs(value) < 1}[kind]


def _impossible(row: Row, name: str) -> Finding | None:
    """Return a finding where an estimate lies outside its interval, or a ratio below 0."""
    if row.measure in RATIOS and (row.value.value <= 0 or row.high.value <= 0):
        return Finding(name, row.item, INCONSISTENT, f"{row.printed} is no ratio: a ratio is above 0.")
    if row.value.box.high < row.low.box.low or row.value.box.low > row.high.box.high:
        sentence = f"{row.value.text} lies outside its own interval, {row.low.text} to {row.high.text}."
        mirrored = -row.value.value
        remark = (
            f"With the other sign, {say(mirrored)}, it would lie inside."
            if row.low.value <= mirrored <= row.high.value
            else ""
        )
        return Finding(name, row.item, INCONSISTENT, sentence, remark)
    return None


def _z(row: Row) -> str:
    forth, _ = scale_of(row.measure)
    width = forth(row.high.value) - forth(row.low.value)
    if width <= 0:
        return "the interval has no width"
    q = -ndtri((1 - row.level) / 2)
    error = width / (2 * q)
    log = "log " if row.measure in RATIOS else ""
    z = say(forth(row.value.value) / error)
    return f"SE = ({log}{row.high.text} - {log}{row.low.text})/{say(2 * q)} = {say(error)}, z = {z}"
