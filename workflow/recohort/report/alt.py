"""How many a figure shows, said for those who cannot see it."""

from collections.abc import Iterable, Mapping

import pandas as pd

Results = Mapping[str, pd.DataFrame | dict]


def numbers(frames: Results) -> str:
    """Return in words of how many participants a figure is, from what it is drawn from; empty where that says nothing.

    Parameters
    ----------
    frames : mapping
        Path below ``results/<study>/`` without its ending -> frame or content of JSON.

    Examples
    --------
    >>> numbers({"models/cox/age": pd.DataFrame({"n": [86, 86], "n_events": [30, 30]})})
    'n=86, 30 events'
    >>> numbers({"cohort/flow": {"steps": [{"n_in": 155, "n_out": 150}, {"n_in": 150, "n_out": 86}]}})
    '155 at the beginning, 86 at the end'
    """
    said = [text for name, frame in frames.items() if (text := _of(name, frame))]
    estimates = [frame for name, frame in frames.items() if _estimates(name, frame)]
    if estimates:
        said.append(_fitted(pd.concat(estimates)))
    return "; ".join(dict.fromkeys(filter(None, said)))


def _of(name: str, frame: pd.DataFrame | dict) -> str:
    if name == "cohort/flow":
        steps = frame["steps"]
        return f"{steps[0]['n_in']} at the beginning, {steps[-1]['n_out']} at the end" if steps else ""
    if name == "cohort/balance" and len(frame):
        groups = frame.groupby("sample", sort=False)[["n_treated", "n_control"]].first()
        return "; ".join(f"{sample}: n={_range([a])} and {_range([b])}" for sample, a, b in groups.itertuples())
    if isinstance(frame, pd.DataFrame) and "participant_id" in frame:
        return f"n={frame['participant_id'].nunique()}"
    return ""


def _estimates(name: str, frame: pd.DataFrame | dict) -> bool:
    return isinstance(frame, pd.DataFrame) and {"n", "n_events"} <= set(frame) and not name.endswith(".curve")


def _fitted(estimates: pd.DataFrame) -> str:
    n, events = (_range(estimates[column].dropna()) for column in ("n", "n_events"))
    return ", ".join(filter(None, (n and f"n={n}", events and f"{events} events")))


def _range(counts: Iterable[float]) -> str:
    """Return counts as one, or as their range; weighted ones rounded."""
    found = sorted({round(count) for count in counts})
    return f"{found[0]}" if len(found) == 1 else f"{found[0]} to {found[-1]}" if found else ""
