"""A session's dynamic series, its masks and what is known of T1: which files they are, and what they hold."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recohort.core.bids import find, find_derivative
from recohort.core.errors import InputError
from recohort.core.io import open_image, read_image, read_json, sidecar_of

if TYPE_CHECKING:
    import numpy as np

FOLDER = "perf"
WHEN = ("before", "after")


@dataclass(frozen=True)
class Dynamic:
    """The files of one session; an absent one is None or not there.

    Attributes
    ----------
    session : str
        Label.
    series : Path
        The DCE series.
    masks : dict of str to Path
        ``tumour``; ``aorta`` and ``marrow`` where the settings ask for them.
    flip_angles : list of Path
        The series of flip angles, where T1 comes from them.
    t1map : Path or None
        The map of T1, where T1 comes from it.
    """

    session: str
    series: Path
    masks: dict[str, Path]
    flip_angles: list[Path]
    t1map: Path | None

    @classmethod
    def of(cls, root: Path, participant: str, when: str, *, images: dict) -> "Dynamic":
        """Find a session's files in a BIDS dataset.

        Parameters
        ----------
        root : Path
            The dataset.
        participant : str
            ``sub-001``.
        when : {"before", "after"}
            Which of the sessions.
        images : dict
            The study's section, complete.

        Raises
        ------
        InputError
            Everything that is missing or there twice, a sentence each.
        """
        session = images["sessions"][when]
        place, missing = {"session": session, "datatype": FOLDER}, []
        series = find(root, participant, "dce", **place)
        if len(series) != 1:  # in the same words for everyone, so that a flow chart counts them as one reason
            found = f"{len(series)} DCE series" if series else "no DCE series"
            missing.append(f"found {found} {when} treatment, expected sub-*/ses-{session}/{FOLDER}/sub-*_dce.nii.gz")
        masks = {}
        for name in _masks(images):
            label = images["masks"][name]
            masks[name] = find_derivative(root, participant, "mask", **place, label=label)
            if masks[name] is None:
                expected = f"derivatives/*/sub-*/ses-{session}/{FOLDER}/sub-*_label-{label}_mask.nii.gz"
                missing.append(f"found no mask of {name} {when} treatment, expected {expected}")
        kind, flip_angles, t1map = images["t10"]["kind"], [], None
        if kind == "flip_angles":
            flip_angles = find(root, participant, "VFA", **place)
            if not flip_angles:
                expected = f"sub-*/ses-{session}/{FOLDER}/sub-*_flip-*_VFA.nii.gz"
                missing.append(f"found no flip angle images {when} treatment, expected {expected}")
        if kind == "mapped":
            t1map = next(iter(find(root, participant, "T1map", **place)), None)
            t1map = t1map or find_derivative(root, participant, "T1map", **place)
            if t1map is None:
                expected = f"sub-*/ses-{session}/{FOLDER}/sub-*_T1map.nii.gz"
                missing.append(f"found no map of T1 {when} treatment, expected {expected}")
        if missing:
            raise InputError("\n".join(missing))
        return cls(session, series[0], masks, flip_angles, t1map)

    def headers(self) -> dict:
        """Open every image without reading voxels, as `check_series` takes them.

        Raises
        ------
        InputError
            A file is no NIfTI or shorter than its header says.
        """
        return {
            "series": open_image(self.series),
            "sidecar": self.sidecar,
            "masks": {f"the mask of {name}": open_image(path) for name, path in self.masks.items()},
            "flip_angles": [(open_image(path), _sidecar(path)) for path in self.flip_angles],
            "t1map": open_image(self.t1map) if self.t1map else None,
        }

    @property
    def sidecar(self) -> dict:
        """The JSON beside the series; empty without one."""
        return _sidecar(self.series)

    def mask_voxels(self) -> "dict[str, np.ndarray]":
        """Read the masks, each (x, y, z), bool."""
        return {name: read_image(path)[0] != 0 for name, path in self.masks.items()}

    def flip_angle_voxels(self) -> "tuple[np.ndarray, list[float], float]":
        """Read the series of flip angles: (x, y, z, angles); degrees; the repetition time, s."""
        import numpy as np

        sidecars = [_sidecar(path) for path in self.flip_angles]
        signals = np.stack([read_image(path)[0] for path in self.flip_angles], axis=-1)
        angles = [float(sidecar["FlipAngle"]) for sidecar in sidecars]
        return signals, angles, float(sidecars[0]["RepetitionTime"])


def _masks(images: dict) -> list[str]:
    """Return the masks that the settings ask for."""
    asked = ["tumour", "aorta"] if images["aif"]["kind"] == "mask" else ["tumour"]
    return [*asked, "marrow"] if images["masks"]["marrow"] else asked


def _sidecar(path: Path) -> dict:
    beside = sidecar_of(path)
    return read_json(beside) if beside.exists() else {}
