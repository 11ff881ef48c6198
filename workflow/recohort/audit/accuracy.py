"""Diagnostic accuracy: areas against operating points, chosen thresholds, and what the reference standard contains.

The bounds of an area by one operating point are those of any monotone curve through it. Optimism of a chosen cut:
Leeflang MMG et al, Clin Chem 2008;54:729-737 (doi 10.1373/clinchem.2007.096032). Incorporation: Worster A, Carpenter C,
CJEM 2008;10:174-175.
"""

import functools
import math
from collections.abc import Iterator

import numpy as np
from scipy.special import ndtr, ndtri

from recohort.audit.box import Box, over, say
from recohort.audit.finding import CONSISTENT, UNCHECKED, Finding, verdict
from recohort.audit.paper import Row, count_of
from recohort.core.seeds import generator

DRAWS = 2000
SEED = 20250101
LARGEST = 2000
"""Patients above which a chosen threshold is no longer simulated, for time; its optimism is 0.01 to 0.02 there."""


def area_over(row: Row, *, sensitivity: Row, specificity: Row) -> Iterator[Finding]:
    """Check an area against a point of its curve."""
    yield from _area(row, sensitivity, specificity, youden=False)


def youden_area_over(row: Row, *, sensitivity: Row, specificity: Row) -> Iterator[Finding]:
    """Check an area against the point of its curve where sensitivity + specificity is greatest."""
    yield from _area(row, sensitivity, specificity, youden=True)


def _area(row: Row, sensitivity: Row, specificity: Row, *, youden: bool) -> Iterator[Finding]:
    items = f"{row.item} {sensitivity.item} {specificity.item}"
    if not (row.value and sensitivity.value and specificity.value):
        yield Finding("auc_against_sens_spec", items, UNCHECKED, "One of the three numbers is not printed.")
        return
    se, sp = sensitivity.share, specificity.share
    least = over(lambda a, b: a * b, se, sp).low
    most = over(
        (lambda a, b: 1 - (2 - a - b) ** 2 / 2) if youden else (lambda a, b: 1 - (1 - a) * (1 - b)), se, sp
    ).high
    found = Box(row.value.box.low / row.scale, row.value.box.high / row.scale)
    holds = found.meets(Box(least, most))
    point = f"({sensitivity.value.text}, {specificity.value.text})"
    which = "Youden's point" if youden else "sensitivity and specificity"
    sentence = (
        f"A curve through {which} {point} has an area of {say(least)} to {say(most)}; printed is {row.value.text}."
    )
    concave = over(lambda a, b: (a + b) / 2, se, sp).low
    dented = holds and found.high < concave
    remark = (
        f"Below {say(concave)} the curve is not concave: it dips under the straight lines to this point."
        if dented
        else ""
    )
    arithmetic = f"at least sens x spec = {say(least)}, at most {say(most)}; concave from {say(concave)}"
    yield Finding("auc_against_sens_spec", items, verdict(holds), sentence, remark, arithmetic, f"area in {found}")


def threshold_chosen(row: Row, *, ill: float | Row, well: float | Row) -> Iterator[Finding]:
    """Say how much better a threshold looks in the patients in whom it was chosen."""
    n_ill, n_well = count_of(ill), count_of(well)
    if row.value is None or not n_ill or not n_well:
        yield Finding(
            "threshold_optimism", row.item, UNCHECKED, "The area or the numbers of ill and well are not printed."
        )
        return
    area = row.value.value / row.scale
    if not 0.5 < area < 1 or n_ill + n_well > LARGEST:
        yield Finding(
            "threshold_optimism", row.item, UNCHECKED, f"Optimism is not computed for an area of {row.value.text}."
        )
        return
    apparent, true = youden_optimism(n_ill, n_well, area)
    sentence = (
        f"With an area of {row.value.text}, Youden's cut chosen in {n_ill} ill and {n_well} well shows an index of "
        f"{say(apparent, 2)}, and has {say(true, 2)} elsewhere."
    )
    remark = (
        "Sensitivity and specificity at a cut chosen in these patients are too high by "
        f"{say(100 * (apparent - true) / 2, 2)} percentage points each, on average."
    )
    arithmetic = f"binormal, {DRAWS} draws: {say(apparent)} - {say(true)} = {say(apparent - true)}"
    yield Finding("threshold_optimism", row.item, CONSISTENT, sentence, remark, arithmetic, f"area {row.value.shown}")


@functools.cache
def youden_optimism(ill: int, well: int, area: float) -> tuple[float, float]:
    """Return the mean apparent and true Youden index of a cut that is chosen in so many patients.

    Parameters
    ----------
    ill, well : int
        Patients with and without the condition.
    area : float
        Area under the curve of the binormal model with equal variances, above 0.5.

    Returns
    -------
    apparent, true : float
        Means over `DRAWS` samples, in which the cut is chosen, and in the population.
    """
    rng = generator(SEED, "audit", "threshold_optimism", ill, well)
    apart = math.sqrt(2) * float(ndtri(area))
    scores = rng.standard_normal((DRAWS, ill + well))
    scores[:, :ill] += apart
    order = np.argsort(scores, axis=1)
    is_ill = order < ill
    index = np.cumsum(~is_ill, axis=1) / well - np.cumsum(is_ill, axis=1) / ill
    best = np.argmax(index[:, :-1], axis=1)
    sorted_scores = np.take_along_axis(scores, order, axis=1)
    rows = np.arange(DRAWS)
    cut = (sorted_scores[rows, best] + sorted_scores[rows, best + 1]) / 2
    return float(index[rows, best].mean()), float((ndtr(cut) - ndtr(cut - apart)).mean())


def index_test_is_criterion(row: Row, *, criterion: Row) -> Iterator[Finding]:
    """Check what follows where the test under study is a criterion of the reference standard."""
    items = f"{row.item} {criterion.item}"
    remark = (
        f"Incorporation bias: {criterion.quantity} is part of the reference that the test is judged by, "
        "which flatters the test."
    )
    rules = "the test's rule is not the criterion's"
    if row.count is None or not row.n or row.measure not in ("sensitivity", "specificity") or criterion.events is None:
        yield Finding("incorporation", items, UNCHECKED, "The counts are not printed.", remark)
        return
    if row.measure == "specificity":
        wrong = row.n - row.count
        sentence = (
            "Whoever meets the criterion is ill by definition, yet the test calls "
            f"{wrong} of {row.n} well patients ill: {rules}."
        )
        arithmetic = f"{row.n} - {row.count} = {wrong}, by one rule 0"
        holds = wrong == 0
    else:
        met = f"The criterion is met by {criterion.events} of {row.n} ill patients"
        sentence = f"{met}, the test calls {row.count} ill: {rules}."
        arithmetic = f"{row.count} against {criterion.events}"
        holds = row.count == criterion.events
    if holds:
        sentence = "The test's counts are those of the criterion."
    yield Finding("incorporation", items, verdict(holds), sentence, remark, arithmetic)


def share_above(row: Row, *, threshold: Row, mean: Row) -> Iterator[Finding]:
    """Say what a share above a threshold among the affected is worth against the share among all."""
    items = f"{row.item} {threshold.item} {mean.item}"
    if not (
        row.count and row.n and threshold.value and mean.value and mean.sd and mean.sd.value and (mean.n or 0) > row.n
    ):
        yield Finding("base_rate", items, UNCHECKED, "Count, threshold, mean, SD or the n of all is not printed.")
        return
    spread = Box(max(mean.sd.box.low, 1e-12), mean.sd.box.high)
    share = over(lambda m, s: float(ndtr((m - threshold.value.value) / s)), mean.value.box, spread)
    everyone = mean.n * float(ndtr((mean.value.value - threshold.value.value) / mean.sd.value))
    high = min(max(round(everyone), row.count), mean.n - (row.n - row.count))
    p, others = _fisher(row, mean.n, high), mean.n - row.n
    below = [
        total
        for total in range(row.count, mean.n - row.n + row.count + 1)
        if _higher(row, mean.n, total) and _fisher(row, mean.n, total) < 0.05
    ]
    sentence = (
        f"If {mean.quantity} is normal, {say(100 * everyone / mean.n)} % of all {mean.n} patients are above "
        f"{threshold.value.text}, about {high}."
    )
    limit = f"below 0.05 only if at most {max(below)} of all are above" if below else "not below 0.05 for any number"
    affected = f"{row.count}/{row.n}"
    remark = (
        f"{affected} is a sensitivity alone. With {high} above in all, {row.count} of {high} above "
        f"({say(100 * row.count / high, 2)} %) and {row.n - row.count} of {mean.n - high} below "
        f"({say(100 * (row.n - row.count) / (mean.n - high), 2)} %) are affected, Fisher's p = {say(p, 2)}; {limit}."
        if high < mean.n
        else f"{affected} is a sensitivity alone, and everybody is above."
    )
    arithmetic = (
        f"Phi(({mean.value.text} - {threshold.value.text})/{mean.sd.text}) = {say(everyone / mean.n)}; "
        f"{row.count}/{row.n} against {high - row.count}/{others}"
    )
    yield Finding("base_rate", items, UNCHECKED, sentence, remark, arithmetic, f"share in {share}")


def _higher(row: Row, n: int, high: int) -> bool:
    return row.count / row.n > (high - row.count) / (n - row.n)


def _fisher(row: Row, n: int, high: int) -> float:
    """Return Fisher's exact two-sided p of the affected and the others, above and below."""

    def ways(above: int) -> int:
        return math.comb(row.n, above) * math.comb(n - row.n, high - above)

    possible = range(max(0, high - (n - row.n)), min(row.n, high) + 1)
    here = ways(row.count)
    return sum(w for w in map(ways, possible) if w <= here) / math.comb(n, high)
