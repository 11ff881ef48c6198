import hashlib

import numpy as np
import pytest

from recohort.core.errors import InputError
from recohort.synthetic.qsm import acquisition, phantom, storage
from recohort.synthetic.qsm.anatomy import block_mean

TARGET = {
    "location": "pons",
    "at_edge": 0,
    "lesion_volume_ml": 1.8,
    "lesion_median_ppm": 0.5,
    "lesion_iqr_ppm": 0.4,
}


def simulate(anatomy, settings, participant_id="sub-001", **changes):
    return acquisition.simulate_subject(
        anatomy,
        TARGET,
        participant_id=participant_id,
        study="cavernoma_qsm",
        seed=1,
        **settings["acquisition"] | changes,
    )


def digest(images):
    arrays = (images.magnitude, images.phase, images.lesion_mask, images.susceptibility)
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def test_same_seed_same_bytes_other_subject_other_bytes(anatomy, settings):
    first = simulate(anatomy, settings)
    assert digest(first) == digest(simulate(anatomy, settings))
    other = simulate(anatomy, settings, "sub-002")
    assert digest(first) != digest(other)
    assert (first.lesion_mask != other.lesion_mask).any()


def test_shapes_types_and_truth(anatomy, settings):
    images = simulate(anatomy, settings)
    assert images.magnitude.shape == images.phase.shape == (4, 48, 60, 48)
    assert images.magnitude.dtype == images.phase.dtype == np.int16
    assert images.lesion_mask.dtype == images.brain_mask.dtype == np.uint8
    assert not (images.lesion_mask > images.brain_mask).any()
    values = images.susceptibility[images.lesion_mask == 1]
    assert images.truth["lesion_median"] == pytest.approx(np.median(values))
    assert images.truth["lesion_volume"] == pytest.approx(values.size * 2.5**3 / 1000)
    assert images.truth["lesion_volume"] == pytest.approx(1.8, rel=0.2)
    assert 0.3 < images.truth["lesion_median"] < 0.6
    assert all(isinstance(value, float) for value in images.truth.values())


def test_without_noise_and_coil_phase_an_echo_is_the_mean_of_the_signal_equation(anatomy, settings):
    """All echoes, unequally spaced, against exponentials computed afresh; field and R2* at random."""
    rng = np.random.default_rng(0)
    signal, r2star, field = (rng.random((4, 6, 8), dtype=np.float32) for _ in range(3))
    times = (0.004, 0.009, 0.014, 0.021)
    images = acquisition.echo_images(
        signal, r2star=50 * r2star, field_ppm=field, echo_times_s=times, field_strength_t=3.0, oversampling=2
    )
    for time, image in zip(times, images, strict=True):
        rate = -50 * r2star.astype(float) + 2j * np.pi * 42.577478518e6 * 3.0 * 1e-6 * field
        expected = block_mean(signal * np.exp(time * rate), 2)
        np.testing.assert_allclose(image, expected, atol=1e-5)


def test_phase_wraps_and_grows_where_the_field_is_higher(anatomy, settings):
    images = simulate(anatomy, settings, coil_phase_rad=0.0, phase_units="radians")
    brain = images.brain_mask == 1
    jumps = np.abs(np.diff(images.phase, axis=3)) > np.pi
    inside = brain[..., 1:] & brain[..., :-1]
    assert 0.001 < jumps[-1][inside].mean() < 0.1
    field = block_mean(anatomy.cavity_field, 2) * settings["acquisition"]["air_susceptibility_ppm"]
    calm = brain & (np.abs(field) < 0.02) & (block_mean((anatomy.labels == 2).astype(np.float32), 2) == 1)
    growth = np.angle(np.exp(1j * (images.phase[1] - images.phase[0])))[calm]
    assert np.corrcoef(growth, field[calm])[0, 1] > 0.5


def test_lesion_is_a_signal_void_at_late_echoes(anatomy, settings):
    images = simulate(anatomy, settings)
    lesion, tissue = images.lesion_mask == 1, (images.brain_mask == 1) & (images.lesion_mask == 0)
    assert np.median(images.magnitude[-1][lesion]) < 0.6 * np.median(images.magnitude[-1][tissue])


def test_noise_is_as_stated(anatomy, settings):
    """The SD of the difference of two noise realisations, in parenchyma far from everything, over root two."""
    snr = 40.0
    quiet = simulate(anatomy, settings, snr=1e9).magnitude[0].astype(float)
    noisy = simulate(anatomy, settings, snr=snr).magnitude[0].astype(float)
    tissue = block_mean((anatomy.labels == phantom.LABELS["brain"]).astype(np.float32), 2) == 1
    assert np.median(quiet[tissue]) / np.std((noisy - quiet)[tissue]) == pytest.approx(snr, rel=0.02)


def test_intravoxel_dephasing_needs_the_fine_grid(anatomy, settings):
    """A linear field across two fine voxels of 90 degrees each leaves cos(45 degrees) of the signal."""
    field = np.tile(np.array([-1, 1], np.float32), (2, 2, 1)) / (8 * 0.01 * 42.577478518 * 3)
    one = np.ones_like(field)
    (image,) = acquisition.echo_images(
        one, r2star=0 * one, field_ppm=field, echo_times_s=[0.01], field_strength_t=3.0, oversampling=2
    )
    assert abs(image.item()) == pytest.approx(np.cos(np.pi / 4), rel=1e-5)


def test_phase_storage():
    phase = np.array([-np.pi, -np.pi / 2, 0.0, np.pi / 2, np.pi])
    assert storage.store_phase(phase, units="siemens").tolist() == [-4096, -2048, 0, 2048, -4096]
    assert storage.store_phase(phase, units="unsigned").tolist() == [0, 1024, 2048, 3072, 0]
    np.testing.assert_array_equal(storage.store_phase(phase, units="radians"), phase.astype(np.float32))
    with pytest.raises(InputError, match="phase unit: found 'degrees'"):
        storage.store_phase(phase, units="degrees")


@pytest.mark.parametrize(("units", "scale", "shift"), [("siemens", 4096, 0), ("unsigned", 2048, 1)])
def test_stored_phase_is_the_phase_to_half_a_step(units, scale, shift):
    phase = np.random.default_rng(0).uniform(-np.pi, np.pi, 10000)
    stored = storage.store_phase(phase, units=units)
    again = (stored / scale - shift) * np.pi
    assert stored.dtype == np.int16
    assert np.abs(np.angle(np.exp(1j * (again - phase)))).max() <= np.pi / 4096 + 1e-9


def test_conventions_hold_the_same_image(anatomy, settings):
    radians = simulate(anatomy, settings, phase_units="radians")
    siemens = simulate(anatomy, settings)
    assert siemens.phase.min() >= -4096
    assert siemens.phase.max() <= 4094
    assert not (siemens.phase % 2).any()
    error = np.angle(np.exp(1j * (siemens.phase * np.pi / 4096 - radians.phase)))
    assert np.abs(error).max() < np.pi / 4096 + 1e-5
    assert radians.sidecars["phase"][0]["Units"] == "rad"
    assert siemens.sidecars["phase"][0]["Units"] == "arbitrary"


def test_sidecars(anatomy, settings):
    sidecars = simulate(anatomy, settings).sidecars
    for part in ("mag", "phase"):
        assert [echo["EchoTime"] for echo in sidecars[part]] == settings["acquisition"]["echo_times_s"]
        assert [echo["EchoNumber"] for echo in sidecars[part]] == [1, 2, 3, 4]
        assert sidecars[part][0]["ImagingFrequency"] == pytest.approx(127.732, abs=1e-3)


def test_empty_mask_has_no_metrics():
    truth = acquisition.lesion_truth(np.zeros((2, 2, 2)), np.zeros((2, 2, 2), bool), voxel_size_mm=(1, 1, 1))
    assert truth["lesion_volume"] == 0
    assert np.isnan(truth["lesion_median"])
