"""Who enters the analysis: ordered, named rules, and how many each of them leaves."""

import pandas as pd

from recohort.core.conditions import failures
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
        left = _step(left, failures(left, rule["keep"], where=f"eligibility rule '{rule['name']}'"), rule, steps)
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
