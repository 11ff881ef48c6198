"""A participant's gradient echo and T1w images to a map, labels on its grid, and the map in template space."""

import functools
import json
from pathlib import Path

import numpy as np

from recohort.core.derivatives import Derivatives
from recohort.core.errors import Findings, InputError
from recohort.core.io import open_image, read_image
from recohort.core.manifest import sha256
from recohort.images.bias import correct_bias
from recohort.images.geometry import grid_difference
from recohort.images.nuclei.carried import Motions, atlas_labels, given_labels, map_in_template, output_grid
from recohort.images.nuclei.edge import trusted_brain
from recohort.images.overlay import spread_slices
from recohort.images.qsm.acquisition import check_acquisition
from recohort.images.registration.grid import Brain, linear, moved
from recohort.images.registration.linear import align, size_of
from recohort.images.registration.subject import to_template
from recohort.modalities.gradient_echo import make_maps, write_maps, write_picture
from recohort.modalities.nuclei.files import (
    SUFFIX,
    DeepGrey,
    checked,
    read_labels,
    read_names,
    read_template,
)

STATUS = ("chimap", "structures", "template_chimap", "overlay", "sha256")
RECONSTRUCTION = (
    *("phase", "mask", "offset_removal", "unwrapping", "trimming"),
    *("margin_mm", "passes", "background", "inversion", "reference"),
)
"""Sections of `images` that `reconstruct` takes."""
SPACE = {"mni152": "MNI152NLin2009aSym", "file": "template"}
"""Entity ``space`` of what lies in template space."""


def prepare(*, images: dict) -> None:
    """See that the template and the atlas are there and those configured, before any participant.

    Raises
    ------
    InputError
        One of them is missing or another file, or the labels have no names.
    """
    if images["structures"]["source"] == "atlas" and images["atlas"] is None:
        raise InputError("images.structures.source: found atlas without images.atlas, expected one, or given")
    _template(json.dumps(images["template"], sort_keys=True))
    if images["atlas"]:
        _atlas(json.dumps(images["atlas"], sort_keys=True))


def check(root: Path, participant: str, *, images: dict, metrics: dict) -> list[str]:
    """Return what is wrong with a participant's headers, a sentence each; no voxel is read."""
    try:
        return _findings(DeepGrey.of(root, participant, images=images))
    except InputError as error:
        return str(error).splitlines()


def process(root: Path, participant: str, made: Path, *, images: dict, metrics: dict) -> tuple[dict, list[Path]]:
    """Make one participant's map, its labels, and the map in template space.

    Parameters
    ----------
    root : Path
        The BIDS dataset.
    participant : str
        ``sub-001``.
    made : Path
        The dataset of maps that it is written into.
    images, metrics : dict
        The study's sections, complete.

    Returns
    -------
    row : dict
        ``status, chimap, structures, template_chimap, overlay, sha256``, then the quality measures. Paths are below
        `made`.
    files : list of Path
        What was written.

    Raises
    ------
    InputError
        The images are wrong, or what stands beside them.
    """
    prepare(images=images)
    files = DeepGrey.of(root, participant, images=images)
    Findings.raise_from(_findings(files))
    masks, settings = files.mask_voxels(), {key: images[key] for key in RECONSTRUCTION}
    inside, trimmed, trusted_by = masks["brain_mask"], {}, {}
    if not files.chimap and len(files.magnitude) == 1:
        voxels = files.voxels()
        sections = {"phase": images["phase"], "mask": images["mask"], **images["edge"]}
        trusted, trimmed["edge_trimmed"] = trusted_brain(*voxels[:2], inside, voxels[2], **sections)
        masks, settings["mask"] = {**masks, "brain_mask": trusted}, {**images["mask"], "source": "given"}
        trusted_by = {"Edge": images["edge"]}
    maps, status, affine = make_maps(files, masks, settings)
    inside = maps.kept if inside is None else inside > 0
    template, grid, brain = _template(json.dumps(images["template"], sort_keys=True))
    motions, seen = _registered(files, inside, affine, template, images)
    labels, names = _labels(files, maps.kept.shape, motions, images)
    carried = map_in_template(maps.chimap, maps.kept, motions, grid, brain)

    out = Derivatives(made, participant, images["session"])
    extra = images["save"] if status == "reconstructed" else []
    place = {"chimap": write_maps(out, maps, affine, record={**maps.record, **trusted_by}, extra=extra)}
    named = {"Labels": {str(number): name for number, name in names.items()}, "Source": images["structures"]["source"]}
    place["structures"] = out.write(f"space-{SUFFIX}_desc-structures_dseg", labels, affine, named)
    space = SPACE[images["template"]["kind"]]
    place["template_chimap"] = out.write(f"space-{space}_Chimap", carried, grid.affine, {"Units": "ppm"})
    if images["overlay"]:
        place["overlay"] = write_picture(out, maps, affine, labels, slices=spread_slices)
    place["sha256"] = sha256(made / place["chimap"])
    seen["template_known"] = float(np.isfinite(carried[brain]).mean())
    return {"status": status, **place, **maps.qc, **trimmed, **seen}, out.files()


def _findings(files: DeepGrey) -> list[str]:
    found = [] if files.chimap else list(check_acquisition(**files.headers()))
    t1w = open_image(files.t1w)
    if len(t1w.shape) != 3:
        found.append(f"the T1w image has {len(t1w.shape)} dimensions, expected 3")
    images = {"T1w": (t1w, "the T1w image")}
    reference = files.chimap or files.magnitude.get(min(files.magnitude, default=0))
    if reference:
        images[SUFFIX] = (open_image(reference), "the Chimap" if files.chimap else "the magnitude")
    others = [("T1w", "the T1w brain mask", files.t1w_mask)]
    others += [(space, f"the labels in space {space}", path) for space, path in files.labels.items()]
    for space, what, path in others:
        if path and space in images:
            image, (target, name) = open_image(path), images[space]
            if difference := grid_difference(image.shape, image.affine, target.shape, target.affine):
                found.append(
                    f"{what} lie{'s' * (what[-1] == 'k')} on another grid than {name} ({difference}), expected its"
                )
    if files.t1w_mask is None and files.masks["brain"] is None:
        found.append("no brain mask was found, neither of the T1w image nor of the gradient echo, expected one")
    if files.labels:
        files.names()
    return found


def _registered(files: DeepGrey, inside, affine, template: Brain, images: dict) -> tuple[Motions, dict]:
    """Find the motions between map, T1w and template, and say how well they fit."""
    image, t1w_affine = read_image(files.t1w)
    if not np.isfinite(image).all():
        raise InputError(
            f"the T1w image has {int((~np.isfinite(image)).sum())} voxels that are not finite, expected none"
        )
    if files.t1w_mask:
        mask = read_image(files.t1w_mask)[0] > 0
    else:
        index = moved(np.linalg.inv(affine) @ t1w_affine, np.indices(image.shape, dtype=np.float32))
        mask = linear(inside.astype(np.float32), index) > 0.5
    if not mask.any():
        raise InputError("the brain mask of the T1w image is empty, expected voxels above 0")
    subject = Brain(correct_bias(image, mask, t1w_affine, **images["bias"])[0], mask, t1w_affine)
    settings, rigid = images["registration"], np.eye(4)
    if files.magnitude:
        echoes = [read_image(files.magnitude[echo])[0] for echo in sorted(files.magnitude)]
        echo = Brain(np.sqrt(np.mean(np.square(echoes), axis=0)), inside, affine)
        rigid = align(subject, echo, rigid=True, centred=False, **settings["rigid"])
    warp, seen = to_template(subject, template, affine=settings["affine"], warp=settings["warp"])
    middle = moved(t1w_affine, np.argwhere(mask).mean(axis=0))
    shift, angle = size_of(rigid, middle)
    return Motions(warp, rigid, affine), {"rigid_mm": shift, "rigid_deg": angle, **seen}


def _labels(files: DeepGrey, shape, motions: Motions, images: dict) -> tuple[np.ndarray, dict[int, str]]:
    """Return the labels on the grid of the map, and their names."""
    if images["structures"]["source"] == "atlas":
        labels, affine, names = _atlas(json.dumps(images["atlas"], sort_keys=True))
        return atlas_labels(labels, affine, motions, shape), names
    ((space, path),) = files.labels.items()
    labels, affine = read_labels(path)
    if not labels.any():
        raise InputError(f"{path}: holds no label, expected whole numbers above 0")
    return (labels if space == SUFFIX else given_labels(labels, affine, motions, shape)), files.names()


@functools.lru_cache(maxsize=1)
def _template(settings: str):
    """Read the template once per job: the brain, the grid of maps in its space, its brain there."""
    chosen = json.loads(settings)
    template = Brain(*read_template(chosen))
    return template, *output_grid(template, chosen["resolution_mm"])


@functools.lru_cache(maxsize=1)
def _atlas(settings: str):
    """Read the atlas once per job: labels, affine, names."""
    chosen = json.loads(settings)
    checked(chosen["image"], chosen["sha256"], "atlas.image")
    return *read_labels(Path(chosen["image"])), read_names(Path(chosen["labels"]))
