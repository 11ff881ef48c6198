"""Time and event of each row, and the landmark from which they count."""

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.models.design import binary, numbers


def follow_up(rows: pd.DataFrame, duration: str, event: str) -> tuple[np.ndarray, np.ndarray]:
    """Return follow-up and events of complete rows, each of shape (n,).

    Raises
    ------
    InputError
        A time is negative, or an event is neither 0 nor 1.
    """
    time, died = numbers(rows, duration), binary(rows, event)
    if (time < 0).any():
        raise InputError(f"column '{duration}': found {time.min():g}, expected no negative follow-up")
    return time, died


def after_landmark(
    rows: pd.DataFrame, duration: str, landmark: float | None
) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Return the rows still followed at the landmark, their time counted from it, and what must be said.

    Anderson JR, Cain KC, Gelber RD, J Clin Oncol 1983;1:710-719 (doi 10.1200/JCO.1983.1.11.710).

    Parameters
    ----------
    rows : DataFrame
        Complete in `duration`.
    duration : str
        Column of follow-up.
    landmark : float or None
        In the unit of follow-up; None changes nothing. Who leaves or has the event at or before it is left out.

    Raises
    ------
    InputError
        Nobody is followed beyond the landmark.
    """
    if landmark is None:
        return rows, []
    time = numbers(rows, duration)
    kept = time > landmark
    if not kept.any():
        raise InputError(f"landmark {landmark:g}: the longest {duration} is {time.max():g}, expected some beyond it")
    message = (
        f"{int((~kept).sum())} of {len(rows)} rows are left out because their follow-up ends at or before the landmark "
        f"{landmark:g}; time is counted from it."
    )
    return rows[kept].assign(**{duration: time[kept] - landmark}).reset_index(drop=True), [("landmark", message)]
