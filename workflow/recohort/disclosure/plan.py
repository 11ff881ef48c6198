"""The plan of a study: every count of its tables and figures in one system, and what each is printed as."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from recohort.core.columns import as_text
from recohort.core.errors import InputError
from recohort.disclosure.cells import Cells, Ledger
from recohort.disclosure.estimates import Named, enter_model
from recohort.disclosure.people import enter_flow, enter_table, flow_name, nest, reason_name, whom
from recohort.disclosure.suppress import OTHER, rounded, suppress

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
        stands there, and whether its numbers are ``withheld`` with them; ``counted``: how many counts are ``printed``,
        ``small``, and withheld beside small ones (``others``); ``models`` and ``cohort`` as they were given.

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
                own = frames.get(f"cohort/{entry.get('cohort')}")
                estimates = frames[f"models/{kind}/{name}"]
                named[f"models/{kind}/{name}"] = enter_model(ledger, kind, name, entry, estimates, own)
    nest(ledger)
    cells = ledger.cells()
    rules = {"minimum_count": minimum_count, "zeros": zeros, "round_to": round_to}
    withheld = suppress(cells, **rules)
    shown = _shown(cells, withheld.small, withheld.others, minimum_count, round_to)
    rows = {name: _rows(found, shown, frames[name]["quantity"]) for name, found in named.items()}
    counted = {
        "printed": int(cells.printed.sum()),
        "small": int((withheld.small & cells.printed).sum()),
        "others": int(withheld.others.sum()),
    }
    used = {kind: dict(entries) for kind, entries in models.items()}
    return {**rules, "shown": shown, "rows": rows, "counted": counted, "models": used, "cohort": dict(cohort)}


def _enter_item(ledger: Ledger, frames: Mapping[str, object], entry: Mapping[str, object]) -> None:
    """Enter what a table or a figure counts from patients' rows.

    Raises
    ------
    InputError
        It counts some of a cohort's rows, which could be subtracted from what others count.
    """
    if entry.get("among"):
        raise InputError(
            f"disclosure: '{entry['title']}': found among, expected everyone of a cohort: its rest is not guarded"
        )
    if entry["kind"] == "baseline":
        statistics = entry["variables"]
        for cohort in entry["samples"]:
            enter_table(
                ledger,
                _frame(frames, cohort),
                cohort,
                group=entry["group"],
                overall=entry["overall"] or entry["group"] is None,
                counted=[name for name, how in statistics.items() if how == "n_percent"],
                described=[name for name, how in statistics.items() if how != "n_percent"],
            )
    if entry["kind"] in ("group_metrics", "box", "histogram"):
        described = entry.get("metrics") or [entry["column"]]
        group = {"group": entry["group"], "overall": entry["group"] is None}
        frame = _frame(frames, entry["cohort"])
        enter_table(ledger, frame, entry["cohort"], **group, counted=[], described=list(described))


def _frame(frames: Mapping[str, object], cohort: str) -> pd.DataFrame:
    if f"cohort/{cohort}" not in frames:
        raise InputError(f"disclosure: there is no cohort '{cohort}' among the results, which a table or figure counts")
    return frames[f"cohort/{cohort}"]


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
    texts = {
        "n": [shown.get(name) for name in named.n],
        "n_events": [shown.get(name) for name in named.n_events],
    }
    rows = zip(texts["n"], texts["n_events"], named.behind, quantities, strict=True)
    withheld = [
        any(_goes(text, quantity) for text in (n, events, *(shown.get(name) for name in behind)))
        for n, events, behind, quantity in rows
    ]
    return {**texts, "withheld": withheld}


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
