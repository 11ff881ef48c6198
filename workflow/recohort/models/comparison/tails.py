"""Tails of the t and F distributions, and effect sizes' limits from the noncentral ones, from scipy.special alone."""

from collections.abc import Callable

import numpy as np
from scipy.special import chndtr, fdtrc, fdtri, ncfdtr, nctdtr, stdtr, stdtrit


def t_p(t: float | np.ndarray, df: float | np.ndarray) -> float | np.ndarray:
    """Return the two-sided p-value of Student's t."""
    return 2 * stdtr(df, -np.abs(t))


def t_above(t: float, df: float) -> float:
    """Return the upper tail of Student's t."""
    return float(stdtr(df, -t))


def t_quantile(level: float, df: float) -> float:
    """Return the quantile of a two-sided interval, 2.02 for a level of 0.95 and 40 degrees of freedom."""
    return float(stdtrit(df, (1 + level) / 2)) if df > 0 else float("nan")


def f_quantile(share: float, df1: float, df2: float) -> float:
    """Return a quantile of F."""
    return float(fdtri(df1, df2, share))


def f_p(f: float, df1: float, df2: float) -> float:
    """Return the upper tail of F."""
    return float(fdtrc(df1, df2, f))


def noncentral_t(t: float, df: float, level: float) -> tuple[float, float]:
    """Return the noncentralities for which t lies at the upper and at the lower end of its distribution.

    Steiger JH, Psychol Methods 2004;9:164-182 (doi 10.1037/1082-989X.9.2.164).

    Parameters
    ----------
    t : float
        Observed statistic.
    df : float
        Its degrees of freedom.
    level : float
        0.95 for 95 %.

    Returns
    -------
    low, high : float
        nan where t is not finite.
    """
    if not (np.isfinite(t) and df > 0):
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    return (
        _root(lambda ncp: nctdtr(df, ncp, t) - (1 - tail), t - 1, t + 1),
        _root(lambda ncp: nctdtr(df, ncp, t) - tail, t - 1, t + 1),
    )


def noncentral_t_quantile(share: float, df: float, ncp: float) -> float:
    """Return a quantile of the noncentral t distribution."""
    return _root(lambda t: share - nctdtr(df, ncp, t), ncp - 1, ncp + 1)


def noncentral_f(f: float, df1: float, df2: float, level: float) -> tuple[float, float]:
    """Return the noncentralities of F as `noncentral_t` does those of t.

    The lower is 0 where the statistic is not improbably large for 0; nan where it is improbably small even for 0.
    """
    if not np.isfinite(f):
        return float("nan"), float("nan")
    return _from_zero(lambda ncp: ncfdtr(df1, df2, ncp, f), level, f * df1)


def noncentral_chi2(statistic: float, df: float, level: float) -> tuple[float, float]:
    """Return the noncentralities of chi-squared as `noncentral_f` does those of F."""
    if not np.isfinite(statistic):
        return float("nan"), float("nan")
    return _from_zero(lambda ncp: chndtr(statistic, df, ncp), level, statistic)


def _from_zero(cdf: Callable[[float], float], level: float, near: float) -> tuple[float, float]:
    tail = (1 - level) / 2
    if cdf(0.0) <= tail:
        return float("nan"), float("nan")
    low = _root(lambda ncp: cdf(ncp) - (1 - tail), 0.0, near + 1) if cdf(0.0) > 1 - tail else 0.0
    return low, _root(lambda ncp: cdf(ncp) - tail, 0.0, near + 1)


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    """Return where a falling function crosses 0, widening the bracket as needed."""
    from scipy.optimize import brentq

    step = high - low
    while falling(low) < 0:
        low, step = low - step, 2 * step
    while falling(high) > 0:
        high, step = high + step, 2 * step
    return float(brentq(falling, low, high, xtol=1e-14, rtol=1e-14))
