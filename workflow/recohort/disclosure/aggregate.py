"""Values of single patients as means of neighbours, so that no mark in a figure and no quantile is one patient.

Univariate microaggregation with blocks of equal size: Domingo-Ferrer J, Mateo-Sanz JM, IEEE Trans Knowl Data Eng
2002;14:189-201 (doi 10.1109/69.979982).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def block_means(values: np.ndarray, *, size: int, round_to: int | None = None, keep_few: bool = False) -> np.ndarray:
    """Return each value as the mean of its block of at least `size` neighbours in value; the mean of all stays.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Missing values stay missing. Fewer known ones than `size` are all made missing.
    size : int
        Least size of a block; blocks have ``size`` to ``2 size - 1`` values, as equal as can be.
    round_to : int or None
        As in `blocks`.
    keep_few : bool
        Make one block of fewer values instead, where the reader does not get to see it.

    Examples
    --------
    >>> block_means(np.array([1.0, 9.0, 2.0, 8.0, 30.0]), size=2).tolist()
    [1.5, 15.666666666666666, 1.5, 15.666666666666666, 15.666666666666666]
    """
    values = np.asarray(values, dtype=float)
    means, known = np.full(len(values), np.nan), np.flatnonzero(~np.isnan(values))
    if len(known) < size and not keep_few:
        return means
    order = known[np.argsort(values[known], kind="stable")]
    for block in blocks(len(order), size=size, round_to=round_to):
        means[order[block]] = values[order[block]].mean()
    return means


def blocks(n: int, *, size: int, round_to: int | None = None) -> list[np.ndarray]:
    """Return the places 0 to n-1 in runs of at least `size`; a single run where there are fewer, the longer ones last.

    With `round_to`, how many runs there are depends on n rounded alone.

    Examples
    --------
    >>> [len(block) for block in blocks(17, size=5)], [len(block) for block in blocks(17, size=5, round_to=5)]
    ([5, 6, 6], [8, 9])
    """
    sure = n if round_to is None else (n + round_to // 2) // round_to * round_to - round_to // 2
    count = max(1, sure // size)
    lengths = [n // count + (place >= count - n % count) for place in range(count)]
    return np.split(np.arange(n), np.cumsum(lengths)[:-1])


def aggregated(
    frame: pd.DataFrame,
    columns: Sequence[str],
    *,
    group: str | None,
    size: int,
    round_to: int | None = None,
    keep_few: bool = False,
) -> pd.DataFrame:
    """Return a cohort whose numbers in some columns are block means within each level of a group.

    Parameters
    ----------
    frame : DataFrame
        One row per patient.
    columns : sequence of str
        Numbers.
    group : str or None
        Column that divides the patients; blocks do not reach over it.
    size, round_to, keep_few
        As in `block_means`.
    """
    keys = pd.Series("", index=frame.index) if group is None else frame[group].astype(object)
    how = {"size": size, "round_to": round_to, "keep_few": keep_few}
    made = {
        column: pd.to_numeric(frame[column], errors="coerce")
        .groupby(keys, dropna=False)
        .transform(lambda values: block_means(values.to_numpy(float, na_value=np.nan), **how))
        for column in columns
    }
    return frame.assign(**made)


def paired_means(
    frame: pd.DataFrame, *, along: str, other: str, size: int, round_to: int | None = None
) -> pd.DataFrame:
    """Return a point per block of at least `size` neighbours along one column: the mean of both columns.

    There is none of fewer than `size`.
    """
    order = frame.sort_values([along, other], kind="stable")
    if len(order) < size:
        return order.iloc[:0]
    parts = [order.iloc[block] for block in blocks(len(order), size=size, round_to=round_to)]
    means = {name: [part[name].mean() for part in parts] for name in (along, other)}
    return order.iloc[[0] * len(parts)].assign(**means)
