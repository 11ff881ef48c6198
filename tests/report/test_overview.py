import re

import pandas as pd
import pytest
from made_pages import FILES, FINDINGS, compared

from recohort.report.overview import Listed, overview

EMPTY = pd.DataFrame(columns=list(compared()))
ITEMS = {
    "tables/table1": {"title": "Table 1. Patients", "sources": ["models/cox/median.tsv"]},
    "figures/figure1": {"title": "Figure 1. Flow", "sources": ["cohort/flow.json"]},
}
STUDY = {"title": "A study & its numbers", "reference": "A journal 2025", "doi": "10.1000/x"}
PUBLISHED = pd.DataFrame({"item": ["x", "y"], "quantity": ["total", "part"], "group": ["", "old"]})


@pytest.fixture
def made():
    def build(*studies, papers=None, recorded=True):
        return overview(studies, papers=papers or {}, formats=["png", "svg"], recorded=recorded, **FILES)

    return build


def listed(name="real", *, caveats=(), reproduction=None, audit=FINDINGS):
    verdict = {"verdict": caveats[0]} if caveats else {}
    numbers = pd.DataFrame(
        [compared(**verdict), compared(item="y", agreement="differs", **{"verdict": "differs", **verdict})]
    )
    return Listed(name, STUDY, ITEMS, caveats, numbers if reproduction is None else reproduction, audit)


def test_a_study_is_linked_with_its_verdicts_its_audit_and_its_files(made):
    html = made(listed())
    assert '<a href="real/report/index.html">A study &amp; its numbers</a>' in html
    assert 'href="real/report/index.html#audit" aria-label="1 inconsistent, 1 to read in real"' in html
    assert '<a href="real/report/index.html#table1-title">Table 1. Patients</a>: 1 match, 1 differs' in html
    assert re.search(r'#figure1-title">Figure 1. Flow</a>\s*<span', html)
    files = re.findall(r'href="real/((?:tables|figures)/[^"]+)"', html)
    assert files == [
        *(f"tables/table1.{ending}" for ending in ("csv", "html", "docx", "tex")),
        "figures/figure1.png",
        "figures/figure1.svg",
    ]
    assert "real/provenance.json" in html
    assert "provenance.json" not in made(listed(), recorded=False)


def test_only_real_data_are_summed(made):
    html = made(listed(), listed("other"), listed("made_up", caveats=["synthetic"]))
    top = html.split("<nav")[0]
    assert "4 published numbers of 2 studies on real data:" in top
    assert 'aria-label="Of 4 published numbers: 2 match, 2 differs"' in top
    mine = html.split('id="study-made_up"')[1].split("</article>")[0]
    assert "(synthetic cohort)" in mine
    assert "none of them" in mine
    assert "differs" not in mine


def test_a_run_without_real_data_sums_nothing(made):
    html = made(listed(caveats=["synthetic"]))
    assert "on real data" not in html


def test_a_study_without_published_numbers_says_so(made):
    html = made(listed(reproduction=EMPTY, audit=pd.DataFrame()))
    assert "No published number is given for comparison." in html
    assert "against each other" not in html


def test_a_publication_without_a_study_stands_with_its_findings(made):
    html = made(listed(), papers={"paper": (PUBLISHED, FINDINGS), "silent": (PUBLISHED, FINDINGS[:0])})
    paper = html.split('id="paper-paper"')[1].split("</article>")[0]
    assert "2 numbers of data/published/paper.csv" in paper
    assert '<a href="audit/paper.csv">' in paper
    assert paper.index("Inconsistent (1)") < paper.index("No contradiction, but read (1)") < paper.index("All 4 checks")
    assert "<code>y</code> (part, old)" in paper
    assert "#cell." not in paper
    assert "No number has a check." in html.split('id="paper-silent"')[1]
    assert 'id="papers"' not in made(listed())


def test_ids_are_unique_and_links_inside_lead_somewhere(made):
    html = made(listed(), listed("other"), papers={name: (PUBLISHED, FINDINGS) for name in ("paper", "paper_two")})
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)
    assert html == made(
        listed(), listed("other"), papers={name: (PUBLISHED, FINDINGS) for name in ("paper", "paper_two")}
    )
