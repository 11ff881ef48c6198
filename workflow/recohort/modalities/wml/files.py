"""A participant's CT and masks, and the file of a network: which they are, and what they hold."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recohort.core.bids import TRUTH, find, find_derivative
from recohort.core.errors import InputError
from recohort.core.io import open_image, read_image, read_json, sidecar_of

if TYPE_CHECKING:
    import numpy as np

FOLDER = "ct"


@dataclass(frozen=True)
class HeadCT:
    """The files of one participant; an absent one is None.

    Attributes
    ----------
    ct : Path
        The non-contrast CT.
    brain, lesion : Path or None
        Given masks, where the settings ask for them.
    truth : Path or None
        The true lesions of a synthetic head; for quality measures alone.
    """

    ct: Path
    brain: Path | None
    lesion: Path | None
    truth: Path | None

    @classmethod
    def of(cls, root: Path, participant: str, *, images: dict) -> "HeadCT":
        """Find a participant's files in a BIDS dataset.

        Parameters
        ----------
        root : Path
            The dataset.
        participant : str
            ``sub-001``.
        images : dict
            The study's section, complete.

        Raises
        ------
        InputError
            There is no CT or more than one, or a mask that the settings ask for is absent or not the only one.
        """
        place = {"session": images["session"], "datatype": FOLDER}
        stem = "_".join(filter(None, (participant, images["session"] and f"ses-{images['session']}")))
        scans = find(root, participant, "ct", **place)
        if not scans:  # in the same words for everyone, so that a flow chart counts them as one reason
            raise InputError(f"found no CT, expected sub-*/{FOLDER}/sub-*_ct.nii.gz")
        if len(scans) > 1:
            listed = ", ".join(path.name for path in scans)
            raise InputError(f"found {len(scans)} CT images, {listed}; expected one, {stem}_ct.nii.gz")

        def given(**entities: str) -> Path:
            found = find_derivative(root, participant, "mask", **place, **entities)
            if found is None:
                name = "_".join(f"{key}-{value}" for key, value in entities.items())
                raise InputError(
                    f"found no mask {name}, expected derivatives/*/{participant}/{FOLDER}/{stem}_{name}_mask.nii.gz"
                )
            return found

        chosen, lesion = images["segmentation"], None
        if chosen["kind"] == "mask":
            lesion = given(label=chosen["label"], **({"desc": chosen["desc"]} if chosen["desc"] else {}))
        truth = find(root / "derivatives" / TRUTH, participant, "mask", **place, label="WML")
        return cls(
            ct=scans[0],
            brain=given(desc="brain") if images["brain"]["source"] == "given" else None,
            lesion=lesion,
            truth=truth[0] if truth else None,
        )

    def header(self) -> tuple[tuple[int, ...], dict]:
        """Return the shape and the sidecar of the CT without reading voxels; every file is seen to be whole.

        Raises
        ------
        InputError
            A file is no NIfTI or shorter than its header says.
        """
        for path in filter(None, (self.brain, self.lesion)):
            open_image(path)
        sidecar = sidecar_of(self.ct)
        return open_image(self.ct).shape, read_json(sidecar) if sidecar.exists() else {}


def read_mask(path: Path) -> "tuple[np.ndarray, np.ndarray]":
    """Read a mask and its affine.

    Raises
    ------
    InputError
        It holds more than one value beside 0.
    """
    import numpy as np

    mask, affine = read_image(path)
    inside = mask != 0
    values = mask[inside]
    if values.size and not (values == values[0]).all():
        found = ", ".join(f"{value:g}" for value in np.unique(values)[:4])
        raise InputError(f"{path}: found values {found} beside 0, expected one: a mask of one structure")
    return inside, affine


def read_network(model: Path) -> tuple[bytes, dict]:
    """Read an ONNX file and its description.

    Raises
    ------
    InputError
        One of them is missing, or the description is no JSON.
    """
    beside = model.with_suffix(".json")
    if not model.exists():
        raise InputError(f"images.segmentation.model: there is no file {model}")
    if not beside.exists():
        raise InputError(f"{model}: found no description beside it, expected {beside}")
    return model.read_bytes(), read_json(beside)
