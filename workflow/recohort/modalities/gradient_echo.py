"""What kinds with a susceptibility map share: a participant's files to the map, reconstructed or taken over."""

import numpy as np

from recohort.core.errors import Findings
from recohort.core.io import read_image, read_json, sidecar_of
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
