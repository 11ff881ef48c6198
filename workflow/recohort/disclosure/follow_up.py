"""Follow-up in blocks of patients, from which curves, numbers at risk, medians and means are estimated anew.

Within a stratum those with the event and those without are put in blocks of at least the minimum by time, and each
block leaves at the mean of its times. No step is one patient's, and no two numbers at risk differ by fewer than a
block. Blocks do not reach over the times at which numbers are printed, so that these change little.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.disclosure.aggregate import blocks
from recohort.disclosure.suppress import OTHER, rounded
from recohort.models import competing_risks, kaplan_meier

ENDS = ("event", "competing")
DRAWN = ("survival", "incidence", "competing_incidence", "one_minus_km", "at_risk", "median", "rmst")
"""Quantities of the estimates that come from the curves, beside their differences and ratios."""


def in_blocks(times: np.ndarray, *, cuts: Sequence[float], size: int, round_to: int | None) -> np.ndarray:
    """Return times in blocks: means of at least `size` neighbouring ones that no cut divides.

    Parameters
    ----------
    times : ndarray, shape (n,)
        Of one stratum and one way to leave it.
    cuts : sequence of float
        Times at which numbers are printed. An interval between two with fewer than `size` is joined to the next.
    size : int
        Least size of a block.
    round_to : int or None
        How many have left at a cut is rounded to a multiple of it.
    """
    parts = _intervals(np.sort(times), cuts, size)
    ends = np.cumsum([0, *map(len, parts)])
    ends = ends if round_to is None else rounded(ends, round_to=round_to)
    made = [_block(part, count, size, round_to) for part, count in zip(parts, np.diff(ends), strict=True) if count]
    return np.concatenate(made) if made else np.empty(0)


def _intervals(times: np.ndarray, cuts: Sequence[float], size: int) -> list[np.ndarray]:
    parts, waiting = [], times[:0]
    for part in np.split(times, np.searchsorted(times, sorted(cuts), side="right")):
        waiting = np.concatenate([waiting, part])
        if len(waiting) >= size:
            parts.append(waiting)
            waiting = times[:0]
    if len(waiting):
        parts[-1:] = [np.concatenate([*parts[-1:], waiting])]
    return parts


def _block(times: np.ndarray, count: int, size: int, round_to: int | None) -> np.ndarray:
    """Return `count` times: as many blocks, each at the mean of its share of the patients."""
    made = blocks(count, size=size, round_to=round_to)
    shares = np.array_split(times, len(made))
    return np.repeat([share.mean() for share in shares], [len(block) for block in made])


def patients(
    curve: pd.DataFrame, *, cuts: Sequence[float], size: int, round_to: int | None, hidden: set[str]
) -> pd.DataFrame:
    """Return a row per patient in blocks, ``time, event, competing, group``, from the curve of an analysis.

    Parameters
    ----------
    curve : DataFrame
        ``stratum, time, n_event, n_censor``; of competing risks also ``cause``.
    cuts : sequence of float
        Times at which numbers are printed.
    size : int
        Least size of a block.
    round_to : int or None
        Counts are rounded to multiples of it.
    hidden : set of str
        Strata whose number or events are withheld: they get no patients.
    """
    steps = curve[curve["part"] == "survival"] if "part" in curve else curve
    parts = []
    for stratum, own in steps.groupby("stratum", sort=False):
        if str(stratum) in hidden:
            continue
        for end, times in _leaving(own).items():
            made = in_blocks(times, cuts=cuts, size=size, round_to=round_to)
            ends = {name: int(name == end) for name in ENDS}
            parts.append(pd.DataFrame({"time": made, "group": str(stratum), **ends}))
    whole = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return whole if len(whole) else pd.DataFrame({name: [] for name in ("time", "group", *ENDS)})


def _leaving(own: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the times of one stratum by how it was left."""
    first = own[own["cause"] == "event"] if "cause" in own else own
    counted = {"event": first, "competing": own[own["cause"] == "competing"] if "cause" in own else own.iloc[:0]}
    found = {end: np.repeat(part["time"].to_numpy(float), part["n_event"].astype(int)) for end, part in counted.items()}
    return found | {"": np.repeat(first["time"].to_numpy(float), first["n_censor"].astype(int))}


def estimated(
    kind: str,
    entry: Mapping[str, object],
    estimates: pd.DataFrame,
    curve: pd.DataFrame,
    *,
    size: int,
    round_to: int | None,
    hidden: set[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the estimates and the curve of an analysis of follow-up, made anew from patients in blocks.

    Parameters
    ----------
    kind : {"kaplan_meier", "competing_risks"}
        Kind of the analysis.
    entry : mapping
        Its settings, complete.
    estimates, curve : DataFrame
        Its result. Tests keep their true p-values; a reweighted curve cannot be made anew and is withheld.
    size, round_to, hidden
        As in `patients`.
    """
    made = patients(curve, cuts=entry["times"], size=size, round_to=round_to, hidden=hidden)
    own = estimates["quantity"].isin(DRAWN) | estimates["quantity"].str.contains("_difference$|^rmst_|_ratio$")
    numbers = ["estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value"]
    estimates = estimates.astype({name: object for name in numbers})
    estimates.loc[own, numbers] = np.nan
    if entry["reweight"] is not None or made.empty:
        return estimates, _withheld(curve, set(curve["stratum"].astype(str))) if len(curve) else curve
    found, drawn = _fitted(kind, entry, made, estimates)
    keys = ["term", "quantity", "scale"]
    renewed = found.drop_duplicates(keys).set_index(keys)
    for place, row in estimates[own].iterrows():
        key = tuple("" if pd.isna(row[name]) else str(row[name]) for name in keys)
        if key in renewed.index:
            estimates.loc[place, numbers] = renewed.loc[key, numbers].to_numpy()
    rest = _withheld(curve, hidden)
    drawn = drawn.reindex(columns=curve.columns)
    return estimates, pd.concat([drawn.astype(object), rest], ignore_index=True) if len(rest) else drawn


def _withheld(curve: pd.DataFrame, strata: set[str]) -> pd.DataFrame:
    """Return a row per withheld curve, at no finite time: nothing is drawn, and ``[c]`` are at risk throughout."""
    curve = curve[curve["part"] == "survival"] if "part" in curve else curve
    own = curve[curve["stratum"].astype(str).isin(strata)]
    rows = own.drop_duplicates(["stratum", *(["cause"] if "cause" in own else [])]).astype(object)
    numbers = [name for name in rows if name not in ("stratum", "cause", "part")]
    return rows.assign(**dict.fromkeys(numbers, np.nan)).assign(time=np.inf, n_risk=OTHER)


def _fitted(
    kind: str, entry: Mapping[str, object], made: pd.DataFrame, estimates: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    levels = list(dict.fromkeys(made["group"]))
    whole = entry["group"] is None
    units = estimates.loc[estimates["quantity"] == "at_risk", "scale"].astype(str)
    unit = units.iloc[0].partition(" ")[2] if len(units) else ""
    kept = {"times", "rmst", "confidence", "rho", "minimum_at_risk", "level", "pairwise_adjust"}
    settings = {key: value for key, value in entry.items() if key in kept}
    settings |= {"duration": "time", "event": "event", "landmark": None, "reweight": None}
    if kind == "competing_risks":
        fit, settings = competing_risks.fit, {**settings, "competing": "competing"}
    else:
        fit, settings = kaplan_meier.fit, {**settings, "stratify": [], "trend": False, "pairwise": False}
    declared = {"type": "category", "levels": levels}
    columns = {"time": {"type": "number", "unit": unit}, "event": {"type": "boolean"}, "competing": {"type": "boolean"}}
    group = "group" if len(levels) > 1 and not whole else None
    try:
        found = fit(made, group=group, columns={**columns, "group": declared}, **settings)
    except InputError:  # nobody of these blocks is left to estimate from
        return estimates.iloc[:0], pd.DataFrame()
    named, drawn = found.estimates, found.curve
    called = {"group": str(entry["group"])} if group else {"all": levels[0]}
    named = named.assign(**{name: named[name].fillna("").astype(str) for name in ("term", "quantity", "scale")})
    return named.assign(term=named["term"].replace(called)), drawn.assign(stratum=drawn["stratum"].replace(called))
