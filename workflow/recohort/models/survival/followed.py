"""What curves over follow-up have in common: rows, times, groups, weights, and their words."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.models.design import complete_rows, declared, numbers, observed_levels
from recohort.models.follow_up import after_landmark, follow_up

ALL = "all"
SCALES = {"log_log": "log-log", "log": "log", "plain": "plain"}
REWEIGHTED = {
    None: "",
    "sampling_weight": " reweighted to the full cohort",
    "weight": " with matching weights",
}


class Followed(NamedTuple):
    """Complete rows of a cohort, ready for a curve by group.

    Attributes
    ----------
    rows : DataFrame
        The n rows that are analysed.
    time, event, weight : ndarray, shape (n,)
        Follow-up from the landmark, 0/1, weight (1 without `reweight`).
    labels : ndarray of str, shape (n,)
        Group of each row.
    levels : list of str
        Groups that occur, in declared order; ``all`` without a group.
    unit : str
        Of time.
    warnings : list of (code, message)
        What was left out, and whether the cohort was matched on the outcome.
    """

    rows: pd.DataFrame
    time: np.ndarray
    event: np.ndarray
    weight: np.ndarray
    labels: np.ndarray
    levels: list[str]
    unit: str
    warnings: list[tuple[str, str]]


def followed(
    cohort: pd.DataFrame,
    *,
    duration: str,
    event: str,
    group: str | None,
    reweight: str | None,
    landmark: float | None,
    columns: dict[str, dict],
    also: Iterable[str] = (),
) -> Followed:
    """Return the complete rows beyond the landmark, with their groups and weights.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant.
    duration, event : str
        Columns of follow-up and of the event.
    group : str or None
        Category or boolean column.
    reweight : str or None
        Column of weights.
    landmark : float or None
        See `follow_up.after_landmark`.
    columns : dict
        Declarations by column name.
    also : iterable of str
        Further columns that must be known.

    Raises
    ------
    InputError
        A time is negative, a weight is missing or not positive, or fewer than two groups occur.
    """
    if reweight and reweight in cohort and cohort[reweight].isna().all():
        raise InputError(f"column '{reweight}': is empty in this cohort, expected the weights of a matched cohort")
    wanted = [duration, event, *([group] if group else []), *([reweight] if reweight else []), *also]
    rows, warnings = complete_rows(cohort, wanted)
    follow_up(rows, duration, event)
    rows, said = after_landmark(rows, duration, landmark)
    time, died = follow_up(rows, duration, event)
    weight = _weights(rows, reweight)
    labels, levels = _groups(rows, group, columns)
    unit = declared(duration, columns).get("unit") or ""
    return Followed(rows, time, died, weight, labels, levels, unit, warnings + said + _case_control(rows, reweight))


def at_words(moment: float, unit: str) -> str:
    """Return how a time is spoken of, ``24 months``."""
    return f"{moment:g} {unit}".rstrip()


def against_words(moment: float, unit: str, level: str, reference: str) -> str:
    """Return the scale of a contrast at a time, ``24 months, high against low``."""
    return f"{at_words(moment, unit)}, {level} against {reference}"


def step_at(times: np.ndarray, moment: float, values: np.ndarray, start: float) -> float:
    """Return a step function just after a time; `start` before its first step."""
    place = np.searchsorted(times, moment, side="right") - 1
    return float(values[place]) if place >= 0 else start


def at_risk(times: np.ndarray, n_risk: np.ndarray, moment: float) -> int:
    """Return the number under observation just before a time."""
    place = np.searchsorted(times, moment, side="left")
    return round(n_risk[place]) if place < len(times) else 0


def sparse(
    name: str, moment: float, unit: str, *, last: float, remaining: int, minimum: int, what: str
) -> list[tuple[str, str]]:
    """Return a warning where nobody, or fewer than `minimum`, are observed at a time."""
    whose = "" if name == ALL else f" in stratum {name}"
    if moment > last:
        words = at_words(moment, unit)
        return [("beyond_follow_up", f"Nobody{whose} is under observation at {words}: {what} is not estimated.")]
    if remaining < minimum:
        words = at_words(moment, unit)
        return [("few_at_risk", f"Only {remaining}{whose} are at risk at {words}, fewer than {minimum}.")]
    return []


def _weights(rows: pd.DataFrame, reweight: str | None) -> np.ndarray:
    if reweight is None:
        return np.ones(len(rows))
    weight = numbers(rows, reweight)
    if (weight <= 0).any():
        raise InputError(f"column '{reweight}': found the weight {weight.min():g}, expected weights above 0")
    return weight


def _groups(rows: pd.DataFrame, group: str | None, columns: dict[str, dict]) -> tuple[np.ndarray, list[str]]:
    if group is None:
        return np.full(len(rows), ALL, dtype=object), [ALL]
    values, levels = observed_levels(rows, group, columns)
    if len(levels) < 2:
        raise InputError(f"column '{group}': only the level '{levels[0]}' occurs, expected two levels or more")
    return values.to_numpy(), levels


def _case_control(rows: pd.DataFrame, reweight: str | None) -> list[tuple[str, str]]:
    """Return a warning where the cohort was matched on the outcome and its curves are not weighted back."""
    if reweight == "sampling_weight" or "sampling_weight" not in rows or rows["sampling_weight"].nunique() < 2:
        return []
    message = (
        "The sample was matched on the outcome: its survival describes a case-control sample, not the full cohort."
    )
    return [("matched_on_outcome", message)]
