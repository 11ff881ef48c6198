"""Reporting checklists: for every item where the page meets it, what the authors state, or that it is open.

An item is met by evidence that its checklist declares (``workflow/checklists/*.yaml``): alternatives of pieces, each of
which must be found on the page. Words of a piece:

==============  =====================================================================================================
tables          kinds of tables, or ``any``; likewise ``figures``
models          ... made from a model of one of these kinds
adjusted        ... among which is one of more than one term (true) or of a single term (false)
cohort          ... that describes this cohort
entry           ... whose entry has these settings
says            ... whose text matches this pattern (tables)
describes       ... which together describe every column found at these settings
prints          ... which together are made from every model named at these settings
methods         the methods paragraph names every setting found here
section         a section of the page
codes           a warning with one of these codes is said
setting, lacks  the study has one of these settings, has none of them; locates nothing
==============  =====================================================================================================
"""

import re
from collections.abc import Mapping, Sequence
from html import unescape
from typing import NamedTuple

import pandas as pd

from recohort.core.errors import Findings, InputError
from recohort.report.methods import places, values_at
from recohort.report.page import Item

COLUMNS = ("checklist", "item", "topic", "verdict", "where", "anchor", "note", "text")
MET, STATED, OPEN, NOT_APPLICABLE = VERDICTS = ("met", "stated", "open", "not applicable")
SECTIONS = {"methods": "Methods", "quality": "Image quality", "hangs": "What this result hangs on"}
"""Anchor of a section of the page -> its heading."""

ON_ITEMS = ("tables", "figures", "models", "adjusted", "cohort", "entry", "says", "describes", "prints")
WORDS = {*ON_ITEMS, "methods", "section", "codes", "setting", "lacks"}
ANY = "any"


class _Page(NamedTuple):
    study: Mapping[str, object]
    items: Sequence[Item]
    codes: Sequence[str]


def checklist(
    study: Mapping[str, object],
    items: Sequence[Item],
    *,
    checklists: Mapping[str, Mapping[str, object]],
    stated: Mapping[str, str],
    codes: Sequence[str],
) -> pd.DataFrame:
    """Judge every item of a study's checklists.

    Parameters
    ----------
    study : mapping
        The study, complete.
    items : sequence of Item
        The tables and figures of its page.
    checklists : mapping
        Name -> content of its file: ``title, doi, items``.
    stated : mapping
        ``<checklist>.<item>`` -> what the authors say of it. A text that begins with ``not applicable:`` or ``open:``
        is their verdict, whatever the page has.
    codes : sequence of str
        Codes of the warnings that the page says.

    Returns
    -------
    DataFrame
        `COLUMNS`; a row per item. `verdict` is ``met`` (the page has it), ``stated`` (by the authors alone), ``open``
        or ``not applicable``. `anchor` holds ids of the page, parted by blanks, `where` what stands there; `note` says
        what the authors state, why an item does not apply, or what is lacking. An item that the page can meet in part
        only is open until the authors state the rest.

    Raises
    ------
    InputError
        Something is stated of an item that no checklist of this study has.
    """
    known = {f"{name}.{item['item']}" for name, one in checklists.items() for item in one["items"]}
    findings = Findings("report.checklist")
    for key in stated:
        if key not in known:
            findings.add(f"found '{key}', expected an item of {', '.join(checklists) or 'a checklist of this study'}")
    findings.raise_if_any()
    page = _Page(study, items, codes)
    rows = [
        {"checklist": name, "item": str(item["item"]), "topic": item["topic"], "text": item["text"]}
        | _judged(item, page, stated.get(f"{name}.{item['item']}", ""))
        for name, one in checklists.items()
        for item in one["items"]
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def counts(judged: pd.DataFrame) -> pd.DataFrame:
    """Return how many items of each checklist have each verdict: a row per checklist, a column per verdict."""
    found = pd.crosstab(judged["checklist"], judged["verdict"])
    return found.reindex(index=judged["checklist"].unique(), columns=list(VERDICTS), fill_value=0)


def _judged(item: Mapping[str, object], page: _Page, said: str) -> dict[str, str]:
    """Return verdict, places and note of one item."""
    word, colon, rest = said.partition(":")
    if colon and word.strip().lower() in (NOT_APPLICABLE, OPEN):
        return _row(word.strip().lower(), rest.strip())
    anchors = _met(item.get("met", []), page)
    places = {"anchor": " ".join(anchors), "where": "; ".join(title_of(anchor, page.items) for anchor in anchors)}
    if anchors and (said or "remains" not in item):
        return _row(MET, ". ".join(filter(None, (item.get("note", ""), said))), **places)
    if said:
        return _row(STATED, said)
    if anchors:
        return _row(OPEN, f"The authors have still to say: {item['remains']}.", **places)
    if "applies" in item and not _guarded(item["applies"], page):
        return _row(NOT_APPLICABLE, item["applies"]["otherwise"])
    return _row(OPEN, f"Needed: {item['needs']}" if "needs" in item else "")


def _row(verdict: str, note: str, *, anchor: str = "", where: str = "") -> dict[str, str]:
    return {"verdict": verdict, "where": where, "anchor": anchor, "note": note}


def title_of(anchor: str, items: Sequence[Item]) -> str:
    """Return what stands at an anchor of the page: an item's title or a section's heading."""
    return next((item.title for item in items if item.name == anchor), None) or SECTIONS[anchor]


def _met(alternatives: Sequence[object], page: _Page) -> list[str]:
    """Return the anchors of the first alternative that the page has whole; none where it has none."""
    for pieces in alternatives:
        found = [_found(piece, page) for piece in (pieces if isinstance(pieces, list) else [pieces])]
        if all(found):
            return list(dict.fromkeys(anchor for anchors in found for anchor in anchors))
    return []


def _found(piece: Mapping[str, object], page: _Page) -> list[str]:
    """Return the anchors of one piece of evidence; none where the page lacks it."""
    if unknown := set(piece) - WORDS:
        raise InputError(f"checklist: found '{sorted(unknown)[0]}', expected one of {', '.join(sorted(WORDS))}")
    if not _guarded(piece, page):
        return []
    if "methods" in piece:
        return ["methods"] if _named(piece["methods"], page.study) else []
    if "codes" in piece:
        return ["hangs"] if set(piece["codes"]) & set(page.codes) else []
    if "section" in piece:
        return [piece["section"]] if _has_section(piece["section"], page.study) else []
    return _shown(piece, page)


def _guarded(piece: Mapping[str, object], page: _Page) -> bool:
    """Return whether the study has one of the settings asked for, and none of those excluded."""
    has, lacks = (
        [value for path in piece.get(word, []) for value in values_at(path, page.study)]
        for word in ("setting", "lacks")
    )
    return ("setting" not in piece or bool(has)) and not lacks


def _named(paths: Sequence[str], study: Mapping[str, object]) -> bool:
    """Return whether the methods paragraph names every setting that the study has at these paths, and it has one."""
    said = [value for path in places(study["report"]["methods"]) for value in values_at(path, study)]
    wanted = [value for path in paths for value in values_at(path, study)]
    return bool(wanted) and all(value in said for value in wanted)


def _has_section(section: str, study: Mapping[str, object]) -> bool:
    if section == "quality":
        return "images" in study and bool(study["report"]["quality"])
    return section in SECTIONS


def _shown(piece: Mapping[str, object], page: _Page) -> list[str]:
    """Return the tables and figures that show what is asked for: the first one, or those that do so together."""
    fitting = [item for item in page.items if _fits(piece, item, page.study)]
    for word, shown in (("describes", _described), ("prints", _printed)):
        if word in piece:
            derived = set(page.study["models"].get("strata", {}))  # strata are made from columns, and are none
            wanted = set(_flat(value for path in piece[word] for value in values_at(path, page.study))) - derived
            shares = {item.name: wanted & shown(item, page.study) for item in fitting}
            whole = bool(wanted) and wanted == set().union(*shares.values())
            return [name for name, share in shares.items() if share] if whole else []
    return [item.name for item in fitting[:1]]


def _fits(piece: Mapping[str, object], item: Item, study: Mapping[str, object]) -> bool:
    stage = "tables" if item.html else "figures"
    entry, models = study[stage][item.name], _models(item)
    kinds = piece.get(stage, ())
    if kinds != ANY and entry["kind"] not in kinds:
        return False
    made_from = [(kind, name) for kind, name in models if kind in piece.get("models", (kind,))]
    if "models" in piece and not made_from:
        return False
    if "adjusted" in piece:
        terms = [_terms(study["models"][kind][name]) for kind, name in made_from]
        if not any(count > 1 if piece["adjusted"] else count == 1 for count in terms):
            return False
    if "cohort" in piece and f"cohort/{piece['cohort']}.tsv" not in item.sources:
        return False
    if any(entry.get(key) != value for key, value in piece.get("entry", {}).items()):
        return False
    return "says" not in piece or re.search(piece["says"], _text(item.html)) is not None


def _models(item: Item) -> list[tuple[str, str]]:
    """Return kind and name of every model that an item is made from."""
    found = [re.fullmatch(r"models/(\w+)/(\w+)\.tsv", path) for path in item.sources]
    return [(match[1], match[2]) for match in found if match]


def _terms(model: Mapping[str, object]) -> int:
    """Return how many columns a regression has as terms; 0 for what is none."""
    if "covariates" not in model:
        return 0
    return len(model["covariates"]) + sum(model.get(key) is not None for key in ("exposure", "modifier"))


def _described(item: Item, study: Mapping[str, object]) -> set[str]:
    """Return the columns that a table or a figure describes: its group, its variables, the terms of its models."""
    entry = study["tables" if item.html else "figures"][item.name]
    named = {name for key in ("variables", "metrics", "group", "column") for name in _flat([entry.get(key)])}
    if entry.get("layout") == "terms":
        models = [study["models"][kind][name] for kind, name in _models(item) if kind != "family"]
        terms = {name for model in models for key in ("exposure", "covariates") for name in _flat([model.get(key)])}
        named |= terms & set(entry["terms"]) if entry.get("terms") else terms
    return named


def _printed(item: Item, study: Mapping[str, object]) -> set[str]:
    """Return the names of the models that an item is made from."""
    return {name for _, name in _models(item)}


def _flat(values: object) -> list[str]:
    """Return the names among settings: of a list its items, of a mapping its keys, else the setting."""
    found = []
    for value in values:
        found += list(value) if isinstance(value, list | Mapping) else [value]
    return [name for name in found if name is not None]


def _text(html: str) -> str:
    """Return what a table says in its headings, cells and notes; its title and its warnings are no evidence."""
    body = re.sub(r'<caption.*?</caption>|<ul class="warnings">.*?</ul>', "", html, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", body))
