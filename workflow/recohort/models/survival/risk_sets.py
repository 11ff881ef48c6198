"""Sums over the risk sets of the partial likelihood, and what follows from them: score, information, residuals.

Ties: Efron B, J Am Stat Assoc 1977;72:557-565 (doi 10.1080/01621459.1977.10480613), Breslow N, Biometrics 1974;30:89-99
(doi 10.2307/2529620). Rows are held by stratum and falling time, so that a risk set is the beginning of its stratum.
"""

import copy
from itertools import pairwise
from typing import NamedTuple

import numpy as np

MANY_SEGMENTS = 64
BLOCK = 20_000  # numbers that stay in the processor's cache


class Moments(NamedTuple):
    """What the risk sets give at one coefficient vector.

    Attributes
    ----------
    loglik : float
        Log partial likelihood.
    score : ndarray, shape (p,)
        Its gradient.
    mean : ndarray, shape (p, terms)
        Mean covariates of the risk set of each term of the likelihood: one per death with Efron's ties, else one per
        time of death.
    risk : ndarray, shape (n,)
        Weight times exp(x beta) of each sorted row, up to a factor.
    total : ndarray, shape (terms,)
        Its sum over the risk set.
    """

    loglik: float
    score: np.ndarray
    mean: np.ndarray
    risk: np.ndarray
    total: np.ndarray


class Segments:
    """Running sums that start anew at each segment.

    Parameters
    ----------
    code : ndarray, shape (n,)
        Equal values stand together and make a segment.
    """

    def __init__(self, code: np.ndarray):
        self.starts = np.flatnonzero(np.r_[True, code[1:] != code[:-1]]) if len(code) else np.zeros(0, int)
        self.edges = np.r_[self.starts, len(code)]
        self.many = len(self.starts) > MANY_SEGMENTS
        if self.many:
            self.place = np.arange(len(code)) - np.repeat(self.starts, np.diff(self.edges))

    def running(self, values: np.ndarray) -> np.ndarray:
        """Return cumulative sums along the last axis, without cancellation between segments."""
        if len(self.starts) <= 1:
            return np.cumsum(values, axis=-1)
        if not self.many:
            parts = [np.cumsum(values[..., low:high], axis=-1) for low, high in pairwise(self.edges)]
            return np.concatenate(parts, axis=-1)
        sums, step = values.astype(float), 1
        while step <= self.place.max():
            sums[..., step:] += np.where(self.place[step:] >= step, sums[..., :-step], 0.0)
            step *= 2
        return sums


class RiskSets:
    """Who is at risk at each death, arranged once for all evaluations of the likelihood.

    Parameters
    ----------
    time, event : ndarray, shape (n,)
        Follow-up and 1 for an event, 0 for censored.
    x : ndarray, shape (n, p)
        Covariates.
    strata : ndarray of int, shape (n,)
        Stratum codes; risk sets stay within a stratum.
    ties : {"efron", "breslow"}
        With Efron, the l-th of d tied deaths counts the tied ones with weight 1 - l/d.
    weights : ndarray, shape (n,), optional
        Case weights above 0; 1 where they are not given.

    Attributes
    ----------
    order : ndarray, shape (n,)
        Row of each sorted row.
    x : ndarray, shape (p, n)
        Sorted covariates.
    moment : ndarray, shape (k,)
        The times of death, by stratum and falling.
    """

    def __init__(
        self,
        time: np.ndarray,
        event: np.ndarray,
        x: np.ndarray,
        strata: np.ndarray,
        ties: str,
        weights: np.ndarray | None = None,
    ):
        one = len(strata) == 0 or (strata[0] == strata).all()
        self.order = np.argsort(-time, kind="stable") if one else np.lexsort((-time, strata))
        when, stratum = time[self.order], strata[self.order]
        size = len(when)
        self.x = np.ascontiguousarray(x[self.order].T)
        self.weight = None if weights is None else weights[self.order]
        changed = (when[1:] != when[:-1]) | (stratum[1:] != stratum[:-1])
        ends = np.flatnonzero(np.r_[changed, True])
        self.deaths = np.flatnonzero(event[self.order] == 1)
        group = np.searchsorted(ends, self.deaths)
        new = np.r_[True, group[1:] != group[:-1]]
        self.run = np.cumsum(new) - 1
        self.starts = np.flatnonzero(new)
        self.last = ends[group[new]]
        self.moment = when[self.last]
        self._rows = Segments(np.zeros(size) if one else stratum)
        of_moment = stratum[self.last]
        self._moments = Segments(of_moment[::-1])
        # The first moment (from late to early) at which a row is at risk; the last index stands for none.
        first = np.searchsorted(self.last, np.arange(size))
        padded = np.r_[of_moment, of_moment[-1:]]
        self._first = np.where((first < len(self.last)) & (padded[first] == stratum), first, len(self.last))
        self._count(ties)

    def _count(self, ties: str) -> None:
        """Set the terms of the likelihood: which fraction of the tied deaths each leaves out, and its weight."""
        number = np.diff(np.r_[self.starts, len(self.deaths)])
        mass = number.astype(float)
        if self.weight is not None:
            mass = np.add.reduceat(self.weight[self.deaths], self.starts)
        self.spread = ties == "efron" and bool((number > 1).any())
        self.number = number
        if self.spread:
            self.fraction = (np.arange(len(self.deaths)) - self.starts[self.run]) / number[self.run]
            self.share = (mass / number)[self.run]
        else:
            self.fraction, self.share = np.zeros(len(number)), mass
        dead = self.x[:, self.deaths]
        self._dead = dead if self.weight is None else dead * self.weight[self.deaths]

    def narrowed(self, kept: np.ndarray) -> "RiskSets":
        """Return the same risk sets with some of the covariates."""
        found = copy.copy(self)
        found.x, found._dead = np.ascontiguousarray(self.x[kept]), self._dead[kept]
        return found

    def at(self, beta: np.ndarray) -> Moments:
        """Return log-likelihood, score and risk-set means at `beta`, shape (p,)."""
        eta = beta @ self.x
        eta -= eta.max(initial=-np.inf)
        risk = np.exp(eta)
        counted = eta[self.deaths]
        if self.weight is not None:
            risk *= self.weight
            counted = counted * self.weight[self.deaths]
        with np.errstate(divide="ignore", invalid="ignore"):  # far too long a step; it is halved for its likelihood
            total = self.sums(risk)
            mean = np.empty((len(self.x), len(total)))
            step = max(1, BLOCK // max(len(eta), 1))
            for low in range(0, len(self.x), step):
                np.divide(self.sums(self.x[low : low + step] * risk), total, out=mean[low : low + step])
            loglik = float(counted.sum() - self.share @ np.log(total))
        return Moments(loglik, self._dead.sum(axis=1) - mean @ self.share, mean, risk, total)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return sums of sorted rows' `values`, shape (..., n), over each term's risk set, shape (..., terms)."""
        at_risk = self._rows.running(values).take(self.last, axis=-1)
        if not self.spread:
            return at_risk
        tied = np.add.reduceat(values.take(self.deaths, axis=-1), self.starts, axis=-1)
        return at_risk.take(self.run, axis=-1) - self.fraction * tied.take(self.run, axis=-1)

    def by_moment(self, values: np.ndarray) -> np.ndarray:
        """Return sums of terms' values, shape (..., terms), by time of death, shape (..., k)."""
        return np.add.reduceat(values, self.starts, axis=-1) if self.spread else values

    def exposed(self, values: np.ndarray) -> np.ndarray:
        """Return for each sorted row the sum of `values`, shape (..., terms), over the terms at whose risk it is."""
        late_first = self._moments.running(self.by_moment(values)[..., ::-1])[..., ::-1]
        padded = np.concatenate([late_first, np.zeros((*values.shape[:-1], 1))], axis=-1)
        found = padded[..., self._first]
        if self.spread:
            found[..., self.deaths] -= self.by_moment(self.fraction * values)[..., self.run]
        return found

    def information(self, moments: Moments, factor: np.ndarray | None = None) -> np.ndarray:
        """Return the sum over terms of `factor` times the covariance of x in the risk set, shape (p, p).

        Parameters
        ----------
        moments : Moments
            At the coefficients wanted.
        factor : ndarray, shape (k,), optional
            By time of death; 1 where it is not given.
        """
        share = self.share if factor is None else self.share * self.spread_out(factor)
        second = (self.x * (moments.risk * self.exposed(share / moments.total))) @ self.x.T
        found = second - (moments.mean * share) @ moments.mean.T
        return (found + found.T) / 2

    def spread_out(self, values: np.ndarray) -> np.ndarray:
        """Return values by time of death, shape (k,), for each term."""
        return values[self.run] if self.spread else values

    def schoenfeld(self, moments: Moments) -> np.ndarray:
        """Return weighted sums of covariates less their mean over the deaths of each time, shape (p, k)."""
        return np.add.reduceat(self._dead, self.starts, axis=1) - self.by_moment(moments.mean * self.share)

    def score_residuals(self, moments: Moments) -> np.ndarray:
        """Return each row's part of the score, per unit of its weight, in the given order, shape (n, p).

        Lin DY, Wei LJ, J Am Stat Assoc 1989;84:1074-1078 (doi 10.1080/01621459.1989.10478874); with Efron's ties as
        R's ``residuals(coxph, type = "score")``.
        """
        risk = moments.risk if self.weight is None else moments.risk / self.weight
        hazard = self.share / moments.total
        found = risk * (self.exposed(hazard * moments.mean) - self.x * self.exposed(hazard))
        own = self.by_moment(moments.mean) / (self.number if self.spread else 1)
        found[:, self.deaths] += self.x[:, self.deaths] - own[:, self.run]
        result = np.empty((found.shape[1], found.shape[0]))
        result[self.order] = found.T
        return result
