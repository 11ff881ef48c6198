"""Values, grid and times of converted images are those that were written as DICOM."""

import gzip
import json

import dicoms
import nibabel as nib
import numpy as np
import pytest
from dicoms import DCE, T1W

from recohort.images.dce.acquisition import check_series
from recohort.images.qsm.acquisition import check_acquisition
from recohort.modalities.qsm.files import GradientEcho

TIMES = [0.0, 7.0, 14.0, 21.5, 28.0]


def agrees(path, stored, orientation=dicoms.AXIAL, slope=1.0, inter=0.0):
    """Each stored voxel (slice, row, column) stands at its place in the world; dcm2niix may flip rows."""
    image = nib.load(path)
    written = np.moveaxis(stored * slope + inter, 0, -1).swapaxes(0, 1)
    index = np.indices(written.shape).reshape(3, -1)
    world = nib.affines.apply_affine(dicoms.affine(orientation), index.T)
    there = nib.affines.apply_affine(np.linalg.inv(image.affine), world)
    np.testing.assert_allclose(there, np.round(there), atol=1e-3)  # single precision of the NIfTI header
    found = image.get_fdata()[tuple(np.round(there).astype(int).T)]
    np.testing.assert_allclose(found, written.reshape(-1), rtol=1e-6)


def sidecar(path):
    return json.loads(path.with_name(path.name.replace(".nii.gz", ".json")).read_text())


SAGITTAL = [0.0, 1.0, 0.0, 0.0, 0.0, -1.0]


@pytest.mark.parametrize("orientation", [dicoms.AXIAL, SAGITTAL])
def test_a_volume(tmp_path, convert, orientation):
    dicoms.volume(tmp_path / "dicom" / "deep" / "er", SeriesDescription="t1", ImageOrientationPatient=orientation)
    status, made, _, said = convert(T1W)
    assert (status, said) == (0, "")
    path = made / "sub-001" / "anat" / "sub-001_T1w.nii.gz"
    agrees(path, dicoms.voxels(), orientation)
    assert sidecar(path)["EchoTime"] == 0.002
    assert sidecar(path)["RepetitionTime"] == 0.005
    assert sidecar(path)["MagneticFieldStrength"] == 3


def test_gradient_echo_magnitude_and_phase_of_two_echoes(tmp_path, convert):
    for number, (kind, scale) in enumerate({"M": (1, 0), "P": (2, -4096)}.items(), start=5):
        for echo, time in enumerate((4.0, 12.0)):
            dicoms.volume(
                tmp_path / "dicom" / f"{kind}{echo}",
                frame=10 * echo + number,
                SeriesNumber=number,
                EchoTime=time,
                ImageType=["ORIGINAL", "PRIMARY", kind, "ND"],
                RescaleSlope=scale[0],
                RescaleIntercept=scale[1],
            )
    gre = {"datatype": "anat", "suffix": "MEGRE", "numbered": {"echo": "EchoTime"}}
    rules = [gre | {"match": {"part": part}, "entities": {"part": part}} for part in ("mag", "phase")]
    status, made, _, said = convert(*rules)
    assert (status, said) == (0, "")
    found = sorted(path.name for path in (made / "sub-001" / "anat").glob("*.nii.gz"))
    assert found == [f"sub-001_echo-{echo}_part-{part}_MEGRE.nii.gz" for echo in (1, 2) for part in ("mag", "phase")]
    for number, part in ((5, "mag"), (6, "phase")):
        for echo, seconds in enumerate((0.004, 0.012)):
            path = made / "sub-001" / "anat" / f"sub-001_echo-{echo + 1}_part-{part}_MEGRE.nii.gz"
            scale = {"slope": 2, "inter": -4096} if part == "phase" else {}
            agrees(path, dicoms.voxels(10 * echo + number), **scale)
            assert sidecar(path)["EchoTime"] == seconds
    folder = made / "derivatives" / "manual" / "sub-001" / "anat"
    folder.mkdir(parents=True)
    mask = folder / "sub-001_label-lesion_mask.nii.gz"
    mask.write_bytes(path.read_bytes())
    headers = GradientEcho.of(made, "sub-001", session=None, lesion="lesion").headers()
    assert list(check_acquisition(**headers)) == []


def test_ct_in_hounsfield_units(tmp_path, convert):
    elements = {"Modality": "CT", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"], "SeriesDescription": "Head 5mm"}
    dicoms.volume(tmp_path / "dicom", sop=dicoms.CT, RescaleSlope=1, RescaleIntercept=-1024, KVP=120, **elements)
    status, made, _, said = convert({"match": {"modality": "CT"}, "datatype": "ct", "suffix": "ct"})
    assert (status, said) == (0, "")
    agrees(made / "sub-001" / "ct" / "sub-001_ct.nii.gz", dicoms.voxels(), inter=-1024)
    assert (made / ".bidsignore").read_text().startswith("ct/")


def test_a_tilted_gantry_is_straightened_and_said(tmp_path, convert):
    for index, pixels in enumerate(dicoms.voxels(slices=6)):
        place = [-10.0, -20.0, 30.0 + 5 * index]
        tilt = np.deg2rad(15)
        turned = [1, 0, 0, 0, float(np.cos(tilt)), float(-np.sin(tilt))]
        elements = {"Modality": "CT", "ImageOrientationPatient": turned, "GantryDetectorTilt": 15, "SliceThickness": 5}
        dicoms.classic(
            tmp_path / "dicom" / f"{index}",
            pixels,
            index,
            index + 1,
            sop=dicoms.CT,
            ImagePositionPatient=place,
            **elements,
        )
    status, made, _, said = convert({"match": {"modality": "CT"}, "datatype": "ct", "suffix": "ct"})
    assert (status, said) == (0, "")
    assert "gantry tilt" in (made / "sourcedata" / "conversion.tsv").read_text()
    matrix = nib.load(made / "sub-001" / "ct" / "sub-001_ct.nii.gz").affine[:3, :3]
    unit = matrix / np.linalg.norm(matrix, axis=0)
    np.testing.assert_allclose(unit.T @ unit, np.eye(3), atol=1e-4)  # perpendicular axes, as the metrics ask for


SOURCES = ["AcquisitionTime", "TriggerTime", "TemporalPositionIdentifier"]


@pytest.mark.parametrize("by", ["time", "slice"])
@pytest.mark.parametrize("told", SOURCES)
def test_a_dynamic_series_in_order_of_time(tmp_path, convert, told, by):
    times = [7.0 * frame for frame in range(5)] if told == "TemporalPositionIdentifier" else TIMES
    maker = {"TriggerTime": "GE MEDICAL SYSTEMS", "TemporalPositionIdentifier": "Philips"}.get(told, "SIEMENS")
    dicoms.dynamic(tmp_path / "dicom", times, by=by, told=[told], Manufacturer=maker)
    status, made, _, said = convert(DCE)
    assert (status, said) == (0, "")
    path = made / "sub-001" / "perf" / "sub-001_dce.nii.gz"
    follows(path, times)
    assert told in (made / "sourcedata" / "conversion.tsv").read_text()


def follows(path, times):
    image, beside = nib.load(path), sidecar(path)
    assert image.shape[3] == len(times)
    for frame in range(len(times)):
        single = nib.Nifti1Image(image.get_fdata()[..., frame], image.affine)
        nib.save(single, path.with_name(f"{frame}.nii"))
        agrees(path.with_name(f"{frame}.nii"), dicoms.voxels(frame))
    assert beside["FrameTimes"] == times
    assert beside["RepetitionTime"] == 0.005  # of the excitation, s; dcm2niix alone says the time of a frame
    assert beside["FlipAngle"] == 15


def test_a_dynamic_series_over_midnight(tmp_path, convert):
    for frame, (day, time) in enumerate((("20230405", "235955"), ("20230406", "000005"), ("20230406", "000015"))):
        folder = tmp_path / "dicom" / str(frame)
        moment = {"AcquisitionDateTime": f"{day}{time}.000000", "SeriesDescription": "dce"}
        for s, pixels in enumerate(dicoms.voxels(frame)):
            dicoms.classic(folder / f"{s}", pixels, s, 3 * frame + s + 1, **moment)
    status, made, _, said = convert(DCE)
    assert (status, said) == (0, "")
    follows(made / "sub-001" / "perf" / "sub-001_dce.nii.gz", [0.0, 10.0, 20.0])


def test_frames_that_are_series_of_their_own_are_joined(tmp_path, convert):
    for frame, seconds in enumerate(TIMES):
        time = dicoms.clock(seconds)
        dicoms.volume(
            tmp_path / "dicom" / str(frame),
            frame=frame,
            SeriesNumber=9 - frame,
            AcquisitionTime=time,
            SeriesDescription="dce",
        )
    status, made, _, said = convert(DCE | {"dynamic": {"join": True}})
    assert (status, said) == (0, "")
    follows(made / "sub-001" / "perf" / "sub-001_dce.nii.gz", TIMES)


@pytest.mark.parametrize("by", ["time", "slice"])
def test_an_enhanced_multi_frame_file(tmp_path, convert, by):
    dicoms.multi_frame(tmp_path / "dicom" / "one", TIMES, by=by)
    status, made, _, said = convert(DCE)
    assert (status, said) == (0, "")
    follows(made / "sub-001" / "perf" / "sub-001_dce.nii.gz", TIMES)


def test_an_enhanced_file_whose_frames_come_out_in_another_order_is_refused(tmp_path, convert):
    dicoms.multi_frame(tmp_path / "dicom" / "one", TIMES, wrong=True)
    status, made, _, said = convert(DCE)
    assert status == 2
    assert "another order than their times" in said
    assert not made.exists()


def test_an_enhanced_file_of_two_echoes_is_refused(tmp_path, convert):
    dicoms.multi_frame(tmp_path / "dicom" / "one", [0.0], echoes=(2.0, 4.0))
    rule = {"match": {"description": "dce"}, "datatype": "anat", "suffix": "MEGRE", "numbered": {"echo": "EchoTime"}}
    status, _, _, said = convert(rule)
    assert status == 2
    assert "export it as classic DICOM" in said


def test_flip_angles_and_scales_that_differ_between_frames(tmp_path, convert):
    for angle in (15, 2, 8):
        dicoms.volume(tmp_path / "dicom" / str(angle), frame=angle, FlipAngle=angle, SeriesDescription="vfa")
    for frame, slope in enumerate((1, 2)):
        elements = {"SeriesNumber": 8, "SeriesDescription": "dce", "AcquisitionTime": dicoms.clock(5 * frame)}
        dicoms.volume(
            tmp_path / "dicom" / f"dce{frame}", frame=frame, RescaleSlope=slope, RescaleIntercept=0, **elements
        )
    vfa = {"match": {"description": "vfa"}, "datatype": "perf", "suffix": "VFA", "numbered": {"flip": "FlipAngle"}}
    status, made, _, said = convert(vfa, DCE)
    assert (status, said) == (0, "")
    for number, angle in enumerate((2, 8, 15), start=1):
        path = made / "sub-001" / "perf" / f"sub-001_flip-{number}_VFA.nii.gz"
        agrees(path, dicoms.voxels(angle))
        assert sidecar(path)["FlipAngle"] == angle
    frames = nib.load(made / "sub-001" / "perf" / "sub-001_dce.nii.gz").get_fdata()
    np.testing.assert_array_equal(np.sort(frames[..., 1], axis=None), np.sort(2 * dicoms.voxels(1), axis=None))


def test_two_runs_give_the_same_bytes(tmp_path, convert):
    dicoms.dynamic(tmp_path / "dicom" / "a", TIMES, told=["AcquisitionTime"])
    dicoms.volume(tmp_path / "dicom" / "b", SeriesNumber=6, SeriesDescription="t1")
    files = []
    for target in ("one", "two"):
        status, made, _, _ = convert(DCE, T1W, target=target)
        assert status == 0
        files.append({p.relative_to(made): p.read_bytes() for p in made.rglob("*") if p.is_file()})
    assert files[0] == files[1]
    assert len(files[0]) == 9
    block = gzip.decompress(files[0][next(p for p in files[0] if p.name.endswith("dce.nii.gz"))])[:348]
    assert nib.Nifti1Header(block)["descrip"] == b""


def test_the_kind_of_perfusion_takes_a_converted_series(tmp_path, convert):
    dicoms.dynamic(tmp_path / "dicom", [7.0 * frame for frame in range(10)], told=["AcquisitionTime"])
    status, made, _, _ = convert(DCE)
    assert status == 0
    path = made / "sub-001" / "perf" / "sub-001_dce.nii.gz"
    beside = {"masks": {}, "flip_angles": [], "t1map": None}
    asked = {"baseline_frames": None, "skip_first": 0}
    assert check_series(nib.load(path), sidecar(path), **beside, concentration=asked) == []
