"""How well the chain recovers a known truth: measured against true values of a synthetic cohort."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from recohort.core.errors import InputError
from recohort.figures.style import BLUE, GREY, VERMILLION, new_figure, styled
from recohort.tables import format as fmt
from recohort.tables.words import labelled


@styled
def draw(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    truth: str,
    metric: str,
    digits: int,
    width: str,
) -> Figure:
    """Draw a metric as measured against its true value, with identity, regression line and correlation.

    Parameters
    ----------
    frames : mapping
        ``cohort/assembled`` and ``synthetic/truth``, both with ``participant_id``.
    columns : mapping
        Declared columns: name -> unit, label.
    synthetic : bool
        The cohort is synthetic; there is no truth to compare with otherwise.
    truth : str
        Column of the truth.
    metric : str
        Column of the cohort.
    digits : int
        Decimals of slope, intercept and correlation.
    width : str
        ``single | double``.
    """
    if not synthetic:
        raise InputError("figure of kind 'recovery': the cohort is not synthetic, so there is no truth to compare with")
    both = frames["cohort/assembled"][["participant_id", metric]].merge(
        frames["synthetic/truth"][["participant_id", truth]].rename(columns={truth: "truth"}), on="participant_id"
    )
    both = both.dropna()
    figure = new_figure(width, {"single": 89, "double": 130}[width], synthetic=synthetic)
    axes = figure.add_subplot()
    low = min(both["truth"].min(), both[metric].min())
    high = max(both["truth"].max(), both[metric].max())
    margin = 0.04 * (high - low)
    line = np.array([low - margin, high + margin])
    slope, intercept = np.polyfit(both["truth"], both[metric], 1)
    r = np.corrcoef(both["truth"], both[metric])[0, 1]
    axes.plot(line, line, color=GREY, ls=(0, (4, 2)), lw=0.8, label="Identity")
    text = f"Slope {fmt.number(slope, digits=digits)}, intercept {fmt.number(intercept, digits=digits)}"
    axes.plot(line, intercept + slope * line, color=VERMILLION, label=f"{text}, r={fmt.number(r, digits=digits)}")
    axes.scatter(both["truth"], both[metric], s=8, color=BLUE, alpha=0.6, linewidths=0)
    measured = labelled(metric, columns)
    axes.set(xlim=line, ylim=line, aspect="equal", xlabel="True value", ylabel=f"Measured: {measured}")
    unit = columns.get(metric, {}).get("unit")
    axes.set_xlabel(f"True value ({unit})" if unit else "True value")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", title=f"n={len(both)}")
    return figure
