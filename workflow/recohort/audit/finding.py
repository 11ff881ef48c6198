"""What a check says."""

from typing import NamedTuple

CONSISTENT, INCONSISTENT, UNCHECKED = VERDICTS = ("consistent", "inconsistent", "cannot be checked")
COLUMNS = ("check", "items", "verdict", "finding", "arithmetic", "box", "remark")
"""Of the table that is written."""


class Finding(NamedTuple):
    """One check of one item.

    Attributes
    ----------
    check : str
        Name of the check.
    items : str
        The numbers it is about, joined by blanks; the first is the one that is judged.
    verdict : str
        One of `VERDICTS`: whether any values that print as published can stand together.
    finding : str
        The verdict in a sentence.
    remark : str
        What matters to a reader although nothing contradicts, or what else follows; may be empty.
    arithmetic : str
        The computation, with its numbers.
    box : str
        What the printed digits leave open.
    """

    check: str
    items: str
    verdict: str
    finding: str
    remark: str = ""
    arithmetic: str = ""
    box: str = ""


def verdict(holds: bool) -> str:
    """Return the verdict of a check that could be made."""
    return CONSISTENT if holds else INCONSISTENT
