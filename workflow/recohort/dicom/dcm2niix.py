"""Files of DICOM to one NIfTI image, by dcm2niix."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import nibabel as nib

from recohort.core.errors import InputError
from recohort.core.io import read_json, sidecar_of

OPTIONS = ("-g", "i", "-b", "y", "-ba", "y", "-z", "n", "-m", "y", "-x", "i", "-i", "n", "-d", "1", "-w", "1")
"""Own settings instead of those of a user's defaults file; identity stripped; slices merged; nothing
cropped or turned: of 3D acquisitions it would turn volumes but no series in time, which then lie on two grids."""
TILT = "_Tilt"


def program() -> str:
    """Return the path of dcm2niix: beside this Python, or on the path.

    Raises
    ------
    InputError
        There is none.
    """
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    if not (found := shutil.which("dcm2niix", path=places)):
        raise InputError("found no program dcm2niix, expected it on the path; the Python package dcm2niix brings it")
    return found


def version(dcm2niix: str) -> str:
    """Return what dcm2niix says of itself."""
    said = subprocess.run([dcm2niix, "--version"], capture_output=True, text=True, check=False).stdout
    return match[0] if (match := re.search(r"v1\.\d+\.\d+", said)) else ""


def convert(dcm2niix: str, files: Iterable[Path], room: Path) -> tuple[nib.Nifti1Image, dict, str]:
    """Convert files that make up one image.

    Parameters
    ----------
    dcm2niix : str
        Path of the program.
    files : iterable of Path
        DICOM.
    room : Path
        An empty folder for what lies between; removed by the caller.

    Returns
    -------
    image : Nifti1Image
        Its voxels still on disk, in `room`.
    sidecar : dict
        What dcm2niix says of it.
    note : str
        What a reader should know.

    Raises
    ------
    InputError
        dcm2niix failed, or made no image or several.
    """
    given, made = room / "dicom", room / "nifti"
    given.mkdir(parents=True)
    made.mkdir()
    for number, path in enumerate(files):
        (given / f"{number:06d}.dcm").symlink_to(path.resolve())
    command = [dcm2niix, *OPTIONS, "-f", "image", "-o", str(made), str(given)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    images = sorted(made.glob("*.nii"))
    straight = [path for path in images if TILT in path.stem]
    note = "gantry tilt taken out by dcm2niix" if straight else ""
    images = straight or images
    if done.returncode or len(images) != 1:
        said = next((line for line in done.stdout.splitlines() if line.startswith(("Error", "Warning"))), "")
        raise InputError(f"dcm2niix made {len(images)} images of it (status {done.returncode}), expected one. {said}")
    beside = sidecar_of(images[0])
    return nib.load(images[0]), read_json(beside if beside.exists() else made / "image.json"), note
