"""The flow of participants, from those assembled to those analysed, by group."""

import pandas as pd

from recohort.core.columns import as_text
from recohort.core.errors import InputError


def flow(
    steps: list[dict], eligible: pd.DataFrame, matched: pd.DataFrame | None, *, groups: dict | None
) -> dict[str, list[dict]]:
    """Return the flow diagram's content.

    Parameters
    ----------
    steps : list of dict
        Of `eligibility.select`.
    eligible : DataFrame
        Who is left after them.
    matched : DataFrame or None
        Who is left after matching.
    groups : dict or None
        ``column``, and ``levels``: level -> how its group is called.

    Returns
    -------
    dict
        ``steps`` (matching is the last of them) and ``groups: [{name, label, n}]`` of the last step, whose n sum to it.

    Raises
    ------
    InputError
        A group has a level that is not named, or is unknown for someone.
    """
    steps = [dict(step) for step in steps]
    last = eligible if matched is None else matched
    if matched is not None:
        excluded = _unmatched(eligible, matched, groups)
        n_excluded = len(eligible) - len(matched)
        steps.append(
            {
                "name": "matched",
                "label": "Matched",
                "n_in": len(eligible),
                "n_excluded": n_excluded,
                "n_out": len(matched),
                "excluded": excluded if n_excluded else [],
            }
        )
    counts = [] if groups is None else _counts(last, groups)
    return {
        "steps": steps,
        "groups": [{"name": name, "label": label, "n": n} for name, label, n in counts],
    }


def _unmatched(eligible: pd.DataFrame, matched: pd.DataFrame, groups: dict | None) -> list[dict]:
    if groups is None:
        return [{"reason": "no match", "n": len(eligible) - len(matched)}]
    before, after = _counts(eligible, groups), _counts(matched, groups)
    return [
        {"reason": f"no match: {label}", "n": n - kept}
        for (_, label, n), (_, _, kept) in zip(before, after, strict=True)
        if n > kept
    ]


def _counts(frame: pd.DataFrame, groups: dict) -> list[tuple[str, str, int]]:
    column, levels = groups["column"], {str(level): label for level, label in groups["levels"].items()}
    if column not in frame:
        raise InputError(f"flow: column '{column}' is not in the cohort's table")
    text = as_text(frame[column])
    if text.isna().any():
        raise InputError(f"flow: column '{column}' is unknown for {int(text.isna().sum())} participants, expected none")
    if strange := sorted(set(text) - set(levels)):
        raise InputError(f"flow: column '{column}' holds '{strange[0]}', expected one of {', '.join(levels)}")
    return [(level, label, int((text == level).sum())) for level, label in levels.items()]
