"""Who enters the analysis: ordered, named rules, and how many each of them leaves."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from recohort.cohort.covariates import numbers
from recohort.core.columns import as_text
from recohort.core.errors import InputError

EARLIER = {"name": "measured", "label": "Measured"}
"""The first step: who was not excluded by an earlier stage."""


def select(assembled: pd.DataFrame, *, rules: list[dict]) -> tuple[pd.DataFrame, list[dict]]:
    """Apply the rules in order.

    Parameters
    ----------
    assembled : DataFrame
        One row per participant; ``exclusion`` (optional) is empty or the reason an earlier stage excluded the
        participant.
    rules : list of dict
        ``name``, ``label`` of those who remain, and ``keep``: a ``column`` and conditions on it, all of which must
        hold: ``at_least, at_most, above, below`` (numbers), ``equals``, ``one_of``, ``is_present: true``. An unknown
        value is excluded by every condition, with a reason of its own.

    Returns
    -------
    eligible : DataFrame
        The rows that pass, without ``exclusion``.
    steps : list of dict
        ``name, label, n_in, n_excluded, n_out, excluded: [{reason, n}]``; each `n_in` is the previous `n_out`.

    Raises
    ------
    InputError
        A rule names a column that is not there or compares text with a number, or nobody remains.
    """
    left, steps = assembled, []
    if "exclusion" in assembled:
        reasons = assembled["exclusion"].where(assembled["exclusion"].notna(), "").astype(str)
        left = _step(left.drop(columns="exclusion"), reasons, EARLIER, steps)
    for rule in rules:
        left = _step(left, _reasons(left, rule), rule, steps)
    return left.reset_index(drop=True), steps


def _step(left: pd.DataFrame, reasons: pd.Series, rule: dict, steps: list[dict]) -> pd.DataFrame:
    """Note one step and return who remains: those without a reason."""
    kept = left[reasons == ""]
    counts = reasons[reasons != ""].value_counts(sort=False)
    listed = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    steps.append(
        {
            "name": rule["name"],
            "label": rule["label"],
            "n_in": len(left),
            "n_excluded": len(left) - len(kept),
            "n_out": len(kept),
            "excluded": [{"reason": reason, "n": int(n)} for reason, n in listed],
        }
    )
    if kept.empty:
        why = "; ".join(f"{reason} ({n})" for reason, n in listed) or "the table has no rows"
        raise InputError(f"cohort: nobody is left after the step '{rule['name']}': {why}; expected at least one")
    return kept


def _reasons(left: pd.DataFrame, rule: dict) -> pd.Series:
    """Return why a rule excludes each row, empty where it does not; the first condition that fails gives the reason."""
    conditions = dict(rule["keep"])
    name = conditions.pop("column")
    if name not in left:
        raise InputError(f"eligibility rule '{rule['name']}': column '{name}' is not in the cohort's table")
    unknown = left[name].isna()
    reasons = pd.Series("", index=left.index).mask(unknown, f"{name} unknown")
    for word, wanted in conditions.items():
        if word == "is_present":
            continue
        fails = pd.Series(~_holds(left, name, word, wanted), index=left.index)
        reasons = reasons.mask((reasons == "") & fails, f"{name} {_fault(word, wanted)}")
    return reasons


_COMPARE: dict[str, Callable] = {
    "at_least": np.greater_equal,
    "at_most": np.less_equal,
    "above": np.greater,
    "below": np.less,
}


def _holds(left: pd.DataFrame, name: str, word: str, wanted: object) -> np.ndarray:
    if word in _COMPARE:
        with np.errstate(invalid="ignore"):
            return _COMPARE[word](numbers(left, name), float(wanted))
    wanted_text = as_text(pd.Series(wanted if word == "one_of" else [wanted], dtype=object).map(_plain))
    return as_text(left[name].astype(object).map(_plain)).isin(wanted_text).to_numpy()


def _plain(value: object) -> object:
    """Return a truth value as 1 or 0, as tables hold it."""
    return int(value) if isinstance(value, (bool, np.bool_)) else value


def _fault(word: str, wanted: object) -> str:
    listed = ", ".join(str(_plain(value)) for value in wanted) if isinstance(wanted, list) else _plain(wanted)
    faults = {
        "at_least": "below",
        "at_most": "above",
        "above": "not above",
        "below": "not below",
        "equals": "not",
        "one_of": "none of",
    }
    return f"{faults[word]} {listed}"
