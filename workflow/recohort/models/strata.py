"""Strata of risk: how many of several metrics lie at or above their thresholds."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.models.accuracy.proportion import proportion_interval
from recohort.models.design import binary, complete_rows, numbers
from recohort.models.result import Result, result, row


def fit(
    cohort: pd.DataFrame,
    *,
    name: str,
    thresholds: dict[str, dict],
    labels: list[str],
    event: str | None,
    level: float,
    results: Mapping[str, pd.DataFrame],
) -> Result:
    """Divide participants by the number of metrics at or above their thresholds.

    Parameters
    ----------
    cohort : DataFrame
        One row per participant, with ``participant_id``.
    name : str
        What the column of strata is called.
    thresholds : dict
        Metric column -> ``{"value": threshold}``, in the metric's unit, or ``{"from": name}`` of a ROC analysis.
    labels : list of str
        Names of the strata from none to all metrics high; one more than there are thresholds.
    event : str or None
        Column of the event, 0 or 1, for the share of events by stratum.
    level : float
        Confidence level of that share (Wilson).
    results : mapping
        ``models/roc/<name>`` of the ROC analyses named.

    Returns
    -------
    Result
        By stratum (`term`): ``n``, and with `event` ``event_share``. Curve: ``participant_id, <name>``; the cell is
        empty where a metric is missing.

    Raises
    ------
    InputError
        The number of labels does not fit the number of thresholds, or a ROC analysis gave no threshold.
    """
    thresholds = {column: _threshold(rule, results) for column, rule in thresholds.items()}
    if len(labels) != len(thresholds) + 1 or len(set(labels)) != len(labels):
        raise InputError(
            f"strata {name}: found the labels {', '.join(labels)} for {len(thresholds)} thresholds, "
            f"expected {len(thresholds) + 1} different ones"
        )
    rows, warnings = complete_rows(cohort, ["participant_id", *thresholds, *([event] if event else [])])
    high = sum((numbers(cohort, metric) >= value).astype(int) for metric, value in thresholds.items())
    known = cohort[list(thresholds)].notna().all(axis=1)
    column = pd.Series([labels[count] for count in high], index=cohort.index, dtype=object).where(known, None)
    curve = pd.DataFrame({"participant_id": cohort["participant_id"].to_numpy(), name: column.to_numpy()})
    strata = curve.set_index("participant_id")[name].loc[rows["participant_id"]].to_numpy()
    died = binary(rows, event) if event else np.full(len(rows), np.nan)
    estimates = []
    for label in labels:
        here = strata == label
        n = int(here.sum())
        k = died[here].sum() if event else np.nan
        estimates.append(row(label, "n", estimate=n, n=n, n_events=k, method="count"))
        if event:
            low, top = proportion_interval(k, n, interval="wilson", level=level)
            share = {"estimate": k / n if n else np.nan, "conf_low": low, "conf_high": top}
            estimates.append(row(label, "event_share", n=n, n_events=k, method="crude share, Wilson interval", **share))
        if n == 0:
            warnings.append(("empty_stratum", f"No participant is in the stratum {label} of {name}."))
    return result(estimates, curve=curve, warnings=warnings)


def _threshold(rule: Mapping[str, object], results: Mapping[str, pd.DataFrame]) -> float:
    if "value" in rule:
        return rule["value"]
    estimates = results[f"models/roc/{rule['from']}"]
    found = estimates.loc[estimates["quantity"] == "threshold", "estimate"].dropna()
    if found.empty:
        raise InputError(f"models.roc.{rule['from']} has no threshold, which strata are to be made from")
    return float(found.iloc[0])
