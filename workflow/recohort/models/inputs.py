"""What an entry of `models` and the results it names become as arguments of its kind's `fit`."""

from collections.abc import Mapping

import pandas as pd

from recohort.core.errors import InputError


def prepare(
    kind: str,
    name: str,
    entry: Mapping[str, object],
    frames: Mapping[str, pd.DataFrame],
    *,
    columns: Mapping[str, dict],
    seed: int,
) -> tuple[list, dict]:
    """Return positional and keyword arguments for ``models.<kind>.fit``.

    Parameters
    ----------
    kind, name : str
        Of the entry.
    entry : mapping
        Its settings, complete.
    frames : mapping
        The results that `sources.sources` names.
    columns : mapping
        Declared columns and metrics; joined strata are among them.
    seed : int
        The run's seed.

    Raises
    ------
    InputError
        An earlier analysis gave no threshold.
    """
    settings = {key: value for key, value in entry.items() if key not in ("cohort", "join")}
    if kind == "family":
        members = {member: frames[f"models/{member.replace('.', '/')}"] for member in settings.pop("members")}
        return [members], settings
    cohort = frames[f"cohort/{entry['cohort']}"]
    for stratum in entry.get("join", []):
        cohort = cohort.merge(frames[f"models/strata/{stratum}.curve"], on="participant_id", how="left")
    if kind == "strata":
        thresholds = {column: _threshold(rule, frames) for column, rule in entry["thresholds"].items()}
        return [cohort], settings | {"name": name, "thresholds": thresholds}
    settings["columns"] = columns
    return [cohort], settings | ({"seed": seed} if kind == "roc" else {})


def _threshold(rule: Mapping[str, object], frames: Mapping[str, pd.DataFrame]) -> float:
    if "value" in rule:
        return rule["value"]
    estimates = frames[f"models/roc/{rule['from']}"]
    found = estimates.loc[estimates["quantity"] == "threshold", "estimate"].dropna()
    if found.empty:
        raise InputError(f"models.roc.{rule['from']} has no threshold, which strata are to be made from")
    return float(found.iloc[0])
