"""Effects in the light of other numbers: survival, units, matched samples, interactions."""

import math
from collections.abc import Iterator

from scipy.special import ndtri

from recohort.audit.box import Box, over, say
from recohort.audit.finding import CONSISTENT, INCONSISTENT, UNCHECKED, Finding
from recohort.audit.intervals import standard_error
from recohort.audit.paper import RATIOS, SHARES, Row, count_of

EXTREME = 10.0
"""A ratio per unit beyond this, or below its inverse, is asked for its unit."""
HAZARD = "hazard ratio (proportional hazards)"
TOO_NARROW = 1.5
"""How far an implied SD may exceed the printed one: 1/(SD sqrt(events)) is an approximation."""


def survival_ratio_of(row: Row, *, above: Row, below: Row) -> Iterator[Finding]:
    """Compare a ratio with those that two survivals imply: hazards if proportional, risks, odds."""
    items = f"{row.item} {above.item} {below.item}"
    if not (row.value and above.value and below.value):
        yield Finding("hr_against_survival", items, UNCHECKED, "One of the three numbers is not printed.")
        return
    first, second = above.share, below.share
    if first.low <= 0 or second.low <= 0 or first.high >= 1 or second.high >= 1:
        yield Finding("hr_against_survival", items, UNCHECKED, "A survival of 0 or 100 % implies no ratio.")
        return
    ratios = {
        HAZARD: lambda a, b: math.log(a) / math.log(b),
        "risk ratio": lambda a, b: (1 - a) / (1 - b),
        "odds ratio": lambda a, b: (1 - a) / a / ((1 - b) / b),
    }
    boxes = {name: over(ratio, first, second) for name, ratio in ratios.items()}
    points = {
        name: ratio(above.value.value / above.scale, below.value.value / below.scale) for name, ratio in ratios.items()
    }
    fits = [name for name, box in boxes.items() if box.meets(row.value.box)]
    said = ", ".join(f"{name} {say(points[name])} ({boxes[name]})" for name in ratios)
    sentence = f"{above.value.text} against {below.value.text} imply: {said}; printed is {row.value.text}."
    hazard = boxes[HAZARD]
    reversed_ = (hazard.low > 1 and row.value.box.high < 1) or (hazard.high < 1 and row.value.box.low > 1)
    if reversed_:
        found, remark = INCONSISTENT, "The ratio and the survivals point in opposite directions."
    elif fits and (fits[0] == HAZARD or row.measure != "hazard_ratio"):
        found, remark = CONSISTENT, ""
    elif fits:
        found, remark = CONSISTENT, f"It is the {fits[0]}, not a hazard ratio under proportional hazards."
    else:
        found = UNCHECKED
        remark = (
            f"{row.value.text} is none of the three: it is adjusted, or hazards are not proportional, or it is of "
            "another time. The paper must say which."
        )
    shares = [say(each.value.value / each.scale, 4) for each in (above, below)]
    arithmetic = f"ln {shares[0]} / ln {shares[1]} = {say(points[HAZARD], 4)}"
    yield Finding(
        "hr_against_survival",
        items,
        found,
        sentence,
        remark,
        arithmetic,
        f"hazard ratio in {hazard}, {row.value.shown}",
    )


def events_behind(row: Row, *, events: float | Row) -> Iterator[Finding]:
    """Say which SD of the predictor, per the unit of the ratio, an interval of so many events implies.

    SE(log HR) is about 1/(SD sqrt(events)): Hsieh FY, Lavori PW, Control Clin Trials 2000;21:552-560
    (doi 10.1016/S0197-2456(00)00104-5). For odds, events (1 - events/n) takes the place of events: Hsieh FY et al,
    Stat Med 1998;17:1623-1634.
    """
    count = count_of(events)
    items = f"{row.item} {events.item}" if isinstance(events, Row) else row.item
    error = standard_error(row) if row.low and row.value and row.measure in RATIOS and row.value.value > 0 else None
    if not count or error is None or error.low <= 0:
        yield Finding(
            "unit_plausibility", items, UNCHECKED, "The ratio's interval or the number of events is not printed."
        )
        return
    information = count * (1 - count / row.n) if row.measure == "odds_ratio" and row.n and row.n > count else count
    width = math.log(row.high.value) - math.log(row.low.value)
    at_point = width / (2 * float(-ndtri((1 - row.level) / 2)))
    sd = 1 / (at_point * math.sqrt(information))
    box = Box(1 / (error.high * math.sqrt(information)), 1 / (error.low * math.sqrt(information)))
    unit = row.unit or "per unit"
    numbers = (row.value.value, row.low.value, row.high.value)

    def per(units: float) -> str:
        value, low, high = (say(number**units) for number in numbers)
        return f"{value} ({low} to {high})"

    sentence = f"With {count} events the interval implies that the predictor has an SD of {say(sd)} units ({unit})."
    remark, found = "", UNCHECKED
    if not 1 / EXTREME <= row.value.value <= EXTREME:
        remark = (
            f"{row.value.text} {unit} compares patients {say(1 / sd, 2)} SDs apart; per SD it is {per(sd)}, "
            f"per 0.1 unit {per(0.1)}."
        )
    if row.sd is not None:
        narrow = box.low > TOO_NARROW * row.sd.box.high
        found = INCONSISTENT if narrow else CONSISTENT
        sentence += f" Printed is {row.sd.text}" + (
            ": the interval is too narrow for so few events." if narrow else "."
        )
    arithmetic = f"SE(log) = {say(at_point)}; 1/({say(at_point)} x sqrt({say(information)})) = {say(sd)}"
    yield Finding("unit_plausibility", items, found, sentence, remark, arithmetic, f"SD in {box}")


def matched_on_outcome(
    row: Row, *, events: float | Row, others: float | Row, enrolled: float | Row
) -> Iterator[Finding]:
    """Say that an absolute risk of a sample matched on its outcome is not that of the clinic, and what it might be."""
    ill, well, everyone = map(count_of, (events, others, enrolled))
    if row.value is None or not ill or not well or not everyone:
        yield Finding("risk_from_matched_sample", row.item, UNCHECKED, "The counts are not printed.")
        return
    if ill + well > everyone:
        sentence = f"The matched sample, {ill} + {well}, is larger than the {everyone} enrolled."
        yield Finding("risk_from_matched_sample", row.item, INCONSISTENT, sentence, "", f"{ill + well} > {everyone}")
        return
    factor = (everyone - ill) / well
    event_free = row.measure == "survival"
    free = row.value.value / row.scale if event_free else 1 - row.value.value / row.scale
    weighted = free * factor / (free * factor + 1 - free)
    shown = say(row.scale * (weighted if event_free else 1 - weighted), 2)
    had = f"{say(100 * ill / (ill + well), 2)} % of it had the event"
    sentence = f"{row.value.text} is of a sample matched on the outcome: {had}."
    remark = (
        "It describes that sample, not the clinic: if no event lay outside the sample, "
        f"{say(100 * ill / everyone, 2)} % of {everyone} had it, and the number would be about {shown}."
    )
    arithmetic = (
        f"{ill}/({ill} + {well}) against {ill}/{everyone}; each patient without the event stands for {say(factor)}"
    )
    yield Finding("risk_from_matched_sample", row.item, CONSISTENT, sentence, remark, arithmetic)


def crosses_1(row: Row, *, main: list[Row], median: Row) -> Iterator[Finding]:
    """Say at which value of the modifier an interaction brings an effect to none, and how far from its median."""
    items = " ".join([row.item, *(each.item for each in main), median.item])
    effect = _main_effect(main)
    if effect is None or row.value is None or row.value.box.low <= 0:
        yield Finding("effect_crosses", items, UNCHECKED, "The main effect or the interaction is not printed.")
        return
    point, box, words = effect

    def where(ratio: float, change: float) -> float:
        return -math.log(ratio) / math.log(change) if change != 1 else math.inf

    crossing = where(point, row.value.value)
    if not 0 < crossing < math.inf or row.value.box.low <= 1 <= row.value.box.high:
        yield Finding(
            "effect_crosses",
            items,
            CONSISTENT,
            f"An effect of {say(point)} and an interaction of {row.value.text} never reach 1.",
        )
        return
    over_box = over(where, box, row.value.box)
    sentence = f"The effect, {words}, reaches 1 at {say(crossing)} ({over_box}) {median.unit}".rstrip() + "."
    remark = ""
    if median.value and median.value.value > 0:
        times = crossing / median.value.value
        remark = (
            f"The median is {median.value.text}: the effect turns round at {say(times, 2)} times that, where few are."
            if times > 2
            else ""
        )
    if (
        row.low
        and row.high
        and row.low.value > 0
        and (row.high.value < 1) == (row.value.value < 1)
        and row.high.value != 1
    ):
        ends = sorted([where(point, row.low.value), where(point, row.high.value)])
        if ends[0] > 0:
            remark = f"{remark} By the limits of the interaction: {say(ends[0])} to {say(ends[1])}.".strip()
    arithmetic = f"-ln {say(point)} / ln {row.value.text} = {say(crossing)}"
    yield Finding(
        "effect_crosses",
        items,
        CONSISTENT,
        sentence,
        remark,
        arithmetic,
        f"{over_box}, {row.value.shown}",
    )


def _main_effect(main: list[Row]) -> tuple[float, Box, str] | None:
    """Return an odds ratio: printed, or crude from the shares with and without the exposure."""
    if any(row.value is None for row in main):
        return None
    if len(main) == 1 and main[0].measure in RATIOS and main[0].value.box.low > 0:
        return main[0].value.value, main[0].value.box, f"{main[0].value.text} of {main[0].item}"
    if len(main) == 2 and all(row.measure in SHARES and row.share.low > 0 and row.share.high < 1 for row in main):

        def odds_ratio(a: float, b: float) -> float:
            return a / (1 - a) / (b / (1 - b))

        point = odds_ratio(*(row.value.value / row.scale for row in main))
        return (
            point,
            over(odds_ratio, main[0].share, main[1].share),
            f"{say(point)} crude ({main[0].value.text} against {main[1].value.text})",
        )
    return None
