"""Images of one participant against what was asked for, an independent forward model, and closed forms."""

import hashlib

import numpy as np
import pytest
from scipy import ndimage

from recohort.core.errors import InputError
from recohort.synthetic.nuclei import acquisition, shapes, tissue
from recohort.synthetic.nuclei.anatomy import Anatomy, build_anatomy
from recohort.synthetic.qsm import dipole

qsm_forward = pytest.importorskip("qsm_forward")
VOXEL_ML = 2.5**3 / 1000


def digest(made):
    arrays = (made.magnitude, made.phase, made.t1w, made.labels, made.gre_brain, made.t1_brain)
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def test_same_bytes_again_and_others_for_others(made, simulate):
    assert digest(simulate()) == digest(made)
    assert digest(simulate("sub-002")) != digest(made)
    assert digest(simulate(seed=1)) != digest(made)


def test_anatomy_survives_the_file(anatomy, tmp_path, made, simulate):
    np.savez(tmp_path / "anatomy.npz", **anatomy.to_arrays())
    again = Anatomy.from_arrays(dict(np.load(tmp_path / "anatomy.npz")))
    assert digest(simulate(shared=again)) == digest(made)


def test_volumes_are_those_drawn(simulate, imaged):
    """Fractions sum to the volume to a millionth; labels of whole voxels to 12 % for nuclei of 100 to 400 voxels."""
    for participant in ("sub-001", "sub-002", "sub-004"):
        made, (nuclei, _) = simulate(participant), imaged(participant)
        count = np.bincount(made.labels.ravel(), minlength=len(shapes.LABELS) + 1)
        for name, value in shapes.LABELS.items():
            assert made.truth[f"{name}_volume"] == pytest.approx(nuclei["ml"][name], rel=1e-5)
            if name != shapes.VENTRICLES:
                assert count[value] * VOXEL_ML == pytest.approx(nuclei["ml"][name], rel=0.12), name


def test_finer_labels_come_closer_to_the_volumes(completed, simulate, imaged):
    """At 1.25 mm, to 4 %: the surface of a nucleus has half as many voxels for its volume."""
    grid = completed["anatomy"] | {"gre_matrix": [128, 152, 132], "gre_voxel_mm": [1.25] * 3}
    made, (nuclei, _) = simulate(shared=build_anatomy(**grid)), imaged()
    count = np.bincount(made.labels.ravel(), minlength=len(shapes.LABELS) + 1)
    for name in shapes.NUCLEI:
        assert count[shapes.LABELS[name]] * 1.25**3 / 1000 == pytest.approx(nuclei["ml"][name], rel=0.04), name


def test_truth_is_what_was_drawn(made, imaged):
    nuclei, _ = imaged()
    for structure in shapes.STRUCTURES:
        assert made.truth[f"{structure}_mean"] == pytest.approx(nuclei["ppb"][structure], abs=1e-9)
        between = made.truth[f"{structure}_left_mean"] - made.truth[f"{structure}_right_mean"]
        assert between == pytest.approx(nuclei["asymmetry_ppb"][structure], abs=1e-9)
    parts = ("caudate", "putamen", "pallidum")
    content = sum(made.truth[f"{name}_mean"] * made.truth[f"{name}_volume"] for name in parts)
    assert made.truth["basal_ganglia_mean"] == pytest.approx(content / made.truth["basal_ganglia_volume"])


def test_whole_brain_is_0_and_the_core_of_a_nucleus_has_its_value(simulate):
    """Voxels whose neighbours are all of one label hold it to 0.5 ppb, but where fine voxels still mix."""
    made = simulate(mask_signal=0.0)
    mean = made.susceptibility[made.gre_brain == 1].mean(dtype=float)
    assert mean == pytest.approx(0, abs=1e-8)
    for name in ("pallidum_left", "thalamus_right", "putamen_left"):
        core = ndimage.binary_erosion(made.labels == shapes.LABELS[name], np.ones((3, 3, 3)))
        values = 1000 * made.susceptibility[core]
        assert np.median(values) == pytest.approx(made.truth[f"{name}_mean"], abs=0.5), name


def test_partial_volume_takes_from_the_mean_of_labels(made):
    for name in ("caudate", "putamen", "pallidum"):
        assert 0.8 < made.truth[f"{name}_in_labels"] / made.truth[f"{name}_mean"] < 1


def test_labels_do_not_overlap_and_lie_where_they_should(made):
    centre = {}
    for name, value in shapes.LABELS.items():
        assert (made.labels == value).any(), name
        index = np.array(ndimage.center_of_mass(made.labels == value))
        centre[name] = (made.gre_affine @ [*index, 1])[:3]
    for side, sign in (("left", -1), ("right", 1)):
        x = {name: sign * centre[f"{name}_{side}"][0] for name in shapes.STRUCTURES}
        assert 5 < x["thalamus"] < x["pallidum"] < x["putamen"] < 35
        assert x["caudate"] < x["putamen"]
        assert centre[f"thalamus_{side}"][1] < centre[f"pallidum_{side}"][1] < centre[f"caudate_{side}"][1]
    assert abs(centre["csf"][0]) < 4


def test_fractions_never_exceed_a_voxel(anatomy, simulate, imaged):
    """Even with large nuclei and ventricles: territories part them."""
    nuclei, _ = imaged()
    huge = {"ml": {name: 1.4 * value for name, value in nuclei["ml"].items()}}
    made = simulate(nuclei=huge)
    for name in shapes.NUCLEI:
        assert made.truth[f"{name}_volume"] <= huge["ml"][name] * (1 + 1e-5)
    lattice = anatomy.lattice("gre")
    points = lattice.scanner_points()
    painted = tissue.paint(anatomy, lattice, points, volumes_ml=huge["ml"])
    assert painted.fractions.min() >= 0
    assert painted.fractions.sum(axis=0).max() <= 1 + 1e-5


def test_smaller_volume_lies_within_the_larger(simulate, imaged):
    nuclei, _ = imaged()
    ml = nuclei["ml"]
    small = simulate(nuclei={"ml": {name: 0.8 * value for name, value in ml.items()}})
    large = simulate(nuclei={"ml": ml})
    for name, value in shapes.LABELS.items():
        inner, outer = small.labels == value, large.labels == value
        assert not (inner & ~outer).any(), name


def test_wider_ventricles_show_in_the_images(simulate, imaged):
    """Where white matter turns to fluid the signal falls to 0.84, less the white matter that is left in a voxel."""
    nuclei, _ = imaged()
    narrow, wide = (simulate(nuclei={"ml": nuclei["ml"] | {"csf": value}}) for value in (10.0, 30.0))
    csf = (wide.labels == shapes.LABELS["csf"]) & (narrow.labels == 0)
    assert csf.sum() * VOXEL_ML > 8
    assert np.median(wide.magnitude[csf]) < 0.9 * np.median(narrow.magnitude[csf])


def test_labels_of_both_images_agree(made, simulate):
    """Without motion the ventricles, dark in T1w, lie under the labels of the other image."""
    still = simulate(motion_deg=0.0, motion_mm=0.0, t1_bias=0.0)
    index = np.argwhere(ndimage.binary_erosion(still.labels == shapes.LABELS["csf"]))
    points = still.gre_affine[:3, :3] @ index.T + still.gre_affine[:3, 3:]
    back = np.linalg.inv(still.t1_affine)
    values = ndimage.map_coordinates(still.t1w.astype(float), back[:3, :3] @ points + back[:3, 3:], order=1)
    assert len(index) > 20
    assert np.median(values) < 500


@pytest.fixture(scope="module")
def straight(completed, simulate):
    """A participant without air, noise and coil phase, B0 along the third axis."""
    shared = build_anatomy(**completed["anatomy"] | {"obliquity_deg": 0.0})
    return simulate(shared=shared, air_susceptibility_ppm=0.0, coil_phase_rad=0.0, snr=1e9, phase_units="radians")


def test_field_against_an_independent_forward_model(straight):
    """It multiplies in k-space, this project adds voxels in real space; they differ by less than 3 % of the SD."""
    expected = qsm_forward.generate_field(np.pad(straight.susceptibility.astype(float), 32))[32:-32, 32:-32, 32:-32]
    brain = straight.gre_brain == 1
    found, expected = straight.field[brain].astype(float), expected[brain]
    assert np.corrcoef(found, expected)[0, 1] > 0.999
    assert (found - expected).std() < 0.03 * expected.std()


def test_phase_is_that_of_the_field_at_the_echo(straight):
    """Without wraps, at 127.7 MHz and 22 ms, where there is signal; noise of 1e-9 and float32."""
    brain = straight.gre_brain == 1
    turns = 2 * np.pi * 42.577478518 * 3.0 * 0.022 * straight.field.astype(float)
    error = np.angle(np.exp(1j * (straight.phase - turns)))
    assert np.abs(error[brain]).max() < 1e-3


def test_field_of_air_is_that_of_spheres():
    coordinates = np.ix_(*[np.arange(n) * 2.5 for n in (10, 12, 8)])
    centres = [(40.0, 5.0, 60.0)] + [(1e4, 1e4, 1e4)] * 3
    b0 = np.array([0.0, 0.6, 0.8])
    found = acquisition.air_field(coordinates, centres, b0=b0, air_susceptibility_ppm=9.4)
    radius = acquisition.AIR["frontal_sinus"][1]
    expected = 9.4 * dipole.sphere_field(coordinates, centre_mm=centres[0], radius_mm=radius, b0_direction=b0)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_air_lies_outside_of_the_brain(anatomy, made, simulate):
    """No voxel of the brain lies within a sphere, where this field would be 0."""
    for participant in ("sub-001", "sub-003", "sub-005", "sub-008"):
        with_air = simulate(participant)
        without = simulate(participant, air_susceptibility_ppm=0.0)
        assert (with_air.field - without.field)[with_air.gre_brain == 1].astype(float).max() < 2 / 3 * 9.4
        assert with_air.gre_brain.sum() * VOXEL_ML > 1000


def test_mask_leaves_out_what_has_lost_its_signal(made, simulate):
    """Near the sinuses alone: less than 2 % of the brain, none of it beside a label; one piece without holes."""
    whole = simulate(mask_signal=0.0)
    lost = (whole.gre_brain == 1) & (made.gre_brain == 0)
    assert not ((made.gre_brain == 1) & (whole.gre_brain == 0)).any()
    assert 0 < lost.sum() < 0.02 * whole.gre_brain.sum()
    assert not (ndimage.binary_dilation(lost, iterations=3) & (made.labels > 0)).any()
    assert ndimage.label(made.gre_brain)[1] == 1
    assert (ndimage.binary_fill_holes(made.gre_brain) == made.gre_brain).all()
    assert np.median(made.magnitude[lost]) < 0.8 * np.median(made.magnitude[made.gre_brain == 1])


def test_dephasing_of_a_linear_field():
    """Half a cycle across a voxel leaves sinc(1/2) = 2 / pi."""
    field = np.broadcast_to(np.arange(6, dtype=np.float32)[:, None, None] * 0.5, (6, 5, 5))
    left = acquisition.dephasing(field, radians_per_ppm=2 * np.pi)
    np.testing.assert_allclose(left, 2 / np.pi, rtol=1e-5)


def test_iron_makes_magnitude_darker(straight):
    pallidum, thalamus = (
        np.isin(straight.labels, [shapes.LABELS[f"{n}_{s}"] for s in shapes.SIDES]) for n in ("pallidum", "thalamus")
    )
    assert np.median(straight.magnitude[pallidum]) < 0.85 * np.median(straight.magnitude[thalamus])


def test_drift_scales_the_field_and_leaves_the_truth(simulate, straight):
    plain, drifted = (simulate(air_susceptibility_ppm=0.0, nuclei={"gain": gain}) for gain in (1.0, 1.05))
    np.testing.assert_allclose(drifted.field, 1.05 * plain.field, atol=1e-6)
    assert drifted.truth == plain.truth


def test_noise_of_the_images(simulate, made):
    """Outside of the head the magnitude is Rayleigh, mean 1.2533 SD of a channel (some 80 000 voxels, 1 %)."""
    shape = ndimage.binary_dilation(made.gre_brain, iterations=4) == 0
    expected = np.exp(-0.022 * 18.0) / 40 * 1000
    assert made.magnitude[shape].mean() == pytest.approx(1.2533 * expected, rel=0.02)


def test_brain_has_the_size_of_heads_and_lies_within_the_image(simulate):
    for number in (1, 2, 4, 7):
        made = simulate(f"sub-{number:03d}")
        assert 1050 < made.gre_brain.sum() * VOXEL_ML < 1950
        assert ndimage.label(made.gre_brain)[1] == 1
        both = made.gre_brain.sum() * VOXEL_ML, made.t1_brain.sum() * 27 / 1000
        assert both[0] == pytest.approx(both[1], rel=0.02)


def test_a_small_field_of_view_is_refused(completed):
    with pytest.raises(InputError, match=r"synthetic anatomy: found a field of view of \[100.0, 190.0, 165.0\] mm"):
        build_anatomy(**completed["anatomy"] | {"gre_matrix": [40, 76, 66]})
