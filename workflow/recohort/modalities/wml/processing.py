"""A participant's CT to a mask of white matter lesions and one of the space inside the skull."""

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from recohort.core.derivatives import Derivatives
from recohort.core.errors import Findings, InputError
from recohort.core.io import read_image
from recohort.core.manifest import sha256
from recohort.images.geometry import grid_difference, voxel_volume_ml
from recohort.images.grid import Grid
from recohort.images.overlay import fullest_slices, overlay, png
from recohort.images.wml.brain import brain_mask, check_volume
from recohort.images.wml.hounsfield import check_brain, check_header, check_range
from recohort.images.wml.network import Network, complete_description
from recohort.images.wml.quality import quality
from recohort.images.wml.threshold import by_threshold
from recohort.modalities.wml.files import FOLDER, HeadCT, read_mask, read_network
from recohort.modalities.wml.nnunet import check_nnunet, run_nnunet

STATUS = ("ct", "mask", "brain", "truth", "overlay", "sha256", "segmentation", "demonstration")
WINDOW_HU, PIXEL_MM, MARGIN_MM, SLICES = (0.0, 80.0), 1.0, 14, 3
"""Of the overlay: what is black and white, the edge of a pixel, what is seen around the brain, how many slices."""


def prepare(*, images: dict) -> None:
    """See that what segments is there and whole, before any participant.

    Raises
    ------
    InputError
        A network's file is not the one described, or nnU-Net's command or model is missing.
    """
    chosen = images["segmentation"]
    if chosen["kind"] == "onnx":
        _network(chosen["model"], chosen["label"])
    if chosen["kind"] == "nnunet":
        Findings.raise_from(check_nnunet(**{key: chosen[key] for key in ("model", "command", "fold")}))


def check(root: Path, participant: str, *, images: dict, metrics: dict) -> list[str]:
    """Return what is wrong with a participant's headers, a sentence each; no voxel is read."""
    try:
        return check_header(*HeadCT.of(root, participant, images=images).header())
    except InputError as error:
        return str(error).splitlines()


def process(root: Path, participant: str, made: Path, *, images: dict, metrics: dict) -> tuple[dict, list[Path]]:
    """Segment one participant.

    Parameters
    ----------
    root : Path
        The BIDS dataset.
    participant : str
        ``sub-001``.
    made : Path
        The dataset of masks that it is written into.
    images, metrics : dict
        The study's sections, complete; of `metrics` what is marked as needed.

    Returns
    -------
    row : dict
        ``status, ct, mask, brain, truth, overlay, sha256, segmentation, demonstration``, then the quality measures.
        Of `mask`, `brain` and `overlay` the path is below `made`.
    files : list of Path
        What was written.

    Raises
    ------
    InputError
        The images are wrong, or what segments is missing.
    """
    files = HeadCT.of(root, participant, images=images)
    Findings.raise_from(check_header(*files.header()))
    ct, affine = read_image(files.ct)
    Findings.raise_from(check_range(ct, stripped=files.brain is not None))
    brain = _brain(files, ct, affine, images["brain"])
    Findings.raise_from(check_brain(ct, brain))
    settings = {key: value for key, value in images["segmentation"].items() if key != "kind"}
    kind = images["segmentation"]["kind"]
    lesion, demonstration = SEGMENTERS[kind](files, ct, brain, affine, **settings)
    truth = _same_grid(files.truth, ct, affine) if files.truth else None
    out = Derivatives(made, participant, images["session"], FOLDER)
    record = {"Type": "Lesion", "Segmentation": kind, "Demonstration": bool(demonstration)}
    mask = out.write("label-WML_mask", lesion.astype(np.uint8), affine, record)
    place = {"ct": files.ct, "mask": mask, "sha256": sha256(made / mask)}
    place["brain"] = out.write("desc-brain_mask", brain.astype(np.uint8), affine, {"Type": "Brain"})
    place["truth"] = files.truth
    if images["overlay"]:
        place["overlay"] = _picture(out, ct, affine, lesion, brain, truth)
    said = {"segmentation": kind, "demonstration": int(demonstration)}
    seen = quality(lesion, brain, truth, voxel_ml=voxel_volume_ml(affine))
    status = "imported" if kind == "mask" else "reconstructed"
    return {"status": status, **place, **said, **seen}, out.files()


def _picture(out: Derivatives, ct: np.ndarray, affine: np.ndarray, lesion, brain, truth) -> str:
    """Write the slices with most lesion as a PNG; return its path below the dataset."""
    axes = Grid.between(ct.shape, affine, orientation="RAS", spacing_mm=(None, None, None))
    masks = {
        name: axes.there(mask)
        for name, mask in (("found", lesion), ("truth", truth), ("around", brain))
        if mask is not None
    }
    slices = fullest_slices(*masks.values(), count=SLICES)
    square = Grid.between(
        (*axes.inner_shape[:2], len(slices)),
        np.diag([*axes.spacing, 1]),
        orientation="RAS",
        spacing_mm=(PIXEL_MM, PIXEL_MM, None),
    )
    seen = {name: square.there(mask[..., slices]) > 0.5 for name, mask in masks.items()}
    picture = overlay(
        square.there(axes.there(ct)[..., slices]),
        **{"truth": None, **seen},
        margin=round(MARGIN_MM / PIXEL_MM),
        window=WINDOW_HU,
    )
    path = out.folder / f"{out.stem}_desc-overlay_ct.png"
    path.write_bytes(png(picture))
    return path.relative_to(out.root).as_posix()


def _brain(files: HeadCT, ct: np.ndarray, affine: np.ndarray, settings: dict) -> np.ndarray:
    made = {key: value for key, value in settings.items() if key != "source"}
    if files.brain is None:
        return brain_mask(ct, affine, **made)
    brain = _same_grid(files.brain, ct, affine)
    check_volume(brain, affine, minimum_ml=settings["minimum_ml"], what="the given brain mask")
    return brain


def _same_grid(path: Path, ct: np.ndarray, affine: np.ndarray) -> np.ndarray:
    mask, other = read_mask(path)
    _check_grid(mask, other, ct, affine, path.name)
    return mask


def _check_grid(mask: np.ndarray, other: np.ndarray, ct: np.ndarray, affine: np.ndarray, name: str) -> None:
    if difference := grid_difference(ct.shape, affine, mask.shape, other):
        raise InputError(f"{name} lies on another grid than the CT ({difference}), expected the CT's")


def _given(files: HeadCT, ct, brain, affine, *, label, desc):
    return _same_grid(files.lesion, ct, affine), False


def _by_network(files: HeadCT, ct, brain, affine, *, model, label, batch):
    network = _network(model, label)
    probability = network.probability(ct, brain, affine, batch=batch)
    lesion = brain & (probability >= network.description["threshold"])
    return lesion, network.description["demonstration"]


@functools.lru_cache(maxsize=1)
def _network(model: str, label: str) -> Network:
    """Read a network once per job."""
    content, description = read_network(Path(model))
    complete = complete_description(description, where=str(Path(model).with_suffix(".json")))
    return Network(content, complete, label=label, where=model)


def _by_nnunet(files: HeadCT, ct, brain, affine, *, model, command, fold, label):
    Findings.raise_from(check_nnunet(model=model, command=command, fold=fold))
    lesion, other = run_nnunet(ct, affine, model=model, command=command, fold=fold, label=label)
    _check_grid(lesion, other, ct, affine, "the output of nnU-Net")
    return lesion & brain, False


def _by_threshold(files: HeadCT, ct, brain, affine, **settings):
    grid = Grid.between(ct.shape, affine, orientation="RAS", spacing_mm=(None, None, None))
    found = by_threshold(grid.there(ct), grid.there(brain) > 0.5, voxel_size=grid.spacing, **settings)
    return grid.home(found) > 0.5, True


SEGMENTERS: dict[str, Callable] = {
    "mask": _given,
    "onnx": _by_network,
    "nnunet": _by_nnunet,
    "threshold": _by_threshold,
}
"""Each takes files, CT, brain, affine and its settings; gives a mask, and whether it only demonstrates."""
