"""Balance of the groups before and after matching: one line per covariate."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from recohort.figures.style import BLUE, GREY, PALE, VERMILLION, new_figure, styled
from recohort.tables.words import label_of, level_of

SAMPLES = {"all": ("Before matching", VERMILLION, "o"), "matched": ("After matching", BLUE, "D")}


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
    """Draw absolute standardised mean differences before and after matching.

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
    before = balance[balance["sample"] == "all"].set_index("label")[smd].abs()
    labels = list(before.sort_values(kind="stable").index)
    figure = new_figure(width, 22 + 5.5 * len(labels) + (5 if synthetic else 0), synthetic=synthetic)
    axes = figure.add_subplot()
    axes.hlines(range(len(labels)), 0, 1, transform=axes.get_yaxis_transform(), color=PALE, lw=0.5, zorder=0)
    for sample, (text, colour, marker) in SAMPLES.items():
        found = balance[balance["sample"] == sample].set_index("label")[smd].abs()
        axes.scatter(
            [found.get(label) for label in labels], range(len(labels)), s=18, color=colour, marker=marker, label=text
        )
    axes.axvline(threshold, color=GREY, ls=(0, (4, 2)), lw=0.8, label=f"{threshold:g}")
    axes.axvline(0, color="black", lw=0.6)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlim(left=-0.01)
    axes.set_xlabel("Absolute standardised mean difference")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _label(row: tuple[str, object], columns: Mapping[str, dict]) -> str:
    covariate, level = row
    if level != level or level in (None, "") or columns.get(covariate, {}).get("type") == "boolean":
        return label_of(covariate, columns)
    return f"{label_of(covariate, columns)}: {level_of(level)}"
