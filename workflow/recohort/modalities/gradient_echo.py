"""What kinds with a susceptibility map share: a participant's files to the map, reconstructed or taken over."""

import functools
from collections.abc import Callable

import numpy as np

from recohort.core.derivatives import Derivatives
from recohort.core.errors import Findings
from recohort.core.io import read_image, read_json, sidecar_of
from recohort.images.overlay import axial, png
from recohort.images.qsm.acquisition import check_acquisition, echo_times, field_strength
from recohort.images.qsm.ready import Ready, adopt
from recohort.images.qsm.reconstruction import Reconstruction, reconstruct
from recohort.modalities.qsm.files import GradientEcho

EXTRA = {"field_map": "desc-total_fieldmap", "local_field": "desc-local_fieldmap"}
"""What `images.save` may name, and the file's name."""
WINDOW_PPM, PIXEL_MM, MARGIN_MM, SLICES = (-0.1, 0.2), 1.0, 4, 3
"""Of the overlay: what is black and white, the edge of a pixel, what is seen around the map, how many slices."""


def make_maps(
    files: GradientEcho, masks: dict[str, np.ndarray | None], settings: dict
) -> tuple[Reconstruction | Ready, str, np.ndarray]:
    """Return the maps of a participant's files, whether they were ``reconstructed`` or ``imported``, and their affine.

    Parameters
    ----------
    files : GradientEcho
        Whose.
    masks : dict
        ``brain_mask, lesion_mask, csf_mask``, each (x, y, z) or None.
    settings : dict
        Keyword arguments of `reconstruct`, the sections of the study.

    Raises
    ------
    InputError
        The images are wrong.
    """
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


def write_maps(
    out: Derivatives, maps: Reconstruction | Ready, affine: np.ndarray, *, record: dict, extra: list[str]
) -> str:
    """Write the map, where it is known and what else is asked for; return the path of the map below the dataset.

    Parameters
    ----------
    out : Derivatives
        Where to.
    maps : Reconstruction or Ready
        Of which.
    affine : ndarray
        Of their grid.
    record : dict
        The sidecar of the map.
    extra : list of str
        Which of `EXTRA` to write beside them.
    """
    chimap = out.write("Chimap", maps.chimap, affine, record)
    out.write("desc-kept_mask", maps.kept.astype(np.uint8), affine, {"Type": "Brain"})
    for name in extra:
        out.write(EXTRA[name], getattr(maps, name), affine, {**maps.record, "Units": "ppm"})
    return chimap


def write_picture(
    out: Derivatives, maps: Reconstruction | Ready, affine: np.ndarray, found: np.ndarray, *, slices: Callable
) -> str:
    """Write slices of the map as a PNG; return its path below the dataset.

    Parameters
    ----------
    out : Derivatives
        Where to.
    maps : Reconstruction or Ready
        Of which.
    affine : ndarray
        Of their grid.
    found : ndarray of bool or int, (x, y, z)
        What is outlined on the map.
    slices : callable
        Chooses which slices: `fullest_slices` or `spread_slices`.
    """
    picture = axial(
        maps.chimap,
        affine,
        found,
        around=maps.kept,
        slices=functools.partial(slices, count=SLICES),
        pixel_mm=PIXEL_MM,
        margin_mm=MARGIN_MM,
        window=WINDOW_PPM,
    )
    path = out.folder / f"{out.stem}_desc-overlay_Chimap.png"
    path.write_bytes(png(picture))
    return path.relative_to(out.root).as_posix()
