import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from made_pages import PICTURE, PNG, built, compared, everything

from recohort.core.errors import InputError
from recohort.report import methods, quality
from recohort.report.verdict import counts, summary

VOID = {"meta", "img", "br", "link", "hr"}


class Outline(HTMLParser):
    """Tags opened and closed, headings, pictures, anchors and where they point."""

    def __init__(self):
        super().__init__()
        self.open, self.levels, self.alts, self.ids, self.targets, self.landmarks = [], [], [], [], [], []
        self.cells = []

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
        if tag in ("th", "td"):
            self.cells.append((tag, attrs))
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.targets += [attrs["href"]] if "href" in attrs else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def made(columns, frames, tmp_path):
    def build(**changed):
        return built(columns, frames, tmp_path, **changed)

    return build


@pytest.mark.parametrize("caveats", [[], ["synthetic"], ["demonstration"]])
def test_page_is_well_formed_and_loads_nothing(made, caveats):
    html = made(caveats=caveats, **everything())
    outline = Outline()
    outline.feed(html)
    assert outline.open == []
    assert not re.search(r"url\(|@import|<link|<iframe|fetch\(|XMLHttp| src=\"(?!data:)", html)
    assert outline.landmarks == ["header", "nav", "main", "footer"]
    assert outline.levels[0] == 1
    assert outline.levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(outline.levels, outline.levels[1:], strict=False))
    assert len(outline.ids) == len(set(outline.ids))
    assert {target[1:] for target in outline.targets if target.startswith("#")} <= set(outline.ids)
    assert all(target.startswith(("#", "../", "https://doi.org/10.")) for target in outline.targets)
    assert outline.alts[0].startswith("Figure 1. Flow")
    assert "Who remained." in outline.alts[0]
    assert outline.alts[0].endswith("Drawn from: n=86, 30 events.")
    assert all(attrs.get("scope") for tag, attrs in outline.cells if tag == "th")


def test_only_the_pages_own_script_may_run_in_it(made):
    html = made()
    script = html.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert html.count("<script") == 1
    policy = unescape(re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)[1])
    assert policy.startswith("default-src 'none'; ")
    assert policy.endswith(f"script-src 'sha256-{digest}'")


def test_sections_stand_in_the_order_in_which_they_are_read(made):
    names = ["audit", "results", "recovery", "hangs", "quality", "methods", "checklists", "provenance", "reproduction"]
    html = made(**everything() | {"recovery": ["figure1_flow"]})
    assert re.findall(r'<section aria-labelledby="(\w+)">', html) == [*names, "assumptions", "run"]
    nav = html.split('<nav aria-label="Sections">')[1].split("</nav>")[0]
    assert re.findall(r'href="#(\w+)"', nav) == [*names, "assumptions", "run"]
    empty = pd.DataFrame(columns=list(compared()))
    plain = made(reproduction=empty, audit=pd.DataFrame(), quality=pd.DataFrame(), records={})
    bare = made(**everything() | {"recovery": ["table3_cox", "table5_strata", "figure1_flow", "figure6_km"]})
    assert 'href="#results"' not in bare
    assert 'id="results"' not in bare
    assert re.findall(r'<section aria-labelledby="(\w+)">', plain) == [
        "results",
        "hangs",
        "methods",
        "assumptions",
        "run",
    ]


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
    html = made(**everything())
    assert f'src="data:image/png;base64,{base64.b64encode(PNG).decode()}"' in html
    assert "<strong>sub-002</strong>: Signal highest, 4.0 robust SD" in html
    rows = html.split('<table id="participants">')[1].split("</table>")[0]
    assert re.findall(r'<th scope="row">(?:<a href="([^"]+)">)?(sub-\d+)', rows) == [
        ("../images/sub-002/ct/b.png", "sub-002"),
        ("../images/sub-001/ct/a.png", "sub-001"),
        ("../images/sub-003/ct/c.png", "sub-003"),
        ("", "sub-004"),
    ], "the farthest first, the excluded last"
    assert "excluded: no CT" in rows
    assert '<div class="viewer" hidden>' in html
    assert '<div class="viewer"' not in made(**everything() | {"participants": [], "pictures": []})


def test_real_data_have_their_verdicts(made):
    html = made()
    assert "synthetic" not in html.split("</style>")[1].lower()
    assert '<a href="#first-match"><strong>1</strong> match</a>' in html
    assert '<a href="#first-differs"><strong>1</strong> differs</a>' in html
    assert 'aria-label="Of 2 published numbers: 1 match, 1 differs"' in html
    assert '<th scope="row" id="first-differs">' in html
    assert "Against the publication: <strong>1 match, 1 differs</strong>" in html
    assert html.count("as above") == 1, "both numbers are printed in one place"


def test_the_audit_says_what_is_inconsistent_first_and_links_to_the_numbers(made):
    html = made().split('<section aria-labelledby="audit">')[1].split("</section>")[0]
    assert "4 checks: 1 inconsistent, 2 consistent, 1 cannot be checked." in html
    places = [
        html.index(text) for text in ("Inconsistent (1)", "3 is printed", "No contradiction, but read (1)", "All 4")
    ]
    assert places == sorted(places)
    assert "One of &lt;eight&gt;." in html
    assert '<a href="#cell.y"><code>y</code></a> (ratio)' in html
    assert html.count("2 in 1.5 to 2.5") == 4, "every check has its box"


def test_a_sensitivity_analysis_stands_with_its_figure_and_its_estimates(made):
    html = made(**everything())
    results, hangs = (
        html.split(f'<section aria-labelledby="{name}">')[1].split("</section>")[0] for name in ("results", "hangs")
    )
    assert 'id="figure6_km"' in hangs
    assert 'id="figure6_km"' not in results
    assert "Hazard ratio of Marker, per 1, under 3 alternatives" in hangs
    assert "Estimates from 1.12 to 2.50; 1 of 2 intervals hold 1, no effect." in hangs
    assert "This is of those with an estimate, 2 of 3 alternatives." in hangs
    assert "No estimate: landmark 60: the longest week is 52 &lt;expected&gt; more</td>" in hangs
    assert "Published: 2.61 (1.40–4.90)." in hangs
    assert '<a href="../sensitivity/caliper-0.2/models/cox/a.tsv"' in hangs
    assert '<a href="../models/cox/b.tsv"' in hangs


def test_a_guarded_page_leads_to_nothing_that_stays_behind(made):
    html = made(**everything() | {"guarded": True, "participants": [], "pictures": [], "sensitivity": {}})
    assert "<code>models/cox/median.tsv</code>" in html
    assert not re.search(r'href="\.\./(?!tables/|figures/|\.\./index)', html)
    assert 'id="provenance"' not in html


def test_checklists_and_references_are_linked(made):
    html = made(**everything())
    assert "STROBE: 1 met, 0 open" in html
    assert '<a href="#methods">Methods</a>' in html.split('id="checklists"')[1]
    assert 'Cox DR. Models. J 1972;1:2-3. doi:<a href="https://doi.org/10.1000/y">10.1000/y</a>' in html


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


def test_counts_list_every_possible_verdict():
    assert counts(pd.DataFrame([compared()])) == {"match": 1, "within CI": 0, "differs": 0, "not reproducible": 0}
    assert counts(pd.DataFrame([compared(verdict="synthetic")])) == {"synthetic": 1}
    assert summary(pd.DataFrame([compared(verdict="synthetic")])) == "synthetic"
    assert counts(pd.DataFrame([compared(verdict="demonstration")])) == {"demonstration": 1}
    assert summary(pd.DataFrame([compared(verdict="demonstration")])) == "demonstration"
