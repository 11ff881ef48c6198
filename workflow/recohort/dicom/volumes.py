"""Converted volumes to one image without text in its header, and its sidecar."""

import gzip
import tempfile
from collections.abc import Iterable
from pathlib import Path

import nibabel as nib
import numpy as np

from recohort.core.errors import InputError
from recohort.dicom.dcm2niix import convert
from recohort.dicom.plan import Image

TEXTS = ("data_type", "db_name", "descrip", "aux_file", "intent_name")
"""Text of a NIfTI header; dcm2niix puts the time of the scan and comments there."""
DROPPED = {
    "AcquisitionDate", "AcquisitionDateTime", "AcquisitionTime", "BidsGuess", "ContentTime", "ConversionSoftware",
    "ConversionSoftwareVersion", "DeviceSerialNumber", "ImageComments", "InstitutionAddress", "InstitutionName",
    "InstitutionalDepartmentName", "PatientAge", "PatientBirthDate", "PatientID", "PatientName", "PatientSex",
    "PatientSize", "PatientWeight", "ProcedureStepDescription", "SeriesInstanceUID", "StationName", "StudyID",
    "StudyInstanceUID",
}  # fmt: skip
"""Keys of dcm2niix's sidecar that no analysis needs."""


def make(dcm2niix: str, image: Image, *, omit: Iterable[str]) -> tuple[bytes, dict, str]:
    """Make one image.

    Each frame of a dynamic series is converted by itself and put at its place in time: dcm2niix orders a whole series
    by instance numbers, which not every scanner counts by time. A multi-frame file is converted as a whole, and the
    order of its volumes compared with its pixels.

    Returns
    -------
    content : bytes
        A gzipped NIfTI-1 file.
    sidecar : dict
        Without what identifies; ``FrameTimes`` and ``RepetitionTime`` in s.
    note : str
        What a reader should know.

    Raises
    ------
    InputError
        dcm2niix failed, or made other volumes than the headers promise.
    """
    files = [sorted({plane.path for plane in frame}) for frame in image.frames]
    together = image.part.enhanced and bool(image.times)
    with tempfile.TemporaryDirectory() as folder:
        rooms = [Path(folder) / str(number) for number in range(len(files))]
        chosen = files[:1] if together else files
        made = [convert(dcm2niix, some, room) for some, room in zip(chosen, rooms, strict=False)]
        volumes = [volume for volume, _, _ in made]
        _as_promised(volumes, image, together=together, straightened=bool(made[0][2]))
        header, voxels = _stacked(volumes, image.times)
        if together:
            _in_order(voxels, image)
    sidecar = {key: value for key, value in made[0][1].items() if key not in DROPPED}
    if image.times:
        sidecar["FrameTimes"] = image.times
        if repetition := image.part.scan.repetition_time:
            sidecar["RepetitionTime"] = round(repetition / 1000, 9)
    sidecar |= image.sidecar
    return _file(header, voxels), {key: sidecar[key] for key in sidecar if key not in omit}, made[0][2]


def _as_promised(volumes, image, *, together, straightened):
    """A straightened gantry adds rows, and a mosaic holds its slices in rows and columns."""
    part = image.part
    first = volumes[0]
    frames = (len(image.times),) if together else ()
    found, expected = first.shape[:3], (part.scan.columns, part.scan.rows, part.slices)
    same = found[2] == expected[2] if straightened else sorted(found) == sorted(expected)
    if first.shape[3:] != frames or not (same or part.mosaic):
        shown = " x ".join(map(str, first.shape))
        wanted = " x ".join(map(str, (*expected, *frames)))
        raise InputError(f"dcm2niix made an image of {shown}, its headers promise {wanted}")
    for number, volume in enumerate(volumes[1:], start=2):
        if volume.shape != first.shape or not np.allclose(volume.affine, first.affine, atol=1e-3):
            raise InputError(f"frame {number} lies on another grid than frame 1, expected the same")


def _stacked(volumes, times):
    """Return a header, its texts empty, and stored voxels (x, y, z[, t]); scaled where the frames' scales differ."""
    header = volumes[0].header.copy()
    scales = {(float(volume.dataobj.slope), float(volume.dataobj.inter)) for volume in volumes}
    if len(scales) == 1:
        arrays = [np.asarray(volume.dataobj.get_unscaled()) for volume in volumes]
        slope, inter = scales.pop()
    else:
        arrays, (slope, inter) = [volume.get_fdata(dtype=np.float32) for volume in volumes], (1.0, 0.0)
    voxels = arrays[0] if not times or arrays[0].ndim == 4 else np.stack(arrays, axis=-1)
    header.set_data_shape(voxels.shape)
    header.set_data_dtype(voxels.dtype)
    header["scl_slope"], header["scl_inter"], header["vox_offset"] = slope, inter, 352
    for text in TEXTS:
        header[text] = b""
    if len(times) > 1:
        header["pixdim"][4] = np.median(np.diff(times))
        header.set_xyzt_units("mm", "sec")
    return header, voxels


def _in_order(voxels, image):
    """Means of volumes and of their frames' pixels lie on one rising line, as any rescaling leaves them."""
    import pydicom

    try:
        pixels = pydicom.dcmread(image.part.first.path).pixel_array
    except (RuntimeError, NotImplementedError, AttributeError) as error:
        raise InputError(f"its pixels cannot be read to check the order of its frames: {error}") from None
    stored = np.array([np.mean([pixels[plane.frame].mean() for plane in frame]) for frame in image.frames])
    found = voxels.mean(axis=(0, 1, 2), dtype=float)
    if np.ptp(stored) > 0:
        line = np.polyfit(stored, found, 1)
        if line[0] <= 0 or np.abs(np.polyval(line, stored) - found).max() > 1e-3 * np.ptp(found):
            raise InputError("dcm2niix put its frames into another order than their times, expected the same")


def _file(header: nib.Nifti1Header, voxels: np.ndarray) -> bytes:
    stored = voxels.astype(header.get_data_dtype(), copy=False)
    return gzip.compress(header.binaryblock + bytes(4) + stored.tobytes(order="F"), 6, mtime=0)
