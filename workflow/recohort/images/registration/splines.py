"""Non-linear registration by B-splines: Gauss-Newton on images whose contrast is made equal everywhere.

Two images of a brain with the same contrast differ by coil shading and scale. Each is therefore brought to mean 0 and
SD 1 in a window around every voxel (`grid.even`) [1]_; what then differs is form, and squared differences measure it.
The displacement is a sum of cubic B-splines [2]_, so the problem has few unknowns and its normal equations are solved,
not descended: with J half the sum of the gradients of the template and of the warped image, as efficient second-order
minimisation takes it [3]_, each round solves

    (B' J' W J B + a L) d = -B' J' W (image - template) - a L c

for a step d of the coefficients c by conjugate gradients. B is separable, so a product costs three small matrix
products. L is the squared difference of neighbouring coefficients.

References
----------
.. [1] Local normalisation; squared differences of such images are, but for the window's shape, local cross-correlation.
.. [2] Rueckert D, Sonoda LI, Hayes C, et al. IEEE Trans Med Imaging 1999;18:712. doi:10.1109/42.796284
.. [3] Benhimane S, Malis E. IROS 2004:943. doi:10.1109/IROS.2004.1389474
"""

import numpy as np

from recohort.images.registration.grid import Grid, linear

_STEPS = 10
"""Conjugate-gradient steps of a round."""
_NEGLIGIBLE = 1e-3
"""Relative fall of the squared difference after which a level is done."""


def fit_displacement(
    template: np.ndarray,
    image: np.ndarray,
    weight: np.ndarray,
    grid: Grid,
    start: np.ndarray,
    *,
    knots_mm: float,
    iterations: int,
    smoothness: float,
) -> np.ndarray:
    """Find the displacement u for which image(x + u(x)) is the template.

    Parameters
    ----------
    template, image : ndarray of float32, (x, y, z)
        On the same grid, even.
    weight : ndarray of float32, (x, y, z)
        What a voxel's difference counts.
    grid : Grid
        Theirs.
    start : ndarray of float32, (3, x, y, z)
        A displacement to begin with, mm.
    knots_mm : float
        Distance of the knots.
    iterations : int
        Rounds at most; it ends earlier when a round gains nothing.
    smoothness : float
        Weight a / knots_mm of the squared difference of neighbouring coefficients.

    Returns
    -------
    ndarray of float32, (3, x, y, z)
        mm.
    """
    bases = [_basis(count, grid.edge, knots_mm) for count in grid.shape]
    squared = [basis**2 for basis in bases]
    differences = [_difference(basis.shape[1]) for basis in bases]
    penalty = np.float32(smoothness * knots_mm / grid.edge)
    voxels, slope = np.indices(grid.shape, dtype=np.float32), np.stack(np.gradient(template))
    coefficients = best = _spread(start, [np.linalg.pinv(basis) for basis in bases])
    least = np.inf
    for _ in range(iterations + 1):
        displacement = _spread(coefficients, bases)
        warped = linear(image, voxels + displacement / np.float32(grid.edge))
        difference = warped - template
        energy = float(np.vdot(weight * difference, difference)) + float(
            penalty * np.vdot(coefficients, _rough(coefficients, differences))
        )
        if not energy < least * (1 - _NEGLIGIBLE):
            break
        least, best = energy, displacement
        gradient = (np.stack(np.gradient(warped)) + slope) * np.float32(0.5 / grid.edge)
        right = -_gather(gradient * (weight * difference), bases) - penalty * _rough(coefficients, differences)
        scale = _gather(gradient * gradient * weight, squared) + penalty * np.float32(6)

        def normal(step, gradient=gradient):
            along = weight * (gradient * _spread(step, bases)).sum(axis=0)
            return _gather(gradient * along, bases) + penalty * _rough(step, differences)

        coefficients = coefficients + _solve(normal, right, scale)
    return best if np.isfinite(least) else start


def _solve(matrix, right, scale):
    """Conjugate gradients with a diagonal preconditioner, a fixed number of steps."""
    found, residual = np.zeros_like(right), right
    scaled = direction = residual / scale
    product = np.vdot(residual, scaled)
    for _ in range(_STEPS):
        if not product > 0:
            break
        image = matrix(direction)
        length = product / np.vdot(direction, image)
        found = found + length * direction
        residual = residual - length * image
        scaled = residual / scale
        before, product = product, np.vdot(residual, scaled)
        direction = scaled + (product / before) * direction
    return found


def _basis(count, edge, knots_mm):
    """Cubic B-splines at the voxels of an axis, (voxels, knots)."""
    knots = int(np.ceil((count - 1) * edge / knots_mm)) + 3
    away = np.abs(np.arange(count)[:, None] * edge / knots_mm - (np.arange(knots) - 1))
    near = 2 / 3 - away**2 + away**3 / 2
    return np.where(away < 1, near, np.where(away < 2, (2 - away) ** 3 / 6, 0)).astype(np.float32)


def _difference(count):
    step = np.diff(np.eye(count, dtype=np.float32), axis=0)
    return step.T @ step


def _rough(coefficients, differences):
    x, y, z = differences
    rough = np.matmul(x, coefficients.reshape(3, x.shape[0], -1)).reshape(coefficients.shape)
    return rough + np.matmul(y, coefficients) + np.matmul(coefficients, z)


def _spread(fields, matrices):
    """Apply a matrix along each axis of three fields, (3, i, j, k) to (3, x, y, z)."""
    x, y, z = matrices
    fields = np.matmul(y, np.matmul(fields, z.T))
    return np.matmul(x, fields.reshape(3, x.shape[1], -1)).reshape(3, x.shape[0], *fields.shape[2:])


def _gather(fields, matrices):
    """Apply their transposes."""
    return _spread(fields, [matrix.T for matrix in matrices])
