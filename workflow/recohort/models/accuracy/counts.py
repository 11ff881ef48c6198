"""What follows from a fourfold table of a test against a reference standard, with intervals."""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from recohort.models.accuracy.proportion import proportion_interval
from recohort.models.distributions import two_sided_z


class Fourfold(NamedTuple):
    """Counts of a test against the reference standard."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def diseased(self) -> int:
        """Patients positive by the reference."""
        return self.tp + self.fn

    @property
    def healthy(self) -> int:
        """Patients negative by the reference."""
        return self.fp + self.tn

    @property
    def n(self) -> int:
        """All patients."""
        return self.diseased + self.healthy


class Measure(NamedTuple):
    """A number with its standard error (of the logarithm for a ratio) and limits; nan where there is none."""

    estimate: float
    std_error: float = np.nan
    conf_low: float = np.nan
    conf_high: float = np.nan


def counted(positive: np.ndarray, diseased: np.ndarray) -> Fourfold:
    """Return the table of two boolean arrays of shape (n,)."""
    return Fourfold(
        int((positive & diseased).sum()),
        int((positive & ~diseased).sum()),
        int((~positive & diseased).sum()),
        int((~positive & ~diseased).sum()),
    )


def fractions(table: Fourfold) -> dict[str, tuple[int, int]]:
    """Return numerator and denominator of each proportion by its name."""
    return {
        "sensitivity": (table.tp, table.diseased),
        "specificity": (table.tn, table.healthy),
        "ppv": (table.tp, table.tp + table.fp),
        "npv": (table.tn, table.tn + table.fn),
        "accuracy": (table.tp + table.tn, table.n),
        "prevalence": (table.diseased, table.n),
    }


def likelihood_ratios(table: Fourfold, *, level: float) -> tuple[Measure, Measure]:
    """Return the positive and the negative likelihood ratio with limits on the log scale.

    Simel DL, Samsa GP, Matchar DB, J Clin Epidemiol 1991;44:763-770 (doi 10.1016/0895-4356(91)90128-V). A ratio of 0,
    of infinity or of 0 to 0 has no limits.
    """
    first = _ratio(table.tp, table.diseased, table.fp, table.healthy, level)
    return first, _ratio(table.fn, table.diseased, table.tn, table.healthy, level)


def _ratio(k: int, n: int, other: int, size: int, level: float) -> Measure:
    if not (k and other):
        return Measure(np.nan if k == other else (np.inf if k else 0.0))
    return _on_log_scale(k / n / (other / size), np.sqrt(1 / k - 1 / n + 1 / other - 1 / size), level)


def odds_ratio(table: Fourfold, *, level: float) -> Measure:
    """Return the diagnostic odds ratio with Woolf's limits; without limits where a cell is empty.

    Glas AS et al., J Clin Epidemiol 2003;56:1129-1135 (doi 10.1016/S0895-4356(03)00177-X).
    """
    right, wrong = table.tp * table.tn, table.fp * table.fn
    if not (right and wrong):
        return Measure(np.nan if right == wrong else (np.inf if right else 0.0))
    return _on_log_scale(right / wrong, np.sqrt(sum(1 / count for count in table)), level)


def _on_log_scale(ratio: float, error: float, level: float) -> Measure:
    if error == 0:
        return Measure(ratio)
    half = np.exp(two_sided_z(level) * error)
    return Measure(ratio, error, ratio / half, ratio * half)


def youden(table: Fourfold, *, interval: str, level: float) -> Measure:
    """Return sensitivity + specificity - 1 with limits combined from those of the two shares.

    It is the difference of two independent shares, for which Newcombe RG, Stat Med 1998;17:873-890 (doi
    10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I, method 10) combines the limits.
    """
    pairs = [(table.tp, table.diseased), (table.tn, table.healthy)]
    shares = [k / n for k, n in pairs]
    limits = [proportion_interval(k, n, interval=interval, level=level) for k, n in pairs]
    value = sum(shares) - 1
    below = np.hypot(*(share - low for share, (low, _) in zip(shares, limits, strict=True)))
    above = np.hypot(*(high - share for share, (_, high) in zip(shares, limits, strict=True)))
    error = np.sqrt(sum(share * (1 - share) / n for share, (_, n) in zip(shares, pairs, strict=True)))
    return Measure(value, error, value - below, value + above)


def predictive_values(table: Fourfold, prevalence: float, *, level: float) -> tuple[Measure, Measure]:
    """Return positive and negative predictive value at a prevalence, with limits on the logit scale.

    Mercaldo ND, Lau KF, Zhou XH, Stat Med 2007;26:2170-2183 (doi 10.1002/sim.2677): the delta method. Without limits
    where a value is 0 or 1. Their `std_error` is that of the logit.
    """
    false_negative, true_negative = table.fn / table.diseased, table.tn / table.healthy
    sensitivity, false_positive = table.tp / table.diseased, table.fp / table.healthy
    positive = _at_prevalence(
        sensitivity * prevalence,
        false_positive * (1 - prevalence),
        _relative(table.tp, table.diseased) + _relative(table.fp, table.healthy),
        level,
    )
    negative = _at_prevalence(
        true_negative * (1 - prevalence),
        false_negative * prevalence,
        _relative(table.tn, table.healthy) + _relative(table.fn, table.diseased),
        level,
    )
    return positive, negative


def _relative(k: int, n: int) -> float:
    """Return the variance of a share's logarithm."""
    return 1 / k - 1 / n if k else np.nan


def _at_prevalence(right: float, wrong: float, variance: float, level: float) -> Measure:
    if right + wrong == 0:
        return Measure(np.nan)
    if not (right and wrong) or not variance > 0:
        return Measure(right / (right + wrong))
    middle, half = np.log(right / wrong), two_sided_z(level) * np.sqrt(variance)
    return Measure(right / (right + wrong), np.sqrt(variance), expit(middle - half), expit(middle + half))
