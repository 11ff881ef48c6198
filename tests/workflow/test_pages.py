"""What a reviewer opens: the pages of a run on real data, the index over them, and Snakemake's own report."""

import re
import shutil
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest
import yaml
from workdir import REPOSITORY, Workdir

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))

from browser import REQUIRED, WIDER, Browser, lacking, violations

pytestmark = pytest.mark.slow
STUDIES = ["nsw", "cass"]
LIMIT = 5_000_000


class Links(HTMLParser):
    """Where a page leads."""

    def __init__(self):
        super().__init__()
        self.targets, self.ids = [], set()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids |= {attrs["id"]} if "id" in attrs else set()
        self.targets += [attrs[name] for name in ("href", "src") if attrs.get(name)]


def links(page):
    found = Links()
    found.feed(page.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two of the repository's tabular studies; the other publications stand without a study."""
    workdir = Workdir(tmp_path_factory.mktemp("pages") / "copy")
    for folder in ("tables", "published"):
        shutil.copytree(REPOSITORY / "data" / folder, workdir.folder / "data" / folder)
    for name in STUDIES:
        content = yaml.safe_load((REPOSITORY / "config" / "studies" / f"{name}.yaml").read_text())
        workdir.configure(content, name=name, studies=STUDIES)
    workdir.run("all", "results/index.html")
    return workdir


@pytest.fixture(scope="module")
def pages(run):
    results = run.folder / "results"
    return {"index": results / "index.html", **{name: results / name / "report" / "index.html" for name in STUDIES}}


def test_every_link_leads_somewhere_and_every_page_is_light(pages):
    for name, page in pages.items():
        found = links(page)
        assert page.stat().st_size < LIMIT
        assert len(found.targets) > 20
        for target in found.targets:
            if target.startswith(("data:", "https://doi.org/")):
                continue
            path, _, anchor = unquote(target).partition("#")
            there = (page.parent / path).resolve() if path else page.resolve()
            assert there.is_file(), f"{name}: {target}"
            if anchor:
                assert anchor in links(there).ids, f"{name}: {target}"


def test_every_publication_is_audited_and_said_on_the_index(run, pages):
    papers = {path.stem for path in (REPOSITORY / "data" / "published").glob("*.csv")} - set(STUDIES)
    results = run.folder / "results"
    assert {path.stem for path in (results / "audit").iterdir()} == papers
    html = pages["index"].read_text(encoding="utf-8")
    for path in [*(results / "audit").glob("*.csv"), *results.glob("*/audit.csv")]:
        found = pd.read_csv(path, dtype=str, keep_default_na=False)
        wrong = int((found["verdict"] == "inconsistent").sum())
        mine = html.split(
            f'id="{"paper-" + path.stem if path.parent.name == "audit" else "study-" + path.parent.name}"'
        )[1]
        said = mine.split("</article>")[0]
        assert f"{wrong} inconsistent" in said
        assert len(found) == 0 or f"{len(found)} checks" in said


def test_the_page_shows_what_the_study_hangs_on_with_every_alternative(run, pages):
    gathered = pd.read_csv(run.folder / "results" / "nsw" / "sensitivity" / "effect.tsv", sep="\t")
    hangs = (
        pages["nsw"].read_text(encoding="utf-8").split('<section aria-labelledby="hangs">')[1].split("</section>")[0]
    )
    assert f"under {len(gathered)} alternatives" in hangs
    assert 'id="figure4_sensitivity"' in hangs
    for path in gathered["results"]:
        assert f'href="../{path.removeprefix("results/nsw/")}"' in hangs


def test_a_figure_says_of_how_many_it_is_to_those_who_cannot_see_it(pages):
    alts = re.findall(r' alt="([^"]+)"', pages["nsw"].read_text(encoding="utf-8"))
    assert any(alt.startswith("Figure 1.") and "614 at the beginning, 370 at the end" in alt for alt in alts)
    assert all(re.search(r"Drawn from: .*\d", alt) for alt in alts)


def test_pages_from_finished_models_take_less_than_a_minute(run, tmp_path):
    """Everything after the models, of both studies, on one core."""
    copy = run.copy(tmp_path / "copy")
    results = copy.folder / "results"
    for path in [*results.glob("*/report/index.html"), *results.glob("*/audit.csv"), results / "index.html"]:
        path.unlink()
    start = time.monotonic()
    copy.run("--cores", "1", "all", "results/index.html")
    assert time.monotonic() - start < 60
    assert copy.results() == run.results()


def test_figures_without_svg_are_shown_as_png(run, tmp_path):
    copy = run.copy(tmp_path / "copy")
    (copy.folder / "config" / "config.yaml").write_text(
        yaml.safe_dump({"studies": ["cass"], "seed": 7, "figure_formats": ["png"]})
    )
    copy.run("cass")
    html = (copy.folder / "results" / "cass" / "report" / "index.html").read_text(encoding="utf-8")
    assert "data:image/png;base64," in html
    assert "data:image/svg" not in html


def test_snakemakes_own_report_holds_tables_and_figures(run, tmp_path):
    target = tmp_path / "report.zip"
    run.run("all", "--report", str(target))
    shutil.unpack_archive(target, tmp_path / "report")
    text = "".join(
        path.read_text(encoding="utf-8", errors="ignore")
        for path in (tmp_path / "report").rglob("*")
        if path.suffix in (".html", ".js")
    )
    for word in (
        "Table 1. Accuracy of two tests",
        "Figure 4. What the effect hangs on",
        "Tables",
        "Figures",
        "nsw",
        "cass",
    ):
        assert word in text
    made = {path.name for path in (tmp_path / "report").rglob("*") if path.is_file()}
    assert {"table1_accuracy.html", "figure4_sensitivity.png"} <= made


@pytest.mark.skipif(bool(lacking()) and not REQUIRED, reason=f"not here: {lacking()}")
def test_a_browser_has_nothing_to_complain_of(pages, tmp_path):
    with Browser(tmp_path / "profile") as browser:
        for page in pages.values():
            for width in (390, 1400):
                browser.open(page, width=width)
                assert browser.run(WIDER) == 0
                assert violations(browser) == []
                assert browser.run("[...document.images].every((image) => !image.src || image.naturalWidth > 0)")
                assert browser.said == []
