"""The page of voxelwise maps as it is opened: right values, keyboard, screen readers, any window, paper."""

import re

import numpy as np
import pytest
import viewed
from browser import REQUIRED, WIDER, Browser, lacking, violations

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(lacking()) and not REQUIRED, reason=f"not here: {lacking()}"),
]

READOUT = "document.querySelector('output').value"
SHOWN = "document.querySelector('[data-of=shown]').textContent"
PEAK = "x −12, y −18, z 8 mm: "


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def shown():
    return viewed.maps()


@pytest.fixture(scope="module")
def page(tmp_path_factory, shown):
    path = tmp_path_factory.mktemp("page") / "figure3.html"
    path.write_text(viewed.built(shown), encoding="utf-8")
    return path


def ready(browser, page, **how):
    browser.open(page, **how)
    browser.until(f"{READOUT} !== ''")


def choose(browser, name, value):
    browser.run(
        f"(() => {{ const one = document.querySelector('[name={name}]'); one.value = '{value}';"
        " one.dispatchEvent(new Event('change')); one.dispatchEvent(new Event('input')); })()"
    )


def key(browser, plane, name):
    browser.run(f"document.getElementById('{plane}').dispatchEvent(new KeyboardEvent('keydown', {{key: '{name}'}})); 0")


def where(browser):
    return [float(browser.run(f"document.querySelector('[name={axis}]').value")) for axis in "xyz"]


@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_is_said_nothing_is_wider_nothing_violates(browser, page, width):
    ready(browser, page, width=width)
    assert browser.run(WIDER) == 0
    assert violations(browser) == []
    assert browser.said == []


def test_it_opens_at_the_peak_and_says_its_values(browser, page, shown):
    ready(browser, page)
    one = shown["MS & controls"]
    voxel = one.peak("t", one.significant("p_tfce", 0.05))
    assert browser.run(READOUT).startswith(PEAK)
    np.testing.assert_allclose(where(browser), one.mm(voxel))
    t, coefficient = (
        float(found.replace("−", "-"))
        for found in re.search(r"t (−?[\d.]+); Coefficient (−?[\d.]+) ppb per year", browser.run(READOUT)).groups()
    )
    top = {name: float(np.nanmax(np.abs(one.volumes[name]))) for name in ("t", "coefficient")}
    assert t == pytest.approx(one.volumes["t"][voxel], abs=top["t"] / 254 + 0.005)
    assert coefficient == pytest.approx(one.volumes["coefficient"][voxel], abs=top["coefficient"] / 254 + 0.005)


@pytest.mark.parametrize(("threshold", "level"), [("p_tfce", 0.05), ("p_max_t", 0.01), ("p", 0.001), ("p", 0.05)])
def test_as_many_voxels_are_coloured_as_there_are(browser, page, shown, threshold, level):
    ready(browser, page)
    choose(browser, "threshold", threshold)
    choose(browser, "level", level)
    count = int(shown["MS & controls"].significant(threshold, level).sum())
    said = browser.run(SHOWN)
    assert f"p<{level} (" in said and (f": {count} voxels, {count * 0.008:.1f} mL." if count else "No voxel") in said


def test_without_a_threshold_every_analysed_voxel_is_coloured(browser, page, shown):
    ready(browser, page)
    choose(browser, "threshold", "")
    assert f"{shown['MS & controls'].analysed.sum()} voxels" in browser.run(SHOWN)
    assert browser.run("document.querySelector('[name=level]').disabled")


def test_another_model_says_that_nothing_is_significant_and_what_is_not_analysed(browser, page):
    ready(browser, page)
    choose(browser, "model", 1)
    browser.until(f"{SHOWN}.startsWith('EDSS <6>, n=598. ')")
    assert browser.run(SHOWN).endswith("p<0.05 (TFCE, family-wise error): No voxel is.")
    for name, mm in zip("xyz", (0, 40, 30), strict=True):
        choose(browser, name, mm)
    browser.until(f"{READOUT}.endsWith('mm: not analysed.')")
    choose(browser, "z", 78)
    choose(browser, "x", 70)
    browser.until(f"{READOUT}.endsWith('outside of the brain.')")
    assert browser.said == []


def test_the_crosshair_is_moved_by_keyboard_as_it_is_seen(browser, page):
    """The patient's left is on the right: the right arrow leads to lower x; in the sagittal plane to the front."""
    ready(browser, page)
    start = np.array(where(browser))
    steps = {
        ("axial", "ArrowRight"): (-2, 0, 0),
        ("axial", "ArrowUp"): (0, 2, 0),
        ("axial", "PageDown"): (0, 0, -2),
        ("coronal", "ArrowLeft"): (2, 0, 0),
        ("coronal", "ArrowDown"): (0, 0, -2),
        ("coronal", "PageUp"): (0, 2, 0),
        ("sagittal", "ArrowRight"): (0, 2, 0),
        ("sagittal", "PageUp"): (2, 0, 0),
    }
    for (plane, name), step in steps.items():
        key(browser, plane, name)
        start = start + step
        np.testing.assert_allclose(where(browser), start, err_msg=f"{plane} {name}")
    key(browser, "coronal", "Home")
    np.testing.assert_allclose(where(browser), viewed.LEFT)
    for _ in range(99):
        key(browser, "axial", "ArrowUp")
    assert where(browser)[1] < 82, "it stops at the edge"
    browser.run("document.getElementById('sagittal').focus(); 0")
    before = where(browser)
    browser.press("ArrowLeft")
    assert where(browser)[1] == before[1] - 2
    browser.run("document.querySelector('[name=z]').focus(); 0")
    browser.press("ArrowRight")
    assert where(browser)[2] == before[2] + 2


def test_every_stop_has_a_name_and_is_seen(browser, page):
    ready(browser, page)
    stops = []
    style = "(({outlineStyle, outlineWidth}) => outlineStyle + outlineWidth)(getComputedStyle(document.activeElement))"
    browser.press("Tab")
    for _ in range(12):
        browser.press("Tab")
        stops.append(browser.run("document.activeElement.name || document.activeElement.id"))
        assert browser.run(style) not in ("none0px", ""), stops[-1]
    assert stops == [
        *("model", "measure", "threshold", "level", "opacity", "peak"),
        *("axial", "z", "coronal", "y", "sagittal", "x"),
    ]


def pixel(browser, plane, x, y):
    """The colour at a share of the plane's width and height."""
    return browser.run(
        f"(() => {{ const one = document.getElementById('{plane}'); return [...one.getContext('2d').getImageData("
        f"Math.floor(one.width * {x}), Math.floor(one.height * {y}), 1, 1).data]; }})()"
    )


def share(browser, axis, mm):
    """How far along a slider's range a place is, from the lower end of the first voxel."""
    low, high = (float(browser.run(f"document.querySelector('[name={axis}]').{end}")) for end in ("min", "max"))
    return (mm - low + 1) / (high - low + 2)


def test_the_effect_is_blue_where_it_is_and_its_mirror_is_grey(browser, page):
    ready(browser, page)
    for name, mm in zip("xyz", (30, 40, 8), strict=True):  # the crosshair out of the way
        choose(browser, name, mm)
    x, y = 1 - share(browser, "x", -12), 1 - share(browser, "y", -18)
    red, _, blue, _ = pixel(browser, "axial", x, y)
    assert x > 0.5 and blue > red + 60
    red, green, blue, _ = pixel(browser, "axial", 1 - share(browser, "x", 12), y)
    assert red == green == blue > 50
    choose(browser, "opacity", 0)
    red, green, blue, _ = pixel(browser, "axial", x, y)
    assert red == green == blue


def test_a_click_leads_there(browser, page):
    ready(browser, page)
    x, y = 1 - share(browser, "x", 20), 1 - share(browser, "z", 30)
    browser.run(
        "(() => { const one = document.getElementById('coronal'), box = one.getBoundingClientRect();"
        f" one.dispatchEvent(new PointerEvent('pointerdown', {{clientX: box.left + box.width * {x},"
        f" clientY: box.top + box.height * {y}}})); }})()"
    )
    assert where(browser) == [20, -18, 30]


def test_paper_has_the_planes_and_what_they_show_without_controls(browser, page):
    ready(browser, page)
    assert len(re.findall(rb"/Type\s*/Page\b", browser.paper())) == 1
    browser.ask("Emulation.setEmulatedMedia", media="print")
    hidden = "(name) => document.querySelector(name).getClientRects().length === 0"
    assert browser.run(f"['.choices', '.plane label', '#keys'].every({hidden})")
    assert not browser.run(f"['canvas', 'output', '[data-of=shown]'].some({hidden})")
    browser.ask("Emulation.setEmulatedMedia", media="")


def test_without_scripts_the_page_says_what_it_needs(page, tmp_path):
    with Browser(tmp_path / "profile", scripts=False) as plain:
        plain.open(page)
        assert "This page needs scripts" in plain.run("document.body.innerText")


def test_a_browser_that_cannot_unpack_says_so(browser, page):
    made = browser.ask("Page.addScriptToEvaluateOnNewDocument", source="delete window.DecompressionStream")
    ready(browser, page)
    assert "cannot unpack" in browser.run(READOUT)
    browser.ask("Page.removeScriptToEvaluateOnNewDocument", identifier=made["identifier"])
