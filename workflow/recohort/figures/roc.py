"""ROC curves of several predictors, their thresholds marked."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from recohort.figures.style import DASHES, GREY, MARKERS, SERIES, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.words import label_of, with_interval


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    level: float | None,
    models: list[str],
    digits: int,
    width: str,
) -> Figure:
    """Draw ROC curves with the AUC and its interval in the legend.

    Parameters
    ----------
    frames : mapping
        ``models/roc/<name>`` and ``models/roc/<name>.curve`` (sensitivity, specificity; conf_low, conf_high for a band)
        of every model.
    columns : mapping
        Declared columns: name -> label.
    synthetic : bool
        The cohort is synthetic.
    level : float or None
        Level of the bands.
    models : list of str
        Names of the ROC analyses.
    digits : int
        Decimals of the AUC.
    width : str
        ``single | double``.
    """
    size = {"single": 82, "double": 130}[width]
    figure = new_figure(width, size + 8 + 4 * len(models) + (5 if synthetic else 0), synthetic=synthetic)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=GREY, ls=(0, (2, 2)), lw=0.7, label="Chance")
    sizes, banded = set(), False
    for place, name in enumerate(models):
        estimates = pick.frame_of(frames, f"models/roc/{name}")
        curve = pick.frame_of(frames, f"models/roc/{name}.curve")
        colour = SERIES[place % len(SERIES)]
        auc = pick.one(estimates, f"models.roc.{name}", quantity="auc")
        sizes.add(f"n={fmt.count(auc['n'])}, {fmt.count(auc['n_events'])} in the positive class")
        text = f"{label_of(auc['term'], columns)}: AUC {fmt.estimate(*pick.interval(auc), digits=digits)}"
        points = (1 - curve["specificity"], curve["sensitivity"])
        if "conf_low" in curve:
            banded = True
            band = curve.dropna(subset=["conf_low", "conf_high"])
            axes.fill_between(
                1 - band["specificity"], band["conf_low"], band["conf_high"], color=colour, alpha=0.13, lw=0
            )
        axes.plot(*points, color=colour, ls=DASHES[place % len(DASHES)], label=text, clip_on=False)
        chosen = [pick.value(pick.first(estimates, quantity=word)) for word in ("specificity", "sensitivity")]
        if None not in chosen:
            axes.plot(
                [1 - chosen[0]],
                [chosen[1]],
                marker=MARKERS[place % len(MARKERS)],
                ms=5,
                color=colour,
                mec="white",
                mew=0.6,
                zorder=5,
            )
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel="1 − specificity", ylabel="Sensitivity")
    title = "; ".join(sorted(sizes)) + "\nMarker: threshold" + (f"; {with_interval('band', level)}" if banded else "")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles[1:] + handles[:1], labels[1:] + labels[:1], loc="outside lower center", title=title)
    return figure
