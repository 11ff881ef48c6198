"""The plan of a study: every count of its tables and figures in one system, and what each is printed as."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from recohort.core.columns import as_text
from recohort.core.conditions import rows_where
from recohort.core.errors import InputError
from recohort.core.references import DERIVED
from recohort.disclosure.cells import Cells, Ledger
from recohort.disclosure.decisions import Rules, decisions
from recohort.disclosure.estimates import ONE_BY_ONE, Named, enter_model
from recohort.disclosure.exposures import blocks_of
from recohort.disclosure.people import (
    enter_combinations,
    enter_flow,
    enter_rest,
    enter_table,
    flow_name,
    nest,
    reason_name,
    some_of,
    whom,
)
from recohort.disclosure.suppress import OTHER, is_small, rounded, suppress

TESTED = ("baseline_tests", "groups")
"""Kinds whose rows are about a variable of a cohort, divided by their group."""


def plan(
    frames: Mapping[str, object],
    *,
    tables: Mapping[str, dict],
    figures: Mapping[str, dict],
    models: Mapping[str, Mapping[str, dict]],
    cohort: Mapping[str, object],
    minimum_count: int,
    zeros: str,
    round_to: int | None,
) -> dict[str, object]:
    """Decide what every count of a study is printed as.

    Parameters
    ----------
    frames : mapping
        Every result that a table or a figure is made from, the cohorts of their models among them.
    tables, figures, models, cohort : mapping
        These sections of the study's configuration, complete.
    minimum_count, zeros, round_to
        The section ``disclosure``; see `suppress.suppress`.

    Returns
    -------
    dict
        The section's keys; ``shown``: name of a count -> what is printed in its place, a word or a rounded number;
        ``rows``: analysis -> for each row of its estimates what is printed for ``n`` and ``n_events``, null for what
        stands there, and whether its numbers are ``withheld`` with them, of decision curves how far rounded counts
        move them (``moved``); ``curves``: analysis -> of decision curves the same for each row of the curve, of curves
        over a column its ``blocks``; ``counted``: how many counts are ``printed``, ``small``, and withheld beside
        small ones (``others``); ``models`` and ``cohort`` as they were given.

    Raises
    ------
    InputError
        Rounding would turn a count of at least the minimum into 0.
    """
    if round_to is not None and round_to > 2 * minimum_count:
        raise InputError(
            f"disclosure.round_to: found {round_to}, expected at most {2 * minimum_count}, twice minimum_count, "
            "so that no shown count is rounded to 0"
        )
    ledger = Ledger()
    for entry in [*tables.values(), *figures.values()]:
        _enter_item(ledger, frames, entry)
    if "cohort/flow" in frames:
        groups = cohort.get("groups") or {}
        enter_flow(ledger, frames["cohort/flow"], group=groups.get("column"), matched="matching" in cohort)
    if "images/status" in frames:
        status = as_text(frames["images/status"]["status"])
        whole = ledger.count("images", len(status))
        ledger.split(whole, [(f"images|{word}", int((status == word).sum())) for word in sorted(status.unique())])
    named = {}
    for kind, entries in models.items():
        for name, entry in entries.items():
            if f"models/{kind}/{name}" in frames and kind not in TESTED:
                own = _joined(frames, entry)
                estimates = frames[f"models/{kind}/{name}"]
                named[f"models/{kind}/{name}"] = enter_model(ledger, kind, name, entry, estimates, own)
    entries = [*tables.values(), *figures.values(), *(one for kind in models.values() for one in kind.values())]
    for among in dict.fromkeys(some_of("", entry.get("among")) for entry in entries):
        enter_rest(ledger, among.removeprefix("|"))
    for name in _given_away(ledger, named.values(), minimum_count, zeros):
        ledger.count(name, ledger[name])
    nest(ledger)
    cells = ledger.cells()
    rules = {"minimum_count": minimum_count, "zeros": zeros, "round_to": round_to}
    withheld = suppress(cells, **rules)
    shown = _shown(cells, withheld.small, withheld.others, minimum_count, round_to)
    rows = {name: _rows(found, shown, frames[name]["quantity"]) for name, found in named.items()}
    for name in rows:
        _, kind, model = name.split("/")
        if kind in DERIVED:
            _follow(rows, name, frames, models[kind][model])
    curves = {}
    for name, found in named.items():
        _, kind, model = name.split("/")
        curve = frames.get(f"{name}.curve", pd.DataFrame())
        if kind == "decision_curve":
            curves[name] = _decided(rows[name], frames[name], curve, models[kind][model], Rules(**rules))
        elif len(curve):
            how = {"size": minimum_count, "round_to": round_to}
            curves[name] = {"blocks": blocks_of(curve, models[kind][model], found.patients, **how)}
    counted = {
        "printed": int(cells.printed.sum()),
        "small": int((withheld.small & cells.printed).sum()),
        "others": int(withheld.others.sum()),
    }
    used = {kind: dict(entries) for kind, entries in models.items()}
    given = {"models": used, "cohort": dict(cohort)}
    return {**rules, "shown": shown, "rows": rows, "curves": curves, "counted": counted, **given}


def _given_away(ledger: Ledger, named: Iterable[Named], minimum_count: int, zeros: str) -> list[str]:
    """Return the cells of models that are tables in disguise; with a small one the model says nothing."""
    found = []
    for one in named:
        counts = np.array([ledger[name] for name in one.cells], dtype=int)
        if not is_small(counts, minimum=minimum_count, zeros=zeros).any():
            found += one.cells
    return found


def _decided(
    rows: dict[str, list], estimates: pd.DataFrame, curve: pd.DataFrame, entry: Mapping[str, object], rules: Rules
) -> dict[str, list]:
    """Return what is added to each row of a decision curve, and say the same of the estimates in `rows`."""
    exact = not any(isinstance(text, str) for column in ("n", "n_events") for text in rows[column])
    moved = decisions(estimates, curve, entry, exact=exact, rules=rules)
    rows["moved"] = moved.rows
    rows["withheld"] = [gone or by is None for gone, by in zip(rows["withheld"], moved.rows, strict=True)]
    return {"moved": moved.curve}


def _enter_item(ledger: Ledger, frames: Mapping[str, object], entry: Mapping[str, object]) -> None:
    """Enter what a table or a figure counts from patients' rows."""
    if entry["kind"] == "baseline":
        statistics = entry["variables"]
        for cohort in entry["samples"]:
            enter_table(
                ledger,
                *_those(ledger, frames, cohort, entry),
                group=entry["group"],
                overall=entry["overall"] or entry["group"] is None,
                counted=[name for name, how in statistics.items() if how == "n_percent"],
                described=[name for name, how in statistics.items() if how != "n_percent"],
            )
    if entry["kind"] in ("group_metrics", "box", "histogram"):
        described = entry.get("metrics") or [entry["column"]]
        group = {"group": entry["group"], "overall": entry["group"] is None}
        those = _those(ledger, frames, entry["cohort"], entry)
        enter_table(ledger, *those, **group, counted=[], described=list(described))
    if entry["kind"] == "overlap":
        enter_combinations(ledger, *_those(ledger, frames, entry["cohort"], entry), criteria=entry["criteria"])


def _those(
    ledger: Ledger, frames: Mapping[str, object], cohort: str, entry: Mapping[str, object]
) -> tuple[pd.DataFrame, str]:
    """Return the rows of a cohort that a table or a figure is about, and their name."""
    frame = _frame(frames, cohort)
    if not entry.get("among"):
        return frame, cohort
    ledger.count(whom(cohort), len(frame))
    return rows_where(frame, entry["among"], where=f"'{entry['title']}': among"), some_of(cohort, entry["among"])


def _frame(frames: Mapping[str, object], cohort: str) -> pd.DataFrame:
    if f"cohort/{cohort}" not in frames:
        raise InputError(f"disclosure: there is no cohort '{cohort}' among the results, which a table or figure counts")
    return frames[f"cohort/{cohort}"]


def _joined(frames: Mapping[str, object], entry: Mapping[str, object]) -> pd.DataFrame | None:
    """Return the cohort of an analysis with the strata that it joins, as far as they are among the results."""
    own = frames.get(f"cohort/{entry.get('cohort')}")
    for stratum in entry.get("join") or []:
        curve = frames.get(f"models/strata/{stratum}.curve")
        if own is not None and curve is not None:
            own = own.merge(curve[["participant_id", stratum]], on="participant_id", how="left")
    return own


def _shown(
    cells: Cells, small: np.ndarray, others: np.ndarray, minimum_count: int, round_to: int | None
) -> dict[str, str | int]:
    """Return what stands for each count that is not printed as it is."""
    shown: dict[str, str | int] = {}
    if round_to is not None:
        numbers = rounded(cells.counts, round_to=round_to)
        shown = {name: int(number) for name, number in zip(cells.names, numbers, strict=True)}
    shown |= {cells.names[place]: f"<{minimum_count}" for place in np.flatnonzero(small)}
    return shown | {cells.names[place]: OTHER for place in np.flatnonzero(others)}


def _rows(named: Named, shown: Mapping[str, str | int], quantities: pd.Series) -> dict[str, list]:
    alone = [ONE_BY_ONE.fullmatch(str(quantity)) is not None for quantity in quantities]
    texts = {
        column: [OTHER if one else shown.get(name) for one, name in zip(alone, names, strict=True)]
        for column, names in (("n", named.n), ("n_events", named.n_events))
    }
    rows = zip(alone, texts["n"], texts["n_events"], named.behind, named.few, quantities, strict=True)
    withheld = [
        one
        or any(_goes(text, quantity) for text in (n, events))
        or any(isinstance(shown.get(name), str) for name in behind)
        or any(str(shown.get(name)).startswith("<") for name in few)
        for one, n, events, behind, few, quantity in rows
    ]
    return {**texts, "withheld": withheld}


def _follow(
    rows: Mapping[str, dict[str, list]], name: str, frames: Mapping[str, object], entry: Mapping[str, object]
) -> None:
    """Withhold what is calculated from withheld numbers of other analyses."""
    bare = {member.partition(".")[2]: f"models/{member.replace('.', '/', 1)}" for member in entry["members"]}
    for place, (_, row) in enumerate(frames[name].iterrows()):
        for path in [bare[row["term"]]] if row["term"] in bare else bare.values():
            if path not in rows:
                continue
            term, scale = (frames[path][column].fillna("").astype(str) for column in ("term", "scale"))
            about = (term == row["scale"]) | ((term + ", " + scale).str.rstrip(", ") == row["scale"])
            rows[name]["withheld"][place] |= any(np.array(rows[path]["withheld"])[about])


def _goes(text: str | int | None, quantity: str) -> bool:
    """Return whether a row's numbers are withheld with one of its counts."""
    return isinstance(text, str) and (text != OTHER or quantity not in MODELLED)


MODELLED = frozenset(
    {
        *("coefficient", "hazard_ratio", "ratio_of_hazard_ratios", "subdistribution_hazard_ratio", "odds_ratio"),
        *("ratio_of_odds_ratios", "odds_ratio_at", "interaction_test", "common_odds_ratio", "mean_difference"),
        *("adjusted_mean", "adjusted_difference", "r_squared", "ph_test", "likelihood_ratio_test"),
        *("log_rank", "log_rank_trend", "gray_test", "gray_test_competing", "auc", "c_statistic", "concordance"),
        *("p_adjusted", "correlation", "nonlinearity_test", "aic", "log_likelihood", "calibration_slope"),
    }
)
"""Quantities of a whole model, which stay where a count beside them is withheld for another one's sake.

Not those that give the number of patients with others: R² with its F or the adjusted one, a mean's SD and interval.
"""


def flow_shown(
    flow: Mapping[str, list], shown: Mapping[str, str | int], *, group: str | None, matched: bool
) -> dict[str, list]:
    """Return a flow with what is printed for each of its counts."""
    steps, before = [], shown.get(flow_name(flow, -1, matched=matched))
    for place, step in enumerate(flow["steps"]):
        after = shown.get(flow_name(flow, place, matched=matched))
        gone = shown.get(f"flow|{step['name']} excluded")
        excluded = [{**one, "n": shown.get(reason_name(step, one), one["n"])} for one in step["excluded"]]
        printed = {"n_in": before, "n_excluded": gone, "n_out": after}
        steps.append({**step, **{key: text for key, text in printed.items() if text is not None}, "excluded": excluded})
        before = after
    last = "matched" if matched else "eligible"
    groups = [{**one, "n": shown.get(whom(last, f"{group}={one['name']}"), one["n"])} for one in flow["groups"]]
    return {**flow, "steps": steps, "groups": groups}
