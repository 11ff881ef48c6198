"""Analyses of covariance, one per metric: the columns in which two groups are compared after adjustment."""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from recohort.core.errors import InputError
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.adjusted import adjusted_p, family_heading
from recohort.tables.table import Column
from recohort.tables.words import label_of, method_of, with_interval


class Compared(NamedTuple):
    """Columns of a table, their cells by metric, and what must be said beneath."""

    columns: list[Column]
    cells: dict[str, list[str]]
    notes: list[str]


def compared(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    level: float | None,
    group: str,
    group_levels: Mapping[str, str],
    adjusted: Mapping[str, str],
    sizes: Mapping[str, str],
    families: list[pd.DataFrame],
    digits: int,
    p_digits: int,
) -> Compared:
    """Build the columns: adjusted difference with its interval, Cohen's d, p, and p adjusted in each family.

    Parameters
    ----------
    frames : mapping
        ``models/linear/<name>`` of every model.
    columns : mapping
        Declared columns: name -> unit, label.
    level : float or None
        Level of the intervals.
    group, group_levels
        The models' exposure; its two levels and how they are called.
    adjusted : mapping
        Metric -> its linear model.
    sizes : mapping
        Metric -> the linear model that Cohen's d is taken from, where not its own.
    families : list of DataFrame
        Estimates of the families that these models are members of.
    digits, p_digits : int
        Decimals of differences and of p-values.

    Raises
    ------
    InputError
        There are not two groups, or a model has no difference of theirs.
    """
    if len(group_levels) != 2:
        raise InputError(f"table of kind 'group_metrics': 'adjusted' compares two groups, found {len(group_levels)}")
    if strange := [metric for metric in sizes if metric not in adjusted]:
        raise InputError(f"table of kind 'group_metrics': sizes names '{strange[0]}', expected a metric of 'adjusted'")
    models = {metric: pick.frame_of(frames, f"models/linear/{name}") for metric, name in adjusted.items()}
    tests = {metric: _difference(models[metric], adjusted[metric], group, group_levels) for metric in adjusted}
    drawn = {
        metric: pick.frame_of(frames, f"models/linear/{sizes[metric]}") if metric in sizes else models[metric]
        for metric in adjusted
    }
    found = {
        metric: pick.first(drawn[metric], term=group, quantity="adjusted_cohen_d", scale=test["scale"])
        for metric, test in tests.items()
    }
    sized = any(row is not None for row in found.values())
    covariates = {metric: _covariates(model, group, columns) for metric, model in models.items()}
    alike = len(set(covariates.values())) == 1
    spanner = f"Adjusted for {next(iter(covariates.values()))}" if alike else "Adjusted"
    headings = [with_interval("Difference", level), *([with_interval("Cohen's d", level)] if sized else []), "p"]
    headings += [family_heading(family) for family in families]
    cells = {}
    for metric, test in tests.items():
        cells[metric] = [fmt.estimate(*pick.interval(test), digits=digits)]
        cells[metric] += [fmt.estimate(*pick.interval(found[metric]), digits=2)] if sized else []
        cells[metric].append(fmt.p_value(pick.value(test, "p_value"), digits=p_digits))
        cells[metric] += [
            fmt.p_value(adjusted_p(family, adjusted[metric], group), digits=p_digits) for family in families
        ]
    first, second = (group_levels[key] for key in _pair(next(iter(tests.values()))["scale"], group_levels))
    methods = "; ".join(dict.fromkeys(method_of(test["method"]) for test in tests.values()))
    notes = [f"Adjusted difference: {first} against {second}; {methods}.", *_numbers(tests, columns)]
    if not alike:
        notes += [f"{label_of(metric, columns)}: adjusted for {words}." for metric, words in covariates.items()]
    if sized:
        plain = " of models without a robust variance" if sizes else ""
        methods = dict.fromkeys(method_of(row["method"]) for row in found.values() if row is not None)
        notes.append(f"Cohen's d{plain}: {'; '.join(methods)}.")
    return Compared([Column(heading, spanner) for heading in headings], cells, notes)


def _pair(scale: str, group_levels: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the levels that a scale compares, if they are the two of the table."""
    first, second = group_levels
    pairs = {f"{a} against {b}": (a, b) for a, b in ((first, second), (second, first))}
    return pairs.get(str(scale))


def _difference(model: pd.DataFrame, name: str, group: str, group_levels: Mapping[str, str]) -> pd.Series:
    rows = pick.rows(model, term=group, quantity="adjusted_difference")
    for _, row in rows.iterrows():
        if _pair(row["scale"], group_levels):
            return row
    levels = " and ".join(group_levels)
    raise InputError(f"models.linear.{name}: found no adjusted_difference of {group} between {levels}")


def _covariates(model: pd.DataFrame, group: str, columns: Mapping[str, dict]) -> str:
    """Return what a model adjusts for in words: ``age, sex and thalamus volume``."""
    terms = pick.rows(model, quantity="f_test")["term"]
    labels = [label_of(term, columns) for term in terms if term not in ("model", group)]
    said = [label[:1].lower() + label[1:] if label[1:2].islower() else label for label in labels]
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said) or "nothing"


def _numbers(tests: Mapping[str, pd.Series], columns: Mapping[str, dict]) -> list[str]:
    """Say how many patients the models are of."""
    counts = {metric: fmt.count(test["n"]) for metric, test in tests.items()}
    if len(set(counts.values())) == 1:
        return [f"Models of n={next(iter(counts.values()))}."]
    return ["Models of " + ", ".join(f"n={n} ({label_of(metric, columns)})" for metric, n in counts.items()) + "."]
