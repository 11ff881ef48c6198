import numpy as np
import pytest

from recohort.core.errors import InputError
from recohort.metrics.lesion import measure_lesion

SETTINGS = {"voxel_volume_ml": 0.002, "minimum_voxels": 5, "minimum_kept": 0.5}


@pytest.fixture
def lesion():
    """Ten lesion voxels: 0.1, 0.2, ... 0.8 measured, one NaN, one outside the kept mask."""
    chimap = np.full((4, 4, 4), 9.0)
    mask, kept = np.zeros((4, 4, 4)), np.ones((4, 4, 4))
    cells = [(0, j, k) for j in range(4) for k in range(4)][:10]
    for value, cell in zip([0.5, 0.1, 0.8, 0.3, 0.2, 0.7, 0.4, 0.6, np.nan, 5.0], cells, strict=True):
        chimap[cell], mask[cell] = value, 1
    kept[cells[-1]] = 0
    return chimap, mask, kept


def rows(*images, **changed):
    return {row["metric"]: row for row in measure_lesion(*images, **(SETTINGS | changed))}


def test_values_by_hand(lesion):
    found = rows(*lesion)
    # Order statistics 0.1 ... 0.8 at ranks 0 ... 7: q25 at 1.75, q75 at 5.25, p95 at 6.65.
    expected = {
        "lesion_mean": (0.45, "ppm", 8),
        "lesion_median": (0.45, "ppm", 8),
        "lesion_iqr": (0.625 - 0.275, "ppm", 8),
        "lesion_maximum": (0.8, "ppm", 8),
        "lesion_p95": (0.765, "ppm", 8),
        "lesion_volume": (0.02, "mL", 10),
        "lesion_kept": (0.8, "fraction", 10),
    }
    assert list(found) == list(expected)
    for metric, (value, unit, count) in expected.items():
        row = found[metric]
        assert (row["value"], row["unit"], row["n_voxels"], row["qc"]) == (pytest.approx(value), unit, count, ""), (
            metric
        )


def test_float32_maps_are_averaged_in_double():
    chimap = np.full((100, 100, 10), 0.1, np.float32)
    everywhere = np.ones(chimap.shape)
    assert rows(chimap, everywhere, everywhere)["lesion_mean"]["value"] == float(np.float32(0.1))


@pytest.mark.parametrize(
    ("changed", "qc"),
    [
        ({"minimum_voxels": 9}, "8 measured voxels, fewer than 9"),
        ({"minimum_kept": 0.9}, "0.8 of the lesion measured, less than 0.9"),
    ],
)
def test_too_little_measured_is_empty_with_its_reason(lesion, changed, qc):
    found = rows(*lesion, **changed)
    for metric in ("lesion_mean", "lesion_median", "lesion_iqr", "lesion_maximum", "lesion_p95"):
        assert np.isnan(found[metric]["value"])
        assert found[metric]["qc"] == qc
    assert found["lesion_volume"]["value"] == pytest.approx(0.02)
    assert found["lesion_kept"]["value"] == pytest.approx(0.8)


def test_nothing_measured_is_never_zero(lesion):
    chimap, mask, kept = lesion
    found = rows(chimap, mask, 0 * kept, minimum_voxels=1, minimum_kept=0)
    assert np.isnan(found["lesion_mean"]["value"])
    assert found["lesion_kept"]["value"] == 0


def test_wrong_input(lesion):
    chimap, mask, kept = lesion
    with pytest.raises(InputError, match="the lesion mask is empty"):
        rows(chimap, 0 * mask, kept)
    with pytest.raises(InputError, match=r"lesion mask has shape \(4, 4, 3\)"):
        rows(chimap, mask[..., :3], kept)
