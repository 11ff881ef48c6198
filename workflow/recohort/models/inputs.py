"""What an entry of `models` and the results it names become as arguments of its kind's `fit`."""

import inspect
from collections.abc import Callable, Mapping

import pandas as pd

from recohort.core.conditions import rows_where

WHOSE = ("cohort", "among", "join")
"""Keys of an entry that say whose rows, and with which columns; they make the first argument of `fit`."""


def prepare(
    fit: Callable,
    name: str,
    entry: Mapping[str, object],
    frames: Mapping[str, pd.DataFrame],
    *,
    columns: Mapping[str, dict],
    seed: int,
) -> tuple[list, dict]:
    """Return positional and keyword arguments for a kind's `fit`.

    Every key of the entry is passed, but those of `WHOSE`, which make the first argument. Beside them `fit` may
    ask, by the parameter's name, for ``name``, ``columns``, ``seed`` and ``results`` (the frames of other analyses).

    Parameters
    ----------
    fit : callable
        ``models.<kind>.fit``.
    name : str
        Of the entry.
    entry : mapping
        Its settings, complete.
    frames : mapping
        The results that `core.references.model_sources` names.
    columns : mapping
        Declared columns and metrics; joined strata are among them.
    seed : int
        The run's seed.
    """
    settings = {key: value for key, value in entry.items() if key not in WHOSE}
    results = {key: frame for key, frame in frames.items() if key.startswith("models/")}
    offered = {"name": name, "columns": columns, "seed": seed, "results": results}
    asked = inspect.signature(fit).parameters
    settings |= {key: value for key, value in offered.items() if key in asked}
    if "cohort" not in entry:
        return [], settings
    cohort = frames[f"cohort/{entry['cohort']}"]
    for stratum in entry.get("join", []):
        cohort = cohort.merge(frames[f"models/strata/{stratum}.curve"], on="participant_id", how="left")
    if entry.get("among"):
        cohort = rows_where(cohort, entry["among"], where=f"models: '{name}': among")
    return [cohort], settings
