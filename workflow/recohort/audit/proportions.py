"""Intervals of a share: which named method, if any, gives the printed limits for the printed counts.

Brown LD, Cai TT, DasGupta A, Stat Sci 2001;16:101-133 (doi 10.1214/ss/1009213286); with continuity correction: Newcombe
RG, Stat Med 1998;17:857-872 (doi 10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E).
"""

from collections.abc import Iterator

import numpy as np
from scipy.special import betaincinv, expit, logit, ndtri

from recohort.audit.box import SLACK, Number, say
from recohort.audit.finding import CONSISTENT, INCONSISTENT, UNCHECKED, Finding
from recohort.audit.integers import numerators
from recohort.audit.paper import SHARES, Row

MOST = 1000
"""Largest number of patients that is tried when asking how many an interval would need."""

METHODS = {
    "wilson": "Wilson",
    "clopper_pearson": "Clopper-Pearson",
    "wald": "Wald",
    "agresti_coull": "Agresti-Coull",
    "jeffreys": "Jeffreys",
    "wilson_continuity": "Wilson with continuity correction",
    "logit": "logit",
}
"""How each method is called, in the order in which they are named."""


def proportion_limits(x: np.ndarray, n: np.ndarray, *, method: str, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return limits of x of n, within 0 and 1.

    Parameters
    ----------
    x, n : array_like
        Counts.
    method : str
        A key of `METHODS`.
    level : float
        0.95 for 95 %.

    Returns
    -------
    low, high : ndarray
        nan where the method has none (Wald's and the logit's at 0 and n of n).
    """
    x, n = np.asarray(x, dtype=float), np.asarray(n, dtype=float)
    tail = (1 - level) / 2
    z, share = -ndtri(tail), x / n
    with np.errstate(all="ignore"):
        if method in ("clopper_pearson", "jeffreys"):
            more, less = (1, 0) if method == "clopper_pearson" else (0.5, 0.5)
            low = betaincinv(np.where(x > 0, x + less, 1), n - x + more, tail)
            high = betaincinv(x + more, np.where(x < n, n - x + less, 1), 1 - tail)
            return np.where(x > 0, low, 0.0), np.where(x < n, high, 1.0)
        if method == "wald":
            half = np.where((x > 0) & (x < n), z * np.sqrt(share * (1 - share) / n), np.nan)
            low, high = share - half, share + half
        elif method == "logit":
            half = np.where((x > 0) & (x < n), z / np.sqrt(n * share * (1 - share)), np.nan)
            low, high = expit(logit(share) - half), expit(logit(share) + half)
        elif method == "wilson_continuity":
            root = z**2 - 1 / n + 4 * n * share * (1 - share)
            low = (2 * x + z**2 - 1 - z * np.sqrt(np.maximum(0, root + 4 * share - 2))) / (2 * (n + z**2))
            high = (2 * x + z**2 + 1 + z * np.sqrt(np.maximum(0, root - 4 * share + 2))) / (2 * (n + z**2))
            low, high = np.where(x == 0, 0.0, low), np.where(x == n, 1.0, high)
        else:
            centre = (x + z**2 / 2) / (n + z**2)
            if method == "agresti_coull":
                half = z * np.sqrt(centre * (1 - centre) / (n + z**2))
            else:
                half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
            low, high = centre - half, centre + half
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def proportion_ci(row: Row) -> Iterator[Finding]:
    """Check a share's interval against its counts, by every named method."""
    if row.measure not in SHARES or row.low is None or row.value is None:
        return
    if not row.n:
        yield Finding("proportion_ci", row.item, UNCHECKED, "Of how many patients it is, the row does not say.")
        return
    counts = [row.count] if row.count is not None else list(numerators(row))
    printed = f"{row.low.text} to {row.high.text}"
    box = f"lower {row.low.shown}, upper {row.high.shown}"
    if row.interval in ("profile", "bootstrap"):
        sentence = f"The paper's interval ({row.interval}) does not follow from counts alone."
        yield Finding("proportion_ci", row.item, UNCHECKED, sentence, "", "", box)
        return
    if not counts:
        sentence = f"No count of {row.n} gives {row.value.text}, so no interval can be compared."
        yield Finding("proportion_ci", row.item, UNCHECKED, sentence, "", "", box)
        return
    fits = {x: _fitting(row, x, cut=False) for x in counts}
    arithmetic = "; ".join(_limits(row, x) for x in (counts if len(counts) <= 2 else [counts[len(counts) // 2]]))
    names = sorted({name for found in fits.values() for name in found}, key=list(METHODS).index)
    of = f"{counts[0]} of {row.n}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]} of {row.n}"
    if names and row.interval in ("", *names):
        sentence = f"{printed} is the interval of {of} by {_listed(names)}."
        yield Finding("proportion_ci", row.item, CONSISTENT, sentence, "", arithmetic, box)
    elif names:
        said = f"{METHODS[row.interval]}'s interval of {of}, as the paper says"
        sentence = f"{printed} is not {said}, but fits {_listed(names)}."
        yield Finding("proportion_ci", row.item, INCONSISTENT, sentence, "", arithmetic, box)
    else:
        remarks = [_cut(row, counts), _complement(row, counts), _needed(row)]
        sentence = f"{printed} is the interval of {of} by none of {len(METHODS)} methods."
        remark = " ".join(filter(None, remarks))
        yield Finding("proportion_ci", row.item, INCONSISTENT, sentence, remark, arithmetic, box)


def _fitting(row: Row, x: int, *, cut: bool) -> list[str]:
    """Return the methods whose limits print as the row's; with `cut`, digits may be cut off instead of rounded."""
    found = []
    for method in METHODS:
        low, high = proportion_limits(x, row.n, method=method, level=row.level)
        if _prints(row.scale * low, row.low, cut) and _prints(row.scale * high, row.high, cut):
            found.append(method)
    return found


def _prints(limit: np.ndarray, number: Number, cut: bool) -> np.ndarray:
    noise = SLACK * max(1.0, abs(number.value))
    highest = number.value + number.unit if cut else number.box.high
    return (limit >= number.box.low - noise) & (limit <= highest + noise)


def _cut(row: Row, counts: list[int]) -> str:
    names = [name for x in counts for name in _fitting(row, x, cut=True)]
    return f"It fits {_listed(sorted(set(names)))} if digits were cut off, not rounded." if names else ""


def _complement(row: Row, counts: list[int]) -> str:
    for x in counts:
        for cut in (False, True):
            if names := _fitting(row, row.n - x, cut=cut):
                low, high = proportion_limits(row.n - x, row.n, method=names[0], level=row.level)
                limits = f"{say(row.scale * float(low), 4)} to {say(row.scale * float(high), 4)}"
                how = " with a digit cut off, not rounded" if cut else ""
                return f"It is {METHODS[names[0]]}'s interval of the complement {row.n - x} of {row.n} ({limits}){how}."
    return ""


def _needed(row: Row) -> str:
    """Say how many patients would give an interval of this width around this share."""
    low, high = row.value.box
    n = np.arange(2, MOST + 1)[:, np.newaxis]
    x = np.ceil(low / row.scale * n - SLACK) + np.arange(int(MOST * (high - low) / row.scale) + 2)
    x = np.where((x <= high / row.scale * n + SLACK) & (x <= n), x, np.nan)
    narrowest, widest = row.high.box.low - row.low.box.high, row.high.box.high - row.low.box.low
    fits = np.zeros(len(n), dtype=bool)
    for method in ("wilson", "clopper_pearson"):
        limits = proportion_limits(x, n, method=method, level=row.level)
        width = row.scale * (limits[1] - limits[0])
        fits |= np.any((width >= narrowest) & (width <= widest), axis=1)
    if not fits.any():
        return f"No number of patients up to {MOST} gives so narrow an interval by Wilson or Clopper-Pearson."
    sizes = n[fits, 0]
    return (
        f"An interval as wide as this takes {sizes[0]} to {sizes[-1]} patients, not {row.n} (Wilson, Clopper-Pearson)."
    )


def _limits(row: Row, x: int) -> str:
    texts = []
    for method, name in METHODS.items():
        low, high = (float(end) for end in proportion_limits(x, row.n, method=method, level=row.level))
        if low == low:
            digits = 1 if row.scale == 100 else 3
            texts.append(f"{name} {row.scale * low:.{digits}f} to {row.scale * high:.{digits}f}")
    return f"{x}/{row.n}: " + ", ".join(texts)


def _listed(names: list[str]) -> str:
    return ", ".join(METHODS[name] for name in names)
