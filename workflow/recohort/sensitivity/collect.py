"""One estimate under every alternative, a row each, with the choices that led to it."""

from collections.abc import Mapping, Sequence

import pandas as pd

from recohort.core.errors import InputError

PUBLISHED = "published"
AS_CONFIGURED = "as configured"


def collect(
    specifications: Sequence[Mapping],
    results: Sequence[pd.DataFrame],
    *,
    quantity: str,
    scale: str,
    method: str,
    published: Mapping[str, str] | None,
) -> pd.DataFrame:
    """Return the estimates of all specifications.

    Parameters
    ----------
    specifications : sequence of mapping
        ``variant, model, term, choices, path`` of each.
    results : sequence of DataFrame
        The estimates of the model of each.
    quantity : str
        Which quantity is taken.
    scale, method : str
        Beginning of its scale, and words in its method; empty for any.
    published : mapping or None
        Row of the published numbers.

    Returns
    -------
    DataFrame
        ``specification, results``, a column per key that varies, then those of a model's estimates; a row `PUBLISHED`
        with the published value and interval last, where there is one.

    Raises
    ------
    InputError
        A model has no such row, or several.
    """
    rows = []
    for one, estimates in zip(specifications, results, strict=True):
        wanted = (estimates["term"] == one["term"]) & (estimates["quantity"] == quantity)
        wanted &= _begins(estimates["scale"], scale) & estimates["method"].fillna("").str.contains(method, regex=False)
        if wanted.sum() != 1:
            said = ", ".join(f"{name} {value}" for name, value in (("scale", scale), ("method", method)) if value)
            raise InputError(
                f"{one['path']}: found {int(wanted.sum())} rows of {quantity} of {one['term']}"
                f"{' with ' + said if said else ''}, expected one"
            )
        name = one["variant"] or AS_CONFIGURED
        rows.append({"specification": name, "results": one["path"], **one["choices"], **estimates[wanted].iloc[0]})
    of_models = list(results[0].columns)
    decisions = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in of_models]
    if published is not None:
        limits = {key: float(published[key]) for key in ("conf_low", "conf_high") if published[key]}
        rows.append({"specification": PUBLISHED, "quantity": quantity, "estimate": float(published["value"]), **limits})
    return pd.DataFrame(rows, columns=[*decisions, *of_models])


def _begins(column: pd.Series, beginning: str) -> pd.Series:
    """Return which cells begin with these words; all where none are named."""
    text = column.fillna("").astype(str)
    return text.map(
        lambda cell: not beginning or cell == beginning or cell.startswith((beginning + " ", beginning + ","))
    )
