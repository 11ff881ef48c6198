"""A page as it is opened: nothing is fetched or complained of, anyone can use it, any window and paper holds it."""

import re

import pytest
from browser import REQUIRED, WIDER, Browser, lacking, violations
from made_pages import FILES, FINDINGS, PNG, built, everything
from test_overview import PUBLISHED, listed

from recohort.report.overview import overview

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(lacking()) and not REQUIRED, reason=f"not here: {lacking()}"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def pages(columns, frames, tmp_path):
    """The study's page, where only one participant's picture is inside it, and one lies beside it; the index."""
    folder = tmp_path / "results" / "study" / "report"
    folder.mkdir(parents=True)
    beside = tmp_path / "results" / "study" / "images" / "sub-001" / "ct" / "a.png"
    beside.parent.mkdir(parents=True)
    beside.write_bytes(PNG)
    study, index = folder / "index.html", tmp_path / "results" / "index.html"
    study.write_text(built(columns, frames, folder, caveats=["synthetic"], **everything()), encoding="utf-8")
    papers = {"paper": (PUBLISHED, FINDINGS)}
    text = overview([listed(), listed("other")], papers=papers, formats=["png"], recorded=True, **FILES)
    index.write_text(text, encoding="utf-8")
    return {"study": study, "index": index}


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("page", ["study", "index"])
def test_nothing_is_said_nothing_is_wider_nothing_violates(browser, pages, page, width):
    browser.open(pages[page], width=width)
    assert browser.run(WIDER) == 0
    assert violations(browser) == []
    assert browser.run(WIDER) == 0, "with every fold open"
    broken = "[...document.images].filter((image) => image.src && !(image.complete && image.naturalWidth)).length"
    assert browser.run(broken) == 0
    assert browser.said == []


def test_the_console_would_be_heard(browser, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text('<html lang="en"><img src="gone.png"><script>console.error("x"); missing()</script>')
    browser.open(page)
    assert len(browser.said) >= 3
    assert any(found.startswith("image-alt") for found in violations(browser))


def test_a_script_that_is_not_ours_does_not_run(browser, pages):
    text = pages["study"].read_text(encoding="utf-8")
    pages["study"].write_text(text.replace("</footer>", "</footer><script>document.title = 'taken'</script>"))
    browser.open(pages["study"])
    assert browser.run("document.title") != "taken"
    assert any("Content Security Policy" in line for line in browser.said)


def test_the_viewer_is_used_by_keyboard_and_says_what_it_shows(browser, pages):
    browser.open(pages["study"])
    caption = "document.querySelector('.viewer figcaption').textContent"
    image = "document.querySelector('.viewer img')"
    assert browser.run(caption).startswith(
        "sub-002, 1 of 3. Farthest, robust SD: 12.8 Signal to noise · Signal to noise: 40"
    )
    browser.run("document.querySelector('.viewer button[data-step=\"1\"]').focus()")
    browser.press("Enter")
    browser.until(f"{image}.complete && {image}.naturalWidth === 1 && {image}.src.endsWith('sub-001/ct/a.png')")
    assert browser.run(caption).startswith("sub-001, 2 of 3.")
    assert browser.run(f"{image}.alt") == "Segmentation of sub-001 in slices of the image"
    assert browser.said == []
    browser.press("ArrowRight")
    browser.until(f"{caption}.includes('not beside this page')")
    assert browser.run(f"{image}.hidden"), "sub-003 has no file"
    browser.press("ArrowLeft")
    browser.press("ArrowLeft")
    assert browser.run(caption).startswith("sub-002, 1 of 3.")
    assert browser.run("document.querySelector('.viewer button[data-step=\"-1\"]').ariaDisabled === 'true'")


def test_the_first_stop_leads_to_the_content_and_every_stop_is_seen(browser, pages):
    browser.open(pages["study"])
    browser.press("Tab")
    assert browser.run("document.activeElement.textContent") == "To the content"
    assert browser.run("document.activeElement.getBoundingClientRect().left >= 0"), "it is seen when it has the focus"
    browser.press("Enter")
    browser.until("document.activeElement.id === 'main'")
    for _ in range(25):
        browser.press("Tab")
        style = (
            "(({outlineStyle, outlineWidth}) => outlineStyle + outlineWidth)(getComputedStyle(document.activeElement))"
        )
        assert browser.run(style) not in ("none0px", ""), browser.run("document.activeElement.outerHTML")


def test_without_scripts_everything_is_a_list(pages, tmp_path):
    with Browser(tmp_path / "profile", scripts=False) as plain:
        plain.open(pages["study"])
        assert plain.run("getComputedStyle(document.querySelector('.viewer')).display") == "none"
        assert plain.run("document.querySelectorAll('#participants th a').length") == 3
        assert plain.said == []


def test_a_link_into_a_fold_opens_it(browser, pages):
    browser.open(pages["study"], anchor="#participants-caption")
    browser.until("document.getElementById('participants').closest('details').open")


def test_paper_holds_the_whole_page(browser, pages):
    """What is folded on the screen is printed, and nothing runs off the paper's side."""
    browser.open(pages["study"])
    folded = browser.paper()
    browser.run("document.querySelectorAll('details').forEach((one) => { one.remove(); })")
    without = browser.paper()
    count = [len(re.findall(rb"/Type\s*/Page\b", pdf)) for pdf in (without, folded)]
    assert count[0] < count[1] < 20
    browser.open(pages["study"])
    browser.ask("Emulation.setEmulatedMedia", media="print")
    browser.ask("Emulation.setDeviceMetricsOverride", width=680, height=962, deviceScaleFactor=1, mobile=False)
    cut = "[...document.querySelectorAll('.scroll')].filter((box) => box.scrollWidth > box.clientWidth + 1)"
    cut += ".map((box) => box.outerHTML.slice(0, 90))"
    assert browser.run(cut) == []
    browser.ask("Emulation.setEmulatedMedia", media="")
