"""A participant's T1w of the spine, its label map and what was said of it by hand."""

from dataclasses import dataclass
from pathlib import Path

from recohort.core.bids import entity_of, find, find_derivative
from recohort.core.errors import InputError
from recohort.core.io import open_image, read_json, sidecar_of

SCHEMES = Path(__file__).resolve().parents[3] / "schemes"


@dataclass(frozen=True)
class SpineT1w:
    """The files of one participant; an absent one is None.

    Attributes
    ----------
    t1w : Path
        The image without contrast medium.
    labels : Path
        The label map.
    csf : Path or None
        A given mask of CSF.
    """

    t1w: Path
    labels: Path
    csf: Path | None

    @classmethod
    def of(cls, root: Path, participant: str, *, images: dict) -> "SpineT1w":
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
            There is no T1w, no label map, or more than one of them.
        """
        session, acquisition = images["session"], images["acquisition"]
        entities = {"acq": acquisition} if acquisition else {}
        scans = [path for path in find(root, participant, "T1w", session=session, **entities) if not _contrast(path)]
        if not scans:  # in the same words for everyone, so that a flow chart counts them as one reason
            raise InputError("found no T1w without contrast medium, expected sub-*/anat/sub-*_T1w.nii.gz")
        if len(scans) > 1:
            listed = ", ".join(path.name for path in scans)
            raise InputError(f"found {len(scans)} T1w, {listed}; expected one, or images.acquisition to choose it")
        labels = find_derivative(root, participant, "dseg", session=session, desc="spine")
        if labels is None:
            raise InputError("found no label map, expected derivatives/*/sub-*/anat/sub-*_desc-spine_dseg.nii.gz")
        return cls(scans[0], labels, find_derivative(root, participant, "mask", session=session, label="CSF"))

    def shape(self) -> "tuple[tuple[int, ...], object]":
        """Return shape and affine of the T1w without reading voxels; every file is seen to be whole.

        Raises
        ------
        InputError
            A file is no NIfTI or shorter than its header says.
        """
        image = open_image(self.t1w)
        return image.shape, image.affine

    def beside(self) -> "dict[str, tuple[tuple[int, ...], object]]":
        """Return name -> shape and affine of the label map and the mask, likewise."""
        opened = {path.name: open_image(path) for path in (self.labels, self.csf) if path}
        return {name: (image.shape, image.affine) for name, image in opened.items()}

    def sidecar(self) -> dict:
        """Return the T1w's sidecar; empty without one."""
        return _json(self.t1w)

    def by_hand(self) -> dict:
        """Return ``Fractured`` and ``LevelOverride`` of the label map's sidecar; empty without them."""
        said = _json(self.labels)
        return {"fractured": said.get("Fractured", []), "override": said.get("LevelOverride", {})}


def scheme_file(images: dict) -> Path:
    """Return the file of a study's scheme of labels."""
    scheme = images["scheme"]
    return SCHEMES / f"{scheme}.json" if isinstance(scheme, str) else Path(scheme["file"])


def _contrast(path: Path) -> bool:
    return entity_of(path, "ce") is not None


def _json(image: Path) -> dict:
    path = sidecar_of(image)
    return read_json(path) if path.exists() else {}
