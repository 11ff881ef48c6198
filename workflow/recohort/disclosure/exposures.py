"""Curves over a column end at means of blocks of patients, instead of at somebody's value."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from recohort.disclosure.aggregate import block_means

OVER_MODIFIER = ("interaction", "risk_difference")
"""Beginnings of the parts that run over the modifier; a spline runs over its term."""

ALONG = {"part", "term", "value"}
"""Columns of a curve over a column."""


def columns_of(curve: pd.DataFrame, entry: Mapping[str, object]) -> pd.Series:
    """Return over which column each row of a curve runs, empty for none."""
    if not set(curve) >= ALONG:
        return pd.Series("", index=curve.index)
    part, term = curve["part"].astype(str), curve["term"].astype(str)
    over = part.str.startswith(OVER_MODIFIER)
    return term.where(part.isin(["spline", "reference", "rug"]), "").mask(over, entry.get("modifier") or "")


def blocks_of(
    curve: pd.DataFrame, entry: Mapping[str, object], rows: pd.DataFrame | None, *, size: int, round_to: int | None
) -> dict[str, dict[str, object]]:
    """Return for each column that a curve runs over its patients' blocks.

    Parameters
    ----------
    curve : DataFrame
        ``part, term, value``; the part ``rug`` has the patients' values.
    entry : mapping
        The analysis's settings, complete.
    rows : DataFrame or None
        Its cohort, whose values stand for those that the curve does not hold.
    size, round_to
        As in `aggregate.block_means`.

    Returns
    -------
    dict
        By column ``means``, rising, one per block, and the ``median`` of the patients' block means; ``set``: the
        study names the value of reference itself.
    """
    over, made = columns_of(curve, entry), {}
    for column in filter(None, dict.fromkeys(over)):
        values = curve.loc[(over == column) & (curve["part"] == "rug"), "value"]
        if values.empty and rows is not None and column in rows:
            values = pd.to_numeric(rows[column], errors="coerce").dropna()
        means = np.sort(block_means(values.to_numpy(float), size=size, round_to=round_to))
        means = means[~np.isnan(means)]
        spline = (entry.get("splines") or {}).get(column) or {}
        made[column] = {
            "means": np.unique(means).tolist(),
            "median": float(np.median(means)) if len(means) else None,
            "set": spline.get("reference") is not None,
        }
    return made


def between_blocks(curve: pd.DataFrame, over: pd.Series, blocks: Mapping[str, Mapping[str, object]]) -> pd.DataFrame:
    """Return a curve that ends at blocks, with a stroke per block and a block's median for reference.

    A part with no two blocks within its range is left out.
    """
    parts, lines = [], [curve[name].fillna("") for name in ("part", "term", "scale") if name in curve]
    for (column, part, *_), own in curve.groupby([over, *lines], sort=False):
        block = blocks.get(column)
        if not column:
            parts.append(own)
        elif block is None or not block["means"]:
            continue
        elif part == "rug":
            strokes = own.iloc[[0] * len(block["means"])]
            parts.append(strokes.assign(value=block["means"]))
        elif part == "reference":
            parts.append(own if block["set"] else own.assign(value=block["median"]))
        else:
            parts.append(drawn_anew(own, *ends(own, np.array(block["means"]))))
    return pd.concat(parts) if parts else curve.iloc[:0]


def drawn_anew(line: pd.DataFrame, low: float, high: float, *, along: str = "value") -> pd.DataFrame:
    """Return a line from `low` to `high`, at as many places as before, evenly apart; none where it ends before.

    Its own places would give away where it began.
    """
    line = line.sort_values(along)
    known = line[along].to_numpy(float)
    if line.empty or not known[0] <= low < high <= known[-1]:
        return line.iloc[:0]
    places = np.linspace(low, high, len(line))
    numbers = [name for name in ("estimate", "observed", "conf_low", "conf_high") if name in line]
    return line.assign(
        **{name: np.interp(places, known, line[name].to_numpy(float)) for name in numbers}, **{along: places}
    )


def ends(line: pd.DataFrame, means: np.ndarray, *, along: str = "value") -> tuple[float, float]:
    """Return the first and the last block within a line, not-a-number where there is none."""
    inside = means[(means >= line[along].min()) & (means <= line[along].max())]
    return (float(inside.min()), float(inside.max())) if len(inside) else (np.nan, np.nan)


def within_bins(curve: pd.DataFrame, *, size: int) -> pd.DataFrame:
    """Return a calibration curve's smooth line between edges of bins that at least `size` patients lie beyond.

    Its own ends are the least and the greatest risk of a patient.
    """
    bins, line = curve[curve["part"] == "histogram"].sort_values("predicted"), curve[curve["part"] == "smooth"]
    if line.empty or len(bins) < 2:
        return curve
    middle, n = bins["predicted"].to_numpy(float), bins["n"].to_numpy(float)
    half = (middle[1] - middle[0]) / 2
    low = middle[np.cumsum(n) >= size].min(initial=np.inf) + half
    high = middle[np.cumsum(n[::-1])[::-1] >= size].max(initial=-np.inf) - half
    return pd.concat([drawn_anew(line, low, high, along="predicted"), curve[curve["part"] != "smooth"]])
