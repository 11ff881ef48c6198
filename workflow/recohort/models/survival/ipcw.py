"""Weights that make up for censoring, and what their estimation adds to the error of a weighted mean.

Uno H et al., J Am Stat Assoc 2007;102:527-537 (doi 10.1198/016214507000000149).
"""

import numpy as np


class Censoring:
    """The product-limit curve G of the time to censoring; at a tie events come before censorings.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Follow-up.
    censored : ndarray of bool, shape (n,)
        Whether it ended without any event.
    """

    def __init__(self, time: np.ndarray, censored: np.ndarray):
        self.censored = censored
        self.times, self.index = np.unique(time, return_inverse=True)
        size = len(self.times)
        lost = np.bincount(self.index, censored, minlength=size)
        ended = np.bincount(self.index, minlength=size)
        self.at_risk = np.cumsum(ended[::-1])[::-1] - (ended - lost)
        self.hazard = np.divide(lost, self.at_risk, out=np.zeros(size), where=self.at_risk > 0)
        self.after = np.r_[1.0, np.cumprod(1 - self.hazard)]

    def before(self) -> np.ndarray:
        """Return G(T-) of each subject, shape (n,)."""
        return self.after[self.index]

    def position(self, moment: float) -> int:
        """Return the number of distinct times up to a moment: the place of G(moment) in `after`."""
        return int(np.searchsorted(self.times, moment, side="right"))

    def at(self, moment: float) -> float:
        """Return G(moment)."""
        return float(self.after[self.position(moment)])

    def influence(self, mass: np.ndarray, position: np.ndarray) -> np.ndarray:
        """Return what estimating G adds to the influence of each subject on ``mean(mass)``, shape (n,).

        The mass of subject i holds 1/G, with G taken after the first ``position[i]`` distinct times: the derivative
        with respect to the weight of a subject (infinitesimal jackknife).
        """
        size, n = len(self.times), len(mass)
        total = np.bincount(position, mass, minlength=size + 1)[: size + 1]
        later = np.cumsum(total[::-1])[::-1][1:] / n
        room = self.at_risk * (1 - self.hazard)
        share = np.divide(later, room, out=np.zeros(size), where=(room > 0) & (later != 0))
        drift = np.r_[0.0, np.cumsum(self.hazard * share)]
        return n * (self.censored * share[self.index] - drift[self.index + self.censored])
