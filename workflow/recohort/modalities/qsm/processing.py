"""A participant's gradient echo images to a susceptibility map with its sidecar, or a ready map taken over."""

from pathlib import Path

from recohort.core.derivatives import Derivatives
from recohort.core.errors import Findings, InputError
from recohort.core.io import read_image, read_json, sidecar_of
from recohort.core.manifest import sha256
from recohort.images.qsm.acquisition import check_acquisition, echo_times, field_strength
from recohort.images.qsm.ready import Ready, adopt
from recohort.images.qsm.reconstruction import Reconstruction, reconstruct
from recohort.modalities.qsm.files import GradientEcho

STATUS = ("chimap", "mask", "sha256")
EXTRA = {"field_map": "desc-total_fieldmap", "local_field": "desc-local_fieldmap"}
BESIDE = ("kind", "batch_size", "session", "on_invalid_subject", "save")


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
        ``status, chimap, mask, sha256``, then the quality measures.
    files : list of Path
        What was written.

    Raises
    ------
    InputError
        The images are wrong.
    """
    files = GradientEcho.of(root, participant, session=images["session"], lesion=metrics["lesion"]["mask"])
    maps, status, affine = _maps(files, {key: value for key, value in images.items() if key not in BESIDE})
    out = Derivatives(made, participant, images["session"])
    chimap = out.write("Chimap", maps.chimap, affine, maps.record)
    out.write("desc-kept_mask", maps.kept.astype("uint8"), affine, {"Type": "Brain"})
    for name in images["save"] if status == "reconstructed" else []:
        out.write(EXTRA[name], getattr(maps, name), affine, {**maps.record, "Units": "ppm"})
    place = {"chimap": chimap, "mask": files.masks["lesion"], "sha256": sha256(made / chimap)}
    return {"status": status, **place, **maps.qc}, out.files()


def _maps(files: GradientEcho, settings: dict) -> tuple[Reconstruction | Ready, str, object]:
    """Return the maps of a participant's files, whether they were reconstructed or imported, and their affine."""
    masks = files.mask_voxels()
    if files.chimap:
        chimap, affine = read_image(files.chimap)
        sidecar = read_json(sidecar_of(files.chimap))
        return adopt(chimap, masks["brain_mask"], masks["lesion_mask"], sidecar=sidecar), "imported", affine
    headers = files.headers()
    Findings.raise_from(check_acquisition(**headers))
    magnitude, phase, affine = files.voxels()
    sidecars = headers["sidecars"]
    timing = {"echo_times": echo_times(sidecars), "field_strength": field_strength(sidecars)}
    return reconstruct(magnitude, phase, affine=affine, **timing, **masks, **settings), "reconstructed", affine
