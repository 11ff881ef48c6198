"""An example patient: susceptibility in three planes through the lesion, its outline drawn."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recohort.core.errors import InputError
from recohort.figures.planes import canonical, edge_letters
from recohort.figures.style import BLACK, VERMILLION, new_figure, styled

PLANES = (("Sagittal", (1, 2), "PA"), ("Coronal", (0, 2), "LR"), ("Axial", (0, 1), "LR"))
"""Name, the axes drawn rightwards and upwards, and the letters of the left and right edges."""


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    range_ppm: list[float],
    field_of_view: float | None,
) -> Figure:
    """Draw sagittal, coronal and axial slices through the centroid of the lesion, in physical proportions.

    Parameters
    ----------
    frames : mapping
        ``chimap``, ``mask`` and, where there is one, ``magnitude``: each an array and its affine.
    columns : mapping
        Declared columns (unused here; every kind has the same face).
    synthetic : bool
        The cohort is synthetic.
    range_ppm : list of float
        Susceptibilities drawn black and white.
    field_of_view : float or None
        Side of the square around the centroid in mm; the whole image where none is given.
    """
    mask, affine = canonical(*frames["mask"])
    if not mask.any():
        raise InputError("the example patient's lesion mask is empty, expected at least one voxel")
    images = [("chimap", "Susceptibility")]
    images += [("magnitude", "Magnitude")] if "magnitude" in frames else []
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    centre = np.argwhere(mask > 0.5).mean(axis=0)
    voxel = np.round(centre).astype(int)
    figure = new_figure("double", 10 + 56 * len(images) + (5 if synthetic else 0), synthetic=synthetic)
    panels = figure.subplots(len(images), 3, squeeze=False)
    for row, (name, title) in zip(panels, images, strict=True):
        data, _ = canonical(*frames[name])
        if data.shape != mask.shape:
            raise InputError(f"the example patient's {name} has shape {data.shape}, expected the mask's {mask.shape}")
        window = range_ppm if name == "chimap" else [0, float(np.percentile(data, 99.5))]
        for axes, plane in zip(row, PLANES, strict=True):
            shown = _slice(axes, data, mask, plane, voxel, spacing, window, field_of_view)
        row[0].set_ylabel(title)
        if name == "chimap":
            figure.colorbar(shown, ax=list(row), label="Susceptibility (ppm)", shrink=0.8, aspect=18, extend="both")
    for axes, (name, _, _) in zip(panels[0], PLANES, strict=True):
        axes.set_title(name)
    return figure


def images(frames: Mapping[str, object], *, folder: Path, participant: str | None, **_: object) -> dict[str, Path]:
    """Return the images that are drawn, name -> file; `folder` is where the study's own images lie."""
    chosen = example(frames["images/status"], participant=participant)
    return {"chimap": folder / chosen["chimap"], "mask": Path(chosen["mask"])}


def example(status: pd.DataFrame, *, participant: str | None) -> pd.Series:
    """Return the row of the images' status (``chimap``, ``mask``) of the patient to be shown.

    Parameters
    ----------
    status : DataFrame
        ``participant_id, status, chimap, mask``.
    participant : str or None
        Who is shown; without one the first patient with a map and a mask.

    Raises
    ------
    InputError
        The patient, or any, has no map and mask.
    """
    ready = status[(status["status"] != "excluded") & status["chimap"].notna() & status["mask"].notna()]
    found = ready if participant is None else ready[ready["participant_id"] == participant]
    if found.empty:
        who = "nobody" if participant is None else f"'{participant}'"
        raise InputError(
            f"figure of kind 'map': expected a susceptibility map and a lesion mask, found none with both for {who}"
        )
    return found.iloc[0]


def _slice(
    axes: Axes,
    data: np.ndarray,
    mask: np.ndarray,
    plane: tuple[str, tuple[int, int], str],
    voxel: np.ndarray,
    spacing: np.ndarray,
    window: list[float],
    field_of_view: float | None,
) -> object:
    _, (right, up), letters = plane
    across = ({0, 1, 2} - {right, up}).pop()
    picture, outline = (np.take(image, voxel[across], axis=across).T for image in (data, mask))
    size = [data.shape[axis] * spacing[axis] for axis in (right, up)]
    shown = axes.imshow(
        picture, cmap="gray", vmin=window[0], vmax=window[1], origin="lower", extent=(0, size[0], 0, size[1])
    )
    places = [(np.arange(data.shape[axis]) + 0.5) * spacing[axis] for axis in (right, up)]
    if outline.any() and min(outline.shape) > 1:
        axes.contour(*places, outline, levels=[0.5], colors=[VERMILLION], linewidths=0.9)
    if field_of_view is not None:
        middle = [(voxel[axis] + 0.5) * spacing[axis] for axis in (right, up)]
        axes.set_xlim(middle[0] - field_of_view / 2, middle[0] + field_of_view / 2)
        axes.set_ylim(middle[1] - field_of_view / 2, middle[1] + field_of_view / 2)
    axes.set(xticks=[], yticks=[], aspect="equal", facecolor=BLACK)
    axes.spines[:].set_visible(False)
    edge_letters(axes, letters, height=0.5)
    return shown
