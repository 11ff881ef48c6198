"""Harrell's concordance of a risk score with follow-up, and its infinitesimal jackknife standard error.

Harrell FE, Lee KL, Mark DB, Stat Med 1996;15:361-387 (doi
10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4).
"""

import numpy as np


def concordance(
    time: np.ndarray,
    event: np.ndarray,
    score: np.ndarray,
    strata: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
) -> tuple[float, float]:
    """Return the share of comparable pairs in which the earlier event has the higher score, and its standard error.

    A pair is comparable when the one with the shorter time had an event (an event precedes a censoring at the same
    time) and both are of one stratum; a tied score counts one half. A pair weighs the product of its weights.
    O(n log n).

    Parameters
    ----------
    time, event, score : ndarray, shape (n,)
        Follow-up, 0/1, and a score that is high where the event is early.
    strata : ndarray of int, shape (n,)
        Stratum codes.
    weights : ndarray, shape (n,), optional
        Case weights.
    cluster : ndarray of int, shape (n,), optional
        Codes from 0: influences are summed by cluster.

    Returns
    -------
    concordance, std_error : float
        nan where no pair is comparable. The variance is the sum of squared influences, as R's survival.
    """
    weight = np.ones(len(time)) if weights is None else weights.astype(float)
    won, pairs = _by_subject(time, event == 1, score, strata, weight)
    won, pairs = won * weight, pairs * weight
    if not pairs.any():
        return float("nan"), float("nan")
    value = won.sum() / pairs.sum()
    influence = (won - value * pairs) / (pairs.sum() / 2)
    if cluster is not None:
        influence = np.bincount(cluster, influence)
    return float(value), float(np.sqrt(influence @ influence))


def _by_subject(
    time: np.ndarray, died: np.ndarray, score: np.ndarray, strata: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each subject the weight of its concordant pairs (ties one half) and of its comparable pairs."""
    stratum, when, rank = (_codes(values) for values in (strata, time, score))
    moment = (stratum * (when.max() + 1) + when) * 2 + ~died  # a censoring follows an event of its time
    level = stratum * (rank.max() + 1) + rank
    gone = weight * died
    after, before = _beyond(moment, stratum, weight, gone)
    pairs = died * after + before
    # In each rank by moment: pairs of one rank and of one moment are never counted as won.
    by_level = np.lexsort((moment, level))
    place = np.empty(len(time), dtype=np.int64)
    place[by_level] = np.arange(len(time))
    after, before = _beyond(moment, level, weight, gone, by_level)
    tied = died * after + before
    by_moment = np.lexsort((place, moment))
    later, earlier = _inversions(place[by_moment], weight[by_moment], gone[by_moment])
    won = np.empty(len(time))
    won[by_moment] = died[by_moment] * later + earlier
    return won + tied / 2, pairs


def _codes(values: np.ndarray) -> np.ndarray:
    """Return 0, 1, ... for the distinct values in rising order, shape (n,)."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    codes = np.empty(len(values), dtype=np.int64)
    codes[order] = np.cumsum(np.r_[False, ordered[1:] != ordered[:-1]])
    return codes


def _beyond(
    moment: np.ndarray, group: np.ndarray, weight: np.ndarray, gone: np.ndarray, order: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each the weight of its group at later moments, and that of its group's events at earlier ones."""
    order = np.lexsort((moment, group)) if order is None else order
    m, g = moment[order], group[order]
    size = len(order)
    change = g[1:] != g[:-1]
    run = np.flatnonzero(np.r_[True, change | (m[1:] != m[:-1])])
    of_group = np.flatnonzero(np.r_[True, change])
    run_of, group_of = np.repeat(run, np.diff(np.r_[run, size])), np.repeat(of_group, np.diff(np.r_[of_group, size]))
    run_end = np.repeat(np.r_[run[1:], size], np.diff(np.r_[run, size]))
    group_end = np.repeat(np.r_[of_group[1:], size], np.diff(np.r_[of_group, size]))
    sums, gone_sums = np.r_[0.0, np.cumsum(weight[order])], np.r_[0.0, np.cumsum(gone[order])]
    after, before = np.empty(size), np.empty(size)
    after[order] = sums[group_end] - sums[run_end]
    before[order] = gone_sums[run_of] - gone_sums[group_of]
    return after, before


def _inversions(place: np.ndarray, weight: np.ndarray, gone: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each the `weight` that follows with a lower place, and the `gone` that precedes with a higher one.

    `place` is a permutation of 0 to n - 1. From its highest bit down, every block of equal higher bits is parted by
    the next bit, in order; a block's places are consecutive, so that its beginning is known without a search.
    """
    size = len(place)
    index = origin = np.arange(size)
    later, earlier = np.zeros(size), np.zeros(size)
    for bit in range(max(size - 1, 0).bit_length() - 1, -1, -1):
        half, block = 1 << bit, 1 << (bit + 1)
        start = index & -block
        upper = (place[origin] & half) != 0
        lower = ~upper
        ahead = np.r_[0.0, np.cumsum(weight[origin] * lower)]
        behind = np.r_[0.0, np.cumsum(gone[origin] * upper)]
        later[origin] += upper * (ahead[np.minimum(start + block, size)] - ahead[:-1])
        earlier[origin] += lower * (behind[:-1] - behind[start])
        # Lower ones before each in its block; every block before it is full and has half of them.
        below = np.cumsum(lower) - lower - (start >> 1)
        parted = np.empty(size, dtype=origin.dtype)
        parted[start + np.where(upper, half + (index - start) - below, below)] = origin
        origin = parted
    return later, earlier
