import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_results import FIGURES, TABLES, figure, table

from recohort.core.errors import InputError
from recohort.figures.save import save
from recohort.figures.style import marked
from recohort.report import methods, quality
from recohort.report.index import rows
from recohort.report.page import Item, Picture, page
from recohort.report.verdict import counts, summary
from recohort.tables.render import to_html

REPORT = Path(__file__).parents[2] / "workflow" / "report"
VOID = {"meta", "img", "br", "link", "hr"}


class Outline(HTMLParser):
    """Tags opened and closed, headings, pictures, anchors and where they point."""

    def __init__(self):
        super().__init__()
        self.open, self.levels, self.alts, self.ids, self.targets, self.landmarks = [], [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag == "img":
            self.alts.append(attrs["alt"])
        if tag in ("header", "main", "nav", "footer"):
            self.landmarks.append(tag)
        if tag == "script":
            raise AssertionError("the page needs no script")
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.targets += [attrs["href"]] if "href" in attrs else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def compared(**cells):
    row = {"item": "x", "quantity": "ratio", "group": "", "published": "1.5", "conf_low": "", "conf_high": ""}
    row |= {"reproduced": 1.51, "difference": 0.01, "tolerance": "rounding", "agreement": "match", "verdict": "match"}
    row |= {"reproduced_low": 1.2, "reproduced_high": 1.9, "unit": "", "printed": "Table 3", "source": "A"}
    return row | {"result": "models/cox/median.tsv", "note": "a < b"} | cells


@pytest.fixture
def made(columns, frames, tmp_path):
    def build(*, caveats=(), warnings=None, reproduction=None, recovery=(), pictures=(), unshown=None):
        synthetic = "synthetic" in caveats
        items = []
        for name in ("table3_cox", "table5_strata"):
            built = replace(table(name, columns, frames, synthetic=synthetic), caveats=tuple(caveats))
            items.append(
                Item(
                    name,
                    built.title,
                    "",
                    to_html(built, name=name),
                    "",
                    ["models/cox/median.tsv"],
                    [f"tables/{name}.csv"],
                )
            )
        for name in ("figure1_flow", "figure6_km"):
            path = tmp_path / f"{name}.svg"
            save(marked(figure(name, columns, frames, synthetic=synthetic), caveats), path)
            entry = FIGURES[name]
            svg = path.read_text(encoding="utf-8")
            items.append(
                Item(
                    name,
                    entry["title"],
                    entry.get("caption", ""),
                    "",
                    svg,
                    ["cohort/flow.json"],
                    [f"figures/{name}.pdf"],
                )
            )
        verdict = {"verdict": caveats[0]} if caveats else {}
        rows = [compared(**verdict), compared(item="y", agreement="differs", **{"verdict": "differs", **verdict})]
        said = pd.DataFrame(
            [
                ("models/cox/median", "few_events", "Six events per coefficient."),
                ("models/cox/iqr", "few_events", "Six events per coefficient."),
                ("cohort/matched", "matched_on_outcome", "Matched on <the> outcome."),
            ],
            columns=["source", "code", "message"],
        )
        return page(
            items,
            template=(REPORT / "page.html.j2").read_text(encoding="utf-8"),
            style=(REPORT / "style.css").read_text(encoding="utf-8"),
            study={
                "title": "A study & its numbers",
                "reference": "A journal 2025",
                "doi": "10.1000/x",
                "assumptions": [{"setting": "caliper", "value": "0.2", "source": "knowledge"}],
            },
            name="study",
            caveats=caveats,
            reproduction=pd.DataFrame(rows) if reproduction is None else reproduction,
            warnings=said if warnings is None else warnings,
            methods="Matched 1:2.",
            quality=quality.summarise(
                pd.DataFrame({"status": ["reconstructed"] * 3, "snr": [20.0, 22.0, None]}),
                quality={"snr": "Signal to noise"},
                digits=1,
            ),
            pictures=pictures,
            unshown=unshown or {},
            recovery=recovery,
            run={"seed": "1"},
        )

    return build


PNG = b"\x89PNG picture"
PICTURE = Picture("sub-002", PNG, ["Signal highest, 4.0 robust SD"], {"Signal": "22"}, "../images/sub-002/ct/b.png")


@pytest.mark.parametrize("caveats", [[], ["synthetic"], ["demonstration"]])
def test_page_is_well_formed_and_loads_nothing(made, caveats):
    html = made(caveats=caveats, pictures=[PICTURE], unshown={"sub-001": "../images/sub-001/ct/a.png"})
    outline = Outline()
    outline.feed(html)
    assert outline.open == []
    assert not re.search(r"https?:|url\(|@import|<link", html)
    assert outline.landmarks == ["header", "nav", "main", "footer"]
    assert outline.levels[0] == 1
    assert outline.levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(outline.levels, outline.levels[1:], strict=False))
    assert len(outline.ids) == len(set(outline.ids))
    assert {target[1:] for target in outline.targets if target.startswith("#")} <= set(outline.ids)
    assert all(target.startswith(("#", "../images/")) for target in outline.targets)
    assert outline.alts[0].startswith("Figure 1. Flow")
    assert "Who remained." in outline.alts[0]


def test_synthetic_is_loud_and_no_verdict_is_given(made):
    html = made(caveats=["synthetic"])
    assert '<p class="loud">Synthetic cohort</p>' in html
    assert "(synthetic cohort)</title>" in html
    assert "(synthetic cohort)</h1>" in html
    assert "Against the publication" not in html
    assert 'class="tag match"' not in html
    assert 'class="tag differs"' not in html


def test_a_demonstration_is_as_loud_and_gives_no_verdict(made):
    html = made(caveats=["demonstration"], pictures=[PICTURE])
    assert '<p class="loud">Demonstration segmentation</p>' in html
    assert "Synthetic cohort" not in html
    assert html.count("(demonstration segmentation)") >= 8, "title, heading, figures, list of contents, captions"
    assert "Against the publication" not in html
    assert 'class="tag match"' not in html
    assert 'class="tag demonstration"' in html


def test_two_caveats_are_said_in_one_bracket(made):
    html = made(caveats=["synthetic", "demonstration"])
    assert html.count('<p class="loud">') == 2
    assert "(synthetic cohort, demonstration segmentation)</title>" in html
    assert html.count("synthetic cohort)") == 0


def test_pictures_are_inside_the_page_and_the_others_are_linked(made):
    html = made(pictures=[PICTURE], unshown={"sub-001": "../images/sub-001/ct/a.png"})
    assert f'src="data:image/png;base64,{base64.b64encode(PNG).decode()}"' in html
    assert "<strong>sub-002</strong>: Signal highest, 4.0 robust SD" in html
    assert '<a href="../images/sub-001/ct/a.png">sub-001</a>' in html
    assert "Pictures of 1 other participants" in html
    assert "<details>" not in made(pictures=[PICTURE])


def test_real_data_have_their_verdicts(made):
    html = made()
    assert "synthetic" not in html.split("</style>")[1].lower()
    assert '<li class="match"><strong>1</strong> match</li>' in html
    assert '<li class="differs"><strong>1</strong> differs</li>' in html
    assert "Against the publication: <strong>1 match, 1 differs</strong>" in html


def test_text_is_escaped_and_warnings_are_said_once(made):
    html = made()
    assert "Matched on &lt;the&gt; outcome." in html
    assert "A study &amp; its numbers" in html
    hangs = html.split('id="hangs"')[1].split("</section>")[0]
    assert hangs.count("Six events per coefficient.") == 1
    assert hangs.index("Matched on") < hangs.index("Six events")


def test_page_without_published_numbers_or_warnings(made):
    html = made(
        warnings=pd.DataFrame(columns=["source", "code", "message"]),
        reproduction=pd.DataFrame(columns=list(compared())),
    )
    assert "No published number is given" in html
    assert "No stage had anything to warn about." in html
    assert 'id="reproduction"' not in html


def test_recovery_stands_apart(made):
    html = made(caveats=["synthetic"], recovery=["figure6_km"])
    assert html.index('id="recovery"') < html.index('id="figure6_km"')


def test_two_pages_are_the_same_bytes(made):
    assert made(caveats=["synthetic"]) == made(caveats=["synthetic"])


def test_numbers_have_one_more_digit_than_printed(made):
    html = made()
    assert "1.51 <span" in html
    assert "(1.20 to 1.90)" in html


def test_methods_paragraph():
    settings = {"cohort": {"matching": {"ratio": 2, "covariates": ["age", "sex", "lesion_volume"], "replace": False}}}
    text = methods.paragraph(
        ["Matched 1:{cohort.matching.ratio} on {cohort.matching.covariates}.", "Reuse: {cohort.matching.replace}."],
        settings,
    )
    assert text == "Matched 1:2 on age, sex and lesion volume. Reuse: no."
    with pytest.raises(InputError, match=r"'\{cohort.caliper\}' names no setting"):
        methods.paragraph(["{cohort.caliper}"], settings)


def test_quality_counts_the_missing():
    found = quality.summarise(
        pd.DataFrame({"status": ["imported", "excluded"], "snr": [9.0, None]}), quality={"snr": "S"}, digits=0
    )
    assert found["check"].tolist() == ["Maps excluded", "Maps imported", "S"]
    assert found.iloc[2].tolist() == ["S", "1", "9", "9–9", "1"]


STATUS = pd.DataFrame(
    {
        "participant_id": [f"sub-{number:03d}" for number in range(1, 8)],
        "overlay": [f"sub-{number:03d}/ct/x.png" for number in range(1, 7)] + [None],
        "volume": [1.0, 2.0, 3.0, 4.0, 5.0, 40.0, 900.0],
        "edge": [0.0, 0.0, 0.0, 0.0, 0.25, 0.0, 0.0],
        "same": [1.0] * 7,
    }
)


def test_the_lowest_and_highest_of_each_check_are_shown_the_farthest_first():
    """Volume: median 3.5, median absolute deviation 1.5, so 40 is 36.5 / 2.2239 = 16.4 robust SD away."""
    found = quality.extremes(STATUS, quality={"volume": "V", "edge": "E", "same": "S"}, limit=12, digits=2)
    assert [one["participant"] for one in found] == ["sub-006", "sub-005", "sub-001"]
    assert found[0]["why"] == ["V highest, 16.4 robust SD"]
    assert found[1]["why"] == ["E highest, 4.8 robust SD"], "0.25 over sqrt(pi/2) times 0.25/6"
    assert found[2]["why"] == ["V lowest, −1.1 robust SD"]
    assert found[1]["checks"] == {"V": "5", "E": "0.25", "S": "1"}
    assert found[1]["path"] == "sub-005/ct/x.png"
    limited = quality.extremes(STATUS.iloc[::-1], quality={"volume": "V", "edge": "E"}, limit=1, digits=2)
    assert limited == [{**found[0], "checks": {"V": "40", "E": "0"}}]


def test_who_is_extreme_twice_is_shown_once_with_both_reasons():
    twice = STATUS.assign(again=STATUS["volume"])
    found = quality.extremes(twice, quality={"volume": "V", "again": "A"}, limit=3, digits=0)
    assert [one["participant"] for one in found] == ["sub-006", "sub-001"]
    assert found[0]["why"] == ["V highest, 16.4 robust SD", "A highest, 16.4 robust SD"]


def test_robust_z_is_that_of_a_normal_sample():
    sample = pd.Series(np.random.default_rng(1).normal(5, 2, 20000))
    np.testing.assert_allclose(quality.robust_z(sample), (sample - 5) / 2, atol=0.1)


def test_without_pictures_none_is_shown():
    assert quality.pictured(STATUS.drop(columns="overlay")).empty
    assert quality.extremes(STATUS.assign(overlay=None), quality={"volume": "V"}, limit=3, digits=0) == []


def test_index_rows():
    items = {
        "tables/table3_cox": {
            "title": TABLES["table3_cox"]["title"],
            "sources": ["models/cox/median.tsv", "models/cox/median.warnings.tsv", "cohort/matched.warnings.tsv"],
        },
        "figures/figure1_flow": {"title": "Flow", "sources": ["cohort/flow.json"]},
    }
    keywords = {
        "endings": {"tables": ["csv"], "figures": ["pdf", "svg"]},
        "rules": {"tables": "make_table", "figures": "draw_figure"},
    }
    reproduction = pd.DataFrame([compared(), compared(agreement="differs", verdict="differs")])
    found = rows("study", items, reproduction, synthetic=False, **keywords)
    assert found["file"].tolist() == [
        "results/study/tables/table3_cox.csv",
        "results/study/figures/figure1_flow.pdf",
        "results/study/figures/figure1_flow.svg",
    ]
    assert found.loc[0, ["model", "published", "verdict"]].tolist() == ["cox/median", 2, "1 match, 1 differs"]
    assert found.loc[1, ["model", "published", "verdict"]].tolist() == ["", 0, ""]
    assert set(rows("study", items, reproduction, synthetic=True, **keywords)["verdict"]) == {"synthetic"}


def test_counts_list_every_possible_verdict():
    assert counts(pd.DataFrame([compared()])) == {"match": 1, "within CI": 0, "differs": 0, "not reproducible": 0}
    assert counts(pd.DataFrame([compared(verdict="synthetic")])) == {"synthetic": 1}
    assert summary(pd.DataFrame([compared(verdict="synthetic")])) == "synthetic"
    assert counts(pd.DataFrame([compared(verdict="demonstration")])) == {"demonstration": 1}
    assert summary(pd.DataFrame([compared(verdict="demonstration")])) == "demonstration"
