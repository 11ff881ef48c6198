"""p-values adjusted for multiplicity, as a family's result holds them."""

from collections.abc import Mapping

import pandas as pd

from recohort.tables import pick
from recohort.tables.words import method_of


def adjusted_p(family: pd.DataFrame, member: str, term: str) -> float | None:
    """Return the adjusted p-value of a member of a family, found by the member's name, else by its term."""
    rows = pick.rows(family, quantity="p_adjusted")
    found = rows[rows["term"] == member]
    found = rows[rows["term"] == term] if found.empty else found
    return None if found.empty else pick.value(found.iloc[0], "p_value")


def family_heading(family: pd.DataFrame) -> str:
    """Return the heading of the column of adjusted p-values: ``p (Bonferroni, k=4)``."""
    rows = pick.rows(family, quantity="p_adjusted")
    method = str(rows["method"].iloc[0]) if len(rows) else ""
    return f"p ({method_of(method)}, k={len(rows)})"


def families_of(frames: Mapping[str, object], family: str | list[str] | None) -> list[pd.DataFrame]:
    """Return the families whose adjusted p-values a table prints: none, one, or several in their order."""
    names = [family] if isinstance(family, str) else family or []
    return [pick.frame_of(frames, f"models/family/{name}") for name in names]
