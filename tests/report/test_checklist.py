from copy import deepcopy
from pathlib import Path

import pandas as pd
import pytest
import yaml

from recohort.core.errors import InputError
from recohort.core.schema import kinds, load_schema, sentences, with_defaults
from recohort.report.checklist import COLUMNS, SECTIONS, VERDICTS, WORDS, checklist, counts
from recohort.report.page import Item
from recohort.tables.render import to_html
from recohort.tables.table import Column, Row, Table

FOLDER = Path(__file__).parents[2] / "workflow" / "checklists"
FILES = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yaml"))}

CONFIG = {
    "data": {},
    "cohort": {
        "outcome": {"time": "months", "event": "death"},
        "eligibility": [{"name": "adult"}],
        "matching": {"treatment": "marked", "covariates": ["age", "sex"], "ratio": 2},
    },
    "models": {
        "cox": {
            "crude": {"exposure": "marker", "covariates": [], "duration": "months"},
            "adjusted": {"exposure": "marker", "covariates": ["age", "sex"], "duration": "months"},
        },
        "roc": {"marker": {"score": "marker", "outcome": "death", "threshold": {"rule": "youden"}}},
        "strata": {"risk": {"thresholds": {"marker": {"from": "marker"}}}},
    },
    "tables": {
        "baseline": {"kind": "baseline", "variables": {"age": "mean_sd", "sex": "n_percent"}, "group": "marked"},
        "metrics": {"kind": "group_metrics", "metrics": {"marker": "median_iqr"}, "group": "marked"},
        "ratios": {"kind": "cox", "layout": "models", "terms": ["marker"]},
        "discrimination": {"kind": "roc"},
    },
    "figures": {"flow": {"kind": "flow"}, "curves": {"kind": "km"}},
    "report": {
        "methods": [
            "Matched 1:{cohort.matching.ratio} on {cohort.matching.covariates}; Cox {models.cox.adjusted.covariates}."
        ],
        "quality": {},
    },
}
COX = ["models/cox/crude.tsv", "models/cox/adjusted.tsv", "models/cox/adjusted.warnings.tsv"]


def shown(name, *headings, sources=(), notes=(), warnings=()):
    columns = (Column("Term"), *(Column(heading) for heading in headings))
    table = Table(f"Table {name}", columns, (Row(("x", *["1"] * len(headings))),), tuple(notes), tuple(warnings))
    return Item(name, table.title, "", to_html(table, name=name), "", list(sources), [])


def drawn(name, *sources):
    return Item(name, f"Figure {name}", "", "", "<svg/>", list(sources), [])


def page(**changed):
    items = {
        "flow": drawn("flow", "cohort/flow.json"),
        "baseline": shown("baseline", "All (n=3)", sources=["cohort/matched.tsv"], notes=["Missing, n"]),
        "metrics": shown("metrics", "Marked", sources=["cohort/matched.tsv"]),
        "ratios": shown("ratios", "n (events)", "per SD (95 % CI)", sources=COX),
        "discrimination": shown("discrimination", "AUC (95 % CI)", sources=["models/roc/marker.tsv"]),
        "curves": drawn("curves", "models/kaplan_meier/strata.tsv"),
    }
    return [item for item in (items | changed).values() if item is not None]


def judged(*, items=None, stated=None, codes=(), names=("strobe",), config=CONFIG):
    lists = {name: FILES[name] for name in names}
    frame = checklist(config, page() if items is None else items, checklists=lists, stated=stated or {}, codes=codes)
    return frame.set_index(frame["checklist"] + "." + frame["item"])


def changed(path, value):
    config = deepcopy(CONFIG)
    *above, last = path.split(".")
    node = config
    for word in above:
        node = node[word]
    node[last] = value
    return config


@pytest.mark.parametrize(
    ("name", "numbers", "rows"), [("strobe", 22, 34), ("remark", 20, 20), ("stard", 30, 34), ("tripod_ai", 27, 52)]
)
def test_items_are_those_of_the_publication(name, numbers, rows):
    items = [str(item["item"]) for item in FILES[name]["items"]]
    assert len(set(items)) == len(items) == rows
    assert list(dict.fromkeys(int(item.rstrip("abcdefg")) for item in items)) == list(range(1, numbers + 1))


@pytest.mark.parametrize("name", FILES)
def test_a_checklist_is_well_formed(name):
    """Each item that can be met says what it needs, with words, kinds and settings that exist."""
    models, known = kinds("models"), {"tables": kinds("tables"), "figures": kinds("figures"), "models": kinds("models")}
    assert set(FILES[name]) == {"title", "source", "doi", "items"}
    for item in FILES[name]["items"]:
        assert (
            {"item", "topic", "text"}
            <= set(item)
            <= {"item", "topic", "text", "applies", "needs", "met", "note", "remains"}
        )
        assert ("met" in item) == ("needs" in item)
        assert set(item.get("applies", {"otherwise": ""})) <= {"setting", "lacks", "otherwise"}
        pieces = [piece for one in item.get("met", []) for piece in (one if isinstance(one, list) else [one])]
        for piece in [
            *pieces,
            {key: item["applies"][key] for key in ("setting", "lacks") if key in item.get("applies", {})},
        ]:
            assert set(piece) <= WORDS
            for word, possible in known.items():
                assert piece.get(word, []) == "any" or set(piece.get(word, [])) <= set(possible)
            assert piece.get("section", "methods") in SECTIONS
            for word in ("methods", "describes", "prints", "setting", "lacks"):
                for path in piece.get(word, []):
                    assert any(_exists(path, kind) for kind in models), path


def _exists(path, kind):
    """Whether a path of a study stands in the schemas, ``models.*`` being one kind."""
    node = load_schema("study")
    for number, word in enumerate(path.split(".")):
        variants = [node, *node.get("oneOf", []), *node.get("anyOf", [])]
        named = [one["additionalProperties"] for one in variants if isinstance(one.get("additionalProperties"), dict)]
        found = [one["properties"][word] for one in variants if word in one.get("properties", {})]
        if word == "*" and number == 1:
            found = [node["properties"][kind]]
        if not found + named:
            return False
        node = (found + named)[0] if len(found) < 2 else {"oneOf": found}
    return True


def test_every_item_has_one_row_and_one_verdict():
    found = judged(names=tuple(FILES))
    assert tuple(found.columns) == COLUMNS
    assert len(found) == 140
    assert set(found["verdict"]) <= set(VERDICTS)
    assert (found.loc[found["verdict"] == "met", "anchor"] != "").all()
    anchors = {anchor for cell in found["anchor"] for anchor in cell.split()}
    assert anchors <= {item.name for item in page()} | set(SECTIONS)
    assert found.equals(judged(names=tuple(FILES)))
    assert counts(found.reset_index(drop=True)).sum(axis=1).to_dict() == {
        name: len(one["items"]) for name, one in FILES.items()
    }


def test_only_what_the_software_knows_is_met():
    """Background, definitions, discussion and funding stay open, whatever the page shows."""
    found = judged()
    assert sorted(found.index[found["verdict"] == "met"]) == [
        f"strobe.{item}" for item in ("12a", "13a", "13b", "13c", "14a", "14b", "15", "16b", "6b")
    ]
    for item in ("1a", "2", "3", "4", "5", "6a", "7", "8", "9", "10", "11", "12d", "18", "19", "20", "21", "22"):
        assert found.loc[f"strobe.{item}", ["verdict", "note"]].tolist() == ["open", ""]


@pytest.mark.parametrize(
    ("item", "anchor", "lost"),
    [
        ("strobe.13a", "flow", {"flow": None}),
        ("strobe.13c", "flow", {"flow": None}),
        ("strobe.14a", "baseline metrics", {"metrics": None}),  # then nothing describes the exposure
        ("strobe.14b", "baseline", {"baseline": shown("baseline", "All (n=3)", sources=["cohort/matched.tsv"])}),
        ("strobe.15", "ratios", {"ratios": shown("ratios", "per SD (95 % CI)", sources=COX)}),
        ("strobe.15", "ratios", {"ratios": shown("ratios", "per SD (95 % CI)", sources=COX, warnings=["6 events"])}),
        (
            "strobe.16b",
            "discrimination",
            {"discrimination": shown("discrimination", "AUC", sources=["models/roc/x.tsv"])},
        ),
        (
            "strobe.6b",
            "methods baseline",
            {"baseline": shown("baseline", "All (n=3)", sources=["cohort/eligible.tsv"])},
        ),
        ("remark.15", "ratios curves", {"curves": None}),
        ("remark.15", "ratios curves", {"ratios": shown("ratios", "per SD (95 % CI)", sources=COX[1:])}),
        ("remark.17", "ratios", {"ratios": shown("ratios", "per SD (95 % CI)", sources=COX[:1])}),
        ("remark.17", "ratios", {"ratios": shown("ratios", "per SD", sources=COX)}),
        (
            "stard.24",
            "discrimination",
            {"discrimination": shown("discrimination", "AUC", sources=["models/roc/marker.tsv"])},
        ),
    ],
)
def test_an_item_is_met_by_its_evidence_alone(item, anchor, lost):
    names = (item.split(".")[0],)
    assert judged(names=names).loc[item, ["verdict", "anchor"]].tolist() == ["met", anchor]
    assert judged(items=page(**lost), names=names).loc[item, "verdict"] == "open"


@pytest.mark.parametrize(
    ("item", "path", "value"),
    [
        ("strobe.12a", "report.methods", ["Matched on {cohort.matching.ratio}."]),
        ("strobe.12a", "models.cox.other", {"exposure": "marker", "covariates": ["age"]}),  # a set that nothing names
        ("strobe.6b", "report.methods", ["Cox {models.cox.adjusted.covariates}."]),
        ("strobe.13b", "cohort", {"outcome": {}}),
        (
            "strobe.14a",
            "models.cox.other",
            {"exposure": "marker", "covariates": ["size"]},
        ),  # a column no table describes
        ("strobe.16b", "models.strata.risk.thresholds", {"marker": {"value": 3}}),
        ("strobe.16b", "models.logistic", {"quarters": {"exposure": "x", "covariates": [], "subgroups": 4}}),
    ],
)
def test_an_item_opens_when_the_study_changes(item, path, value):
    assert judged().loc[item, "verdict"] == "met"
    assert judged(config=changed(path, value)).loc[item, "verdict"] != "met"


def test_missing_data_are_handled_where_an_analysis_says_so():
    assert judged().loc["strobe.12c", "verdict"] == "open"
    assert judged().loc["strobe.12c", "note"].startswith("Needed: The methods paragraph names the columns imputed")
    assert judged(codes=["incomplete_rows"]).loc["strobe.12c", ["verdict", "anchor"]].tolist() == ["met", "hangs"]
    imputed = changed("cohort.imputation", {"columns": ["age"], "m": 20})
    assert judged(codes=["incomplete_rows"], config=imputed).loc["strobe.12c", "verdict"] == "open"
    imputed["report"]["methods"] = ["{cohort.imputation.m} imputations of {cohort.imputation.columns}."]
    assert judged(config=imputed).loc["strobe.12c", "anchor"] == "methods"


def test_what_does_not_apply_says_why():
    plain = changed("cohort", {"outcome": {}})
    found = judged(config=plain).loc["strobe.6b"]
    assert found["verdict"] == "not applicable"
    assert found["note"] == "This analysis matches nobody."
    imaged = changed("images", {"kind": "qsm"})
    assert judged(config=imaged, names=("remark",)).loc["remark.4", "verdict"] == "not applicable"
    assert judged(names=("remark",)).loc["remark.4", "verdict"] == "open"


def test_what_is_shown_in_part_waits_for_the_authors():
    found = judged().loc["strobe.16a"]
    assert found[["verdict", "anchor"]].tolist() == ["open", "ratios methods"]
    assert found["note"] == "The authors have still to say: why these confounders."
    said = judged(stated={"strobe.16a": "Known causes of both."}).loc["strobe.16a"]
    assert said["verdict"] == "met"
    assert said[["where", "note"]].tolist() == ["Table ratios; Methods", "Known causes of both."]
    alone = judged(items=page(ratios=None), stated={"strobe.16a": "Known causes of both."}).loc["strobe.16a"]
    assert alone[["verdict", "note", "anchor"]].tolist() == ["stated", "Known causes of both.", ""]


def test_the_authors_have_the_last_word():
    stated = {
        "strobe.22": "None.",
        "strobe.13a": "open: the screened are not counted",
        "strobe.10": "Not applicable: all were taken",
    }
    found = judged(stated=stated)
    assert found.loc["strobe.22", ["verdict", "note"]].tolist() == ["stated", "None."]
    assert found.loc["strobe.13a", ["verdict", "note", "anchor"]].tolist() == [
        "open",
        "the screened are not counted",
        "",
    ]
    assert found.loc["strobe.10", ["verdict", "note"]].tolist() == ["not applicable", "all were taken"]


def test_a_statement_on_no_item_is_refused():
    with pytest.raises(InputError, match=r"report\.checklist: found 'strobe\.99', expected an item of strobe"):
        judged(stated={"strobe.99": "x"})
    with pytest.raises(InputError, match=r"found 'remark\.1'"):
        judged(stated={"remark.1": "x"})


def test_an_unknown_word_of_a_checklist_is_refused():
    odd = {"odd": {"items": [{"item": 1, "topic": "t", "text": "t", "met": [{"tabels": ["cox"]}]}]}}
    with pytest.raises(InputError, match="found 'tabels', expected one of"):
        checklist(CONFIG, page(), checklists=odd, stated={}, codes=[])


def test_no_checklist_is_no_row():
    found = checklist(CONFIG, page(), checklists={}, stated={}, codes=[])
    assert found.equals(pd.DataFrame(columns=list(COLUMNS)))


def test_the_schema_knows_the_checklists():
    schema = load_schema("report")
    assert schema["properties"]["checklists"]["items"]["enum"] == sorted(FILES)
    assert {"checklists": [], "checklist": {}}.items() <= with_defaults({}, schema).items()
    assert sentences({"checklists": ["strobe"], "checklist": {"strobe.12a": "x"}}, schema) == []
    assert len(sentences({"checklists": ["stroke"], "checklist": {"strobe.a": "x", "strobe.1": " "}}, schema)) == 3
