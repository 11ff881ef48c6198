"""Two categories compared: Pearson's chi-squared and Fisher's exact test of a table of counts."""

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from recohort.core.errors import InputError
from recohort.models.comparison.tails import noncentral_chi2
from recohort.models.distributions import chi2_p

_STATES = 3_000_000
_SAME = 1e-7


class ChiSquared(NamedTuple):
    """Pearson's test: statistic, degrees of freedom, p-value, smallest expected count, and whether it is Yates's."""

    statistic: float
    df: int
    p_value: float
    smallest: float
    corrected: bool


def chi_squared(table: np.ndarray, *, correct: bool) -> ChiSquared:
    """Test independence of the rows and columns of counts, shape (r, c), no empty row or column.

    `correct` takes 0.5 (at most the whole difference) off each difference of a 2 x 2 table, as R's ``chisq.test``.
    """
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    apart = abs(table - expected)
    yates = correct and table.shape == (2, 2)
    if yates:
        apart = apart - min(0.5, apart.min())
    statistic = float((apart**2 / expected).sum())
    df = (table.shape[0] - 1) * (table.shape[1] - 1)
    return ChiSquared(statistic, df, chi2_p(statistic, df), float(expected.min()), yates)


def cramers_v(table: np.ndarray, level: float) -> tuple[float, float, float]:
    """Return Cramer's V of the uncorrected chi-squared, with limits from its noncentral distribution."""
    tested = chi_squared(table, correct=False)
    per = table.sum() * (min(table.shape) - 1)
    limits = noncentral_chi2(tested.statistic, tested.df, level)
    return tuple(float(np.minimum(np.sqrt(value / per), 1.0)) for value in (tested.statistic, *limits))


def fisher_p(table: np.ndarray) -> float:
    """Return the two-sided p-value of Fisher's exact test: the tables with these margins that are no likelier.

    Rows are filled one by one; ways to the same remaining margins with the same likelihood are kept as one, so that
    tables with hundreds of counts stay within reach (the idea of Mehta CR, Patel NR, J Am Stat Assoc 1983;78:427-434).

    Raises
    ------
    InputError
        There are too many such tables.
    """
    if table.shape[0] < table.shape[1]:
        table = table.T
    table = table[np.argsort(table.sum(axis=1), kind="stable")]
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    scale = gammaln(rows + 1).sum() + gammaln(columns + 1).sum() - gammaln(table.sum() + 1)
    observed = scale - gammaln(table + 1).sum()
    left, gained, ways = columns[None, :].astype(int), np.zeros(1), np.ones(1)
    for total in rows[:-1]:
        left, gained, ways = _fill_row(left, gained, ways, int(total))
    logs = scale + gained - gammaln(left + 1).sum(axis=1)
    return float(min((ways * np.exp(logs))[logs <= observed + np.log1p(_SAME)].sum(), 1.0))


def _fill_row(left: np.ndarray, gained: np.ndarray, ways: np.ndarray, total: int) -> tuple[np.ndarray, ...]:
    """Return the states after one more row: what is left of the columns, log-likelihood so far, number of ways."""
    to_place = np.full(len(left), total)
    for column in range(left.shape[1]):
        after = left[:, column + 1 :].sum(axis=1)
        least, most = np.maximum(to_place - after, 0), np.minimum(to_place, left[:, column])
        choices = most - least + 1
        if choices.sum() > _STATES:
            raise InputError("Fisher's exact test: the table has too many counts, expected test chi2 instead")
        source = np.repeat(np.arange(len(left)), choices)
        placed = np.arange(choices.sum()) - np.repeat(np.cumsum(choices) - choices, choices) + least[source]
        left, gained, ways = left[source], gained[source] - gammaln(placed + 1), ways[source]
        left[:, column] -= placed
        to_place = to_place[source] - placed
    keys = np.column_stack([left, np.rint(gained * 1e9).astype(np.int64)])
    _, index, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return left[index], gained[index], np.bincount(inverse.ravel(), ways)


def odds_ratio(table: np.ndarray, level: float) -> tuple[float, float, float]:
    """Return the conditional maximum likelihood odds ratio of a 2 x 2 table and its exact limits.

    The odds of the second column in the second row against the first, given the margins: as R's ``fisher.test``.
    """
    (a, b), (c, d) = table.tolist()
    column = b + d
    low, high = max(0, column - (a + b)), min(column, c + d)
    support = np.arange(low, high + 1)
    logs = -(
        gammaln(support + 1)
        + gammaln(c + d - support + 1)
        + gammaln(column - support + 1)
        + gammaln(a + b - column + support + 1)
    )
    tail = (1 - level) / 2

    def mass(log_ratio: float) -> np.ndarray:
        weights = logs + support * log_ratio
        weights = np.exp(weights - weights.max())
        return weights / weights.sum()

    if low == high:
        return float("nan"), 0.0, float("inf")
    estimate = 0.0 if d == low else np.inf if d == high else np.exp(_solve(lambda x: mass(x) @ support - d))
    least = 0.0 if d == low else np.exp(_solve(lambda x: mass(x)[support >= d].sum() - tail))
    most = np.inf if d == high else np.exp(_solve(lambda x: tail - mass(x)[support <= d].sum()))
    return float(estimate), float(least), float(most)


def _solve(rising: object) -> float:
    from scipy.optimize import brentq

    reach = 1.0
    while rising(-reach) > 0 or rising(reach) < 0:
        reach *= 2
    return float(brentq(rising, -reach, reach, xtol=1e-14, rtol=1e-14))
