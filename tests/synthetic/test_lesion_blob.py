import numpy as np
import pytest
from scipy import ndimage

from recohort.core.errors import InputError
from recohort.core.seeds import generator
from recohort.synthetic.qsm import acquisition, lesion, phantom


def draw(anatomy, *, seed, location="pons", at_edge=0, volume=0.9, median=0.5, iqr=0.4):
    target = {
        "location": location,
        "at_edge": at_edge,
        "lesion_volume_ml": volume,
        "lesion_median_ppm": median,
        "lesion_iqr_ppm": iqr,
    }
    return acquisition.draw_lesion(anatomy, target, roughness=0.2, texture_mm=3.0, rng=generator(seed, "test"))


@pytest.mark.parametrize("location", phantom.BRAINSTEM)
@pytest.mark.parametrize("volume", [0.3, 1.5, 5.0])
def test_volume_median_and_iqr_are_the_prescribed_ones(anatomy, location, volume):
    voxel_ml = np.prod(anatomy.fine_voxel_mm) / 1000
    for seed in range(3):
        values, mask = draw(anatomy, seed=seed, location=location, at_edge=seed % 2, volume=volume)
        assert abs(mask.sum() * voxel_ml - volume) <= voxel_ml / 2
        lower, median, upper = np.percentile(values[mask].astype(float), [25, 50, 75])
        assert median == pytest.approx(0.5, abs=1e-6)
        assert upper - lower == pytest.approx(0.4, abs=1e-6)
        assert not values[~mask].any()


def test_lesion_is_one_piece_inside_the_brainstem_and_irregular(anatomy):
    region, shapes = anatomy.stem_region, []
    for seed in range(10):
        _, mask = draw(anatomy, seed=seed, volume=1.5)
        assert not (mask & ~region).any()
        assert ndimage.label(mask)[1] == 1
        shapes.append(mask)
    assert all((shapes[0] != other).any() for other in shapes[1:])


def test_some_lesions_reach_the_front_of_the_brainstem(anatomy):
    """`at_edge` puts the lesion at the front of the brainstem, next to the fluid."""
    front = anatomy.stem_region & ~ndimage.binary_erosion(anatomy.stem_region, iterations=2)
    front[:, : front.shape[1] // 2] = False
    masks = {edge: [draw(anatomy, seed=s, at_edge=edge, volume=0.6)[1] for s in range(30)] for edge in (0, 1)}
    touching = {edge: np.mean([(mask & front).any() for mask in masks[edge]]) for edge in masks}
    assert touching[1] == 1
    assert touching[0] < 0.6


def test_texture_is_smooth_and_skewed(anatomy):
    values, mask = draw(anatomy, seed=1, volume=3.0)
    inside = mask[1:] & mask[:-1]
    assert np.corrcoef(values[1:][inside], values[:-1][inside])[0, 1] > 0.8
    assert values[mask].mean() > np.median(values[mask])
    assert values.max() < 0.5 + 3.5 * 0.4


def test_single_voxel():
    mask = np.zeros((3, 3, 3), bool)
    mask[1, 1, 1] = True
    values = lesion.draw_susceptibility(
        mask, median_ppm=0.3, iqr_ppm=0.1, texture_mm=1, voxel_size_mm=(1, 1, 1), rng=generator(0)
    )
    assert values[mask].item() == pytest.approx(0.3)


@pytest.mark.parametrize("volume", [1e-4, 50.0])
def test_volume_that_does_not_fit_is_refused(anatomy, volume):
    with pytest.raises(InputError, match="lesion volume"):
        draw(anatomy, seed=0, volume=volume)


def test_unknown_location_is_refused(anatomy):
    with pytest.raises(InputError, match="lesion location: found 'cortex'"):
        draw(anatomy, seed=0, location="cortex")
