"""Interactions: a row per model with the odds ratio at values of the modifier and the ratio of odds ratios."""

from collections.abc import Mapping

import pandas as pd

from recohort.core.errors import InputError
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.adjusted import adjusted_p, family_heading
from recohort.tables.table import Column, Row, Table, finished
from recohort.tables.words import label_of, level_of, unit_of, with_interval


def build(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    level: float | None,
    title: str,
    models: Mapping[str, Mapping[str, str]],
    at: list[str],
    per: str,
    families: list[str],
    digits: int,
    p_digits: int,
) -> Table:
    """Build the table of interactions.

    Parameters
    ----------
    frames : mapping
        ``models/logistic/<name>`` of every model, each with a modifier; ``models/family/<name>`` of the families.
    columns : mapping
        Declared columns: name -> unit, label.
    synthetic : bool
        The cohort is synthetic.
    level : float or None
        Level of the intervals.
    title : str
        Title of the table.
    models : mapping
        Heading of a section (an outcome) -> words of a row (a treatment) -> name of its model.
    at : list of str
        Values of the modifier, ``volume 2 mL``, at which the odds ratio is printed; all that every model has where none
        is named.
    per : str
        Beginning of what the ratio of odds ratios is per, ``per 1``.
    families : list of str
        Families whose adjusted p-values are printed.
    digits, p_digits : int
        Decimals of estimates and of p-values.
    """
    names = [name for rows in models.values() for name in rows.values()]
    all_estimates = {name: pick.frame_of(frames, f"models/logistic/{name}") for name in names}
    if lost := [name for name in names if not (all_estimates[name]["quantity"] == "interaction_test").any()]:
        raise InputError(f"models.logistic.{lost[0]}: has no test of interaction, expected a model with a modifier")
    at = at or _shared(list(all_estimates.values()))
    adjusting = [pick.frame_of(frames, f"models/family/{family}") for family in families]
    rows, notes = [], []
    for section, listed in models.items():
        rows += [Row((section,), section=True)] if len(models) > 1 else []
        for label, name in listed.items():
            estimates = all_estimates[name]
            cells, term = _cells(estimates, name, at, per, digits, p_digits)
            cells += [fmt.p_value(adjusted_p(family, name, term), digits=p_digits) for family in adjusting]
            rows.append(Row((label, *cells)))
            notes.append(_per(estimates, per, columns))
    spanner = with_interval("Odds ratio", level)
    headings = [Column("Exposure"), Column("n (events)"), *(Column(_at(words, columns), spanner) for words in at)]
    headings += [
        Column(with_interval("Ratio of odds ratios", level)),
        Column("p (Wald)"),
        Column("p (likelihood ratio)"),
    ]
    headings += [Column(family_heading(family)) for family in adjusting]
    return finished(frames, title=title, columns=headings, rows=rows, footnotes=notes, synthetic=synthetic)


def _cells(
    estimates: pd.DataFrame, name: str, at: list[str], per: str, digits: int, p_digits: int
) -> tuple[list[str], str]:
    test = pick.one(estimates, f"models.logistic.{name}", quantity="interaction_test")
    ratios = _ratios(estimates, per)
    wald = ratios[ratios["method"].str.endswith("Wald")]
    other = ratios[~ratios["method"].str.endswith("Wald")]
    shown = other if other["conf_low"].notna().any() else wald  # profile limits where the model has them
    by_likelihood = test if "likelihood" in test["method"] else None
    found = [pick.first(estimates, quantity="odds_ratio_at", scale=words) for words in at]
    cells = [
        f"{fmt.count(test['n'])} ({fmt.count(test['n_events'])})",
        *(fmt.estimate(*pick.interval(row), digits=digits) for row in found),
        fmt.estimate(*pick.interval(shown.iloc[0] if len(shown) else None), digits=digits),
        fmt.p_value(pick.value(wald.iloc[0] if len(wald) else None, "p_value"), digits=p_digits),
        fmt.p_value(pick.value(by_likelihood, "p_value"), digits=p_digits),
    ]
    return cells, test["term"]


def _ratios(estimates: pd.DataFrame, per: str) -> pd.DataFrame:
    """Return the rows of one scale of the product: that which is `per` so much of the modifier, else the first."""
    ratios = estimates[estimates["quantity"] == "ratio_of_odds_ratios"]
    fits = ratios["scale"].map(lambda scale: f"{scale.rpartition(', ')[2]} ".startswith(f"{per} ")).astype(bool)
    chosen = ratios[fits] if fits.any() else ratios
    return chosen[chosen["scale"] == chosen["scale"].iloc[0]] if len(chosen) else chosen


def _shared(all_estimates: list[pd.DataFrame]) -> list[str]:
    listed = [list(frame[frame["quantity"] == "odds_ratio_at"]["scale"]) for frame in all_estimates]
    return [words for words in listed[0] if all(words in other for other in listed)]


def _at(words: str, columns: Mapping[str, dict]) -> str:
    """Return a place's words with the label of its column: ``Lesion volume 2 mL``."""
    name, _, value = words.partition(" ")
    if columns.get(name, {}).get("type") == "boolean":
        return f"{label_of(name, columns)}: {'yes' if value == '1' else 'no'}"
    if columns.get(name, {}).get("type") == "category":
        return f"{label_of(name, columns)}: {level_of(value).lower()}"
    return f"{label_of(name, columns)} {value}"


def _per(estimates: pd.DataFrame, per: str, columns: Mapping[str, dict]) -> str:
    ratios = _ratios(estimates, per)
    if ratios.empty:
        return "The modifier enters as a spline: no single ratio of odds ratios exists."
    scale, (_, modifier) = ratios["scale"].iloc[0].rpartition(", ")[2], ratios["term"].iloc[0].split(":")
    said = scale if unit_of(modifier, columns) or "against" in scale else f"{scale} unit"
    return f"Ratio of odds ratios: {said}, {label_of(modifier, columns).lower()}."
