"""Net benefit at thresholds that give no small count away.

At a threshold t the net benefit is ``TP / n - FP / n * t / (1 - t)``: two whole numbers and one equation, which a
reader who has n, the events and the neighbouring thresholds solves. So are they here, and a threshold is kept where
those whose risk lies between it and the next kept one, above and below, are no few events and no few non-events. True
and false positives and negatives are sums of such groups.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.disclosure.suppress import rounded

ALL, NONE = "all", "none"
EXACT = 1e-7
"""How far from a whole number a count may come out of a net benefit: noise of binary fractions."""


class Moved(NamedTuple):
    """What is added to the numbers of each row, None where they are withheld."""

    rows: list[float | None]
    curve: list[float | None]


class Rules(NamedTuple):
    """The section ``disclosure``."""

    minimum_count: int
    zeros: str
    round_to: int | None


def decisions(
    estimates: pd.DataFrame, curve: pd.DataFrame, entry: Mapping[str, object], *, exact: bool, rules: Rules
) -> Moved:
    """Decide which net benefits of an analysis leave, and by how much rounded counts move them.

    Parameters
    ----------
    estimates, curve : DataFrame
        Result of a decision curve analysis.
    entry : mapping
        Its settings, complete.
    exact : bool
        Its numbers of patients and of events are shown.
    rules : Rules
        The section ``disclosure``.

    Returns
    -------
    Moved
        All but treating none is withheld under censoring, where counts are not known from the net benefit.
    """
    curve = curve if len(curve) else pd.DataFrame({"strategy": [], "threshold": [], "net_benefit": []})
    if not exact or entry["outcome"] is None or estimates.empty:
        return Moved([None] * len(estimates), [0.0 if name == NONE else None for name in curve["strategy"]])
    n, events = (int(estimates[column].iloc[0]) for column in ("n", "n_events"))
    own = estimates[estimates["quantity"] == "net_benefit"]
    called = {f"threshold {cut:g}": cut for cut in entry["at"]}
    benefit: dict[str, dict[float, float]] = {}
    for name, cut, value in [
        *zip(curve["strategy"], curve["threshold"], curve["net_benefit"], strict=True),
        *zip(own["term"], own["scale"].map(called), own["estimate"], strict=True),
    ]:
        benefit.setdefault(str(name), {})[_key(cut)] = float(value)
    first = {_key(cut) for cut in entry["at"]}
    moved = {name: _moved(name, cuts, n, events, first, rules) for name, cuts in benefit.items()}
    return Moved(
        [_of_row(row, called, moved) for _, row in estimates.iterrows()],
        [moved[str(name)].get(_key(cut)) for name, cut in zip(curve["strategy"], curve["threshold"], strict=True)],
    )


def _key(cut: float) -> float:
    return round(float(cut), 9)


def _of_row(row: pd.Series, called: Mapping[str, float], moved: Mapping[str, Mapping[float, float]]) -> float | None:
    cut = called[row["scale"]]
    names = str(row["term"]).split(" against ")
    names += [ALL] if row["quantity"] == "interventions_avoided" else []
    found = [moved[name].get(_key(cut)) for name in names]
    if None in found:
        return None
    change = found[0] - sum(found[1:])
    return change * (1 - cut) / cut if row["quantity"] == "interventions_avoided" else change


def _moved(
    name: str, benefit: Mapping[float, float], n: int, events: int, first: set[float], rules: Rules
) -> dict[float, float]:
    """Return the thresholds of one strategy that are kept, with what rounded counts add to the net benefit."""
    if name == NONE:
        return dict.fromkeys(benefit, 0.0)
    cuts = np.array(sorted(benefit))
    values, odds = np.array([benefit[cut] for cut in cuts]), cuts / (1 - cuts)
    if name == ALL:
        counts, places = np.tile([events, n - events], (len(cuts), 1)), range(len(cuts))
    else:
        least, most = solved(values, odds, n, events)
        order = sorted(range(len(cuts)), key=lambda place: (cuts[place] not in first, place))
        places = kept(least, most, order, n=n, events=events, rules=rules)
        counts = most
    if rules.round_to is None:
        return {cuts[place]: 0.0 for place in places}
    whole = rounded(n, round_to=rules.round_to)
    true, false = rounded(counts, round_to=rules.round_to).T
    false = whole - true if name == ALL else false
    return {cuts[place]: float((true - false * odds)[place] / whole - values[place]) for place in places}


def solved(values: np.ndarray, odds: np.ndarray, n: int, events: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the most that true and false positives can be at each threshold, shape (T, 2) each.

    Both fall from threshold to threshold. What one net benefit allows lies on a rising line, so that the greatest
    below those of the threshold before is the greatest that fits all before it.

    Parameters
    ----------
    values : ndarray, shape (T,)
        Net benefits.
    odds : ndarray, shape (T,)
        Of the thresholds, rising.
    n, events : int
        Patients, and those of them with the event.

    Returns
    -------
    least, most : ndarray
        -1 and n + 1 where no whole counts have this net benefit.
    """
    false = np.arange(n - events + 1)
    allowed = []
    for value, odd in zip(values, odds, strict=True):
        true = n * value + false * odd
        whole = np.abs(true - np.round(true)) < EXACT
        allowed.append(np.column_stack([np.round(true)[whole], false[whole]]).astype(int))
    most, least = np.full((len(values), 2), n + 1), np.full((len(values), 2), -1)
    bound = np.array([events, n - events])
    for place, pairs in enumerate(allowed):
        fits = pairs[(pairs <= bound).all(axis=1)]
        if len(fits):
            bound = most[place] = fits[-1]
    bound = np.array([0, 0])
    for place, pairs in reversed(list(enumerate(allowed))):
        fits = pairs[(pairs >= bound).all(axis=1)]
        if len(fits):
            bound = least[place] = fits[0]
    return least, most


def kept(least: np.ndarray, most: np.ndarray, order: Sequence[int], *, n: int, events: int, rules: Rules) -> list[int]:
    """Return the thresholds between which no group is small, rising.

    Parameters
    ----------
    least, most : ndarray of int, shape (T, 2)
        As `solved` returns them.
    order : sequence of int
        In which thresholds are tried, those first that are printed.
    n, events : int
        Patients, and those of them with the event.
    rules : Rules
        The section ``disclosure``.
    """
    ends = np.array([[events, n - events]]), np.array([[0, 0]])
    least, most = (np.concatenate([ends[0], part, ends[1]]) for part in (least, most))
    chosen = [0, len(least) - 1]
    for place in (place + 1 for place in order):
        if most[place, 0] > n or least[place, 0] < 0:
            continue
        above, below = max(one for one in chosen if one < place), min(one for one in chosen if one > place)
        if _apart(least[above] - most[place], most[above] - least[place], rules) and _apart(
            least[place] - most[below], most[place] - least[below], rules
        ):
            chosen.append(place)
    return sorted(place - 1 for place in chosen[2:])


def _apart(least: np.ndarray, most: np.ndarray, rules: Rules) -> bool:
    """Return whether a group of `least` to `most` events and non-events has neither few of the one nor of the other."""
    nobody = (most == 0) & (rules.zeros == "shown")
    return bool(((least >= rules.minimum_count) | nobody).all())
