"""Counts of a cohort's patients: whole, by group, by level, with a value missing; and how the cohorts are nested.

A name says whom it counts: ``cohort/eligible|sex=F|treated=1``, its conditions in the order of the alphabet.
"""

from collections.abc import Mapping
from itertools import pairwise

import pandas as pd

from recohort.core.columns import as_text
from recohort.disclosure.cells import Ledger

NESTED = ("assembled", "eligible", "matched")
"""Cohorts, each a part of the one before."""

SAME = {"weighted": "eligible", "imputed": "eligible"}
"""Cohorts whose rows are other cohorts' patients."""


def whom(cohort: str, *conditions: str) -> str:
    """Return the name of a count.

    Examples
    --------
    >>> whom("weighted", "sex=F", "age known"), whom("matched")
    ('cohort/eligible|age known|sex=F', 'cohort/matched')
    >>> whom("matched|sex=F", "arm=a")
    'cohort/matched|arm=a|sex=F'
    """
    name, *among = cohort.split("|")
    return "|".join([f"cohort/{SAME.get(name, name)}", *sorted({*filter(None, conditions), *among})])


def some_of(cohort: str, among: Mapping[str, object] | None) -> str:
    """Return the name of those of a cohort of whom a condition holds; the cohort's without one.

    Examples
    --------
    >>> some_of("eligible", {"column": "sex", "equals": "F"}), some_of("eligible", {"column": "age", "below": 60})
    ('eligible|sex=F', "eligible|age {'below': 60}")
    """
    if not among:
        return cohort
    words = dict(among)
    column, equals = words.pop("column"), words.get("equals")
    if list(words) != ["equals"]:
        return f"{cohort}|{column} {words}"
    level = int(equals) if isinstance(equals, bool) else equals
    return f"{cohort}|{column}={as_text(pd.Series([level], dtype=object))[0]}"


def enter_table(
    ledger: Ledger,
    frame: pd.DataFrame,
    cohort: str,
    *,
    group: str | None,
    overall: bool,
    counted: list[str],
    described: list[str],
) -> None:
    """Enter what a table of a cohort counts: groups, the levels of some columns in each, and who is unknown.

    Parameters
    ----------
    ledger : Ledger
        What is entered into.
    frame : DataFrame
        The cohort.
    cohort : str
        Its name.
    group : str or None
        Column that divides it.
    overall : bool
        Everyone is printed beside the groups; if not, everyone is the sum of what is printed.
    counted : list of str
        Columns whose levels are counted.
    described : list of str
        Columns of which only the unknown are counted.
    """
    ledger.count(whom(cohort), len(frame))
    keys = None if group is None else as_text(frame[group])
    levels = [] if keys is None else sorted(keys.dropna().unique())
    parts = {f"{group}={level}": frame[keys == level] for level in levels}
    if parts and keys.notna().all():
        ledger.split(whom(cohort), [(whom(cohort, part), len(rows)) for part, rows in parts.items()])
    for column in (*counted, *described):
        values = as_text(frame[column])
        found = sorted(values.dropna().unique()) if column in counted and column != group else []
        shown = overall or not parts
        conditions = ["", *parts]
        for part, rows in {"": frame, **parts}.items():
            ledger.count(whom(cohort, part), len(rows))
            _enter_levels(ledger, cohort, part, values.loc[rows.index], column, found, printed=bool(part) or shown)
        for what in [f"{column} known", f"{column} missing", *(f"{column}={level}" for level in found)]:
            names = [whom(cohort, part, what) for part in conditions]
            if parts and keys.notna().all() and all(name in ledger for name in names):
                ledger.tie(names[0], names[1:])


def _enter_levels(
    ledger: Ledger, cohort: str, part: str, values: pd.Series, column: str, levels: list[str], *, printed: bool
) -> None:
    whole = known = whom(cohort, part)
    if values.isna().any():
        known = whom(cohort, part, f"{column} known")
        missing = whom(cohort, part, f"{column} missing")
        ledger.split(whole, [(known, values.notna().sum()), (missing, values.isna().sum())], printed=printed)
    elif column and whom(cohort, "", f"{column} missing") in ledger:
        ledger.count(whom(cohort, part, f"{column} missing"), 0, printed=printed)
        ledger.split(whole, [(whom(cohort, part, f"{column} known"), len(values))], printed=printed)
        known = whom(cohort, part, f"{column} known")
    if levels:
        counts = [(whom(cohort, part, f"{column}={level}"), int((values == level).sum())) for level in levels]
        ledger.split(known, counts, printed=printed)


def enter_combinations(ledger: Ledger, frame: pd.DataFrame, cohort: str, criteria: list[str]) -> None:
    """Enter how many have which of some boolean columns together, how many have each, and of how many one is unknown.

    Parameters
    ----------
    ledger : Ledger
        What is entered into.
    frame : DataFrame
        The cohort.
    cohort : str
        Its name.
    criteria : list of str
        The columns.
    """
    known = frame[criteria].dropna().apply(as_text)
    whole = ledger.count(whom(cohort), len(frame))
    complete = [f"{column} known" for column in criteria] if len(known) < len(frame) else []
    if complete:
        missing = whom(cohort, *(f"{column} missing" for column in criteria))
        ledger.split(whole, [(whom(cohort, *complete), len(known)), (missing, len(frame) - len(known))])
    cells = {
        whom(cohort, *(f"{column}={level}" for column, level in zip(criteria, levels, strict=True))): (levels, n)
        for levels, n in known.groupby(criteria).size().items()
    }
    ledger.split(whom(cohort, *complete), [(name, n) for name, (_, n) in cells.items()])
    for place, column in enumerate(criteria):
        parts = {name: n for name, (levels, n) in cells.items() if levels[place] == "1"}
        ledger.count(whom(cohort, f"{column}=1", *complete), sum(parts.values()))
        ledger.tie(whom(cohort, f"{column}=1", *complete), list(parts))


def enter_rest(ledger: Ledger, among: str) -> None:
    """Enter who is not among some of a cohort, for every count that stands for both: anyone can subtract.

    Parameters
    ----------
    ledger : Ledger
        What is entered into.
    among : str
        The condition as names have it.
    """
    for name in ledger.names():
        head, *conditions = name.split("|")
        if not head.startswith("cohort/") or among not in conditions:
            continue
        whole = "|".join([head, *(one for one in conditions if one != among)])
        if whole in ledger and ledger[whole] >= ledger[name]:
            ledger.rest(whole, name, f"{name} outside {among}")


def enter_flow(ledger: Ledger, flow: Mapping[str, list], *, group: str | None, matched: bool) -> None:
    """Enter the counts of a flow: who entered each step, was excluded for which reason, and remained.

    Parameters
    ----------
    ledger : Ledger
        What is entered into.
    flow : mapping
        ``steps`` and ``groups``.
    group : str or None
        Column of the groups.
    matched : bool
        The last step is the matching.
    """
    steps = flow["steps"]
    last = "matched" if matched else "eligible"
    whole = ledger.count(flow_name(flow, -1, matched=matched), steps[0]["n_in"])
    for place, step in enumerate(steps):
        remained = flow_name(flow, place, matched=matched)
        excluded = f"flow|{step['name']} excluded"
        ledger.split(whole, [(remained, step["n_out"]), (excluded, step["n_excluded"])])
        reasons = [(reason_name(step, entry), entry["n"]) for entry in step["excluded"]]
        if reasons:
            ledger.split(excluded, reasons)
        whole = remained
    if flow["groups"]:
        ledger.split(whole, [(whom(last, f"{group}={one['name']}"), one["n"]) for one in flow["groups"]])


def flow_name(flow: Mapping[str, list], place: int, *, matched: bool) -> str:
    """Return the name of those who remained after a step, -1 for those who entered the first."""
    names = [step["name"] for step in flow["steps"]]
    after = [name for name in ("supported", "matched") if matched and name in names[-2:]]
    if place == len(names) - 1 - len(after):
        return whom("eligible")
    if matched and place == len(names) - 1:
        return whom("matched")
    return "flow|entered" if place < 0 else f"flow|{names[place]}"


def reason_name(step: Mapping[str, object], entry: Mapping[str, object]) -> str:
    """Return the name of those excluded for one reason."""
    return f"flow|{step['name']} excluded|{entry['reason']}"


def nest(ledger: Ledger) -> None:
    """Enter who is in one cohort and not in the next, for every count that stands for both: anyone can subtract."""
    for outer, inner in pairwise(NESTED):
        _nest(ledger, outer, inner)
    _nest(ledger, NESTED[0], NESTED[2])


def _nest(ledger: Ledger, outer: str, inner: str) -> None:
    start = f"cohort/{inner}"
    for name in ledger.names():
        if name != start and not name.startswith(f"{start}|"):
            continue
        rest = name.removeprefix(start)
        whole = f"cohort/{outer}{rest}"
        if whole in ledger and ledger[whole] >= ledger[name]:
            ledger.rest(whole, name, f"cohort/{outer} not {inner}{rest}")
