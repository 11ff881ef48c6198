"""Example segmentations, chosen by rule: the slice with most lesion and its largest lesion, bare and outlined."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from scipy import ndimage

from recohort.core.errors import InputError
from recohort.figures.planes import canonical, edge_letters
from recohort.figures.style import BLACK, ORANGE, SKY, new_figure, styled
from recohort.tables import format as fmt

KIND = "figure of kind 'segmentations'"
OUTLINES = {"found": (ORANGE, "-", "Segmentation"), "truth": (SKY, (0, (2, 1.5)), "Truth")}
MARGIN_MM = 12
"""What is seen around the brain."""

HALO = [withStroke(linewidth=2.4, foreground="black")]
TEXT_SHARE, BAR_MM, ZOOM_BAR_MM = 0.62, 50, 10
"""Width of a row's words over its height; lengths of the scale bars."""


class Head(NamedTuple):
    """One participant's arrays with axes to the right, to the front and upwards; `truth` may be None."""

    ct: np.ndarray
    found: np.ndarray
    brain: np.ndarray
    truth: np.ndarray | None
    spacing: np.ndarray

    @property
    def slice(self) -> int:
        """The axial slice with most lesion; without lesion with most of the truth, then with most brain."""
        seen = next(mask for mask in (self.found, self.truth, self.brain) if mask is not None and mask.any())
        return int(seen.sum(axis=(0, 1)).argmax())

    def ml(self, mask: np.ndarray) -> float:
        """The volume of a mask in mL."""
        return float(mask.sum() * np.prod(self.spacing) / 1000)


def images(
    frames: Mapping[str, object],
    *,
    folder: Path,
    column: str,
    quantiles: Sequence[float],
    participants: Sequence[str],
    **_: object,
) -> dict[str, Path]:
    """Return the images that are drawn, ``<participant>/<name>`` -> file; `folder` is where the study's own lie."""
    chosen = examples(frames["images/status"], column=column, quantiles=quantiles, participants=participants)
    files = {}
    for row in chosen.to_dict("records"):
        places = {"ct": Path(row["ct"]), "found": folder / row["mask"], "brain": folder / row["brain"]}
        places |= {"truth": Path(row["truth"])} if pd.notna(row.get("truth")) else {}
        files |= {f"{row['participant_id']}/{name}": path for name, path in places.items()}
    return files


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    column: str,
    label: str,
    quantiles: Sequence[float],
    participants: Sequence[str],
    window_hu: Sequence[float],
    zoom_mm: float,
    digits: int,
    panel_height: float,
) -> Figure:
    """Draw a row of four panels for each participant, as radiologists see them: the patient's right on the left.

    Parameters
    ----------
    frames : mapping
        ``images/status``, and of each participant that `examples` chooses ``<participant>/ct, found, brain`` and, where
        it is known, ``truth``: an array and its affine.
    columns : mapping
        Declared columns (unused here; every kind has the same face).
    column, quantiles, participants
        As in `examples`.
    label : str
        What the column is called.
    window_hu : sequence of float
        HU drawn black and white.
    zoom_mm : float
        Side of the enlarged square in mm.
    digits : int
        Decimals of volumes and of the overlap.
    panel_height : float
        Height of a row in mm.

    Raises
    ------
    InputError
        A participant has no segmentation, or its images differ in shape.
    """
    status = frames["images/status"]
    chosen = examples(status, column=column, quantiles=quantiles, participants=participants)
    heads = [_head(frames, participant) for participant in chosen["participant_id"]]
    sizes = np.array([[hi - lo for lo, hi in _extent(head)] for head in heads]).max(axis=0)
    widths = [TEXT_SHARE, *[sizes[0] / sizes[1]] * 2, 1, 1]
    figure = new_figure("double", panel_height * len(heads) + 16, synthetic=False)
    rows = figure.subplots(len(heads), 5, squeeze=False, width_ratios=widths)
    for panels, head, (participant, shown) in zip(
        rows, heads, chosen[["participant_id", "shown"]].itertuples(index=False), strict=True
    ):
        _words(panels[0], _said(participant, shown, head, digits))
        middle = [(lo + hi) / 2 for lo, hi in _extent(head)]
        for axes, outlined in ((panels[1], False), (panels[2], True)):
            _panel(axes, head, window_hu, middle, sizes, BAR_MM, outlined=outlined)
        for axes, outlined in ((panels[3], False), (panels[4], True)):
            _panel(axes, head, window_hu, _focus(head), [zoom_mm] * 2, ZOOM_BAR_MM, outlined=outlined)
    for axes, title in zip(rows[0, 1:], ("CT", "Segmentation", "CT, enlarged", "Segmentation, enlarged"), strict=True):
        axes.set_title(title)
    known = ["found", *(["truth"] if any(head.truth is not None for head in heads) else [])]
    handles = [Line2D([], [], color=OUTLINES[name][0], ls=OUTLINES[name][1], label=OUTLINES[name][2]) for name in known]
    n = len(_ready(status, column))
    rule = "" if participants else f" Participants nearest to quantiles of {label} (n={n})."
    said = f"Window {window_hu[0]:g} to {window_hu[1]:g} HU; axial slice with most lesion.{rule}"
    legend = figure.legend(handles=handles, loc="outside lower center", ncols=2, title=said, title_fontsize=6.5)
    for line in legend.get_lines():
        line.set_linewidth(1.6)
    return figure


def examples(
    status: pd.DataFrame, *, column: str, quantiles: Sequence[float], participants: Sequence[str]
) -> pd.DataFrame:
    """Return the rows of the images' status of whom is shown, and as what (column `shown`).

    Parameters
    ----------
    status : DataFrame
        ``participant_id, status, ct, mask, brain``, and `column`.
    column : str
        The number by which they are chosen.
    quantiles : sequence of float
        Of each the nearest participant, in this order; who is nearest to several is shown once, for the nearest.
    participants : sequence of str
        Who is shown in place of these.

    Raises
    ------
    InputError
        These images have no such columns, or a participant or anyone has no segmentation.
    """
    ready = _ready(status, column)
    if participants:
        absent = [name for name in participants if name not in set(ready["participant_id"])]
        if absent:
            raise InputError(f"{KIND}: found no segmentation and {column} of {', '.join(absent)}, expected both")
        return ready.set_index("participant_id").loc[list(participants)].reset_index().assign(shown="")
    values = ready[column].to_numpy()
    apart = np.abs(values[:, None] - np.quantile(values, quantiles))
    nearest, distance = apart.argmin(axis=0), apart.min(axis=0)
    kept = [place for place, who in enumerate(nearest) if place == np.where(nearest == who, distance, np.inf).argmin()]
    return ready.iloc[nearest[kept]].assign(shown=[_name(quantiles[place]) for place in kept])


def _ready(status: pd.DataFrame, column: str) -> pd.DataFrame:
    needed = ["ct", "mask", "brain", column]
    if missing := [name for name in needed if name not in status]:
        raise InputError(f"{KIND}: the images' status has no {', '.join(missing)}, expected segmentations of CT")
    ready = status[status["status"] != "excluded"].dropna(subset=needed).sort_values("participant_id")
    if ready.empty:
        raise InputError(f"{KIND}: found nobody with a segmentation and {column}, expected at least one")
    return ready.astype({column: float})


def _name(quantile: float) -> str:
    return {0.0: "Lowest", 0.5: "Median", 1.0: "Highest"}.get(float(quantile), f"Percentile {100 * quantile:g}")


def _head(frames: Mapping[str, object], participant: str) -> Head:
    ct, affine = canonical(*frames[f"{participant}/ct"])
    masks = {}
    for name in ("found", "brain", "truth"):
        if f"{participant}/{name}" not in frames:
            masks[name] = None
            continue
        mask, _ = canonical(*frames[f"{participant}/{name}"])
        if mask.shape != ct.shape:
            raise InputError(f"{KIND}: {participant}: {name} has shape {mask.shape}, expected the CT's {ct.shape}")
        masks[name] = mask > 0.5
    return Head(ct=ct, **masks, spacing=np.linalg.norm(affine[:3, :3], axis=0))


def _extent(head: Head) -> list[tuple[float, float]]:
    """Return from and to which mm the brain of the slice reaches, with the margin, to the right and to the front."""
    brain = head.brain[:, :, head.slice]
    ends = []
    for axis in (0, 1):
        line = np.flatnonzero(brain.any(axis=1 - axis))
        low, high = (line[0], line[-1] + 1) if len(line) else (0, brain.shape[axis])
        ends.append((low * head.spacing[axis] - MARGIN_MM, high * head.spacing[axis] + MARGIN_MM))
    return ends


def _focus(head: Head) -> list[float]:
    """Return the middle of the slice's largest lesion, found or else true, or of its brain, in mm."""
    planes = [mask[:, :, head.slice] for mask in (head.found, head.truth, head.brain) if mask is not None]
    plane = next(plane for plane in planes if plane.any())
    labels, _ = ndimage.label(plane, np.ones((3, 3)))
    largest = labels == np.bincount(labels.ravel())[1:].argmax() + 1
    return [
        float((place + 0.5) * size) for place, size in zip(np.argwhere(largest).mean(0), head.spacing, strict=False)
    ]


def _panel(
    axes: Axes,
    head: Head,
    window: Sequence[float],
    middle: Sequence[float],
    sizes: Sequence[float],
    bar_mm: float,
    *,
    outlined: bool,
) -> None:
    """Draw the slice `sizes` mm wide and high around `middle`."""
    place, (right, front) = head.slice, head.spacing[:2]
    width, height = head.ct.shape[0] * right, head.ct.shape[1] * front
    window = {"vmin": window[0], "vmax": window[1]}
    axes.imshow(head.ct[:, :, place].T, cmap="gray", origin="lower", extent=(0, width, 0, height), **window)
    for name in ("truth", "found") if outlined else ():
        mask, (colour, dashes, _) = getattr(head, name), OUTLINES[name]
        if mask is not None and mask[:, :, place].any():
            x, y = ((np.arange(count) + 0.5) * size for count, size in zip(mask.shape, (right, front), strict=False))
            axes.contour(x, y, mask[:, :, place].T, levels=[0.5], colors=[colour], linewidths=0.8, linestyles=[dashes])
    axes.set_xlim(middle[0] + sizes[0] / 2, middle[0] - sizes[0] / 2)
    axes.set_ylim(middle[1] - sizes[1] / 2, middle[1] + sizes[1] / 2)
    axes.set(xticks=[], yticks=[], aspect="equal", facecolor=BLACK)
    axes.spines[:].set_visible(False)
    edge_letters(axes, "RL", height=0.94)
    _bar(axes, bar_mm / sizes[0], f"{bar_mm:g} mm")


def _bar(axes: Axes, share: float, text: str) -> None:
    """Draw a scale bar that is this share of the panel's width."""
    line = {"transform": axes.transAxes, "color": "white", "lw": 1.2, "path_effects": HALO, "solid_capstyle": "butt"}
    axes.add_line(Line2D([0.97 - share, 0.97], [0.035, 0.035], **line))
    place = {"transform": axes.transAxes, "ha": "right", "va": "bottom"}
    axes.text(0.97, 0.05, text, color="white", fontsize=5.5, path_effects=HALO, **place)


def _said(participant: str, shown: str, head: Head, digits: int) -> list[str]:
    lines = [shown, participant, f"Segmented {fmt.number(head.ml(head.found), digits=digits)} mL"]
    if head.truth is not None:
        lines.append(f"True {fmt.number(head.ml(head.truth), digits=digits)} mL")
    return [line for line in lines if line]


def _words(axes: Axes, lines: Sequence[str]) -> None:
    axes.set(xticks=[], yticks=[])
    axes.axis("off")
    axes.text(0, 0.5, "\n".join(lines), transform=axes.transAxes, va="center", fontsize=6.5, linespacing=1.5)
