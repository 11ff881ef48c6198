"""A participant's derivatives: where they lie and how they are named."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from recohort.core.io import write_image

if TYPE_CHECKING:
    import numpy as np


class Derivatives:
    """One participant's folder in a derivatives dataset, emptied before it is filled so that nothing stale stays.

    Parameters
    ----------
    root : Path
        The dataset.
    participant : str
        ``sub-001``.
    session : str or None
        Session label.
    folder : str, optional
        Folder of the kind of images.
    """

    def __init__(self, root: Path, participant: str, session: str | None, folder: str = "anat"):
        shutil.rmtree(root / participant, ignore_errors=True)
        self.root = root
        self.folder = root / participant / (f"ses-{session}" if session else "") / folder
        self.stem = participant + (f"_ses-{session}" if session else "")

    def write(self, name: str, data: "np.ndarray", affine: "np.ndarray", sidecar: dict) -> str:
        """Write one image and its sidecar; return its path below the dataset.

        Parameters
        ----------
        name : str
            What follows the participant in the file's name: ``Chimap``, ``desc-brain_mask``.
        """
        path = self.folder / f"{self.stem}_{name}.nii.gz"
        write_image(data, affine, path, sidecar)
        return path.relative_to(self.root).as_posix()

    def files(self) -> list[Path]:
        """Return every file written."""
        return sorted(path for path in self.folder.iterdir() if path.is_file())


BESIDE_BIDS = "batches/\nstatus.tsv\ntruth.tsv\nct/\n*.png\n"
"""A ``.bidsignore``: what lies in a dataset's folder and is no BIDS."""


def describe_dataset(title: str, kind: str) -> dict:
    """Return a ``dataset_description.json``; `kind` is BIDS' DatasetType, ``raw`` or ``derivative``."""
    description = {"Name": title, "BIDSVersion": "1.10.0", "DatasetType": kind}
    if kind == "derivative":
        description["GeneratedBy"] = [{"Name": "recohort"}]
    return description
