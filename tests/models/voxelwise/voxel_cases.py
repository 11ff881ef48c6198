"""Made maps that tests of the voxelwise model share."""

import numpy as np
from scipy.ndimage import gaussian_filter


def noise(rng: np.random.Generator, n: int, shape: tuple[int, ...], smooth: float) -> np.ndarray:
    """Smooth Gaussian maps of SD 1, shape (n, *shape)."""
    maps = gaussian_filter(rng.standard_normal((n, *shape)), (0, *[smooth] * 3))
    return maps / maps.std()


def whole_grid(shape: tuple[int, ...]) -> np.ndarray:
    return np.argwhere(np.ones(shape, bool))


def cohort_like(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """An exposure that is correlated with the second nuisance column, and the nuisance columns with intercept."""
    nuisance = np.column_stack([np.ones(n), rng.standard_normal((n, 2))])
    return 0.7 * nuisance[:, 1] + rng.standard_normal(n), nuisance
