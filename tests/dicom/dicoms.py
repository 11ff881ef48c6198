"""Synthetic DICOM with known voxels, grid and times, of patients who do not exist."""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

MR, ENHANCED, CT = (f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("4", "4.1", "2"))
DCE = {"match": {"description": "dce"}, "datatype": "perf", "suffix": "dce", "dynamic": {}}
T1W = {"match": {"description": "t1"}, "datatype": "anat", "suffix": "T1w"}
SALT = {"salt": "some words of salt"}
"""Rules and participants of a mapping."""
NORA = {
    "PatientName": "Plantedname^Nóra",
    "PatientID": "HOSP778899",
    "PatientBirthDate": "19570314",
    "PatientSex": "F",
    "PatientAge": "066Y",
}
PLACE = {
    "InstitutionName": "Charity Hospital Westend",
    "InstitutionAddress": "Main Street 1",
    "AccessionNumber": "ACC55501",
    "StationName": "MRSTATION3",
    "DeviceSerialNumber": "412345",
    "ReferringPhysicianName": "Grey^Meredith",
    "StudyID": "S9911",
    "ImageComments": "seen by Dr Grey",
}
AXIAL, SPACING, STEP, ORIGIN = [1, 0, 0, 0, 1, 0], (2.0, 1.5), 3.0, (-10.0, -20.0, 30.0)
"""Orientation, rows and columns apart (mm), slices apart (mm), first voxel (LPS, mm)."""


def uid(*words) -> str:
    return generate_uid(entropy_srcs=list(map(str, words)))


def voxels(frame=0, slices=3) -> np.ndarray:
    """Stored values (slice, row, column), every one different."""
    z, y, x = np.meshgrid(np.arange(slices), np.arange(5), np.arange(6), indexing="ij")
    return 1000 * z + 10 * y + x + 100 * frame


def position(index: int, orientation=AXIAL) -> list[float]:
    return (np.array(ORIGIN) + index * STEP * np.cross(orientation[:3], orientation[3:])).tolist()


def affine(orientation=AXIAL) -> np.ndarray:
    """Of the array (column, row, slice), RAS, from the DICOM standard's equation C.7.6.2.1-1."""
    across, down = np.array(orientation[:3]), np.array(orientation[3:])
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1] = across * SPACING[1], down * SPACING[0]
    matrix[:3, 2], matrix[:3, 3] = np.cross(across, down) * STEP, ORIGIN
    return np.diag([-1, -1, 1, 1]) @ matrix


def header(path: Path, sop: str, **elements) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop
    meta.MediaStorageSOPInstanceUID = uid("instance", path)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found = FileDataset(str(path), {}, file_meta=meta, preamble=bytes(128))
    found.SOPClassUID, found.SOPInstanceUID = sop, meta.MediaStorageSOPInstanceUID
    found.SpecificCharacterSet = "ISO_IR 192"
    filled = NORA | PLACE | {"StudyDate": "20230405", "StudyTime": "101000"} | elements
    for keyword, value in filled.items():
        setattr(found, keyword, value)
    day = found.StudyDate
    found.SeriesDate = found.AcquisitionDate = found.ContentDate = day
    found.StudyInstanceUID = uid("study", found.PatientID, day)
    found.SeriesInstanceUID = uid("series", found.PatientID, day, found.SeriesNumber)
    found.FrameOfReferenceUID = uid("frame of reference", found.PatientID, day)
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    found.BitsAllocated, found.BitsStored, found.HighBit, found.PixelRepresentation = 16, 12, 11, 0
    found.PatientPosition = "HFS"
    return found


def classic(path: Path, pixels: np.ndarray, index: int, instance: int, *, sop=MR, private=None, **elements) -> None:
    """Write one plane."""
    usual = {
        "Modality": "MR",
        "Manufacturer": "SIEMENS",
        "SeriesNumber": 5,
        "SeriesDescription": "gre",
        "ProtocolName": "gre",
        "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"],
        "MagneticFieldStrength": 3,
        "RepetitionTime": 5,
        "EchoTime": 2,
        "FlipAngle": 15,
        "ScanningSequence": "GR",
        "SequenceVariant": "SP",
        "MRAcquisitionType": "3D",
        "AcquisitionTime": "101110.25",
        "AcquisitionNumber": 1,
        "ImageOrientationPatient": AXIAL,
        "PixelSpacing": list(SPACING),
        "SliceThickness": STEP,
        "SpacingBetweenSlices": STEP,
    }
    found = header(path, sop, **usual | elements)
    found.InstanceNumber = instance
    if "ImagePositionPatient" not in found:
        found.ImagePositionPatient = position(index, found.ImageOrientationPatient)
    found.Rows, found.Columns = pixels.shape
    if private:
        block = found.private_block(0x0029, "VENDOR NOTES", create=True)
        block.add_new(0x10, "LO", private)
    found.PixelData = pixels.astype("<u2").tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    found.save_as(path, enforce_file_format=True)


def volume(folder: Path, *, slices=3, drop=(), frame=0, **elements) -> None:
    """Write a series of one volume."""
    for index, pixels in enumerate(voxels(frame, slices)):
        if index not in drop:
            classic(folder / f"{index:03d}.dcm", pixels, index, index + 1, **elements)


def clock(seconds: float) -> str:
    whole = 10 * 3600 + 11 * 60 + 10 + seconds
    return f"{int(whole // 3600):02d}{int(whole // 60 % 60):02d}{whole % 60:09.6f}"


def dynamic(folder: Path, times, *, by="time", drop=(), told=(), slices=3, **elements) -> None:
    """Write a series of frames at `times`, s; instances counted by time or by slice; `told` are what says the time."""
    order = [(t, s) for t in range(len(times)) for s in range(slices)]
    if by == "slice":
        order.sort(key=lambda pair: pair[::-1])
    for instance, (t, s) in enumerate(order, start=1):
        if (t, s) in drop or t in drop:
            continue
        said = {}
        if "AcquisitionTime" in told:
            said["AcquisitionTime"] = clock(times[t])
        if "TriggerTime" in told:
            said["TriggerTime"] = 1000 * times[t]
        if "TemporalPositionIdentifier" in told:
            said |= {"TemporalPositionIdentifier": t + 1, "TemporalResolution": 1000 * (times[1] - times[0])}
        path = folder / f"{instance:04d}.dcm"
        classic(path, voxels(t, slices)[s], s, instance, **{"SeriesDescription": "dce"} | elements | said)


def _items(**elements) -> Sequence:
    found = Dataset()
    for keyword, value in elements.items():
        setattr(found, keyword, value)
    return Sequence([found])


def multi_frame(path: Path, times, *, by="slice", slices=3, echoes=(2.0,), wrong=False, **elements) -> None:
    """Write an enhanced MR file; `wrong` says the times in reverse of the temporal positions' pixels."""
    order = [(e, t, s) for e in echoes for s in range(slices) for t in range(len(times))]
    if by == "time":
        order.sort(key=lambda key: (key[0], key[1], key[2]))
    usual = {"Modality": "MR", "Manufacturer": "Philips", "SeriesNumber": 7, "SeriesDescription": "dce"}
    usual |= {
        "ImageType": ["ORIGINAL", "PRIMARY", "M", "NONE"],
        "MagneticFieldStrength": 3.0,
        "MRAcquisitionType": "3D",
    }
    found = header(path, ENHANCED, **usual | elements)
    found.InstanceNumber, found.NumberOfFrames, found.Rows, found.Columns = 1, len(order), 5, 6
    found.SharedFunctionalGroupsSequence = _items(
        PlaneOrientationSequence=_items(ImageOrientationPatient=AXIAL),
        PixelMeasuresSequence=_items(PixelSpacing=list(SPACING), SliceThickness=STEP, SpacingBetweenSlices=STEP),
        MRTimingAndRelatedParametersSequence=_items(RepetitionTime=5.0, FlipAngle=15.0),
        PixelValueTransformationSequence=_items(RescaleSlope=1, RescaleIntercept=0, RescaleType="US"),
    )
    pointers = [(0x00209056, 0x00209111), (0x00209057, 0x00209111), (0x00209128, 0x00209111)]
    found.DimensionIndexSequence = Sequence(
        _items(DimensionIndexPointer=what, FunctionalGroupPointer=group)[0] for what, group in pointers
    )
    frames = []
    for echo, t, s in order:
        said = times[len(times) - 1 - t] if wrong else times[t]
        moment = {"FrameAcquisitionDateTime": found.StudyDate + clock(said)}
        index = {} if wrong else {"TemporalPositionIndex": t + 1}
        content = _items(
            StackID="1", InStackPositionNumber=s + 1, DimensionIndexValues=[1, s + 1, t + 1], **index, **moment
        )
        own = {"FrameContentSequence": content, "MREchoSequence": _items(EffectiveEchoTime=echo)}
        frames.append(_items(**own, PlanePositionSequence=_items(ImagePositionPatient=position(s)))[0])
    found.PerFrameFunctionalGroupsSequence = Sequence(frames)
    found.PixelData = np.array([voxels(t, slices)[s] for _, t, s in order]).astype("<u2").tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    found.save_as(path, enforce_file_format=True)
