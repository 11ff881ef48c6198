"""From DICOM to the table: perfusion series through dcm2niix to BIDS names and on; no patient's name survives."""

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import dicoms
import nibabel as nib
import numpy as np
import pandas as pd
import pydicom
import pytest
import yaml
from pydicom.uid import PYDICOM_ROOT_UID

from recohort.core.io import read_json, sidecar_of, write_table
from recohort.core.schema import load_schema, part_for, with_defaults
from recohort.modalities.dce import population, simulation

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))
from workdir import REPOSITORY, Workdir

pytestmark = pytest.mark.slow

STUDY, SEED = "spine_dce", 7
SESSIONS = ("pre", "post")
PATIENTS = {
    "sub-001": {"PatientName": "Quillfeather^Ottoline", "PatientID": "QF4471903", "PatientBirthDate": "19410823"},
    "sub-002": {"PatientName": "Brambleshaw^Cosmo", "PatientID": "BS8820476", "PatientBirthDate": "19531107"},
    "sub-003": {"PatientName": "Zuckschwerdt^Leberecht", "PatientID": "ZS3390127", "PatientBirthDate": "19620219"},
}
DAYS = {
    "sub-001": ("20190116", "20190322"),
    "sub-002": ("20200707", "20200911"),
    "sub-003": ("20210404", "20210530"),
}
PLACE = {
    "InstitutionName": "Krankenhaus Wolkenstein",
    "InstitutionAddress": "Lindenallee 27",
    "AccessionNumber": "ACC7755102",
    "StationName": "WOLKENMR3",
    "DeviceSerialNumber": "SN6620914",
    "ReferringPhysicianName": "Habakuk^Ignatia",
    "StudyID": "ST901177",
    "ImageComments": "asked for by Dr Habakuk",
}
MULTI_FRAME = "sub-003"
"""Whose scanner writes a dynamic series as one file, the others' one file per image."""
MAPPING = {
    "title": "Spine metastases before and after radiotherapy",
    "participants": {"table": "who.csv", "columns": ["age", "sex"]},
    "sessions": list(SESSIONS),
    "interval": True,
    "rules": [
        {"match": {"description": "dce"}, "datatype": "perf", "suffix": "dce", "dynamic": {}},
        {
            "match": {"description": "flip"},
            "datatype": "perf",
            "suffix": "VFA",
            "numbered": {"flip": "FlipAngle"},
        },
    ],
}
SAGITTAL = [0, 1, 0, 0, 0, -1]
"""Along a row backwards, down a column towards the feet."""
LARGEST, ROUNDING = 4095, 0.2
"""Of 12 bits; and what rounding to them may change of a signal, whose noise has an SD from 4 to 8."""
TOLERANCE = 0.003
"""Relative; rounding moved perfusion by 0.0007 at most, and nothing differs without it."""


def test_a_table_from_dicom_is_that_of_the_files_it_was_made_of(tmp_path):
    simulated, cohort = simulate(tmp_path / "simulated")
    write_dicom(tmp_path / "dicom", simulated, cohort)
    scanned, direct = Workdir(tmp_path / "scanned"), Workdir(tmp_path / "direct")
    made = scanned.folder / "data" / STUDY
    said = convert(tmp_path, made)
    names = [path.relative_to(simulated).as_posix() for path in sorted(simulated.glob("sub-*/**/*.nii.gz"))]
    assert names == [path.relative_to(made).as_posix() for path in sorted(made.glob("sub-*/**/*.nii.gz"))]
    assert len(names) == 36, "a dynamic series and five flip angles, in two sessions of three patients"
    for name in names:
        same_image(made / name, simulated / name)

    add_what_no_scanner_knows(made, simulated, cohort)
    shutil.copytree(simulated, direct.folder / "data" / STUDY)
    same_table(assembled(scanned), assembled(direct))

    written = identifying()
    held = everything(tmp_path / "dicom")
    assert [value for value in written if value not in held] == [], "what is not in the DICOM proves nothing"
    sought = [*written, *other_spellings()]
    for held in (everything(made), everything(scanned.folder / "results"), said.lower().encode()):
        assert [value for value in sought if value in held] == []


def simulate(root):
    """Simulate the patients as BIDS; returns the dataset and its participants."""
    schema = load_schema("synthetic/dce")
    settings = with_defaults({"kind": "dce"}, schema)
    names = {"study": STUDY, "seed": SEED}
    cohort, _ = population.draw(list(PATIENTS), **names, **part_for("population", settings, schema))
    cohort["age"] = cohort["age"].astype(int)  # a DICOM header has whole years
    shared = simulation.anatomy(**part_for("anatomy", settings, schema))
    for participant in PATIENTS:
        simulation.simulate(participant, shared, root, **names, **part_for("images", settings, schema))
    write_table(cohort, root / "participants.tsv")
    return root, cohort


def write_dicom(folder, simulated, cohort):
    """Write every image as DICOM, a study for each session."""
    for participant, row in cohort.set_index("participant_id").iterrows():
        person = PATIENTS[participant] | PLACE | {"PatientSex": row["sex"], "PatientAge": f"{row['age']:03d}Y"}
        for session, day in zip(SESSIONS, DAYS[participant], strict=True):
            images = sorted((simulated / participant / f"ses-{session}" / "perf").glob("*.nii.gz"))
            for number, path in enumerate(images, start=3):
                image, sidecar = nib.load(path), read_json(sidecar_of(path))
                stored, slope = scaled(image.get_fdata())
                elements = {
                    "SeriesNumber": number,
                    "SeriesDescription": "dce sag" if "FrameTimes" in sidecar else f"flip {sidecar['FlipAngle']:g}",
                    "ProtocolName": "perfusion of the spine",
                    "StudyDate": day,
                    "MagneticFieldStrength": sidecar["MagneticFieldStrength"],
                }
                where = folder / participant / day / str(number)
                write = one_file if participant == MULTI_FRAME and "FrameTimes" in sidecar else file_by_file
                write(where, stored, slope, image.affine, sidecar, **elements, **person)


def scaled(signal):
    """Return integers that fill 12 bits, and what one of them is worth."""
    slope = round(float(signal.max()) / LARGEST, 6)
    return np.rint(signal / slope).clip(0, LARGEST).astype(np.uint16), slope


def planes(stored):
    """Return the image as rows and columns, (frame, slice, row, column)."""
    stored = stored.reshape(*stored.shape[:3], -1)
    return stored[::-1, ::-1].transpose(3, 2, 1, 0)


def position(affine, pixels, index):
    """Of a slice's first row and column, which is its uppermost voxel in front: LPS, mm."""
    rows, columns = pixels.shape[-2:]
    return (np.array([-1, -1, 1]) * (affine @ [columns - 1, rows - 1, index, 1])[:3]).tolist()


def edges(affine):
    across, up, through = np.linalg.norm(affine[:3, :3], axis=0).tolist()
    return {"PixelSpacing": [up, across], "SliceThickness": through, "SpacingBetweenSlices": through}


def file_by_file(folder, stored, slope, affine, sidecar, **elements):
    """A file per slice and frame; the frames' times are their AcquisitionTime."""
    times = sidecar.get("FrameTimes", [0.0])
    for t, frame in enumerate(planes(stored)):
        for s, pixels in enumerate(frame):
            instance = t * len(frame) + s + 1
            dicoms.classic(
                folder / f"{instance:04d}.dcm",
                pixels,
                s,
                instance,
                AcquisitionTime=dicoms.clock(times[t]),
                RepetitionTime=1000 * sidecar["RepetitionTime"],
                EchoTime=1000 * sidecar["EchoTime"],
                FlipAngle=sidecar["FlipAngle"],
                ImageOrientationPatient=SAGITTAL,
                ImagePositionPatient=position(affine, pixels, s),
                RescaleSlope=slope,
                RescaleIntercept=0,
                private=f"asked for by {elements['PatientName']}",
                **edges(affine),
                **elements,
            )


def one_file(folder, stored, slope, affine, sidecar, **elements):
    """An enhanced file, each position's frames one after the other."""
    path, pixels = folder / "all.dcm", planes(stored)
    frames, slices, rows, columns = pixels.shape
    echo = 1000 * sidecar["EchoTime"]
    dicoms.multi_frame(path, sidecar["FrameTimes"], by="slice", slices=slices, echoes=(echo,), **elements)
    found = pydicom.dcmread(path)
    found.Rows, found.Columns = rows, columns
    shared = found.SharedFunctionalGroupsSequence[0]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = SAGITTAL
    for keyword, value in edges(affine).items():
        setattr(shared.PixelMeasuresSequence[0], keyword, value)
    timing = shared.MRTimingAndRelatedParametersSequence[0]
    timing.RepetitionTime, timing.FlipAngle = 1000 * sidecar["RepetitionTime"], sidecar["FlipAngle"]
    shared.PixelValueTransformationSequence[0].RescaleSlope = slope
    for number, own in enumerate(found.PerFrameFunctionalGroupsSequence):
        own.PlanePositionSequence[0].ImagePositionPatient = position(affine, pixels, number // frames)
    found.PixelData = pixels.swapaxes(0, 1).astype("<u2").tobytes()
    found.save_as(path, enforce_file_format=True)


def convert(folder, target):
    """Run the command on folder/dicom; returns what it says."""
    table = [f"{person['PatientID']},{participant}" for participant, person in PATIENTS.items()]
    (folder / "who.csv").write_text("\n".join(["PatientID,participant_id", *table]) + "\n")
    (folder / "mapping.yaml").write_text(yaml.safe_dump(MAPPING))
    arguments = [str(folder / "dicom"), str(target), "--mapping", str(folder / "mapping.yaml")]
    command = [str(REPOSITORY / "recohort"), "convert", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def add_what_no_scanner_knows(made, simulated, cohort):
    """Copy the masks, which readers draw on the converted images, and add the clinical columns to the headers'."""
    shutil.copytree(simulated / "derivatives", made / "derivatives")
    for path in (made / "derivatives").rglob("*.nii.gz"):
        series = made / path.relative_to(made / "derivatives" / "masks").parent
        nib.save(turned(path, nib.load(next(series.glob("*_dce.nii.gz"))).affine), path)
    of_headers = pd.read_csv(made / "participants.tsv", sep="\t")
    assert list(of_headers) == ["participant_id", "age", "sex"]
    write_table(of_headers.merge(cohort.drop(columns=["age", "sex"]), on="participant_id"), made / "participants.tsv")


def turned(path, like):
    """Return an image with its axes in the order and direction of another's, no voxel interpolated."""
    image = nib.load(path)
    image = nib.Nifti1Image(np.asanyarray(image.dataobj), image.affine)
    directions = (nib.io_orientation(affine) for affine in (image.affine, like))
    return image.as_reoriented(nib.orientations.ornt_transform(*directions))


def same_image(made, simulated):
    """The converted image has the simulated one's grid, times and, but for rounding, its voxels."""
    found, expected = nib.load(made), turned(simulated, nib.load(made).affine)
    np.testing.assert_allclose(found.affine, expected.affine, atol=1e-4, err_msg=made.name)
    np.testing.assert_allclose(found.get_fdata(), expected.get_fdata(), atol=ROUNDING, err_msg=made.name)
    found, expected = read_json(sidecar_of(made)), read_json(sidecar_of(simulated))
    for key in ("RepetitionTime", "EchoTime", "FlipAngle", "MagneticFieldStrength"):
        assert found[key] == pytest.approx(expected[key], rel=1e-6), key
    assert found.get("FrameTimes") == expected.get("FrameTimes")


def assembled(workdir):
    """Run the study as far as its cohort's table."""
    study = yaml.safe_load((REPOSITORY / "config" / "studies" / f"{STUDY}.yaml").read_text())
    study["images"]["batch_size"] = 3
    study["models"], study["tables"] = {"roc": {"vp": study["models"]["roc"]["vp"]}}, {}
    study["figures"] = {"figure1_flow": study["figures"]["figure1_flow"]}
    study["report"] |= {"order": ["figure1_flow"], "methods": [], "published": None}
    study.pop("sensitivity")
    workdir.configure(study, name=STUDY, seed=SEED)
    workdir.run(f"results/{STUDY}/cohort/assembled.tsv")
    results = workdir.folder / "results" / STUDY
    status = pd.read_csv(results / "images" / "status.tsv", sep="\t")
    assert list(status["status"]) == ["reconstructed"] * len(PATIENTS)
    return pd.read_csv(results / "cohort" / "assembled.tsv", sep="\t", index_col="participant_id")


def same_table(found, expected):
    """Sizes and what was no image are the same; perfusion is within TOLERANCE, a change as after over before."""
    same = [name for name in expected if not name.startswith(("vp_", "ktrans_", "ve_"))]
    pd.testing.assert_frame_equal(found[same], expected[same], check_exact=True)
    assert {"size_before", "size_after", "size_change", "failure", "age"} <= {*same}
    assert list(found) == list(expected)
    for name in ("vp_mean_before", "vp_mean_after", "ktrans_mean_before", "ktrans_mean_after"):
        np.testing.assert_allclose(found[name], expected[name], rtol=TOLERANCE, err_msg=name)
    for name in ("vp_mean_change", "ktrans_mean_change"):
        np.testing.assert_allclose(100 + found[name], 100 + expected[name], rtol=TOLERANCE, err_msg=name)


def identifying():
    """Every value of the headers that says who, where or when, in lower case; a name is two."""
    values = [value for person in PATIENTS.values() for value in person.values()]
    values += [*PLACE.values(), *(day for days in DAYS.values() for day in days), PYDICOM_ROOT_UID]
    return sorted({part.lower().encode() for value in values for part in value.split("^")})


def other_spellings():
    """Dates as nobody wrote them."""
    dates = [person["PatientBirthDate"] for person in PATIENTS.values()] + [
        day for days in DAYS.values() for day in days
    ]
    split = [(date[:4], date[4:6], date[6:]) for date in dates]
    return [text.encode() for y, m, d in split for text in (f"{y}-{m}-{d}", f"{d}.{m}.{y}", f"{m}/{d}/{y}")]


def everything(folder):
    """All bytes of a folder in lower case, images decompressed, and the names of its files."""
    said = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        said += [str(path.relative_to(folder)).encode(), gzip.decompress(content) if path.suffix == ".gz" else content]
    return b"\n".join(said).lower()
