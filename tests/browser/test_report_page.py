"""The report in a browser: on a desk and a phone, light and dark, on paper."""

import base64
from pathlib import Path
from typing import Any

import pytest
from found_artifacts import TITLE, found

from mmctr.pipelines.reporting.nodes import write_report

DESK, PHONE, PAPER = 1280, 390, 718
"""Widths in pixels; that of A4 is between the usual margins."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Path:
    """A report with everything in it, untrusted titles too."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(write_report(**found()), encoding="utf-8")
    return path


def emulate(browser: Any, width: int, scheme: str) -> None:
    """Another window, and what its user prefers."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def keep(browser: Any, path: Path) -> None:
    """Write a picture of the whole page."""
    shot = browser.execute_cdp_cmd(
        "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True}
    )
    path.write_bytes(base64.b64decode(shot["data"]))


def luminance(color: str) -> float:
    """Of ``rgb(r, g, b)``, from 0 to 255."""
    red, green, blue = (
        float(part) for part in color[color.index("(") + 1 : -1].split(",")[:3]
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [DESK, PHONE])
def test_it_opens_without_an_error_and_fits(
    width, scheme, browser, report, screenshots
):
    emulate(browser, width, scheme)
    browser.get(report.as_uri())
    assert browser.title == "toys: what the run found"
    assert browser.get_log("browser") == []
    needed, there = browser.execute_script(
        "const page = document.documentElement;"
        "return [page.scrollWidth, page.clientWidth]"
    )
    assert width - 20 < there <= width
    assert needed <= there
    wide = browser.execute_script(
        "return [...document.querySelectorAll('svg, figure, p, h1, h2, h3, .tiles')]"
        ".filter(x => x.getBoundingClientRect().right > window.innerWidth + 1)"
        ".map(x => x.outerHTML.slice(0, 80))"
    )
    assert wide == []
    keep(browser, screenshots / f"report_{width}_{scheme}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_of_pictures_can_be_told_from_the_page(scheme, browser, report):
    emulate(browser, DESK, scheme)
    browser.get(report.as_uri())
    page, texts = browser.execute_script(
        "return [getComputedStyle(document.body).backgroundColor,"
        " [...document.querySelectorAll('svg text')]"
        ".map(x => getComputedStyle(x).fill)]"
    )
    assert (luminance(page) > 128) == (scheme == "light")
    assert len(texts) > 50
    for fill in set(texts):
        assert abs(luminance(fill) - luminance(page)) > 150, fill


def test_nothing_is_fetched_and_no_title_runs(browser, report):
    emulate(browser, DESK, "light")
    browser.get(report.as_uri())
    fetched = browser.execute_script(
        "return performance.getEntriesByType('resource').map(x => x.name)"
    )
    assert [name for name in fetched if not name.startswith("data:")] == []
    assert browser.execute_script("return document.scripts.length") == 0
    codes = browser.find_element("css selector", "#codes")
    assert TITLE in codes.get_property("textContent")


def test_a_phone_has_letters_to_read_and_tables_that_scroll(browser, report):
    emulate(browser, PHONE, "light")
    browser.get(report.as_uri())
    smallest, scrolls = browser.execute_script(
        "const heights = [...document.querySelectorAll('svg text')].map(x =>"
        "  parseFloat(getComputedStyle(x).fontSize)"
        "  * x.ownerSVGElement.getScreenCTM().a);"
        "const boxes = [...document.querySelectorAll('.scroll')];"
        "return [Math.min(...heights), boxes.filter(x =>"
        "  x.scrollWidth > x.clientWidth).map(x => getComputedStyle(x).overflowX)]"
    )
    assert smallest >= 9
    assert scrolls
    assert set(scrolls) == {"auto"}


def test_a_link_opens_what_is_folded(browser, report):
    emulate(browser, DESK, "light")
    browser.get(report.as_uri())
    is_seen = (
        "return document.querySelector('#training table').checkVisibility("
        "{contentVisibilityAuto: true, visibilityProperty: true})"
    )
    assert not browser.execute_script(is_seen)
    browser.find_element("css selector", "nav a[href='#training']").click()
    assert browser.execute_script(is_seen)


def test_paper_is_white_and_shows_what_is_folded(browser, report, screenshots):
    emulate(browser, DESK, "dark")
    browser.get(report.as_uri())
    pdf = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    written = base64.b64decode(pdf["data"])
    assert written.startswith(b"%PDF")
    (screenshots / "report.pdf").write_bytes(written)
    emulate(browser, PAPER, "light")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    page, cut, heights = browser.execute_script(
        "return [getComputedStyle(document.body).backgroundColor,"
        " [...document.querySelectorAll('.scroll')]"
        ".filter(x => x.scrollWidth > x.clientWidth + 1).map(x => x.ariaLabel),"
        " [...document.querySelectorAll('details table')]"
        ".map(x => x.getBoundingClientRect().height)]"
    )
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert luminance(page) == pytest.approx(255)
    assert cut == []
    assert heights
    assert all(height > 20 for height in heights)
