"""Labels and standing phrases that tables, figures and pages share."""

from collections.abc import Mapping

import pandas as pd

SYNTHETIC = "Synthetic cohort"

STATISTICS = {"mean_sd": "mean (SD)", "median_iqr": "median [IQR]", "n_percent": "n (%)"}

METHODS = {
    "bonferroni": "Bonferroni",
    "holm": "Holm",
    "bh": "Benjamini-Hochberg",
    "youden": "Youden's index",
    "fixed": "fixed in advance",
}


def titled(title: str, *, synthetic: bool) -> str:
    """Return a title that says aloud when the cohort behind it is synthetic."""
    return f"{title} ({SYNTHETIC.lower()})" if synthetic else title


def label_of(name: str, columns: Mapping[str, dict]) -> str:
    """Return the declared label of a column, else its name as words.

    Examples
    --------
    >>> label_of("prior_haemorrhage", {}), label_of("age", {"age": {"label": "Age at entry"}})
    ('Prior haemorrhage', 'Age at entry')
    """
    text = columns.get(name, {}).get("label") or str(name).replace("_", " ")
    return text[:1].upper() + text[1:]


def unit_of(name: str, columns: Mapping[str, dict]) -> str:
    """Return the declared unit of a column; empty where it has none."""
    return columns.get(name, {}).get("unit") or ""


def labelled(name: str, columns: Mapping[str, dict]) -> str:
    """Return label and unit of a column: ``Age (years)``."""
    unit = unit_of(name, columns)
    return f"{label_of(name, columns)} ({unit})" if unit else label_of(name, columns)


def level_of(level: object) -> str:
    """Return how a level of a category is called.

    Examples
    --------
    >>> level_of("haemorrhage_free")
    'Haemorrhage free'
    """
    text = key_of(level).replace("_", " ")
    return text[:1].upper() + text[1:]


def key_of(level: object) -> str:
    """Return a level as text, a whole number without its ``.0``: the form in which levels are compared."""
    return str(int(level)) if isinstance(level, float) and level.is_integer() else str(level)


def warnings_of(frames: Mapping[str, object]) -> dict[str, str]:
    """Return ``message -> code`` of every ``*.warnings`` frame, in the order of the frames, each message once."""
    listed = [frame for name, frame in frames.items() if name.endswith(".warnings")]
    rows = pd.concat(listed) if listed else pd.DataFrame({"code": [], "message": []})
    return dict(zip(rows["message"], rows["code"], strict=True))


def method_of(method: str | None) -> str:
    """Return how a method is called in print.

    Examples
    --------
    >>> method_of("youden, at or above is positive")
    "Youden's index, at or above is positive"
    """
    name, comma, rest = str(method).partition(",")
    return METHODS.get(name, name) + comma + rest
