"""A participant's T1w and label map to regions of marrow and CSF."""

from pathlib import Path

import numpy as np

from recohort.core.derivatives import Derivatives
from recohort.core.errors import Findings, InputError
from recohort.core.io import read_image, read_json
from recohort.core.manifest import sha256
from recohort.images.bias import correct_bias
from recohort.images.geometry import grid_difference
from recohort.images.grid import Grid
from recohort.images.overlay import png
from recohort.images.vbq.acquisition import Acquisition, check_shape, outside
from recohort.images.vbq.bodies import body_of, pieces
from recohort.images.vbq.foreground import around
from recohort.images.vbq.levels import Levels, check_levels
from recohort.images.vbq.picture import sagittal
from recohort.images.vbq.regions import fluid, marrow
from recohort.images.vbq.scheme import Scheme, Structures, check_override, is_level, structures
from recohort.modalities.vbq.files import SpineT1w, scheme_file

TEXTS = ("level_check", "level_notes", "csf_level", "fractured")
STATUS = ("t1w", "rois", "overlay", "sha256", *TEXTS, "transitional", "accepted")
MEASURED = ("L1", "L2", "L3", "L4", "L5", "L6")
CSF, BODY = 20, 100
"""Codes of the image of regions: levels 1 to 6 as they are, fluid, and what of a body is not measured: plus 100."""


def prepare(*, images: dict) -> None:
    """See that the scheme is whole, before any participant.

    Raises
    ------
    InputError
        It is missing or wrong.
    """
    _scheme(images)


def check(root: Path, participant: str, *, images: dict, metrics: dict) -> list[str]:
    """Return what is wrong with a participant's headers, a sentence each; no voxel is read."""
    try:
        files = SpineT1w.of(root, participant, images=images)
        return _findings(files, _scheme(images), images)
    except InputError as error:
        return str(error).splitlines()


def process(root: Path, participant: str, made: Path, *, images: dict, metrics: dict) -> tuple[dict, list[Path]]:
    """Find what is measured of one participant.

    Parameters
    ----------
    root : Path
        The BIDS dataset.
    participant : str
        ``sub-001``.
    made : Path
        The dataset that it is written into.
    images, metrics : dict
        The study's sections, complete; of `metrics` what is marked as needed.

    Returns
    -------
    row : dict
        ``status, t1w, rois, overlay, sha256, level_check, level_notes, csf_level, fractured, transitional, accepted``,
        then the quality measures. Of `t1w`, `rois` and `overlay` the path is below `made`.
    files : list of Path
        What was written.

    Raises
    ------
    InputError
        The files are wrong, the levels cannot be trusted, or there is no CSF.
    """
    files, scheme = SpineT1w.of(root, participant, images=images), _scheme(images)
    Findings.raise_from(_findings(files, scheme, images))
    image, affine = read_image(files.t1w)
    grid = Grid.between(image.shape, affine, orientation="RAS", spacing_mm=(None, None, None))
    by_hand, t1w, spacing = files.by_hand(), grid.there(image), grid.spacing
    if not np.isfinite(t1w).all():
        raise InputError(f"{files.t1w.name}: {int((~np.isfinite(t1w)).sum())} voxels are no finite numbers")
    spine = structures(grid.there(_labels(files.labels)).astype(int), scheme, override=by_hand["override"])
    spine = _with_given_fluid(spine, scheme, files, grid, images["csf"]["source"])
    bodies, levels = _levels(spine, scheme, spacing, images)
    settings = {key: value for key, value in images["body"].items() if key != "margin_mm"}
    inside = {name: marrow(body, spacing, **settings) for name, body in bodies.items() if name in MEASURED}
    even, field = _even(t1w, spine, spacing, **images["bias"])
    beside, level = _fluid(even, spine, bodies, spacing, images["csf"], doubted=bool(levels.doubts))
    out, record = Derivatives(made, participant, images["session"]), files.sidecar()
    place = {"t1w": out.write("desc-even_T1w", grid.home(even), affine, record)}
    regions, codes = _coded(bodies, inside, beside)
    sidecar = {"Type": "ROI", "Labels": codes}
    place["rois"] = out.write("desc-vbq_dseg", grid.home(regions).astype(np.uint8), affine, sidecar)
    place["sha256"] = sha256(made / place["rois"])
    if images["overlay"] and any(mask.any() for mask in inside.values()):
        path = out.folder / f"{out.stem}_desc-overlay_T1w.png"
        path.write_bytes(png(sagittal(even, inside, beside, spacing)))
        place["overlay"] = path.relative_to(out.root).as_posix()
    said = {
        "level_check": "; ".join(levels.doubts),
        "level_notes": "; ".join(_notes(levels, bodies, by_hand["override"])),
        "csf_level": level,
        "fractured": " ".join(by_hand["fractured"]),
        "transitional": int(levels.transitional),
        "accepted": int(not outside(record, **_window(images))),
    }
    required = [inside[name] for name in images["levels"]["required"] if name in inside]
    measured = {
        "marrow_voxels": min((int(mask.sum()) for mask in required), default=0),
        "csf_voxels": int(beside.sum()),
    }
    seen = {
        **Acquisition.of(record)._asdict(),
        **_quality(levels, spacing),
        **measured,
        **_signal(bodies, beside, even, field),
    }
    return {"status": "reconstructed", **place, **said, **seen}, out.files()


def _scheme(images: dict) -> Scheme:
    path = scheme_file(images)
    return Scheme.of(read_json(path), where=path.name)


def _window(images: dict) -> dict:
    return {key: value for key, value in images["window"].items() if key != "on_outside"}


def _findings(files: SpineT1w, scheme: Scheme, images: dict) -> list[str]:
    shape, affine = files.shape()
    if found := check_shape(shape, affine):
        return found
    for name, grid in files.beside().items():
        if difference := grid_difference(shape, affine, *grid):
            found.append(f"{name} lies on another grid than the T1w ({difference}), expected the T1w's")
    if images["window"]["on_outside"] == "exclude":
        found += outside(files.sidecar(), **_window(images))
    by_hand = files.by_hand()
    found += check_override(by_hand["override"], scheme)
    fractured = by_hand["fractured"]
    if not isinstance(fractured, list) or not all(is_level(name) for name in fractured):
        found.append(f"Fractured is {fractured!r}, expected a list of levels, e.g. ['L1']")
    if files.csf is None and images["csf"]["source"] == "mask":
        found.append("found no mask label-CSF, expected it for images.csf.source: mask")
    elif files.csf is None and scheme.csf is None and scheme.canal is None:
        found.append("found no mask label-CSF, expected it as the scheme has neither csf nor canal")
    return found


def _labels(path: Path) -> np.ndarray:
    labels, _ = read_image(path)
    if not (labels == np.rint(labels)).all():
        raise InputError(f"{path.name}: found values that are no whole numbers, expected labels")
    return labels


def _with_given_fluid(spine: Structures, scheme: Scheme, files: SpineT1w, grid: Grid, source: str) -> Structures:
    """Take the given mask where it is asked for or there is nothing else; it does not say where the canal ends."""
    if source == "labels" and (scheme.csf is not None or scheme.canal is not None):
        return spine
    csf = grid.there(read_image(files.csf)[0]) > 0.5
    return Structures(spine.vertebrae, spine.sacrum, spine.canal, spine.cord, csf & ~spine.cord)


def _levels(spine: Structures, scheme: Scheme, spacing, images: dict) -> tuple[dict[str, np.ndarray], Levels]:
    """Return the bodies from T12 down and what is to be said of them."""
    wanted = {name: mask for name, mask in spine.vertebrae.items() if name == "T12" or name[0] == "L"}
    chosen, margin, bodies, counts = images["levels"], images["body"]["margin_mm"], {}, {}
    for name, mask in wanted.items():
        try:
            whole = mask if scheme.body_only else body_of(mask, spine.canal, spacing, name=name, margin_mm=margin)
        except InputError:
            if name in chosen["required"]:
                raise
            continue
        if whole.any():
            bodies[name], counts[name] = pieces(whole)
    settings = {key: chosen[key] for key in ("required", "contact_mm", "spacing_ratio", "minimum_slices")}
    levels = check_levels(bodies, spine.sacrum, counts, spacing, needs_sacrum=chosen["sacrum"], **settings)
    if chosen["on_doubt"] == "exclude":
        Findings.raise_from(levels.doubts)
    if levels.transitional and chosen["on_transitional"] == "exclude":
        raise InputError(_transition(bodies))
    if not any(name in MEASURED for name in bodies):
        raise InputError("the label map has no lumbar body that could be measured")
    return bodies, levels


def _even(t1w: np.ndarray, spine: Structures, spacing, *, air: float, around_mm: float, **settings):
    everything = np.any([*spine.vertebrae.values(), spine.sacrum, spine.canal, spine.csf], axis=0)
    near = around(t1w, everything, spacing, air=air, around_mm=around_mm)
    return correct_bias(t1w, near, np.diag([*spacing, 1.0]), **settings)


def _fluid(even, spine: Structures, bodies, spacing, chosen: dict, *, doubted: bool) -> tuple[np.ndarray, str]:
    settings = {key: chosen[key] for key in ("slices", "erosion_mm", "front", "minimum_voxels", "maximum_ratio")}
    order = (chosen["level"], *(level for level in chosen["fallback"] if level != chosen["level"]))
    canal = spine.canal | spine.csf
    beside, level = fluid(even, spine.csf, canal, bodies, spacing, levels=order, **settings)
    if not level and not doubted:
        least = f"expected at least {chosen['minimum_voxels']} voxels"
        raise InputError(f"found too little CSF beside {', '.join(order)}, {least} away from everything else")
    return beside, level


def _notes(levels: Levels, bodies: dict, override: dict) -> list[str]:
    notes = [_transition(bodies)] if levels.transitional else []
    return notes + (["named by hand: " + ", ".join(f"{o} is {n}" for o, n in override.items())] if override else [])


def _transition(bodies: dict) -> str:
    lowest = [name for name in bodies if name[0] == "L"][-1]
    return f"{lowest} lies on the sacrum, expected L5: a transitional vertebra, or levels that are named wrongly"


def _coded(bodies: dict, inside: dict, beside: np.ndarray) -> tuple[np.ndarray, dict[str, int]]:
    regions, codes = np.zeros(beside.shape, np.uint8), {"csf": CSF}
    for name in inside:
        code = int(name[1:])
        regions[bodies[name]], codes[f"{name}_body"] = BODY + code, BODY + code
        regions[inside[name]], codes[name] = code, code
    regions[beside] = CSF
    return regions, codes


def _quality(levels: Levels, spacing) -> dict[str, float]:
    names = ("slices", "spacing_mm", "sacrum_mm")
    return {"slice_mm": spacing[0], **{name: getattr(levels, name) for name in names}}


def _signal(bodies: dict, beside: np.ndarray, image: np.ndarray, field: np.ndarray) -> dict[str, float]:
    near, signal = field[np.any([*bodies.values(), beside], axis=0)], image[beside].astype(float)
    variation = float(signal.std() / signal.mean()) if signal.size else float("nan")
    return {"csf_variation": variation, "bias_range": float(near.max() / near.min())}
