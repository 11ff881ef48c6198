"""The columns of a prediction: the outcome it is of, and the risk it gives."""

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.models.accuracy.risk_model import Outcome
from recohort.models.design import binary, numbers
from recohort.models.follow_up import follow_up


def outcome_columns(outcome: str | None, duration: str | None, event: str | None, time: float | None) -> list[str]:
    """Return the columns of the outcome.

    Raises
    ------
    InputError
        The entry names neither an outcome nor all of duration, event and time, or both.
    """
    censored = {"duration": duration, "event": event, "time": time}
    named = [name for name, value in censored.items() if value is not None]
    if outcome is not None:
        if named:
            raise InputError(f"found an outcome and {', '.join(named)}, expected an outcome alone or the three others")
        return [outcome]
    if lacking := [name for name in censored if name not in named]:
        raise InputError(
            f"found no outcome and no {', '.join(lacking)}, expected an outcome, or duration, event and time"
        )
    return [duration, event]


def read_outcome(
    rows: pd.DataFrame, outcome: str | None, duration: str | None, event: str | None, time: float | None, ties: str
) -> Outcome:
    """Return the outcome of complete rows.

    Raises
    ------
    InputError
        Everybody or nobody has it, or by the time, or nobody is followed until the time.
    """
    if outcome is not None:
        y = binary(rows, outcome)
        if y.min() == y.max():
            raise InputError(f"column '{outcome}': all {len(y)} rows are {y[0]:g}, expected events and non-events")
        return Outcome(y)
    followed, died = follow_up(rows, duration, event)
    if not (died[followed <= time] == 1).any():
        raise InputError(f"column '{event}': found no event by {time:g}, expected at least one")
    if not (followed > time).any():
        raise InputError(f"time {time:g}: the longest {duration} is {followed.max():g}, expected some beyond it")
    return Outcome(died, followed, time, ties)


def read_risk(rows: pd.DataFrame, name: str, *, ends: bool) -> np.ndarray:
    """Return predicted risks, shape (n,).

    Parameters
    ----------
    rows : DataFrame
        Complete in the column.
    name : str
        The column.
    ends : bool
        Whether 0 and 1 may occur.

    Raises
    ------
    InputError
        A risk is outside 0..1, or at an end of it.
    """
    risk = numbers(rows, name)
    strange = risk[(risk < 0) | (risk > 1)] if ends else risk[(risk <= 0) | (risk >= 1)]
    if strange.size:
        wanted = "from 0 to 1" if ends else "above 0 and below 1"
        raise InputError(f"column '{name}': found the risk {strange[0]:g}, expected risks {wanted}")
    return risk


def resampled(size: int, bootstrap: int, source: np.random.Generator) -> np.ndarray:
    """Return rows of bootstrap samples, int of shape (B, size)."""
    return source.integers(0, size, (bootstrap, size))
