import numpy as np
import pytest

from recohort.core.errors import InputError
from recohort.images.qsm.ready import adopt


@pytest.fixture
def chimap():
    """Zeros outside, as tools write them, and one voxel that failed."""
    values = np.zeros((4, 4, 4))
    values[1:3, 1:3, 1:3] = 0.1
    values[1, 1, 1], values[2, 2, 2] = -0.05, np.nan
    return values


def test_without_a_mask_zeros_and_failures_are_not_measured(chimap):
    made, kept, *_ = adopt(chimap, None, None, sidecar={"Units": "ppm"})
    assert kept.sum() == 7
    assert np.array_equal(kept, np.isfinite(chimap) & (chimap != 0))
    assert np.isnan(made[~kept]).all()
    assert made[kept] == pytest.approx(chimap[kept])
    assert made.dtype == np.float32


def test_within_a_mask_zero_is_a_value(chimap):
    mask = np.zeros((4, 4, 4))
    mask[:2] = 255
    made, kept, *_ = adopt(chimap, mask, None, sidecar={"Units": "ppm"})
    assert np.array_equal(kept, mask > 0)
    assert made[0, 0, 0] == 0
    assert np.isnan(made[2:]).all()


def test_ppb_become_ppm(chimap):
    ppm, _, *_ = adopt(chimap, None, None, sidecar={"Units": "ppm"})
    ppb, _, *_ = adopt(1000 * chimap, None, None, sidecar={"Units": "ppb"})
    assert ppb == pytest.approx(ppm, nan_ok=True)


@pytest.mark.parametrize("units", [None, "", "Hz"])
def test_units_must_be_stated(chimap, units):
    with pytest.raises(InputError, match=f"has Units {units!r} in its sidecar, expected 'ppm' or 'ppb'"):
        adopt(chimap, None, None, sidecar={"Units": units})


def test_mask_on_another_grid(chimap):
    with pytest.raises(InputError, match=r"brain mask has shape \(4, 4, 3\), expected that of the Chimap, \(4, 4, 4\)"):
        adopt(chimap, np.ones((4, 4, 3)), None, sidecar={"Units": "ppm"})


def test_nothing_measured(chimap):
    with pytest.raises(InputError, match="no finite voxel"):
        adopt(np.zeros((4, 4, 4)), None, None, sidecar={"Units": "ppm"})
    with pytest.raises(InputError, match="no finite voxel"):
        adopt(chimap, np.zeros((4, 4, 4)), None, sidecar={"Units": "ppm"})


def test_a_lesion_mask_on_another_grid(chimap):
    with pytest.raises(InputError, match=r"lesion mask has shape \(4, 4, 3\), expected that of the Chimap"):
        adopt(chimap, None, np.ones((4, 4, 3)), sidecar={"Units": "ppm"})


def test_the_sidecar_goes_with_the_map(chimap):
    made = adopt(1000 * chimap, None, None, sidecar={"Units": "ppb", "Method": "other"})
    assert made.record == {"Units": "ppm", "Method": "other"}
    assert made.qc == {}
