import numpy as np
import pytest
from scipy import ndimage

from recohort.core.errors import InputError
from recohort.core.seeds import generator
from recohort.synthetic.wml import head, lesions
from recohort.synthetic.wml.fields import SmoothField, ellipsoid_depth, soft_step, tube_depth

VOXEL_ML = 1.75 * 1.75 * 5 / 1000
QUIET = {"noise_hu": [0, 0], "hardening_hu": [0, 0], "streak_hu": [0, 0], "calcification_share": 0}


def simulate(settings, *, seed=0, age=73.0, wml_ml=10.0, **heads):
    changed = settings | {"heads": settings["heads"] | heads}
    return head.simulate_head(changed, generator(seed, "head"), age=age, wml_ml=wml_ml)


@pytest.fixture(scope="module")
def quiet(completed):
    """A head without noise, blur and artefact, of which the attenuations are known."""
    known = {
        "blur_mm": [0, 0],
        "csf_hu": [8, 8],
        "grey_hu": [37, 37],
        "white_hu": [29, 29],
        "wml_hu": [22, 22],
        "bone_hu": [900, 900],
    }
    return simulate(completed, wml_ml=40.0, **QUIET, **known)


def core(mask):
    return ndimage.binary_erosion(mask, np.ones((5, 5, 1)))


def test_types_shapes_and_masks(quiet):
    ct, masks, affine = quiet
    assert ct.dtype == np.int16
    assert ct.shape == (128, 128, 32)
    assert set(masks) == {"WML", "brain", "ventricles"}
    assert all(mask.dtype == bool and mask.shape == ct.shape for mask in masks.values())
    assert np.linalg.norm(affine[:3, :3], axis=0) == pytest.approx([1.75, 1.75, 5.0])


def test_air_bone_and_scalp(quiet):
    ct, masks, _ = quiet
    assert (ct[[0, -1]] == -1000).all()
    inside = masks["brain"].any(axis=2)
    assert inside.any()
    shell = ndimage.binary_dilation(masks["brain"], np.ones((3, 3, 1)), iterations=2) & ~masks["brain"]
    assert 400 < np.median(ct[..., 14:24][shell[..., 14:24]]) < 950
    assert ct.max() <= 905


def test_brain_is_enclosed_by_bone(quiet):
    """Around it at every level of the convexity lies bone, as a mask by thresholds needs."""
    ct, masks, _ = quiet
    for k in range(16, 24):
        brain = masks["brain"][..., k]
        ring = ndimage.binary_dilation(brain, np.ones((3, 3)), iterations=2) & ~ndimage.binary_dilation(brain)
        assert (ct[..., k][ring] > 200).mean() > 0.97, k


def test_attenuation_of_fluid_lesion_and_white_matter(quiet):
    ct, masks, _ = quiet
    assert np.median(ct[core(masks["ventricles"])]) == 8
    assert np.median(ct[ndimage.binary_erosion(masks["WML"], np.ones((3, 3, 1)))]) == pytest.approx(22, abs=1)
    cerebrum = core(masks["brain"])[..., 17:23]
    counts = np.bincount(ct[..., 17:23][cerebrum].clip(0))
    assert counts.argmax() == 29
    assert counts[33:45].argmax() + 33 == 37


def test_blur_takes_contrast_from_the_cortex(completed, quiet):
    """As in 5 mm slices of patients: ribbons of 3 mm come out darker than grey matter is."""
    ct, masks, _ = quiet
    blurred, *_ = simulate(completed, **QUIET, wml_ml=40.0, grey_hu=[37, 37], white_hu=[29, 29], blur_mm=[0.9, 0.9])
    cerebrum = core(masks["brain"])[..., 17:23]
    assert (blurred[..., 17:23][cerebrum] > 36).mean() < 0.5 * (ct[..., 17:23][cerebrum] > 36).mean()


def test_nothing_but_partial_volume_lies_between_fluid_and_grey_matter(quiet):
    ct, masks, _ = quiet
    tissue = ct[..., 16:24][core(masks["brain"])[..., 16:24]]
    assert np.percentile(tissue, 1) >= 7
    assert np.percentile(tissue, 98) <= 53


def test_brain_and_ventricles_have_the_size_of_patients(completed):
    volumes = []
    for seed in range(12):
        _, masks, _ = simulate(completed, seed=seed)
        volumes.append([masks[name].sum() * VOXEL_ML for name in ("brain", "ventricles")])
        assert not (masks["ventricles"] & ~masks["brain"]).any()
        assert not masks["brain"][..., -1].any()
    brain, ventricles = np.array(volumes).T
    assert 1200 < brain.min() < brain.max() < 1700
    assert 10 < ventricles.min() < ventricles.max() < 110


def test_ventricles_and_sulci_widen_with_age(completed):
    young, old = (simulate(completed, age=age, **QUIET, wml_ml=0.0) for age in (45.0, 90.0))
    assert old[1]["ventricles"].sum() > 1.3 * young[1]["ventricles"].sum()
    fluid = [np.mean(ct[masks["brain"] & ~masks["ventricles"]] < 18) for ct, masks, _ in (young, old)]
    assert fluid[1] > 1.1 * fluid[0]


@pytest.mark.parametrize("volume", [0.0, 0.004, 0.02, 0.59, 5.0, 35.0, 140.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_volume_of_the_mask_is_the_one_asked_for(completed, volume, seed):
    _, masks, _ = simulate(completed, seed=seed, wml_ml=volume)
    assert masks["WML"].sum() * VOXEL_ML == pytest.approx(volume, abs=VOXEL_ML / 2 + 1e-9)


def test_volume_shows_in_the_image_with_its_partial_volumes(completed):
    """What lesions take from the image, over their contrast, is their volume, less what is no white matter."""
    known = QUIET | {"white_hu": [29, 29], "wml_hu": [22, 22]}
    without, with_lesions = (simulate(completed, wml_ml=volume, **known)[0].astype(float) for volume in (0.0, 30.0))
    taken = (without - with_lesions).sum() / 7 * VOXEL_ML
    assert 26 < taken < 30.5


def test_lesions_lie_in_white_matter_and_touch_nothing_else(completed):
    known = QUIET | {"blur_mm": [0, 0], "white_hu": [29, 29], "wml_hu": [22, 22]}
    without, _, _ = simulate(completed, wml_ml=0.0, **known)
    with_lesions, masks, _ = simulate(completed, wml_ml=20.0, **known)
    assert np.median(without[masks["WML"]]) == 29
    assert np.percentile(without[masks["WML"]], 5) >= 15
    assert (without - with_lesions)[masks["WML"]].mean() > 0.5 * 7
    assert not (masks["WML"] & ~masks["brain"]).any()


def test_mask_leaves_out_slivers_of_lesion_less_so_the_larger_it_is(completed):
    """The mask has the right volume; most of the lesion is in it, the rest in voxels beside it."""
    known = QUIET | {"blur_mm": [0, 0], "white_hu": [100, 100], "wml_hu": [0, 0]}
    held, beside = [], []
    for volume in (1.0, 20.0):
        without, with_lesions = (simulate(completed, wml_ml=ml, **known) for ml in (0.0, volume))
        lost, mask = without[0].astype(float) - with_lesions[0], with_lesions[1]["WML"]
        near = ndimage.binary_dilation(mask, np.ones((3, 3, 3)), iterations=2)
        held.append(lost[mask].sum() / lost.sum())
        beside.append(lost[near].sum() / lost.sum())
    assert 0.4 < held[0] < held[1] < 0.95
    assert held[1] > 0.65
    assert beside[0] > 0.8
    assert beside[1] > 0.95


def test_lesions_grow_from_the_ventricles_and_in_foci(completed):
    _, masks, _ = simulate(completed, wml_ml=20.0, foci_count=[25, 25])
    distance = ndimage.distance_transform_edt(~masks["ventricles"], sampling=(1.75, 1.75, 5.0))[masks["WML"]]
    assert (distance < 6).mean() > 0.25
    assert (distance > 12).mean() > 0.05
    assert ndimage.label(masks["WML"])[1] > 3


def test_a_small_volume_lies_in_few_places(completed):
    """Each horn and focus has its own strength, so that they do not all begin at once."""
    pieces = [
        ndimage.label(simulate(completed, seed=seed, wml_ml=2.0)[1]["WML"], np.ones((3, 3, 3)))[1] for seed in range(6)
    ]
    assert np.mean(pieces) < 8


def test_a_larger_volume_holds_the_smaller_one(completed):
    """Of one head: its lesions grow."""
    small, large = (simulate(completed, wml_ml=volume)[1]["WML"] for volume in (3.0, 12.0))
    assert (small & large).sum() > 0.9 * small.sum()


def test_lesions_are_hard_to_see(completed):
    """Contrast is little more than the noise, and fluid at edges looks the same: a threshold does not find them."""
    ct, masks, _ = simulate(completed, wml_ml=17.0)
    lesion, brain = masks["WML"], core(masks["brain"])
    low = (ct > 14) & (ct < 26) & brain
    assert (low & ~lesion).sum() > 5 * (low & lesion).sum()


@pytest.mark.parametrize(
    ("matrix", "voxel", "sd"), [([128, 128, 32], [1.75, 1.75, 5.0], 2.24), ([128, 128, 4], [0.45, 0.45, 5.0], 4.5)]
)
def test_noise_is_that_of_its_voxels(settings, matrix, voxel, sd):
    """4.5 HU in clinical voxels are 2.24 in coarse ones (0.498 by quadrature); whole HU add 1/12 to each variance."""
    settings["anatomy"] |= {"matrix": matrix, "voxel_size_mm": voxel}
    fixed = {"noise_hu": [4.5, 4.5], "noise_mm": [0.4, 0.4]}
    noisy, masks, _ = simulate(settings, wml_ml=0.0, **fixed)
    clean, again, _ = simulate(settings, wml_ml=0.0, **(fixed | {"noise_hu": [0, 0]}))
    assert all((masks[name] == again[name]).all() for name in masks)
    middle = tuple(slice(n // 2 - n // 4, n // 2 + n // 4) for n in matrix)
    noise = (noisy.astype(float) - clean)[middle]
    assert noise.std() == pytest.approx(np.sqrt(sd**2 + 1 / 6), rel=0.05)


def test_beam_hardening_brightens_below_the_skull(completed):
    off = QUIET | {"blur_mm": [0, 0]}
    plain, hazy = (simulate(completed, **(off | {"hardening_hu": [h, h]})) for h in (0, 8))
    added = hazy[0].astype(float) - plain[0]
    depth = ndimage.distance_transform_edt(np.pad(plain[1]["brain"], 1), sampling=(1.75, 1.75, 5.0))[1:-1, 1:-1, 1:-1]
    shallow, deep = (added[(depth > low) & (depth < high)].mean() for low, high in ((2, 5), (30, 45)))
    assert shallow > 2
    assert abs(deep) < 0.3


def test_tilt_stands_in_the_affine(completed):
    upright, tilted = (simulate(completed, tilt_deg=[angle, angle])[2] for angle in (0, 10))
    assert np.count_nonzero(upright[:3, :3]) == 3
    normal = tilted[:3, 2] / 5
    assert np.degrees(np.arccos(normal[2])) == pytest.approx(10)
    assert np.linalg.det(tilted[:3, :3]) > 0
    centre = tilted @ [63.5, 63.5, 15.5, 1]
    assert centre[:3] == pytest.approx(np.zeros(3), abs=1e-9)


def test_tilt_turns_the_slices_not_the_patient(completed):
    """In scanner coordinates the brain stays where it is."""
    still = {"pose_deg": [0, 0], "shift_mm": [0, 0], "warp_mm": [0, 0]}
    centres = []
    for angle in (-8, 8):
        _, masks, affine = simulate(completed, tilt_deg=[angle, angle], **still)
        voxel = ndimage.center_of_mass(masks["ventricles"])
        centres.append(affine[:3] @ [*voxel, 1])
    assert centres[0] == pytest.approx(centres[1], abs=3)


def test_pose_turns_the_patient(completed):
    still = {"shift_mm": [0, 0], "warp_mm": [0, 0], "tilt_deg": [0, 0]}
    straight, turned = (simulate(completed, pose_deg=[angle, angle], **still)[1]["ventricles"] for angle in (0, 10))
    assert (straight != turned).sum() > 0.3 * straight.sum()


def test_heads_differ_and_the_same_stream_gives_the_same_head(completed):
    first, again, other = (simulate(completed, seed=seed) for seed in (0, 0, 1))
    assert (first[0] == again[0]).all()
    assert all((first[1][name] == again[1][name]).all() for name in first[1])
    assert (first[1]["brain"] != other[1]["brain"]).mean() > 0.005


def test_age_and_volume_are_drawn_where_they_are_not_given(completed):
    drawn = [head.simulate_head(completed, generator(seed, "any"))[1]["WML"].sum() * VOXEL_ML for seed in range(8)]
    assert len(set(drawn)) > 6
    assert max(drawn) < 150


@pytest.mark.parametrize(
    "anatomy",
    [
        {"matrix": [64, 80, 40], "voxel_size_mm": [3.5, 2.8, 4.0], "sublayers": 2},
        {"matrix": [256, 256, 32], "voxel_size_mm": [0.9, 0.9, 5.0], "sublayers": 1},
        pytest.param(
            {"matrix": [512, 512, 32], "voxel_size_mm": [0.45, 0.45, 5.0], "sublayers": 4}, marks=pytest.mark.slow
        ),
    ],
)
def test_other_grids(settings, anatomy):
    settings["anatomy"] = anatomy
    ct, masks, _ = simulate(settings, wml_ml=8.0)
    voxel_ml = np.prod(anatomy["voxel_size_mm"]) / 1000
    assert ct.shape == tuple(anatomy["matrix"])
    assert masks["WML"].sum() * voxel_ml == pytest.approx(8, abs=voxel_ml / 2 + 1e-9)
    assert 1100 < masks["brain"].sum() * voxel_ml < 1750


def test_wider_ranges_are_drawn_from_the_same_library(settings):
    wide = {
        "pose_deg": [-20, 20],
        "ventricle_size": [0.5, 2.0],
        "sulcus_mm": [0.2, 3.0],
        "noise_hu": [2, 9],
        "warp_mm": [0, 4],
    }
    wide |= {
        "lesion_roughness": [0, 0.8],
        "foci_count": [0, 80],
        "focus_mm": [1, 9],
        "wml_hu": [16, 27],
        "size": [0.88, 1.08],
    }
    for seed in range(6):
        _, masks, _ = simulate(settings, seed=seed, wml_ml=15.0, **wide)
        assert masks["WML"].sum() * VOXEL_ML == pytest.approx(15, abs=VOXEL_ML)


def test_ranges_in_the_wrong_order_are_a_sentence_each(completed):
    with pytest.raises(InputError) as error:
        simulate(completed, noise_hu=[5, 4], skull_mm=[8, 5])
    assert str(error.value).splitlines() == [
        "heads.skull_mm: found [8, 5], expected the smaller number first",
        "heads.noise_hu: found [5, 4], expected the smaller number first",
    ]


def test_more_lesion_than_white_matter_is_one_sentence(completed):
    with pytest.raises(InputError, match=r"wml: found a volume of 2e.03 mL, expected at most .* the white matter"):
        simulate(completed, wml_ml=2000.0)


def test_strongest_points_and_fullest_voxels():
    strength = np.array([0.1, 0.9, 0.4, 0.8])
    assert sorted(lesions.strongest(strength, 2, point_ml=1.0)) == [1, 3]
    assert lesions.strongest(strength, 0, point_ml=1.0).size == 0
    fraction = np.array([0.25, 1.0, 0.5, 0.5]).reshape(4, 1, 1)
    assert lesions.fullest(fraction, 2).ravel().tolist() == [False, True, True, False]
    assert not lesions.fullest(fraction, 0).any()


def test_depths_are_distances():
    x = np.array([0.0, 5.0, 10.0, 12.0], np.float32)
    zero = np.zeros_like(x)
    sphere = {"centre": (0, 0, 0), "radii": (10, 10, 10)}
    assert ellipsoid_depth((x, zero, zero), **sphere)[1:] == pytest.approx([5, 0, -2], abs=0.01)
    tube = {"start": (0, 0, 0), "end": (0, 0, 10), "radius_start": 2.0, "radius_end": 4.0}
    assert tube_depth((x, zero, zero), **tube) == pytest.approx([2, -3, -8, -10])
    assert tube_depth((x, zero, zero + 10), **tube) == pytest.approx([4, -1, -6, -8])
    assert soft_step(np.array([-5.0, 0, 0.5, 5]), 2.0) == pytest.approx([0, 0.5, 0.75, 1])


def test_smooth_field_is_standard_and_smooth_and_the_same_in_parts():
    axes = [np.arange(n) * 1.5 for n in (60, 50, 40)]
    whole = slice(None)
    fields = [SmoothField(axes, 8.0, np.random.default_rng(seed)) for seed in range(40)]
    values = np.stack([field.layers(whole, whole, whole) for field in fields])
    assert values.shape == (40, 40, 60, 50)
    assert values.mean() == pytest.approx(0, abs=0.05)
    assert values.std(axis=0).mean() == pytest.approx(1, abs=0.03)
    assert np.abs(np.diff(values, axis=2)).mean() < 0.25
    part = fields[0].layers(slice(5, 20), whole, slice(7, 9))
    np.testing.assert_allclose(part, values[0][7:9, 5:20], atol=1e-5)
