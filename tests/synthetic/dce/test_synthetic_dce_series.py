import hashlib
import json

import dcmri
import nibabel as nib
import numpy as np
import pytest

from recohort.core.errors import InputError
from recohort.synthetic.dce.anatomy import Waves

VOXEL_ML = 0.045
QUIET = {"snr": [1e6, 1e6], "motion_mm": [0, 0]}
EVEN = QUIET | {"heterogeneity": [0, 0]}


def read(root, participant, session, name, derivative=False):
    folder = root / "derivatives" / "masks" if derivative else root
    return np.asarray(
        nib.load(folder / participant / f"ses-{session}/perf/{participant}_ses-{session}_{name}.nii.gz").dataobj
    )


def masks_of(root, participant, session):
    names = ("tumour", "aorta", "marrow")
    return {name: read(root, participant, session, f"label-{name}_mask", True) > 0 for name in names}


def test_files_headers_and_sidecars(simulate, completed):
    root, files, _ = simulate("sub-001", completed)
    names = {path.relative_to(root).as_posix() for path in files}
    expected = set()
    for session in ("pre", "post"):
        stem = f"sub-001/ses-{session}/perf/sub-001_ses-{session}_"
        images = [f"{stem}dce", *(f"{stem}flip-{number}_VFA" for number in range(1, 6))]
        images += [f"derivatives/masks/{stem}label-{name}_mask" for name in ("tumour", "aorta", "marrow")]
        expected |= {f"{image}.{end}" for image in images for end in ("json", "nii.gz")}
    assert names == expected
    series = nib.load(root / "sub-001/ses-pre/perf/sub-001_ses-pre_dce.nii.gz")
    assert series.shape == (48, 48, 8, 48)
    assert series.get_data_dtype() == np.int16
    assert nib.aff2axcodes(series.affine) == ("A", "S", "R")
    assert np.linalg.norm(series.affine[:3, :3], axis=0) == pytest.approx([3, 3, 5])
    sidecar = json.loads((root / "sub-001/ses-pre/perf/sub-001_ses-pre_dce.json").read_text())
    assert sidecar["FrameTimes"] == pytest.approx(5.5 * np.arange(48))
    assert (sidecar["RepetitionTime"], sidecar["FlipAngle"], sidecar["TemporalResolution"]) == (0.0045, 25.0, 5.5)
    angles = [
        json.loads((root / f"sub-001/ses-post/perf/sub-001_ses-post_flip-{number}_VFA.json").read_text())["FlipAngle"]
        for number in range(1, 6)
    ]
    assert angles == completed["protocol"]["vfa_deg"]
    for path in files:
        if path.name.endswith(".nii.gz"):
            np.testing.assert_array_equal(nib.load(path).affine, series.affine)


@pytest.mark.parametrize("session", ["pre", "post"])
def test_signal_of_tumour_and_aorta_is_that_of_dcmri(simulate, settings, session):
    """Every voxel of an even tumour, from its true parameters alone: input, exchange, T1 and sequence by dcmri.

    Arrival is fixed. A rounding of 0.5 beside a signal of about 90 is the tolerance.
    """
    settings["sessions"] |= EVEN | {"arrival_share": [0.5, 0.5], "aif_factor": [1, 1]}
    settings["kinetics"]["haematocrit"] = {"mean": 0.4, "sd": 1e-6, "minimum": 0.39999, "maximum": 0.40001}
    root, _, truth = simulate("sub-004", settings)
    when = {"pre": "before", "post": "after"}[session]
    known = {name: truth[f"{name}_{when}"] for name in ("vp", "ktrans", "ve", "t10", "delay")}
    series, masks = read(root, "sub-004", session, "dce"), masks_of(root, "sub-004", session)
    fine = np.arange(0, 47 * 5.5 + 0.01, 0.05)
    blood = 1000 * dcmri.aif_parker(fine, BAT=9.5 * 5.5)
    late = 1000 * dcmri.aif_parker(fine, BAT=9.5 * 5.5 + known["delay"])
    blood[fine < 9.5 * 5.5], late[fine < 9.5 * 5.5 + known["delay"]] = 0, 0
    exchange = {"vb": known["vp"], "vi": known["ve"], "PS": known["ktrans"] / 60}
    tissue = dcmri.conc_tissue(late / 0.6, dt=0.05, kinetics="HF", H=0, **exchange)
    expected = dcmri.signal_ss(5500, 1 / known["t10"] + 4.5 * tissue, 0.0045, 25)[::110]
    assert np.abs(series[masks["tumour"]] - expected).max() < 1.5
    expected = dcmri.signal_ss(6000, 1 / 1.48 + 4.5 * blood, 0.0045, 25)[::110]
    assert np.abs(series[masks["aorta"]] - expected).max() < 1.5


def test_t1_follows_from_the_flip_angles(simulate, settings):
    """By the straight line of signal / sin over signal / tan; rounding to whole numbers leaves 1 % in the mean."""
    settings["sessions"] |= QUIET
    root, _, truth = simulate("sub-002", settings)
    for session, when in (("pre", "before"), ("post", "after")):
        mask = masks_of(root, "sub-002", session)["tumour"]
        signals = np.stack([read(root, "sub-002", session, f"flip-{n}_VFA")[mask] for n in range(1, 6)], axis=-1)
        angles = np.radians(settings["protocol"]["vfa_deg"])
        slope = [np.polyfit(row / np.tan(angles), row / np.sin(angles), 1)[0] for row in signals.astype(float)]
        assert np.mean(-0.0045 / np.log(slope)) == pytest.approx(truth[f"t10_{when}"], rel=0.01)


def test_truth_is_that_of_the_cohort_and_of_the_masks(simulate, completed, cohort):
    participants, latent = cohort
    for row in (0, 2, 5):
        name = participants["participant_id"][row]
        root, _, truth = simulate(name, completed)
        for quantity in ("vp", "ktrans", "ve"):
            ratio = truth[f"{quantity}_after"] / truth[f"{quantity}_before"]
            assert np.log(ratio) == pytest.approx(latent[f"{quantity}_log_ratio"][row])
            assert truth[f"{quantity}_change"] == pytest.approx(100 * (ratio - 1))
        for session, when in (("pre", "before"), ("post", "after")):
            masks = masks_of(root, name, session)
            assert truth[f"size_{when}"] == pytest.approx(masks["tumour"].sum() * VOXEL_ML)
            assert not (masks["tumour"] & (masks["aorta"] | masks["marrow"])).any()
            assert masks["aorta"].sum() > 300
            assert masks["marrow"].sum() > 300
        grown = truth["size_before"] * np.exp(latent["size_log_ratio"][row])
        assert truth["size_after"] == pytest.approx(grown, abs=VOXEL_ML * (0.5 + 0.5 * grown / truth["size_before"]))


def test_treatment_shortens_t1_where_it_succeeds_and_in_marrow(simulate, completed, cohort):
    participants, _ = cohort
    for outcome, low, high in (("success", 0.58, 0.92), ("failure", 0.88, 1.07)):
        name = participants.loc[participants[outcome] == 1, "participant_id"].iloc[0]
        _, _, truth = simulate(name, completed)
        assert low < truth["t10_after"] / truth["t10_before"] < high
        assert truth["t10_marrow_after"] < 0.92 * truth["t10_marrow_before"]


def test_fixed_t1_would_overstate_the_success(simulate, settings, cohort):
    """Enhancement over baseline, late and to first order, is concentration times T1: the change of T1 adds to it."""
    settings["sessions"] |= EVEN | {"aif_factor": [1, 1], "t10_ratio_success": [0.7, 0.7], "t10_tumour": [1.1, 1.1]}
    settings["kinetics"]["success"] = {name: {"mean": 0.0, "sd": 0.0} for name in ("vp", "ktrans", "size")}
    settings["kinetics"]["ve_ratio_log_sd"] = 0.0
    settings["sessions"]["delay_s"] = [2, 2]
    participants, _ = cohort
    name = participants.loc[participants["success"] == 1, "participant_id"].iloc[0]
    root, _, truth = simulate(name, settings)
    assert truth["vp_change"] == pytest.approx(0, abs=1e-9)
    enhancement = []
    for session in ("pre", "post"):
        curve = read(root, name, session, "dce")[masks_of(root, name, session)["tumour"]].mean(axis=0)
        enhancement.append(curve[-10:].mean() / curve[:10].mean() - 1)
    assert enhancement[1] / enhancement[0] == pytest.approx(0.7, abs=0.06)


def test_baseline_frames_are_without_contrast_and_noise_is_that_asked_for(simulate, settings):
    settings["sessions"] |= {"snr": [20, 20], "motion_mm": [0, 0]}
    root, _, _ = simulate("sub-003", settings)
    series, masks = read(root, "sub-003", "pre", "dce").astype(float), masks_of(root, "sub-003", "pre")
    for name in ("tumour", "aorta"):
        curve = series[masks[name]].mean(axis=0)
        assert np.ptp(curve[:10]) < 0.05 * curve[:10].mean()
        assert curve[12:].min() > 1.2 * curve[:10].mean()
    baseline = series[masks["tumour"]][:, :10]
    assert baseline.std(axis=1, ddof=1).mean() == pytest.approx(baseline.mean() / 20, rel=0.1)


def test_motion_is_that_of_the_truth(simulate, settings):
    """The intensity's centre of the aorta, late, moves with the frames; its edge is sharp, so that few tenths show."""
    settings["sessions"] |= {"snr": [1e6, 1e6], "motion_mm": [1.0, 1.0]}
    root, _, truth = simulate("sub-003", settings)
    series = read(root, "sub-003", "pre", "dce").astype(float)[..., 25:]
    profile = series[:, 4:-4, 3].mean(axis=1)
    forward = np.arange(48) * 3.0
    bright = profile * (profile > 0.5 * profile.max(axis=0))
    centre = (bright * forward[:, None]).sum(axis=0) / bright.sum(axis=0)
    assert 0.4 < centre.std() < 1.8
    assert 0.8 < truth["motion_before"] / np.sqrt(3) < 1.3


def test_equal_bytes_on_another_run_and_others_for_another_seed(simulate, completed):
    def digests(seed):
        _, files, _ = simulate("sub-002", completed, seed=seed)
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]

    first = digests(0)
    assert digests(0) == first
    assert digests(1) != first


def test_a_texture_has_mean_0_and_sd_1():
    rng = np.random.default_rng(0)
    points = rng.uniform(-500, 500, (20000, 3))
    values = Waves(15.0, rng).at(points)
    assert values.mean() == pytest.approx(0, abs=0.03)
    assert values.std() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("kind", ["grid", "no_angles"])
def test_other_grids_and_no_flip_angles(simulate, settings, kind):
    if kind == "grid":
        settings["anatomy"] = {"matrix": [80, 80, 10], "voxel_size_mm": [1.8, 1.8, 4.0]}
    else:
        settings["protocol"] |= {"vfa_deg": [], "frames": 30}
    root, files, truth = simulate("sub-001", settings)
    series = read(root, "sub-001", "post", "dce")
    assert series.shape == ((80, 80, 10, 48) if kind == "grid" else (48, 48, 8, 30))
    assert any("VFA" in path.name for path in files) == (kind == "grid")
    assert truth["size_before"] > 1


def test_settings_that_cannot_be_are_one_sentence(simulate, settings):
    settings["sessions"]["snr"] = [30, 15]
    with pytest.raises(InputError, match=r"sessions.snr: found \[30, 15\], expected the smaller number first"):
        simulate("sub-001", settings)
    settings["sessions"]["snr"] = [15, 30]
    settings["protocol"]["baseline_frames"] = 60
    with pytest.raises(InputError, match=r"protocol\.baseline_frames: found 60 of 48 frames, expected fewer"):
        simulate("sub-001", settings)
    settings["protocol"]["baseline_frames"] = 10
    settings["kinetics"]["volume_ml"] = {"mean": 8, "sd": 0.1, "minimum": 7.5, "maximum": 9}
    with pytest.raises(InputError, match=r"kinetics\.volume_ml: found a tumour of [0-9]+ voxels, expected 1 to [0-9]+"):
        simulate("sub-001", settings)
