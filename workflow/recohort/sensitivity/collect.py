"""One estimate under every alternative, a row each, with the choices that led to it."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

import pandas as pd

from recohort.core.errors import InputError, NoAnswer
from recohort.core.quantities import is_ratio
from recohort.core.variants import AS_IS

PUBLISHED = "published"
AS_CONFIGURED = "as configured"


def collect(
    specifications: Sequence[Mapping],
    results: Sequence[pd.DataFrame | NoAnswer],
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
    results : sequence of DataFrame or NoAnswer
        The estimates of the model of each, or why the alternative has none.
    quantity : str
        Which quantity is taken.
    scale, method : str
        Beginning of its scale, and words in its method; empty for any.
    published : mapping or None
        Row of the published numbers; a percentage becomes a fraction, as the run's own shares are.

    Returns
    -------
    DataFrame
        ``specification, results``, a column per key that varies, those of a model's estimates, and ``reason``: why
        there is no estimate, empty where there is one. A row `PUBLISHED` with the published value and interval last,
        where there is one.

    Raises
    ------
    InputError
        A model has no such row, or several; the study as it is has no answer; what was published is no number.
    """
    rows = []
    for one, estimates in zip(specifications, results, strict=True):
        about = {"specification": one["variant"] or AS_CONFIGURED, "results": one["path"], **one["choices"]}
        if isinstance(estimates, NoAnswer):
            if one["variant"] == AS_IS:
                raise InputError(f"{one['path']}: the study as it is has no estimate: {estimates}")
            rows.append({**about, "term": one["term"], "quantity": quantity, "reason": str(estimates)})
            continue
        wanted = (estimates["term"] == one["term"]) & (estimates["quantity"] == quantity)
        wanted &= _begins(estimates["scale"], scale) & estimates["method"].fillna("").str.contains(method, regex=False)
        if wanted.sum() != 1:
            said = ", ".join(f"{name} {value}" for name, value in (("scale", scale), ("method", method)) if value)
            raise InputError(
                f"{one['path']}: found {int(wanted.sum())} rows of {quantity} of {one['term']}"
                f"{' with ' + said if said else ''}, expected one"
            )
        row = estimates[wanted].iloc[0]
        rows.append({**about, **row, "reason": _why_none(quantity, row["estimate"])})
    of_models = [*results[0].columns, "reason"]
    decisions = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in of_models]
    if published is not None:
        rows.append({"specification": PUBLISHED, "quantity": quantity, **_printed(published)})
    return pd.DataFrame(rows, columns=[*decisions, *of_models])


def _why_none(quantity: str, estimate: float) -> str:
    """Return why a number of a model is no estimate; empty where it is one."""
    words = quantity.replace("_", " ")
    if pd.isna(estimate):
        return f"the model gives no {words}"
    if math.isinf(estimate):
        return f"the {words} is infinite, which is no estimate (separation)"
    if is_ratio(quantity) and estimate == 0:
        return f"the {words} is 0, which is no estimate (separation)"
    return ""


def _printed(published: Mapping[str, str]) -> dict[str, float]:
    """Return a published value and its limits as numbers in the unit of the run."""
    cells = {"estimate": published["value"], **{key: published[key] for key in ("conf_low", "conf_high")}}
    try:
        numbers = {key: Decimal(cell) for key, cell in cells.items() if cell or key == "estimate"}
    except InvalidOperation:
        raise InputError(
            f"published number '{published['item']}': found '{published['value']}', expected a number to stand beside"
        ) from None
    return {key: float(number / 100 if published["unit"] == "%" else number) for key, number in numbers.items()}


def _begins(column: pd.Series, beginning: str) -> pd.Series:
    """Return which cells begin with these words; all where none are named."""
    text = column.fillna("").astype(str)
    return text.map(
        lambda cell: not beginning or cell == beginning or cell.startswith((beginning + " ", beginning + ","))
    )
