"""A study's page with everything that a page can have, made from results that are made up."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
from made_items import FIGURES, figure, table

from recohort.figures.save import save
from recohort.figures.style import marked
from recohort.report import quality
from recohort.report.alternatives import alternatives
from recohort.report.page import Item, page
from recohort.report.pictures import Picture, looked_at
from recohort.tables.render import to_html

REPORT = Path(__file__).parents[2] / "workflow" / "report"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in REPORT.iterdir()}
FILES = {"templates": TEXTS, "style": TEXTS["style.css"], "script": TEXTS["viewer.js"]}
PNG = (  # one grey pixel
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU\x00\x00\x00\nIDATx"
    b"\x9cch\x00\x00\x00\x82\x00\x81w\xcdr\xb6\x00\x00\x00\x00IEND\xaeB`\x82"
)
PICTURE = Picture("sub-002", PNG, ["Signal highest, 4.0 robust SD"], {"Signal": "22"}, "../images/sub-002/ct/b.png")
FINDING = {"check": "sums", "items": "x", "verdict": "consistent", "finding": "1 + 1 = 2.", "remark": ""}
FINDING |= {"arithmetic": "1 + 1 = 2", "box": "2 in 1.5 to 2.5"}
FINDINGS = pd.DataFrame(
    [
        FINDING,
        {**FINDING, "items": "y x", "verdict": "inconsistent", "finding": "1 + 1 = 2, but 3 is printed."},
        {**FINDING, "check": "multiplicity", "remark": "One of <eight>."},
        {**FINDING, "verdict": "cannot be checked", "finding": "n is not printed."},
    ]
)
GATHERED = pd.DataFrame(
    {
        "specification": ["as configured", "caliper-0.2", "as configured", "published"],
        "results": [
            "results/study/models/cox/a.tsv",
            "results/study/sensitivity/caliper-0.2/models/cox/a.tsv",
            "results/study/models/cox/b.tsv",
            None,
        ],
        "cohort.matching.caliper": ["none", "0.2 SD", None, None],
        "model": ["cox.a", "cox.a", "cox.b", None],
        "term": ["marker", "marker", "marker", None],
        "quantity": ["hazard_ratio"] * 4,
        "scale": ["per 1", "per 1", "per 1", None],
        "estimate": [2.5, 1.123456, None, 2.61],
        "std_error": [0.1, 0.1, None, None],
        "conf_low": [1.5, 0.9, None, 1.4],
        "conf_high": [3.5, 1.4, None, 4.9],
        "statistic": [1.0, 1.0, None, None],
        "df": [None] * 4,
        "p_value": [0.0001, 0.3, None, None],
        "n": [86, 80, 86, None],
        "n_events": [30, 28, 30, None],
        "method": ["Wald"] * 4,
        "reason": [None, None, "landmark 60: the longest week is 52 <expected> more", None],
    }
)
STATUS = pd.DataFrame(
    {
        "participant_id": ["sub-001", "sub-002", "sub-003", "sub-004"],
        "status": ["reconstructed"] * 3 + ["excluded"],
        "reason": [None, None, None, "no CT"],
        "overlay": ["sub-001/ct/a.png", "sub-002/ct/b.png", "sub-003/ct/c.png", None],
        "snr": [20.0, 40.0, 21.0, None],
    }
)


def compared(**cells):
    row = {"item": "x", "quantity": "ratio", "group": "", "published": "1.5", "conf_low": "", "conf_high": ""}
    row |= {"reproduced": 1.51, "difference": 0.01, "tolerance": "rounding", "agreement": "match", "verdict": "match"}
    row |= {"reproduced_low": 1.2, "reproduced_high": 1.9, "unit": "", "printed": "Table 3", "source": "A"}
    return row | {"result": "models/cox/median.tsv", "note": "a < b"} | cells


def items(columns, frames, folder, caveats):
    """Two tables and two figures."""
    shown = []
    for name in ("table3_cox", "table5_strata"):
        built = replace(table(name, columns, frames, synthetic="synthetic" in caveats), caveats=tuple(caveats))
        html = to_html(built, name=name)
        shown.append(Item(name, built.title, "", html, "", ["models/cox/median.tsv"], [f"tables/{name}.csv"]))
    for name in ("figure1_flow", "figure6_km"):
        path, entry = folder / f"{name}.svg", FIGURES[name]
        save(marked(figure(name, columns, frames, synthetic="synthetic" in caveats), caveats), path)
        svg, files = path.read_text(encoding="utf-8"), [f"figures/{name}.pdf"]
        shown.append(
            Item(
                name, entry["title"], entry.get("caption", ""), "", svg, ["cohort/flow.json"], files, "n=86, 30 events"
            )
        )
    return shown


def built(columns, frames, folder, *, caveats=(), **changed):
    """The page; `changed` are its arguments."""
    verdict = {"verdict": caveats[0]} if caveats else {}
    said = [
        ("models/cox/median", "few_events", "Six events per coefficient."),
        ("models/cox/iqr", "few_events", "Six events per coefficient."),
        ("cohort/matched", "matched_on_outcome", "Matched on <the> outcome."),
    ]
    given = {
        "study": {
            "title": "A study & its numbers",
            "reference": "A journal 2025",
            "doi": "10.1000/x",
            "assumptions": [{"setting": "caliper", "value": "0.2", "source": "knowledge"}],
        },
        "reproduction": pd.DataFrame(
            [compared(**verdict), compared(item="y", agreement="differs", **{"verdict": "differs", **verdict})]
        ),
        "audit": FINDINGS,
        "warnings": pd.DataFrame(said, columns=["source", "code", "message"]),
        "sensitivity": {},
        "methods": "Matched 1:2 [1].",
        "references": ["Cox DR. Models. J 1972;1:2-3. doi:10.1000/y"],
        "checklists": [],
        "places": {},
        "quality": quality.summarise(STATUS, quality={"snr": "Signal to noise"}, digits=1),
        "pictures": [],
        "participants": [],
        "recovery": [],
        "hanging": {},
        "guarded": False,
        "records": {"a list with checksums": "../provenance.json"},
        "run": {"Seed": "1"},
    }
    shown = items(columns, frames, folder, caveats)
    return page(shown, **FILES, name="study", caveats=caveats, **(given | changed))


def everything():
    """Arguments with which every section stands on the page."""
    listed = [
        {**one, "path": one["path"] and f"../images/{one['path']}"}
        for one in looked_at(STATUS, quality={"snr": "Signal to noise"}, digits=1)
    ]
    labels = {"cohort.matching.caliper": "Caliper", "cox.a": "Adjusted"}
    hazard_ratio = alternatives(GATHERED, columns={}, labels=labels, page="results/study/report")
    row = {"item": "1", "topic": "Title", "text": "Says so.", "verdict": "met", "anchor": "methods", "note": "Yes."}
    checklist = {"name": "strobe", "title": "STROBE", "source": "von Elm 2007", "doi": "10.1000/z", "rows": [row]}
    return {
        "sensitivity": {"hazard_ratio": hazard_ratio},
        "hanging": {"figure6_km": "hazard_ratio"},
        "checklists": [{**checklist, "counts": {"met": 1, "open": 0}}],
        "places": {"methods": "Methods"},
        "pictures": [PICTURE],
        "participants": listed,
    }
