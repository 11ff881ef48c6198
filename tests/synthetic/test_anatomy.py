import numpy as np
import pytest
from scipy import ndimage

from recohort.core.errors import InputError
from recohort.synthetic.qsm import anatomy as module
from recohort.synthetic.qsm import phantom


def test_survives_the_file(anatomy, tmp_path):
    np.savez(tmp_path / "anatomy.npz", **anatomy.to_arrays())
    with np.load(tmp_path / "anatomy.npz") as arrays:
        again = module.Anatomy.from_arrays(arrays)
    for name, value in anatomy.to_arrays().items():
        np.testing.assert_array_equal(value, getattr(again, name))
    assert isinstance(again.oversampling, int)


def test_every_tissue_is_there_and_the_brain_is_one_piece(anatomy):
    assert set(np.unique(anatomy.labels)) == set(phantom.LABELS.values())
    assert ndimage.label(anatomy.brain_mask)[1] == 1


def test_cavities_lie_outside_of_the_brain(anatomy):
    """Nowhere in the brain, not even beside a sinus, does air change the field by a third of its susceptibility."""
    brain = np.kron(anatomy.brain_mask, np.ones((2, 2, 2), np.uint8)) == 1
    assert 0 < np.abs(anatomy.cavity_field[brain]).max() < 2 / 3
    shape = anatomy.labels.shape
    grid = np.ix_(*[(np.arange(n) - (n - 1) / 2) * e for n, e in zip(shape, anatomy.fine_voxel_mm, strict=True)])
    for centre, radius in phantom.CAVITIES.values():
        sphere = phantom.Ellipsoid(centre, (radius + 1,) * 3)
        assert not (phantom.within(sphere, [x / anatomy.scale for x in grid]) & brain).any()


@pytest.fixture(scope="module")
def reference():
    """Labels of the reference head in voxels of 1 mm, from -72 to 72, -92 to 92 and -80 to 80 mm."""
    return phantom.paint(np.ix_(np.arange(-72.0, 73.0), np.arange(-92.0, 93.0), np.arange(-80.0, 81.0)))


def test_fluid_surrounds_brain_and_brainstem(reference):
    """The mask reaches as far beyond them as the layer is thick; only the cord leaves it, at the end of the field."""
    mask = reference >= phantom.LABELS["brain"]
    depth = ndimage.distance_transform_edt(mask)
    assert depth[reference == phantom.LABELS["brainstem"]].min() >= phantom.CSF_LAYER_MM - 1
    tissue = mask & (reference != phantom.LABELS["csf"])
    assert depth[tissue].min() >= phantom.CSF_LAYER_MM - 1
    assert (reference[..., 0] == phantom.LABELS["brain"]).any()
    assert ndimage.label(mask)[1] == 1


def test_tissue_parts_fluid_from_air(reference):
    mask = reference >= phantom.LABELS["brain"]
    distance = ndimage.distance_transform_edt(~mask)
    for name, (centre, radius) in phantom.CAVITIES.items():
        x, y, z = (round(c) + o for c, o in zip(centre, (72, 92, 80), strict=True))
        assert distance[x, y, z] - radius >= 4, name
    inside = np.s_[1:-1, 1:-1, 1:]  # the cord runs out of the field below
    assert not (ndimage.binary_dilation(mask) & (reference == phantom.LABELS["air"]))[inside].any()


def test_medulla_goes_on_as_cord_in_fluid(reference):
    section = reference[..., 80 - 70]
    cord, fluid = section == phantom.LABELS["brain"], section == phantom.LABELS["csf"]
    assert cord.sum() == pytest.approx(np.pi * 7**2, rel=0.1)
    assert (cord | fluid).sum() == pytest.approx(np.pi * 12**2, rel=0.1)


def test_oblique_affine():
    affine = module.oblique_affine(matrix=[10, 12, 14], voxel_size_mm=[1.0, 2.0, 3.0], obliquity_deg=30)
    np.testing.assert_allclose(np.linalg.norm(affine[:3, :3], axis=0), [1, 2, 3])
    np.testing.assert_allclose(affine @ [4.5, 5.5, 6.5, 1], [0, 0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(module.b0_direction(affine), [0, 0.5, np.sqrt(0.75)])


def test_b0_of_a_straight_image_is_along_its_third_axis():
    straight = module.oblique_affine(matrix=[8, 8, 8], voxel_size_mm=[1, 1, 1], obliquity_deg=0)
    np.testing.assert_array_equal(module.b0_direction(straight), [0, 0, 1])


def test_block_mean():
    values = np.arange(4 * 4 * 2, dtype=np.float32).reshape(4, 4, 2)
    np.testing.assert_allclose(module.block_mean(values, 2)[0, 1, 0], values[0:2, 2:4].mean(dtype=float), rtol=1e-6)
    assert module.block_mean(values, 1) is values


def test_small_field_of_view_is_refused():
    with pytest.raises(InputError, match="field of view"):
        module.build_anatomy(matrix=[32, 32, 32], voxel_size_mm=[2, 2, 2], oversampling=1, obliquity_deg=0)
