"""One estimate under its declared alternatives, as a table of the page."""

import math
import posixpath
from collections.abc import Mapping

import pandas as pd

from recohort.core.quantities import is_share, no_effect
from recohort.tables import format as fmt
from recohort.tables.words import key_of, label_of, level_of, quantity_of

PUBLISHED = "published"
WITHHELD = pd.DataFrame(
    {"code": ["disclosure"], "message": ["The estimates under its alternatives are withheld, with their figure."]}
)
"""What is said in place of an analysis whose counts nothing guards."""


def alternatives(
    gathered: pd.DataFrame, *, columns: Mapping[str, dict], labels: Mapping[str, str], page: str
) -> dict[str, object]:
    """Return a sensitivity analysis as text.

    Parameters
    ----------
    gathered : DataFrame
        ``sensitivity/<name>.tsv``: ``specification, results``, a column per decision, the estimates, ``reason``.
    columns : mapping
        Declared columns: name -> label.
    labels : mapping
        Decision, choice, term or scale -> how it is called.
    page : str
        Folder of the page that links to the results.

    Returns
    -------
    dict
        ``quantity, term, scale, decisions`` (the headings), ``range`` (least to greatest estimate), ``n`` (how many
        alternatives), ``known`` (how many with an estimate), ``limited`` (how many with an interval), ``null`` (what no
        effect is; empty for a share, which has none), ``crossing`` (how many intervals hold it), ``published`` (the
        estimate as printed) and ``rows``: ``name, choices, estimate, reason`` (why there is none), ``p, n, path,
        file``.
    """
    decisions = list(gathered.columns[2 : list(gathered.columns).index("term")])
    printed = gathered["specification"] == PUBLISHED
    found, published = gathered[~printed], gathered[printed]
    first = found.iloc[0]
    null = no_effect(first["quantity"])
    known = found[found["reason"].isna() | (found["reason"] == "")]
    estimates = known["estimate"]
    digits = _digits(estimates)
    scales = list(dict.fromkeys(known["scale"].dropna().astype(str)))
    rows = [
        {
            "name": row["specification"],
            "choices": ["" if pd.isna(row[key]) else _called(key_of(row[key]), labels) for key in decisions],
            "estimate": _estimate(row, digits) if place in known.index else "",
            "reason": "" if place in known.index else row["reason"],
            "p": fmt.p_value(row["p_value"], digits=3),
            "n": fmt.count(row["n"]) + ("" if pd.isna(row["n_events"]) else f" ({fmt.count(row['n_events'])})"),
            "path": posixpath.relpath(row["results"], page),
            "file": row["results"],
        }
        for place, row in found.iterrows()
    ]
    return {
        "quantity": quantity_of(first["quantity"]),
        "term": labels.get(first["term"]) or label_of(first["term"], columns),
        "scale": "scales differ" if len(scales) > 1 else labels.get(scales[0], scales[0]) if scales else "",
        "decisions": [labels.get(key) or label_of(key.rpartition(".")[2], {}) for key in decisions],
        "events": bool(found["n_events"].notna().any()),
        "range": fmt.limits(estimates.min(), estimates.max(), digits=digits) if len(known) else fmt.MISSING,
        "n": len(found),
        "known": len(known),
        "limited": int(known["conf_low"].notna().sum()),
        "crossing": int(((known["conf_low"] <= null) & (null <= known["conf_high"])).sum()),
        "null": "" if is_share(first["quantity"]) and not null else f"{null:g}",
        "published": _estimate(published.iloc[0], digits) if len(published) else "",
        "rows": rows,
    }


def _digits(estimates: pd.Series) -> int:
    """Return the decimals that give their middle three digits."""
    middle = estimates.abs().median()
    return min(6, max(0, 2 - math.floor(math.log10(middle)))) if 0 < middle < math.inf else 2


def _called(choice: str, labels: Mapping[str, str]) -> str:
    return labels.get(choice) or level_of(choice)


def _estimate(row: pd.Series, digits: int) -> str:
    return fmt.estimate(row["estimate"], row["conf_low"], row["conf_high"], digits=digits)
