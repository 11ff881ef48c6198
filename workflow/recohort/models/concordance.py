"""Harrell's concordance of a risk score with follow-up, and its infinitesimal jackknife standard error.

Harrell FE, Lee KL, Mark DB, Stat Med 1996;15:361-387 (doi
10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4).
"""

import numpy as np


def concordance(time: np.ndarray, event: np.ndarray, score: np.ndarray, strata: np.ndarray) -> tuple[float, float]:
    """Return the share of comparable pairs in which the earlier event has the higher score, and its standard error.

    A pair is comparable when the one with the shorter time had an event (an event precedes a censoring at the same
    time) and both are of one stratum; a tied score counts one half. O(n log^2 n).

    Parameters
    ----------
    time, event, score : ndarray, shape (n,)
        Follow-up, 0/1, and a score that is high where the event is early.
    strata : ndarray of int, shape (n,)
        Stratum codes.

    Returns
    -------
    concordance, std_error : float
        nan where no pair is comparable. The variance is the sum of squared influences, as R's survival.
    """
    rank = np.unique(score, return_inverse=True)[1]
    won, pairs = np.zeros(len(time)), np.zeros(len(time))
    for code in np.unique(strata):
        here = np.flatnonzero(strata == code)
        won[here], pairs[here] = _by_subject(time[here], event[here], rank[here])
    if not pairs.any():
        return float("nan"), float("nan")
    value = won.sum() / pairs.sum()
    influence = (won - value * pairs) / (pairs.sum() / 2)
    return float(value), float(np.sqrt(np.sum(influence**2)))


def _by_subject(time: np.ndarray, event: np.ndarray, rank: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each subject its concordant pairs (ties one half) and its comparable pairs, in either role."""
    moment = np.unique(time, return_inverse=True)[1] * 2 + (event == 0)  # a censoring follows an event of its time
    everyone, died = np.ones(len(time)), event.astype(float)
    won, pairs = np.zeros(len(time)), np.zeros(len(time))
    # As the earlier one, having an event: those later with a lower score.
    lower, equal, total = _count(-moment, rank, everyone)
    won += died * (lower + equal / 2)
    pairs += died * total
    # As the later one: earlier events with a higher score.
    lower, equal, total = _count(moment, -rank, died)
    return won + lower + equal / 2, pairs + total


def _count(key: np.ndarray, rank: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each i the weight of those with a smaller key: of lower rank, of equal rank, of any rank."""
    below = _dominated(key, rank, weight)
    at_most = _dominated(key, rank, weight, equal=True)
    keys, inverse = np.unique(key, return_inverse=True)
    mass = np.cumsum(np.bincount(inverse, weight, minlength=len(keys)))
    total = (mass - np.bincount(inverse, weight, minlength=len(keys)))[inverse]
    return below, at_most - below, total


def _dominated(key: np.ndarray, rank: np.ndarray, weight: np.ndarray, equal: bool = False) -> np.ndarray:
    """Return for each i the weight of all j with key_j < key_i and rank_j < rank_i (or <=), bit by bit of the rank."""
    size = len(key)
    # Positions by rank; among equal ranks the larger key first, so that ties are skipped (or, with `equal`, counted).
    by_rank = np.lexsort((key if equal else -key, rank))
    place = np.empty(size, dtype=np.int64)
    place[by_rank] = np.arange(size)
    # In order of key; among equal keys the later place first, so that equals never count each other.
    order = np.lexsort((-place, key))
    place, mass = place[order], weight[order]
    counted = np.zeros(size)
    for bit in range(int(size).bit_length()):
        block = np.argsort(place >> (bit + 1), kind="stable")
        upper = (place[block] >> bit) & 1 == 1
        lower_mass = np.cumsum(np.where(upper, 0.0, mass[block]))
        group = place[block] >> (bit + 1)
        first = np.searchsorted(group, group)
        before = np.where(first > 0, lower_mass[first - 1], 0.0)
        counted[block] += np.where(upper, lower_mass - before, 0.0)
    result = np.empty(size)
    result[order] = counted
    return result
