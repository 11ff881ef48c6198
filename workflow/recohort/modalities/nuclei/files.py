"""A participant's gradient echo and T1w images with masks and labels; the template and the atlas beside them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from recohort.core.bids import find, find_derivative
from recohort.core.errors import InputError
from recohort.core.io import open_image, read_image, read_json, read_rows, sidecar_of
from recohort.core.manifest import sha256
from recohort.modalities.qsm.files import GradientEcho, echoes

if TYPE_CHECKING:
    import numpy as np

SUFFIX = "T2starw"
SPACES = (SUFFIX, "T1w")
"""Whose grids labels may be given on; the first that is there is taken."""


@dataclass(frozen=True)
class DeepGrey(GradientEcho):
    """The files of one participant; an absent one is None.

    Attributes
    ----------
    t1w : Path
        The T1-weighted image.
    t1w_mask : Path or None
        Its brain mask.
    labels : dict of str to Path
        Space (``T2starw``, ``T1w``) to the label image given there, at most one; empty where the atlas labels.
    """

    t1w: Path
    t1w_mask: Path | None
    labels: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Path, participant: str, *, images: dict) -> "DeepGrey":
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
            There is no T1w image or more than one, no label image where labels are given, or two pipelines offer one.
        """
        session = images["session"]

        def derivative(suffix: str, **entities: str) -> Path | None:
            return find_derivative(root, participant, suffix, session=session, **entities)

        weighted = find(root, participant, "T1w", session=session)
        if len(weighted) != 1:
            listed = ", ".join(path.name for path in weighted)
            found = f"{len(weighted)} T1w images, {listed};" if weighted else "no T1w image,"
            raise InputError(f"found {found} expected one, sub-*/anat/sub-*_T1w.nii.gz")
        labels = {}
        if images["structures"]["source"] == "given":
            found = {space: derivative("dseg", space=space, desc="structures") for space in SPACES}
            labels = dict([(space, path) for space, path in found.items() if path][:1])
            if not labels:
                raise InputError(
                    "found no labels, expected derivatives/*/sub-*/anat/"
                    f"sub-*_space-{{{'|'.join(SPACES)}}}_desc-structures_dseg.nii.gz, or structures.source: atlas"
                )

        return cls(
            magnitude=echoes(root, participant, SUFFIX, session=session, part="mag"),
            phase=echoes(root, participant, SUFFIX, session=session, part="phase"),
            chimap=derivative("Chimap"),
            masks={"brain": derivative("mask", space=SUFFIX, desc="brain"), "lesion": None, "csf": None},
            t1w=weighted[0],
            t1w_mask=derivative("mask", space="T1w", desc="brain"),
            labels=labels,
        )

    def names(self) -> dict[int, str]:
        """Return the names of given labels: ``Labels`` of the sidecar, else of the pipeline's table.

        Raises
        ------
        InputError
            There is neither, or the table is none of ``index, name``.
        """
        (path,) = self.labels.values()
        pipeline = next(folder for folder in path.parents if folder.parent.name == "derivatives")
        return names_of(path, pipeline / "desc-structures_dseg.tsv")


def names_of(labels: Path, table: Path) -> dict[int, str]:
    """Return label -> name of a label image: ``Labels`` of its sidecar, else of the table.

    Raises
    ------
    InputError
        There is neither, or the table is none of ``index, name``.
    """
    sidecar = sidecar_of(labels)
    named = read_json(sidecar).get("Labels") if sidecar.exists() else None
    if named is not None:
        return {int(number): str(name) for number, name in named.items()}
    if not table.exists():
        raise InputError(f"{labels}: its labels have no names, expected 'Labels' in its sidecar or {table}")
    return read_names(table)


def read_names(table: Path) -> dict[int, str]:
    """Read the names of labels, columns ``index`` and ``name``.

    Raises
    ------
    InputError
        The table is missing or has other columns.
    """
    if not table.exists():
        raise InputError(f"{table}: there is no such file")
    rows = read_rows(table)
    if not rows or not {"index", "name"} <= set(rows[0]):
        raise InputError(f"{table}: found columns {', '.join(rows[0]) if rows else 'none'}, expected index and name")
    try:
        return {int(row["index"]): row["name"] for row in rows}
    except ValueError as error:
        raise InputError(f"{table}: column index: {error}, expected whole numbers") from None


def read_labels(path: Path) -> "tuple[np.ndarray, np.ndarray]":
    """Read a label image as int16, and its affine.

    Raises
    ------
    InputError
        It holds what is no label: a number that is not whole, below 0 or above 32767.
    """
    import numpy as np

    values, affine = read_image(path)
    whole = np.isfinite(values) & (values == np.round(values)) & (values >= 0) & (values < 2**15)
    if not whole.all():
        raise InputError(f"{path}: found {values[~whole][0]:g}, expected labels, whole numbers from 0")
    return values.astype(np.int16), affine


def checked(path: str, expected: str, key: str) -> None:
    """See that a file beside the participants is there and the one described.

    Raises
    ------
    InputError
        It is not.
    """
    if not Path(path).exists():
        raise InputError(f"images.{key}: there is no file {path}")
    if (found := sha256(Path(path))) != expected:
        raise InputError(f"images.{key}: {path} has SHA-256 {found}, expected {expected} as configured")


def read_template(settings: dict) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
    """Read the template: image, brain mask, affine, axes along those of the world.

    Raises
    ------
    InputError
        A file is missing, not the one described, or oblique; the mask lies on another grid.
    """
    import nibabel as nib
    import numpy as np

    if settings["kind"] == "mni152":
        image, affine = read_image(_mni152())
        image = image / image.max()
        return image, image > MNI_BRAIN, affine
    checked(settings["image"], settings["sha256"], "template.image")
    pair = [nib.as_closest_canonical(open_image(Path(settings[key]))) for key in ("image", "mask")]
    image, mask = (np.asarray(one.get_fdata(dtype=np.float32)) for one in pair)
    affine = pair[0].affine
    if image.shape != mask.shape or np.abs(affine - pair[1].affine).max() > 1e-3:
        raise InputError(f"images.template.mask: {settings['mask']} lies on another grid than {settings['image']}")
    edges = np.diag(affine)[:3]
    if np.abs(affine[:3, :3] - np.diag(edges)).max() > 1e-3 * edges.min():
        raise InputError(
            f"images.template.image: {settings['image']} is oblique, expected axes along those of its space"
        )
    if not (mask > 0).any():
        raise InputError(f"images.template.mask: {settings['mask']} is empty, expected voxels above 0")
    return image, mask > 0, affine


MNI_BRAIN = 0.2
"""The brain of the template, as nilearn's `load_mni152_brain_mask` takes it."""


def _mni152() -> Path:
    """The template's file within nilearn, whose import takes longer than a participant's registration."""
    from importlib.util import find_spec

    folder = Path(find_spec("nilearn").origin).parent / "datasets" / "data"
    return folder / "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
