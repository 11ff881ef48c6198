"""A participant's gradient echo images to a susceptibility map with its sidecar, or a ready map taken over."""

import functools
from pathlib import Path

import numpy as np

from recohort.core.derivatives import Derivatives
from recohort.core.errors import InputError
from recohort.core.manifest import sha256
from recohort.images.overlay import axial, fullest_slices, png
from recohort.images.qsm.acquisition import check_acquisition
from recohort.images.qsm.ready import Ready
from recohort.images.qsm.reconstruction import Reconstruction
from recohort.modalities.gradient_echo import EXTRA, MARGIN_MM, PIXEL_MM, SLICES, WINDOW_PPM, make_maps
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
    chimap = out.write("Chimap", maps.chimap, affine, maps.record)
    out.write("desc-kept_mask", maps.kept.astype("uint8"), affine, {"Type": "Brain"})
    for name in images["save"] if status == "reconstructed" else []:
        out.write(EXTRA[name], getattr(maps, name), affine, {**maps.record, "Units": "ppm"})
    place = {"chimap": chimap, "mask": files.masks["lesion"], "sha256": sha256(made / chimap)}
    if images["overlay"]:
        place["overlay"] = _picture(out, maps, affine, masks["lesion_mask"])
    return {"status": status, **place, **maps.qc}, out.files()


def _picture(out: Derivatives, maps: Reconstruction | Ready, affine: np.ndarray, lesion: np.ndarray) -> str:
    """Write the slices with most lesion as a PNG; return its path below the dataset."""
    picture = axial(
        maps.chimap,
        affine,
        lesion > 0,
        around=maps.kept,
        slices=functools.partial(fullest_slices, count=SLICES),
        pixel_mm=PIXEL_MM,
        margin_mm=MARGIN_MM,
        window=WINDOW_PPM,
    )
    path = out.folder / f"{out.stem}_desc-overlay_Chimap.png"
    path.write_bytes(png(picture))
    return path.relative_to(out.root).as_posix()
