"""Windows cover an image, and their blend is what one window would have said."""

from itertools import pairwise

import numpy as np
import pytest

from recohort.images.wml.sliding import over_windows, starts

RNG = np.random.default_rng(1)


@pytest.mark.parametrize("count", [5, 8, 9, 23, 64])
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.9])
def test_windows_cover_every_voxel_and_overlap_enough(count, overlap):
    size = 5
    found = starts(count, size, overlap)
    assert found[0] == 0
    assert found[-1] == count - size
    assert all(0 < b - a <= max(1, int(size * (1 - overlap))) for a, b in pairwise(found))


@pytest.mark.parametrize("blending", ["gaussian", "uniform"])
@pytest.mark.parametrize("shape", [(20, 17, 9), (4, 5, 2), (8, 6, 4)])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_function_of_each_voxel_is_reproduced(blending, shape, batch):
    image = RNG.standard_normal(shape).astype(np.float32)
    seen = []

    def predict(windows):
        seen.append(windows.shape)
        return np.stack([windows**2, -windows], axis=1)

    made = over_windows(predict, image, patch=(8, 6, 4), overlap=0.5, blending=blending, batch=batch)
    np.testing.assert_allclose(made, [image**2, -image], atol=1e-5)
    assert all(shape[0] <= batch and shape[1:] == (8, 6, 4) for shape in seen)


def test_gaussian_blending_trusts_the_middle_of_a_window():
    """Windows that are wrong at their rim: a blend that favours the middle is nearer to the truth."""

    def predict(windows):
        wrong = np.ones(windows.shape, np.float32)
        wrong[:, 1:-1] = 0
        return wrong[:, None]

    image = np.zeros((40, 4, 4), np.float32)
    errors = {
        name: over_windows(predict, image, patch=(8, 4, 4), overlap=0.5, blending=name, batch=1)[0, 4:-4].mean()
        for name in ("gaussian", "uniform")
    }
    assert errors["gaussian"] < 0.5 * errors["uniform"]
