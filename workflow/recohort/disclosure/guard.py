"""The guard of a study whose plan of disclosure is made: what scripts ask before anything is printed or drawn."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

import pandas as pd

from recohort.disclosure import release
from recohort.disclosure.counted import Counted

Table = TypeVar("Table")
COMPARED = {"kind": "compared", "title": "published numbers"}


class Guard:
    """Lets pass what a plan allows; the face is that of `core.guard.Open`.

    Parameters
    ----------
    plan : mapping
        Of `plan.plan`.
    """

    def __init__(self, plan: Mapping[str, object]):
        self._plan = plan
        self.counted = Counted(plan)

    def released(self, frames: Mapping[str, object], entry: Mapping[str, object]) -> dict[str, object]:
        """Return the results that a table or a figure is made from, without what may not be seen."""
        self.counted.of(entry)
        return release.released(frames, self._plan, entry=entry)

    def noted(self, table: Table, entry: Mapping[str, object]) -> Table:
        """Return a table that says beneath how it was guarded."""
        return replace(table, footnotes=(*table.footnotes, release.note(self._plan, entry, figure=False)))

    def caption(self, entry: Mapping[str, object]) -> str:
        """Return the sentence that a figure's caption ends with."""
        return f" {release.note(self._plan, entry, figure=True)}"

    def warnings(self, results: Mapping[str, object]) -> dict[str, object]:
        """Return results whose warnings count nobody, and the page's line on what is withheld."""
        made = {name: self._spoken(name, frame) for name, frame in results.items()}
        line = pd.DataFrame({"code": ["disclosure"], "message": [release.summary(self._plan)]})
        return {**made, "disclosure/plan.warnings": line}

    def _spoken(self, name: str, frame: object) -> object:
        return release.without_numbers(frame) if name.endswith(".warnings") else frame

    def status(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the images' quality checks as means of blocks of participants, nobody named."""
        return release.quality(frame, self._plan)

    def quality(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the table of the images' quality with guarded counts."""
        return release.quality_counts(frame, self.counted)

    def compared(self, results: Mapping[str, object]) -> dict[str, object]:
        """Return the results that published numbers are compared with: withheld ones are missing."""
        named = {path.rpartition(".")[0]: frame for path, frame in results.items()}
        made = release.released(named, self._plan, entry=COMPARED)
        return {
            path: self._found(release.without_words(made[path.rpartition(".")[0]]), frame)
            for path, frame in results.items()
        }

    def _found(self, made: object, frame: object) -> object:
        """Return a result whose rows are found by their own scale, of which nothing is printed."""
        found = isinstance(made, pd.DataFrame) and "scale" in made and len(made) == len(frame)
        return made.assign(scale=frame["scale"].to_numpy()) if found else made

    def asked(self, published: pd.DataFrame) -> pd.DataFrame:
        """Return the published numbers with a result, unless that is read off the patients' rows or a curve."""
        result = published["result"]
        rows = (result.str.startswith("cohort/") & result.str.endswith(".tsv")) | result.str.endswith(".curve.tsv")
        return published.assign(result=result.mask(rows, ""))
