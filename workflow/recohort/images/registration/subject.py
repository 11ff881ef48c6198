"""A subject's brain to the template's: an affine motion, then a smooth warp, and how well they fit."""

import numpy as np
from scipy.ndimage import gaussian_filter

from recohort.core.errors import InputError
from recohort.images.registration.grid import Brain, Grid, even, linear, moved
from recohort.images.registration.linear import align
from recohort.images.registration.splines import fit_displacement
from recohort.images.registration.warp import Warp

MARGIN_MM = 12.0
"""Room around the template's brain in which the warp is found."""
_NEAR, _RIM_MM = 0.02, 4.0
"""Differences count where the template's mask, smoothed by this, exceeds this: in the brain and just beyond."""
_STIFFER, _TRIALS = 4.0, 6
"""A warp that swells or shrinks too much is fitted again, so many times as smooth, so often at most."""


def to_template(subject: Brain, template: Brain, *, affine: dict, warp: dict) -> tuple[Warp, dict]:
    """Find the warp that carries points of the template to those of a subject.

    Parameters
    ----------
    subject : Brain
        T1-weighted, shading removed.
    template : Brain
        Of the same contrast.
    affine : dict
        Settings of `align`.
    warp : dict
        `kind`, and the keyword arguments of `by_splines` or `by_syn`.

    Returns
    -------
    warp : Warp
        Points of the template to points of the subject.
    qc : dict of str to float
        ``registration_correlation``, Pearson's within the template's brain; ``smallest_jacobian`` there.

    Raises
    ------
    InputError
        The brains cannot be laid upon each other.
    """
    motion = align(template, subject, rigid=False, centred=True, **affine)
    swelling = float(np.linalg.det(motion[:3, :3]))
    if not 0.3 < swelling < 3:
        raise InputError(
            f"the T1w image fits the template at {swelling:.2g} times its volume, expected 0.3 to 3: "
            "look at its brain mask and its orientation"
        )
    settings = {key: value for key, value in warp.items() if key != "kind"}
    found = KINDS[warp["kind"]](subject, template, motion, **settings)
    return found, _quality(subject, template, found)


def by_splines(
    subject: Brain, template: Brain, motion: np.ndarray, *, levels: list, window: float, smallest_jacobian: float
) -> Warp:
    """Fit B-splines from coarse to fine; stiffer ones until no place shrinks to less than `smallest_jacobian`.

    Parameters
    ----------
    subject, template : Brain
        The images.
    motion : ndarray, (4, 4)
        Points of the template to points of the subject.
    levels : list of dict
        `resolution_mm`, and settings of `fit_displacement`.
    window : float
        SD of the window of `even`, voxels of the level.
    smallest_jacobian : float
        Of the displacement, within the brain.
    """
    compared = []
    for level in levels:
        grid, images, inside = _both(subject, template, motion, level["resolution_mm"])
        compared.append((grid, [even(image, grid, window * grid.edge) for image in images], inside))
    for trial in range(_TRIALS):
        displacement, before = None, None
        for level, (grid, images, inside) in zip(levels, compared, strict=True):
            displacement = fit_displacement(
                *images,
                (inside > _NEAR).astype(np.float32),
                grid,
                _carried(displacement, before, grid),
                knots_mm=level["knots_mm"],
                iterations=level["iterations"],
                smoothness=level["smoothness"] * _STIFFER**trial,
            )
            before = grid
        found = Warp(motion, displacement, before)
        if found.jacobian()[inside > 0.5].min() > smallest_jacobian:
            break
    return found


def by_syn(
    subject: Brain, template: Brain, motion: np.ndarray, *, resolution_mm: float, metric: str, radius: int, iterations
) -> Warp:
    """Find the warp by symmetric normalisation; keywords as `syn.symmetric`."""
    from recohort.images.registration.syn import symmetric  # dipy is slow to load

    grid, images, _ = _both(subject, template, motion, resolution_mm)
    return Warp(motion, symmetric(*images, grid, metric=metric, radius=radius, iterations=iterations), grid)


KINDS = {"splines": by_splines, "syn": by_syn}


def _both(subject, template, motion, edge):
    """Template and subject on a grid of the template's space, mean 1 in the brain; the brain there, its rim soft."""
    grid = template.grid(edge=edge, margin=MARGIN_MM)
    target, share = template.on(grid)
    source, _ = subject.on(grid, motion)
    inside = gaussian_filter(share, _RIM_MM / edge)
    means = [float(image[inside > 0.5].mean(dtype=float)) for image in (target, source)]
    if not min(means) > 0:
        raise InputError("the T1w image has no signal where the template has its brain, expected some")
    return grid, [image / np.float32(mean) for image, mean in zip((target, source), means, strict=True)], inside


def _carried(displacement, before: Grid | None, grid: Grid) -> np.ndarray:
    """A displacement of one level on the grid of the next; 0 before the first."""
    if displacement is None:
        return np.zeros((3, *grid.shape), np.float32)
    index = before.index(grid.points())
    return np.stack([linear(one, index, beyond="nearest") for one in displacement])


def _quality(subject, template, warp: Warp) -> dict:
    image, share = template.on(warp.grid)
    inside = share > 0.5
    points = warp.there(warp.grid.points()[:, inside])
    there = linear(subject.bare, moved(np.linalg.inv(subject.affine), points))
    return {
        "registration_correlation": float(np.corrcoef(there, image[inside])[0, 1]),
        "smallest_jacobian": float(warp.jacobian()[inside].min()),
    }
