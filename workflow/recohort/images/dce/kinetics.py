"""Tracer kinetics: plasma volume, transfer constant and extravascular space from concentrations.

    C(t) = vp Cp(t) + Ktrans int_0^t Cp(s) exp(-kep (t - s)) ds,    kep = Ktrans / ve

(extended Tofts; Tofts et al 1999, doi 10.1002/(SICI)1522-2586(199909)10:3<223::AID-JMRI2>3.0.CO;2-S). Patlak's model
has no way back (kep 0), Tofts' no plasma (vp 0). Integrated once, the equation is linear in its unknowns (Murase 2004,
doi 10.1002/mrm.20022):

    C(t) = (Ktrans + kep vp) int Cp - kep int C + vp Cp(t)
"""

from typing import NamedTuple

import numpy as np
from scipy.integrate import cumulative_trapezoid
from scipy.optimize import least_squares

from recohort.images.dce.artery import Artery

FREE = {"extended_tofts": ("ktrans", "ve", "vp"), "tofts": ("ktrans", "ve"), "patlak": ("ktrans", "vp")}
"""What each model leaves free."""

CHUNK = 8192
"""Voxels that are fitted at once."""


class Fits(NamedTuple):
    """Fits of many voxels, each (voxels,); NaN where nothing could be fitted.

    Attributes
    ----------
    ktrans : ndarray
        Transfer constant, 1/min.
    ve : ndarray
        Extravascular extracellular space, fraction; NaN where nothing flows back (kep not positive), as with Patlak's
        model.
    vp : ndarray
        Plasma volume, fraction; it may be negative. 0 with Tofts' model.
    rss : ndarray
        Residual sum of squares, mM^2.
    """

    ktrans: np.ndarray
    ve: np.ndarray
    vp: np.ndarray
    rss: np.ndarray


def fit_linear(tissue, times, artery: Artery, *, model: str, delay: float) -> Fits:
    """Linear least squares of every voxel at once, unbounded.

    The columns of Cp are the same for all voxels and are removed from each curve by one orthogonal projection; what is
    left is a regression with one unknown per voxel, kep. This is least squares of all columns (Frisch and Waugh)
    without a matrix per voxel.

    Parameters
    ----------
    tissue : array_like, (voxels, frames)
        Concentration, mM.
    times : array_like, (frames,)
        Seconds.
    artery : Artery
        Plasma concentration.
    model : {"extended_tofts", "patlak", "tofts"}
        What is free.
    delay : float
        By how many seconds the tissue sees the artery's curve later than it was measured.
    """
    times = np.asarray(times, dtype=float)
    _, plasma, area, where = artery.at(times, delay)
    columns = [area[where], plasma[where]] if model != "tofts" else [area[where]]
    shared, triangle = np.linalg.qr(np.stack(columns, axis=1))
    if np.abs(np.diag(triangle)).min() <= 1e-9 * np.abs(triangle).max() or not np.isfinite(triangle).all():
        return Fits(*np.full((4, len(tissue)), np.nan))
    back = np.linalg.inv(triangle).T
    parts = [
        _fit_chunk(np.asarray(tissue[start : start + CHUNK], dtype=float), times / 60, shared, back, model)
        for start in range(0, len(tissue), CHUNK)
    ]
    return Fits(*np.concatenate(parts, axis=1)) if parts else Fits(*np.empty((4, 0)))


def _fit_chunk(tissue, minutes, shared, back, model):
    fitted = np.isfinite(tissue).all(axis=1)
    tissue = np.where(fitted[:, None], tissue, 0.0)
    along = tissue @ shared
    rest = tissue - along @ shared.T
    kep = np.zeros(len(tissue))
    with np.errstate(divide="ignore", invalid="ignore"):
        if model != "patlak":
            lost = -cumulative_trapezoid(tissue, minutes, axis=1, initial=0)
            lost_along = lost @ shared
            lost -= lost_along @ shared.T
            kep = np.einsum("vf,vf->v", lost, rest) / np.einsum("vf,vf->v", lost, lost)
            along -= kep[:, None] * lost_along
            rest -= kep[:, None] * lost
        coefficients = along @ back
        vp = coefficients[:, 1] if model != "tofts" else np.zeros(len(tissue))
        ktrans = coefficients[:, 0] - kep * vp
        ve = np.where(kep > 0, ktrans / kep, np.nan)
    found = np.stack([ktrans, ve, vp, np.einsum("vf,vf->v", rest, rest)])
    return np.where(fitted & np.isfinite(ktrans) & np.isfinite(vp), found, np.nan)


def find_delay(tissue, times, artery: Artery, *, model: str, tried) -> tuple[np.ndarray, Fits]:
    """Fit every voxel with each delay; keep, voxel by voxel, the one that leaves least.

    Parameters
    ----------
    tissue, times, artery, model
        As in `fit_linear`.
    tried : array_like
        Delays, s. Of equals the one nearest to 0 is kept, the earlier of two.

    Returns
    -------
    delay : ndarray, (voxels,)
        Seconds; NaN where nothing could be fitted.
    fits : Fits
        Those of that delay.
    """
    tried = sorted(np.asarray(tried, dtype=float).tolist(), key=lambda delay: (abs(delay), delay))
    best = np.full((5, len(tissue)), np.nan)
    for delay in tried:
        made = np.stack([*fit_linear(tissue, times, artery, model=model, delay=delay), np.full(len(tissue), delay)])
        better = (made[3] < best[3]) | (np.isnan(best[3]) & ~np.isnan(made[3]))
        best[:, better] = made[:, better]
    return best[4], Fits(*best[:4])


def tissue_curve(times, artery: Artery, *, ktrans: float, ve: float, vp: float, delay: float) -> np.ndarray:
    """Concentration of the extended Tofts model, mM, exact for straight pieces of Cp; `ve` infinite is Patlak's."""
    minutes, plasma, area, where = artery.at(times, delay)
    kep = ktrans / ve
    space = convolved(minutes, plasma, kep) if kep > 0 else area
    return (vp * plasma + ktrans * space)[where]


def convolved(minutes, plasma, kep: float) -> np.ndarray:
    """``int_0^t Cp(s) exp(-kep (t - s)) ds`` on a grid, mM min, for Cp straight between its points, without error.

    Over a step h with x = kep h the integral so far decays by ``exp(-x)``, and the piece from a to b adds
    ``h (a (u - w) + b w)``, ``u = (1 - exp(-x)) / x``, ``w = (1 - u) / x``.
    """
    step = np.diff(minutes)
    x = kep * step
    small = x < 1e-4
    safe = np.where(small, 1.0, x)
    u = np.where(small, 1 - x / 2 + x**2 / 6, -np.expm1(-safe) / safe)
    w = np.where(small, 0.5 - x / 6 + x**2 / 24, (1 - u) / safe)
    added = (step * (plasma[:-1] * (u - w) + plasma[1:] * w)).tolist()
    total, so_far = [0.0], 0.0
    for kept, more in zip(np.exp(-x).tolist(), added, strict=True):
        so_far = kept * so_far + more
        total.append(so_far)
    return np.array(total)


def fit_bounded(tissue, times, artery: Artery, *, model: str, delay: float, bounds: dict) -> dict[str, float]:
    """Non-linear least squares of one curve within bounds, with standard errors.

    Parameters
    ----------
    tissue : array_like, (frames,)
        Mean concentration of a region, mM.
    times, artery, model, delay
        As in `fit_linear`.
    bounds : dict
        ``ktrans``, ``ve``, ``vp``: lowest and highest value.

    Returns
    -------
    dict
        ``ktrans, ve, vp, ktrans_se, ve_se, vp_se, rss``. Standard errors are those of the covariance ``s^2 (J'J)^-1``,
        ``s^2`` over the degrees of freedom, given the delay; NaN for a value at a bound, or that the model does not
        fit. All are NaN for a curve that is not finite.
    """
    free = FREE[model]
    tissue = np.asarray(tissue, dtype=float)
    fixed = {"ktrans": np.nan, "ve": np.inf if model == "patlak" else np.nan, "vp": 0.0}
    names = ("ktrans", "ve", "vp")
    if not np.isfinite(tissue).all():
        return {**dict.fromkeys((*names, *(f"{name}_se" for name in names)), np.nan), "rss": np.nan}
    low, high = np.array([bounds[name] for name in free], dtype=float).T

    def residual(values):
        chosen = {**fixed, **dict(zip(free, values, strict=True))}
        return tissue_curve(times, artery, delay=delay, **chosen) - tissue

    first = fit_linear(tissue[None], times, artery, model=model, delay=delay)
    starts = [[float(getattr(first, name)[0]) for name in free], low + 0.1 * (high - low)]
    margin = 1e-3 * (high - low)
    made = []
    for start in starts:
        start = np.where(np.isfinite(start), start, low + 0.1 * (high - low))
        start = np.clip(start, low + margin, high - margin)
        made.append(least_squares(residual, start, bounds=(low, high), x_scale=high - low, xtol=1e-10, ftol=1e-10))
    best = min(made, key=lambda one: one.cost)
    spread = 2 * best.cost / max(len(tissue) - len(free), 1)
    inside = (best.x > low + 1e-6 * (high - low)) & (best.x < high - 1e-6 * (high - low))
    errors = np.full(len(free), np.nan)
    if inside.any():
        jacobian = best.jac[:, inside]
        errors[inside] = np.sqrt(np.diag(spread * np.linalg.pinv(jacobian.T @ jacobian)))
    said = {"ktrans": np.nan, "ve": np.nan, "vp": 0.0 if model == "tofts" else np.nan}
    said |= dict(zip(free, best.x.tolist(), strict=True))
    said |= dict.fromkeys((f"{name}_se" for name in names), np.nan)
    said |= {f"{name}_se": float(error) for name, error in zip(free, errors, strict=True)}
    return {**said, "rss": 2 * float(best.cost)}
