"""One page per study, in one file: what came out, what it hangs on, and how it compares with the publication."""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd
from jinja2 import DictLoader, Environment, StrictUndefined

from recohort.report.verdict import SENTENCES, counts, of_sources, summary
from recohort.tables import format as fmt
from recohort.tables.words import CAVEATS, titled

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


class Picture(NamedTuple):
    """A participant's picture: the PNG's bytes, why it is shown, its quality checks (label -> text), where it lies."""

    participant: str
    png: bytes
    why: Sequence[str]
    checks: Mapping[str, str]
    path: str


class Item(NamedTuple):
    """A table or a figure of the page.

    `html` of a table is its fragment, `svg` of a figure its drawing; the other is empty. `sources` are the results it
    is made from, `files` where it lies below ``results/<study>/``.
    """

    name: str
    title: str
    caption: str
    html: str
    svg: str
    sources: Sequence[str]
    files: Sequence[str]


def page(
    items: Sequence[Item],
    *,
    template: str,
    style: str,
    study: Mapping[str, object],
    name: str,
    caveats: Sequence[str],
    reproduction: pd.DataFrame,
    warnings: pd.DataFrame,
    methods: str,
    quality: pd.DataFrame,
    pictures: Sequence[Picture],
    unshown: Mapping[str, str],
    recovery: Sequence[str],
    run: Mapping[str, str],
) -> str:
    """Return the page as HTML that loads nothing.

    Parameters
    ----------
    items : sequence of Item
        Tables and figures, in the order of the paper.
    template, style : str
        Content of ``page.html.j2`` and of ``style.css``.
    study : mapping
        ``title, reference, doi, assumptions``.
    name : str
        Name of the study.
    caveats : sequence of str
        What the study's results rest on, of `CAVEATS`, the gravest first.
    reproduction : DataFrame
        Of `compare`; no rows where nothing is published.
    warnings : DataFrame
        ``source, code, message``: every warning of every stage.
    methods : str
        The methods paragraph.
    quality : DataFrame
        Of `quality.summarise`; no rows for a study without images.
    pictures : sequence of Picture
        Of the participants that `quality.extremes` chooses.
    unshown : mapping
        Every other participant -> where its picture lies, relative to the page.
    recovery : sequence of str
        Names of the figures that show how well the truth of a synthetic cohort is recovered; they stand apart.
    run : mapping
        What identifies the run, e.g. version and seed, printed at the end.
    """
    environment = Environment(
        loader=DictLoader({"page": template}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def said(title: str) -> str:
        return titled(title, caveats=caveats)

    environment.filters |= {"embedded": _embedded, "limits": _limits, "said": said, "shown": _shown, "wide": _wide}
    verdicts = {item.name: summary(of_sources(reproduction, item.sources)) for item in items}
    return environment.get_template("page").render(
        items=[item for item in items if item.name not in recovery],
        recovered=[item for item in items if item.name in recovery],
        verdicts=verdicts,
        style=style,
        study=study,
        name=name,
        caveats={word: (CAVEATS[word], REASONS[word]) for word in caveats},
        pictures=pictures,
        unshown=unshown,
        counts=counts(reproduction),
        sentences=SENTENCES,
        reproduction=reproduction.astype(object).where(reproduction.notna(), None).to_dict("records"),
        warnings=_grouped(warnings),
        methods=methods,
        quality=quality.to_dict("records"),
        sources=SOURCES,
        run=run,
    )


def _grouped(warnings: pd.DataFrame) -> list[dict]:
    """Return each message once, with every result that it stands beside; the gravest code first."""
    said = warnings.groupby(["code", "message"], sort=False)["source"].agg(lambda names: list(dict.fromkeys(names)))
    rows = [{"code": code, "message": message, "sources": names} for (code, message), names in said.items()]
    return sorted(rows, key=lambda row: row["code"] != "matched_on_outcome")


def _embedded(image: str | bytes) -> str:
    """Return a drawing (SVG) or a picture (PNG) as the address that holds it."""
    kind, content = ("png", image) if isinstance(image, bytes) else ("svg+xml", image.encode())
    return f"data:image/{kind};base64," + base64.b64encode(content).decode("ascii")


def _wide(svg: str) -> bool:
    """Return whether a drawing is wider than one column of a journal."""
    width = re.search(r'<svg[^>]* width="([0-9.]+)pt"', svg)
    return width is not None and float(width[1]) > 300


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
