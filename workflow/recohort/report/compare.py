"""Published against reproduced, cell by cell."""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal, InvalidOperation

import pandas as pd

from recohort.core.errors import Findings, InputError
from recohort.core.schema import sentences
from recohort.report.locate import Found, locate
from recohort.tables.words import CAVEATS

COLUMNS = (
    "item",
    "quantity",
    "group",
    "published",
    "conf_low",
    "conf_high",
    "reproduced",
    "difference",
    "tolerance",
    "agreement",
    "verdict",
    "reproduced_low",
    "reproduced_high",
    "unit",
    "printed",
    "source",
    "result",
    "note",
)
MATCH, WITHIN, DIFFERS, ABSENT = AGREEMENTS = ("match", "within CI", "differs", "not reproducible")


def check(published: pd.DataFrame, schema: Mapping[str, object]) -> None:
    """Check a table of published numbers against ``published.schema.yaml``.

    Raises
    ------
    InputError
        Every departure from the schema, and every item that stands twice, a sentence each.
    """
    findings = Findings("published numbers")
    for number, row in enumerate(published.to_dict("records"), start=2):
        findings.extend(f"line {number}, {sentence}" for sentence in sentences(row, schema))
    for item in published["item"][published["item"].duplicated()]:
        findings.add(f"item '{item}' stands twice, expected each once")
    findings.raise_if_any()


def compare(
    published: pd.DataFrame, results: Mapping[str, pd.DataFrame | dict], *, caveats: Collection[str]
) -> pd.DataFrame:
    """Compare every published number with this run.

    Parameters
    ----------
    published : DataFrame
        Columns of ``published.schema.yaml``, every cell text as printed.
    results : mapping
        Path below ``results/<study>/`` -> frame; ``cohort/flow.json`` -> its content.
    caveats : collection of str
        What the run rests on, of `CAVEATS`. With any of them nothing can confirm or refute the publication, and the
        gravest is the verdict.

    Returns
    -------
    DataFrame
        `COLUMNS`; a row per published value and one per p-value. Where the tolerance is not ``stochastic``, the
        limits of an interval are numbers of their own.

    Raises
    ------
    InputError
        A published number points to no row, to several, or is no number.
    """
    rows = [cell for row in published.to_dict("records") for cell in _cells(row, locate(row, results))]
    gravest = next((word for word in CAVEATS if word in caveats), None)
    for row in rows:
        row["verdict"] = gravest or row["agreement"]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def agreement(text: str, reproduced: float, *, tolerance: str) -> str | None:
    """Return ``match`` where a number equals a printed one as its tolerance asks, else None.

    Examples
    --------
    >>> agreement("0.74", 0.744, tolerance="rounding"), agreement("0.740", 0.744, tolerance="rounding")
    ('match', None)
    """
    printed = Decimal(text)
    half_a_unit = Decimal(5).scaleb(printed.as_tuple().exponent - 1) + Decimal(
        "1e-9"
    )  # beyond: noise of binary fractions
    allowed = 0 if tolerance == "exact" else half_a_unit
    return MATCH if abs(Decimal(repr(float(reproduced))) - printed) <= allowed else None


def _cells(row: Mapping[str, str], found: Found | None) -> Iterator[dict]:
    """Yield what a published row states: its value, the limits where they are compared, its p-value."""
    if row["value"]:
        yield _cell(row, row["item"], row["quantity"], row["value"], found)
        if row["tolerance"] != "stochastic":
            for limit, words, part in (("conf_low", "lower limit", "low"), ("conf_high", "upper limit", "high")):
                if row[limit]:
                    alone = None if found is None else Found(getattr(found, part), None, None, None)
                    bare = {**row, "conf_low": "", "conf_high": ""}
                    yield _cell(bare, f"{row['item']}.{limit}", f"{row['quantity']}, {words}", row[limit], alone)
    if row["p_value"]:
        item, quantity = (
            (f"{row['item']}.p", f"{row['quantity']}, p") if row["value"] else (row["item"], row["quantity"])
        )
        bare = {**row, "conf_low": "", "conf_high": "", "unit": ""}
        text = row["p_value"] if row["p_operator"] == "=" else f"<{row['p_value']}"
        yield _cell(bare, item, quantity, text, None if found is None else Found(found.p, None, None, None))


def _cell(row: Mapping[str, str], item: str, quantity: str, text: str, found: Found | None) -> dict:
    cell = {**row, "item": item, "quantity": quantity, "published": text, "agreement": ABSENT}
    if found is None or found.value is None:
        return cell
    bound = text.startswith("<")
    try:
        printed = Decimal(text.lstrip("<"))
    except InvalidOperation:
        raise InputError(f"published number '{item}': found '{text}', expected a number to compare with") from None
    cell |= {"reproduced": found.value, "reproduced_low": found.low, "reproduced_high": found.high}
    if bound:
        return cell | {"agreement": MATCH if found.value < float(printed) else DIFFERS}
    within = row["tolerance"] == "stochastic" and (
        _inside(found.value, row["conf_low"], row["conf_high"]) or _inside(float(printed), found.low, found.high)
    )
    equal = agreement(text, found.value, tolerance=row["tolerance"])
    verdict = equal or (WITHIN if within else DIFFERS)
    return cell | {"difference": found.value - float(printed), "agreement": verdict}


def _inside(number: float, low: float | str | None, high: float | str | None) -> bool:
    return low not in (None, "") and high not in (None, "") and float(low) <= number <= float(high)
