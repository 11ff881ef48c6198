"""The page over all studies of a run: what each says, what its publication's numbers say, and where everything lies."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from recohort.report.audited import audited, quantities
from recohort.report.contents import ENDINGS
from recohort.report.environment import environment
from recohort.report.verdict import counts, of_sources, summary
from recohort.tables.words import CAVEATS, titled


class Listed(NamedTuple):
    """A study: its name, its ``title, reference, doi``, its items as the index has them, its caveats, what came out.

    `reproduction` is that of `compare`, `audit` the findings on its published numbers, both without rows where nothing
    is published.
    """

    name: str
    study: Mapping[str, str]
    items: Mapping[str, Mapping[str, object]]
    caveats: Sequence[str]
    reproduction: pd.DataFrame
    audit: pd.DataFrame


def overview(
    studies: Sequence[Listed],
    *,
    papers: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]],
    templates: Mapping[str, str],
    style: str,
    script: str,
    formats: Sequence[str],
    recorded: bool,
) -> str:
    """Return the page as HTML that loads nothing.

    Parameters
    ----------
    studies : sequence of Listed
        In the order of the run.
    papers : mapping
        Name of each table of published numbers that no study of the run is about -> its numbers, and the findings.
    templates : mapping
        File name -> content of ``workflow/report/*.html.j2``.
    style, script : str
        Content of ``style.css`` and of ``viewer.js``.
    formats : sequence of str
        Endings of a figure's files.
    recorded : bool
        Provenance is recorded beside each study's results.
    """
    shown = [_shown(one, formats) for one in studies]
    real = [one for one in shown if not one["caveats"] and sum(one["counts"].values())]
    totals = {word: sum(one["counts"][word] for one in real) for word in real[0]["counts"]} if real else {}
    audits = {
        name: {"numbers": len(published), "audit": audited(findings, named=quantities(published))}
        for name, (published, findings) in papers.items()
    }
    return (
        environment(templates, caveats=())
        .get_template("overview.html.j2")
        .render(
            studies=shown,
            real=len(real),
            totals=totals,
            papers=audits,
            style=style,
            script=script,
            recorded=recorded,
        )
    )


def _shown(one: Listed, formats: Sequence[str]) -> dict[str, object]:
    found = audited(one.audit, named={})
    listed = [
        {
            "anchor": f"{item.partition('/')[2]}-title",
            "title": entry["title"],
            "verdict": "" if one.caveats else summary(of_sources(one.reproduction, entry["sources"])),
            "files": {ending: f"{item}.{ending}" for ending in (ENDINGS if item.startswith("tables/") else formats)},
        }
        for item, entry in one.items.items()
    ]
    return {
        "name": one.name,
        "title": titled(one.study["title"], caveats=one.caveats),
        "reference": one.study.get("reference", ""),
        "doi": one.study.get("doi", ""),
        "caveats": [CAVEATS[word] for word in one.caveats],
        "counts": counts(one.reproduction),
        "numbers": len(one.reproduction),
        "audit": found,
        "items": listed,
    }
