"""Table 1: who the patients are, overall and by group, in every sample, and how well a sample balances the groups."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.core.guard import as_it_is
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.table import Column, Row, Table, finished
from recohort.tables.words import STATISTICS, key_of, label_of, labelled, level_of, method_of

BALANCE = {"eligible": "all", "matched": "matched", "weighted": "weighted"}
"""How the balance table calls a cohort."""

NUMBERS = {"mean_sd": fmt.mean_sd, "median_iqr": fmt.median_iqr, "median_range": fmt.median_range}


class _Part(NamedTuple):
    """Patients of one column; `weights` only where the sample is weighted. `group` is empty for everyone.

    `counted` says what is printed for a number of these patients that have something in common.
    """

    frame: pd.DataFrame
    weights: pd.Series | None
    group: str
    counted: Callable[..., int | str]


class _Sample(NamedTuple):
    """The columns of one cohort: its parts, then the rows of balance and of tests where these are printed."""

    cohort: str
    heading: str
    parts: list[_Part]
    balance: pd.DataFrame | None
    tests: pd.DataFrame | None
    model: str


class _Line(NamedTuple):
    text: str
    level: str
    indent: int
    show: Callable[[_Part], str]


def build(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    title: str,
    samples: Mapping[str, str],
    group: str | None,
    group_levels: Mapping[str, str],
    overall: bool,
    variables: Mapping[str, str],
    tests: Mapping[str, str],
    smd: str | None,
    digits: int,
    variable_digits: Mapping[str, int],
    percent_digits: int,
    smd_digits: int,
    p_digits: int,
    counted: Callable[..., int | str] = as_it_is,
) -> Table:
    """Build the baseline table.

    Parameters
    ----------
    frames : mapping
        ``cohort/<cohort>`` of every sample; with `smd` ``cohort/balance``; ``models/baseline_tests/<name>`` of `tests`.
    columns : mapping
        Declared columns: name -> type, unit, levels, label.
    synthetic : bool
        The cohort is synthetic.
    title : str
        Title of the table.
    samples : mapping
        Cohort (``assembled | eligible | matched | weighted``) -> its heading, in printed order; a single one's is not
        printed.
    group : str or None
        Column that divides the patients; without one everyone is described together.
    group_levels : mapping
        Its levels in printed order, and how they are called; those that are declared where none is given.
    overall : bool
        Describe everyone beside the groups.
    variables : mapping
        Variable -> ``mean_sd | median_iqr | median_range | n_percent``, in printed order.
    tests : mapping
        Cohort -> comparison of baseline variables whose p-values stand beside it.
    smd : {"pooled", "treated"} or None
        Which standardised mean difference of the balance table is printed.
    digits, percent_digits, smd_digits, p_digits : int
        Decimals of statistics, of percentages, of the SMD and of p-values.
    variable_digits : mapping
        Variable -> its own decimals.
    counted : callable
        What is printed for a count; see `core.guard.as_it_is`.

    Returns
    -------
    Table

    Raises
    ------
    InputError
        A column is missing or of another type, a value of the group has no heading, or balance or tests compare other
        patients than those printed.
    """
    levels = _levels(group, group_levels, columns)
    _check(samples, levels, variables, tests, smd, columns)
    shown = []
    for cohort, heading in samples.items():
        frame = pick.frame_of(frames, f"cohort/{cohort}")
        parts = _parts(frame, cohort, group, levels, overall=overall, counted=counted)
        balance = None
        if smd is not None and cohort in BALANCE:
            balance = pick.rows(pick.frame_of(frames, "cohort/balance"), sample=BALANCE[cohort])
        model = tests.get(cohort, "")
        tested = pick.frame_of(frames, f"models/baseline_tests/{model}") if model else None
        tested = None if tested is None else pick.rows(tested, quantity="difference")
        shown.append(_Sample(cohort, heading if len(samples) > 1 else "", parts, balance, tested, model))
    rows = []
    for variable, statistic in variables.items():
        values = pd.concat([_column(part.frame, variable) for sample in shown for part in sample.parts])
        decimals = variable_digits.get(variable, digits)
        for place, line in enumerate(_lines(values, variable, statistic, columns, decimals, percent_digits)):
            cells = [line.text]
            for sample in shown:
                cells += [line.show(part) for part in sample.parts]
                if sample.balance is not None:
                    cells.append(_difference(sample, variable, line.level, f"smd_{smd}", smd_digits))
                if sample.tests is not None:
                    cells.append("" if place else _p_value(sample, variable, p_digits))
            rows.append(Row(tuple(cells), line.indent))
    return finished(
        frames,
        title=title,
        columns=[Column("Characteristic"), *_headings(shown, levels)],
        rows=rows,
        footnotes=_notes(shown, variables, smd, columns),
        synthetic=synthetic,
    )


def _levels(group: str | None, levels: Mapping[str, str], columns: Mapping[str, dict]) -> dict[str, str]:
    if group is None or levels:
        return {key_of(level): text for level, text in levels.items()}
    declared = columns.get(group, {})
    if declared.get("type") == "boolean":
        return {"0": f"{label_of(group, columns)}: no", "1": f"{label_of(group, columns)}: yes"}
    return {key_of(level): level_of(level) for level in declared.get("levels") or []}


def _check(
    samples: Mapping[str, str],
    levels: Mapping[str, str],
    variables: Mapping[str, str],
    tests: Mapping[str, str],
    smd: str | None,
    columns: Mapping[str, dict],
) -> None:
    if smd is not None and len(levels) != 2:
        raise InputError(f"baseline table: the SMD compares two groups, found {len(levels)}, expected smd: null")
    if tests and len(levels) < 2:
        raise InputError(f"baseline table: tests compare groups, found {len(levels)}, expected two or more")
    if strange := [cohort for cohort in tests if cohort not in samples]:
        raise InputError(f"baseline table: tests of '{strange[0]}', expected a sample of it: {', '.join(samples)}")
    for variable, statistic in variables.items():
        if statistic in NUMBERS and columns.get(variable, {}).get("type") == "category":
            raise InputError(f"baseline table: '{variable}' is a category, expected n_percent, found {statistic}")


def _parts(
    frame: pd.DataFrame,
    cohort: str,
    group: str | None,
    levels: Mapping[str, str],
    *,
    overall: bool,
    counted: Callable[..., int | str],
) -> list[_Part]:
    weights = _column(frame, "weight").astype(float) if cohort == "weighted" else None
    everyone = [_Part(frame, weights, "", partial(_counted, counted, cohort, ()))]
    if group is None:
        return everyone
    keys = _column(frame, group)
    if keys.isna().any():
        raise InputError(f"cohort/{cohort}: column '{group}' is empty in {int(keys.isna().sum())} rows, expected none")
    keys = keys.map(key_of)
    if unknown := sorted(set(keys) - set(levels)):
        raise InputError(f"cohort/{cohort}: column '{group}' holds '{unknown[0]}', expected one of {', '.join(levels)}")
    parts = [
        _Part(
            frame[keys == one],
            None if weights is None else weights[keys == one],
            one,
            partial(_counted, counted, cohort, (f"{group}={one}",)),
        )
        for one in levels
    ]
    return (everyone if overall else []) + parts


def _counted(
    counted: Callable[..., int | str], cohort: str, of: tuple[str, ...], n: int, *conditions: str
) -> int | str:
    return counted(n, cohort, *of, *conditions)


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame:
        raise InputError(f"the cohort has no column '{name}', which the baseline table prints")
    return frame[name]


def _headings(samples: list[_Sample], levels: Mapping[str, str]) -> list[Column]:
    headings = []
    for sample in samples:
        for part in sample.parts:
            n = part.counted(len(part.frame))
            size = f"n={n}"
            if part.weights is not None and not isinstance(n, str):
                size += f"; weighted {fmt.number(part.weights.sum(), digits=1)}"
            text = levels[part.group] if part.group else "All patients"
            headings.append(Column(f"{text} ({size})", sample.heading))
        headings += [Column("SMD", sample.heading)] if sample.balance is not None else []
        headings += [Column("p", sample.heading)] if sample.tests is not None else []
    return headings


def _lines(
    values: pd.Series,
    variable: str,
    statistic: str,
    columns: Mapping[str, dict],
    digits: int,
    percent_digits: int,
) -> Iterator[_Line]:
    what = f", {STATISTICS[statistic]}"
    if statistic == "n_percent":
        yield from _counts(values, variable, what, columns, percent_digits)
    else:
        show = partial(_spread, variable=variable, show=NUMBERS[statistic], digits=digits)
        yield _Line(labelled(variable, columns) + what, "", 0, show)
    if values.isna().any():
        yield _Line("Missing, n", "missing", 1, partial(_missing, variable=variable))


def _missing(part: _Part, *, variable: str) -> str:
    return fmt.count(part.counted(int(part.frame[variable].isna().sum()), f"{variable} missing"))


def _known(part: _Part, variable: str) -> int | str:
    """Return what is printed for the patients whose value is known."""
    known = int(part.frame[variable].notna().sum())
    return part.counted(known, *([] if known == len(part.frame) else [f"{variable} known"]))


def _spread(part: _Part, *, variable: str, show: Callable[..., str], digits: int) -> str:
    known = part.frame[variable].notna()
    if str(n := _known(part, variable)).startswith("<"):
        return n
    weights = None if part.weights is None else part.weights[known]
    return show(part.frame.loc[known, variable], digits=digits, weights=weights)


def _counts(values: pd.Series, variable: str, what: str, columns: Mapping[str, dict], digits: int) -> Iterator[_Line]:
    show = partial(_share, variable=variable, digits=digits)
    if columns.get(variable, {}).get("type") == "boolean":
        yield _Line(label_of(variable, columns) + what, "1", 0, partial(show, level="1"))
        return
    declared = columns.get(variable, {}).get("levels")
    levels = [key_of(level) for level in declared or sorted(values.dropna().unique())]
    yield _Line(label_of(variable, columns) + what, "heading", 0, lambda part: "")
    for level in levels:
        yield _Line(level_of(level), level, 1, partial(show, level=level))


def _share(part: _Part, *, variable: str, level: str, digits: int) -> str:
    known = part.frame[variable].dropna().map(key_of)
    shown, total = part.counted(int((known == level).sum()), f"{variable}={level}"), _known(part, variable)
    if part.weights is None:
        return fmt.n_percent(shown, total, digits=digits)
    if isinstance(shown, str) or isinstance(total, str):
        return fmt.n_percent(shown, total, digits=digits) if isinstance(shown, str) else fmt.MISSING
    weights = part.weights[known.index]
    n = float(weights[known == level].sum())
    return fmt.n_percent(n, float(weights.sum()), digits=digits, count_digits=1)


def _difference(sample: _Sample, variable: str, level: str, column: str, digits: int) -> str:
    """Return a line's difference; that of a number, a boolean or a whole category stands in the row with no level."""
    if level == "missing":
        return ""
    rows = pick.rows(sample.balance, covariate=variable)
    if len(rows):
        _same_patients(sample, variable, rows.iloc[0])
    of_level = rows["level"].fillna("").map(key_of)
    found = rows[of_level == ("" if level in ("", "1", "heading") else level)]
    if found.empty and level == "1":
        found = rows[of_level == "1"]
    if found.empty:
        return "" if level == "heading" else fmt.MISSING
    return fmt.number(pick.value(found.iloc[0], column), digits=digits)


def _same_patients(sample: _Sample, variable: str, row: pd.Series) -> None:
    compared = sorted(int(row[column]) for column in ("n_treated", "n_control"))
    printed = sorted(_of_groups(sample, variable))
    if compared != printed:
        raise InputError(
            f"baseline table: the balance of '{variable}' compares {compared[0]} and {compared[1]} patients, the "
            f"groups of cohort/{sample.cohort} have {printed[0]} and {printed[1]}, expected the groups that were "
            "matched or weighted"
        )


def _of_groups(sample: _Sample, variable: str) -> list[int]:
    return [int(part.frame[variable].notna().sum()) for part in sample.parts if part.group]


def _p_value(sample: _Sample, variable: str, digits: int) -> str:
    row = pick.first(sample.tests, term=variable)
    if row is None:
        return ""
    if (printed := sum(_of_groups(sample, variable))) != row["n"]:
        raise InputError(
            f"baseline table: models.baseline_tests.{sample.model} compares '{variable}' of {fmt.count(row['n'])} "
            f"patients, cohort/{sample.cohort} has {printed}, expected tests of that cohort"
        )
    return fmt.p_value(pick.value(row, "p_value"), digits=digits)


def _notes(
    samples: list[_Sample], variables: Mapping[str, str], smd: str | None, columns: Mapping[str, dict]
) -> list[str]:
    notes = []
    shown = [_column(part.frame, name) for sample in samples for part in sample.parts for name in variables]
    if not any(values.isna().any() for values in shown):
        notes.append("No value is missing.")
    elif "n_percent" in variables.values():
        notes.append("Percentages are of the patients whose value is known.")
    if smd is not None:
        divisor = {
            "pooled": "both groups' pooled standard deviation",
            "treated": "the treated group's standard deviation among the eligible",
        }[smd]
        notes.append(f"SMD: standardised mean difference, in units of {divisor}; a size below 0.1 is taken as balance.")
    for sample in samples:
        name = sample.heading or level_of(sample.cohort)
        if sample.cohort == "weighted":
            notes.append(
                f"{name}: each patient counts by the weight; counts are sums of weights, means, standard deviations, "
                "percentages and quantiles are weighted. Missing values are counted as patients."
            )
        if sample.cohort == "matched" and sample.balance is not None and _uneven(sample):
            notes.append(f"{name}: statistics count each patient once, the SMD takes the weights of the matched sets.")
        if sample.tests is not None:
            notes.append(f"p ({name}): {_methods(sample, variables, columns)}." if sample.heading else "")
            notes.append("" if sample.heading else f"p: {_methods(sample, variables, columns)}.")
        if sample.tests is not None and sample.cohort == "matched":
            notes.append(f"p ({name}): the tests take the groups as independent and ignore the matching.")
    return notes


def _uneven(sample: _Sample) -> bool:
    """Return whether patients of one group have different weights in the matched sample."""
    weights = [part.frame["weight"].to_numpy(float) for part in sample.parts if part.group]
    return any(w.size and np.ptp(w) > 1e-9 for w in weights)


def _methods(sample: _Sample, variables: Mapping[str, str], columns: Mapping[str, dict]) -> str:
    """Return the tests, each with the variables it was used for."""
    used = {}
    for variable in variables:
        row = pick.first(sample.tests, term=variable)
        if row is not None:
            used.setdefault(method_of(row["method"]), []).append(label_of(variable, columns))
    if len(used) == 1:
        return next(iter(used))
    return "; ".join(f"{method} ({', '.join(labels)})" for method, labels in used.items())
