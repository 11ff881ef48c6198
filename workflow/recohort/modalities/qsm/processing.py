"""A participant's gradient echo images to a susceptibility map with its sidecar, or a ready map taken over."""

from pathlib import Path

from recohort.core.derivatives import Derivatives
from recohort.core.errors import InputError
from recohort.core.manifest import sha256
from recohort.images.overlay import fullest_slices
from recohort.images.qsm.acquisition import check_acquisition
from recohort.modalities.gradient_echo import make_maps, write_maps, write_picture
from recohort.modalities.qsm.files import GradientEcho

STATUS = ("chimap", "mask", "overlay", "sha256")
BESIDE = ("kind", "batch_size", "session", "on_invalid_subject", "overlay", "save")


def check(root: Path, participant: str, *, images: dict, metrics: dict) -> list[str]:
    """Return what is wrong with a participant's headers, a sentence each; no voxel is read."""
    try:
        files = GradientEcho.of(root, participant, session=images["session"], lesion=metrics["lesion"]["mask"])
        return [] if files.chimap else check_acquisition(**files.headers())
    except InputError as error:
        return str(error).splitlines()


def process(root: Path, participant: str, made: Path, *, images: dict, metrics: dict) -> tuple[dict, list[Path]]:
    """Make one participant's map.

    Parameters
    ----------
    root : Path
        The BIDS dataset.
    participant : str
        ``sub-001``.
    made : Path
        The dataset of maps that it is written into.
    images, metrics : dict
        The study's sections, complete; of `metrics` what is marked as needed.

    Returns
    -------
    row : dict
        ``status, chimap, mask, overlay, sha256``, then the quality measures. Paths of `chimap` and `overlay` are below
        `made`.
    files : list of Path
        What was written.

    Raises
    ------
    InputError
        The images are wrong.
    """
    files = GradientEcho.of(root, participant, session=images["session"], lesion=metrics["lesion"]["mask"])
    masks = files.mask_voxels()
    maps, status, affine = make_maps(files, masks, {key: images[key] for key in images if key not in BESIDE})
    out = Derivatives(made, participant, images["session"])
    extra = images["save"] if status == "reconstructed" else []
    chimap = write_maps(out, maps, affine, record=maps.record, extra=extra)
    place = {"chimap": chimap, "mask": files.masks["lesion"], "sha256": sha256(made / chimap)}
    if images["overlay"]:
        place["overlay"] = write_picture(out, maps, affine, masks["lesion_mask"] > 0, slices=fullest_slices)
    return {"status": status, **place, **maps.qc}, out.files()
