"""How alike two groups are, covariate by covariate, before and after matching or weighting.

Standardised mean differences: Austin PC, Stat Med 2009;28:3083-3107 (doi 10.1002/sim.3697); several levels at once:
Yang D, Dalton JE, SAS Global Forum 2012, paper 335.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.cohort.covariates import levels_of, treated_rows
from recohort.core.columns import as_text
from recohort.core.conditions import numbers
from recohort.core.errors import InputError

COLUMNS = (
    "sample",
    "covariate",
    "level",
    "unit",
    "n_treated",
    "n_control",
    "mean_treated",
    "mean_control",
    "sd_treated",
    "sd_control",
    "smd_pooled",
    "smd_treated",
    "variance_ratio",
)


class Balance(NamedTuple):
    """Balance of two groups.

    Attributes
    ----------
    table : DataFrame
        The columns `COLUMNS`; one row per sample, covariate and level.
    warnings : DataFrame
        Columns ``code, message``.
    """

    table: pd.DataFrame
    warnings: pd.DataFrame


def balance(
    eligible: pd.DataFrame,
    adjusted: pd.DataFrame | None,
    *,
    treatment: str,
    covariates: list[str],
    threshold: float,
    columns: dict[str, dict],
    sample: str = "matched",
) -> Balance:
    """Describe covariates in both groups, in all eligible and in the matched or weighted participants.

    Parameters
    ----------
    eligible, adjusted : DataFrame
        The second with ``weight``, or None.
    treatment : str
        Column of 1 and 0.
    covariates : list of str
        Columns to compare; missing values are left out of their covariate's row, its n says how many remain.
    threshold : float
        A greater absolute `smd_pooled` after matching or weighting is warned about.
    columns : dict
        Declarations by column name.
    sample : {"matched", "weighted"}
        What `adjusted` is.

    Returns
    -------
    Balance
        ``smd_pooled`` divides by the root of the mean of both groups' variances in the same sample; ``smd_treated`` by
        the treated group's SD in the eligible sample, as MatchIt. Shares have the variance p (1 - p). A category has
        a row per level and, with three levels or more, one with an empty level: the Yang-Dalton distance.
        ``variance_ratio`` (treated over control) is that of numbers only. n are unweighted, all else weighted.
    """
    samples = [("all", eligible, np.ones(len(eligible)))]
    if adjusted is not None:
        samples.append((sample, adjusted, adjusted["weight"].to_numpy(dtype=float)))
    rows, denominators = [], {}
    for label, frame, weight in samples:
        treated = treated_rows(frame, treatment)
        for name in dict.fromkeys(covariates):
            for found in _compared(frame, name, treated, weight, columns):
                key = (name, found["level"])
                denominators.setdefault(key, found.pop("own_sd"))
                difference = found["mean_treated"] - found["mean_control"]
                found["smd_treated"] = _ratio(difference, denominators[key])
                rows.append({"sample": label, "covariate": name, **found})
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return Balance(table, pd.DataFrame(_uneven(table, sample, threshold), columns=["code", "message"]))


def compare(
    eligible: pd.DataFrame,
    adjusted: dict[str, pd.DataFrame],
    *,
    sections: dict[str, dict],
    columns: dict[str, dict],
) -> Balance:
    """Describe balance before and after everything that a study declares.

    Parameters
    ----------
    eligible : DataFrame
        Everyone.
    adjusted : dict
        ``matched``, ``weighted`` or both: the sample, with ``weight``.
    sections : dict
        By the same names: ``treatment``, ``covariates`` and ``balance`` (``covariates``, ``threshold``).
    columns : dict
        Declarations by column name.

    Returns
    -------
    Balance
        One table; the rows of ``all`` appear once.

    Raises
    ------
    InputError
        Matching and weighting have different treatments.
    """
    if len(treatments := sorted({section["treatment"] for section in sections.values()})) > 1:
        raise InputError(
            f"balance: matching and weighting name different treatments, {' and '.join(treatments)}, expected one"
        )
    parts = [
        balance(
            eligible,
            adjusted[sample],
            treatment=section["treatment"],
            covariates=[*section["covariates"], *section["balance"]["covariates"]],
            threshold=section["balance"]["threshold"],
            columns=columns,
            sample=sample,
        )
        for sample, section in sections.items()
    ]
    table = pd.concat([part.table for part in parts]).drop_duplicates(["sample", "covariate", "level"])
    order = table["sample"].map({"all": 0, "matched": 1, "weighted": 2})
    table = table.iloc[order.argsort(kind="stable")].reset_index(drop=True)
    return Balance(table, pd.concat([part.warnings for part in parts], ignore_index=True))


def _compared(
    frame: pd.DataFrame, name: str, treated: np.ndarray, weight: np.ndarray, columns: dict[str, dict]
) -> list[dict]:
    """Return the rows of one covariate in one sample."""
    if name not in frame or name not in columns:
        raise InputError(f"column '{name}': not found among the cohort's declared columns")
    column = columns[name]
    known = frame[name].notna().to_numpy()
    groups = [known & treated, known & ~treated]
    if not all(group.any() for group in groups):
        raise InputError(f"column '{name}': one group has no value, expected some in both")
    counts = {"n_treated": int(groups[0].sum()), "n_control": int(groups[1].sum()), "unit": column.get("unit") or ""}
    if column["type"] != "category":
        binary = column["type"] == "boolean"
        return [_row("", numbers(frame[name]), groups, weight, binary, counts)]
    text, levels = as_text(frame[name]), levels_of(column)
    rows = [_row(level, (text == level).to_numpy(float), groups, weight, True, counts) for level in levels]
    if len(levels) > 2:
        shares = [np.array([row[f"mean_{group}"] for row in rows]) for group in ("treated", "control")]
        empty = dict.fromkeys(("mean_treated", "mean_control", "sd_treated", "sd_control", "variance_ratio"), np.nan)
        rows.append({"level": "", **counts, **empty, "smd_pooled": yang_dalton(*shares), "own_sd": np.nan})
    return rows


def _row(
    level: str, values: np.ndarray, groups: list[np.ndarray], weight: np.ndarray, binary: bool, counts: dict
) -> dict:
    means, variances = zip(*(_moments(values[group], weight[group], binary) for group in groups), strict=True)
    difference = means[0] - means[1]
    return {
        "level": level,
        **counts,
        "mean_treated": means[0],
        "mean_control": means[1],
        "sd_treated": np.sqrt(variances[0]),
        "sd_control": np.sqrt(variances[1]),
        "smd_pooled": _ratio(difference, np.sqrt((variances[0] + variances[1]) / 2)),
        "variance_ratio": np.nan if binary else _ratio(variances[0], variances[1]),
        "own_sd": np.sqrt(variances[0]),
    }


def _moments(values: np.ndarray, weight: np.ndarray, binary: bool) -> tuple[float, float]:
    """Return weighted mean and variance: p (1 - p) of a share, else the unbiased one of reliability weights."""
    w = weight / weight.sum()
    mean = float(w @ values)
    if binary:
        return mean, mean * (1 - mean)
    freedom = 1 - float(w @ w)
    return mean, float(w @ (values - mean) ** 2) / freedom if freedom > 1e-12 else np.nan


def _ratio(numerator: float, denominator: float) -> float:
    """Return a quotient; equal means of constants differ by 0, different ones by no finite number of SDs."""
    if denominator > 0:
        return numerator / denominator
    return 0.0 if numerator == 0 else np.nan


def yang_dalton(treated: np.ndarray, control: np.ndarray) -> float:
    """Return the standardised difference of two multinomial distributions: root of d' S^-1 d over all levels but one.

    Parameters
    ----------
    treated, control : ndarray, shape (k,)
        Shares of the levels. Levels that neither group has do not count.
    """
    present = (treated + control) > 0
    t, c = treated[present][1:], control[present][1:]
    covariance = (np.diag(t) - np.outer(t, t) + np.diag(c) - np.outer(c, c)) / 2
    if not t.size or np.allclose(t, c, rtol=0, atol=1e-15):
        return 0.0
    if np.linalg.matrix_rank(covariance) < len(t):
        return float("nan")  # a level tells the groups apart completely
    return float(np.sqrt((t - c) @ np.linalg.solve(covariance, t - c)))


def _uneven(table: pd.DataFrame, sample: str, threshold: float) -> list[tuple[str, str]]:
    after = table[(table["sample"] == sample) & ~(table["smd_pooled"].abs() <= threshold)]
    if after.empty:
        return []
    named = [
        f"{row.covariate}{f' ({row.level})' if row.level else ''} {row.smd_pooled:.2f}" for row in after.itertuples()
    ]
    done = {"matched": "matching", "weighted": "weighting"}[sample]
    message = f"After {done} the standardised mean difference exceeds {threshold:g} in: {', '.join(named)}."
    return [("imbalance", message)]
