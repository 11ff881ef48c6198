"""One group against another: the difference or ratio of two independent estimates."""

from typing import NamedTuple

import numpy as np

from recohort.models.distributions import normal_p, two_sided_z


class Contrast(NamedTuple):
    """A difference or ratio, its standard error (of the logarithm for a ratio), limits, normal statistic and p."""

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    statistic: float
    p_value: float


def contrast(
    estimate: tuple[float, float], reference: tuple[float, float], *, level: float, ratio: bool = False
) -> Contrast:
    """Return `estimate` less (or over) `reference`, with normal limits; those of a ratio are on the log scale.

    Parameters
    ----------
    estimate, reference : (float, float)
        Number and standard error. A standard error that is unknown or 0 leaves the limits and the test missing.
    level : float
        Confidence level.
    ratio : bool
        Ratio rather than difference.
    """
    (value, error), (other, its) = estimate, reference
    if ratio and not (value > 0 and other > 0):
        return Contrast(*[float("nan")] * 6)
    middle = np.log(value / other) if ratio else value - other
    spread = np.hypot(error / value, its / other) if ratio else np.hypot(error, its)
    if not (error > 0 and its > 0):
        spread = np.nan
    half = two_sided_z(level) * spread
    shown = [middle, middle - half, middle + half]
    estimated, low, high = np.exp(shown) if ratio else shown
    return Contrast(*map(float, (estimated, spread, low, high, middle / spread, normal_p(middle / spread))))
