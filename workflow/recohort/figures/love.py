"""Balance of the groups before and after matching or weighting: one line per covariate."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from recohort.figures.style import BLUE, GREEN, GREY, PALE, VERMILLION, new_figure, styled
from recohort.tables.words import label_of, level_of

SAMPLES = {
    "all": ("Before", VERMILLION, "o"),
    "matched": ("After matching", BLUE, "D"),
    "weighted": ("After weighting", GREEN, "s"),
}


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    smd: str,
    threshold: float,
    width: str,
) -> Figure:
    """Draw absolute standardised mean differences of every sample that the balance holds.

    Parameters
    ----------
    frames : mapping
        ``cohort/balance``.
    columns : mapping
        Declared columns: name -> type, label.
    synthetic : bool
        The cohort is synthetic.
    smd : str
        Column that is drawn: ``smd_pooled | smd_treated``.
    threshold : float
        Size of the difference that is taken as balance.
    width : str
        ``single | double``.
    """
    balance = frames["cohort/balance"].copy()
    balance["label"] = [
        _label(row, columns) for row in balance[["covariate", "level"]].itertuples(index=False, name=None)
    ]
    found = {sample: part.set_index("label") for sample, part in balance.groupby("sample")}
    labels = list(found["all"][smd].abs().sort_values(kind="stable").index)
    places = np.arange(len(labels))
    figure = new_figure(width, 26 + 5.5 * len(labels) + (5 if synthetic else 0), synthetic=synthetic)
    axes = figure.add_subplot()
    axes.hlines(places, 0, 1, transform=axes.get_yaxis_transform(), color=PALE, lw=0.5, zorder=0)
    for sample, (text, colour, marker) in SAMPLES.items():
        if sample in found:
            sizes = found[sample][smd].abs().reindex(labels).to_numpy(dtype=float)
            text = _counted(text, found[sample])
            axes.scatter(sizes, places, s=18, color=colour, marker=marker, label=text, clip_on=False, zorder=3)
    axes.axvline(threshold, color=GREY, ls=(0, (4, 2)), lw=0.8, label=f"Balance: below {threshold:g}")
    axes.axvline(0, color="black", lw=0.6)
    axes.set_yticks(places, labels)
    axes.set_ylim(-0.6, len(labels) - 0.4)
    axes.set_xlim(left=0)
    axes.set_xlabel("Absolute standardised mean difference")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    handles, texts = axes.get_legend_handles_labels()
    per_row = len(handles) if width == "double" else 2
    figure.legend(handles, texts, loc="outside lower center", ncols=per_row)
    return figure


def _label(row: tuple[str, object], columns: Mapping[str, dict]) -> str:
    covariate, level = row
    if level != level or level in (None, "") or columns.get(covariate, {}).get("type") == "boolean":
        return label_of(covariate, columns)
    return f"{label_of(covariate, columns)}: {level_of(level)}"


def _counted(text: str, rows: pd.DataFrame) -> str:
    """Return the sample's words with its size, where the balance gives it."""
    sizes = rows.reindex(columns=["n_treated", "n_control"]).sum(axis=1, skipna=False)
    return f"{text} (n={sizes.max():.0f})" if sizes.notna().any() else text
