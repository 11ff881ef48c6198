"""A participant's gradient echo images: which files they are, what their headers say, their voxels."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recohort.core.bids import entity_of, find, find_derivative
from recohort.core.errors import InputError
from recohort.core.io import open_image, read_image, read_json, sidecar_of

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class GradientEcho:
    """The files of one participant; an absent one is None.

    Attributes
    ----------
    magnitude, phase : dict of int to Path
        Echo number to image.
    chimap : Path or None
        A ready susceptibility map; with one nothing is reconstructed.
    masks : dict of str to (Path or None)
        ``brain``, ``lesion`` (always there), ``csf``.
    """

    magnitude: dict[int, Path]
    phase: dict[int, Path]
    chimap: Path | None
    masks: dict[str, Path | None]

    @classmethod
    def of(cls, root: Path, participant: str, *, session: str | None, lesion: str) -> "GradientEcho":
        """Find a participant's files in a BIDS dataset.

        Parameters
        ----------
        root : Path
            The dataset.
        participant : str
            ``sub-001``.
        session : str or None
            Session label.
        lesion : str
            The ``label`` entity of its lesion mask.

        Raises
        ------
        InputError
            There is no lesion mask, or two pipelines offer one.
        """

        def derivative(suffix: str, **entities: str) -> Path | None:
            return find_derivative(root, participant, suffix, session=session, **entities)

        if derivative("mask", label=lesion) is None:
            expected = f"derivatives/*/{participant}/anat/{participant}_label-{lesion}_mask.nii.gz"
            raise InputError(f"found no lesion mask, expected {expected}")
        return cls(
            magnitude=echoes(root, participant, "MEGRE", session=session, part="mag"),
            phase=echoes(root, participant, "MEGRE", session=session, part="phase"),
            chimap=derivative("Chimap"),
            masks={
                "brain": derivative("mask", desc="brain"),
                "lesion": derivative("mask", label=lesion),
                "csf": derivative("mask", label="CSF"),
            },
        )

    def headers(self) -> "dict[str, dict]":
        """Open every image without reading voxels: `magnitude`, `phase`, `sidecars`, `masks`, as the checks take them.

        Raises
        ------
        InputError
            A file is no NIfTI or shorter than its header says.
        """
        return {
            "magnitude": {echo: open_image(path) for echo, path in self.magnitude.items()},
            "phase": {echo: open_image(path) for echo, path in self.phase.items()},
            "sidecars": {echo: self.sidecar(echo) for echo in {*self.magnitude, *self.phase}},
            "masks": {f"{name} mask": open_image(path) for name, path in self.masks.items() if path},
        }

    def sidecar(self, echo: int) -> dict:
        """Return the JSON sidecar of one echo, of its phase where there is one; empty without a sidecar."""
        path = sidecar_of(self.phase.get(echo) or self.magnitude[echo])
        return read_json(path) if path.exists() else {}

    def mask_voxels(self) -> "dict[str, np.ndarray | None]":
        """Read the masks: ``brain_mask``, ``lesion_mask``, ``csf_mask``, each (x, y, z) or None."""
        return {f"{name}_mask": read_image(path)[0] if path else None for name, path in self.masks.items()}

    def voxels(self) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
        """Read magnitude and phase, each (echo, x, y, z), and the affine."""
        import numpy as np

        affine = read_image(self.magnitude[min(self.magnitude)])[1]
        magnitude, phase = (
            np.stack([read_image(images[echo])[0] for echo in sorted(images)])
            for images in (self.magnitude, self.phase)
        )
        return magnitude, phase, affine


def echoes(root: Path, participant: str, suffix: str, *, session: str | None, part: str) -> dict[int, Path]:
    """Return a participant's images of one part, ``mag`` or ``phase``, by echo number: 1 where a name has none."""
    found = find(root, participant, suffix, session=session, part=part)
    return {int(entity_of(path, "echo") or 1): path for path in found}
