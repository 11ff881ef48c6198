"""Table 4: how well each metric tells the groups apart, and what its threshold costs."""

from collections.abc import Mapping

import pandas as pd

from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.table import Column, Row, Table, finished
from recohort.tables.words import labelled, method_of, with_interval

AT = "At the threshold"


def build(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    level: float | None,
    title: str,
    models: list[str],
    labels: Mapping[str, str],
    digits: int,
    percent_digits: int,
    threshold_digits: int,
) -> Table:
    """Build the table of ROC analyses.

    Parameters
    ----------
    frames : mapping
        ``models/roc/<name>`` of every model.
    columns : mapping
        Declared columns: name -> unit, label.
    synthetic : bool
        The cohort is synthetic.
    level : float or None
        Level of the intervals.
    title : str
        Title of the table.
    models : list of str
        Names of the ROC analyses, in printed order.
    labels : mapping
        Name of an analysis -> how its row is called; others by their score.
    digits, percent_digits, threshold_digits : int
        Decimals of the AUC, of sensitivity and specificity, and of the threshold.

    Returns
    -------
    Table
    """
    all_estimates = [pick.frame_of(frames, f"models/roc/{name}") for name in models]
    corrected = any(_corrected(estimates, "sensitivity") is not None for estimates in all_estimates)
    at = with_interval(AT, level)
    beside = [Column("corrected", at)] if corrected else []
    headings = [Column("Predictor"), *(Column(with_interval(text, level)) for text in ("AUC", "Threshold"))]
    headings += [Column("Sensitivity, %", at), *beside, Column("Specificity, %", at), *beside]
    rows, notes = [], []
    for name, estimates in zip(models, all_estimates, strict=True):
        found = {
            quantity: pick.first(estimates, quantity=quantity)
            for quantity in ("auc", "threshold", "sensitivity", "specificity")
        }
        auc = pick.one(estimates, f"models.roc.{name}", quantity="auc")
        cells = [labels.get(name) or labelled(auc["term"], columns), fmt.estimate(*pick.interval(auc), digits=digits)]
        cells.append(fmt.estimate(*pick.interval(found["threshold"]), digits=threshold_digits))
        for quantity in ("sensitivity", "specificity"):
            cells.append(fmt.percent_estimate(*pick.interval(found[quantity]), digits=percent_digits))
            if corrected:
                cells.append(fmt.percent(_corrected(estimates, quantity), digits=percent_digits))
        rows.append(Row(tuple(cells)))
        of_whom = f"{labels[name]}: " if name in labels else ""
        notes.append(f"{of_whom}n={fmt.count(auc['n'])}, {fmt.count(auc['n_events'])} in the positive class.")
        notes += [
            f"{label}: {method_of(pick.value(found[quantity], 'method'))}."
            for quantity, label in (
                ("auc", "Interval of the AUC"),
                ("threshold", "Threshold"),
                ("sensitivity", "Intervals of sensitivity and specificity"),
            )
            if pick.value(found[quantity], "method")
        ]
    if corrected:
        notes.append("Corrected: less the optimism of choosing and testing on the same patients (bootstrap).")
    return finished(frames, title=title, columns=headings, rows=rows, footnotes=notes, synthetic=synthetic)


def _corrected(estimates: pd.DataFrame, quantity: str) -> float | None:
    return pick.value(pick.first(estimates, quantity=f"{quantity}_corrected"))
