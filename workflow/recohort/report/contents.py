"""What a study's page shows, from its configuration and its results: tables and figures in order, judged checklists."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import pandas as pd

from recohort.core.references import VIEWED, item_sources
from recohort.report.alt import numbers
from recohort.report.checklist import checklist, counts, title_of
from recohort.report.page import Item

ENDINGS = ("csv", "html", "docx", "tex")
"""Of a table's files."""

HEAVY = 300_000
"""A drawing of more bytes is shown as a picture, where that is lighter."""


def items(
    study: Mapping[str, object],
    *,
    figures: Iterable[str],
    formats: Sequence[str],
    files: Mapping[str, bytes],
    results: Mapping[str, object],
    noted: Callable[[Mapping[str, object]], str],
) -> list[Item]:
    """Return the tables and figures in the order of the paper, the flow of participants first where it is not named.

    Parameters
    ----------
    study : mapping
        The study, complete.
    figures : iterable of str
        Those that are drawn.
    formats : sequence of str
        Endings of a figure's files.
    files : mapping
        Path below ``results/<study>/`` -> content, of every table's HTML and every figure's SVG and PNG.
    results : mapping
        Name -> what figures are drawn from.
    noted : callable
        What a figure's caption says, by its entry, beside its own words.
    """
    entries = {("tables", name): entry for name, entry in study.get("tables", {}).items()}
    entries |= {("figures", name): study["figures"][name] for name in figures}
    order = study["report"]["order"]

    def place(key: tuple[str, str]) -> tuple[int, int]:
        if key[1] in order:
            return (1, order.index(key[1]))
        return (0 if entries[key]["kind"] == "flow" else 2, 0)

    return [_item(*key, entries[key], formats, files, results, noted) for key in sorted(entries, key=place)]


def _item(
    stage: str,
    name: str,
    entry: Mapping[str, object],
    formats: Sequence[str],
    files: Mapping[str, bytes],
    results: Mapping[str, object],
    noted: Callable[[Mapping[str, object]], str],
) -> Item:
    sources, table = item_sources(stage, dict(entry)), stage == "tables"
    endings = ENDINGS if table else [*formats, *(["html"] if entry["kind"] in VIEWED else [])]
    drawn = {} if table else {ending: files.get(f"{stage}/{name}.{ending}") for ending in ("svg", "png")}
    return Item(
        name=name,
        title=entry["title"],
        caption="" if table else f"{entry.get('caption', '')}{noted(entry)}",
        html=files[f"{stage}/{name}.html"].decode() if table else "",
        svg="" if table else _lighter(**drawn),
        sources=list(sources.values()),
        files=[f"{stage}/{name}.{ending}" for ending in endings],
        numbers="" if table else numbers({key: results[key] for key in sources if key in results}),
    )


def _lighter(*, svg: bytes | None, png: bytes) -> str | bytes:
    """Return the drawing; the picture of it where there is no drawing, or a heavy one that the picture undercuts."""
    return png if svg is None or len(svg) > max(HEAVY, len(png)) else svg.decode()


def judged(
    study: Mapping[str, object],
    shown: Sequence[Item],
    *,
    checklists: Mapping[str, Mapping[str, object]],
    codes: Sequence[str],
) -> tuple[list[dict], dict[str, str]]:
    """Return the study's checklists, item by item, and what stands at the places that they name.

    Parameters
    ----------
    study : mapping
        The study, complete.
    shown : sequence of Item
        Tables and figures of the page.
    checklists : mapping
        Name -> content of ``workflow/checklists/<name>.yaml``.
    codes : sequence of str
        Codes of the warnings that the page says.

    Returns
    -------
    list of dict
        ``name, title, source, doi, counts, rows`` of each.
    dict
        Anchor -> title.
    """
    rows = checklist(study, shown, checklists=checklists, stated=study["report"]["checklist"], codes=codes)
    number = counts(rows) if len(rows) else pd.DataFrame()
    lists = [
        {
            "name": name,
            **{key: content[key] for key in ("title", "source", "doi")},
            "counts": number.loc[name].to_dict(),
            "rows": rows[rows["checklist"] == name].to_dict("records"),
        }
        for name, content in checklists.items()
    ]
    anchors = {anchor for cell in rows["anchor"] for anchor in cell.split()}
    return lists, {anchor: title_of(anchor, shown) for anchor in sorted(anchors)}
