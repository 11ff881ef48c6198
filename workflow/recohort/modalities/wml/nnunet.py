"""A trained nnU-Net by its own command, which is installed apart from this package."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from recohort.core.errors import InputError
from recohort.core.io import read_image, read_json, write_image

CASE = "case"
PARTS = ("dataset.json", "plans.json")


def check_nnunet(*, model: str, command: str, fold) -> list[str]:
    """Return what is missing to run it, a sentence each."""
    found = []
    if shutil.which(command) is None:
        found.append(
            f"images.segmentation.command: '{command}' is not installed, expected nnU-Net's command or its path "
            "(pip install nnunetv2, in an environment of its own)"
        )
    parts = (*PARTS, f"fold_{fold}")
    missing = [part for part in parts if not (Path(model) / part).exists()]
    if missing:
        found.append(
            f"images.segmentation.model: {model} lacks {', '.join(missing)}, expected a folder that nnU-Net trained"
        )
    return found


def run_nnunet(ct, affine, *, model: str, command: str, fold, label: int):
    """Segment one CT on one processor, without test-time augmentation.

    Parameters
    ----------
    ct : ndarray, (x, y, z)
        HU.
    affine : ndarray, (4, 4)
        Its affine.
    model, command, fold, label
        As in the schema.

    Returns
    -------
    mask : ndarray of bool
        Where the output has this label.
    affine : ndarray, (4, 4)
        Of the output.

    Raises
    ------
    InputError
        The command ends with an error, or writes no such file.
    """
    ending = read_json(Path(model) / "dataset.json").get("file_ending", ".nii.gz")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        source, made = here / "in", here / "out"
        source.mkdir()
        made.mkdir()
        write_image(ct, affine, source / f"{CASE}_0000{ending}")
        places = {name: folder for name in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results")}
        arguments = ["-i", source, "-o", made, "-d", Path(model).resolve(), "-f", fold, "-device", "cpu"]
        arguments += ["--disable_tta", "-npp", 1, "-nps", 1]
        try:
            done = subprocess.run(
                [command, *map(str, arguments)],
                env={**os.environ, **places, "OMP_NUM_THREADS": "1"},
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
        except OSError as error:
            raise InputError(f"images.segmentation.command: '{command}' did not start ({error.strerror})") from None
        if done.returncode:
            last = ([line for line in done.stderr.splitlines() if line.strip()] or ["no message"])[-1].strip()
            raise InputError(f"{command} ended with status {done.returncode}: {last}")
        output = made / f"{CASE}{ending}"
        if not output.exists():
            found = ", ".join(sorted(path.name for path in made.iterdir())) or "nothing"
            raise InputError(f"{command} wrote {found}, expected {output.name}")
        labels, affine = read_image(output)
        return labels == label, affine
