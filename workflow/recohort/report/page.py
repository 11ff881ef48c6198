"""One page per study, in one file: what came out, what it hangs on, and how it compares with the publication."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from recohort.report.audited import audited, quantities
from recohort.report.environment import environment
from recohort.report.pictures import Picture
from recohort.report.verdict import SENTENCES, counts, of_sources, summary
from recohort.tables import format as fmt
from recohort.tables.words import CAVEATS

SOURCES = {
    "published": "the publication",
    "sibling": "a related publication",
    "knowledge": "practice of the field, not verified against the publication",
    "inferred": "inferred from the published numbers",
    "A": "the publication",
    "S": "a related publication or page",
    "K": "knowledge, not verified against the publication",
}

REASONS = {
    "synthetic": (
        "No patient's data are behind these numbers. They show that the analysis runs and what it would print; they "
        "neither confirm nor refute the publication."
    ),
    "demonstration": (
        "What segmented these images demonstrates the software and is not for patients: a network that has seen "
        "simulated images alone, or a plain threshold. Numbers that rest on it neither confirm nor refute the "
        "publication."
    ),
}


class Item(NamedTuple):
    """A table or a figure of the page.

    `html` of a table is its fragment, `svg` of a figure its drawing (SVG, or the bytes of a PNG); the other is empty.
    `sources` are the results it is made from, `files` where it lies below ``results/<study>/``; `numbers` says of how
    many a figure is.
    """

    name: str
    title: str
    caption: str
    html: str
    svg: str | bytes
    sources: Sequence[str]
    files: Sequence[str]
    numbers: str = ""


def page(
    items: Sequence[Item],
    *,
    templates: Mapping[str, str],
    style: str,
    script: str,
    study: Mapping[str, object],
    name: str,
    caveats: Sequence[str],
    reproduction: pd.DataFrame,
    audit: pd.DataFrame,
    warnings: pd.DataFrame,
    sensitivity: Mapping[str, Mapping[str, object]],
    methods: str,
    references: Sequence[str],
    checklists: Sequence[Mapping[str, object]],
    places: Mapping[str, str],
    quality: pd.DataFrame,
    pictures: Sequence[Picture],
    participants: Sequence[Mapping[str, object]],
    recovery: Sequence[str],
    hanging: Mapping[str, str],
    guarded: bool,
    records: Mapping[str, str],
    run: Mapping[str, str],
) -> str:
    """Return the page as HTML that loads nothing.

    Parameters
    ----------
    items : sequence of Item
        Tables and figures, in the order of the paper.
    templates : mapping
        File name -> content of ``workflow/report/*.html.j2``.
    style, script : str
        Content of ``style.css`` and of ``viewer.js``.
    study : mapping
        ``title, reference, doi, assumptions``.
    name : str
        Name of the study.
    caveats : sequence of str
        What the study's results rest on, of `CAVEATS`, the gravest first.
    reproduction : DataFrame
        Of `compare`; no rows where nothing is published.
    audit : DataFrame
        Findings on the published numbers, see `audited`; no rows where nothing is published.
    warnings : DataFrame
        ``source, code, message``: every warning of every stage.
    sensitivity : mapping
        Name of each sensitivity analysis -> what `alternatives` returns.
    methods : str
        The methods section; numbers in brackets count `references` from 1.
    references : sequence of str
        As printed.
    checklists : sequence of mapping
        ``name, title, source, doi``, ``counts`` (verdict -> items) and ``rows``, records of `checklist`.
    places : mapping
        Anchor that a checklist names -> what stands there.
    quality : DataFrame
        Of `quality.summarise`; no rows for a study without images.
    pictures : sequence of Picture
        Of the participants that `quality.extremes` chooses.
    participants : sequence of mapping
        Of `looked_at`, `path` relative to the page.
    recovery : sequence of str
        Names of the figures that show how well the truth of a synthetic cohort is recovered; they stand apart.
    hanging : mapping
        Name of each figure of a sensitivity analysis -> the analysis; they stand with it.
    guarded : bool
        Disclosure is controlled: the page leaves without what it is made from, and links to tables and figures alone.
    records : mapping
        What the results' provenance is kept in -> its path relative to the page.
    run : mapping
        What identifies the run, e.g. version and seed.
    """
    shown = environment(templates, caveats=caveats)
    shown.filters |= {"limits": _limits, "shown": _shown}
    verdicts = {item.name: summary(of_sources(reproduction, item.sources)) for item in items}
    apart = {*recovery, *hanging}
    return shown.get_template("page.html.j2").render(
        items=[item for item in items if item.name not in apart],
        recovered=[item for item in items if item.name in recovery],
        sensitivity=[
            {"name": key, **one, "figures": [item for item in items if hanging.get(item.name) == key]}
            for key, one in sensitivity.items()
        ],
        verdicts=verdicts,
        style=style,
        script=script,
        study=study,
        name=name,
        caveats={word: (CAVEATS[word], REASONS[word]) for word in caveats},
        audit=audited(audit, named=quantities(reproduction)),
        pictures=pictures,
        participants=participants,
        counts=counts(reproduction),
        sentences=SENTENCES,
        reproduction=_rows(reproduction),
        warnings=_grouped(warnings),
        methods=methods,
        references=references,
        checklists=checklists,
        places=places,
        quality=quality.to_dict("records"),
        sources=SOURCES,
        records={} if guarded else records,
        guarded=guarded,
        run=run,
    )


def _rows(reproduction: pd.DataFrame) -> list[dict]:
    """Return the compared numbers as records.

    ``first`` marks the first of each verdict, ``again`` what is printed where the one before is.
    """
    frame = reproduction.astype(object).where(reproduction.notna(), None)
    again = (frame[["printed", "source"]] == frame[["printed", "source"]].shift()).all(axis=1)
    return frame.assign(first=~frame["verdict"].duplicated(), again=again).to_dict("records")


def _grouped(warnings: pd.DataFrame) -> list[dict]:
    """Return each message once, with every result that it stands beside; the gravest code first."""
    said = warnings.groupby(["code", "message"], sort=False)["source"].agg(lambda names: list(dict.fromkeys(names)))
    rows = [{"code": code, "message": message, "sources": names} for (code, message), names in said.items()]
    return sorted(rows, key=lambda row: row["code"] != "matched_on_outcome")


def _shown(row: Mapping[str, object], key: str = "reproduced") -> str:
    """Return a number of this run with one decimal more than the printed one; a count as it is."""
    value, printed = row[key], row["published"]
    if value is None:
        return fmt.MISSING
    if printed.startswith("<"):
        return fmt.p_value(value, digits=6)
    more = 0 if row["tolerance"] == "exact" and float(value).is_integer() else 1
    return fmt.number(value, digits=min(8, more + len(printed.partition(".")[2])))


def _limits(row: Mapping[str, object]) -> str:
    if row["reproduced_low"] is None or row["reproduced_high"] is None:
        return ""
    return f"({_shown(row, 'reproduced_low')} to {_shown(row, 'reproduced_high')})"
