"""Cox regression with Firth's penalty, written apart from the project's: log likelihood + 1/2 log det information.

Firth D, Biometrika 1993;80:27-38 (doi 10.1093/biomet/80.1.27); for the Cox model Heinze G, Schemper M, Biometrics
2001;57:114-119 (doi 10.1111/j.0006-341X.2001.00114.x). No ties.
"""

import numpy as np
from scipy import optimize


class PartialLikelihood:
    """The partial likelihood of one sample, risk sets spelt out as a matrix (death, subject)."""

    def __init__(self, time, event, x):
        deaths = np.flatnonzero(event)
        self.scale = x.std(axis=0)
        self.x = (x - x.mean(axis=0)) / self.scale
        self.dead, self.at_risk = self.x[deaths], (time[None, :] >= time[deaths][:, None]).astype(float)
        self.products = self.x[:, :, None] * self.x[:, None, :]
        self.triples = self.products[..., None] * self.x[:, None, None, :]

    def derivatives(self, beta):
        """Return log likelihood, score, information and the derivative of the information, per standardised unit."""
        weight = self.at_risk * np.exp(self.x @ beta)
        total = weight.sum(axis=1)
        share = weight / total[:, None]
        m, mm, mmm = (np.tensordot(share, power, axes=1) for power in (self.x, self.products, self.triples))
        information = mm.sum(axis=0) - np.einsum("di,dj->ij", m, m)
        third = (
            mmm.sum(axis=0)
            - np.einsum("dij,dk->ijk", mm, m)
            - np.einsum("dik,dj->ijk", mm, m)
            - np.einsum("djk,di->ijk", mm, m)
            + 2 * np.einsum("di,dj,dk->ijk", m, m, m)
        )
        return float(np.sum(self.dead @ beta - np.log(total))), (self.dead - m).sum(axis=0), information, third

    def objective(self, beta):
        """Return minus the penalised log likelihood and its gradient."""
        loglik, score, information, third = self.derivatives(beta)
        gradient = score + np.einsum("ij,ijk->k", np.linalg.inv(information), third) / 2
        return -loglik - np.linalg.slogdet(information)[1] / 2, -gradient


def fit(time, event, x):
    """Return the penalised estimates and their standard errors, each of shape (p,)."""
    likelihood = PartialLikelihood(time, event, x)
    found = optimize.minimize(likelihood.objective, np.zeros(x.shape[1]), jac=True, method="BFGS")
    if np.abs(found.jac).max() > 1e-3:
        raise ArithmeticError(found.message)
    information = likelihood.derivatives(found.x)[2]
    return found.x / likelihood.scale, np.sqrt(np.diag(np.linalg.inv(information))) / likelihood.scale


def first_order_bias(samples, beta):
    """Return the bias of maximum partial likelihood to first order, and its two parts, each of shape (p,).

    With U the score, i the expected information and subscripts for derivatives it is [1]_

        i^-1 i^-1 (E[U_rtu] / 2 + Cov(U_rt, U_u)),

    here means over samples at the true `beta`. The penalty takes away the first part. The second is nil in logistic
    regression, where the information is fixed; in the Cox model it hangs on who died before.

    References
    ----------
    .. [1] Cox DR, Snell EJ. J R Stat Soc B 1968;30:248-275. doi:10.1111/j.2517-6161.1968.tb00724.x
    """
    scores, informations, thirds = [], [], []
    for time, event, x in samples:
        likelihood = PartialLikelihood(time, event, x)
        s = likelihood.scale
        _, score, information, third = likelihood.derivatives(beta * s)
        scores.append(score * s)
        informations.append(information * np.multiply.outer(s, s))
        thirds.append(third * np.multiply.outer(np.multiply.outer(s, s), s))
    scores, informations, thirds = map(np.array, (scores, informations, thirds))
    inverse = np.linalg.inv(informations.mean(axis=0))
    covariance = np.einsum("nrt,nu->rtu", informations.mean(axis=0) - informations, scores) / len(scores)
    penalised = np.einsum("sr,tu,rtu->s", inverse, inverse, -thirds.mean(axis=0)) / 2
    remaining = np.einsum("sr,tu,rtu->s", inverse, inverse, covariance)
    return penalised + remaining, penalised, remaining
