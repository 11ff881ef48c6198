"""What stands between results and all that leaves: nothing, or a study's disclosure control."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TypeVar

from recohort.core.io import read_json

Printed = TypeVar("Printed")


def as_it_is(n: int, cohort: str, *conditions: str) -> int | str:
    """Return a count as it is printed where nothing is withheld: itself.

    Parameters
    ----------
    n : int
        How many patients.
    cohort : str
        Of which cohort.
    *conditions : str
        What they have in common: ``sex=F``, ``age known``, ``age missing``.
    """
    return n


class Open:
    """No disclosure control: everything passes as it is."""

    counted = staticmethod(as_it_is)

    def released(self, frames: Mapping[str, object], entry: Mapping[str, object]) -> Mapping[str, object]:
        """Return the results that a table or a figure is made from."""
        return frames

    def noted(self, table: Printed, entry: Mapping[str, object]) -> Printed:
        """Return a table with what must be said beneath it."""
        return table

    def caption(self, entry: Mapping[str, object]) -> str:
        """Return what a figure's caption says beside its own words."""
        return ""

    def warnings(self, results: Mapping[str, object]) -> Mapping[str, object]:
        """Return what the page says of the results."""
        return results

    def status(self, frame: Printed) -> Printed:
        """Return the images' quality checks."""
        return frame

    def quality(self, frame: Printed) -> Printed:
        """Return the table of the images' quality."""
        return frame

    def compared(self, results: Mapping[str, object]) -> Mapping[str, object]:
        """Return the results that published numbers are compared with, by path."""
        return results

    def asked(self, published: Printed) -> Printed:
        """Return the published numbers with a result only where it may be compared."""
        return published


def guard_of(plan: Sequence[str] | str | None) -> Open:
    """Return a study's guard: `Open`, or that of a plan of disclosure, a file of JSON."""
    paths = [plan] if isinstance(plan, str) else list(plan or [])
    if not paths:
        return Open()
    return import_module("recohort.disclosure.guard").Guard(read_json(paths[0]))
