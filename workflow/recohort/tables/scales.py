"""What the scale of a ratio says: an amount or a comparison of levels, and the setting in which it holds."""

import re
from collections.abc import Mapping

import pandas as pd

from recohort.tables.words import label_of


def said_of(scale: object) -> str:
    """Return a scale without its setting.

    Examples
    --------
    >>> said_of("per 1 mm where horTh is no"), said_of("II against I")
    ('per 1 mm', 'II against I')
    """
    return "" if pd.isna(scale) else str(scale).partition(" where ")[0].rstrip(",")


def is_amount(scale: object) -> bool:
    """Return whether a ratio is per an amount of a number, rather than between levels or values."""
    return f"{said_of(scale)} ".startswith("per ")


def comparison(scale: object) -> str:
    """Return how a comparison of levels follows a term's label; empty for an amount and for yes against no.

    Examples
    --------
    >>> comparison("II against I"), comparison("per 1 mm"), comparison("1 against 0")
    (': II against I', '', '')
    """
    said = said_of(scale)
    return "" if is_amount(scale) or said in ("", "1 against 0") else f": {said}"


def setting(scale: object, columns: Mapping[str, dict]) -> str:
    """Return the setting in which a ratio holds as it follows a term's label; empty where it holds everywhere.

    Examples
    --------
    >>> setting("per 1 mm where horTh is no", {"horTh": {"label": "Hormonal therapy"}})
    ', hormonal therapy no'
    """
    found = re.findall(r"(?:where|and) (\w+) is (.+?)(?= where | and \w+ is |$)", str(scale))
    named = (f"{label_of(name, columns)} {value.replace('_', ' ')}" for name, value in found)
    return "".join(f", {text[:1].lower()}{text[1:]}" for text in named)
