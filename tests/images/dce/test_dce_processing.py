"""A participant from files to files: what comes out, and what is said of each wrong input."""

import json
import shutil

import nibabel as nib
import numpy as np
import pytest
from dce_phantom import AFFINE, ANGLE, TR, phantom, write_session
from PIL import Image

from recohort.core.errors import InputError
from recohort.core.io import read_json, write_image, write_json
from recohort.modalities.dce import processing

NAME, STILL = "sub-001", {"motion": {"method": "none"}}
TRUTH = {"before": {"vp": 0.10, "ktrans": 0.15, "ve": 0.30}, "after": {"vp": 0.04, "ktrans": 0.15, "ve": 0.30}}


@pytest.fixture
def run(dataset, tmp_path):
    def done(images, made="made"):
        assert processing.check(dataset, NAME, images=images, metrics={}) == []
        return processing.process(dataset, NAME, tmp_path / made, images=images, metrics={})

    return done


def tumour_means(row, made, scans):
    found = {}
    for when, session in (("before", "pre"), ("after", "post")):
        inside = scans[session][4] == 3
        for name in ("vp", "ktrans", "ve"):
            found[when, name] = float(np.nanmean(nib.load(made / row[f"{name}_{when}"]).get_fdata()[inside]))
    return found


@pytest.mark.parametrize("t10", [{"kind": "mapped"}, {"kind": "flip_angles"}])
@pytest.mark.parametrize("aif", ["mask", "automatic"])
def test_the_truth_comes_back(run, study_images, scans, tmp_path, t10, aif):
    """Within 5 %: 2 % of frames of 5.5 s, the rest for the peak that automatic voxels favour."""
    row, _ = run(study_images(t10, aif={"kind": aif}, **STILL))
    for (when, name), value in tumour_means(row, tmp_path / "made", scans).items():
        assert value == pytest.approx(TRUTH[when][name], rel=0.05), (when, name)
    assert (row["delay_before"], row["delay_after"]) == (pytest.approx(4, abs=0.5), pytest.approx(2, abs=0.5))
    assert row["failed_before"] == row["failed_after"] == 0


def test_status_files_and_curves(run, study_images, dataset, scans, tmp_path):
    row, files = run(study_images({"kind": "flip_angles"}, masks={"marrow": "marrow"}, **STILL))
    made = tmp_path / "made"
    assert set(processing.STATUS) <= set(row)
    assert all(path.exists() for path in files)
    assert {path for path in made.rglob("*") if path.is_file()} == set(files)
    assert (
        row["tumour_before"]
        == dataset / f"derivatives/masks/{NAME}/ses-pre/perf/{NAME}_ses-pre_label-tumour_mask.nii.gz"
    )
    curves = read_json(made / row["curves"])
    before = curves["before"]
    assert len(before["time_s"]) == len(before["tumour"]["concentration_mM"]) == 49, "the first frame is skipped"
    assert len(before["artery"]["plasma_mM"]) == 49
    assert before["tumour"]["bounded"]["vp"] == pytest.approx(0.1, rel=0.05)
    assert before["marrow"]["bounded"]["ktrans"] == pytest.approx(0.06, rel=0.06)
    assert before["motion_mm"] is None
    assert np.isnan(row["motion_before"])
    assert row["t10_after"] == pytest.approx(0.8, rel=0.02)
    tumour = scans["pre"][0][scans["pre"][4] == 3]
    assert row["snr_before"] == pytest.approx(tumour[:, :11].mean() / (0.01 * tumour.mean()), rel=0.1)
    assert row["baseline_frames_before"] == 11
    vp = nib.load(made / row["vp_before"])
    assert np.isnan(vp.get_fdata()[0, 0, 0]), "air is not fitted"
    assert json.loads((made / row["ktrans_before"].replace(".nii.gz", ".json")).read_text())["Units"] == "1/min"
    with Image.open(made / row["overlay"]) as picture:
        assert picture.size[0] > picture.size[1]


def test_two_runs_are_the_same_bytes(run, study_images, tmp_path):
    images = study_images({"kind": "flip_angles"}, motion={"method": "rigid"})
    first, second = (run(images, made)[1] for made in ("one", "two"))
    for one, two in zip(first, second, strict=True):
        assert one.relative_to(tmp_path / "one") == two.relative_to(tmp_path / "two")
        assert one.read_bytes() == two.read_bytes(), one


def test_turned_axes_give_the_same(study_images, scans, tmp_path):
    """The same scan stored sagittally and upside down."""
    images, found = study_images({"kind": "mapped"}, **STILL), {}
    for name, order in (("axial", (0, 1, 2)), ("sagittal", (1, 2, 0))):
        root = tmp_path / name
        affine = AFFINE[:, [*order, 3]]
        for session, (series, times, flips, t1, where) in scans.items():
            images_turned = [np.transpose(a, (*order, *range(3, a.ndim))) for a in (series, flips, t1, where)]
            series, flips, t1, where = images_turned
            write_session(root, NAME, session, (series, times, flips, t1, where), affine=affine)
        row, _ = processing.process(root, NAME, tmp_path / f"made_{name}", images=images, metrics={})
        found[name] = nib.as_closest_canonical(nib.load(tmp_path / f"made_{name}" / row["vp_before"])).get_fdata()
        found[f"{name} picture"] = (tmp_path / f"made_{name}" / row["overlay"]).read_bytes()
    np.testing.assert_allclose(found["axial"], found["sagittal"], rtol=1e-4, atol=1e-6)
    assert found["axial picture"] == found["sagittal picture"]


def test_a_fixed_t1_bends_the_change(run, study_images, scans, tmp_path):
    """T1 falls from 1.1 to 0.8 s after radiotherapy: with one T1 the change of vp is overstated."""
    change = {}
    for t10 in ("mapped", "fixed"):
        row, _ = run(study_images({"kind": t10}, **STILL), t10)
        found = tumour_means(row, tmp_path / t10, scans)
        change[t10] = found["after", "vp"] / found["before", "vp"] - 1
    assert change["mapped"] == pytest.approx(-0.60, abs=0.02)
    assert change["fixed"] < -0.68


def test_haematocrit_scales_and_cancels_in_the_change(run, study_images, scans, tmp_path):
    found = {}
    for share in (0.42, 0.30):
        row, _ = run(study_images(aif={"kind": "mask", "haematocrit": share}, **STILL), str(share))
        found[share] = tumour_means(row, tmp_path / str(share), scans)
    for when in ("before", "after"):
        assert found[0.30][when, "vp"] / found[0.42][when, "vp"] == pytest.approx(0.70 / 0.58, rel=1e-3)


def test_a_delay_that_is_not_modelled_costs_vp(run, study_images, scans, tmp_path):
    row, _ = run(study_images(delay={"method": "given", "seconds": 0}, **STILL))
    found = tumour_means(row, tmp_path / "made", scans)
    assert found["before", "vp"] < 0.75 * 0.10


def test_voxels_that_fail_are_marked_and_counted(dataset, run, study_images, scans, tmp_path):
    path = dataset / NAME / "ses-pre/perf" / f"{NAME}_ses-pre_T1map.nii.gz"
    t1, bad = scans["pre"][3].copy(), np.argwhere(scans["pre"][4] == 3)[:10]
    t1[tuple(bad.T)] = 0
    write_image(np.nan_to_num(t1).astype(np.float32), AFFINE, path)
    row, _ = run(study_images(**STILL))
    tumour = scans["pre"][4] == 3
    assert row["failed_before"] == pytest.approx(10 / tumour.sum())
    failed = nib.load(tmp_path / "made" / row["failed_mask_before"]).get_fdata() > 0
    vp = nib.load(tmp_path / "made" / row["vp_before"]).get_fdata()
    assert (np.argwhere(failed & tumour) == bad).all()
    assert np.isnan(vp[failed]).all()
    assert np.isfinite(vp[tumour & ~failed]).all()


def sidecar(**changes):
    made = {"RepetitionTime": TR, "FlipAngle": ANGLE, "FrameTimes": (np.arange(50) * 5.5).tolist(), **changes}
    return {key: value for key, value in made.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"RepetitionTime": None},
            "RepetitionTime of the DCE series is missing, expected a positive number of seconds",
        ),
        (
            {"RepetitionTime": 4.5},
            "RepetitionTime of the DCE series is 4.5, expected seconds: this looks like milliseconds",
        ),
        ({"FlipAngle": None}, "FlipAngle of the DCE series is missing, expected degrees"),
        ({"FrameTimes": [0, 5]}, "FrameTimes has 2 times and the DCE series 50 frames, expected as many"),
        ({"FrameTimes": None}, "FrameTimes and TemporalResolution of the DCE series are missing"),
        ({"FrameTimes": "5 s"}, "FrameTimes of the DCE series is '5 s', expected a list of seconds"),
        ({"FrameTimes": [0.0] * 50}, "FrameTimes of the DCE series do not increase"),
        ({"FrameTimes": None, "TemporalResolution": -1}, "TemporalResolution of the DCE series is -1"),
        ({"InjectionStart": 3}, "has 1 frames before the injection (InjectionStart 3 s), expected at least 2"),
    ],
)
def test_headers_are_checked(dataset, study_images, changes, said):
    write_json(sidecar(**changes), dataset / NAME / "ses-post/perf" / f"{NAME}_ses-post_dce.json")
    found = processing.check(dataset, NAME, images=study_images(), metrics={})
    assert len(found) == 1
    assert found[0].startswith("after treatment: ")
    assert said in found[0]


def test_times_from_the_resolution(dataset, run, study_images):
    row, _ = run(study_images(**STILL), "listed")
    write_json(
        sidecar(FrameTimes=None, TemporalResolution=5.5), dataset / NAME / "ses-pre/perf" / f"{NAME}_ses-pre_dce.json"
    )
    again, _ = run(study_images(**STILL), "step")
    assert again["delay_before"] == row["delay_before"]


def test_every_missing_file_is_said(dataset, study_images):
    shutil.rmtree(dataset / NAME / "ses-post")
    shutil.rmtree(dataset / "derivatives/masks" / NAME / "ses-pre")
    images = study_images({"kind": "flip_angles"}, masks={"marrow": "marrow"})
    found = "\n".join(processing.check(dataset, NAME, images=images, metrics={}))
    assert "found no DCE series after treatment, expected sub-*/ses-post/perf/sub-*_dce.nii.gz" in found
    assert "found no flip angle images after treatment" in found
    for name in ("tumour", "aorta", "marrow"):
        assert f"found no mask of {name} before treatment, expected derivatives/*/sub-*/ses-pre/perf/" in found
    with pytest.raises(InputError, match="found no DCE series after treatment"):
        processing.process(dataset, NAME, dataset.parent / "made", images=images, metrics={})


def test_grids_and_flip_angles_are_checked(dataset, study_images, scans):
    folder = dataset / NAME / "ses-pre/perf"
    where = scans["pre"][4]
    write_image(
        (where == 3)[1:].astype(np.uint8),
        AFFINE,
        dataset / f"derivatives/masks/{NAME}/ses-pre/perf/{NAME}_ses-pre_label-tumour_mask.nii.gz",
    )
    write_json({"RepetitionTime": TR, "FlipAngle": 2.0}, folder / f"{NAME}_ses-pre_flip-2_VFA.json")
    write_json({"FlipAngle": 10.0}, folder / f"{NAME}_ses-pre_flip-3_VFA.json")
    found = "\n".join(processing.check(dataset, NAME, images=study_images({"kind": "flip_angles"}), metrics={}))
    assert "the mask of tumour lies on another grid than the DCE series (shape" in found
    assert "the series of flip angles has 2.0, 2.0, 10.0, 20.0 degrees, expected two or more that differ" in found
    assert "RepetitionTime of flip angle image 3 is missing" in found


def test_more_baseline_frames_than_there_are(dataset, study_images):
    found = processing.check(dataset, NAME, images=study_images(concentration={"baseline_frames": 60}), metrics={})
    assert "has 50 frames, expected more than the 60 of concentration.baseline_frames" in found[0]


def test_contrast_from_the_first_frame_and_an_empty_tumour_are_refused(dataset, study_images, tmp_path):
    early = phantom(3, arrival=0)
    write_session(dataset, NAME, "post", early)
    with pytest.raises(InputError, match="after treatment: contrast arrives in the aorta with frame"):
        processing.process(dataset, NAME, tmp_path / "made", images=study_images(**STILL), metrics={})
    empty = (*early[:4], np.where(early[4] == 3, 1, early[4]))
    write_session(dataset, NAME, "pre", empty)
    with pytest.raises(InputError, match="before treatment: the mask of tumour is empty"):
        processing.process(dataset, NAME, tmp_path / "made", images=study_images(**STILL), metrics={})


def test_an_artery_that_no_concentration_explains_is_refused(dataset, study_images, tmp_path):
    images = study_images(aif={"kind": "mask", "t10": 0.05}, **STILL)
    with pytest.raises(InputError, match=r"the artery's signal in frame \d+ belongs to no concentration"):
        processing.process(dataset, NAME, tmp_path / "made", images=images, metrics={})


def test_a_t1_map_in_milliseconds_is_refused(dataset, study_images, scans, tmp_path):
    path = dataset / NAME / "ses-pre/perf" / f"{NAME}_ses-pre_T1map.nii.gz"
    write_image(np.nan_to_num(1000 * scans["pre"][3]).astype(np.float32), AFFINE, path)
    with pytest.raises(InputError, match="has median 1100 in the tumour, expected seconds: it may be milliseconds"):
        processing.process(dataset, NAME, tmp_path / "made", images=study_images(**STILL), metrics={})
